// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What instances' own people decided about rollouts.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::{instance, rollout_policy as policy},
};
use crate::{
    error::{Error, Result},
    fleet::{Instance, InstanceId, Policy, Scope, policy::Hold},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = policy)]
#[diesel(treat_none_as_null = true)]
struct Row {
    instance_id: String,
    hold_reason: Option<String>,
    hold_until: Option<i64>,
    hold_by: String,
    hold_since: Option<i64>,
    pin_release_id: Option<String>,
    hours: Option<String>,
    updated_at: i64,
}

impl TryFrom<Row> for Policy {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let until = rows::maybe_time("rollout_policy.hold_until", row.hold_until)?;
        let since = rows::maybe_time("rollout_policy.hold_since", row.hold_since)?;
        let by = row.hold_by;
        Ok(Self {
            instance: rows::parse("rollout_policy.instance_id", &row.instance_id)?,
            hold: row.hold_reason.zip(since).map(|(reason, since)| Hold { reason, until, by, since }),
            pin: row.pin_release_id.map(|id| rows::parse("rollout_policy.pin_release_id", &id)).transpose()?,
            window: row.hours.map(|text| rows::parse("rollout_policy.hours", &text)).transpose()?,
        })
    }
}

/// Every policy, by instance. For the watcher and the planner, who see the whole fleet.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<HashMap<InstanceId, Policy>> {
    let found: Vec<Row> = read!(store, |c| Ok(policy::table.select(Row::as_select()).load(c).await?))?;
    found.into_iter().map(|row| Policy::try_from(row).map(|p| (p.instance, p))).collect()
}

/// An instance's policy.
///
/// # Errors
/// `NotFound` where the scope does not cover its municipality.
pub async fn get(store: &Store, scope: &Scope, of: &Instance) -> Result<Policy> {
    if !scope.covers(of.municipality) {
        return Err(Error::not_found("instance"));
    }
    let id = of.id.text();
    let row: Option<Row> =
        read!(store, |c| Ok(policy::table.filter(policy::instance_id.eq(&id)).select(Row::as_select()).first(c).await.optional()?))?;
    row.map_or_else(|| Ok(Policy::none(of.id)), Policy::try_from)
}

/// Writes an instance's policy.
///
/// # Errors
/// `NotFound` where the scope does not cover its municipality, or the instance is gone.
pub async fn put(store: &Store, scope: &Scope, of: &Instance, new: &Policy, now: Timestamp) -> Result<()> {
    if !scope.covers(of.municipality) {
        return Err(Error::not_found("instance"));
    }
    let row = Row {
        instance_id: of.id.text(),
        hold_reason: new.hold.as_ref().map(|h| h.reason.clone()),
        hold_until: new.hold.as_ref().and_then(|h| h.until).map(rows::micros),
        hold_by: new.hold.as_ref().map(|h| h.by.clone()).unwrap_or_default(),
        hold_since: new.hold.as_ref().map(|h| rows::micros(h.since)),
        pin_release_id: new.pin.map(|id| id.text()),
        hours: new.window.as_ref().map(ToString::to_string),
        updated_at: rows::micros(now),
    };
    write!(store, |c| {
        let there: i64 = instance::table.filter(instance::id.eq(&row.instance_id)).count().get_result(c).await?;
        if there == 0 {
            return Err(Error::not_found("instance").into());
        }
        diesel::insert_into(policy::table).values(&row).on_conflict(policy::instance_id).do_update().set(&row).execute(c).await?;
        Ok(())
    })
}
