// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Background work. A task takes no input: woken by a timer or a signal, it reads the state and goes on, so that start, a lost
//! signal and normal running are one path.

use std::sync::Arc;

use tokio::sync::{Notify, broadcast};

use crate::fleet::{OperationId, RolloutId};

pub mod events;
pub mod health;
pub mod housekeeping;
pub mod keeper;
pub mod notices;
pub mod operations;
pub mod rollouts;
pub mod status;

/// What wakes tasks and listeners. Cheap to clone.
#[derive(Clone)]
pub struct Signals {
    /// An operation was started or retried.
    pub operations: Arc<Notify>,
    /// Something of the fleet may not be what it should be.
    pub drift: Arc<Notify>,
    /// This operation has changed.
    pub changed: broadcast::Sender<OperationId>,
    /// A rollout was started or ordered to do something.
    pub rollouts: Arc<Notify>,
    /// This rollout has changed.
    pub rollout_changed: broadcast::Sender<RolloutId>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            operations: Arc::default(),
            drift: Arc::default(),
            changed: broadcast::channel(1024).0,
            rollouts: Arc::default(),
            rollout_changed: broadcast::channel(1024).0,
        }
    }
}
