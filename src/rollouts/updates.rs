// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving one instance: asking for it, and what came of it.

use std::time::Duration;

use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Instance, InstanceState, Operation, OperationKind, ReleaseId, RolloutId,
        update::{Ended, Migration, Move, Version, Written},
    },
    instances::Tools,
    store::operations::{self, Idempotency, NewOperation, Started},
    workflow::decide::later,
};

/// What an update is to do.
#[derive(Clone, Debug)]
pub struct Order {
    /// To which release.
    pub release: ReleaseId,
    /// What the release does to the instance's data.
    pub migration: Migration,
    /// For which rollout.
    pub rollout: Option<RolloutId>,
    /// So long requests of the old container may take to end.
    pub drain: Duration,
}

/// Starts moving an instance to another release.
///
/// # Errors
/// `Conflict` when it is not running, runs that release already, or another operation on it is live.
pub async fn update(tools: &Tools, instance: &Instance, order: &Order, by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    if instance.state != InstanceState::Running {
        return Err(refused("not-running", format!("`{}` is {}", instance.slug, instance.state), "wait until it runs, or resume it"));
    }
    if instance.release == order.release {
        return Err(refused("same-release", format!("`{}` runs that release already", instance.slug), "there is nothing to do"));
    }
    let from = Version { release: instance.release, generation: instance.generation };
    let asked = Move {
        from,
        to: Version { release: order.release, generation: instance.generation + 1 },
        migration: order.migration,
        rollout: order.rollout,
        restore: None,
        drain_seconds: u32::try_from(order.drain.as_secs()).unwrap_or(u32::MAX),
    };
    begin(tools, instance, OperationKind::Update, &asked, by, idempotency).await
}

/// Starts taking an instance back to what it was before this update; `with_data` puts the update's snapshot back, which loses
/// what was written since (see [`written_since`]).
///
/// # Errors
/// `Conflict` when the instance no longer runs what the update left, or another operation on it is live.
pub async fn revert(
    tools: &Tools,
    instance: &Instance,
    update: &Operation,
    with_data: bool,
    by: &str,
    idempotency: Option<Idempotency>,
) -> Result<Started> {
    let _ = (tools, instance, update, with_data, by, idempotency);
    Err(Error::Internal("not built yet".to_owned()))
}

/// How an update or revert came out; none while it is live.
///
/// # Errors
/// When the store fails.
pub async fn ended(tools: &Tools, operation: &Operation) -> Result<Option<Ended>> {
    let _ = (tools, operation);
    Err(Error::Internal("not built yet".to_owned()))
}

/// What was written on an instance since an update took its snapshot, by site; sites on which nothing was written are left out.
///
/// # Errors
/// When the database server or the store fails.
pub async fn written_since(tools: &Tools, instance: &Instance, update: &Operation) -> Result<Vec<Written>> {
    let _ = (tools, instance, update);
    Err(Error::Internal("not built yet".to_owned()))
}

fn refused(code: &str, message: String, fix: &str) -> Error {
    Error::Conflict(FieldError::new("state", code, message, fix))
}

async fn begin(
    tools: &Tools,
    instance: &Instance,
    kind: OperationKind,
    asked: &Move,
    by: &str,
    idempotency: Option<Idempotency>,
) -> Result<Started> {
    let now = tools.clock.now();
    let workflow = super::workflows::all().into_iter().find(|w| w.kind == kind);
    let workflow = workflow.ok_or_else(|| Error::Internal(format!("no workflow {kind}")))?;
    let mut operation = operations::blank(kind, instance.municipality, instance.slug.clone(), instance.id, now);
    operation.workflow_version = workflow.version;
    operation.deadline_at = later(now, workflow.deadline);
    by.clone_into(&mut operation.requested_by);
    operation.input = asked.input();
    operations::start(&tools.store, &NewOperation { operation, admission: None, state: Some(InstanceState::Updating), idempotency }).await
}
