// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Writes what follows from the watcher's turns, in their order, however long the store takes. What is lost with the process is
//! decided again by the next one.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};
use tracing::warn;

use crate::{
    clock::Clock,
    error::Result,
    store::{
        self, Store,
        checks::Remembered,
        incidents::{self, Change},
    },
};

/// So long is waited after the store failed.
const AGAIN: Duration = Duration::from_secs(2);
/// So long may the last writes take.
const LAST: Duration = Duration::from_secs(5);

type Batch = (Vec<Remembered>, Vec<Change>);

pub(super) struct Writer {
    sender: mpsc::UnboundedSender<Batch>,
    task: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>, changed: broadcast::Sender<()>) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Batch>();
        let task = tokio::spawn(async move {
            while let Some(batch) = receiver.recv().await {
                while let Err(error) = write(&store, &*clock, &batch).await {
                    warn!(%error, "what the watcher found could not be written, trying again");
                    tokio::time::sleep(AGAIN).await;
                }
                // Nobody may listen.
                drop(changed.send(()));
            }
        });
        Self { sender, task }
    }

    pub(super) fn write(&self, remember: Vec<Remembered>, changes: Vec<Change>) {
        // The task ends only when this sender does.
        drop(self.sender.send((remember, changes)));
    }

    /// Waits until everything is written, for a while.
    pub(super) async fn stop(self) {
        drop(self.sender);
        if tokio::time::timeout(LAST, self.task).await.is_err() {
            warn!("what the watcher found last could not be written in time");
        }
    }
}

async fn write(store: &Store, clock: &dyn Clock, (remember, changes): &Batch) -> Result<()> {
    // First what follows from it: a state whose incident is not written is found ill again, an incident whose state is not has one.
    incidents::write(store, changes, clock.now()).await?;
    store::checks::remember(store, remember).await
}
