// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Working on an operation: claim, renew, record. A writer whose lease was taken over writes nothing.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EventRow, Row};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Desired, Direction, EventKind, InstanceState, Operation, OperationId, OperationKind, OperationState},
    store::{
        Store,
        connection::{read, write},
        rows,
        schema::{domain, instance, municipality, operation, operation_event, rollout_policy, secret},
    },
};

/// A line to add to the journal.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Which step.
    pub step: String,
    /// What about it.
    pub kind: EventKind,
    /// For people, without secrets.
    pub message: String,
    /// What was seen, without secrets.
    pub evidence: serde_json::Value,
}

/// What becomes of the instance when a change is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstanceChange {
    /// Nothing.
    Keep,
    /// It is known to be doing this.
    Set {
        /// What it should be doing.
        desired: Desired,
        /// What it does.
        state: InstanceState,
        /// Why, for people.
        reason: String,
    },
    /// It is set aside for a person to look at.
    Quarantine {
        /// What it should be doing from now on; none leaves that as it was.
        desired: Option<Desired>,
        /// Why, for people.
        reason: String,
    },
    /// It is again what it was when the operation began.
    AsBefore,
    /// It is gone: row, domains and secrets are removed, and the municipality too when this was its last instance.
    Forget,
}

/// Where an operation stands after what was just done.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its state.
    pub state: OperationState,
    /// The step at hand.
    pub step: String,
    /// Which way.
    pub direction: Direction,
    /// Failed tries of that step.
    pub attempts: i32,
    /// What stopped it, for people.
    pub error: String,
    /// Not before this time is it worked on again.
    pub next_at: Timestamp,
    /// What becomes of the instance.
    pub instance: InstanceChange,
}

/// What an instance was when an operation changed its state; kept in the operation's input.
#[derive(Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) state: InstanceState,
    pub(super) reason: String,
}

impl Before {
    const KEY: &str = "before";

    fn of(operation: &Operation) -> Option<Self> {
        operation.input.get(Self::KEY).and_then(|value| Self::deserialize(value).ok())
    }

    /// Notes it in an operation that is about to start.
    pub(super) fn note(self, operation: &mut Operation) -> Result<()> {
        let value = serde_json::to_value(self).map_err(|e| Error::Internal(e.to_string()))?;
        if let Some(input) = operation.input.as_object_mut() {
            input.insert(Self::KEY.to_owned(), value);
        }
        Ok(())
    }
}

impl Change {
    /// No change at all.
    #[must_use]
    pub fn none(operation: &Operation) -> Self {
        Self {
            state: operation.state,
            step: operation.step.clone(),
            direction: operation.direction,
            attempts: operation.attempts,
            error: operation.error.clone(),
            next_at: operation.next_at,
            instance: InstanceChange::Keep,
        }
    }
}

/// Operations that are due and that nobody works on, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn due(store: &Store, now: Timestamp, limit: i64) -> Result<Vec<OperationId>> {
    let now = rows::micros(now);
    let ids: Vec<String> = read!(store, |c| Ok(operation::table
        .filter(operation::state.eq("live").and(operation::next_at.le(now)).and(operation::lease_until.le(now)))
        .select(operation::id)
        .order(operation::created_at.asc())
        .limit(limit)
        .load(c)
        .await?))?;
    ids.iter().map(|id| rows::parse("operation.id", id)).collect()
}

/// When the next live operation becomes due, if there is any.
///
/// # Errors
/// When the store fails.
pub async fn next_due(store: &Store) -> Result<Option<Timestamp>> {
    let found: Vec<(i64, i64)> = read!(store, |c| Ok(operation::table
        .filter(operation::state.eq("live"))
        .select((operation::next_at, operation::lease_until))
        .load(c)
        .await?))?;
    let earliest = found.into_iter().map(|(next, lease)| next.max(lease)).min();
    rows::maybe_time("operation.next_at", earliest)
}

/// Takes an operation for `owner`, if it is still due and free.
///
/// # Errors
/// When the store fails.
pub async fn claim(store: &Store, id: OperationId, owner: &str, now: Timestamp, until: Timestamp) -> Result<Option<Operation>> {
    let now = rows::micros(now);
    let row: Option<Row> = write!(store, |c| {
        let taken = diesel::update(operation::table)
            .filter(
                operation::id
                    .eq(id.text())
                    .and(operation::state.eq("live"))
                    .and(operation::next_at.le(now))
                    .and(operation::lease_until.le(now)),
            )
            .set((
                operation::lease_owner.eq(owner),
                operation::lease_epoch.eq(operation::lease_epoch + 1),
                operation::lease_until.eq(rows::micros(until)),
            ))
            .execute(c)
            .await?;
        if taken == 0 {
            return Ok(None);
        }
        Ok(Some(operation::table.filter(operation::id.eq(id.text())).select(Row::as_select()).first(c).await?))
    })?;
    row.map(Operation::try_from).transpose()
}

