// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::release,
    unique_violation,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Channel, Release, ReleaseId},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = release)]
struct Row {
    id: String,
    name: String,
    image: String,
    image_id: String,
    contract: String,
    channel: String,
    created_at: i64,
}

impl TryFrom<Row> for Release {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("release.id", &row.id)?,
            name: row.name,
            image: row.image,
            image_id: row.image_id,
            contract: rows::parse("release.contract", &row.contract)?,
            channel: rows::parse("release.channel", &row.channel)?,
            created_at: rows::time("release.created_at", row.created_at)?,
        })
    }
}

/// Adds a release.
///
/// # Errors
/// `Conflict` when the name is taken.
pub async fn insert(store: &Store, new: &Release) -> Result<()> {
    let row = Row {
        id: new.id.text(),
        name: new.name.clone(),
        image: new.image.clone(),
        image_id: new.image_id.clone(),
        contract: new.contract.to_string(),
        channel: new.channel.to_string(),
        created_at: rows::micros(new.created_at),
    };
    write!(store, |c| match diesel::insert_into(release::table).values(&row).execute(c).await {
        Err(e) if unique_violation(&e).is_some() => Err(Error::Conflict(FieldError::new(
            "name",
            "release-taken",
            format!("there is a release `{}` already", new.name),
            "a release never changes: give the new one another name",
        ))
        .into()),
        other => Ok(other.map(drop)?),
    })
}

/// The release of that id.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn get(store: &Store, id: ReleaseId) -> Result<Release> {
    let row: Option<Row> =
        read!(store, |c| Ok(release::table.filter(release::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?))?;
    row.ok_or_else(|| Error::not_found("release"))?.try_into()
}

/// The release of that name.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn by_name(store: &Store, name: &str) -> Result<Release> {
    let row: Option<Row> =
        read!(store, |c| Ok(release::table.filter(release::name.eq(name)).select(Row::as_select()).first(c).await.optional()?))?;
    row.ok_or_else(|| Error::not_found(format!("release `{}`", name.escape_debug())))?.try_into()
}

/// The newest stable release, if there is one.
///
/// # Errors
/// When the store fails.
pub async fn newest_stable(store: &Store) -> Result<Option<Release>> {
    let row: Option<Row> = read!(store, |c| Ok(release::table
        .filter(release::channel.eq(Channel::Stable.to_string()))
        .select(Row::as_select())
        .order(release::created_at.desc())
        .first(c)
        .await
        .optional()?))?;
    row.map(Release::try_from).transpose()
}

/// The names of all releases, by id; for showing what refers to them.
///
/// # Errors
/// When the store fails.
pub async fn names(store: &Store) -> Result<HashMap<ReleaseId, String>> {
    let all: Vec<(String, String)> = read!(store, |c| Ok(release::table.select((release::id, release::name)).load(c).await?))?;
    all.into_iter().map(|(id, name)| Ok((rows::parse("release.id", &id)?, name))).collect()
}

/// A page of releases, newest first.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, page: PageRequest) -> Result<Page<Release>> {
    let (found, total) = read!(store, |c| {
        let rows: Vec<Row> = release::table
            .select(Row::as_select())
            .order((release::created_at.desc(), release::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = release::table.count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(Release::try_from).collect::<Result<_>>()?, page, total))
}

/// Moves a release to another channel.
///
/// # Errors
/// `NotFound` when there is none of that id.
pub async fn set_channel(store: &Store, id: ReleaseId, channel: Channel) -> Result<()> {
    let changed = write!(store, |c| Ok(diesel::update(release::table)
        .filter(release::id.eq(id.text()))
        .set(release::channel.eq(channel.to_string()))
        .execute(c)
        .await?))?;
    if changed == 1 { Ok(()) } else { Err(Error::not_found("release")) }
}
