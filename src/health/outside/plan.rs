// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! When each check is looked at from outside. Pure: time is an argument, in milliseconds since 1970.
//!
//! The looks are spread over their interval as the checks are over theirs. Besides, there is one soon after a check is new, at the
//! end of its certificate, and whenever somebody asks for one.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::health::wheel::{Wheel, next, phase};

/// What was never looked at, or not for a whole interval, is within this time.
const FIRST: u64 = 60_000;
/// What could not be looked at is again after this time.
const BLIND: u64 = 600_000;
/// So long after its end a certificate is looked at.
const AFTER_END: u64 = 1000;

/// See the module.
#[derive(Debug)]
pub struct Plan {
    interval: u64,
    wheel: Wheel<u32>,
    due: HashMap<u32, u64>,
    waiting: VecDeque<u32>,
    /// Those that wait or are under way.
    busy: HashSet<u32>,
}

impl Plan {
    /// An empty one.
    #[must_use]
    pub fn new(interval: u64, now: u64) -> Self {
        Self { interval, wheel: Wheel::new(now), due: HashMap::new(), waiting: VecDeque::new(), busy: HashSet::new() }
    }

    /// Takes a check in that is not known yet; `last` is when it was looked at, `ends` when its certificate does.
    pub fn put(&mut self, number: u32, last: Option<u64>, ends: Option<u64>, now: u64) {
        if self.due.contains_key(&number) {
            return;
        }
        let usual = last.map(|last| next(number, self.interval, last)).filter(|at| *at > now);
        let at = usual.unwrap_or_else(|| now + phase(number, FIRST));
        self.plan(number, sooner(at, ends, now));
    }

    /// Forgets a check.
    pub fn remove(&mut self, number: u32) {
        self.due.remove(&number);
    }

    /// A check is to be looked at at once.
    pub fn soon(&mut self, number: u32, now: u64) {
        if self.due.get(&number).is_some_and(|at| *at > now) && !self.busy.contains(&number) {
            self.plan(number, now);
        }
    }

    /// A check was looked at; `ends` is when its certificate does.
    pub fn seen(&mut self, number: u32, ends: Option<u64>, now: u64) {
        if self.end(number) {
            self.plan(number, sooner(next(number, self.interval, now), ends, now));
        }
    }

    /// A check could not be looked at.
    pub fn blind(&mut self, number: u32, now: u64) {
        if self.end(number) {
            self.plan(number, now + BLIND);
        }
    }

    /// What is to be looked at now, at most so many.
    pub fn turn(&mut self, now: u64, room: usize) -> Vec<u32> {
        for (at, number) in self.wheel.turn(now) {
            if self.due.get(&number) == Some(&at) && self.busy.insert(number) {
                self.waiting.push_back(number);
            }
        }
        let mut now = Vec::new();
        while now.len() < room
            && let Some(number) = self.waiting.pop_front()
        {
            if self.due.contains_key(&number) {
                now.push(number);
            } else {
                self.busy.remove(&number);
            }
        }
        now
    }

    /// The clock was set: everything is planned anew.
    pub fn start_over(&mut self, now: u64) {
        self.wheel = Wheel::new(now);
        let mut all: Vec<(u32, u64)> = self.due.iter().map(|(number, at)| (*number, *at)).collect();
        all.sort_unstable();
        for (number, at) in all {
            self.plan(number, at.min(now + self.interval));
        }
    }

    /// Whether it is still known.
    fn end(&mut self, number: u32) -> bool {
        self.busy.remove(&number);
        self.due.contains_key(&number)
    }

    fn plan(&mut self, number: u32, at: u64) {
        self.due.insert(number, at);
        self.wheel.put(at, number);
    }
}

