// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Which check is made when, and what is known of each and of what they hang on. Pure: whoever asks for pages brings back what came.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    blame::{self, Failing},
    verdict::{Change, Standing, judge},
    wheel::{self, Wheel},
};
use crate::fleet::{
    MunicipalityId,
    health::{Failure, Health, Sample},
    incident::{Cause, CauseKind},
};

/// So many checks out of turn may wait at once; what is too much waits for its usual turn.
const AGAIN: usize = 2000;
/// Of what hangs on something ill, one in so many is still asked.
const SAMPLED: u64 = 50;
/// And at least one in so many milliseconds.
const SAMPLED_EVERY: u64 = 5000;
/// Where one site of an instance fails, so many others of it are asked in the next seconds.
const SIBLINGS: usize = 30;
/// Those seconds, in milliseconds.
const SIBLINGS_WITHIN: u64 = 8000;

/// How checks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How often each check is made, in milliseconds.
    pub interval: u64,
    /// From how many milliseconds on a site is slow.
    pub slow: u32,
}

/// A check to be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub number: u32,
    /// When it was due, in milliseconds since 1970.
    pub due: u64,
    /// Whether it is asked again out of turn, so by another path.
    pub again: bool,
}

/// What a turn of the wheel brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The checks to make.
    pub asks: Vec<Ask>,
    /// Those not made because what they hang on is ill, which makes them fail like this.
    pub spared: Vec<(u32, Failure)>,
    /// Those that came a whole interval late, or that were still under way.
    pub missed: Vec<u32>,
}

/// What many checks hang on.
#[derive(Clone, Debug)]
pub struct Parent {
    /// Which.
    pub cause: Cause,
    /// Its name for people.
    pub label: String,
    /// Whose it is, where it is one municipality's.
    pub municipality: Option<MunicipalityId>,
    /// How many checks hang on it.
    pub checks: usize,
    /// What its own check says; none where it has none.
    pub ill: Option<bool>,
    /// Since when it says so, in milliseconds.
    pub since: u64,
    /// How it makes its checks fail.
    pub failure: Failure,
    /// Whether a check that hangs on it served while it was said to be ill.
    refuted: bool,
    passed_over: u64,
    asked: u64,
    /// Whether the last check has left it, and none is about to come.
    left: bool,
}

impl Parent {
    fn spares(&self) -> bool {
        self.ill == Some(true) && !self.refuted
    }
}

/// What is known of one check.
#[derive(Clone, Debug)]
struct Known {
    municipality: MunicipalityId,
    label: Arc<str>,
    standing: Standing,
    parents: Arc<[usize]>,
    /// When its next usual turn is.
    planned: u64,
    /// When it is asked out of turn.
    again: Option<u64>,
    under_way: bool,
    /// When something came last, in milliseconds.
    seen: u64,
    /// When it was seen to fail last.
    failed: u64,
}

/// See the module.
pub struct Monitor {
    pace: Pace,
    wheel: Wheel<(u32, bool)>,
    /// In boxes: the table has up to twice as many places as it holds.
    known: HashMap<u32, Box<Known>>,
    parents: Vec<Parent>,
    by_cause: HashMap<Cause, usize>,
    /// What the check that was put in last hangs on; the next one often hangs on the same.
    alike: Arc<[usize]>,
    /// Which checks hang on an instance.
    families: HashMap<usize, BTreeSet<u32>>,
    waiting_again: usize,
    failing: BTreeSet<u32>,
    changed: BTreeSet<u32>,
}

