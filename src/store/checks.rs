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
    error::{Error, FieldError, Result},
    fleet::{
        Check, InstanceId, MunicipalityId, Scope,
        check::Tally,
        health::{Failure, Health},
        outside::{Expects, NewAddress},
    },
};

pub mod past;

#[derive(Queryable, Selectable)]
#[diesel(table_name = check)]
pub(super) struct Row {
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
    plain: bool,
    status: Option<i32>,
    keyword: String,
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
    plain: bool,
    status: Option<i32>,
    keyword: String,
}

pub(super) fn read_row((row, slug): (Row, String)) -> Result<Check> {
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
        expects: row.blog.is_none().then(|| Expects {
            plain: row.plain,
            status: row.status.and_then(|status| u16::try_from(status).ok()),
            keyword: row.keyword,
        }),
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

/// At most so many checks with what is remembered of each, by number, those after one first. For the watcher, which reads all, but
/// not at once: 87,000 rows take a hundred megabytes on their way.
///
/// # Errors
/// When the store fails.
pub async fn some(store: &Store, after: Option<u32>, most: u32) -> Result<Vec<(Check, String)>> {
    let after = after.map_or(Ok(-1), |number| rows::signed("health_check.number", number))?;
    let found: Vec<(Row, String, String)> = read!(store, |c| Ok(check::table
        .inner_join(municipality::table)
        .filter(check::gone_at.is_null().and(check::number.gt(after)))
        .order(check::number.asc())
        .limit(i64::from(most))
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
                plain: false,
                status: None,
                keyword: String::new(),
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

/// Adds an address to a municipality, which has at most so many. Gives its number.
///
/// # Errors
/// `Conflict` when it is there already, or there are enough; `NotFound` when the municipality is gone.
pub async fn add(store: &Store, of: MunicipalityId, address: &NewAddress, most: u32, now: Timestamp) -> Result<u32> {
    let of = of.text();
    write!(store, |c| {
        one_at_a_time!(c, "health-check");
        let there: i64 = municipality::table.filter(municipality::id.eq(&of)).count().get_result(c).await?;
        if there == 0 {
            return Err(Error::not_found("municipality").into());
        }
        let own = check::table.filter(check::municipality_id.eq(&of).and(check::blog.is_null()).and(check::gone_at.is_null()));
        let own: Vec<(String, String)> = own.select((check::host, check::path)).load(c).await?;
        if own.contains(&(address.host.clone(), address.path.clone())) {
            let there = FieldError::new("address", "address-there", "this address is checked already", "look at the list of addresses");
            return Err(Error::Conflict(there).into());
        }
        if own.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            let full = format!("the municipality has {most} addresses already");
            let fix = "remove one that nobody needs, or raise outside.most_addresses";
            return Err(Error::Conflict(FieldError::new("address", "too-many-addresses", full, fix)).into());
        }
        let last: Option<i32> = check::table.select(diesel::dsl::max(check::number)).first(c).await?;
        let number = last.unwrap_or(-1) + 1;
        let new = New {
            number,
            municipality_id: of.clone(),
            instance_id: None,
            blog: None,
            host: address.host.clone(),
            path: address.path.clone(),
            label: address.label.clone(),
            health: Health::Unknown.to_string(),
            standing: String::new(),
            created_at: rows::micros(now),
            plain: address.expects.plain,
            status: address.expects.status.map(i32::from),
            keyword: address.expects.keyword.clone(),
        };
        diesel::insert_into(check::table).values(&new).execute(c).await?;
        Ok(u32::try_from(number).unwrap_or_default())
    })
}

/// Ends an address of a municipality. What was seen of it stays in the history.
///
/// # Errors
/// `NotFound` when the municipality has no address of that number.
pub async fn remove(store: &Store, of: MunicipalityId, number: u32, now: Timestamp) -> Result<()> {
    let at = rows::signed("health_check.number", number).map_err(|_| Error::not_found("address"))?;
    let ended = write!(store, |c| {
        let one = check::table.filter(check::number.eq(at).and(check::municipality_id.eq(of.text())));
        let one = one.filter(check::blog.is_null().and(check::gone_at.is_null()));
        Ok(diesel::update(one).set(check::gone_at.eq(rows::micros(now))).execute(c).await?)
    })?;
    if ended == 0 { Err(Error::not_found(format!("address {number}"))) } else { Ok(()) }
}

/// How many addresses there are and the last one's number: what changes when one is added or removed.
///
/// # Errors
/// When the store fails.
pub async fn addresses_mark(store: &Store) -> Result<(i64, Option<i32>)> {
    let own = || check::table.filter(check::blog.is_null().and(check::gone_at.is_null()));
    read!(store, |c| {
        let count = own().count().get_result(c).await?;
        let last = own().select(diesel::dsl::max(check::number)).first(c).await?;
        Ok((count, last))
    })
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
    /// Only addresses that are no sites'.
    pub addresses: bool,
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
            if filter.addresses {
                query = query.filter(check::blog.is_null());
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

/// Every check of these municipalities, by address. For what their public pages show.
///
/// # Errors
/// When the store fails.
pub async fn of(store: &Store, municipalities: &[MunicipalityId]) -> Result<Vec<Check>> {
    let of: Vec<String> = municipalities.iter().map(MunicipalityId::text).collect();
    let found: Vec<(Row, String)> = read!(store, |c| Ok(check::table
        .inner_join(municipality::table)
        .filter(check::gone_at.is_null().and(check::municipality_id.eq_any(&of)))
        .order((check::host.asc(), check::path.asc()))
        .select((Row::as_select(), municipality::slug))
        .load(c)
        .await?))?;
    found.into_iter().map(read_row).collect()
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

/// Which instances serve these checks, also those that are gone.
///
/// # Errors
/// When the store fails.
pub async fn instances_of(store: &Store, numbers: &[u32]) -> Result<BTreeMap<u32, InstanceId>> {
    let numbers: Vec<i32> = numbers.iter().filter_map(|number| i32::try_from(*number).ok()).collect();
    let found: Vec<(i32, Option<String>)> = read!(store, |c| Ok(check::table
        .filter(check::number.eq_any(&numbers).and(check::instance_id.is_not_null()))
        .select((check::number, check::instance_id))
        .load(c)
        .await?))?;
    let one = |(number, id): (i32, Option<String>)| {
        Ok((rows::unsigned("health_check.number", number)?, rows::parse("health_check.instance_id", &id.unwrap_or_default())?))
    };
    found.into_iter().map(one).collect()
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
