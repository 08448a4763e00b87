// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is done with an instance later: suspend, resume, offboard, repair; and a log-in link for its administrator.

use super::steps::Context;
use crate::{
    drivers::wordpress::Invitation,
    error::{Error, FieldError, Result},
    fleet::{Desired, Instance, InstanceState, OperationKind},
    instances::Tools,
    store::operations::{self, Idempotency, NewOperation, Started},
    workflow::{Workflow, decide::later},
};

/// Stops an instance, keeping everything; its visitors get a friendly page.
///
/// # Errors
/// `Conflict` when it is suspended already or another operation is live.
pub async fn suspend(tools: &Tools, instance: &Instance, by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    if let Some(before) = repeated(tools, idempotency.as_ref()).await? {
        return Ok(before);
    }
    if instance.desired == Desired::Suspended {
        return Err(refused(
            "already-suspended",
            format!("`{}` is suspended already", instance.slug),
            "resume it with `flotta municipality resume`",
        ));
    }
    if matches!(instance.state, InstanceState::Onboarding | InstanceState::Offboarding) {
        return Err(refused("not-running", format!("`{}` is {}", instance.slug, instance.state), "look at its last operation first"));
    }
    begin(tools, instance, OperationKind::Suspend, by, serde_json::json!({}), None, idempotency).await
}

/// Starts a suspended instance, or one that was set aside, again.
///
/// # Errors
/// `Conflict` when it is running, or another operation is live.
pub async fn resume(tools: &Tools, instance: &Instance, by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    if let Some(before) = repeated(tools, idempotency.as_ref()).await? {
        return Ok(before);
    }
    if instance.desired == Desired::Running && instance.state != InstanceState::Quarantined {
        return Err(refused("already-running", format!("`{}` is not suspended", instance.slug), "there is nothing to do"));
    }
    begin(tools, instance, OperationKind::Resume, by, serde_json::json!({}), None, idempotency).await
}

/// Archives an instance, proves the archive and removes everything else.
///
/// # Errors
/// `Invalid` when `confirm` is not the municipality's slug, `Conflict` when another operation is live.
pub async fn offboard(
    tools: &Tools,
    instance: &Instance,
    confirm: &str,
    keep_backups: bool,
    by: &str,
    idempotency: Option<Idempotency>,
) -> Result<Started> {
    if let Some(before) = repeated(tools, idempotency.as_ref()).await? {
        return Ok(before);
    }
    if confirm != instance.slug.as_str() {
        return Err(Error::field(FieldError::new(
            "confirm",
            "not-confirmed",
            "offboarding removes every site of the municipality from this fleet",
            format!("repeat the slug to confirm it: {}", instance.slug),
        )));
    }
    begin(
        tools,
        instance,
        OperationKind::Offboard,
        by,
        serde_json::json!({"keep_backups": keep_backups}),
        Some(InstanceState::Offboarding),
        idempotency,
    )
    .await
}

/// Puts right an instance that was found different from what it should be. Gives none where an operation is live already.
///
/// # Errors
/// When the store fails.
pub async fn repair(tools: &Tools, instance: &Instance, why: &str) -> Result<Option<Started>> {
    match begin(tools, instance, OperationKind::Repair, "flotta", serde_json::json!({"why": why}), Some(InstanceState::Repairing), None)
        .await
    {
        Ok(started) => Ok(Some(started)),
        Err(Error::Conflict(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A single-use link with which the instance's administrator sets a password. It is made by WordPress itself and ends by itself.
///
/// # Errors
/// `Conflict` when the instance is not running; otherwise when WordPress does not answer.
pub async fn invite(tools: &Tools, instance: &Instance) -> Result<Invitation> {
    if instance.state != InstanceState::Running {
        return Err(refused("not-running", format!("`{}` is {}", instance.slug, instance.state), "wait until it runs, or resume it"));
    }
    let target = tools.target(instance.id).await?;
    let key = target.secret("agent_key").await?;
    tools.wordpress.invite(&target.site()?, &key, &instance.admin_login).await
}

fn workflow(kind: OperationKind) -> Result<Workflow<Context>> {
    super::workflows::all().into_iter().find(|w| w.kind == kind).ok_or_else(|| Error::Internal(format!("no workflow {kind}")))
}

fn refused(code: &str, message: String, fix: &str) -> Error {
    Error::Conflict(FieldError::new("state", code, message, fix))
}

async fn repeated(tools: &Tools, idempotency: Option<&Idempotency>) -> Result<Option<Started>> {
    let Some(key) = idempotency else { return Ok(None) };
    Ok(operations::repeated(&tools.store, key).await?.map(|operation| Started { operation, repeated: true }))
}

async fn begin(
    tools: &Tools,
    instance: &Instance,
    kind: OperationKind,
    by: &str,
    input: serde_json::Value,
    state: Option<InstanceState>,
    idempotency: Option<Idempotency>,
) -> Result<Started> {
    let now = tools.clock.now();
    let workflow = workflow(kind)?;
    let mut operation = operations::blank(kind, instance.municipality, instance.slug.clone(), instance.id, now);
    operation.workflow_version = workflow.version;
    operation.deadline_at = later(now, workflow.deadline);
    by.clone_into(&mut operation.requested_by);
    operation.input = input;
    operations::start(&tools.store, &NewOperation { operation, admission: None, state, idempotency }).await
}