/// Ends every lease. Only for a store that no other control plane shares, at start: whoever held one is gone.
///
/// # Errors
/// When the store fails.
pub async fn release_all(store: &Store) -> Result<()> {
    write!(store, |c| Ok(diesel::update(operation::table.filter(operation::state.eq("live")))
        .set((
            operation::lease_owner.eq(None::<String>),
            operation::lease_until.eq(0_i64),
            operation::lease_epoch.eq(operation::lease_epoch + 1)
        ))
        .execute(c)
        .await
        .map(drop)?))
}

/// Gives back an operation that cannot be worked on now, so that it is taken up again at once.
///
/// # Errors
/// When the store fails.
pub async fn give_back(store: &Store, id: OperationId, owner: &str, now: Timestamp) -> Result<()> {
    let until = rows::micros(now);
    write!(store, |c| Ok(diesel::update(operation::table)
        .filter(operation::id.eq(id.text()).and(operation::lease_owner.eq(owner)).and(operation::state.eq("live")))
        .set((operation::lease_owner.eq(None::<String>), operation::lease_until.eq(until)))
        .execute(c)
        .await
        .map(drop)?))
}

/// Holds an operation for longer.
///
/// # Errors
/// `StaleLease` when another has taken it.
pub async fn renew(store: &Store, operation: &Operation, until: Timestamp) -> Result<()> {
    let changed = write!(store, |c| Ok(diesel::update(operation::table)
        .filter(
            operation::id.eq(operation.id.text()).and(operation::lease_epoch.eq(operation.lease_epoch)).and(operation::state.eq("live"))
        )
        .set(operation::lease_until.eq(rows::micros(until)))
        .execute(c)
        .await?))?;
    if changed == 1 { Ok(()) } else { Err(Error::StaleLease) }
}

/// Writes what happened and where the operation stands now, in one transaction. Releases the lease when the operation has
/// ended or waits.
///
/// # Errors
/// `StaleLease` when another has taken the operation; nothing is written then.
pub async fn record(store: &Store, held: &Operation, events: &[NewEvent], change: &Change, now: Timestamp) -> Result<Operation> {
    let at = rows::micros(now);
    let over = change.state.is_final();
    let waits = change.next_at > now;
    let row: Row = write!(store, |c| {
        let changed = diesel::update(operation::table)
            .filter(operation::id.eq(held.id.text()).and(operation::lease_epoch.eq(held.lease_epoch)).and(operation::state.eq("live")))
            .set((
                operation::state.eq(change.state.to_string()),
                operation::step.eq(&change.step),
                operation::direction.eq(change.direction.to_string()),
                operation::attempts.eq(change.attempts),
                operation::error.eq(&change.error),
                operation::next_at.eq(rows::micros(change.next_at)),
                operation::updated_at.eq(at),
                operation::finished_at.eq(over.then_some(at)),
            ))
            .execute(c)
            .await?;
        if changed == 0 {
            return Err(Error::StaleLease.into());
        }
        if over || waits {
            diesel::update(operation::table.filter(operation::id.eq(held.id.text())))
                .set((operation::lease_owner.eq(None::<String>), operation::lease_until.eq(at)))
                .execute(c)
                .await?;
        }
        let last: Option<i64> = operation_event::table
            .filter(operation_event::operation_id.eq(held.id.text()))
            .select(diesel::dsl::max(operation_event::seq))
            .first(c)
            .await?;
        let rows: Vec<EventRow> = (last.unwrap_or(0) + 1..)
            .zip(events)
            .map(|(seq, e)| EventRow {
                operation_id: held.id.text(),
                seq,
                at,
                step: e.step.clone(),
                kind: e.kind.to_string(),
                message: e.message.clone(),
                evidence: e.evidence.to_string(),
            })
            .collect();
        for row in &rows {
            diesel::insert_into(operation_event::table).values(row).execute(c).await?;
        }
        let id = held.instance.text();
        match &change.instance {
            InstanceChange::Keep => {}
            InstanceChange::Set { desired, state, reason } => {
                diesel::update(instance::table.filter(instance::id.eq(&id)))
                    .set((instance::desired.eq(desired.to_string()), instance::state.eq(state.to_string()), instance::reason.eq(reason)))
                    .execute(c)
                    .await?;
            }
            InstanceChange::Quarantine { desired, reason } => {
                diesel::update(instance::table.filter(instance::id.eq(&id)))
                    .set((
                        desired.map(|desired| instance::desired.eq(desired.to_string())),
                        instance::state.eq(InstanceState::Quarantined.to_string()),
                        instance::reason.eq(reason),
                    ))
                    .execute(c)
                    .await?;
            }
            InstanceChange::AsBefore => {
                let of_instance = instance::table.filter(instance::id.eq(&id));
                match Before::of(held) {
                    Some(before) => {
                        diesel::update(of_instance)
                            .set((instance::state.eq(before.state.to_string()), instance::reason.eq(before.reason)))
                            .execute(c)
                            .await?;
                    }
                    // The words of what it should be doing and of what it does are the same.
                    None => {
                        diesel::update(of_instance)
                            .set((instance::state.eq(instance::desired), instance::reason.eq("")))
                            .execute(c)
                            .await?;
                    }
                }
            }
            InstanceChange::Forget => {
                diesel::delete(domain::table.filter(domain::instance_id.eq(&id))).execute(c).await?;
                diesel::delete(secret::table.filter(secret::owner.eq(&id))).execute(c).await?;
                diesel::delete(rollout_policy::table.filter(rollout_policy::instance_id.eq(&id))).execute(c).await?;
                diesel::delete(instance::table.filter(instance::id.eq(&id))).execute(c).await?;
                let left: i64 =
                    instance::table.filter(instance::municipality_id.eq(held.municipality.text())).count().get_result(c).await?;
                if left == 0 {
                    diesel::delete(municipality::table.filter(municipality::id.eq(held.municipality.text()))).execute(c).await?;
                }
            }
        }
        Ok(operation::table.filter(operation::id.eq(held.id.text())).select(Row::as_select()).first(c).await?)
    })?;
    row.try_into()
}

