// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving one instance: asking for it, and what came of it.

use std::time::Duration;

use super::written;
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        EventKind, Instance, InstanceState, Operation, OperationEvent, OperationKind, OperationState, ReleaseId, RolloutId,
        rollout::{Blame, Outcome},
        update::{Ended, Migration, Move, Version, Written},
    },
    instances::{Tools, archive},
    releases::overlay::derived,
    store::{
        self,
        operations::{self, Idempotency, NewOperation, Started},
    },
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
        reverts: None,
        with_data: false,
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
    let before = Move::of(&update.input).filter(|_| update.kind == OperationKind::Update);
    let Some(before) = before else { return Err(refused("no-update", "that operation is no update".to_owned(), "name an update")) };
    if instance.release != before.to.release || instance.generation != before.to.generation {
        return Err(refused("moved-since", format!("`{}` was moved since", instance.slug), "look at its later operations"));
    }
    if instance.state != InstanceState::Running {
        return Err(refused("not-running", format!("`{}` is {}", instance.slug, instance.state), "wait until it runs, or resume it"));
    }
    if before.migration.pauses() && !with_data {
        return Err(refused(
            "needs-approval",
            format!("the update changed the data of `{}`, which the old release may not understand", instance.slug),
            "look at what was written since, and go back with the data",
        ));
    }
    let asked = Move { from: before.to, to: before.from, reverts: Some(update.id), with_data, ..before };
    begin(tools, instance, OperationKind::Revert, &asked, by, idempotency).await
}

/// How an update or revert came out; none while it is live.
///
/// # Errors
/// When the store fails.
pub async fn ended(tools: &Tools, operation: &Operation) -> Result<Option<Ended>> {
    if !operation.state.is_final() {
        return Ok(None);
    }
    let events = operations::events_after(&tools.store, operation.id, 0).await?;
    let last = |step: &str, kind: EventKind| events.iter().rev().find(|e| e.step == step && e.kind == kind);
    let (blame, touched) = (blame(&events), touched(&events));
    let outcome = match (operation.state, operation.kind) {
        (OperationState::Done, _) => Outcome::Exposed(last("switch", EventKind::Done).map_or(operation.updated_at, |e| e.at)),
        (OperationState::Undone, OperationKind::Update) if touched => Outcome::RolledBack(blame),
        (OperationState::Undone, _) => Outcome::Unchanged(blame),
        _ => Outcome::Quarantined(blame),
    };
    let exposed = last("switch", EventKind::Done).filter(|_| operation.state == OperationState::Done);
    let ill = last("public-check", EventKind::Done).and_then(|e| e.evidence["ill"].as_str().map(ToOwned::to_owned));
    let held_back = Move::of(&operation.input).is_some_and(|m| m.pauses());
    let paused = events.iter().find(|e| e.step == "quiesce" && e.kind == EventKind::Intent).filter(|_| held_back);
    let until = exposed.or_else(|| last("quiesce", EventKind::Undone));
    let paused_milliseconds = paused.zip(until).and_then(|(from, to)| u64::try_from(to.at.duration_since(from.at).as_millis()).ok());
    Ok(Some(Ended { outcome, why: operation.error.clone(), exposed_at: exposed.map(|e| e.at), ill, paused_milliseconds }))
}

/// Whose fault what sent an operation back is: that of the system that its last failure on the way forward names.
fn blame(events: &[OperationEvent]) -> Blame {
    let turned = events.iter().position(|e| matches!(e.kind, EventKind::Undoing | EventKind::Undone)).unwrap_or(events.len());
    let failure = events[..turned].iter().rev().find(|e| e.kind == EventKind::Failed);
    match failure.and_then(|e| e.evidence["system"].as_str()) {
        Some("release") => Blame::Release,
        Some("instance" | derived::SYSTEM) => Blame::Instance,
        // A container that does not answer is the release's when it is the new one, which only these steps ask.
        Some("wordpress") if failure.is_some_and(|e| matches!(e.step.as_str(), "start" | "migrate" | "verify")) => Blame::Release,
        _ => Blame::Infrastructure,
    }
}

/// Whether anything that visitors or their data would notice was begun.
fn touched(events: &[OperationEvent]) -> bool {
    events.iter().any(|e| matches!(e.step.as_str(), "migrate" | "switch") && e.kind == EventKind::Intent)
}

/// What was written on an instance since an update took its snapshot, by site; sites on which nothing was written are left out.
///
/// # Errors
/// When the database server or the store fails.
pub async fn written_since(tools: &Tools, instance: &Instance, update: &Operation) -> Result<Vec<Written>> {
    let Some(snapshot) = store::backups::by_path(&tools.store, &relative(tools, instance, update).await?).await? else {
        return Err(Error::not_found("snapshot of that update"));
    };
    written::since(tools, instance, &snapshot).await
}

async fn relative(tools: &Tools, instance: &Instance, update: &Operation) -> Result<String> {
    Ok(archive::relative(&tools.target(instance.id).await?, update.id))
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
