// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From samples to a state. Pure: time is an argument.
//!
//! ```text
//!            fails                       fails at +10 s and at +20 s, by another path
//!   ok  ───────────────▶  suspect  ─────────────────────────────────────────────────▶  down
//!    ▲ ◀───────────────      │                                                          │
//!    │       serves                                                                     │
//!    └──────────────────────────────────  serves twice  ◀───────────────────────────────┘
//! ```
//!
//! Slow is not down, missed is neither, and what goes up and down too often is flapping until it keeps still.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fleet::health::{Failure, Health, Sample};

/// So long after the first failure, and again after the second, it is asked again.
const AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// So many failures in a row are an illness.
const CONFIRMED: u8 = 3;
/// So many successes in a row are a recovery.
const RECOVERED: u8 = 2;
/// So many samples in a row make slow, or quick again.
const STEADY: u8 = 3;
/// After so many missed checks in a row nothing is known any more.
const LOST: u8 = 5;
/// So many samples are looked at for flapping, as Icinga does
/// (<https://icinga.com/docs/icinga-2/latest/doc/08-advanced-topics/#check-flapping>).
const WINDOW: u32 = 20;
/// Flapping begins above this, in percent; where it was not confirmed to be down at least twice, only above the second.
const FLAPPING: (f64, f64) = (30.0, 50.0);
/// It ends below this, in percent.
const STILL: f64 = 25.0;

/// What is remembered of something that is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its state.
    pub health: Health,
    /// Since when; none where nothing was ever seen.
    pub since: Option<Timestamp>,
    /// How it failed last, while it is not well.
    pub failure: Option<Failure>,
    /// Failures in a row, at most 255.
    failed: u8,
    /// Successes in a row, at most 255.
    served: u8,
    /// Slow ones in a row where it is not slow, quick ones where it is.
    steady: u8,
    /// Missed ones in a row.
    missed: u8,
    /// Which of the last samples differed from the one before; the newest is the lowest bit.
    turns: u32,
    /// At which of them it was found to be down.
    falls: u32,
    /// Whether the last sample served.
    well: bool,
}

/// What a sample changed, where somebody may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The first failure: whether it is ill is being found out.
    Suspected,
    /// It served when it was asked again.
    Cleared,
    /// It is down.
    Fell,
    /// It serves again.
    Recovered,
    /// It goes up and down.
    Flaps,
    /// It keeps still again; the state tells how.
    Settled,
    /// It became slow.
    Slowed,
    /// It is quick again.
    Quickened,
    /// Nothing is known of it any more.
    Lost,
    /// It is known for the first time, or again, and it serves.
    Found,
}

/// What follows from a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is remembered from now on.
    pub standing: Standing,
    /// What changed.
    pub change: Option<Change>,
    /// When it is to be asked again besides its usual turn, by another path.
    pub again: Option<Timestamp>,
}

/// Judges a sample. `slow` is from how many milliseconds on this site counts as slow.
#[must_use]
pub fn judge(before: &Standing, sample: Sample, slow: u32, at: Timestamp) -> Verdict {
    let mut now = *before;
    match sample {
        Sample::Missed => return missed(now, at),
        Sample::Served(milliseconds) => {
            now.served = now.served.saturating_add(1);
            now.failed = 0;
            now.remember(true);
            let is_slow = milliseconds >= slow;
            now.steady = if is_slow == (now.health == Health::Slow) { 0 } else { now.steady.saturating_add(1) };
        }
        Sample::Failed(failure) => {
            now.failed = now.failed.saturating_add(1);
            now.served = 0;
            now.steady = 0;
            now.failure = Some(failure);
            now.remember(false);
        }
    }
    now.missed = 0;
    let change = now.change();
    if let Some((health, _)) = change
        && health != before.health
    {
        now.health = health;
        now.since = Some(at);
        now.steady = 0;
    }
    if now.health == Health::Down && before.health != Health::Down {
        now.falls |= 1;
    }
    if matches!(now.health, Health::Ok | Health::Slow) {
        now.failure = None;
    }
    let unsure = now.health == Health::Suspect || (now.health == Health::Down && now.served > 0);
    Verdict { standing: now, change: change.map(|(_, change)| change), again: unsure.then(|| at + AGAIN) }
}

fn missed(mut now: Standing, at: Timestamp) -> Verdict {
    now.missed = now.missed.saturating_add(1);
    let lost = now.missed == LOST && now.health != Health::Unknown;
    if lost {
        // What was in a row is in a row no longer.
        now = Standing { health: Health::Unknown, since: Some(at), missed: now.missed, ..Standing::default() };
    }
    Verdict { standing: now, change: lost.then_some(Change::Lost), again: None }
}

impl Standing {
    /// Forgets how often it went up and down, which something else explains.
    pub fn calm(&mut self) {
        (self.turns, self.falls) = (0, 0);
    }

