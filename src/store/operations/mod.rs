// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operation journal: who works on what, and what happened.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::read,
    rows,
    schema::{operation, operation_event},
};
use crate::{
    error::{Error, Result},
    fleet::{InstanceId, MunicipalityId, Operation, OperationEvent, OperationId, OperationKind, Scope},
};

mod admit;
mod journal;

pub use admit::{Admission, Idempotency, NewOperation, Started, blank, repeated, start};
pub use journal::{Change, InstanceChange, NewEvent, claim, due, give_back, next_due, record, release_all, renew, retry};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = operation)]
struct Row {
    id: String,
    kind: String,
    workflow_version: i32,
    municipality_id: String,
    slug: String,
    instance_id: String,
    input: String,
    state: String,
    step: String,
    direction: String,
    attempts: i32,
    error: String,
    requested_by: String,
    deadline_at: i64,
    next_at: i64,
    lease_owner: Option<String>,
    lease_epoch: i64,
    lease_until: i64,
    created_at: i64,
    updated_at: i64,
    finished_at: Option<i64>,
}

impl TryFrom<Row> for Operation {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("operation.id", &row.id)?,
            kind: rows::parse("operation.kind", &row.kind)?,
            workflow_version: row.workflow_version,
            municipality: rows::parse("operation.municipality_id", &row.municipality_id)?,
            slug: rows::parse("operation.slug", &row.slug)?,
            instance: rows::parse("operation.instance_id", &row.instance_id)?,
            input: rows::json("operation.input", &row.input)?,
            state: rows::parse("operation.state", &row.state)?,
            step: row.step,
            direction: rows::parse("operation.direction", &row.direction)?,
            attempts: row.attempts,
            error: row.error,
            requested_by: row.requested_by,
            deadline_at: rows::time("operation.deadline_at", row.deadline_at)?,
            next_at: rows::time("operation.next_at", row.next_at)?,
            lease_owner: row.lease_owner,
            lease_epoch: row.lease_epoch,
            lease_until: rows::time("operation.lease_until", row.lease_until)?,
            created_at: rows::time("operation.created_at", row.created_at)?,
            updated_at: rows::time("operation.updated_at", row.updated_at)?,
            finished_at: rows::maybe_time("operation.finished_at", row.finished_at)?,
        })
    }
}

impl From<&Operation> for Row {
    fn from(o: &Operation) -> Self {
        Self {
            id: o.id.text(),
            kind: o.kind.to_string(),
            workflow_version: o.workflow_version,
            municipality_id: o.municipality.text(),
            slug: o.slug.to_string(),
            instance_id: o.instance.text(),
            input: o.input.to_string(),
            state: o.state.to_string(),
            step: o.step.clone(),
            direction: o.direction.to_string(),
            attempts: o.attempts,
            error: o.error.clone(),
            requested_by: o.requested_by.clone(),
            deadline_at: rows::micros(o.deadline_at),
            next_at: rows::micros(o.next_at),
            lease_owner: o.lease_owner.clone(),
            lease_epoch: o.lease_epoch,
            lease_until: rows::micros(o.lease_until),
            created_at: rows::micros(o.created_at),
            updated_at: rows::micros(o.updated_at),
            finished_at: o.finished_at.map(rows::micros),
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = operation_event)]
struct EventRow {
    operation_id: String,
    seq: i64,
    at: i64,
    step: String,
    kind: String,
    message: String,
    evidence: String,
}

impl TryFrom<EventRow> for OperationEvent {
    type Error = Error;
    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            seq: row.seq,
            at: rows::time("operation_event.at", row.at)?,
            step: row.step,
            kind: rows::parse("operation_event.kind", &row.kind)?,
            message: row.message,
            evidence: rows::json("operation_event.evidence", &row.evidence)?,
        })
    }
}

/// Which operations a list is to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this municipality.
    pub municipality: Option<MunicipalityId>,
    /// Only of this slug, also when that municipality is gone.
    pub slug: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
}

