// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Instances and their domains.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::{domain, instance, municipality, operation},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Desired, Domain, Environment, Instance, InstanceId, InstanceState, Limits, MunicipalityId, OperationId, ReleaseId, Scope,
        update::Version,
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = instance)]
pub(super) struct Row {
    pub id: String,
    pub municipality_id: String,
    pub environment: String,
    pub network_kind: String,
    pub domain: String,
    pub locale: String,
    pub admin_login: String,
    pub admin_email: String,
    pub release_id: String,
    pub desired: String,
    pub state: String,
    pub reason: String,
    pub slot: i32,
    pub generation: i32,
    pub memory_mib: i32,
    pub cpu_milli: i32,
    pub pids: i32,
    pub created_at: i64,
    pub paused: bool,
}

impl TryFrom<&Instance> for Row {
    type Error = Error;
    fn try_from(i: &Instance) -> Result<Self> {
        Ok(Self {
            id: i.id.text(),
            municipality_id: i.municipality.text(),
            environment: i.environment.to_string(),
            network_kind: i.network_kind.to_string(),
            domain: i.domain.to_string(),
            locale: i.locale.clone(),
            admin_login: i.admin_login.clone(),
            admin_email: i.admin_email.clone(),
            release_id: i.release.text(),
            desired: i.desired.to_string(),
            state: i.state.to_string(),
            reason: i.reason.clone(),
            slot: rows::signed("instance.slot", i.slot)?,
            generation: rows::signed("instance.generation", i.generation)?,
            memory_mib: rows::signed("instance.memory_mib", i.limits.memory_mib)?,
            cpu_milli: rows::signed("instance.cpu_milli", i.limits.cpu_milli)?,
            pids: rows::signed("instance.pids", i.limits.pids)?,
            created_at: rows::micros(i.created_at),
            paused: i.paused,
        })
    }
}

/// An instance's row with its municipality's slug and name.
type Joined = (Row, String, String);

pub(super) fn assemble((row, slug, title): Joined) -> Result<Instance> {
    Ok(Instance {
        id: rows::parse("instance.id", &row.id)?,
        municipality: rows::parse("instance.municipality_id", &row.municipality_id)?,
        slug: rows::parse("municipality.slug", &slug)?,
        title,
        environment: rows::parse("instance.environment", &row.environment)?,
        network_kind: rows::parse("instance.network_kind", &row.network_kind)?,
        domain: rows::parse("instance.domain", &row.domain)?,
        locale: row.locale,
        admin_login: row.admin_login,
        admin_email: row.admin_email,
        release: rows::parse("instance.release_id", &row.release_id)?,
        desired: rows::parse("instance.desired", &row.desired)?,
        state: rows::parse("instance.state", &row.state)?,
        reason: row.reason,
        slot: rows::unsigned("instance.slot", row.slot)?,
        generation: rows::unsigned("instance.generation", row.generation)?,
        paused: row.paused,
        limits: Limits {
            memory_mib: rows::unsigned("instance.memory_mib", row.memory_mib)?,
            cpu_milli: rows::unsigned("instance.cpu_milli", row.cpu_milli)?,
            pids: rows::unsigned("instance.pids", row.pids)?,
        },
        created_at: rows::time("instance.created_at", row.created_at)?,
    })
}

/// The instance of that id.
///
/// # Errors
/// `NotFound` when there is none, or the scope does not cover its municipality.
pub async fn get(store: &Store, scope: &Scope, id: InstanceId) -> Result<Instance> {
    let found: Option<Joined> = read!(store, |c| Ok(instance::table
        .inner_join(municipality::table)
        .filter(instance::id.eq(id.text()))
        .select((Row::as_select(), municipality::slug, municipality::name))
        .first(c)
        .await
        .optional()?))?;
    match found.map(assemble).transpose()? {
        Some(found) if scope.covers(found.municipality) => Ok(found),
        _ => Err(Error::not_found("instance")),
    }
}

