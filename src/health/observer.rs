// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether the observer itself can be believed. Pure.
//!
//! A clock that was set, a machine that slept and a process that was held up look like sites that are down: checks time out, or
//! were due and nobody made them. They are told apart by three clocks: that on the wall, that which counts while the machine
//! runs, and that which counts while it sleeps too.

use serde::{Deserialize, Serialize};

/// What the clocks show, in milliseconds; each from a beginning of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The time of day, since 1970.
    pub wall: u64,
    /// What passed while the machine ran (`CLOCK_MONOTONIC`).
    pub running: u64,
    /// What passed, sleep included (`CLOCK_BOOTTIME`).
    pub passed: u64,
}

/// What happened to the observer between two looks at the clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// It was not let run for so many milliseconds: a busy machine, a stopped process.
    HeldUp(u64),
    /// The machine slept for so many milliseconds.
    Slept(u64),
    /// The time of day was set forward by so many milliseconds.
    SetForward(u64),
    /// It was set back by so many milliseconds.
    SetBack(u64),
}

/// So late may a turn of the wheel come before it counts, in milliseconds.
const LATE: u64 = 2000;
/// So far may clocks run apart between two turns, in milliseconds.
const APART: u64 = 1000;

/// What happened between two looks that should have been `planned` milliseconds apart.
#[must_use]
pub fn disturbed(before: Clocks, now: Clocks, planned: u64) -> Option<Disturbance> {
    let ran = now.running.saturating_sub(before.running);
    let passed = now.passed.saturating_sub(before.passed);
    let slept = passed.saturating_sub(ran);
    if slept > APART {
        return Some(Disturbance::Slept(slept));
    }
    let should = before.wall.saturating_add(passed);
    if now.wall > should.saturating_add(APART) {
        return Some(Disturbance::SetForward(now.wall - should));
    }
    if should > now.wall.saturating_add(APART) {
        return Some(Disturbance::SetBack(should - now.wall));
    }
    let late = ran.saturating_sub(planned);
    (late > LATE).then_some(Disturbance::HeldUp(late))
}

/// Whether so much turned bad at once, while what it all hangs on is well, that the observer is to blame and not the fleet: more
/// than a twentieth of everything, and at least five.
#[must_use]
pub fn is_suspect(turned: usize, checked: usize, parents_well: bool) -> bool {
    parents_well && turned >= 5 && turned * 20 > checked
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Clocks = Clocks { wall: 1_800_000_000_000, running: 50_000, passed: 70_000 };

    fn after(wall: i64, running: u64, passed: u64) -> Option<Disturbance> {
        let wall = BEFORE.wall.saturating_add_signed(wall);
        disturbed(BEFORE, Clocks { wall, running: BEFORE.running + running, passed: BEFORE.passed + passed }, 100)
    }

    #[test]
    fn clocks_that_agree_say_nothing() {
        assert_eq!(after(100, 100, 100), None);
        assert_eq!(after(1900, 1900, 1900), None);
        // A clock that is drawn slowly to the right time.
        assert_eq!(after(600, 100, 100), None);
    }

    #[test]
    fn what_happened_is_told_apart() {
        assert_eq!(after(30_100, 30_100, 30_100), Some(Disturbance::HeldUp(30_000)));
        assert_eq!(after(3_600_100, 100, 3_600_100), Some(Disturbance::Slept(3_600_000)));
        assert_eq!(after(3_600_100, 100, 100), Some(Disturbance::SetForward(3_600_000)));
        assert_eq!(after(-3_599_900, 100, 100), Some(Disturbance::SetBack(3_600_000)));
        // Sleeping explains the time of day.
        assert_eq!(after(7_200_100, 100, 3_600_100), Some(Disturbance::Slept(3_600_000)));
    }

    #[test]
    fn many_at_once_with_everything_else_well_is_the_observer() {
        assert!(is_suspect(6, 100, true));
        assert!(!is_suspect(5, 100, true));
        assert!(!is_suspect(60, 100, false));
        // Of two sites, one is no sign of anything.
        assert!(!is_suspect(1, 2, true));
    }
}
