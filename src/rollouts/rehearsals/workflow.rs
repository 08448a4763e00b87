// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A rehearsal as a list of steps; see [`crate::onboarding::workflows`] before changing it.

use std::time::Duration;

use super::steps::{Baseline, Candidate, Clear, CopyData, Image, Keys, Network, Turn, Verdict};
use crate::{
    fleet::OperationKind,
    instances::Context,
    store::operations::InstanceChange,
    workflow::{AfterCommit, Commit, Workflow},
};

/// The list.
#[must_use]
pub fn rehearse() -> Workflow<Context> {
    Workflow {
        kind: OperationKind::Rehearse,
        version: 1,
        steps: vec![
            Box::new(Turn),
            Box::new(Image),
            Box::new(Keys),
            Box::new(CopyData),
            Box::new(Network),
            Box::new(Baseline),
            Box::new(Candidate),
            Box::new(Clear),
            Box::new(Verdict),
        ],
        commit: Commit::Never,
        after_commit: AfterCommit::Persist,
        when_done: InstanceChange::Keep,
        when_undone: InstanceChange::Keep,
        // Waiting for its turn is part of it.
        deadline: Duration::from_secs(6 * 3600),
    }
}