impl Monitor {
    /// One that knows of nothing, at a time in milliseconds.
    #[must_use]
    pub fn new(pace: Pace, now: u64) -> Self {
        Self {
            pace,
            wheel: Wheel::new(now),
            known: HashMap::new(),
            parents: Vec::new(),
            by_cause: HashMap::new(),
            alike: Arc::default(),
            families: HashMap::new(),
            waiting_again: 0,
            failing: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// How many checks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What checks hang on; places in it are stable.
    #[must_use]
    pub fn parents(&self) -> &[Parent] {
        &self.parents
    }

    /// The place of something that checks hang on; it is made where it is new.
    pub fn parent(&mut self, cause: Cause, label: &str, municipality: Option<MunicipalityId>, failure: Failure) -> usize {
        if let Some(at) = self.by_cause.get(&cause) {
            let known = &mut self.parents[*at];
            label.clone_into(&mut known.label);
            known.left = false;
            if known.municipality != municipality {
                // What several have is nobody's in particular.
                known.municipality = None;
            }
            return *at;
        }
        let new = Parent {
            cause: cause.clone(),
            label: label.to_owned(),
            municipality,
            checks: 0,
            ill: None,
            since: 0,
            failure,
            refuted: false,
            passed_over: 0,
            asked: 0,
            left: false,
        };
        // What nothing hangs on any more leaves its place to another.
        let passes = |kind| matches!(kind, CauseKind::Operation | CauseKind::Certificate | CauseKind::Zone);
        let free = self.parents.iter().position(|old| old.left && old.ill != Some(true) && passes(old.cause.kind));
        let at = if let Some(at) = free {
            self.by_cause.remove(&self.parents[at].cause);
            self.parents[at] = new;
            at
        } else {
            self.parents.push(new);
            self.parents.len() - 1
        };
        self.by_cause.insert(cause, at);
        at
    }

    /// The place of a cause that is known.
    #[must_use]
    pub fn place(&self, cause: &Cause) -> Option<usize> {
        self.by_cause.get(cause).copied()
    }

    /// Says what the own check of something that others hang on gave. Gives whether that is news.
    pub fn tell(&mut self, at: usize, ill: bool, now: u64) -> bool {
        let Some(parent) = self.parents.get_mut(at) else { return false };
        if parent.ill == Some(ill) {
            return false;
        }
        parent.ill = Some(ill);
        parent.since = now;
        (parent.refuted, parent.passed_over, parent.asked) = (false, 0, 0);
        if !ill {
            // Whoever hangs on it is asked soon instead of within the next minute.
            self.hasten(at, now, usize::MAX);
        }
        true
    }

    /// Takes a check in, or takes note of what it hangs on now. A check that is new goes on from what was remembered.
    pub fn put(
        &mut self,
        number: u32,
        municipality: MunicipalityId,
        label: impl Into<Arc<str>>,
        parents: &[usize],
        remembered: Standing,
        now: u64,
    ) {
        if *self.alike != *parents {
            self.alike = parents.into();
        }
        if let Some(known) = self.known.get_mut(&number) {
            known.label = label.into();
            if *known.parents == *parents {
                return;
            }
            let before = std::mem::replace(&mut known.parents, self.alike.clone());
            self.unhang(number, &before);
        } else {
            let planned = wheel::next(number, self.pace.interval, now);
            self.wheel.put(planned, (number, false));
            if remembered.health.is_ill() || remembered.health == Health::Suspect {
                self.failing.insert(number);
            }
            let age = remembered.since.map_or(0, |since| now.saturating_sub(wheel::milliseconds(since)));
            let known = Known {
                municipality,
                label: label.into(),
                standing: remembered.later(age / self.pace.interval.max(1)),
                parents: self.alike.clone(),
                planned,
                again: None,
                under_way: false,
                seen: 0,
                failed: 0,
            };
            self.known.insert(number, Box::new(known));
        }
        for at in parents {
            if let Some(parent) = self.parents.get_mut(*at) {
                parent.checks += 1;
                parent.left = false;
                if parent.cause.kind == CauseKind::Instance {
                    self.families.entry(*at).or_default().insert(number);
                }
            }
        }
    }

    /// Forgets a check.
    pub fn remove(&mut self, number: u32) {
        if let Some(known) = self.known.remove(&number) {
            self.waiting_again -= usize::from(known.again.is_some());
            self.unhang(number, &known.parents);
            self.failing.remove(&number);
            self.changed.remove(&number);
        }
    }

    fn unhang(&mut self, number: u32, parents: &[usize]) {
        for at in parents {
            if let Some(parent) = self.parents.get_mut(*at) {
                parent.checks = parent.checks.saturating_sub(1);
                parent.left = parent.checks == 0;
            }
            if let Some(family) = self.families.get_mut(at) {
                family.remove(&number);
            }
        }
    }

    /// Everything that is due until `now`, in milliseconds.
    pub fn turn(&mut self, now: u64) -> Turn {
        let mut turn = Turn::default();
        for (due, (number, again)) in self.wheel.turn(now) {
            let Some(known) = self.known.get_mut(&number) else { continue };
            if again {
                if known.again == Some(due) {
                    known.again = None;
                    self.waiting_again -= 1;
                    if !known.under_way {
                        known.under_way = true;
                        turn.asks.push(Ask { number, due, again });
                    }
                }
                continue;
            }
            if known.planned != due {
                continue;
            }
            let late = now.saturating_sub(due) > self.pace.interval;
            known.planned = wheel::next(number, self.pace.interval, if late { now } else { due });
            self.wheel.put(known.planned, (number, false));
            if late || known.under_way {
                turn.missed.push(number);
            } else if let Some(at) = known.parents.iter().copied().find(|at| self.parents[*at].spares())
                && passes_over(&mut self.parents[at], now)
            {
                turn.spared.push((number, self.parents[at].failure));
            } else {
                known.under_way = true;
                turn.asks.push(Ask { number, due, again });
            }
        }
        turn
    }

    /// Takes note of what came of a check, so many milliseconds after it was due. Gives what changed.
    pub fn came(&mut self, number: u32, sample: Sample, took: u64, at: Timestamp) -> Option<Change> {
        let now = wheel::milliseconds(at);
        let known = self.known.get_mut(&number)?;
        known.under_way = false;
        if sample != Sample::Missed {
            known.seen = now;
        }
        if let Sample::Failed(_) = sample {
            known.failed = now;
        }
        if known.parents.iter().any(|at| self.parents[*at].spares()) {
            known.standing.calm();
        }
        let verdict = judge(&known.standing, sample, self.pace.slow, at);
        known.standing = verdict.standing;
        if known.standing.health.is_ill() || known.standing.health == Health::Suspect {
            self.failing.insert(number);
        } else {
            self.failing.remove(&number);
        }
        let spared = known.parents.iter().any(|at| {
            let parent = &mut self.parents[*at];
            parent.refuted |= parent.ill == Some(true) && sample.is_well();
            parent.spares()
        });
        if let Some(again) = verdict.again
            && !spared
        {
            // Counted from when it was asked: waiting for an answer that does not come is waiting too.
            self.again(number, wheel::milliseconds(again).saturating_sub(took).max(now));
        }
        if verdict.change.is_some() {
            self.changed.insert(number);
        }
        if verdict.change == Some(Change::Suspected) && !spared {
            let family = self.known[&number].parents.iter().copied().find(|at| self.parents[*at].cause.kind == CauseKind::Instance);
            if let Some(family) = family {
                self.hasten(family, now, SIBLINGS);
            }
        }
        verdict.change
    }

    /// Nothing that is under way can be believed any more, for instance because the machine slept: whoever was asked is asked at its
    /// next turn, and what is late comes at its usual time.
    pub fn start_over(&mut self, now: u64) {
        let mut numbers: Vec<u32> = self.known.keys().copied().collect();
        numbers.sort_unstable();
        self.wheel = Wheel::new(now);
        self.waiting_again = 0;
        for number in numbers {
            let Some(known) = self.known.get_mut(&number) else { continue };
            (known.again, known.under_way) = (None, false);
            known.planned = wheel::next(number, self.pace.interval, now);
            self.wheel.put(known.planned, (number, false));
        }
    }

    /// A check is to be made at once, out of turn.
    pub fn soon(&mut self, number: u32, now: u64) {
        self.again(number, now);
    }

    /// Asks some of what hangs on something in the next seconds, evenly.
    fn hasten(&mut self, at: usize, now: u64, most: usize) {
        let family: Vec<u32> = match self.families.get(&at) {
            Some(family) => family.iter().copied().collect(),
            None => self.failing.iter().copied().filter(|number| self.known[number].parents.contains(&at)).collect(),
        };
        let step = family.len().div_ceil(most.max(1)).max(1);
        let chosen: Vec<u32> = family.into_iter().step_by(step).collect();
        let apart = SIBLINGS_WITHIN / u64::try_from(chosen.len()).unwrap_or(u64::MAX).max(1);
        for (place, number) in (1..).zip(chosen) {
            self.again(number, now + place * apart);
        }
    }

    fn again(&mut self, number: u32, when: u64) {
        let Some(known) = self.known.get_mut(&number) else { return };
        if known.under_way || known.again.is_some_and(|already| already <= when) || (known.again.is_none() && self.waiting_again >= AGAIN) {
            return;
        }
        self.waiting_again += usize::from(known.again.is_none());
        known.again = Some(when);
        self.wheel.put(when, (number, true));
    }

    /// The checks whose state changed since this was asked last, with what is to be remembered of them.
    pub fn take_changed(&mut self) -> Vec<(u32, Standing)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|number| self.known.get(&number).map(|known| (number, known.standing))).collect()
    }

