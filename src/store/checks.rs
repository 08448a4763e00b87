// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is checked, and how it was found last.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{one_at_a_time, read, write},
    rows,
    schema::{health_check as check, municipality},
};
use crate::{
    error::{Error, Result},
    fleet::{
        Check, InstanceId, MunicipalityId, Scope,
        check::Tally,
        health::{Failure, Health},
    },
};

pub mod past;

#[derive(Queryable, Selectable)]
#[diesel(table_name = check)]
struct Row {
    number: i32,
    municipality_id: String,
    instance_id: Option<String>,
    blog: Option<i64>,
    host: String,
    path: String,
    label: String,
    health: String,
    failure: Option<String>,
    since: Option<i64>,
    created_at: i64,
}

#[derive(Insertable)]
#[diesel(table_name = check)]
struct New {
    number: i32,
    municipality_id: String,
    instance_id: Option<String>,
    blog: Option<i64>,
    host: String,
    path: String,
    label: String,
    health: String,
    standing: String,
    created_at: i64,
}

fn read_row((row, slug): (Row, String)) -> Result<Check> {
    let blog = row.blog.map(|blog| u64::try_from(blog).map_err(|_| Error::Internal(format!("health_check.blog holds {blog}"))));
    Ok(Check {
        number: rows::unsigned("health_check.number", row.number)?,
        municipality: rows::parse("health_check.municipality_id", &row.municipality_id)?,
        slug: rows::parse("municipality.slug", &slug)?,
        instance: row.instance_id.map(|id| rows::parse("health_check.instance_id", &id)).transpose()?,
        blog: blog.transpose()?,
        host: row.host,
        path: row.path,
        label: row.label,
        health: rows::parse("health_check.health", &row.health)?,
        failure: row.failure.map(|word| rows::parse("health_check.failure", &word)).transpose()?,
        since: rows::maybe_time("health_check.since", row.since)?,
        created_at: rows::time("health_check.created_at", row.created_at)?,
    })
}

/// A site of an instance, as the instance tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// WordPress's number.
    pub blog: u64,
    /// Its host, with the port where it is not 443.
    pub host: String,
    /// Its path, beginning with a slash.
    pub path: String,
}

/// What is remembered of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Which.
    pub number: u32,
    /// In which state it is.
    pub health: Health,
    /// How it fails.
    pub failure: Option<Failure>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// All of it, in the watcher's own form (JSON).
    pub standing: String,
}

/// Every check with what is remembered of it, by number. For the watcher.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<Vec<(Check, String)>> {
    let found: Vec<(Row, String, String)> = read!(store, |c| Ok(check::table
        .inner_join(municipality::table)
        .filter(check::gone_at.is_null())
        .order(check::number.asc())
        .select((Row::as_select(), municipality::slug, check::standing))
        .load(c)
        .await?))?;
    found.into_iter().map(|(row, slug, standing)| Ok((read_row((row, slug))?, standing))).collect()
}

/// Makes the checks of an instance those of these sites. Gives whether anything had to be changed.
///
/// # Errors
/// When the store fails.
pub async fn sync(store: &Store, of: MunicipalityId, instance: InstanceId, found: &[Found], now: Timestamp) -> Result<bool> {
    let (of, instance, now) = (of.text(), instance.text(), rows::micros(now));
    let wanted: BTreeMap<i64, &Found> = found.iter().filter_map(|site| Some((i64::try_from(site.blog).ok()?, site))).collect();
    write!(store, |c| {
        one_at_a_time!(c, "health-check");
        let there: Vec<(i32, Option<i64>, String, String)> = check::table
            .filter(check::instance_id.eq(&instance).and(check::gone_at.is_null()))
            .select((check::number, check::blog, check::host, check::path))
            .load(c)
            .await?;
        let mut known = BTreeSet::new();
        let mut changed = false;
        for (number, blog, host, path) in there {
            let row = check::table.filter(check::number.eq(number));
            match blog.and_then(|blog| wanted.get(&blog).map(|site| (blog, site))) {
                Some((blog, site)) => {
                    known.insert(blog);
                    if (&site.host, &site.path) != (&host, &path) {
                        diesel::update(row).set((check::host.eq(&site.host), check::path.eq(&site.path))).execute(c).await?;
                        changed = true;
                    }
                }
                None => {
                    diesel::update(row).set(check::gone_at.eq(now)).execute(c).await?;
                    changed = true;
                }
            }
        }
        let last: Option<i32> = check::table.select(diesel::dsl::max(check::number)).first(c).await?;
        let mut number = last.unwrap_or(-1);
        let there: i64 = municipality::table.filter(municipality::id.eq(&of)).count().get_result(c).await?;
        // Whoever is gone meanwhile is checked no more.
        for (blog, site) in wanted.iter().filter(|(blog, _)| there > 0 && !known.contains(blog)) {
            number += 1;
            let new = New {
                number,
                municipality_id: of.clone(),
                instance_id: Some(instance.clone()),
                blog: Some(*blog),
                host: site.host.clone(),
                path: site.path.clone(),
                label: String::new(),
                health: Health::Unknown.to_string(),
                standing: String::new(),
                created_at: now,
            };
            diesel::insert_into(check::table).values(&new).execute(c).await?;
            changed = true;
        }
        Ok(changed)
    })
}

