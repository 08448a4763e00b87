// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Forgets what is over, every hour: ended sessions, old failures of log-in, old answers to repeatable requests, images that
//! no release needs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{access, instances::Tools, releases};

const EVERY: Duration = Duration::from_secs(3600);

/// Runs until cancelled. Begins at once: a control plane that is restarted every day must forget too.
pub async fn run(tools: Tools, cancel: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = access::sweep(&tools.store, tools.clock.now()).await {
            warn!(%error, "what is over could not be forgotten; the next try is in an hour");
        }
        if let Err(error) = releases::prune(&tools).await {
            warn!(%error, "images that no release needs could not be looked for; the next try is in an hour");
        }
    }
}
