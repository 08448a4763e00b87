// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operation journal at work: steps that are looked at before and after they are done, so that a control plane that was
//! killed anywhere goes on where it stopped.
//!
//! For each step the runner observes, writes its intent, acts, observes again and writes that it is done. What was done
//! already is not done twice; what cannot be seen (`Unknown`) is never taken for absent; what belongs to somebody else
//! (`Foreign`) is never deleted. [`decide`] says what follows from what was seen, without acting; [`runner`] acts.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::{
    error::Result,
    fleet::{Operation, OperationKind},
    store::operations::InstanceChange,
};

pub mod decide;
pub mod interrupt;
pub mod runner;

/// What a step finds of its own work.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// Nothing of it is there.
    Absent,
    /// Some of it, or all but not as it should be.
    Partial(String),
    /// All of it, with what was seen as evidence.
    Present(Value),
    /// Something of somebody else is in its place.
    Foreign(String),
    /// It cannot be seen now.
    Unknown(String),
}

/// One part of an operation. `C` is what the operation works on.
#[async_trait]
pub trait Step<C>: Send + Sync {
    /// Its name: stored in journals, so it never changes its meaning.
    fn name(&self) -> &'static str;

    /// How long `apply` or `undo` may take.
    fn budget(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Looks at what is there, changing nothing.
    async fn observe(&self, cx: &C) -> Result<Observation>;

    /// Does it. May be called again after any interruption.
    async fn apply(&self, cx: &C) -> Result<()>;

    /// Takes back what `apply` did, as far as it is there.
    async fn undo(&self, cx: &C) -> Result<()>;

    /// What `observe` finds when the step is undone. Most steps leave nothing; one that changes something and back again
    /// says here what counts as undone.
    fn is_undone(&self, _: &C, seen: &Observation) -> bool {
        matches!(seen, Observation::Absent)
    }
}

/// What happens when a step fails after the point of no undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCommit {
    /// Take back the point itself (unroute) and set the instance aside for a person.
    Quarantine,
    /// Keep trying, then leave it for a person to retry: going back would be worse.
    Persist,
}

/// From where on a failure no longer undoes everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// It always does.
    Never,
    /// Once this step is done.
    After(&'static str),
    /// It never does.
    FromStart,
}

/// A kind of operation: its steps in order.
pub struct Workflow<C> {
    /// Which kind.
    pub kind: OperationKind,
    /// Counts the changes to the list that an older or newer binary could not go on with.
    pub version: i32,
    /// The steps.
    pub steps: Vec<Box<dyn Step<C>>>,
    /// From where on a failure no longer undoes everything.
    pub commit: Commit,
    /// What a failure does then.
    pub after_commit: AfterCommit,
    /// What becomes of the instance when all is done.
    pub when_done: InstanceChange,
    /// What becomes of it when all is undone.
    pub when_undone: InstanceChange,
    /// From asking to the end, before it is given up and undone.
    pub deadline: Duration,
}

impl<C> Workflow<C> {
    /// Where a step stands in the list.
    #[must_use]
    pub fn position(&self, step: &str) -> Option<usize> {
        self.steps.iter().position(|s| s.name() == step)
    }

    /// The list's names, for the golden file and for showing what is still to come.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.steps.iter().map(|s| s.name()).collect()
    }
}

/// All workflows of a kind of context, and how to load that context.
#[async_trait]
pub trait Catalogue: Send + Sync + 'static {
    /// What steps work on.
    type Context: Send + Sync;

    /// The workflow of that kind.
    fn workflow(&self, kind: OperationKind) -> &Workflow<Self::Context>;

    /// Loads what an operation works on.
    ///
    /// # Errors
    /// When the store fails or what it needs is gone.
    async fn context(&self, operation: &Operation) -> Result<Self::Context>;
}
