// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Keeps the fleet what it should be: platform services, routes, instances. Woken by the engine's events, by ended operations,
//! and every so often in any case, for what events missed.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Signals;
use crate::{
    error::{Error, Result},
    fleet::{InstanceId, Release, ReleaseId, Scope},
    instances::{Tools, drift},
    onboarding::lifecycle,
    platform,
    rollouts::rehearsals,
    store,
    workflow::decide::later,
};

/// How often is looked without being woken.
const EVERY: Duration = Duration::from_secs(20);
/// An engine tells that a container died a little before it says so when asked: look again this soon, this often.
const AGAIN: Duration = Duration::from_millis(400);
const AGAIN_TIMES: u32 = 3;
/// How often the platform is gone over from the ground up.
const PLATFORM_EVERY: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(30);
/// How often a control plane that stands by asks whether the other one is gone.
const STANDBY: Duration = Duration::from_secs(2);

/// Runs until cancelled.
pub async fn run(tools: Tools, owner: String, signals: Signals, cancel: CancellationToken) {
    let mut platform_at = tokio::time::Instant::now();
    let mut well = true;
    let mut again = 0;
    let mut standby = false;
    loop {
        let pause = match (standby, again) {
            (true, _) => STANDBY,
            (false, 0) => EVERY,
            (false, _) => AGAIN,
        };
        let woken = tokio::select! {
            () = cancel.cancelled() => return give_up(&tools, &owner).await,
            () = signals.drift.notified() => {
                again = AGAIN_TIMES;
                true
            }
            () = tokio::time::sleep(pause) => {
                let following_up = again > 0;
                again = again.saturating_sub(1);
                following_up
            }
        };
        let now = tools.clock.now();
        match store::leases::hold(&tools.store, "keeper", &owner, now, later(now, LEASE)).await {
            Ok(true) => standby = false,
            Ok(false) => {
                standby = true;
                continue;
            }
            Err(error) => {
                warn!(%error, "the keeper's lease could not be had");
                continue;
            }
        }
        let whole = !well || !woken || tokio::time::Instant::now() >= platform_at;
        let outcome = round(&tools, whole).await;
        if whole && outcome.is_ok() {
            platform_at = tokio::time::Instant::now() + PLATFORM_EVERY;
        }
        well = outcome.is_ok();
        match outcome {
            Ok(0) => {}
            Ok(_) => signals.operations.notify_one(),
            Err(error) => {
                warn!(%error, "the fleet could not be gone over");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Whoever starts next need not wait until the lease has run out.
async fn give_up(tools: &Tools, owner: &str) {
    let now = tools.clock.now();
    if let Err(error) = store::leases::hold(&tools.store, "keeper", owner, now, now).await {
        warn!(%error, "the keeper's lease could not be given up");
    }
}

/// One look at everything. Gives how many repairs were begun.
async fn round(tools: &Tools, platform_too: bool) -> Result<usize> {
    let begun = repair(tools).await?;
    if platform_too || !platform::status(tools).await.iter().all(|service| service.well) {
        platform::ensure(tools).await?;
        rehearsals::sweep::leftovers(tools).await?;
    } else {
        platform::gateway::sync(tools).await?;
    }
    Ok(begun)
}

/// Begins a repair for every instance that is not what it should be.
///
/// # Errors
/// When the store or the engine fails.
pub async fn repair(tools: &Tools) -> Result<usize> {
    let containers = tools.engine.containers(&tools.settings.fleet).await?;
    let busy: HashSet<InstanceId> = store::operations::live_instances(&tools.store).await?.into_iter().collect();
    let instances = store::instances::all(&tools.store, &Scope::Fleet).await?;
    let mut releases: HashMap<ReleaseId, Release> = HashMap::new();
    for instance in &instances {
        if !releases.contains_key(&instance.release) {
            match store::releases::get(&tools.store, instance.release).await {
                Ok(release) => drop(releases.insert(release.id, release)),
                Err(Error::NotFound { .. }) => {}
                Err(other) => return Err(other),
            }
        }
    }
    let drift = drift::find(&tools.settings, tools.subnet, &instances, &releases, &containers, &|id| busy.contains(&id))?;
    let mut begun = 0;
    for instance in &instances {
        if let Some(why) = drift.get(&instance.id)
            && lifecycle::repair(tools, instance, why).await?.is_some()
        {
            info!(municipality = %instance.slug, instance = %instance.id, why, "repair begun");
            begun += 1;
        }
    }
    Ok(begun)
}
