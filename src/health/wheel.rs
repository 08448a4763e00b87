// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! When each check is due. Pure: time is an argument.
//!
//! Checks are spread over their interval by the golden ratio: the n-th is due at `frac(n · φ) · interval`. Any stretch of ranks
//! that follow on each other is then spread evenly, a municipality's as well as the whole fleet's, without anybody counting.
//! The phase is of the wall clock, so that a control plane that starts anew goes on where the last one stopped.

use jiff::Timestamp;

/// A slot is so many milliseconds long.
pub const SLOT: u64 = 100;

/// φ − 1 as a fraction of 2⁶⁴ (Knuth, The Art of Computer Programming 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// How many slots are kept apart; what is due later waits in its slot for another turn.
const SLOTS: usize = 1024;

/// At which millisecond of each interval (in milliseconds) a check with this rank is due.
#[must_use]
pub fn phase(rank: u32, interval: u64) -> u64 {
    let part = u128::from(u64::from(rank).wrapping_mul(GOLDEN));
    u64::try_from((part * u128::from(interval)) >> 64).unwrap_or_default()
}

/// The first time after `after`, in milliseconds of the wall clock, at which a check with this rank is due.
#[must_use]
pub fn next(rank: u32, interval: u64, after: u64) -> u64 {
    let interval = interval.max(1);
    let phase = phase(rank, interval);
    let into = (after + interval - phase) % interval;
    after + interval - into
}

/// Milliseconds of the wall clock, which are never before 1970 here.
#[must_use]
pub fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or_default()
}

/// What is due when. Putting in and taking out cost the same however much waits.
#[derive(Debug)]
pub struct Wheel<T> {
    slots: Vec<Vec<(u64, T)>>,
    /// The slot that was taken out last.
    at: u64,
    waiting: usize,
}

impl<T> Wheel<T> {
    /// An empty one that stands at a time in milliseconds.
    #[must_use]
    pub fn new(now: u64) -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), at: now / SLOT, waiting: 0 }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Puts something in that is due at a time in milliseconds; what should have been taken out already comes next.
    pub fn put(&mut self, due: u64, what: T) {
        let slot = (due / SLOT).max(self.at + 1);
        let place = usize::try_from(slot % SLOTS as u64).unwrap_or_default();
        self.slots[place].push((due, what));
        self.waiting += 1;
    }

    /// Takes out everything that is due until a time, in milliseconds, with the time at which it was. A clock that went back takes
    /// nothing out.
    pub fn turn(&mut self, now: u64) -> Vec<(u64, T)> {
        let until = now / SLOT;
        let mut due = Vec::new();
        // After a long sleep every slot is looked at once, not once for each turn that was slept through.
        let from = (self.at + 1).max((until + 1).saturating_sub(SLOTS as u64));
        for slot in from..=until {
            let place = usize::try_from(slot % SLOTS as u64).unwrap_or_default();
            due.extend(self.slots[place].extract_if(.., |(at, _)| *at / SLOT <= until));
        }
        self.at = self.at.max(until);
        self.waiting -= due.len();
        due.sort_by_key(|(at, _)| *at);
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000;

    fn each_second(ranks: std::ops::Range<u32>) -> Vec<usize> {
        let mut seconds = vec![0; 60];
        for rank in ranks {
            seconds[usize::try_from(phase(rank, MINUTE) / 1000).unwrap()] += 1;
        }
        seconds
    }

    #[test]
    fn eighty_seven_thousand_sites_come_evenly() {
        let seconds = each_second(0..87_000);
        let (least, most) = (seconds.iter().min().unwrap(), seconds.iter().max().unwrap());
        assert!(*least >= 1446 && *most <= 1454, "{least} to {most} of 1450");
        // And so do those of one municipality, wherever its ranks begin.
        for first in [0, 300, 17_100, 86_700] {
            let seconds = each_second(first..first + 300);
            assert!(seconds.iter().all(|n| (3..=7).contains(n)), "{seconds:?}");
            let mut phases: Vec<u64> = (first..first + 300).map(|rank| phase(rank, MINUTE)).collect();
            phases.sort_unstable();
            let closest = phases.windows(2).map(|w| w[1] - w[0]).min().unwrap();
            assert!(closest >= 100, "{closest} ms apart");
        }
    }

    #[test]
    fn what_is_due_comes_once_and_in_order() {
        let mut wheel = Wheel::new(10_000);
        for (due, what) in [(12_000, 'c'), (10_000, 'a'), (11_050, 'b'), (500_000, 'd')] {
            wheel.put(due, what);
        }
        assert_eq!(wheel.turn(10_000), []);
        assert_eq!(wheel.turn(11_999), [(10_000, 'a'), (11_050, 'b')]);
        assert_eq!(wheel.turn(9_000), []);
        // A turn of the wheel later, what is due in four turns still waits.
        assert_eq!(wheel.turn(130_000), [(12_000, 'c')]);
        assert_eq!(wheel.len(), 1);
        assert_eq!(wheel.turn(86_400_000), [(500_000, 'd')]);
        assert!(wheel.is_empty());
    }

    proptest! {
        #[test]
        fn the_next_time_is_the_first_with_its_phase(rank: u32, interval in 1_u64..100_000_000, after in 0_u64..4_000_000_000_000) {
            let at = next(rank, interval, after);
            prop_assert!(at > after && at - after <= interval);
            prop_assert_eq!(at % interval, phase(rank, interval) % interval);
        }

        #[test]
        fn nothing_is_lost_or_comes_early(dues in proptest::collection::vec(0_u64..400_000, 0..200), steps in proptest::collection::vec(0_u64..150_000, 1..20)) {
            let mut wheel = Wheel::new(0);
            for (n, due) in dues.iter().enumerate() {
                wheel.put(*due, n);
            }
            let (mut now, mut seen) = (0, Vec::new());
            for step in steps.into_iter().chain([500_000]) {
                now += step;
                for (due, n) in wheel.turn(now) {
                    prop_assert!(due == dues[n] && due / SLOT <= now / SLOT);
                    seen.push(n);
                }
                prop_assert_eq!(wheel.len(), dues.len() - seen.len());
            }
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq(0..dues.len()));
        }
    }
}