    /// Says that these are still to be remembered, because they could not be.
    pub fn put_back_changed(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.changed.extend(numbers);
    }

    /// What is remembered of a check.
    #[must_use]
    pub fn standing(&self, number: u32) -> Option<Standing> {
        self.known.get(&number).map(|known| known.standing)
    }

    /// Whose a check is, and its address.
    #[must_use]
    pub fn of(&self, number: u32) -> Option<(MunicipalityId, &str)> {
        self.known.get(&number).map(|known| (known.municipality, &*known.label))
    }

    /// Everything that is confirmed to fail.
    #[must_use]
    pub fn failing(&self) -> Vec<Failing> {
        let one = |number: &u32| {
            let known = &self.known[number];
            let failure = known.standing.failure.filter(|_| known.standing.health.is_ill())?;
            Some(Failing { site: *number, failure, at: known.failed, parents: known.parents.to_vec() })
        };
        self.failing.iter().filter_map(one).collect()
    }

    /// What checks hang on, as blame is found with it.
    #[must_use]
    pub fn suspects(&self, failing: &[Failing]) -> Vec<blame::Parent> {
        let mut shared: HashMap<usize, Shared> = HashMap::new();
        for one in failing {
            let since = self.known[&one.site].standing.since.map(wheel::milliseconds).unwrap_or_default();
            // Confirming took a while: what was seen since its first failure tells.
            let since = since.saturating_sub(SIBLINGS_WITHIN * 3);
            for at in &one.parents {
                let shared = shared.entry(*at).or_insert(Shared { failed: 0, first: since, seen: 0 });
                (shared.failed, shared.first) = (shared.failed + 1, shared.first.min(since));
            }
        }
        // What a single one hangs on is shared by nobody.
        shared.retain(|_, shared| shared.failed > 1);
        self.count_seen(&mut shared);
        let one = |(at, parent): (usize, &Parent)| blame::Parent {
            kind: parent.cause.kind,
            sites: parent.checks,
            seen: shared.get(&at).map_or(parent.checks, |shared| shared.seen),
            ill: parent.ill,
        };
        self.parents.iter().enumerate().map(one).collect()
    }

