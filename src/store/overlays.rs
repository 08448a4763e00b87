// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What municipalities add on top of releases: every version that there was.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::{municipality, overlay},
    unique_violation,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{MunicipalityId, Overlay, OverlayId, Scope},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = overlay)]
struct Row {
    id: String,
    municipality_id: String,
    version: i32,
    digest: String,
    holds: String,
    created_by: String,
    created_at: i64,
}

impl TryFrom<Row> for Overlay {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("overlay.id", &row.id)?,
            municipality: rows::parse("overlay.municipality_id", &row.municipality_id)?,
            version: rows::unsigned("overlay.version", row.version)?,
            digest: row.digest,
            holds: serde_json::from_str(&row.holds).map_err(|e| Error::Internal(format!("overlay.holds: {e}")))?,
            by: row.created_by,
            created_at: rows::time("overlay.created_at", row.created_at)?,
        })
    }
}

fn covered(scope: &Scope, of: MunicipalityId) -> Result<()> {
    if scope.covers(of) { Ok(()) } else { Err(Error::not_found("municipality")) }
}

/// Adds a version. Its number must be the next one.
///
/// # Errors
/// `Conflict` when somebody else added that version meanwhile; `NotFound` where the scope does not cover the municipality, or it
/// is gone.
pub async fn insert(store: &Store, scope: &Scope, new: &Overlay) -> Result<()> {
    covered(scope, new.municipality)?;
    let row = Row {
        id: new.id.text(),
        municipality_id: new.municipality.text(),
        version: rows::signed("overlay.version", new.version)?,
        digest: new.digest.clone(),
        holds: serde_json::to_string(&new.holds).map_err(|e| Error::Internal(e.to_string()))?,
        created_by: new.by.clone(),
        created_at: rows::micros(new.created_at),
    };
    write!(store, |c| {
        let there: i64 = municipality::table.filter(municipality::id.eq(&row.municipality_id)).count().get_result(c).await?;
        if there == 0 {
            return Err(Error::not_found("municipality").into());
        }
        match diesel::insert_into(overlay::table).values(&row).execute(c).await {
            Err(e) if unique_violation(&e).is_some() => Err(Error::Conflict(FieldError::new(
                "overlay",
                "overlay-changed",
                "the overlay was changed by somebody else meanwhile",
                "look at it, and change it again",
            ))
            .into()),
            other => Ok(other.map(drop)?),
        }
    })
}

/// A municipality's present version; none where it never had one.
///
/// # Errors
/// `NotFound` where the scope does not cover the municipality.
pub async fn current(store: &Store, scope: &Scope, of: MunicipalityId) -> Result<Option<Overlay>> {
    covered(scope, of)?;
    let row: Option<Row> = read!(store, |c| Ok(overlay::table
        .filter(overlay::municipality_id.eq(of.text()))
        .select(Row::as_select())
        .order(overlay::version.desc())
        .first(c)
        .await
        .optional()?))?;
    row.map(Overlay::try_from).transpose()
}

/// One of a municipality's versions.
///
/// # Errors
/// `NotFound` when there is none of that number, or the scope does not cover the municipality.
pub async fn version(store: &Store, scope: &Scope, of: MunicipalityId, version: u32) -> Result<Overlay> {
    covered(scope, of)?;
    let missing = || Error::not_found(format!("version {version} of the overlay"));
    let number = i32::try_from(version).map_err(|_| missing())?;
    let row: Option<Row> = read!(store, |c| Ok(overlay::table
        .filter(overlay::municipality_id.eq(of.text()).and(overlay::version.eq(number)))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.ok_or_else(missing)?.try_into()
}

/// A page of a municipality's versions, newest first.
///
/// # Errors
/// `NotFound` where the scope does not cover the municipality.
pub async fn list(store: &Store, scope: &Scope, of: MunicipalityId, page: PageRequest) -> Result<Page<Overlay>> {
    covered(scope, of)?;
    let (found, total) = read!(store, |c| {
        let rows: Vec<Row> = overlay::table
            .filter(overlay::municipality_id.eq(of.text()))
            .select(Row::as_select())
            .order(overlay::version.desc())
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = overlay::table.filter(overlay::municipality_id.eq(of.text())).count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Overlay::try_from).collect::<Result<_>>()?, page, total))
}

/// A version by its id; for whoever builds with it.
///
/// # Errors
/// `NotFound` when its municipality is gone.
pub async fn get(store: &Store, id: OverlayId) -> Result<Overlay> {
    let row: Option<Row> =
        read!(store, |c| Ok(overlay::table.filter(overlay::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?))?;
    row.ok_or_else(|| Error::not_found("overlay"))?.try_into()
}

/// What names the files that some version needs.
///
/// # Errors
/// When the store fails.
pub async fn digests(store: &Store) -> Result<BTreeSet<String>> {
    let all: Vec<String> =
        read!(store, |c| Ok(overlay::table.filter(overlay::digest.ne("")).select(overlay::digest).distinct().load(c).await?))?;
    Ok(all.into_iter().collect())
}
