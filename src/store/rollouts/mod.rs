// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts, their members and their history. Whoever writes on an older version than the one at hand writes nothing: neither
//! a watcher whose lease was taken over nor an operator who looked at yesterday's page.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::read,
    rows,
    schema::{rollout, rollout_event as event, rollout_member as member},
};
use crate::{
    error::{Error, Result},
    fleet::{
        InstanceId, MunicipalityId, OperationId, Rollout, RolloutId, Scope,
        rollout::{MemberState, RolloutEvent, RolloutMember},
    },
};

mod join;
mod record;
mod row;

pub(super) use join::{Ask, join};
pub use record::{Change, MemberChange, NewEvent, insert, record};
use row::{EventRow, MemberRow, Row};

fn ids(scope: &Scope) -> Option<Vec<String>> {
    match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(|id| id.text()).collect()),
    }
}

/// The rollout of that id.
///
/// # Errors
/// `NotFound` when there is none, or no member of it is in the scope.
pub async fn get(store: &Store, scope: &Scope, id: RolloutId) -> Result<Rollout> {
    let ids = ids(scope);
    let row: Option<Row> = read!(store, |c| {
        if let Some(ids) = &ids {
            let own: i64 = member::table
                .filter(member::rollout_id.eq(id.text()).and(member::municipality_id.eq_any(ids)))
                .count()
                .get_result(c)
                .await?;
            if own == 0 {
                return Ok(None);
            }
        }
        Ok(rollout::table.filter(rollout::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?)
    })?;
    row.ok_or_else(|| Error::not_found("rollout"))?.try_into()
}

/// A page of rollouts, newest first; a narrower scope sees those that have a member in it.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, state: Option<&str>, page: PageRequest) -> Result<Page<Rollout>> {
    let ids = ids(scope);
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = rollout::table.into_boxed();
            if let Some(ids) = &ids {
                let own = member::table.filter(member::municipality_id.eq_any(ids)).select(member::rollout_id);
                query = query.filter(rollout::id.eq_any(own));
            }
            if let Some(state) = state {
                query = query.filter(rollout::state.eq(state));
            }
            query
        };
        let rows: Vec<Row> = query()
            .select(Row::as_select())
            .order((rollout::created_at.desc(), rollout::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Rollout::try_from).collect::<Result<_>>()?, page, total))
}

/// The members of a rollout that the scope covers, in the plan's order.
///
/// # Errors
/// When the store fails.
pub async fn members(store: &Store, scope: &Scope, id: RolloutId) -> Result<Vec<RolloutMember>> {
    let found: Vec<MemberRow> = read!(store, |c| Ok(member::table
        .filter(member::rollout_id.eq(id.text()))
        .select(MemberRow::as_select())
        .order(member::position.asc())
        .load(c)
        .await?))?;
    let all: Vec<RolloutMember> = found.into_iter().map(RolloutMember::try_from).collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|m| scope.covers(m.municipality)).collect())
}

/// A rollout and its members as they stand at one moment. For the watcher, who sees the whole fleet.
///
/// # Errors
/// `NotFound` when there is none; `StaleLease` when it changes faster than it can be read.
pub async fn whole(store: &Store, id: RolloutId) -> Result<(Rollout, Vec<RolloutMember>)> {
    for _ in 0..10 {
        let before = get(store, &Scope::Fleet, id).await?;
        let members = members(store, &Scope::Fleet, id).await?;
        // Every change counts the version up, so that what was read between two equal ones belongs together.
        if get(store, &Scope::Fleet, id).await?.version == before.version {
            return Ok((before, members));
        }
    }
    Err(Error::StaleLease)
}

