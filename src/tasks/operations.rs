// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Takes up due operations, as many at once as there are workers.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::Signals;
use crate::{
    fleet::OperationId,
    store::operations,
    workflow::{
        Catalogue,
        runner::{LEASE, Runner, Turn},
    },
};

/// At least this often the store is asked, whatever the signals say.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Runs until cancelled; operations at hand are then left to be taken up again.
pub async fn run<K: Catalogue>(runner: Arc<Runner<K>>, signals: Signals, workers: usize, cancel: CancellationToken) {
    let mut running: JoinSet<()> = JoinSet::new();
    let mut at_hand: HashMap<tokio::task::Id, OperationId> = HashMap::new();
    loop {
        let free = workers.saturating_sub(at_hand.len());
        if free > 0 {
            // Those at hand are leased, so that they are seldom among them.
            match operations::due(&runner.store, runner.clock.now(), i64::try_from(workers).unwrap_or(i64::MAX)).await {
                Ok(due) => {
                    let new: Vec<_> = due.into_iter().filter(|id| !at_hand.values().any(|known| known == id)).take(free).collect();
                    for id in new {
                        let (runner, drift) = (runner.clone(), signals.drift.clone());
                        let task = running.spawn(async move {
                            match runner.run(id).await {
                                // What an operation has left is looked at, and so are the routes.
                                Ok(Turn::Ended(_)) => drift.notify_one(),
                                Ok(_) => {}
                                Err(error) => {
                                    error!(operation.id = %id, %error, "an operation could not be worked on");
                                    give_back(&runner, id).await;
                                }
                            }
                        });
                        at_hand.insert(task.id(), id);
                    }
                }
                Err(error) => warn!(%error, "the store could not be asked for due operations"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            Some(ended) = running.join_next_with_id(), if !running.is_empty() => {
                let task = match &ended {
                    Ok((task, ())) => *task,
                    Err(panic) => panic.id(),
                };
                let id = at_hand.remove(&task);
                if let Err(panic) = ended {
                    let id = id.map(|id| id.text()).unwrap_or_default();
                    error!(operation.id = id, error = %panic, "an operation's task ended unexpectedly");
                }
            }
            () = signals.operations.notified() => {}
            () = tokio::time::sleep(AT_LEAST) => {}
        }
    }
}

/// After the store has failed: gives the lease back as soon as the store is there again, so that the operation need not wait for
/// its end. Whoever takes it up looks before acting.
async fn give_back<K: Catalogue>(runner: &Runner<K>, id: OperationId) {
    let over = tokio::time::Instant::now() + LEASE;
    while tokio::time::Instant::now() < over {
        match operations::give_back(&runner.store, id, &runner.owner, runner.clock.now()).await {
            Ok(()) => return,
            Err(_) => tokio::time::sleep(AT_LEAST).await,
        }
    }
}
