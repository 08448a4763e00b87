// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From failing checks to incidents: which are opened, which grow, which are part of a wider one, which are over. Pure. What is
//! decided follows from how things stand and from the incidents that are open, so that it can be decided again after a crash.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{
    IncidentId,
    health::Failure,
    incident::{Cause, CauseKind},
};

use super::{
    blame::{self, Failing, blame, explains},
    observer::is_suspect,
};

/// What is seen to fail so long after its cause is well again still fails because of it, in milliseconds.
const GRACE: u64 = 120_000;
/// So long nothing is said of single sites where the observer itself is in doubt, in milliseconds.
const DOUBT: u64 = 300_000;
/// Single incidents opened in so many milliseconds count as having turned at once.
const AT_ONCE: u64 = 60_000;

/// An incident that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: IncidentId,
    /// Whether its cause's own check says so.
    pub certain: bool,
    /// When it was opened, in milliseconds.
    pub opened: u64,
    /// The checks that fail because of it.
    pub members: BTreeMap<u32, Failure>,
}

/// How things stand.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Now, in milliseconds.
    pub now: u64,
    /// What checks hang on, by place.
    pub suspects: &'a [blame::Parent],
    /// Which that is, and since when its own check says what it says, in milliseconds.
    pub causes: &'a [(Cause, u64)],
    /// What fails.
    pub failing: &'a [Failing],
    /// How many checks there are.
    pub checked: usize,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A new incident.
    Open(Cause, IncidentId, bool),
    /// Its cause's own check says so too.
    Certain(IncidentId),
    /// A check fails because of it.
    Join(IncidentId, u32, Failure),
    /// A check no longer does.
    Leave(IncidentId, u32),
    /// It is part of a wider one.
    Merge(IncidentId, IncidentId),
    /// It is over.
    Resolve(IncidentId),
}

/// The incidents that are open.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    open: BTreeMap<Cause, Open>,
}

impl Desk {
    /// With the incidents that were open.
    #[must_use]
    pub fn new(open: BTreeMap<Cause, Open>) -> Self {
        Self { open }
    }

    /// The incidents that are open.
    #[must_use]
    pub fn open(&self) -> &BTreeMap<Cause, Open> {
        &self.open
    }

    /// Decides. `id` gives a new id each time.
    pub fn settle(&mut self, scene: Scene<'_>, mut id: impl FnMut() -> IncidentId) -> Vec<Act> {
        let mut acts = Vec::new();
        let failing: BTreeMap<u32, &Failing> = scene.failing.iter().map(|f| (f.site, f)).collect();
        for open in self.open.values_mut() {
            open.members.retain(|number, _| {
                let stays = failing.contains_key(number);
                if !stays {
                    acts.push(Act::Leave(open.id, *number));
                }
                stays
            });
        }
        let mut came_from: BTreeMap<u32, Cause> = BTreeMap::new();
        let kept = self.kept(scene, &failing);
        for (cause, open) in &self.open {
            came_from.extend(open.members.keys().filter(|number| !kept.contains(number)).map(|number| (*number, cause.clone())));
        }
        let mut rest: Vec<Failing> = Vec::new();
        let mut goes_to: BTreeMap<u32, Cause> = BTreeMap::new();
        for one in scene.failing.iter().filter(|f| !kept.contains(&f.site)) {
            match self.already_explained(scene, one) {
                Some(cause) => drop(goes_to.insert(one.site, cause)),
                None => rest.push(one.clone()),
            }
        }
        let mut alone = Vec::new();
        for blamed in blame(scene.suspects, &rest, scene.checked) {
            match blamed.parent.and_then(|at| scene.causes.get(at)) {
                Some((cause, _)) => {
                    self.begin(cause, blamed.certain, scene.now, &mut id, &mut acts);
                    goes_to.extend(blamed.sites.into_iter().map(|number| (number, cause.clone())));
                }
                None => alone.extend(blamed.sites),
            }
        }
        self.alone(scene, alone, &mut goes_to, &mut id, &mut acts);
        for (number, cause) in goes_to {
            let from = came_from.get(&number).filter(|from| **from != cause);
            if let Some(left) = from.and_then(|from| self.open.get_mut(from))
                && left.members.remove(&number).is_some()
            {
                acts.push(Act::Leave(left.id, number));
                if left.members.is_empty() && !left.certain {
                    let (from, part) = (from.cloned(), left.id);
                    if let Some(into) = self.open.get(&cause).map(|wider| wider.id) {
                        from.map(|from| self.open.remove(&from));
                        acts.push(Act::Merge(part, into));
                    }
                }
            }
            let Some(open) = self.open.get_mut(&cause) else { continue };
            let failure = failing[&number].failure;
            if open.members.insert(number, failure) != Some(failure) {
                acts.push(Act::Join(open.id, number, failure));
            }
        }
        self.resolve(scene, &mut acts);
        acts
    }

