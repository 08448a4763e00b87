// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an operator sets for a rollout. Part of the plan, which never changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{instance::text_enum, update::Migration};
use crate::error::FieldError;

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Knobs {
    /// Instances in flight at once, those that go back included.
    pub in_flight: u32,
    /// Rehearsals at once.
    pub rehearsals: u32,
    /// So many seconds each instance is watched from its own exposure, wave by wave; the last holds for the waves after it.
    pub soak_seconds: Vec<u32>,
    /// So many failures of the release halt the rollout; in the first wave one does.
    pub budget: u32,
    /// So many failures in a hundred instances do, if that is fewer.
    pub budget_percent: u32,
    /// Whether a person opens each wave after the first.
    pub manual_gates: bool,
    /// So many seconds the requests of an old container may take to end.
    pub drain_seconds: u32,
    /// So many seconds after its soak an instance may take to be seen well; then it counts as ill.
    pub healthy_deadline_seconds: u32,
    /// An update that takes longer, with its soak, pauses the rollout.
    pub progress_deadline_seconds: u32,
    /// Whether the release is first tried on a copy of each instance.
    pub rehearse: Rehearse,
    /// What the release does to data, where no rehearsal tells: `none`, `data` or `schema`.
    #[schema(value_type = Option<String>)]
    pub migration: Option<Migration>,
}

/// Whether a release is tried on a copy first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rehearse {
    /// On each instance's own copy, ahead of its wave.
    Required,
    /// Not at all.
    Skip,
}

text_enum!(Rehearse, "rehearse", [Rehearse::Required => "required", Rehearse::Skip => "skip"]);

/// How fast a rollout goes unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Wave by wave, with time to see what happens.
    #[default]
    Careful,
    /// One first, then everybody at once, with little time between: for a hole that is being used.
    Emergency,
}

text_enum!(Schedule, "schedule", [Schedule::Careful => "careful", Schedule::Emergency => "emergency"]);

impl Schedule {
    /// The knobs of this schedule.
    #[must_use]
    pub fn knobs(self) -> Knobs {
        let careful = Knobs {
            in_flight: 4,
            rehearsals: 2,
            soak_seconds: vec![600],
            budget: 3,
            budget_percent: 2,
            manual_gates: false,
            drain_seconds: 10,
            healthy_deadline_seconds: 120,
            progress_deadline_seconds: 3600,
            rehearse: Rehearse::Required,
            migration: None,
        };
        match self {
            Self::Careful => careful,
            Self::Emergency => Knobs { in_flight: 8, rehearsals: 4, soak_seconds: vec![120, 60], ..careful },
        }
    }

    /// The waves of this schedule.
    #[must_use]
    pub fn waves(self) -> &'static [&'static str] {
        match self {
            Self::Careful => &["1", "5%", "25%", "100%"],
            Self::Emergency => &["1", "100%"],
        }
    }
}

impl Knobs {
    /// How long an instance of a wave is watched, in seconds.
    #[must_use]
    pub fn soak(&self, wave: u32) -> u32 {
        let at = usize::try_from(wave).unwrap_or(usize::MAX);
        self.soak_seconds.get(at).or(self.soak_seconds.last()).copied().unwrap_or_default()
    }

    /// How many failures of the release halt a rollout of so many.
    #[must_use]
    pub fn budget_of(&self, members: u32) -> u32 {
        let share = (u64::from(members) * u64::from(self.budget_percent)).div_ceil(100);
        self.budget.min(u32::try_from(share).unwrap_or(u32::MAX)).max(1)
    }

    /// Checks the ranges, and what must fit together.
    ///
    /// # Errors
    /// One for each value that cannot be.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        let range = |field: &str, value: u32, low: u32, high: u32| {
            let out = !(low..=high).contains(&value);
            out.then(|| {
                FieldError::new(
                    &format!("knobs.{field}"),
                    "out-of-range",
                    format!("{value} is out of range"),
                    format!("give {low} to {high}"),
                )
            })
        };
        let longest = self.soak_seconds.iter().copied().max().unwrap_or_default();
        let mut errors: Vec<FieldError> = [
            range("in_flight", self.in_flight, 1, 64),
            range("rehearsals", self.rehearsals, 1, 16),
            range("budget", self.budget, 1, 10_000),
            range("budget_percent", self.budget_percent, 1, 100),
            range("drain_seconds", self.drain_seconds, 0, 600),
            range("healthy_deadline_seconds", self.healthy_deadline_seconds, 10, 3600),
            range("progress_deadline_seconds", self.progress_deadline_seconds, 60, 7 * 86_400),
            range("soak_seconds", longest, 0, 3 * 86_400),
        ]
        .into_iter()
        .flatten()
        .collect();
        if self.soak_seconds.is_empty() || self.soak_seconds.len() > 50 {
            errors.push(FieldError::new(
                "knobs.soak_seconds",
                "out-of-range",
                format!("{} soaks", self.soak_seconds.len()),
                "give one for each wave, or one for all",
            ));
        }
        if self.progress_deadline_seconds <= longest.saturating_add(self.healthy_deadline_seconds) {
            errors.push(FieldError::new(
                "knobs.progress_deadline_seconds",
                "too-short",
                "an update would be called too long before its soak is over",
                format!("give more than {}", longest.saturating_add(self.healthy_deadline_seconds)),
            ));
        }
        if self.rehearse == Rehearse::Skip && self.migration.is_none() {
            errors.push(FieldError::new(
                "knobs.migration",
                "migration-unknown",
                "without a rehearsal nobody knows what the release does to data",
                "say none, data or schema; where in doubt, schema",
            ));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schedules_are_sound() {
        for schedule in [Schedule::Careful, Schedule::Emergency] {
            assert_eq!(schedule.knobs().check(), Ok(()));
        }
        assert_eq!((Schedule::Emergency.knobs().soak(0), Schedule::Emergency.knobs().soak(7)), (120, 60));
    }

    #[test]
    fn the_smaller_budget_counts_and_there_always_is_one() {
        let knobs = Schedule::Careful.knobs();
        assert_eq!([1, 50, 51, 100, 290].map(|n| knobs.budget_of(n)), [1, 1, 2, 2, 3]);
    }

    #[test]
    fn what_cannot_be_is_named_with_its_field() {
        let wrong = Knobs { in_flight: 0, soak_seconds: vec![3600], rehearse: Rehearse::Skip, ..Schedule::Careful.knobs() };
        let fields: Vec<_> = wrong.check().unwrap_err().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["knobs.in_flight", "knobs.progress_deadline_seconds", "knobs.migration"]);
        assert!(Knobs { soak_seconds: vec![], ..Schedule::Careful.knobs() }.check().is_err());
    }
}
