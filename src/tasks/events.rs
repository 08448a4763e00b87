// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Listens to the engine and wakes the keeper when something happened to a container of the fleet.

use std::time::Duration;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::Signals;
use crate::instances::Tools;

const RECONNECT: Duration = Duration::from_secs(2);

/// Runs until cancelled.
pub async fn run(tools: Tools, signals: Signals, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = listen(&tools, &signals) => {}
        }
        // Whatever happened while nobody listened is found by looking.
        signals.drift.notify_one();
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(RECONNECT) => {}
        }
    }
}

async fn listen(tools: &Tools, signals: &Signals) {
    let mut events = match tools.engine.events(&tools.settings.fleet).await {
        Ok(events) => events,
        Err(error) => {
            warn!(%error, "the engine's events cannot be heard");
            return;
        }
    };
    while let Some(event) = events.next().await {
        match event {
            Ok(event)
                if matches!(event.action.as_str(), "die" | "stop" | "destroy" | "pause" | "oom" | "rename" | "update")
                    && event.role != "task" =>
            {
                debug!(container = event.container, action = event.action, "a container changed");
                signals.drift.notify_one();
            }
            Ok(_) => {}
            Err(error) => {
                warn!(%error, "the engine's events broke off");
                return;
            }
        }
    }
}
