// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Looks from outside: which is made when, what follows from it, and what checks share because of it.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::Semaphore;
use tracing::info;

use super::{Came, Target, Watcher};
use crate::{
    fleet::{
        Domain,
        incident::{Cause, CauseKind},
        outside::{Certificate, Look, NameState, Trust},
    },
    health::{
        outside::{
            judge::{Before, conclude},
            kin::Kin,
            plan::Plan,
        },
        wheel::milliseconds,
    },
};

/// So many looks are under way at once.
const TOGETHER: usize = 16;
/// So many of those that share a zone or a certificate with one that fails are looked at with it.
const SIBLINGS: usize = 40;
/// In an hour of milliseconds.
const HOUR: u64 = 3_600_000;

/// What is remembered of a check's last look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Memory {
    before: Before,
    ends: Option<u64>,
    /// What many may share of its certificate, with its name for people.
    certificate: Vec<(Cause, String)>,
}

impl Memory {
    fn of(look: &Look) -> Self {
        Self {
            before: Before::of(look),
            ends: look.certificate.as_ref().map(|certificate| milliseconds(certificate.ends)),
            certificate: look.certificate.as_ref().map(causes).unwrap_or_default(),
        }
    }
}

/// The certificate itself, and who signed it.
fn causes(certificate: &Certificate) -> Vec<(Cause, String)> {
    if certificate.trust == Trust::Internal {
        // Whether the fleet's own authority works is the gateway's question.
        return Vec::new();
    }
    let one = |of: &str, label: &str| (Cause { kind: CauseKind::Certificate, of: of.to_owned() }, label.to_owned());
    vec![one(&certificate.fingerprint, certificate.label()), one(certificate.signer(), certificate.signer())]
}

/// See the module.
pub(super) struct Eye {
    plan: Plan,
    /// What is remembered of each check, and when it was looked at.
    memory: HashMap<u32, (u64, Arc<Memory>)>,
    /// Every memory once: sites of one name have the same.
    same: HashSet<Arc<Memory>>,
    kin: Kin,
    together: Arc<Semaphore>,
}

impl Eye {
    /// One that has seen nothing.
    pub(super) fn new(look_hours: u32, now: u64) -> Self {
        Self {
            plan: Plan::new(u64::from(look_hours) * HOUR, now),
            memory: HashMap::new(),
            same: HashSet::new(),
            kin: Kin::default(),
            together: Arc::new(Semaphore::new(TOGETHER)),
        }
    }

    /// Goes on from what was seen before.
    pub(super) fn remember(&mut self, looks: &[(u32, Look)]) {
        for (number, look) in looks {
            self.keep(*number, milliseconds(look.at), Memory::of(look));
        }
    }

    fn keep(&mut self, number: u32, at: u64, memory: Memory) {
        let same = self.same.get(&memory).cloned().unwrap_or_else(|| Arc::new(memory));
        self.same.insert(same.clone());
        let before = self.memory.insert(number, (at, same));
        self.let_go(before);
    }

    fn let_go(&mut self, before: Option<(u64, Arc<Memory>)>) {
        // Nobody has it but this and what holds all of them.
        if let Some((_, last)) = before.filter(|(_, memory)| Arc::strong_count(memory) == 2) {
            self.same.remove(&last);
        }
    }

    fn memory(&self, number: u32) -> Option<&Memory> {
        self.memory.get(&number).map(|(_, memory)| &**memory)
    }

    /// What was seen of a check, where visitors do not come through.
    pub(super) fn ill(&self, number: u32) -> Option<Before> {
        self.memory(number).map(|memory| &memory.before).filter(|before| before.failure.is_some()).cloned()
    }

    pub(super) fn start_over(&mut self, now: u64) {
        self.plan.start_over(now);
    }

    pub(super) fn soon(&mut self, number: u32, now: u64) {
        self.plan.soon(number, now);
    }

    /// Takes a check in. `moved` is whether its address is another than before. Gives others that share something from now on, or do
    /// not any more.
    pub(super) fn put(&mut self, check: &Target, moved: bool, now: u64) -> BTreeSet<u32> {
        if moved {
            let before = self.memory.remove(&check.number);
            self.let_go(before);
            self.plan.soon(check.number, now);
        }
        let memory = self.memory.get(&check.number);
        let (last, ends) = memory.map_or((None, None), |(at, memory)| (Some(*at), memory.ends));
        self.plan.put(check.number, last, ends, now);
        self.relate(check)
    }

