// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Known weaknesses, as imported.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::advisory,
};
use crate::{
    error::{Error, Result},
    fleet::{advisory::Advisory, facts::ComponentKind},
};

/// Asked for at once; SQLite takes no statement with very many values.
const ROWS: usize = 500;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = advisory)]
struct Row {
    source: String,
    id: String,
    kind: String,
    slug: String,
    title: String,
    ranges: String,
    severity: String,
    reference: String,
    imported_at: i64,
}

impl TryFrom<Row> for Advisory {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            source: row.source,
            id: row.id,
            kind: rows::parse("advisory.kind", &row.kind)?,
            slug: row.slug,
            title: row.title,
            ranges: serde_json::from_str(&row.ranges).map_err(|e| Error::Internal(format!("advisory.ranges: {e}")))?,
            severity: row.severity,
            reference: row.reference,
            imported_at: rows::time("advisory.imported_at", row.imported_at)?,
        })
    }
}

/// Puts these in place of all that was imported from this source. The key of each is its id, kind and slug.
///
/// # Errors
/// When the store fails.
pub async fn replace(store: &Store, source: &str, all: &[Advisory]) -> Result<()> {
    let of = |it: &Advisory| {
        Ok(Row {
            source: source.to_owned(),
            id: it.id.clone(),
            kind: it.kind.to_string(),
            slug: it.slug.clone(),
            title: it.title.clone(),
            ranges: serde_json::to_string(&it.ranges).map_err(|e| Error::Internal(e.to_string()))?,
            severity: it.severity.clone(),
            reference: it.reference.clone(),
            imported_at: rows::micros(it.imported_at),
        })
    };
    let all: Vec<Row> = all.iter().map(of).collect::<Result<_>>()?;
    write!(store, |c| {
        diesel::delete(advisory::table.filter(advisory::source.eq(source))).execute(c).await?;
        for row in &all {
            diesel::insert_into(advisory::table).values(row).execute(c).await?;
        }
        Ok(())
    })
}

/// Those on components with these slugs; the caller looks at kinds and versions.
///
/// # Errors
/// When the store fails.
pub async fn on(store: &Store, slugs: &[String]) -> Result<Vec<Advisory>> {
    let mut found = Vec::new();
    for some in slugs.chunks(ROWS) {
        let rows: Vec<Row> =
            read!(store, |c| Ok(advisory::table.filter(advisory::slug.eq_any(some)).select(Row::as_select()).load(c).await?))?;
        found.extend(rows);
    }
    found.into_iter().map(Advisory::try_from).collect()
}

/// A page of them, by component and id; of one component where a slug is given.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, kind: Option<ComponentKind>, slug: Option<&str>, page: PageRequest) -> Result<Page<Advisory>> {
    macro_rules! matching {
        () => {{
            let mut query = advisory::table.into_boxed();
            if let Some(kind) = kind {
                query = query.filter(advisory::kind.eq(kind.to_string()));
            }
            if let Some(slug) = slug {
                query = query.filter(advisory::slug.eq(slug));
            }
            query
        }};
    }
    let (found, total): (Vec<Row>, i64) = read!(store, |c| {
        let total = matching!().count().get_result(c).await?;
        let rows = matching!()
            .order((advisory::slug.asc(), advisory::kind.asc(), advisory::id.asc(), advisory::source.asc()))
            .select(Row::as_select())
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Advisory::try_from).collect::<Result<_>>()?, page, total))
}