/// Ends the checks of instances that are not among these.
///
/// # Errors
/// When the store fails.
pub async fn keep_only(store: &Store, instances: &[InstanceId], now: Timestamp) -> Result<bool> {
    let kept: Vec<String> = instances.iter().map(InstanceId::text).collect();
    let ended = write!(store, |c| Ok(diesel::update(check::table)
        .filter(check::gone_at.is_null().and(check::instance_id.is_not_null()).and(check::instance_id.ne_all(&kept)))
        .set(check::gone_at.eq(rows::micros(now)))
        .execute(c)
        .await?))?;
    Ok(ended > 0)
}

/// Writes what is remembered of checks.
///
/// # Errors
/// When the store fails.
pub async fn remember(store: &Store, all: &[Remembered]) -> Result<()> {
    // In parts, so that nobody else waits long for the one writer.
    for some in all.chunks(500) {
        write!(store, |c| {
            for one in some {
                diesel::update(check::table.filter(check::number.eq(rows::signed("health_check.number", one.number)?)))
                    .set((
                        check::health.eq(one.health.to_string()),
                        check::failure.eq(one.failure.map(|failure| failure.to_string())),
                        check::since.eq(one.since.map(rows::micros)),
                        check::standing.eq(&one.standing),
                    ))
                    .execute(c)
                    .await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Which checks are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this municipality's.
    pub municipality: Option<MunicipalityId>,
    /// Only those in one of these states; empty is every state.
    pub health: Vec<Health>,
}

/// The municipalities that are looked at, by id: the one asked for where the scope covers it, or all that it covers; none is all.
pub(super) fn covered(scope: &Scope, municipality: Option<MunicipalityId>) -> Option<Vec<String>> {
    match (scope, municipality) {
        (Scope::Fleet, None) => None,
        (scope, Some(id)) => Some(if scope.covers(id) { vec![id.text()] } else { Vec::new() }),
        (Scope::Municipalities(ids), None) => Some(ids.iter().map(MunicipalityId::text).collect()),
    }
}

/// A page of checks, by municipality and number.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<Check>> {
    let only = covered(scope, filter.municipality);
    let states: Vec<String> = filter.health.iter().map(ToString::to_string).collect();
    macro_rules! matching {
        () => {{
            let mut query = check::table.inner_join(municipality::table).filter(check::gone_at.is_null()).into_boxed();
            if let Some(only) = &only {
                query = query.filter(check::municipality_id.eq_any(only));
            }
            if !states.is_empty() {
                query = query.filter(check::health.eq_any(&states));
            }
            query
        }};
    }
    let (found, total): (Vec<(Row, String)>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((municipality::slug.asc(), check::number.asc()))
            .select((Row::as_select(), municipality::slug))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(read_row).collect::<Result<_>>()?, page, total))
}

/// The checks of these instances that are known not to serve, by number.
///
/// # Errors
/// When the store fails.
pub async fn ill_of(store: &Store, instances: &[InstanceId]) -> Result<Vec<Check>> {
    let of: Vec<String> = instances.iter().map(InstanceId::text).collect();
    let ill: Vec<String> = Health::ALL.iter().filter(|health| health.is_ill()).map(ToString::to_string).collect();
    let found: Vec<(Row, String)> = read!(store, |c| Ok(check::table
        .inner_join(municipality::table)
        .filter(check::gone_at.is_null().and(check::instance_id.eq_any(&of)).and(check::health.eq_any(&ill)))
        .order(check::number.asc())
        .select((Row::as_select(), municipality::slug))
        .load(c)
        .await?))?;
    found.into_iter().map(read_row).collect()
}

/// One check.
///
/// # Errors
/// `NotFound` when there is none of that number, or the scope does not cover its municipality.
pub async fn get(store: &Store, scope: &Scope, number: u32) -> Result<Check> {
    let missing = || Error::not_found(format!("check {number}"));
    let at = i32::try_from(number).map_err(|_| missing())?;
    let found: Option<(Row, String)> = read!(store, |c| Ok(check::table
        .inner_join(municipality::table)
        .filter(check::gone_at.is_null().and(check::number.eq(at)))
        .select((Row::as_select(), municipality::slug))
        .first(c)
        .await
        .optional()?))?;
    let check = found.map(read_row).transpose()?.ok_or_else(missing)?;
    if scope.covers(check.municipality) { Ok(check) } else { Err(missing()) }
}

/// How many checks of each municipality are in which state, by slug; also of those that have none.
///
/// # Errors
/// When the store fails.
pub async fn tallies(store: &Store, scope: &Scope) -> Result<Vec<Tally>> {
    let (all, counted) = read!(store, |c| {
        let all = municipality::table.order(municipality::slug.asc()).select((municipality::id, municipality::slug, municipality::name));
        let counted = check::table.filter(check::gone_at.is_null()).group_by((check::municipality_id, check::health)).select((
            check::municipality_id,
            check::health,
            diesel::dsl::count_star(),
        ));
        let all: Vec<(String, String, String)> = all.load(c).await?;
        let counted: Vec<(String, String, i64)> = counted.load(c).await?;
        Ok((all, counted))
    })?;
    let mut states: BTreeMap<String, BTreeMap<Health, u32>> = BTreeMap::new();
    for (of, health, count) in counted {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        states.entry(of).or_default().insert(rows::parse("health_check.health", &health)?, count);
    }
    let one = |(id, slug, name): (String, String, String)| {
        let states = states.remove(&id).unwrap_or_default();
        let municipality = rows::parse("municipality.id", &id)?;
        Ok(Tally { municipality, slug: rows::parse("municipality.slug", &slug)?, name, states })
    };
    let all: Vec<Tally> = all.into_iter().map(one).collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|tally| scope.covers(tally.municipality)).collect())
}