    /// Counts who was seen since, no further than blame wants to know: this is asked each second while anything fails.
    fn count_seen(&self, shared: &mut HashMap<usize, Shared>) {
        let mut wide: BTreeSet<usize> = BTreeSet::new();
        for (at, shared) in shared.iter_mut() {
            match self.families.get(at) {
                Some(family) => {
                    let seen = family.iter().filter(|number| self.known[number].seen >= shared.first);
                    shared.seen = seen.take(blame::enough(shared.failed)).count();
                }
                None => drop(wide.insert(*at)),
            }
        }
        for known in self.known.values() {
            if wide.is_empty() {
                return;
            }
            for at in known.parents.iter() {
                if !wide.contains(at) {
                    continue;
                }
                let Some(shared) = shared.get_mut(at).filter(|shared| known.seen >= shared.first) else { continue };
                shared.seen += 1;
                if shared.seen >= blame::enough(shared.failed) {
                    wide.remove(at);
                }
            }
        }
    }
}

/// What several that fail hang on.
struct Shared {
    failed: usize,
    /// Since when the first of them fails, in milliseconds.
    first: u64,
    /// How many that hang on it were seen since.
    seen: usize,
}

/// Whether a check that hangs on something ill is not made this time.
fn passes_over(parent: &mut Parent, now: u64) -> bool {
    if parent.asked + SAMPLED_EVERY <= now || parent.passed_over >= SAMPLED {
        (parent.asked, parent.passed_over) = (now, 0);
        return false;
    }
    parent.passed_over += 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Id;

    #[test]
    fn a_place_goes_to_one_cause_only() {
        let mut monitor = Monitor::new(Pace { interval: 60_000, slow: 3000 }, 0);
        let mut hang = |number: u32, names: &[&str]| {
            let cause = |of: &str| Cause { kind: CauseKind::Certificate, of: of.to_owned() };
            let parents: Vec<usize> = names.iter().map(|of| monitor.parent(cause(of), of, None, Failure::CertificateExpired)).collect();
            monitor.put(number, Id::generate(), "x", &parents, Standing::default(), 0);
            parents
        };
        assert_eq!(hang(1, &["a", "b"]), [0, 1]);
        assert_eq!(hang(1, &["a"]), [0]);
        // What was left is free again, for one; what is made beside it in the same turn has another.
        assert_eq!(hang(2, &["c", "d"]), [1, 2]);
        assert!(hang(2, &[]).is_empty());
        // What was left and is known stays its own.
        assert_eq!(hang(3, &["d", "e", "f"]), [2, 1, 3]);
    }
}
