// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Takes up due operations, as many at once as there are workers.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Signals;
use crate::{
    fleet::OperationId,
    store::operations,
    workflow::{
        Catalogue,
        runner::{Runner, Turn},
    },
};

/// At least this often the store is asked, whatever the signals say.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Runs until cancelled; operations at hand are then left to be taken up again.
pub async fn run<K: Catalogue>(runner: Arc<Runner<K>>, signals: Signals, workers: usize, cancel: CancellationToken) {
    let mut running: JoinSet<OperationId> = JoinSet::new();
    let mut at_hand: HashSet<OperationId> = HashSet::new();
    loop {
        let free = workers.saturating_sub(at_hand.len());
        if free > 0 {
            // Those at hand are leased, so that they are not due.
            match operations::due(&runner.store, runner.clock.now(), i64::try_from(free).unwrap_or(i64::MAX)).await {
                Ok(due) => {
                    for id in due {
                        if at_hand.insert(id) {
                            let (runner, drift) = (runner.clone(), signals.drift.clone());
                            running.spawn(async move {
                                match runner.run(id).await {
                                    // What an operation has left is looked at, and so are the routes.
                                    Ok(Turn::Ended(_)) => drift.notify_one(),
                                    Ok(_) => {}
                                    Err(error) => error!(operation.id = %id, %error, "an operation could not be worked on"),
                                }
                                id
                            });
                        }
                    }
                }
                Err(error) => warn!(%error, "the store could not be asked for due operations"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            Some(ended) = running.join_next(), if !running.is_empty() => {
                match ended {
                    Ok(id) => { at_hand.remove(&id); }
                    Err(panic) => {
                        error!(error = %panic, "an operation's task ended unexpectedly");
                        // Which one is not told: forget all that are no longer running, the leases keep them apart.
                        at_hand.clear();
                    }
                }
            }
            () = signals.operations.notified() => {}
            () = tokio::time::sleep(AT_LEAST) => {}
        }
    }
}
