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
    schema::{instance, operation, release, rollout, rollout_member, rollout_policy},
    unique_violation,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Channel, Inventory, OperationState, Origin, Release, ReleaseId},
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = release)]
pub(super) struct Row {
    id: String,
    name: String,
    image: String,
    image_id: String,
    contract: String,
    channel: String,
    created_at: i64,
}

impl Row {
    pub(super) fn of(new: &Release) -> Self {
        Self {
            id: new.id.text(),
            name: new.name.clone(),
            image: new.image.clone(),
            image_id: new.image_id.clone(),
            contract: new.contract.to_string(),
            channel: new.channel.to_string(),
            created_at: rows::micros(new.created_at),
        }
    }
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
    put(store, new, None).await
}

/// Adds a release that Flotta built, with what it was built from and what is in it.
///
/// # Errors
/// `Conflict` when the name is taken.
pub async fn insert_built(store: &Store, new: &Release, origin: &Origin, inventory: &Inventory) -> Result<()> {
    let document = serde_json::to_string(inventory).map_err(|e| Error::Internal(e.to_string()))?;
    put(store, new, Some((origin, document))).await
}

async fn put(store: &Store, new: &Release, built: Option<(&Origin, String)>) -> Result<()> {
    let row = Row::of(new);
    let (base, content, document) = match built {
        Some((origin, document)) => (origin.base.map(|id| id.text()), Some(origin.content.clone()), Some(document)),
        None => (None, None, None),
    };
    let values = (&row, release::base_id.eq(base), release::content.eq(content), release::inventory.eq(document));
    write!(store, |c| match diesel::insert_into(release::table).values(values).execute(c).await {
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

/// The release of that name. One with an overlay is nobody's to name: it follows from the release and the overlay.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn by_name(store: &Store, name: &str) -> Result<Release> {
    let row: Option<Row> = read!(store, |c| Ok(release::table
        .filter(release::name.eq(name).and(release::overlay_id.is_null()))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
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

/// The names of all releases, by id; for showing what refers to them. One with an overlay goes by the name of the release that
/// it was made from.
///
/// # Errors
/// When the store fails.
pub async fn names(store: &Store) -> Result<HashMap<ReleaseId, String>> {
    let all: Vec<(String, String, Option<String>, Option<String>)> =
        read!(store, |c| Ok(release::table.select((release::id, release::name, release::base_id, release::overlay_id)).load(c).await?))?;
    let plain: HashMap<&str, &str> = all.iter().map(|(id, name, ..)| (id.as_str(), name.as_str())).collect();
    let shown =
        |name: &String, base: &Option<String>| base.as_deref().and_then(|id| plain.get(id)).map_or(name.clone(), |n| (*n).to_owned());
    all.iter()
        .map(|(id, name, base, overlay)| {
            let name = if overlay.is_some() { shown(name, base) } else { name.clone() };
            Ok((rows::parse("release.id", id)?, name))
        })
        .collect()
}

/// A page of releases, newest first; without those that have an overlay.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, page: PageRequest) -> Result<Page<Release>> {
    let (found, total) = read!(store, |c| {
        let rows: Vec<Row> = release::table
            .filter(release::overlay_id.is_null())
            .select(Row::as_select())
            .order((release::created_at.desc(), release::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = release::table.filter(release::overlay_id.is_null()).count().get_result(c).await?;
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

/// What is in a release, where that was read already.
///
/// # Errors
/// When the store fails.
pub async fn inventory(store: &Store, id: ReleaseId) -> Result<Option<Inventory>> {
    let text: Option<Option<String>> =
        read!(store, |c| Ok(release::table.filter(release::id.eq(id.text())).select(release::inventory).first(c).await.optional()?))?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| Error::Internal(format!("release.inventory: {e}")));
    text.flatten().map(read).transpose()
}

/// Keeps what was read from a release's image.
///
/// # Errors
/// `NotFound` when there is no release of that id.
pub async fn set_inventory(store: &Store, id: ReleaseId, inventory: &Inventory) -> Result<()> {
    let text = serde_json::to_string(inventory).map_err(|e| Error::Internal(e.to_string()))?;
    let changed = write!(store, |c| Ok(diesel::update(release::table)
        .filter(release::id.eq(id.text()))
        .set(release::inventory.eq(Some(&text)))
        .execute(c)
        .await?))?;
    if changed == 1 { Ok(()) } else { Err(Error::not_found("release")) }
}

/// What a release was built from; none where Flotta did not build it.
///
/// # Errors
/// When the store fails.
pub async fn origin(store: &Store, id: ReleaseId) -> Result<Option<Origin>> {
    let row: Option<(Option<String>, Option<String>)> = read!(store, |c| Ok(release::table
        .filter(release::id.eq(id.text()))
        .select((release::base_id, release::content))
        .first(c)
        .await
        .optional()?))?;
    let Some((base, Some(content))) = row else { return Ok(None) };
    let base = base.map(|text| rows::parse("release.base_id", &text)).transpose()?;
    Ok(Some(Origin { base, content }))
}

/// What needs a release, each in words for people; empty where nothing does. Whoever refers to releases adds to it.
///
/// # Errors
/// When the store fails.
pub async fn uses(store: &Store, id: ReleaseId) -> Result<Vec<String>> {
    let instances: Vec<(String, String)> = read!(store, |c| Ok(instance::table
        .inner_join(super::schema::municipality::table)
        .filter(instance::release_id.eq(id.text()))
        .select((super::schema::municipality::slug, instance::environment))
        .order(super::schema::municipality::slug)
        .load(c)
        .await?))?;
    // What an operation moves from and to stands in its input, by id; one that has stopped may be tried again.
    let over = [OperationState::Done, OperationState::Undone].map(|state| state.to_string());
    let operations: Vec<(String, String)> = read!(store, |c| Ok(operation::table
        .filter(operation::input.like(format!("%{}%", id.text())))
        .filter(operation::state.ne_all(over.clone()))
        .select((operation::kind, operation::slug))
        .order(operation::slug)
        .load(c)
        .await?))?;
    // Of a rollout that is not over, what it moves to and what its members come from; and what an instance is pinned to.
    let rollouts: Vec<String> = read!(store, |c| {
        let from = rollout_member::table.filter(rollout_member::from_release_id.eq(id.text())).select(rollout_member::rollout_id);
        Ok(rollout::table
            .filter(rollout::finished_at.is_null())
            .filter(rollout::release_id.eq(id.text()).or(rollout::id.eq_any(from)))
            .select(rollout::release_name)
            .order(rollout::id)
            .load(c)
            .await?)
    })?;
    let pins: i64 =
        read!(store, |c| Ok(rollout_policy::table.filter(rollout_policy::pin_release_id.eq(id.text())).count().get_result(c).await?))?;
    let mut all: Vec<String> = instances.into_iter().map(|(slug, environment)| format!("the {environment} instance of {slug}")).collect();
    all.extend(operations.into_iter().map(|(kind, slug)| format!("the operation `{kind}` of {slug}")));
    all.extend(rollouts.into_iter().map(|name| format!("the rollout to {name}")));
    all.extend((pins > 0).then(|| format!("{pins} instances that are pinned to it")));
    Ok(all)
}

/// Forgets a release. Look at [`uses`] first; what came in between is refused by the store itself.
///
/// # Errors
/// `Conflict` when an instance runs it; `NotFound` when there is none of that id.
pub async fn delete(store: &Store, id: ReleaseId) -> Result<()> {
    let changed = write!(store, |c| {
        let running: i64 = instance::table.filter(instance::release_id.eq(id.text())).count().get_result(c).await?;
        if running > 0 {
            return Err(in_use(running).into());
        }
        match diesel::delete(release::table.filter(release::id.eq(id.text()))).execute(c).await {
            Err(diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::ForeignKeyViolation, _)) => Err(in_use(1).into()),
            other => Ok(other?),
        }
    })?;
    if changed == 1 { Ok(()) } else { Err(Error::not_found("release")) }
}

fn in_use(running: i64) -> Error {
    Error::Conflict(FieldError::new(
        "name",
        "release-in-use",
        format!("{running} instances run the release"),
        "move them to another release first",
    ))
}

/// The names by which releases know their images, and the images' ids.
///
/// # Errors
/// When the store fails.
pub async fn images(store: &Store) -> Result<Vec<(String, String)>> {
    read!(store, |c| Ok(release::table.select((release::image, release::image_id)).load(c).await?))
}

/// The newest stable release that was registered before this one.
///
/// # Errors
/// When the store fails.
pub async fn stable_before(store: &Store, release: &Release) -> Result<Option<Release>> {
    let row: Option<Row> = read!(store, |c| Ok(release::table
        .filter(release::channel.eq(Channel::Stable.to_string()))
        .filter(release::created_at.lt(rows::micros(release.created_at)))
        .select(Row::as_select())
        .order(release::created_at.desc())
        .first(c)
        .await
        .optional()?))?;
    row.map(Release::try_from).transpose()
}
