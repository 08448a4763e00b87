// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operations of this room as lists of steps. Stored journals name these steps: to change a list, read
//! CONTRIBUTING.md, "Change a workflow", first; `tests/it/golden` holds every list.

use std::time::Duration;

use super::steps::{
    Archive, Close, Container, Context, Database, DropSchema, ForgetBackups, ForgetSecrets, Install, Intact, Network, PrivateHealth,
    PublicHealth, RemoveContainer, RemoveVolume, RestoreCheck, Route, Secrets, Stop, Unroute, Volume,
};
use crate::{
    fleet::{Desired, InstanceState, OperationKind, backup::BackupKind},
    store::operations::InstanceChange,
    workflow::{AfterCommit, Commit, Workflow},
};

const MINUTE: Duration = Duration::from_secs(60);

fn becomes(desired: Desired, state: InstanceState) -> InstanceChange {
    InstanceChange::Set { desired, state, reason: String::new() }
}

/// Every workflow of this room, one of each kind.
#[must_use]
pub fn all() -> Vec<Workflow<Context>> {
    let running = || becomes(Desired::Running, InstanceState::Running);
    let suspended = || becomes(Desired::Suspended, InstanceState::Suspended);
    vec![
        Workflow {
            kind: OperationKind::Onboard,
            version: 1,
            // Secrets stand before the database, which needs the password: docs/decisions/0004.
            steps: vec![
                Box::new(Secrets),
                Box::new(Database),
                Box::new(Network),
                Box::new(Volume),
                Box::new(Container),
                Box::new(Install),
                Box::new(PrivateHealth),
                Box::new(Archive(BackupKind::Onboarding)),
                Box::new(RestoreCheck),
                Box::new(Route),
                Box::new(PublicHealth),
            ],
            commit: Commit::After("route"),
            after_commit: AfterCommit::Quarantine,
            when_done: running(),
            when_undone: InstanceChange::Forget,
            deadline: 15 * MINUTE,
        },
        Workflow {
            kind: OperationKind::Suspend,
            version: 1,
            steps: vec![Box::new(Close), Box::new(Stop)],
            commit: Commit::Never,
            after_commit: AfterCommit::Persist,
            when_done: suspended(),
            when_undone: InstanceChange::Keep,
            deadline: 10 * MINUTE,
        },
        Workflow {
            kind: OperationKind::Resume,
            version: 1,
            steps: vec![
                Box::new(Secrets),
                Box::new(Network),
                Box::new(Intact),
                Box::new(Container),
                Box::new(PrivateHealth),
                Box::new(Route),
                Box::new(PublicHealth),
            ],
            commit: Commit::FromStart,
            after_commit: AfterCommit::Persist,
            when_done: running(),
            when_undone: InstanceChange::Keep,
            deadline: 10 * MINUTE,
        },
        Workflow {
            kind: OperationKind::Offboard,
            version: 1,
            steps: vec![
                Box::new(Close),
                Box::new(Stop),
                Box::new(Archive(BackupKind::Final)),
                Box::new(RestoreCheck),
                Box::new(Unroute),
                Box::new(RemoveContainer),
                Box::new(RemoveVolume),
                Box::new(DropSchema),
                Box::new(ForgetBackups),
                Box::new(ForgetSecrets),
            ],
            commit: Commit::After("restore-check"),
            after_commit: AfterCommit::Persist,
            when_done: InstanceChange::Forget,
            when_undone: InstanceChange::AsBefore,
            deadline: 240 * MINUTE,
        },
        Workflow {
            kind: OperationKind::Repair,
            version: 1,
            steps: vec![
                Box::new(Secrets),
                Box::new(Network),
                Box::new(Intact),
                Box::new(Container),
                Box::new(PrivateHealth),
                Box::new(Route),
                Box::new(PublicHealth),
            ],
            commit: Commit::FromStart,
            after_commit: AfterCommit::Persist,
            when_done: running(),
            when_undone: InstanceChange::AsBefore,
            deadline: 30 * MINUTE,
        },
    ]
}
