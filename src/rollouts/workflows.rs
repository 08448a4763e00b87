// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operations of this room as lists of steps; see [`crate::onboarding::workflows`] before changing one.

use std::time::Duration;

use super::{
    rehearsals,
    steps::{Beside, Drain, Migrate, Preflight, PublicCheck, Quiesce, Restore, Snapshot, Switch, Verify},
};
use crate::{
    fleet::{Desired, InstanceState, OperationKind},
    instances::Context,
    store::operations::InstanceChange,
    workflow::{AfterCommit, Commit, Step, Workflow},
};

const HOUR: Duration = Duration::from_secs(3600);

/// Every workflow of this room, one of each kind.
#[must_use]
pub fn all() -> Vec<Workflow<Context>> {
    vec![
        rehearsals::workflow::rehearse(),
        moving(
            OperationKind::Update,
            vec![
                Box::new(Preflight),
                Box::new(Quiesce),
                Box::new(Snapshot),
                Box::new(Beside),
                Box::new(Migrate),
                Box::new(Verify),
                Box::new(Switch),
                Box::new(Drain),
                Box::new(PublicCheck),
            ],
        ),
        moving(
            OperationKind::Revert,
            vec![
                Box::new(Preflight),
                Box::new(Quiesce),
                Box::new(Snapshot),
                Box::new(Restore),
                Box::new(Beside),
                Box::new(Verify),
                Box::new(Switch),
                Box::new(Drain),
                Box::new(PublicCheck),
            ],
        ),
    ]
}

/// What fails is undone to the end, also after the switch: where that would lose what visitors wrote, the last check does not fail.
fn moving(kind: OperationKind, steps: Vec<Box<dyn Step<Context>>>) -> Workflow<Context> {
    Workflow {
        kind,
        version: 1,
        steps,
        commit: Commit::Never,
        after_commit: AfterCommit::Persist,
        when_done: InstanceChange::Set { desired: Desired::Running, state: InstanceState::Running, reason: String::new() },
        when_undone: InstanceChange::AsBefore,
        deadline: 4 * HOUR,
    }
}
