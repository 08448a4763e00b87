// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Forgets what is over, every hour: ended sessions, old failures of log-in, old answers to repeatable requests, what updates
//! have kept for going back, findings that are over, old notices, and images that no release needs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{access, error::Result, fleet::Scope, instances::Tools, releases, rollouts, store};

const EVERY: Duration = Duration::from_secs(3600);
/// So long notices are kept as a log.
const LOG: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Runs until cancelled. Begins at once: a control plane that is restarted every day must forget too.
pub async fn run(tools: Tools, cancel: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        let now = tools.clock.now();
        if let Err(error) = access::sweep(&tools.store, now).await {
            warn!(%error, "what is over could not be forgotten; the next try is in an hour");
        }
        if let Err(error) = rollouts::sweep::sweep(&tools, now).await {
            warn!(%error, "what updates have kept could not be removed; the next try is in an hour");
        }
        if let Err(error) = forget(&tools, now).await {
            warn!(%error, "old findings and sizes could not be forgotten; the next try is in an hour");
        }
        if let Err(error) = store::notices::forget_before(&tools.store, now - LOG).await {
            warn!(%error, "old notices could not be forgotten; the next try is in an hour");
        }
        if let Err(error) = releases::prune(&tools).await {
            warn!(%error, "images that no release needs could not be looked for; the next try is in an hour");
        }
    }
}

/// What was found or measured is kept for four hundred days.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

async fn forget(tools: &Tools, now: Timestamp) -> Result<()> {
    let before = now - KEPT;
    let day = i32::try_from(before.as_second().div_euclid(86_400)).unwrap_or_default();
    let instances: Vec<_> = store::instances::all(&tools.store, &Scope::Fleet).await?.into_iter().map(|instance| instance.id).collect();
    store::findings::keep_only(&tools.store, &instances, now).await?;
    store::findings::forget_before(&tools.store, before).await?;
    store::facts::forget_before(&tools.store, day, before).await
}
