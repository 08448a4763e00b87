// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What follows from a change of a municipality's overlay: it is rehearsed on the release that each instance runs, and applied
//! when somebody says so. A rollout takes the overlay along by itself.

use std::time::Duration;

use super::{
    rehearsals::{self, verdict},
    updates::{self, Order},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Instance, InstanceState, Operation, OperationKind, Release, ReleaseId, evidence::Level, knobs::Schedule, update::Migration},
    instances::Tools,
    releases::overlay::derived,
    store::{
        self,
        operations::{self, Idempotency, Started},
    },
};

/// Where an instance stands with its municipality's overlay.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The release that it runs, without an overlay.
    pub plain: ReleaseId,
    /// The number of the overlay that it runs; none where it runs none.
    pub runs: Option<u32>,
    /// Whether that is the present one.
    pub applied: bool,
    /// The last rehearsal of what it is to run; none where it was not rehearsed.
    pub rehearsal: Option<Operation>,
    /// What that found.
    pub found: Option<verdict::Rehearsed>,
}

/// Where an instance stands.
///
/// # Errors
/// When the store fails.
pub async fn standing(tools: &Tools, instance: &Instance) -> Result<Standing> {
    let overlaid = store::derived::overlaid(&tools.store).await?;
    let plain = overlaid.plain(instance.release);
    let target = overlaid.target(instance.municipality, plain);
    let (rehearsal, found) = match target {
        Some(target) if target != instance.release => rehearsed(tools, instance, target).await?,
        _ => (None, None),
    };
    Ok(Standing { plain, runs: overlaid.version(instance.release), applied: target == Some(instance.release), rehearsal, found })
}

/// The last rehearsal of a release on an instance, and what it found.
async fn rehearsed(tools: &Tools, instance: &Instance, release: ReleaseId) -> Result<(Option<Operation>, Option<verdict::Rehearsed>)> {
    let newest = operations::newest_of(&tools.store, OperationKind::Rehearse, &[instance.id]).await?.remove(&instance.id);
    let tried = |o: &Operation| rehearsals::Order::of(&o.input).is_some_and(|order| order.release == release);
    let Some(operation) = newest.filter(tried) else { return Ok((None, None)) };
    let found = if operation.state.is_final() { verdict::read(tools, &operation).await? } else { None };
    Ok((Some(operation), found))
}

/// What an instance is to run, where that is not what it runs.
async fn wanted(tools: &Tools, instance: &Instance) -> Result<Option<Release>> {
    let plain = store::derived::overlaid(&tools.store).await?.plain(instance.release);
    let release = derived::effective(tools, instance, plain).await?;
    Ok(Some(release).filter(|release| release.id != instance.release))
}

/// Begins to rehearse the present overlay on each of these instances that runs and does not have it. One on which something else
/// goes on is left out: a person or the next rollout rehearses it.
///
/// # Errors
/// When the store fails.
pub async fn rehearse(tools: &Tools, instances: &[Instance], by: &str) -> Result<Vec<Operation>> {
    let mut begun = Vec::new();
    for instance in instances.iter().filter(|i| i.state == InstanceState::Running) {
        let Some(release) = wanted(tools, instance).await? else { continue };
        match rehearsals::start(tools, instance, release.id, None, by).await {
            Ok(operation) => begun.push(operation),
            Err(Error::Conflict(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(begun)
}

/// Starts to move an instance to the release that it runs with the present overlay on top. It must have been rehearsed without
/// failing; `despite` goes on all the same, and takes what it does to the data for the worst where nothing tells.
///
/// # Errors
/// `Conflict` when it runs that already, was not rehearsed so, is in a rollout, or something else goes on with it.
pub async fn apply(tools: &Tools, instance: &Instance, despite: bool, by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    let refused = |code: &str, message: String, fix: &str| Err(Error::Conflict(FieldError::new("overlay", code, message, fix)));
    if let Some(key) = &idempotency
        && let Some(operation) = operations::repeated(&tools.store, key).await?
    {
        return Ok(Started { operation, repeated: true });
    }
    let slug = &instance.slug;
    let Some(release) = wanted(tools, instance).await? else {
        return refused("overlay-applied", format!("`{slug}` runs its overlay as it is already"), "there is nothing to do");
    };
    if store::rollouts::bound(&tools.store).await?.contains_key(&instance.id) {
        return refused(
            "in-a-rollout",
            format!("`{slug}` is in a rollout"),
            "wait for its turn, which takes the overlay along, or skip it there",
        );
    }
    let (operation, found) = rehearsed(tools, instance, release.id).await?;
    if !despite {
        match (&operation, &found) {
            (Some(live), None) if !live.state.is_final() => {
                return refused("being-rehearsed", format!("the overlay of `{slug}` is being rehearsed"), "wait for its end");
            }
            (_, None) => {
                return refused(
                    "not-rehearsed",
                    format!("the overlay of `{slug}` was not rehearsed on the release that it runs"),
                    "rehearse that release with `flotta municipality rehearse`, or apply it with --despite-failed-rehearsal",
                );
            }
            (_, Some(found)) if found.level == Level::Fail => {
                return refused(
                    "rehearsal-failed",
                    format!("the overlay of `{slug}` failed its rehearsal: {}", found.summary),
                    "change the overlay, or apply it with --despite-failed-rehearsal",
                );
            }
            _ => {}
        }
    }
    let order = Order {
        release: release.id,
        migration: found.filter(|f| !f.own).map_or(Migration::Schema, |found| found.migration),
        rollout: None,
        drain: Duration::from_secs(u64::from(Schedule::Careful.knobs().drain_seconds)),
    };
    updates::update(tools, instance, &order, by, idempotency).await
}