    fn relate(&mut self, check: &Target) -> BTreeSet<u32> {
        let subject = check.subject();
        let zone = subject.name().parse::<Domain>().ok().and_then(|domain| domain.registered().map(str::to_owned));
        let zone = zone.map(|of| Cause { kind: CauseKind::Zone, of });
        let certificate = self.memory(check.number).into_iter().flat_map(|memory| &memory.certificate);
        let has = zone.into_iter().chain(certificate.map(|(cause, _)| cause.clone())).collect();
        self.kin.set(check.number, has)
    }

    /// Forgets a check.
    pub(super) fn remove(&mut self, number: u32) -> BTreeSet<u32> {
        self.plan.remove(number);
        self.kin.set(number, Vec::new())
    }

    /// What a check hangs on together with others, with its name for people.
    pub(super) fn shared(&self, number: u32) -> Vec<(Cause, String)> {
        let label = |cause: &Cause| {
            let certificate = self.memory(number).into_iter().flat_map(|memory| &memory.certificate);
            certificate.filter(|(own, _)| own == cause).map(|(_, label)| label.clone()).next().unwrap_or_else(|| cause.of.clone())
        };
        self.kin.shared(number).map(|cause| (cause.clone(), label(cause))).collect()
    }
}

impl Watcher {
    /// Begins the looks that are due.
    pub(super) fn look(&mut self, now: u64) {
        for number in self.eye.plan.turn(now, self.eye.together.available_permits()) {
            let Some(checked) = self.checks.get(&number) else {
                self.eye.plan.seen(number, None, now);
                continue;
            };
            let (check, outside, clock) = (checked.check.clone(), self.tools.outside.clone(), self.tools.clock.clone());
            let (together, sender, disturbances) = (self.eye.together.clone(), self.sender.clone(), self.disturbances);
            tokio::spawn(async move {
                // It is never closed.
                let Ok(_one) = together.acquire().await else { return };
                let look = outside.look(&check.subject(), clock.now()).await;
                // Nobody listens any more where the watcher has ended.
                drop(sender.send(Came::Looked(number, Box::new(look), disturbances)));
            });
        }
    }

    /// Takes note of what was seen.
    pub(super) fn take_look(&mut self, number: u32, look: Look, disturbances: u64, now: u64) {
        let Some(check) = self.checks.get(&number).map(|checked| checked.check.clone()) else { return };
        let at = look.at;
        let outside = look.names.state != NameState::Local;
        let believed = look.failure.is_none() || (disturbances == self.disturbances && !(outside && self.is_blind()));
        if look.is_blind() || (outside && look.failure.is_some()) {
            self.beside.doubt();
        }
        if look.is_blind() || !believed {
            self.eye.plan.blind(number, now);
            self.writer.look(check, None, at);
            return;
        }
        let before = self.eye.memory(number).cloned().unwrap_or_default();
        let look = conclude(look, &before.before, check.expects.is_none());
        let memory = Memory::of(&look);
        self.eye.plan.seen(number, memory.ends, now);
        let failed = look.failure.filter(|failure| before.before.failure != Some(*failure));
        let related = memory.certificate != before.certificate;
        self.eye.keep(number, milliseconds(at), memory);
        if related {
            let others = self.eye.relate(&check);
            self.put(number, now);
            self.put_again(others, now);
        }
        if let Some(failure) = failed {
            info!(check = number, address = %check.address(), %failure, "seen from outside");
            self.ask_siblings(number, now);
        }
        if look.failure != before.before.failure {
            // Whether it is down, or well again, is found out by the usual way, and now.
            self.monitor.soon(number, now);
        }
        self.writer.look(check, Some(look), at);
    }

    /// Whoever shares the zone or the certificate of one that fails is looked at now: addresses by being asked, sites from outside.
    pub(super) fn ask_siblings(&mut self, number: u32, now: u64) {
        for sibling in self.eye.kin.siblings(number, SIBLINGS) {
            match self.checks.get(&sibling) {
                Some(checked) if checked.check.expects.is_some() => self.monitor.soon(sibling, now),
                _ => self.eye.plan.soon(sibling, now),
            }
        }
    }

    /// What others share has changed for these.
    pub(super) fn put_again(&mut self, numbers: BTreeSet<u32>, now: u64) {
        for number in numbers {
            if self.checks.contains_key(&number) {
                self.put(number, now);
            }
        }
    }
}
