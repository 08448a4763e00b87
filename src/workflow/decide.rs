// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What follows from what was seen. Pure: time is an argument, nothing is read or written.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{AfterCommit, Observation};
use crate::fleet::Direction;

/// Tries of one step before a failure that may pass is taken for one that will not.
pub const MAX_ATTEMPTS: i32 = 4;
/// Tries of undoing one step (or of going on after the point of no undo) before a person is asked.
pub const MAX_PERSISTENT_ATTEMPTS: i32 = 40;

/// Where an operation stands, as far as deciding needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index of the step at hand.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// Index of the point of no undo's step.
    pub commit: Option<usize>,
    /// Whether nothing is ever undone.
    pub from_start: bool,
    /// What a failure past it does.
    pub after_commit: AfterCommit,
    /// Which way.
    pub direction: Direction,
    /// Failed tries of the step at hand.
    pub attempts: i32,
    /// Whether the deadline has passed.
    pub overdue: bool,
}

impl Position {
    /// Whether the point of no undo lies behind (its step is done).
    #[must_use]
    pub fn committed(&self) -> bool {
        self.from_start || self.commit.is_some_and(|commit| self.step > commit)
    }
}

/// What to do about a step before acting on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    /// Do it (or undo it).
    Act,
    /// It is as it should be: write so and go to the next.
    Settled,
    /// Look again later.
    Wait(String),
    /// It cannot be done: see [`after_failure`].
    Fail(String),
    /// Leave it alone and go to the next (on the way back).
    Skip(String),
}

/// From what was seen of the step at hand to what to do about it.
#[must_use]
pub fn look(position: &Position, seen: &Observation, is_undone: bool) -> Look {
    match (position.direction, seen) {
        (Direction::Forward, Observation::Present(_)) => Look::Settled,
        (Direction::Forward, Observation::Absent | Observation::Partial(_)) if position.overdue && !position.committed() => {
            Look::Fail("the time for the whole operation is over".to_owned())
        }
        (Direction::Forward, Observation::Unknown(why)) if position.overdue && !position.committed() => {
            Look::Fail(format!("the time for the whole operation is over; last seen: {why}"))
        }
        (Direction::Forward, Observation::Absent | Observation::Partial(_)) => Look::Act,
        (Direction::Forward, Observation::Foreign(what)) => {
            Look::Fail(format!("{what} is in the way and does not belong to this operation"))
        }
        (_, Observation::Unknown(why)) => Look::Wait(why.clone()),
        (Direction::Back | Direction::Aside, _) if is_undone => Look::Settled,
        (Direction::Back | Direction::Aside, Observation::Foreign(what)) => {
            Look::Skip(format!("{what} does not belong to this operation and is left alone"))
        }
        (Direction::Back | Direction::Aside, _) => Look::Act,
    }
}

/// What a failed try leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after this long.
    Retry(Duration),
    /// Go back, beginning with this step.
    Back(usize),
    /// Take back the point of no undo (this step), then end for a person to look at.
    Quarantine(usize),
    /// End here for a person to look at.
    GiveUp,
}

/// From a failed try to what comes next. `transient` says that the failure may pass by itself.
#[must_use]
pub fn after_failure(position: &Position, transient: bool, foreign: bool) -> Next {
    let again = Next::Retry(backoff(position.attempts));
    match position.direction {
        Direction::Back | Direction::Aside => {
            if position.attempts + 1 >= MAX_PERSISTENT_ATTEMPTS {
                Next::GiveUp
            } else {
                again
            }
        }
        Direction::Forward if position.committed() => match position.after_commit {
            // Past its time it is still tried as often as anything is, so that a long absence of the control plane is no failure.
            AfterCommit::Persist
                if position.attempts + 1 < if transient && !position.overdue { MAX_PERSISTENT_ATTEMPTS } else { MAX_ATTEMPTS } =>
            {
                again
            }
            AfterCommit::Persist => Next::GiveUp,
            AfterCommit::Quarantine if transient && !position.overdue && position.attempts + 1 < MAX_ATTEMPTS => again,
            AfterCommit::Quarantine => position.commit.map_or(Next::GiveUp, Next::Quarantine),
        },
        Direction::Forward if transient && !foreign && !position.overdue && position.attempts + 1 < MAX_ATTEMPTS => again,
        // What is foreign was not made by this step, so going back begins before it.
        Direction::Forward if foreign => position.step.checked_sub(1).map_or(Next::Back(0), Next::Back),
        Direction::Forward => Next::Back(position.step),
    }
}

