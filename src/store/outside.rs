// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What checks are like from outside, and the certificates that were seen.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    checks::{self, covered},
    connection::{read, write},
    rows,
    schema::{finding, health_check as check, health_outside as outside, municipality},
};
use crate::{
    error::Result,
    fleet::{Check, FindingKind, InstanceId, MunicipalityId, Scope, outside::Look},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = outside)]
struct Row {
    number: i32,
    wanted_at: Option<i64>,
    look: String,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = outside)]
#[diesel(treat_none_as_null = true)]
struct New {
    number: i32,
    looked_at: Option<i64>,
    fingerprint: Option<String>,
    issuer: Option<String>,
    ends_at: Option<i64>,
    look: String,
}

/// What is known of a check from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// What was seen last; none where nothing was yet.
    pub look: Option<Look>,
    /// When somebody asked for a look that was not made yet.
    pub wanted_at: Option<Timestamp>,
}

fn known(row: &Row) -> Result<Known> {
    Ok(Known {
        // What an other version wrote, and this one cannot read, is looked at anew.
        look: serde_json::from_str(&row.look).ok(),
        wanted_at: rows::maybe_time("health_outside.wanted_at", row.wanted_at)?,
    })
}

/// At most so many looks, by the check's number, those after one first. For the watcher, which reads all, but not at once.
///
/// # Errors
/// When the store fails.
pub async fn some(store: &Store, after: Option<u32>, most: u32) -> Result<Vec<(u32, Look)>> {
    let after = after.map_or(Ok(-1), |number| rows::signed("health_outside.number", number))?;
    let found: Vec<Row> = read!(store, |c| Ok(outside::table
        .inner_join(check::table)
        .filter(check::gone_at.is_null().and(outside::looked_at.is_not_null()).and(outside::number.gt(after)))
        .order(outside::number.asc())
        .limit(i64::from(most))
        .select(Row::as_select())
        .load(c)
        .await?))?;
    let one = |row: &Row| -> Result<Option<(u32, Look)>> {
        let number = rows::unsigned("health_outside.number", row.number)?;
        Ok(known(row)?.look.map(|look| (number, look)))
    };
    found.iter().filter_map(|row| one(row).transpose()).collect()
}

/// What is known of one check. Nothing is, where it is gone or new.
///
/// # Errors
/// When the store fails.
pub async fn get(store: &Store, number: u32) -> Result<Known> {
    let number = rows::signed("health_outside.number", number)?;
    let found: Option<Row> =
        read!(store, |c| Ok(outside::table.filter(outside::number.eq(number)).select(Row::as_select()).first(c).await.optional()?))?;
    found.as_ref().map(known).transpose().map(Option::unwrap_or_default)
}

/// Notes what was seen of a check; without a look, only that nothing could be. Whoever asked for one before has got it.
///
/// # Errors
/// When the store fails.
pub async fn put(store: &Store, number: u32, look: Option<&Look>, at: Timestamp) -> Result<()> {
    let number = rows::signed("health_outside.number", number)?;
    write!(store, |c| {
        // Whoever is gone meanwhile is not looked at any more.
        let there: i64 = check::table.filter(check::number.eq(number).and(check::gone_at.is_null())).count().get_result(c).await?;
        if there == 0 {
            return Ok(());
        }
        if let Some(look) = look {
            let certificate = look.certificate.as_ref();
            let new = New {
                number,
                looked_at: Some(rows::micros(look.at)),
                fingerprint: certificate.map(|certificate| certificate.fingerprint.clone()),
                issuer: certificate.map(|certificate| certificate.issuer.clone()),
                ends_at: certificate.map(|certificate| rows::micros(certificate.ends)),
                look: serde_json::to_string(look).unwrap_or_default(),
            };
            diesel::insert_into(outside::table).values(&new).on_conflict(outside::number).do_update().set(&new).execute(c).await?;
        }
        let served = outside::table.filter(outside::number.eq(number).and(outside::wanted_at.le(rows::micros(at))));
        diesel::update(served).set(outside::wanted_at.eq(None::<i64>)).execute(c).await?;
        Ok(())
    })
}

