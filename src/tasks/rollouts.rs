// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moves rollouts on. Woken by orders, by operations that change, and every so often in any case: soaks end by the clock, and
//! another control plane's operations signal nothing here.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Signals;
use crate::{instances::Tools, rollouts::watch::Watcher, store, workflow::decide::later};

/// How often is looked without being woken.
const EVERY: Duration = Duration::from_secs(2);
/// Operations change in bursts: so long is waited for the end of one.
const BURST: Duration = Duration::from_millis(100);
/// A round looks at pages of many instances; the next owner must wait for its end. Should one last longer, the versions of the
/// rollouts keep the two apart.
const LEASE: Duration = Duration::from_secs(60);

/// Runs until cancelled.
pub async fn run(tools: Tools, owner: String, signals: Signals, cancel: CancellationToken) {
    let mut watcher = Watcher::new(tools.clone());
    let mut changed = signals.changed.subscribe();
    loop {
        tokio::select! {
            () = cancel.cancelled() => return give_up(&tools, &owner).await,
            () = signals.rollouts.notified() => {}
            heard = changed.recv() => match heard {
                Err(RecvError::Closed) => return,
                Ok(_) | Err(RecvError::Lagged(_)) => tokio::time::sleep(BURST).await,
            },
            () = tokio::time::sleep(EVERY) => {}
        }
        // What was heard until now is answered by the round that begins.
        while changed.try_recv().is_ok() {}
        let now = tools.clock.now();
        match store::leases::hold(&tools.store, "rollouts", &owner, now, later(now, LEASE)).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                warn!(%error, "the lease of rollouts could not be had");
                continue;
            }
        }
        match watcher.round().await {
            Ok(round) => {
                if round.started {
                    signals.operations.notify_one();
                }
                for id in round.changed {
                    // Nobody may be listening.
                    drop(signals.rollout_changed.send(id));
                }
            }
            Err(error) => warn!(%error, "the rollouts could not be gone over"),
        }
    }
}

/// Whoever starts next need not wait until the lease has run out.
async fn give_up(tools: &Tools, owner: &str) {
    let now = tools.clock.now();
    if let Err(error) = store::leases::hold(&tools.store, "rollouts", owner, now, now).await {
        warn!(%error, "the lease of rollouts could not be given up");
    }
}