/// Every instance that the scope covers, by slug and environment.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store, scope: &Scope) -> Result<Vec<Instance>> {
    let found: Vec<Joined> = read!(store, |c| Ok(instance::table
        .inner_join(municipality::table)
        .select((Row::as_select(), municipality::slug, municipality::name))
        .order((municipality::slug.asc(), instance::environment.asc()))
        .load(c)
        .await?))?;
    let found: Vec<Instance> = found.into_iter().map(assemble).collect::<Result<_>>()?;
    Ok(found.into_iter().filter(|i| scope.covers(i.municipality)).collect())
}

/// Every instance, and whether a live operation works on it, both of one moment: where an operation ends just now, the instance is
/// seen either busy or as the operation left it, never idle and still in the operation's state. Rehearsals work beside them.
///
/// # Errors
/// When the store fails.
pub async fn all_with_work(store: &Store) -> Result<Vec<(Instance, bool)>> {
    // Two statements would be two moments on PostgreSQL, even in a transaction, and on SQLite outside one.
    let found: Vec<(Row, String, String, bool)> = read!(store, |c| {
        let live = operation::table
            .filter(operation::instance_id.eq(instance::id).and(operation::state.eq("live")).and(operation::kind.ne("rehearse")));
        Ok(instance::table
            .inner_join(municipality::table)
            .select((Row::as_select(), municipality::slug, municipality::name, diesel::dsl::exists(live)))
            .order((municipality::slug.asc(), instance::environment.asc()))
            .load(c)
            .await?)
    })?;
    found.into_iter().map(|(row, slug, name, busy)| Ok((assemble((row, slug, name))?, busy))).collect()
}

/// A municipality's instances, production first.
///
/// # Errors
/// When the store fails. A municipality outside the scope has none.
pub async fn of(store: &Store, scope: &Scope, id: MunicipalityId) -> Result<Vec<Instance>> {
    if !scope.covers(id) {
        return Ok(Vec::new());
    }
    let found: Vec<Joined> = read!(store, |c| Ok(instance::table
        .inner_join(municipality::table)
        .filter(instance::municipality_id.eq(id.text()))
        .select((Row::as_select(), municipality::slug, municipality::name))
        .load(c)
        .await?))?;
    let mut found: Vec<Instance> = found.into_iter().map(assemble).collect::<Result<_>>()?;
    found.sort_by_key(|i| i.environment);
    Ok(found)
}

/// A municipality's instance of one environment.
///
/// # Errors
/// `NotFound` when there is none, or the scope does not cover it.
pub async fn of_environment(store: &Store, scope: &Scope, id: MunicipalityId, environment: Environment) -> Result<Instance> {
    of(store, scope, id)
        .await?
        .into_iter()
        .find(|i| i.environment == environment)
        .ok_or_else(|| Error::not_found(format!("{environment} instance")))
}

/// The domains of every instance: name, instance, whether its sub-domains belong to it too.
///
/// # Errors
/// When the store fails.
pub async fn domains(store: &Store) -> Result<Vec<(Domain, InstanceId, bool)>> {
    let found: Vec<(String, String, bool)> = read!(store, |c| Ok(domain::table
        .select((domain::name, domain::instance_id, domain::wildcard))
        .order((domain::created_at.asc(), domain::name.asc()))
        .load(c)
        .await?))?;
    found
        .into_iter()
        .map(|(name, id, wildcard)| Ok((rows::parse("domain.name", &name)?, rows::parse("domain.instance_id", &id)?, wildcard)))
        .collect()
}

/// The instance that a host name leads to, and what it should be doing; for the gateway's question whether a certificate may be had.
///
/// # Errors
/// When the store fails.
pub async fn by_domain(store: &Store, name: &Domain) -> Result<Option<(InstanceId, Desired)>> {
    let parent = name.as_str().split_once('.').map_or("", |(_, parent)| parent).to_owned();
    let found: Vec<(String, String, String)> = read!(store, |c| Ok(domain::table
        .inner_join(instance::table.on(instance::id.eq(domain::instance_id)))
        .filter(domain::name.eq(name.as_str()).or(domain::name.eq(&parent).and(domain::wildcard.eq(true))))
        .select((domain::name, instance::id, instance::desired))
        .load(c)
        .await?))?;
    // The name itself is longer than its parent.
    let closest = found.into_iter().max_by_key(|(name, ..)| name.len());
    closest.map(|(_, id, desired)| Ok((rows::parse("instance.id", &id)?, rows::parse("instance.desired", &desired)?))).transpose()
}

