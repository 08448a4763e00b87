// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every workflow of every room in one catalogue, for the runner.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::{
    error::{Error, Result},
    fleet::{Operation, OperationKind},
    instances::{Context, Tools},
    onboarding, rollouts,
    store::operations,
    workflow::{Catalogue, Workflow, decide::later},
};

/// All workflows of the fleet.
pub struct Workflows {
    tools: Tools,
    lists: HashMap<OperationKind, Workflow<Context>>,
}

impl Workflows {
    /// The workflows, acting with these tools.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self { tools, lists: all().into_iter().map(|w| (w.kind, w)).collect() }
    }
}

#[async_trait]
impl Catalogue for Workflows {
    type Context = Context;

    fn workflow(&self, kind: OperationKind) -> &Workflow<Context> {
        // `all` has one of each kind; a test holds this.
        &self.lists[&kind]
    }

    async fn context(&self, operation: &Operation) -> Result<Context> {
        Context::load(&self.tools, operation).await
    }
}

/// Every workflow, one of each kind.
#[must_use]
pub fn all() -> Vec<Workflow<Context>> {
    onboarding::workflows::all().into_iter().chain(rollouts::workflows::all()).collect()
}

/// Makes an operation that stopped go on, from the step at which it stopped, with time as at its start.
///
/// # Errors
/// `Conflict` when it has not stopped, or another operation on the instance is live.
pub async fn retry(tools: &Tools, operation: &Operation, by: &str) -> Result<Operation> {
    let now = tools.clock.now();
    let workflow = all().into_iter().find(|w| w.kind == operation.kind);
    let workflow = workflow.ok_or_else(|| Error::Internal(format!("no workflow {}", operation.kind)))?;
    operations::retry(&tools.store, operation, by, now, later(now, workflow.deadline)).await
}
