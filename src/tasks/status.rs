// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Keeps what anybody may see: made anew when health has changed, and now and then for what changed elsewhere.

use std::time::Duration;

use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{health::status::Shelf, instances::Tools};

/// How soon a change is seen, and how seldom the store is asked for one.
const GAP: Duration = Duration::from_secs(2);
/// How often it is noted that somebody watches.
const BEAT: Duration = Duration::from_secs(10);
/// How often all is read though nobody told of a change: another control plane, or a municipality that is gone.
const WHOLE: Duration = Duration::from_secs(60);

/// Runs until cancelled.
pub async fn run(tools: Tools, shelf: Shelf, cancel: CancellationToken) {
    let mut changed = tools.health_changed.subscribe();
    let elsewhere = if tools.store.kind() == "postgres" { BEAT } else { WHOLE };
    let mut read: Option<Instant> = None;
    let mut news = true;
    loop {
        let whole = news || read.is_none_or(|at| at.elapsed() >= elsewhere);
        let done = if whole { shelf.renew(&tools).await } else { shelf.confirm(&tools).await };
        match done {
            Ok(()) if whole => (read, news) = (Some(Instant::now()), false),
            Ok(()) => {}
            Err(error) => warn!(%error, "public status pages show what was known before"),
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(GAP) => {}
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = sleep(BEAT) => {}
            heard = changed.recv() => match heard {
                Err(RecvError::Closed) => return,
                Ok(()) | Err(RecvError::Lagged(_)) => news = true,
            },
        }
        while changed.try_recv().is_ok() {}
    }
}
