// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Works on one operation until it ends, must wait, or is taken over.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tracing::{info, warn};

use super::{
    Catalogue, Commit, Observation, Step, Workflow,
    decide::{self, Look, Next, Position, later},
    interrupt::{Interrupt, Point},
};
use crate::{
    clock::Clock,
    error::{Error, Result},
    fleet::{Desired, Direction, EventKind, Operation, OperationId, OperationState},
    store::{
        Store,
        operations::{self, Change, InstanceChange, NewEvent},
    },
};

/// How long a claim lasts without renewal.
pub const LEASE: Duration = Duration::from_secs(45);
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// How long until what could not be seen is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
const OBSERVE_BUDGET: Duration = Duration::from_secs(30);

/// Runs operations of one catalogue.
pub struct Runner<K: Catalogue> {
    /// The store.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This control plane's name in leases; new at every start, so that a restarted one waits for its own old lease only as long as it lasts.
    pub owner: String,
    /// The workflows.
    pub catalogue: Arc<K>,
    /// Tells listeners that an operation has changed.
    pub changed: broadcast::Sender<OperationId>,
    /// Test points.
    pub interrupt: Arc<dyn Interrupt>,
}

/// How a turn at an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is over.
    Ended(OperationState),
    /// It waits until it is due again.
    Waits,
    /// Somebody else works on it, or it is over already.
    NotOurs,
    /// A test ended the runner here.
    Interrupted,
}

/// A failed try of a step.
struct Failure {
    why: String,
    /// Whether it may pass by itself.
    transient: bool,
    /// Whether something of somebody else's is in the way.
    foreign: bool,
    /// Which outside system failed, where one did.
    system: Option<&'static str>,
}

/// What the loop does after one step was looked at.
enum Flow {
    On(Box<Operation>),
    Stop(Turn),
}

