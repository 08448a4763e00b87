// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Backups.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::backup,
};
use crate::{
    error::{Error, Result},
    fleet::{Backup, BackupId, InstanceId, Scope},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = backup)]
struct Row {
    id: String,
    municipality_id: String,
    slug: String,
    instance_id: String,
    kind: String,
    path: String,
    size_bytes: i64,
    manifest_sha256: String,
    created_at: i64,
    verified_at: Option<i64>,
}

impl TryFrom<Row> for Backup {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("backup.id", &row.id)?,
            municipality: rows::parse("backup.municipality_id", &row.municipality_id)?,
            slug: rows::parse("backup.slug", &row.slug)?,
            instance: rows::parse("backup.instance_id", &row.instance_id)?,
            kind: rows::parse("backup.kind", &row.kind)?,
            path: row.path,
            size_bytes: row.size_bytes,
            manifest_sha256: row.manifest_sha256,
            created_at: rows::time("backup.created_at", row.created_at)?,
            verified_at: rows::maybe_time("backup.verified_at", row.verified_at)?,
        })
    }
}

/// Adds a backup; one at the same path is replaced, since a repeated step writes the same archive again.
///
/// # Errors
/// When the store fails.
pub async fn put(store: &Store, new: &Backup) -> Result<()> {
    let row = Row {
        id: new.id.text(),
        municipality_id: new.municipality.text(),
        slug: new.slug.to_string(),
        instance_id: new.instance.text(),
        kind: new.kind.to_string(),
        path: new.path.clone(),
        size_bytes: new.size_bytes,
        manifest_sha256: new.manifest_sha256.clone(),
        created_at: rows::micros(new.created_at),
        verified_at: new.verified_at.map(rows::micros),
    };
    write!(store, |c| {
        diesel::delete(backup::table.filter(backup::path.eq(&row.path))).execute(c).await?;
        diesel::insert_into(backup::table).values(&row).execute(c).await?;
        Ok(())
    })
}

/// Notes that a restore was proved.
///
/// # Errors
/// `NotFound` when there is none of that id.
pub async fn verified(store: &Store, id: BackupId, at: Timestamp) -> Result<()> {
    let changed = write!(store, |c| Ok(diesel::update(backup::table)
        .filter(backup::id.eq(id.text()))
        .set(backup::verified_at.eq(rows::micros(at)))
        .execute(c)
        .await?))?;
    if changed == 1 { Ok(()) } else { Err(Error::not_found("backup")) }
}

/// The backup at that path.
///
/// # Errors
/// When the store fails.
pub async fn by_path(store: &Store, path: &str) -> Result<Option<Backup>> {
    let row: Option<Row> =
        read!(store, |c| Ok(backup::table.filter(backup::path.eq(path)).select(Row::as_select()).first(c).await.optional()?))?;
    row.map(Backup::try_from).transpose()
}

/// A page of backups, newest first; of one slug where given, also when that municipality is gone.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, scope: &Scope, slug: Option<&str>, page: PageRequest) -> Result<Page<Backup>> {
    let ids = match scope {
        Scope::Fleet => None,
        Scope::Municipalities(ids) => Some(ids.iter().map(|id| id.text()).collect::<Vec<_>>()),
    };
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = backup::table.into_boxed();
            if let Some(ids) = &ids {
                query = query.filter(backup::municipality_id.eq_any(ids));
            }
            if let Some(slug) = slug {
                query = query.filter(backup::slug.eq(slug.to_owned()));
            }
            query
        };
        let rows: Vec<Row> = query()
            .select(Row::as_select())
            .order((backup::created_at.desc(), backup::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Backup::try_from).collect::<Result<_>>()?, page, total))
}

/// Every snapshot that was made before.
///
/// # Errors
/// When the store fails.
pub async fn snapshots_before(store: &Store, before: Timestamp) -> Result<Vec<Backup>> {
    let rows: Vec<Row> = read!(store, |c| Ok(backup::table
        .filter(backup::kind.eq("snapshot").and(backup::created_at.lt(rows::micros(before))))
        .select(Row::as_select())
        .order(backup::created_at.asc())
        .load(c)
        .await?))?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// Every backup of an instance, oldest first.
///
/// # Errors
/// When the store fails.
pub async fn of(store: &Store, instance: InstanceId) -> Result<Vec<Backup>> {
    let rows: Vec<Row> = read!(store, |c| Ok(backup::table
        .filter(backup::instance_id.eq(instance.text()))
        .select(Row::as_select())
        .order((backup::created_at.asc(), backup::id.asc()))
        .load(c)
        .await?))?;
    rows.into_iter().map(Backup::try_from).collect()
}

/// Forgets every backup of an instance (their files are removed by the caller).
///
/// # Errors
/// When the store fails.
pub async fn forget(store: &Store, instance: InstanceId) -> Result<()> {
    write!(store, |c| Ok(diesel::delete(backup::table.filter(backup::instance_id.eq(instance.text()))).execute(c).await.map(drop)?))
}

/// Forgets the backup at that path.
///
/// # Errors
/// When the store fails.
pub async fn forget_path(store: &Store, path: &str) -> Result<()> {
    write!(store, |c| Ok(diesel::delete(backup::table.filter(backup::path.eq(path))).execute(c).await.map(drop)?))
}