    /// As it is after so many more samples that said nothing new. What is remembered is how it was when its state changed last: how
    /// restless it was then says little of later.
    #[must_use]
    pub fn later(mut self, samples: u64) -> Self {
        if self.health != Health::Flapping {
            let kept = (1 << WINDOW) - 1;
            let by = u32::try_from(samples).unwrap_or(WINDOW).min(WINDOW);
            (self.turns, self.falls) = (self.turns << by & kept, self.falls << by & kept);
        }
        self
    }

    fn remember(&mut self, well: bool) {
        let kept = (1 << WINDOW) - 1;
        // The first sample of all differs from nothing.
        let turned = well != self.well && (self.served > 1 || self.failed > 1 || self.health != Health::Unknown);
        self.turns = ((self.turns << 1) | u32::from(turned)) & kept;
        self.falls = (self.falls << 1) & kept;
        self.well = well;
    }

    /// How much of the last samples were turns, in percent; newer ones weigh more.
    fn restlessness(&self) -> f64 {
        let weight = |age: u32| f64::from(WINDOW - age).mul_add(0.02, 0.8);
        let turned: f64 = (0..WINDOW).filter(|age| self.turns >> age & 1 == 1).map(weight).sum();
        turned * 100.0 / f64::from(WINDOW)
    }

