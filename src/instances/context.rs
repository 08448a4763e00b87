// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the steps of operations work on.

use super::{Target, Tools};
use crate::{
    error::Result,
    fleet::{
        Operation, OperationId,
        update::{Move, Version},
    },
    store,
};

/// What steps work on: the instance, and for which operation.
pub struct Context {
    /// The instance with its tools, as the store has it.
    pub target: Target,
    /// The operation.
    pub operation: OperationId,
    /// The owner's count: whoever writes to the store for this operation gives it, and writes nothing when another took over.
    pub epoch: i64,
    /// What the operation was asked.
    pub input: serde_json::Value,
    /// What moves, where the operation moves the instance to another release.
    pub moved: Option<Moved>,
}

/// Both sides of a move.
pub struct Moved {
    /// What was asked.
    pub asked: Move,
    /// The instance with the containers that it leaves.
    pub from: Target,
    /// The instance with the containers that it goes to.
    pub to: Target,
}

impl Context {
    /// Loads what an operation works on.
    ///
    /// # Errors
    /// When the instance is gone or the store fails.
    pub async fn load(tools: &Tools, operation: &Operation) -> Result<Self> {
        let target = tools.target(operation.instance).await?;
        let moved = match Move::of(&operation.input) {
            None => None,
            Some(asked) => {
                let (from, to) = (at(&target, asked.from).await?, at(&target, asked.to).await?);
                Some(Moved { asked, from, to })
            }
        };
        Ok(Self { target, operation: operation.id, epoch: operation.lease_epoch, input: operation.input.clone(), moved })
    }

    /// The same operation, seen from the containers that it goes to.
    #[must_use]
    pub fn at(&self, target: &Target) -> Self {
        Self { target: target.clone(), operation: self.operation, epoch: self.epoch, input: self.input.clone(), moved: None }
    }
}

/// The instance as it is with another version.
async fn at(target: &Target, version: Version) -> Result<Target> {
    let release = store::releases::get(&target.tools.store, version.release).await?;
    let mut instance = target.instance.clone();
    instance.release = version.release;
    instance.generation = version.generation;
    Ok(Target { tools: target.tools.clone(), instance, release })
}