fn sooner(at: u64, ends: Option<u64>, now: u64) -> u64 {
    ends.map(|ends| ends + AFTER_END).filter(|ends| *ends > now).map_or(at, |ends| ends.min(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURS: u64 = 3_600_000;
    const NOW: u64 = 1_800_000_000_000;

    /// Everything that comes until a time, minute by minute.
    fn until(plan: &mut Plan, from: u64, to: u64) -> Vec<(u64, u32)> {
        let mut seen = Vec::new();
        for minute in from / 60_000 + 1..=to / 60_000 {
            let now = minute * 60_000;
            for number in plan.turn(now, usize::MAX) {
                seen.push((now, number));
                plan.seen(number, None, now);
            }
        }
        seen
    }

    #[test]
    fn new_ones_come_soon_and_then_every_six_hours_evenly() {
        let mut plan = Plan::new(6 * HOURS, NOW);
        (0..600).for_each(|number| plan.put(number, None, None, NOW));
        // One whose turn of every six hours comes at once has it besides.
        assert!((600..=605).contains(&until(&mut plan, NOW, NOW + 120_000).len()));
        for turn in 0..3 {
            let from = NOW + 6 * HOURS * turn + 120_000;
            let seen = until(&mut plan, from, from + 6 * HOURS);
            assert!((595..=605).contains(&seen.len()), "{}", seen.len());
            // Of six hundred in six hours, twenty-five each quarter.
            let first = seen.iter().filter(|(at, _)| *at < from + HOURS / 4).count();
            assert!((20..=30).contains(&first), "{first}");
        }
    }

    #[test]
    fn the_end_of_a_certificate_is_a_turn_of_its_own() {
        let mut plan = Plan::new(6 * HOURS, NOW);
        plan.put(7, Some(NOW - 1000), Some(NOW + 300_500), NOW);
        assert_eq!(until(&mut plan, NOW, NOW + 360_000), [(NOW + 360_000, 7)]);
        // What ended already needs none.
        plan.put(8, Some(NOW + 360_000), Some(NOW - 500), NOW + 360_000);
        assert!(until(&mut plan, NOW + 360_000, NOW + 420_000).is_empty());
    }

    #[test]
    fn whoever_is_asked_for_comes_at_once_and_once() {
        let mut plan = Plan::new(6 * HOURS, NOW);
        plan.put(7, Some(NOW - 1000), None, NOW);
        plan.soon(7, NOW);
        plan.soon(9, NOW);
        assert_eq!(plan.turn(NOW + 200, 4), [7]);
        // It is under way.
        plan.soon(7, NOW + 300);
        assert!(plan.turn(NOW + 1000, 4).is_empty());
        plan.seen(7, None, NOW + 2000);
        assert!(plan.turn(NOW + 3000, 4).is_empty());
        // One that is gone meanwhile does not come back.
        plan.soon(7, NOW + 3000);
        plan.remove(7);
        assert!(plan.turn(NOW + 4000, 4).is_empty());
        plan.seen(7, None, NOW + 5000);
        assert!(until(&mut plan, NOW + 5000, NOW + 8 * HOURS).is_empty());
    }

    #[test]
    fn there_is_room_for_so_many_only() {
        let mut plan = Plan::new(6 * HOURS, NOW);
        (0..10).for_each(|number| plan.put(number, None, None, NOW));
        let first = plan.turn(NOW + 120_000, 4);
        assert_eq!((first.len(), plan.turn(NOW + 120_100, 9).len()), (4, 6));
        plan.blind(first[0], NOW + 120_200);
        assert!(plan.turn(NOW + 180_000, 9).is_empty());
        assert_eq!(plan.turn(NOW + 121_000 + BLIND, 9), [first[0]]);
    }

    #[test]
    fn a_clock_that_was_set_loses_nobody() {
        let mut plan = Plan::new(6 * HOURS, NOW);
        (0..10).for_each(|number| plan.put(number, Some(NOW), None, NOW));
        let back = NOW - 48 * HOURS;
        plan.start_over(back);
        assert!(until(&mut plan, back, back + 7 * HOURS).len() >= 10);
    }
}
