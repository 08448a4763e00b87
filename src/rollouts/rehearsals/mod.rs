// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Trying a release on a copy of a municipality's live data, before anything of the municipality's own is touched.
//!
//! The schema is copied inside the database server; the present release and then the new one run on the copy, on a network of
//! their own from which nothing leads out; both show the same pages. What differs, and what became of the data, is the
//! verdict. At the end nothing is left but the evidence.
//!
//! ```text
//! turn → image → keys → copy → network → baseline (the present release, twice) → candidate (the new one) → clear → verdict
//! ```

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, FieldError, Result},
    fleet::{Instance, InstanceState, Operation, OperationKind, ReleaseId, RolloutId},
    instances::Tools,
    store::operations::{self, Idempotency, NewOperation, Started},
    workflow::decide::later,
};

mod album;
pub mod classify;
mod differ;
pub mod evidence;
mod judge;
mod place;
pub mod steps;
pub mod sweep;
pub mod verdict;
pub mod workflow;

/// What a rehearsal is asked. Part of the operation's input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which release is tried.
    pub release: ReleaseId,
    /// Against which: what the instance ran when it was asked for.
    pub from: ReleaseId,
    /// For which rollout; none where a person asked.
    #[serde(default)]
    pub rollout: Option<RolloutId>,
    /// Pages of each site at most.
    pub pages: u32,
}

impl Order {
    const KEY: &str = "rehearsal";
    /// Pages of each site may be as many.
    pub const MOST_PAGES: u32 = 50;

    /// Reads it from an operation's input.
    #[must_use]
    pub fn of(input: &serde_json::Value) -> Option<Self> {
        input.get(Self::KEY).and_then(|value| Self::deserialize(value).ok())
    }

    /// The input of an operation that is asked this.
    #[must_use]
    pub fn input(&self) -> serde_json::Value {
        serde_json::json!({ Self::KEY: self })
    }
}

/// Starts a rehearsal, for a rollout or by itself. It waits for its turn where as many as may be are under way.
///
/// # Errors
/// As [`begin`].
pub async fn start(tools: &Tools, instance: &Instance, release: ReleaseId, rollout: Option<RolloutId>, by: &str) -> Result<Operation> {
    let order = Order { release, from: instance.release, rollout, pages: super::pages::PER_SITE };
    Ok(begin(tools, instance, &order, by, None).await?.operation)
}

/// Starts a rehearsal as it is ordered.
///
/// # Errors
/// `Conflict` when the instance is not running or is rehearsed already, `Invalid` when too many pages are asked for.
pub async fn begin(tools: &Tools, instance: &Instance, order: &Order, by: &str, idempotency: Option<Idempotency>) -> Result<Started> {
    if let Some(key) = &idempotency
        && let Some(operation) = operations::repeated(&tools.store, key).await?
    {
        return Ok(Started { operation, repeated: true });
    }
    if instance.state != InstanceState::Running {
        return Err(Error::Conflict(FieldError::new(
            "state",
            "not-running",
            format!("`{}` is {}", instance.slug, instance.state),
            "wait until it runs, or resume it",
        )));
    }
    if !(1..=Order::MOST_PAGES).contains(&order.pages) {
        return Err(Error::field(FieldError::new(
            "pages",
            "out-of-range",
            format!("{} pages of each site", order.pages),
            format!("give 1 to {}", Order::MOST_PAGES),
        )));
    }
    let now = tools.clock.now();
    let workflow = workflow::rehearse();
    let mut operation = operations::blank(OperationKind::Rehearse, instance.municipality, instance.slug.clone(), instance.id, now);
    operation.workflow_version = workflow.version;
    operation.deadline_at = later(now, workflow.deadline);
    by.clone_into(&mut operation.requested_by);
    operation.input = order.input();
    operations::start(&tools.store, &NewOperation { operation, admission: None, state: None, idempotency }).await
}
