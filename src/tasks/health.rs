// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Watches every site. One control plane does at a time; another takes over where it is gone.

use std::time::Duration;

use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Signals;
use crate::{
    health::{watch::Watcher, wheel},
    instances::Tools,
    store,
    workflow::decide::later,
};

const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is kept.
const KEEP: Duration = Duration::from_secs(10);
/// How often a control plane that stands by asks whether the other one is gone.
const STANDBY: Duration = Duration::from_secs(2);

/// Runs until cancelled.
pub async fn run(tools: Tools, owner: String, signals: Signals, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        if holds(&tools, &owner).await {
            match Watcher::start(&tools).await {
                Ok(watcher) => watch(&tools, &owner, &signals, &cancel, watcher).await,
                Err(error) => warn!(%error, "sites cannot be watched yet, trying again"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = sleep(STANDBY) => {}
        }
    }
    let now = tools.clock.now();
    if let Err(error) = store::leases::hold(&tools.store, "health", &owner, now, now).await {
        warn!(%error, "the lease of health could not be given up");
    }
}

async fn holds(tools: &Tools, owner: &str) -> bool {
    let now = tools.clock.now();
    match store::leases::hold(&tools.store, "health", owner, now, later(now, LEASE)).await {
        Ok(held) => held,
        Err(error) => {
            warn!(%error, "the lease of health could not be had");
            false
        }
    }
}

/// Until cancelled, or until somebody else watches.
async fn watch(tools: &Tools, owner: &str, signals: &Signals, cancel: &CancellationToken, mut watcher: Watcher) {
    info!(checks = watcher.len(), "watching");
    let mut changed = signals.changed.subscribe();
    let mut slots = interval(Duration::from_millis(wheel::SLOT));
    slots.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut keeping: Option<tokio::task::JoinHandle<bool>> = None;
    let mut kept = Instant::now();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            heard = changed.recv() => match heard {
                Err(RecvError::Closed) => break,
                Ok(_) | Err(RecvError::Lagged(_)) => watcher.look_soon(),
            },
            _ = slots.tick() => watcher.turn(),
        }
        if kept.elapsed() >= KEEP && keeping.is_none() {
            kept = Instant::now();
            let (tools, owner) = (tools.clone(), owner.to_owned());
            // Beside the turns, which wait for nothing.
            keeping = Some(tokio::spawn(async move { holds(&tools, &owner).await }));
        }
        if keeping.as_ref().is_some_and(tokio::task::JoinHandle::is_finished)
            && let Some(done) = keeping.take()
            && !done.await.unwrap_or(false)
        {
            info!("another control plane watches");
            break;
        }
    }
    watcher.stop().await;
}
