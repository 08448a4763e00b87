// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whose status anybody may see.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    municipalities, rows,
    schema::{municipality, status_page as page},
};
use crate::{
    error::{Error, Result},
    fleet::{Municipality, MunicipalityId, Scope},
};

/// Who opened a status page, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The user's address.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

fn covered(scope: &Scope, of: MunicipalityId) -> Result<String> {
    if scope.covers(of) { Ok(of.text()) } else { Err(Error::not_found("municipality")) }
}

/// Who opened a municipality's status page; none where it is closed.
///
/// # Errors
/// `NotFound` where the scope does not cover the municipality.
pub async fn get(store: &Store, scope: &Scope, of: MunicipalityId) -> Result<Option<Opened>> {
    let id = covered(scope, of)?;
    let found: Option<(String, i64)> = read!(store, |c| Ok(page::table
        .filter(page::municipality_id.eq(&id))
        .select((page::opened_by, page::opened_at))
        .first(c)
        .await
        .optional()?))?;
    found.map(|(by, at)| Ok(Opened { by, at: rows::time("status_page.opened_at", at)? })).transpose()
}

/// Opens a municipality's status page. One that is open stays as it was opened.
///
/// # Errors
/// `NotFound` where the scope does not cover the municipality, or it is gone.
pub async fn open(store: &Store, scope: &Scope, of: MunicipalityId, by: &str, now: Timestamp) -> Result<()> {
    let (id, now) = (covered(scope, of)?, rows::micros(now));
    write!(store, |c| {
        let there: i64 = municipality::table.filter(municipality::id.eq(&id)).count().get_result(c).await?;
        if there == 0 {
            return Err(Error::not_found("municipality").into());
        }
        let row = (page::municipality_id.eq(&id), page::opened_by.eq(by), page::opened_at.eq(now));
        diesel::insert_into(page::table).values(row).on_conflict_do_nothing().execute(c).await?;
        Ok(())
    })
}

/// Closes it. One that is closed stays so.
///
/// # Errors
/// `NotFound` where the scope does not cover the municipality.
pub async fn close(store: &Store, scope: &Scope, of: MunicipalityId) -> Result<()> {
    let id = covered(scope, of)?;
    write!(store, |c| Ok(diesel::delete(page::table.filter(page::municipality_id.eq(&id))).execute(c).await.map(drop)?))
}

/// Every municipality whose status page is open, by slug.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store) -> Result<Vec<Municipality>> {
    let found: Vec<municipalities::Row> = read!(store, |c| Ok(municipality::table
        .inner_join(page::table)
        .order(municipality::slug.asc())
        .select(municipalities::Row::as_select())
        .load(c)
        .await?))?;
    found.into_iter().map(Municipality::try_from).collect()
}
