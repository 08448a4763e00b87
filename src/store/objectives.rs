// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What availability municipalities aim at, in thousandths of a per cent over so many days.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::{municipality, objective},
};
use crate::{
    error::{Error, Result},
    fleet::{MunicipalityId, Scope},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = objective)]
struct Row {
    municipality_id: String,
    thousandths: i32,
    days: i32,
    updated_at: i64,
}

/// Thousandths of a per cent, and days.
pub type Aim = (u32, u16);

fn aim(row: &Row) -> Result<Aim> {
    let days = rows::unsigned("objective.days", row.days)?;
    Ok((rows::unsigned("objective.thousandths", row.thousandths)?, u16::try_from(days).unwrap_or(u16::MAX)))
}

/// Every municipality's that has one. For figures, which see the whole fleet.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<HashMap<MunicipalityId, Aim>> {
    let found: Vec<Row> = read!(store, |c| Ok(objective::table.select(Row::as_select()).load(c).await?))?;
    found.iter().map(|row| Ok((rows::parse("objective.municipality_id", &row.municipality_id)?, aim(row)?))).collect()
}

/// A municipality's; none where the default holds.
///
/// # Errors
/// `NotFound` where the scope does not cover it.
pub async fn get(store: &Store, scope: &Scope, of: MunicipalityId) -> Result<Option<Aim>> {
    if !scope.covers(of) {
        return Err(Error::not_found("municipality"));
    }
    let id = of.text();
    let row: Option<Row> = read!(store, |c| Ok(objective::table
        .filter(objective::municipality_id.eq(&id))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.as_ref().map(aim).transpose()
}

/// Writes a municipality's.
///
/// # Errors
/// `NotFound` where the scope does not cover it, or it is gone.
pub async fn put(store: &Store, scope: &Scope, of: MunicipalityId, (thousandths, days): Aim, now: Timestamp) -> Result<()> {
    if !scope.covers(of) {
        return Err(Error::not_found("municipality"));
    }
    let row = Row {
        municipality_id: of.text(),
        thousandths: rows::signed("objective.thousandths", thousandths)?,
        days: i32::from(days),
        updated_at: rows::micros(now),
    };
    write!(store, |c| {
        let there: i64 = municipality::table.filter(municipality::id.eq(&row.municipality_id)).count().get_result(c).await?;
        if there == 0 {
            return Err(Error::not_found("municipality").into());
        }
        diesel::insert_into(objective::table).values(&row).on_conflict(objective::municipality_id).do_update().set(&row).execute(c).await?;
        Ok(())
    })
}