/// How many members stand in each state, rollout by rollout; only those that the scope covers.
///
/// # Errors
/// When the store fails.
pub async fn counts(store: &Store, scope: &Scope, of: &[RolloutId]) -> Result<HashMap<RolloutId, HashMap<MemberState, u32>>> {
    let of: Vec<String> = of.iter().map(|id| id.text()).collect();
    let found: Vec<(String, String, String, i64)> = read!(store, |c| Ok(member::table
        .filter(member::rollout_id.eq_any(&of))
        .group_by((member::rollout_id, member::municipality_id, member::state))
        .select((member::rollout_id, member::municipality_id, member::state, diesel::dsl::count_star()))
        .load(c)
        .await?))?;
    let mut counts: HashMap<RolloutId, HashMap<MemberState, u32>> = HashMap::new();
    for (id, municipality, state, count) in found {
        if scope.covers(rows::parse("rollout_member.municipality_id", &municipality)?) {
            let state = rows::parse("rollout_member.state", &state)?;
            let of = counts.entry(rows::parse("rollout_member.rollout_id", &id)?).or_default();
            *of.entry(state).or_default() += u32::try_from(count).unwrap_or(u32::MAX);
        }
    }
    Ok(counts)
}

/// Rollouts that somebody must watch: those that have not come to their end, and those of which something is under way again
/// because an operator said so.
///
/// # Errors
/// When the store fails.
pub async fn watched(store: &Store) -> Result<Vec<RolloutId>> {
    let found: Vec<String> = read!(store, |c| {
        let moving = member::table
            .filter(
                member::state
                    .eq_any(["updating", "reverting", "soaking"])
                    .or(member::state.eq("needs-approval").and(member::approved.eq(true))),
            )
            .select(member::rollout_id);
        Ok(rollout::table
            .filter(rollout::state.eq_any(["running", "paused", "halting", "reverting"]).or(rollout::id.eq_any(moving)))
            .select(rollout::id)
            .order(rollout::created_at.asc())
            .load(c)
            .await?)
    })?;
    found.iter().map(|id| rows::parse("rollout.id", id)).collect()
}

/// Instances that are in a rollout which has not come to its end.
///
/// # Errors
/// When the store fails.
pub async fn bound(store: &Store) -> Result<HashMap<InstanceId, RolloutId>> {
    let found: Vec<(String, String)> = read!(store, |c| Ok(member::table
        .filter(member::bound.eq(true))
        .select((member::instance_id, member::rollout_id))
        .load(c)
        .await?))?;
    found.iter().map(|(i, r)| Ok((rows::parse("rollout_member.instance_id", i)?, rows::parse("rollout_member.rollout_id", r)?))).collect()
}

/// Instances that are watched after their update, the update, and when it began.
///
/// # Errors
/// When the store fails.
pub async fn soaking(store: &Store) -> Result<HashMap<InstanceId, (OperationId, Timestamp)>> {
    let found: Vec<(String, Option<String>, Option<i64>)> = read!(store, |c| Ok(member::table
        .filter(member::state.eq(MemberState::Soaking.to_string()))
        .select((member::instance_id, member::update_id, member::started_at))
        .load(c)
        .await?))?;
    let updated = found.into_iter().filter_map(|(instance, update, started)| Some((instance, update?, started?)));
    let read = |(instance, update, started): (String, String, i64)| {
        let (id, update) = (rows::parse("rollout_member.instance_id", &instance)?, rows::parse("rollout_member.update_id", &update)?);
        Ok((id, (update, rows::time("rollout_member.started_at", started)?)))
    };
    updated.map(read).collect()
}

/// A rollout's events after `seq`, in order; what is about a municipality outside the scope is left out.
///
/// # Errors
/// When the store fails.
pub async fn events_after(store: &Store, scope: &Scope, id: RolloutId, seq: i64) -> Result<Vec<RolloutEvent>> {
    let found: Vec<EventRow> = read!(store, |c| Ok(event::table
        .filter(event::rollout_id.eq(id.text()).and(event::seq.gt(seq)))
        .select(EventRow::as_select())
        .order(event::seq.asc())
        .load(c)
        .await?))?;
    let all: Vec<RolloutEvent> = found.into_iter().map(RolloutEvent::try_from).collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|e| e.municipality.is_none_or(|m: MunicipalityId| scope.covers(m))).collect())
}
