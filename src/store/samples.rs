// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The pages of an instance that every change is judged by.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Store,
    connection::{read, write},
    schema::sample,
};
use crate::{
    error::{Error, Result},
    fleet::{InstanceId, evidence::Sampled},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sample)]
struct Row {
    instance_id: String,
    position: i32,
    blog: i64,
    kind: String,
    host: String,
    path: String,
}

/// The pages that were chosen for an instance, in their order; none where none were chosen yet.
///
/// # Errors
/// When the store fails.
pub async fn of(store: &Store, instance: InstanceId) -> Result<Vec<Sampled>> {
    let rows: Vec<Row> = read!(store, |c| Ok(sample::table
        .filter(sample::instance_id.eq(instance.text()))
        .select(Row::as_select())
        .order(sample::position.asc())
        .load(c)
        .await?))?;
    let page = |row: Row| {
        let blog = u64::try_from(row.blog).map_err(|_| Error::Internal(format!("sample.blog holds {}", row.blog)))?;
        Ok(Sampled { blog, kind: row.kind, host: row.host, path: row.path })
    };
    rows.into_iter().map(page).collect()
}

/// Keeps these pages for an instance, in place of those before.
///
/// # Errors
/// When the store fails or the instance is gone.
pub async fn keep(store: &Store, instance: InstanceId, pages: &[Sampled]) -> Result<()> {
    let row = |(position, page): (usize, &Sampled)| Row {
        instance_id: instance.text(),
        position: i32::try_from(position).unwrap_or(i32::MAX),
        blog: i64::try_from(page.blog).unwrap_or(i64::MAX),
        kind: page.kind.clone(),
        host: page.host.clone(),
        path: page.path.clone(),
    };
    let rows: Vec<Row> = pages.iter().enumerate().map(row).collect();
    write!(store, |c| {
        diesel::delete(sample::table.filter(sample::instance_id.eq(instance.text()))).execute(c).await?;
        for row in &rows {
            diesel::insert_into(sample::table).values(row).execute(c).await?;
        }
        Ok(())
    })
}
