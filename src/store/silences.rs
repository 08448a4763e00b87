// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! When nobody is told: silences and maintenance windows.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::{municipality, silence},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{MunicipalityId, Scope, Silence, SilenceId},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = silence)]
struct Row {
    id: String,
    planned: bool,
    municipality_id: Option<String>,
    number: Option<i32>,
    starts_at: i64,
    ends_at: i64,
    reason: String,
    created_by: String,
    created_at: i64,
}

fn read_row((row, slug): (Row, Option<String>)) -> Result<Silence> {
    Ok(Silence {
        id: rows::parse("silence.id", &row.id)?,
        planned: row.planned,
        municipality: row.municipality_id.map(|id| rows::parse("silence.municipality_id", &id)).transpose()?,
        slug: slug.map(|slug| rows::parse("municipality.slug", &slug)).transpose()?,
        check: row.number.map(|number| rows::unsigned("silence.number", number)).transpose()?,
        from: rows::time("silence.starts_at", row.starts_at)?,
        until: rows::time("silence.ends_at", row.ends_at)?,
        reason: row.reason,
        by: row.created_by,
        created_at: rows::time("silence.created_at", row.created_at)?,
    })
}

fn owns(scope: &Scope, of: Option<MunicipalityId>) -> bool {
    of.map_or(*scope == Scope::Fleet, |of| scope.covers(of))
}

/// Adds one.
///
/// # Errors
/// `NotFound` where the scope does not cover it.
pub async fn insert(store: &Store, scope: &Scope, new: &Silence) -> Result<()> {
    if !owns(scope, new.municipality) {
        return Err(Error::not_found("municipality"));
    }
    let row = Row {
        id: new.id.text(),
        planned: new.planned,
        municipality_id: new.municipality.map(|id| id.text()),
        number: new.check.map(|number| rows::signed("silence.number", number)).transpose()?,
        starts_at: rows::micros(new.from),
        ends_at: rows::micros(new.until),
        reason: new.reason.clone(),
        created_by: new.by.clone(),
        created_at: rows::micros(new.created_at),
    };
    write!(store, |c| Ok(diesel::insert_into(silence::table).values(&row).execute(c).await.map(drop)?))
}

/// Every silence that holds, will, or ended after `since`. For whoever decides what is told.
///
/// # Errors
/// When the store fails.
pub async fn since(store: &Store, since: Timestamp) -> Result<Vec<Silence>> {
    let found: Vec<(Row, Option<String>)> = read!(store, |c| Ok(silence::table
        .left_join(municipality::table)
        .filter(silence::ends_at.gt(rows::micros(since)))
        .order(silence::starts_at.asc())
        .select((Row::as_select(), municipality::slug.nullable()))
        .load(c)
        .await?))?;
    found.into_iter().map(read_row).collect()
}

/// A page of silences, those that end last first; only those that hold or will where `current`. The fleet's are known to everybody.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, current: Option<Timestamp>, page: PageRequest) -> Result<Page<Silence>> {
    let only: Option<Vec<String>> = match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(MunicipalityId::text).collect()),
    };
    macro_rules! matching {
        () => {{
            let mut query = silence::table.left_join(municipality::table).into_boxed();
            if let Some(only) = &only {
                query = query.filter(silence::municipality_id.eq_any(only).or(silence::municipality_id.is_null()));
            }
            if let Some(now) = current {
                query = query.filter(silence::ends_at.gt(rows::micros(now)));
            }
            query
        }};
    }
    let (found, total): (Vec<(Row, Option<String>)>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((silence::ends_at.desc(), silence::id.desc()))
            .select((Row::as_select(), municipality::slug.nullable()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(read_row).collect::<Result<_>>()?, page, total))
}

/// Ends one now, or takes it back where it has not begun.
///
/// # Errors
/// `NotFound` when there is none of that id, or it is not the scope's; `Conflict` when it is over.
pub async fn end(store: &Store, scope: &Scope, id: SilenceId, now: Timestamp) -> Result<Silence> {
    let one = async || -> Result<Silence> {
        let found: Option<(Row, Option<String>)> = read!(store, |c| Ok(silence::table
            .left_join(municipality::table)
            .filter(silence::id.eq(id.text()))
            .select((Row::as_select(), municipality::slug.nullable()))
            .first(c)
            .await
            .optional()?))?;
        let found = found.map(read_row).transpose()?.filter(|silence| owns(scope, silence.municipality));
        found.ok_or_else(|| Error::not_found("silence"))
    };
    one().await?;
    let at = rows::micros(now);
    let ended = write!(store, |c| {
        let holds = silence::table.filter(silence::id.eq(id.text()).and(silence::ends_at.gt(at)));
        Ok(diesel::update(holds).set(silence::ends_at.eq(at)).execute(c).await?)
    })?;
    if ended == 0 {
        return Err(Error::Conflict(FieldError::new("silence", "silence-over", "it is over already", "there is nothing left to end")));
    }
    one().await
}