impl<K: Catalogue> Runner<K> {
    /// Claims the operation and works on it.
    ///
    /// # Errors
    /// When the store fails; the operation is taken up again when its lease ends.
    pub async fn run(&self, id: OperationId) -> Result<Turn> {
        let now = self.clock.now();
        let Some(held) = operations::claim(&self.store, id, &self.owner, now, later(now, LEASE)).await? else {
            return Ok(Turn::NotOurs);
        };
        let work = self.work(held.clone());
        tokio::pin!(work);
        let mut renew = tokio::time::interval(RENEW_EVERY);
        renew.tick().await;
        let mut until = held.lease_until;
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                _ = renew.tick() => {
                    let wanted = later(self.clock.now(), LEASE);
                    match operations::renew(&self.store, &held, wanted).await {
                        // Dropping `work` stops it: whoever holds the lease now observes before acting.
                        Err(Error::StaleLease) => break Err(Error::StaleLease),
                        // Another may hold it by now, and only the store could tell.
                        Err(error) if self.clock.now() >= until => break Err(error),
                        Err(error) => warn!(operation.id = %id, %error, "the lease could not be renewed"),
                        Ok(()) => until = wanted,
                    }
                }
            }
        };
        match outcome {
            Err(Error::StaleLease) => Ok(Turn::NotOurs),
            other => other,
        }
    }

    async fn work(&self, mut operation: Operation) -> Result<Turn> {
        let workflow = self.catalogue.workflow(operation.kind);
        if operation.step.is_empty()
            && let Some(first) = workflow.steps.first()
        {
            first.name().clone_into(&mut operation.step);
        }
        if operation.workflow_version != workflow.version || workflow.position(&operation.step).is_none() {
            let error = format!(
                "this version of Flotta does not know step `{}` of {} version {}; start the version that began it, or retry",
                operation.step, operation.kind, operation.workflow_version
            );
            let change = Change { state: OperationState::Parked, error: error.clone(), ..Change::none(&operation) };
            self.record(&operation, EventKind::Note, error, Value::Null, change).await?;
            return Ok(Turn::Ended(OperationState::Parked));
        }
        let context = match self.catalogue.context(&operation).await {
            Ok(context) => context,
            Err(Error::NotFound { what }) => {
                let error = format!("{what} is gone, so there is nothing to work on");
                let change = Change { state: OperationState::Failed, error: error.clone(), ..Change::none(&operation) };
                self.record(&operation, EventKind::Failed, error, Value::Null, change).await?;
                return Ok(Turn::Ended(OperationState::Failed));
            }
            Err(error) => {
                return match self.wait(operation, &error.to_string()).await? {
                    Flow::Stop(turn) => Ok(turn),
                    Flow::On(_) => Ok(Turn::Waits),
                };
            }
        };
        loop {
            match self.turn(workflow, &context, operation).await? {
                Flow::On(next) => operation = *next,
                Flow::Stop(turn) => return Ok(turn),
            }
        }
    }

    async fn turn(&self, workflow: &Workflow<K::Context>, context: &K::Context, operation: Operation) -> Result<Flow> {
        let index = workflow.position(&operation.step).unwrap_or_default();
        let step = &*workflow.steps[index];
        let position = Position {
            step: index,
            steps: workflow.steps.len(),
            commit: match workflow.commit {
                Commit::After(name) => workflow.position(name),
                Commit::Never | Commit::FromStart => None,
            },
            from_start: workflow.commit == Commit::FromStart,
            after_commit: workflow.after_commit,
            direction: operation.direction,
            attempts: operation.attempts,
            overdue: self.clock.now() > operation.deadline_at,
        };
        if self.interrupt.ends(Point::BeforeIntent, &operation, step.name(), operation.direction) {
            return Ok(Flow::Stop(Turn::Interrupted));
        }
        let seen = self.observe(step, context).await;
        match decide::look(&position, &seen, step.is_undone(context, &seen)) {
            Look::Settled => {
                let first_try = operation.attempts == 0;
                let message = if operation.direction == Direction::Back {
                    "undone"
                } else if first_try {
                    "done"
                } else {
                    "done after another try"
                };
                self.settle(workflow, &position, operation, step.name(), message, evidence(&seen)).await
            }
            Look::Skip(why) => self.settle(workflow, &position, operation, step.name(), &why, Value::Null).await,
            Look::Wait(why) => self.wait(operation, &why).await,
            Look::Fail(why) => {
                let foreign = matches!(seen, Observation::Foreign(_));
                self.fail(workflow, &position, operation, Failure { why, transient: false, foreign, system: None }).await
            }
            Look::Act => self.act(workflow, &position, context, operation, step, &seen).await,
        }
    }

    async fn observe(&self, step: &dyn Step<K::Context>, context: &K::Context) -> Observation {
        match tokio::time::timeout(OBSERVE_BUDGET, step.observe(context)).await {
            Ok(Ok(seen)) => seen,
            Ok(Err(error)) => Observation::Unknown(error.to_string()),
            Err(_) => Observation::Unknown(format!("no answer within {} s", OBSERVE_BUDGET.as_secs())),
        }
    }

    async fn act(
        &self,
        workflow: &Workflow<K::Context>,
        position: &Position,
        context: &K::Context,
        operation: Operation,
        step: &dyn Step<K::Context>,
        before: &Observation,
    ) -> Result<Flow> {
        let back = operation.direction != Direction::Forward;
        let (intent, verb) = if back { (EventKind::Undoing, "undoing") } else { (EventKind::Intent, "starting") };
        let message = match before {
            Observation::Partial(what) => format!("{verb}; found {what}"),
            _ => verb.to_owned(),
        };
        let operation = self.record(&operation, intent, message, Value::Null, Change::none(&operation)).await?;
        if self.interrupt.ends(Point::AfterIntent, &operation, step.name(), operation.direction) {
            return Ok(Flow::Stop(Turn::Interrupted));
        }
        let acted =
            tokio::time::timeout(step.budget(), async { if back { step.undo(context).await } else { step.apply(context).await } }).await;
        if self.interrupt.ends(Point::AfterEffect, &operation, step.name(), operation.direction) {
            return Ok(Flow::Stop(Turn::Interrupted));
        }
        let failure = match acted {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some((error.to_string(), error.is_transient(), error.system())),
            Err(_) => Some((format!("not done within {} s", step.budget().as_secs()), true, None)),
        };
        // Look again even after a failure: an engine that answers late may well have done it.
        let seen = self.observe(step, context).await;
        let done = if back { step.is_undone(context, &seen) } else { matches!(seen, Observation::Present(_)) };
        if done {
            let message = match (back, &failure) {
                (true, _) => "undone".to_owned(),
                (false, None) => "done".to_owned(),
                (false, Some((error, ..))) => format!("done, though it was answered: {error}"),
            };
            return self.settle(workflow, position, operation, step.name(), &message, evidence(&seen)).await;
        }
        let (why, transient, system) = failure.unwrap_or_else(|| {
            let what = match seen {
                Observation::Partial(what) | Observation::Foreign(what) | Observation::Unknown(what) => what,
                Observation::Absent => "nothing of it is there afterwards".to_owned(),
                Observation::Present(_) => "it is still there".to_owned(),
            };
            (what, true, None)
        });
        self.fail(workflow, position, operation, Failure { why, transient, foreign: false, system }).await
    }

    /// The step is as it should be: on to the next, or to the end.
    async fn settle(
        &self,
        workflow: &Workflow<K::Context>,
        position: &Position,
        operation: Operation,
        step: &str,
        message: &str,
        evidence: Value,
    ) -> Result<Flow> {
        let back = operation.direction != Direction::Forward;
        let kind = if back { EventKind::Undone } else { EventKind::Done };
        let next = if back { position.step.checked_sub(1) } else { Some(position.step + 1).filter(|next| *next < position.steps) };
        let mut change = Change { attempts: 0, next_at: self.clock.now(), ..Change::none(&operation) };
        match next {
            // Taking back the point of no undo is where a quarantine ends; a retry goes forward from there.
            _ if operation.direction == Direction::Aside => {
                change.state = OperationState::Failed;
                change.direction = Direction::Forward;
                change.instance = InstanceChange::Quarantine { desired: aim(workflow), reason: operation.error.clone() };
            }
            Some(next) => {
                change.step = workflow.steps[next].name().to_owned();
                if !back {
                    change.error = String::new();
                }
            }
            None if back => {
                change.state = OperationState::Undone;
                change.instance = workflow.when_undone.clone();
            }
            None => {
                change.state = OperationState::Done;
                change.error = String::new();
                change.instance = workflow.when_done.clone();
            }
        }
        let state = change.state;
        let operation = self.record_as(&operation, step, kind, message.to_owned(), evidence, change).await?;
        if self.interrupt.ends(Point::AfterDone, &operation, step, if back { Direction::Back } else { Direction::Forward }) {
            return Ok(Flow::Stop(Turn::Interrupted));
        }
        if state.is_final() {
            info!(operation.id = %operation.id, operation.kind = %operation.kind, municipality = %operation.slug, operation.state = %state, "operation ended");
            return Ok(Flow::Stop(Turn::Ended(state)));
        }
        Ok(Flow::On(Box::new(operation)))
    }

    async fn wait(&self, operation: Operation, why: &str) -> Result<Flow> {
        let mut change = Change { next_at: later(self.clock.now(), LOOK_AGAIN), ..Change::none(&operation) };
        if operation.direction == Direction::Forward && operation.error != why {
            why.clone_into(&mut change.error);
            self.record(&operation, EventKind::Note, format!("cannot be seen now, looking again: {why}"), Value::Null, change).await?;
        } else if operation.direction != Direction::Forward && operation.attempts == 0 {
            // The error says why it goes back, so that it waits is noted once, at the cost of one of many tries.
            change.attempts = 1;
            self.record(&operation, EventKind::Note, format!("cannot be seen now, looking again: {why}"), Value::Null, change).await?;
        } else {
            operations::record(&self.store, &operation, &[], &change, self.clock.now()).await?;
        }
        Ok(Flow::Stop(Turn::Waits))
    }

    async fn fail(&self, workflow: &Workflow<K::Context>, position: &Position, operation: Operation, failure: Failure) -> Result<Flow> {
        let Failure { why, transient, foreign, system } = failure;
        let next = decide::after_failure(position, transient, foreign);
        warn!(operation.id = %operation.id, municipality = %operation.slug, operation.step = %operation.step, operation.direction = %operation.direction, error = %why, next = ?next, "a step failed");
        let now = self.clock.now();
        let mut change = Change { attempts: operation.attempts + 1, next_at: now, ..Change::none(&operation) };
        if operation.direction == Direction::Forward {
            change.error.clone_from(&why);
        }
        let mut turn = None;
        match next {
            Next::Retry(wait) => {
                change.next_at = later(now, wait);
                turn = Some(Turn::Waits);
            }
            Next::Back(step) => {
                change.direction = Direction::Back;
                change.attempts = 0;
                change.step = workflow.steps[step].name().to_owned();
                if foreign && position.step == 0 {
                    change.state = OperationState::Undone;
                    change.instance = workflow.when_undone.clone();
                    turn = Some(Turn::Ended(OperationState::Undone));
                }
            }
            Next::Quarantine(step) => {
                change.direction = Direction::Aside;
                change.attempts = 0;
                change.step = workflow.steps[step].name().to_owned();
            }
            Next::GiveUp => {
                change.state = OperationState::Failed;
                if !workflow.kind.works_beside() {
                    change.instance = InstanceChange::Quarantine { desired: aim(workflow), reason: why.clone() };
                }
                turn = Some(Turn::Ended(OperationState::Failed));
            }
        }
        let failed_step = operation.step.clone();
        let mut evidence = json!({"attempt": operation.attempts + 1});
        if let Some(system) = system {
            evidence["system"] = json!(system);
        }
        let operation = self.record_as(&operation, &failed_step, EventKind::Failed, why, evidence, change).await?;
        Ok(turn.map_or_else(|| Flow::On(Box::new(operation)), Flow::Stop))
    }

    async fn record(&self, operation: &Operation, kind: EventKind, message: String, evidence: Value, change: Change) -> Result<Operation> {
        let step = operation.step.clone();
        self.record_as(operation, &step, kind, message, evidence, change).await
    }

    async fn record_as(
        &self,
        operation: &Operation,
        step: &str,
        kind: EventKind,
        message: String,
        evidence: Value,
        change: Change,
    ) -> Result<Operation> {
        let event = NewEvent { step: step.to_owned(), kind, message, evidence };
        let written = operations::record(&self.store, operation, &[event], &change, self.clock.now()).await?;
        // No listener is no failure.
        drop(self.changed.send(operation.id));
        Ok(written)
    }
}

/// What the instance should be doing when the operation cannot be ended: what it was asked for; none where that was its removal.
fn aim<C>(workflow: &Workflow<C>) -> Option<Desired> {
    match &workflow.when_done {
        InstanceChange::Set { desired: Desired::Running, .. } => Some(Desired::Running),
        _ => None,
    }
}

fn evidence(seen: &Observation) -> Value {
    match seen {
        Observation::Present(value) => value.clone(),
        _ => Value::Null,
    }
}