    /// Which checks stay with the incident that they are in.
    fn kept(&self, scene: Scene<'_>, failing: &BTreeMap<u32, &Failing>) -> BTreeSet<u32> {
        let mut kept = BTreeSet::new();
        for (cause, open) in self.open.iter().filter(|(cause, _)| cause.kind != CauseKind::Check) {
            let at = place(scene, cause);
            let stays = match cause.kind {
                CauseKind::Observer => scene.now < open.opened + DOUBT,
                _ => at.is_some(),
            };
            for number in open.members.keys().filter(|_| stays) {
                let one = failing[number];
                // Whoever is seen to fail long after its cause is well again has another one.
                if open.certain && at.is_some_and(|at| !is_part(scene, at, one)) {
                    continue;
                }
                let wider = one.parents.iter().any(|other| {
                    Some(*other) != at
                        && scene.suspects.get(*other).is_some_and(|s| s.ill == Some(true) && explains(s.kind, one.failure))
                        && (!open.certain || scene.suspects[*other].kind > cause.kind)
                });
                if !wider {
                    kept.insert(*number);
                }
            }
        }
        kept
    }

    /// The shared cause with an open incident that explains a check which has just begun to fail.
    fn already_explained(&self, scene: Scene<'_>, one: &Failing) -> Option<Cause> {
        let ill =
            one.parents.iter().any(|at| scene.suspects.get(*at).is_some_and(|s| s.ill == Some(true) && explains(s.kind, one.failure)));
        if ill {
            // Blame finds it, and prefers what is ill by its own check.
            return None;
        }
        let of = |at: &usize| {
            let (cause, _) = scene.causes.get(*at)?;
            let open = self.open.get(cause)?;
            // What fell while its cause was about to be well again is part of it too.
            let part = if open.certain { is_part(scene, *at, one) } else { open.members.values().any(|failure| *failure == one.failure) };
            (part && explains(cause.kind, one.failure)).then(|| cause.clone())
        };
        one.parents.iter().find_map(of)
    }

    fn begin(&mut self, cause: &Cause, certain: bool, now: u64, id: &mut impl FnMut() -> IncidentId, acts: &mut Vec<Act>) {
        match self.open.get_mut(cause) {
            Some(open) if certain && !open.certain => {
                open.certain = true;
                acts.push(Act::Certain(open.id));
            }
            Some(_) => {}
            None => {
                let id = id();
                self.open.insert(cause.clone(), Open { id, certain, opened: now, members: BTreeMap::new() });
                acts.push(Act::Open(cause.clone(), id, certain));
            }
        }
    }

    /// Those that have nothing in common each stand for themselves, unless they are so many that whoever looks is in doubt.
    fn alone(
        &mut self,
        scene: Scene<'_>,
        alone: Vec<u32>,
        goes_to: &mut BTreeMap<u32, Cause>,
        id: &mut impl FnMut() -> IncidentId,
        acts: &mut Vec<Act>,
    ) {
        let own = |number: u32| Cause { kind: CauseKind::Check, of: number.to_string() };
        let observer = Cause { kind: CauseKind::Observer, of: "observer".to_owned() };
        let new: Vec<u32> = alone.iter().copied().filter(|number| !self.open.contains_key(&own(*number))).collect();
        let fresh = self.open.iter().filter(|(c, o)| c.kind == CauseKind::Check && scene.now < o.opened + AT_ONCE).count();
        let all_well = scene.suspects.iter().all(|suspect| suspect.ill != Some(true) || suspect.kind.is_sight());
        let doubted = self.open.get(&observer).is_some_and(|open| scene.now < open.opened + DOUBT);
        let in_doubt = doubted || (!self.open.contains_key(&observer) && is_suspect(new.len() + fresh, scene.checked, all_well));
        for number in alone {
            let cause = if in_doubt && new.contains(&number) { observer.clone() } else { own(number) };
            self.begin(&cause, false, scene.now, id, acts);
            goes_to.insert(number, cause);
        }
    }

    fn resolve(&mut self, scene: Scene<'_>, acts: &mut Vec<Act>) {
        self.open.retain(|cause, open| {
            let ill = place(scene, cause).is_some_and(|at| scene.suspects[at].ill == Some(true));
            let over = open.members.is_empty() && !ill;
            if over {
                acts.push(Act::Resolve(open.id));
            }
            !over
        });
    }
}

/// Whether what a check hangs on may be why it failed last: it is not well, or was not shortly before that.
fn is_part(scene: Scene<'_>, at: usize, one: &Failing) -> bool {
    scene.suspects[at].ill != Some(false) || one.at < scene.causes[at].1 + GRACE
}

fn place(scene: Scene<'_>, cause: &Cause) -> Option<usize> {
    scene.causes.iter().position(|(known, _)| known == cause)
}

#[cfg(test)]
mod tests;