/// Half a second, doubled by each failed try, at most 30 s.
#[must_use]
pub fn backoff(attempts: i32) -> Duration {
    let exponent = u32::try_from(attempts.clamp(0, 6)).unwrap_or(0);
    Duration::from_millis((500_u64 << exponent).min(30_000))
}

/// `now` plus a duration, at the end of time where that overflows.
#[must_use]
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn position(direction: Direction) -> Position {
        Position {
            step: 3,
            steps: 8,
            commit: Some(5),
            from_start: false,
            after_commit: AfterCommit::Quarantine,
            direction,
            attempts: 0,
            overdue: false,
        }
    }

    fn any_position() -> impl Strategy<Value = Position> {
        (0_usize..8, prop::option::of(0_usize..8), any::<bool>(), any::<bool>(), 0..60, any::<bool>()).prop_map(
            |(step, commit, persist, back, attempts, overdue)| Position {
                step,
                steps: 8,
                commit,
                from_start: false,
                after_commit: if persist { AfterCommit::Persist } else { AfterCommit::Quarantine },
                direction: if back { Direction::Back } else { Direction::Forward },
                attempts,
                overdue,
            },
        )
    }

    fn any_seen() -> impl Strategy<Value = Observation> {
        prop_oneof![
            Just(Observation::Absent),
            Just(Observation::Partial("half".into())),
            Just(Observation::Present(serde_json::Value::Null)),
            Just(Observation::Foreign("another's".into())),
            Just(Observation::Unknown("no answer".into())),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn foreign_things_are_never_acted_on_and_unknown_is_never_absent(p in any_position(), seen in any_seen(), undone in any::<bool>()) {
            let undone = undone && matches!(seen, Observation::Absent);
            let next = look(&p, &seen, undone);
            if matches!(seen, Observation::Foreign(_) | Observation::Unknown(_)) {
                prop_assert!(next != Look::Act);
                prop_assert!(next != Look::Settled);
            }
        }

        #[test]
        fn going_back_never_turns_round_and_never_ends_before_many_tries(p in any_position(), transient in any::<bool>(), foreign in any::<bool>()) {
            let next = after_failure(&Position { direction: Direction::Back, ..p }, transient, foreign);
            prop_assert!(matches!(next, Next::Retry(_)) || (next == Next::GiveUp && p.attempts + 1 >= MAX_PERSISTENT_ATTEMPTS));
        }

        #[test]
        fn past_the_point_of_no_undo_nothing_is_undone_but_the_point(p in any_position(), transient in any::<bool>()) {
            let p = Position { direction: Direction::Forward, ..p };
            match after_failure(&p, transient, false) {
                Next::Back(step) => { prop_assert!(!p.committed()); prop_assert_eq!(step, p.step); }
                Next::Quarantine(step) => { prop_assert!(p.committed()); prop_assert_eq!(Some(step), p.commit); }
                Next::Retry(wait) => prop_assert!(wait <= Duration::from_secs(30)),
                Next::GiveUp => prop_assert!(p.committed()),
            }
        }

        #[test]
        fn a_failure_that_will_not_pass_is_not_retried_before_the_point_of_no_undo(p in any_position(), foreign in any::<bool>()) {
            let p = Position { direction: Direction::Forward, commit: None, ..p };
            prop_assert!(matches!(after_failure(&p, false, foreign), Next::Back(_)));
        }
    }

    #[test]
    fn what_is_there_is_not_done_again() {
        assert_eq!(look(&position(Direction::Forward), &Observation::Present(serde_json::Value::Null), false), Look::Settled);
        assert_eq!(look(&position(Direction::Back), &Observation::Absent, true), Look::Settled);
    }

    #[test]
    fn the_deadline_turns_a_wait_into_going_back() {
        let late = Position { overdue: true, ..position(Direction::Forward) };
        assert!(matches!(look(&late, &Observation::Unknown("no answer".into()), false), Look::Fail(_)));
        assert_eq!(after_failure(&late, true, false), Next::Back(3));
    }
}