/// Somebody wants these checks of a municipality looked at, or all of them. Gives how many there are.
///
/// # Errors
/// When the store fails.
pub async fn want(store: &Store, of: MunicipalityId, only: Option<u32>, now: Timestamp) -> Result<u32> {
    let only = only.map(|number| rows::signed("health_outside.number", number)).transpose()?;
    write!(store, |c| {
        let mut own = check::table.filter(check::municipality_id.eq(of.text()).and(check::gone_at.is_null())).into_boxed();
        if let Some(only) = only {
            own = own.filter(check::number.eq(only));
        }
        let own: Vec<i32> = own.select(check::number).load(c).await?;
        for number in &own {
            let wanted = outside::wanted_at.eq(rows::micros(now));
            diesel::insert_into(outside::table)
                .values((outside::number.eq(number), outside::look.eq(""), wanted))
                .on_conflict(outside::number)
                .do_update()
                .set(wanted)
                .execute(c)
                .await?;
        }
        Ok(u32::try_from(own.len()).unwrap_or(u32::MAX))
    })
}

/// Whatever was found of this kind from outside, of sites of this instance, is looked at again: they told something else since.
///
/// # Errors
/// When the store fails.
pub async fn doubt(store: &Store, instance: InstanceId, kind: FindingKind, now: Timestamp) -> Result<()> {
    write!(store, |c| {
        let open = finding::table
            .filter(finding::resolved_at.is_null().and(finding::kind.eq(kind.to_string())).and(finding::check_number.is_not_null()))
            .select(finding::check_number.assume_not_null());
        let own = check::table.filter(check::instance_id.eq(instance.text()).and(check::gone_at.is_null())).select(check::number);
        let numbers: Vec<i32> = own.filter(check::number.eq_any(open)).load(c).await?;
        diesel::update(outside::table.filter(outside::number.eq_any(numbers)))
            .set(outside::wanted_at.eq(rows::micros(now)))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// The checks that somebody wants looked at. For the watcher.
///
/// # Errors
/// When the store fails.
pub async fn wanted(store: &Store) -> Result<Vec<u32>> {
    let found: Vec<i32> =
        read!(store, |c| Ok(outside::table.filter(outside::wanted_at.is_not_null()).select(outside::number).load(c).await?))?;
    found.into_iter().map(|number| rows::unsigned("health_outside.number", number)).collect()
}

/// Which certificates are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this municipality's.
    pub municipality: Option<MunicipalityId>,
    /// Only those that end before this time.
    pub ends_before: Option<Timestamp>,
}

/// A page of checks with a certificate, what ends first first.
///
/// # Errors
/// When the store fails.
pub async fn certificates(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<(Check, Look)>> {
    let only = covered(scope, filter.municipality);
    macro_rules! matching {
        () => {{
            let joined = outside::table.inner_join(check::table.inner_join(municipality::table));
            let mut query = joined.filter(check::gone_at.is_null().and(outside::ends_at.is_not_null())).into_boxed();
            if let Some(only) = &only {
                query = query.filter(check::municipality_id.eq_any(only));
            }
            if let Some(before) = filter.ends_before {
                query = query.filter(outside::ends_at.lt(rows::micros(before)));
            }
            query
        }};
    }
    let (found, total): (Vec<(checks::Row, String, Row)>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((outside::ends_at.asc(), check::number.asc()))
            .select((checks::Row::as_select(), municipality::slug, Row::as_select()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    let one = |(row, slug, seen): (checks::Row, String, Row)| -> Result<Option<(Check, Look)>> {
        let check = checks::read_row((row, slug))?;
        Ok(known(&seen)?.look.map(|look| (check, look)))
    };
    let items = found.into_iter().filter_map(|row| one(row).transpose()).collect::<Result<_>>()?;
    Ok(Page::new(items, page, total))
}