    fn change(&self) -> Option<(Health, Change)> {
        let restless = self.restlessness();
        let too_much = if self.falls.count_ones() > 1 { FLAPPING.0 } else { FLAPPING.1 };
        match self.health {
            Health::Flapping if restless >= STILL => None,
            Health::Flapping if self.failed >= CONFIRMED => Some((Health::Down, Change::Settled)),
            Health::Flapping if self.served >= RECOVERED => Some((Health::Ok, Change::Settled)),
            Health::Flapping => None,
            _ if restless > too_much => Some((Health::Flapping, Change::Flaps)),
            Health::Down if self.served >= RECOVERED => Some((Health::Ok, Change::Recovered)),
            Health::Suspect if self.served > 0 => Some((Health::Ok, Change::Cleared)),
            Health::Unknown if self.served > 0 => Some((Health::Ok, Change::Found)),
            Health::Suspect if self.failed >= CONFIRMED => Some((Health::Down, Change::Fell)),
            Health::Ok | Health::Slow | Health::Unknown if self.failed > 0 => Some((Health::Suspect, Change::Suspected)),
            Health::Ok if self.steady >= STEADY => Some((Health::Slow, Change::Slowed)),
            Health::Slow if self.steady >= STEADY => Some((Health::Ok, Change::Quickened)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUICK: Sample = Sample::Served(80);
    const LATE: Sample = Sample::Served(4000);
    const ILL: Sample = Sample::Failed(Failure::ServerError);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// Everything that changed on the way, and how it ends.
    fn story(samples: &[Sample]) -> (Vec<Change>, Standing) {
        let mut standing = Standing::default();
        let mut changes = Vec::new();
        for (n, sample) in samples.iter().enumerate() {
            let verdict = judge(&standing, *sample, 3000, at(60 * i64::try_from(n).unwrap()));
            changes.extend(verdict.change);
            standing = verdict.standing;
        }
        (changes, standing)
    }

    #[test]
    fn three_failures_are_an_illness_and_two_successes_a_recovery() {
        let mut standing = judge(&Standing::default(), QUICK, 3000, at(0)).standing;
        assert_eq!((standing.health, standing.since), (Health::Ok, Some(at(0))));
        let mut now = 60;
        for (health, change) in [(Health::Suspect, Some(Change::Suspected)), (Health::Suspect, None), (Health::Down, Some(Change::Fell))] {
            let verdict = judge(&standing, ILL, 3000, at(now));
            assert_eq!((verdict.standing.health, verdict.change), (health, change));
            assert_eq!(verdict.again, (health == Health::Suspect).then(|| at(now + 10)));
            assert_eq!(verdict.standing.failure, Some(Failure::ServerError));
            standing = verdict.standing;
            now += 10;
        }
        assert_eq!(standing.since, Some(at(80)));
        let first = judge(&standing, QUICK, 3000, at(140));
        assert_eq!((first.standing.health, first.change, first.again), (Health::Down, None, Some(at(150))));
        let second = judge(&first.standing, QUICK, 3000, at(150));
        assert_eq!((second.standing.health, second.change, second.again), (Health::Ok, Some(Change::Recovered), None));
        assert_eq!((second.standing.failure, second.standing.since), (None, Some(at(150))));
    }

    #[test]
    fn one_failure_is_none() {
        let (changes, standing) = story(&[QUICK, ILL, QUICK, QUICK]);
        assert_eq!((changes, standing.health), (vec![Change::Found, Change::Suspected, Change::Cleared], Health::Ok));
    }

    #[test]
    fn slow_is_not_down_and_takes_three() {
        let (changes, standing) = story(&[QUICK, LATE, LATE, QUICK, LATE, LATE]);
        assert_eq!((changes, standing.health), (vec![Change::Found], Health::Ok));
        let (changes, standing) = story(&[QUICK, LATE, LATE, LATE, QUICK, QUICK, LATE, QUICK, QUICK, QUICK]);
        assert_eq!((changes, standing.health), (vec![Change::Found, Change::Slowed, Change::Quickened], Health::Ok));
        let (changes, standing) = story(&[LATE, LATE, LATE, LATE, ILL, ILL, ILL]);
        assert_eq!((changes, standing.health), (vec![Change::Found, Change::Slowed, Change::Suspected, Change::Fell], Health::Down));
    }

    #[test]
    fn what_nobody_looked_at_is_unknown_and_never_down() {
        let (changes, standing) = story(&[QUICK, Sample::Missed, Sample::Missed, Sample::Missed, Sample::Missed]);
        assert_eq!((changes, standing.health), (vec![Change::Found], Health::Ok));
        let mut samples = vec![QUICK, ILL, ILL];
        samples.extend([Sample::Missed; 9]);
        let (changes, standing) = story(&samples);
        assert_eq!((changes, standing.health), (vec![Change::Found, Change::Suspected, Change::Lost], Health::Unknown));
        // And a failure after that is the first.
        samples.extend([ILL, ILL]);
        assert_eq!(story(&samples).1.health, Health::Suspect);
    }

    #[test]
    fn what_goes_up_and_down_flaps_until_it_keeps_still() {
        let mut samples = vec![QUICK; 5];
        for _ in 0..4 {
            samples.extend([ILL, ILL, ILL, QUICK, QUICK]);
        }
        let (changes, standing) = story(&samples);
        assert_eq!(standing.health, Health::Flapping);
        assert_eq!(changes.iter().filter(|c| **c == Change::Flaps).count(), 1);
        assert!(changes.iter().filter(|c| **c == Change::Fell).count() <= 3, "{changes:?}");
        samples.extend([QUICK; 20]);
        let (changes, standing) = story(&samples);
        assert_eq!((changes.last(), standing.health), (Some(&Change::Settled), Health::Ok));
        // Never confirmed, and yet restless.
        let blinking: Vec<Sample> = (0..30).map(|n| if n % 2 == 0 { QUICK } else { ILL }).collect();
        assert_eq!(story(&blinking).1.health, Health::Flapping);
        // Three short failures in twenty minutes are not: chance alone brings them to a large fleet.
        let mut blips = vec![QUICK; 5];
        for _ in 0..3 {
            blips.extend([ILL, QUICK, QUICK, QUICK, QUICK]);
        }
        assert_eq!(story(&blips).1.health, Health::Ok);
    }

    #[test]
    fn how_restless_it_was_is_forgotten_with_time() {
        let mut samples = vec![QUICK; 5];
        samples.extend([ILL, ILL, ILL, QUICK, QUICK, ILL, QUICK]);
        let standing = story(&samples).1;
        assert!(standing.restlessness() > 0.0);
        let newer = standing.later(3);
        assert!(newer.restlessness() > 0.0 && newer.restlessness() < standing.restlessness());
        assert_eq!((standing.later(20).turns, standing.later(u64::MAX).falls, standing.later(0)), (0, 0, standing));
        // One outage and a failure now and then are no flapping.
        samples.extend([QUICK, QUICK, ILL, QUICK, QUICK]);
        assert_eq!(story(&samples).1.health, Health::Ok);
        // What flaps does until it is seen to keep still.
        let blinking: Vec<Sample> = (0..30).map(|n| if n % 2 == 0 { QUICK } else { ILL }).collect();
        let standing = story(&blinking).1;
        assert_eq!((standing.later(500), standing.health), (standing, Health::Flapping));
    }

    fn sample() -> impl Strategy<Value = Sample> {
        prop_oneof![4 => Just(QUICK), 1 => Just(LATE), 3 => Just(ILL), 1 => Just(Sample::Missed)]
    }

    proptest! {
        #[test]
        fn states_mean_what_they_say(samples in proptest::collection::vec(sample(), 0..120)) {
            let mut standing = Standing::default();
            let mut seen: Vec<Sample> = Vec::new();
            for (n, sample) in samples.into_iter().enumerate() {
                let before = standing;
                let verdict = judge(&before, sample, 3000, at(60 * i64::try_from(n).unwrap()));
                standing = verdict.standing;
                seen.push(sample);
                let known: Vec<Sample> = seen.iter().rev().filter(|s| **s != Sample::Missed).copied().collect();
                let ill = known.iter().take_while(|s| !s.is_well()).count();
                // Nobody is called for less than three failures in a row, or for something that goes up and down.
                if verdict.change == Some(Change::Fell) {
                    prop_assert!(ill >= 3 && before.health == Health::Suspect);
                }
                // And what failed three times in a row is never called well.
                if ill >= 3 && standing.missed == 0 {
                    prop_assert!(standing.health.is_ill() || seen.contains(&Sample::Missed), "{standing:?}");
                }
                prop_assert_eq!(verdict.change.is_some(), before.health != standing.health);
                prop_assert_eq!(before.health != standing.health, before.since != standing.since);
                prop_assert!(standing.failure.is_none() == matches!(standing.health, Health::Ok | Health::Slow | Health::Unknown) || standing.health == Health::Flapping);
                prop_assert!(verdict.again.is_none() || matches!(standing.health, Health::Suspect | Health::Down));
            }
        }
    }
}
