// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Which checks share a zone or a certificate. Only what two or more share can be to blame for more than one. Pure.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::fleet::incident::Cause;

/// See the module.
#[derive(Debug, Default)]
pub struct Kin {
    of: HashMap<u32, Arc<[Arc<Cause>]>>,
    all: HashMap<Arc<Cause>, BTreeSet<u32>>,
}

impl Kin {
    /// Says what a check has. Gives the others for which something begins or ends to be shared.
    pub fn set(&mut self, number: u32, has: Vec<Cause>) -> BTreeSet<u32> {
        let mut touched = BTreeSet::new();
        let before = self.of.get(&number).cloned().unwrap_or_default();
        for gone in before.iter().filter(|cause| !has.contains(cause)) {
            if let Some(family) = self.all.get_mut(gone) {
                family.remove(&number);
                if family.len() == 1 {
                    touched.extend(family.iter());
                }
                if family.is_empty() {
                    self.all.remove(gone);
                }
            }
        }
        let mut now = Vec::with_capacity(has.len());
        for cause in has {
            // Each is held once, however many have it.
            let cause = self.all.get_key_value(&cause).map_or_else(|| Arc::new(cause), |(known, _)| known.clone());
            let family = self.all.entry(cause.clone()).or_default();
            if !family.contains(&number) {
                if family.len() == 1 {
                    touched.extend(family.iter());
                }
                family.insert(number);
            }
            now.push(cause);
        }
        if now.is_empty() {
            self.of.remove(&number);
        } else if before[..] != now {
            self.of.insert(number, now.into());
        }
        touched.remove(&number);
        touched
    }

    /// What a check has in common with others.
    pub fn shared(&self, number: u32) -> impl Iterator<Item = &Cause> {
        let own = self.of.get(&number).into_iter().flat_map(|own| own.iter());
        own.filter(|cause| self.all.get(*cause).is_some_and(|family| family.len() > 1)).map(|cause| &**cause)
    }

    /// Who shares something with a check, at most so many.
    #[must_use]
    pub fn siblings(&self, number: u32, most: usize) -> BTreeSet<u32> {
        let all = self.of.get(&number).into_iter().flat_map(|own| own.iter()).filter_map(|cause| self.all.get(cause));
        all.flat_map(|family| family.iter().copied().filter(|other| *other != number).take(most)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::incident::CauseKind;

    fn zone(name: &str) -> Cause {
        Cause { kind: CauseKind::Zone, of: name.to_owned() }
    }

    #[test]
    fn only_what_two_have_is_shared() {
        let mut kin = Kin::default();
        let shared = |kin: &Kin, number| kin.shared(number).map(|cause| cause.of.clone()).collect::<Vec<_>>();
        assert_eq!(kin.set(1, vec![zone("lund.se"), zone("a")]), BTreeSet::new());
        assert_eq!(shared(&kin, 1), Vec::<String>::new());
        // The first one hears that it is not alone any more, and only then.
        assert_eq!(kin.set(2, vec![zone("lund.se")]), BTreeSet::from([1]));
        assert_eq!(kin.set(3, vec![zone("lund.se")]), BTreeSet::new());
        assert_eq!((shared(&kin, 1), shared(&kin, 3)), (vec!["lund.se".to_owned()], vec!["lund.se".to_owned()]));
        assert_eq!((kin.siblings(1, 9), kin.siblings(1, 1)), (BTreeSet::from([2, 3]), BTreeSet::from([2])));
        assert_eq!(kin.set(3, Vec::new()), BTreeSet::new());
        assert_eq!(kin.set(1, vec![zone("ale.se")]), BTreeSet::from([2]));
        assert_eq!(shared(&kin, 2), Vec::<String>::new());
        kin.set(1, Vec::new());
        kin.set(2, Vec::new());
        assert!(kin.all.is_empty() && kin.of.is_empty());
    }
}