/// Notes what an instance is seen to be doing, and why. Does nothing where an operation has changed its state meanwhile.
///
/// # Errors
/// When the store fails.
pub async fn observe(store: &Store, id: InstanceId, from: InstanceState, to: InstanceState, reason: &str) -> Result<bool> {
    let changed = write!(store, |c| Ok(diesel::update(instance::table)
        .filter(instance::id.eq(id.text()).and(instance::state.eq(from.to_string())))
        .set((instance::state.eq(to.to_string()), instance::reason.eq(reason)))
        .execute(c)
        .await?))?;
    Ok(changed == 1)
}

/// Who writes for an operation: its id and its owner's count.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The operation.
    pub operation: OperationId,
    /// The owner's count.
    pub epoch: i64,
}

/// Inside a `write!`: fails where another has taken the operation.
macro_rules! still_held {
    ($connection:ident, $held:expr) => {{
        use crate::store::schema::operation;
        let held: i64 = operation::table
            .filter(operation::id.eq($held.operation.text()).and(operation::lease_epoch.eq($held.epoch)).and(operation::state.eq("live")))
            .count()
            .get_result($connection)
            .await?;
        if held == 0 {
            return Err(Error::StaleLease.into());
        }
    }};
}

/// Notes whether the gateway holds an instance's visitors back.
///
/// # Errors
/// `StaleLease` when another has taken the operation; nothing is written then.
pub async fn set_paused(store: &Store, held: Held, id: InstanceId, paused: bool) -> Result<()> {
    write!(store, |c| {
        still_held!(c, held);
        diesel::update(instance::table.filter(instance::id.eq(id.text()))).set(instance::paused.eq(paused)).execute(c).await?;
        Ok(())
    })
}

/// Makes an instance what it is moved to, and notes whether its visitors are held back. Does nothing where it is that already.
///
/// # Errors
/// `StaleLease` when another has taken the operation, `Conflict` when the instance is at neither version; nothing is written then.
pub async fn switch(store: &Store, held: Held, id: InstanceId, from: Version, to: Version, paused: bool) -> Result<()> {
    let to_generation = rows::signed("instance.generation", to.generation)?;
    let from_generation = rows::signed("instance.generation", from.generation)?;
    write!(store, |c| {
        still_held!(c, held);
        let changed = diesel::update(instance::table)
            .filter(instance::id.eq(id.text()))
            .filter(
                instance::release_id
                    .eq(from.release.text())
                    .and(instance::generation.eq(from_generation))
                    .or(instance::release_id.eq(to.release.text()).and(instance::generation.eq(to_generation))),
            )
            .set((instance::release_id.eq(to.release.text()), instance::generation.eq(to_generation), instance::paused.eq(paused)))
            .execute(c)
            .await?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::Conflict(FieldError::new(
            "release",
            "moved-meanwhile",
            "the instance runs neither what it is moved from nor what it is moved to",
            "look at its last operations",
        ))
        .into())
    })
}

/// How many instances run a release, with an overlay or without.
///
/// # Errors
/// When the store fails.
pub async fn count_running(store: &Store, release: ReleaseId) -> Result<i64> {
    use super::schema::release as rel;
    let id = release.text();
    read!(store, |c| {
        let with = rel::table.filter(rel::base_id.eq(&id).and(rel::overlay_id.is_not_null())).select(rel::id);
        Ok(instance::table.filter(instance::release_id.eq(&id).or(instance::release_id.eq_any(with))).count().get_result(c).await?)
    })
}
