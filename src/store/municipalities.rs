// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Municipalities.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Page, PageRequest, Store,
    connection::read,
    rows,
    schema::{instance, municipality},
};
use crate::{
    error::{Error, Result},
    fleet::{Municipality, MunicipalityId, Scope, Slug},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = municipality)]
pub(super) struct Row {
    pub id: String,
    pub slug: String,
    pub name: String,
    pub code: Option<String>,
    pub contact_email: String,
    pub created_at: i64,
}

impl From<&Municipality> for Row {
    fn from(m: &Municipality) -> Self {
        Self {
            id: m.id.text(),
            slug: m.slug.to_string(),
            name: m.name.clone(),
            code: m.code.as_ref().map(ToString::to_string),
            contact_email: m.contact_email.to_string(),
            created_at: rows::micros(m.created_at),
        }
    }
}

impl TryFrom<Row> for Municipality {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("municipality.id", &row.id)?,
            slug: rows::parse("municipality.slug", &row.slug)?,
            name: row.name,
            code: row.code.map(|c| rows::parse("municipality.code", &c)).transpose()?,
            contact_email: rows::parse("municipality.contact_email", &row.contact_email)?,
            created_at: rows::time("municipality.created_at", row.created_at)?,
        })
    }
}

/// Which municipalities a list is to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the name, slug or code.
    pub search: Option<String>,
    /// State of an instance of theirs.
    pub state: Option<String>,
    /// The first two digits of the code.
    pub county: Option<String>,
}

/// The municipality of that slug.
///
/// # Errors
/// `NotFound` when there is none, or the scope does not cover it.
pub async fn by_slug(store: &Store, scope: &Scope, slug: &Slug) -> Result<Municipality> {
    let row: Option<Row> = read!(store, |c| Ok(municipality::table
        .filter(municipality::slug.eq(slug.as_str()))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    match row.map(Municipality::try_from).transpose()? {
        Some(found) if scope.covers(found.id) => Ok(found),
        _ => Err(Error::not_found(format!("municipality `{slug}`"))),
    }
}

/// A page of municipalities by name.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, filter: &Filter, page: PageRequest) -> Result<Page<Municipality>> {
    let ids = match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(|id| id.text()).collect::<Vec<_>>()),
    };
    let matching = match &filter.search {
        Some(text) => Some(search(store, text).await?),
        None => None,
    };
    let county = filter.county.as_ref().map(|text| format!("{}__", escape_like(text)));
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = municipality::table.into_boxed();
            if let Some(ids) = &ids {
                query = query.filter(municipality::id.eq_any(ids));
            }
            if let Some(matching) = &matching {
                query = query.filter(municipality::id.eq_any(matching));
            }
            if let Some(county) = &county {
                query = query.filter(municipality::code.assume_not_null().like(county.clone()).escape('\\'));
            }
            if let Some(state) = &filter.state {
                query = query
                    .filter(municipality::id.eq_any(instance::table.filter(instance::state.eq(state)).select(instance::municipality_id)));
            }
            query
        };
        let rows: Vec<Row> =
            query().select(Row::as_select()).order(municipality::slug.asc()).offset(page.offset()).limit(page.limit()).load(c).await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    let items = found.into_iter().map(Municipality::try_from).collect::<Result<_>>()?;
    Ok(Page::new(items, page, total))
}

/// Every municipality that the scope covers, by slug.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store, scope: &Scope) -> Result<Vec<Municipality>> {
    let found: Vec<Row> =
        read!(store, |c| Ok(municipality::table.select(Row::as_select()).order(municipality::slug.asc()).load(c).await?))?;
    let found: Vec<Municipality> = found.into_iter().map(Municipality::try_from).collect::<Result<_>>()?;
    Ok(found.into_iter().filter(|m| scope.covers(m.id)).collect())
}

/// The slugs of all municipalities, by id; for showing what refers to them.
///
/// # Errors
/// When the store fails.
pub async fn slugs(store: &Store) -> Result<HashMap<MunicipalityId, Slug>> {
    let all: Vec<(String, String)> =
        read!(store, |c| Ok(municipality::table.select((municipality::id, municipality::slug)).load(c).await?))?;
    all.iter().map(|(id, slug)| Ok((rows::parse("municipality.id", id)?, rows::parse("municipality.slug", slug)?))).collect()
}

/// The ids of those whose slug, name or code holds the text, whatever its case. Compared here: SQLite knows no case but ASCII's,
/// PostgreSQL only its locale's, and a fleet has some hundreds.
async fn search(store: &Store, text: &str) -> Result<Vec<String>> {
    let text = text.trim().to_lowercase();
    let all: Vec<(String, String, String, Option<String>)> = read!(store, |c| Ok(municipality::table
        .select((municipality::id, municipality::slug, municipality::name, municipality::code))
        .load(c)
        .await?))?;
    let holds = |slug: &str, name: &str, code: Option<&str>| {
        slug.contains(&text) || name.to_lowercase().contains(&text) || code.is_some_and(|code| code.contains(&text))
    };
    Ok(all.into_iter().filter(|(_, slug, name, code)| holds(slug, name, code.as_deref())).map(|(id, ..)| id).collect())
}

/// How many there are, and the ids of all, for checks over the whole fleet.
///
/// # Errors
/// When the store fails.
pub async fn ids(store: &Store) -> Result<Vec<MunicipalityId>> {
    let ids: Vec<String> = read!(store, |c| Ok(municipality::table.select(municipality::id).load(c).await?))?;
    ids.iter().map(|id| rows::parse("municipality.id", id)).collect()
}

pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