/// The operation of that id.
///
/// # Errors
/// `NotFound` when there is none, or the scope does not cover its municipality.
pub async fn get(store: &Store, scope: &Scope, id: OperationId) -> Result<Operation> {
    let row: Option<Row> =
        read!(store, |c| Ok(operation::table.filter(operation::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?))?;
    match row.map(Operation::try_from).transpose()? {
        Some(found) if scope.covers(found.municipality) => Ok(found),
        _ => Err(Error::not_found("operation")),
    }
}

/// The live operation on an instance, if there is one. A rehearsal works beside it and is none.
///
/// # Errors
/// When the store fails.
pub async fn live_on(store: &Store, instance: InstanceId) -> Result<Option<Operation>> {
    let row: Option<Row> = read!(store, |c| Ok(operation::table
        .filter(operation::instance_id.eq(instance.text()).and(operation::state.eq("live")).and(operation::kind.ne("rehearse")))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.map(Operation::try_from).transpose()
}

/// Every live operation that changes an instance. For the watcher.
///
/// # Errors
/// When the store fails.
pub async fn live(store: &Store) -> Result<Vec<Operation>> {
    let rows: Vec<Row> = read!(store, |c| Ok(operation::table
        .filter(operation::state.eq("live").and(operation::kind.ne("rehearse")))
        .select(Row::as_select())
        .load(c)
        .await?))?;
    rows.into_iter().map(Operation::try_from).collect()
}

/// Every operation that changes an instance and is live, or ended after `since`.
///
/// # Errors
/// When the store fails.
pub async fn lately(store: &Store, since: Timestamp) -> Result<Vec<Operation>> {
    let rows: Vec<Row> = read!(store, |c| Ok(operation::table
        .filter(operation::kind.ne("rehearse"))
        .filter(operation::state.eq("live").or(operation::finished_at.gt(rows::micros(since))))
        .select(Row::as_select())
        .load(c)
        .await?))?;
    rows.into_iter().map(Operation::try_from).collect()
}

/// Every live operation of a kind, the oldest first.
///
/// # Errors
/// When the store fails.
pub async fn live_of(store: &Store, kind: OperationKind) -> Result<Vec<Operation>> {
    let rows: Vec<Row> = read!(store, |c| Ok(operation::table
        .filter(operation::state.eq("live").and(operation::kind.eq(kind.to_string())))
        .select(Row::as_select())
        .order((operation::created_at.asc(), operation::id.asc()))
        .load(c)
        .await?))?;
    rows.into_iter().map(Operation::try_from).collect()
}

/// A page of operations, newest first.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<Operation>> {
    let ids = match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(|id| id.text()).collect::<Vec<_>>()),
    };
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = operation::table.into_boxed();
            if let Some(ids) = &ids {
                query = query.filter(operation::municipality_id.eq_any(ids));
            }
            if let Some(id) = filter.municipality {
                query = query.filter(operation::municipality_id.eq(id.text()));
            }
            if let Some(slug) = &filter.slug {
                query = query.filter(operation::slug.eq(slug));
            }
            if let Some(state) = &filter.state {
                query = query.filter(operation::state.eq(state));
            }
            if let Some(kind) = &filter.kind {
                query = query.filter(operation::kind.eq(kind));
            }
            query
        };
        let rows: Vec<Row> = query()
            .select(Row::as_select())
            .order((operation::created_at.desc(), operation::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Operation::try_from).collect::<Result<_>>()?, page, total))
}

/// An operation's events after `seq`, in order. The caller has checked that it may see the operation, by [`get`].
///
/// # Errors
/// When the store fails.
pub async fn events_after(store: &Store, id: OperationId, seq: i64) -> Result<Vec<OperationEvent>> {
    let found: Vec<EventRow> = read!(store, |c| Ok(operation_event::table
        .filter(operation_event::operation_id.eq(id.text()).and(operation_event::seq.gt(seq)))
        .select(EventRow::as_select())
        .order(operation_event::seq.asc())
        .load(c)
        .await?))?;
    found.into_iter().map(OperationEvent::try_from).collect()
}

/// When the last operation on an instance ended; none where none has.
///
/// # Errors
/// When the store fails.
pub async fn last_end(store: &Store, instance: InstanceId) -> Result<Option<jiff::Timestamp>> {
    let found: Option<i64> = read!(store, |c| Ok(operation::table
        .filter(operation::instance_id.eq(instance.text()).and(operation::kind.ne("rehearse")))
        .select(diesel::dsl::max(operation::finished_at))
        .first(c)
        .await?))?;
    rows::maybe_time("operation.finished_at", found)
}

/// The instances that a live operation works on. Rehearsals work beside them.
///
/// # Errors
/// When the store fails.
pub async fn live_instances(store: &Store) -> Result<Vec<InstanceId>> {
    let ids: Vec<String> = read!(store, |c| Ok(operation::table
        .filter(operation::state.eq("live").and(operation::kind.ne("rehearse")))
        .select(operation::instance_id)
        .load(c)
        .await?))?;
    ids.iter().map(|id| rows::parse("operation.instance_id", id)).collect()
}

/// The newest operation of a kind on each of these instances. For the watcher, who sees the whole fleet.
///
/// # Errors
/// When the store fails.
pub async fn newest_of(store: &Store, kind: OperationKind, of: &[InstanceId]) -> Result<HashMap<InstanceId, Operation>> {
    let kind = kind.to_string();
    let mut newest = HashMap::new();
    for part in of.chunks(500) {
        let part: Vec<String> = part.iter().map(|id| id.text()).collect();
        let found: Vec<Row> = read!(store, |c| Ok(operation::table
            .filter(operation::kind.eq(&kind).and(operation::instance_id.eq_any(&part)))
            .select(Row::as_select())
            .order(operation::id.asc())
            .load(c)
            .await?))?;
        for row in found {
            let found = Operation::try_from(row)?;
            newest.insert(found.instance, found);
        }
    }
    Ok(newest)
}