/// Makes a failed or parked operation live again, from the step at which it stopped.
///
/// # Errors
/// `Conflict` when it is neither, or another operation on the instance is live.
pub async fn retry(store: &Store, operation: &Operation, by: &str, now: Timestamp, deadline: Timestamp) -> Result<Operation> {
    let at = rows::micros(now);
    let instance = operation.instance.text();
    let row: Row = write!(store, |c| {
        let refused = |message: &str, fix: &str| Error::Conflict(FieldError::new("operation", "cannot-retry", message, fix));
        let later: i64 = operation::table
            .filter(operation::instance_id.eq(&instance).and(operation::id.gt(operation.id.text())).and(operation::kind.ne("rehearse")))
            .count()
            .get_result(c)
            .await?;
        if later > 0 {
            return Err(
                refused("a later operation has changed the instance since", "look at the later one; retry that, or start anew").into()
            );
        }
        // While it goes on, the instance is what it was when it began.
        let doing = match operation.kind {
            OperationKind::Onboard => Some(InstanceState::Onboarding),
            OperationKind::Offboard => Some(InstanceState::Offboarding),
            OperationKind::Repair => Some(InstanceState::Repairing),
            OperationKind::Update | OperationKind::Revert => Some(InstanceState::Updating),
            OperationKind::Suspend | OperationKind::Resume | OperationKind::Rehearse => None,
        };
        let there: i64 = instance::table.filter(instance::id.eq(&instance)).count().get_result(c).await?;
        if there == 0 {
            return Err(refused("the instance that it worked on is gone", "there is nothing to do").into());
        }
        let changed = diesel::update(operation::table)
            .filter(operation::id.eq(operation.id.text()).and(operation::state.eq_any(["failed", "parked"])))
            .set((
                operation::state.eq("live"),
                operation::attempts.eq(0),
                operation::error.eq(""),
                operation::next_at.eq(at),
                operation::deadline_at.eq(rows::micros(deadline)),
                operation::updated_at.eq(at),
                operation::finished_at.eq(None::<i64>),
            ))
            .execute(c)
            .await;
        match changed {
            Err(e) if crate::store::unique_violation(&e).is_some() => {
                return Err(refused("another operation on this municipality is going on", "wait for it to end").into());
            }
            Ok(0) => {
                return Err(
                    refused("only a failed or parked operation can be retried", "look at its journal; start anew what was undone").into()
                );
            }
            other => other.map(drop)?,
        }
        if let Some(doing) = doing {
            diesel::update(instance::table.filter(instance::id.eq(&instance)))
                .set((instance::state.eq(doing.to_string()), instance::reason.eq("")))
                .execute(c)
                .await?;
        }
        let last: Option<i64> = operation_event::table
            .filter(operation_event::operation_id.eq(operation.id.text()))
            .select(diesel::dsl::max(operation_event::seq))
            .first(c)
            .await?;
        diesel::insert_into(operation_event::table)
            .values(EventRow {
                operation_id: operation.id.text(),
                seq: last.unwrap_or(0) + 1,
                at,
                step: operation.step.clone(),
                kind: EventKind::Note.to_string(),
                message: format!("retried by {by}"),
                evidence: "{}".to_owned(),
            })
            .execute(c)
            .await?;
        Ok(operation::table.filter(operation::id.eq(operation.id.text())).select(Row::as_select()).first(c).await?)
    })?;
    row.try_into()
}
