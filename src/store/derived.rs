// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases with an overlay: made for one municipality, never listed among the others.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Store,
    connection::{read, write},
    releases::Row,
    rows,
    schema::{instance, operation, overlay, release, rollout},
    unique_violation,
};
use crate::{
    error::{Error, Result},
    fleet::{
        InstanceId, Inventory, MunicipalityId, OperationKind, OperationState, Overlaid, OverlayId, Release, ReleaseId, overlay::Derived,
        update::Move,
    },
};

/// So many releases of each instance are kept, with the one that it runs: to go back to, and to look at.
pub const KEPT: usize = 3;

/// Adds a release with an overlay, whose image is not built yet. False where that pair, or the name, is there already.
///
/// # Errors
/// When the store fails.
pub async fn insert(store: &Store, new: &Release, of: Derived) -> Result<bool> {
    let row = Row::of(new);
    let values = (&row, release::base_id.eq(Some(of.base.text())), release::overlay_id.eq(Some(of.overlay.text())));
    write!(store, |c| match diesel::insert_into(release::table).values(values).execute(c).await {
        Err(e) if unique_violation(&e).is_some() => Ok(false),
        other => Ok(other.map(|_| true)?),
    })
}

/// The release that was made for a pair.
///
/// # Errors
/// When the store fails.
pub async fn find(store: &Store, of: Derived) -> Result<Option<Release>> {
    let row: Option<Row> = read!(store, |c| Ok(release::table
        .filter(release::base_id.eq(of.base.text()).and(release::overlay_id.eq(of.overlay.text())))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.map(Release::try_from).transpose()
}

/// Notes that its image was built.
///
/// # Errors
/// `NotFound` when the release is gone.
pub async fn built(store: &Store, id: ReleaseId, image_id: &str, digest: &str, inventory: &Inventory) -> Result<()> {
    let text = serde_json::to_string(inventory).map_err(|e| Error::Internal(e.to_string()))?;
    let changed = write!(store, |c| Ok(diesel::update(release::table.filter(release::id.eq(id.text())))
        .set((release::image_id.eq(image_id), release::content.eq(Some(digest)), release::inventory.eq(Some(&text))))
        .execute(c)
        .await?))?;
    if changed == 1 { Ok(()) } else { Err(Error::not_found("release")) }
}

/// What a release was made from; none where it has no overlay.
///
/// # Errors
/// When the store fails.
pub async fn origin(store: &Store, id: ReleaseId) -> Result<Option<Derived>> {
    let row: Option<(Option<String>, Option<String>)> = read!(store, |c| Ok(release::table
        .filter(release::id.eq(id.text()))
        .select((release::base_id, release::overlay_id))
        .first(c)
        .await
        .optional()?))?;
    let Some((Some(base), Some(overlay))) = row else { return Ok(None) };
    Ok(Some(Derived { base: rows::parse("release.base_id", &base)?, overlay: rows::parse("release.overlay_id", &overlay)? }))
}

/// Who has which overlay now, and what was made for them.
///
/// # Errors
/// When the store fails.
pub async fn overlaid(store: &Store) -> Result<Overlaid> {
    let (overlays, made) = read!(store, |c| {
        let overlays: Vec<(String, String, i32, String)> = overlay::table
            .select((overlay::id, overlay::municipality_id, overlay::version, overlay::digest))
            .order(overlay::version.asc())
            .load(c)
            .await?;
        let made: Vec<(String, Option<String>, Option<String>)> = release::table
            .filter(release::overlay_id.is_not_null())
            .select((release::id, release::base_id, release::overlay_id))
            .load(c)
            .await?;
        Ok((overlays, made))
    })?;
    let mut all = Overlaid::default();
    for (id, municipality, version, digest) in overlays {
        let id: OverlayId = rows::parse("overlay.id", &id)?;
        let municipality: MunicipalityId = rows::parse("overlay.municipality_id", &municipality)?;
        all.versions.insert(id, rows::unsigned("overlay.version", version)?);
        // The last one counts; where that holds nothing, there is none.
        all.current.insert(municipality, id);
        if digest.is_empty() {
            all.current.remove(&municipality);
        }
    }
    for (id, base, overlay) in made {
        if let (Some(base), Some(overlay)) = (base, overlay) {
            let of = Derived { base: rows::parse("release.base_id", &base)?, overlay: rows::parse("release.overlay_id", &overlay)? };
            all.derived.insert(rows::parse("release.id", &id)?, of);
        }
    }
    Ok(all)
}

/// Releases with an overlay; those of one base, where that is named.
///
/// # Errors
/// When the store fails.
pub async fn all(store: &Store, base: Option<ReleaseId>) -> Result<Vec<Release>> {
    let found: Vec<Row> = read!(store, |c| {
        let all = release::table.filter(release::overlay_id.is_not_null()).select(Row::as_select()).order(release::created_at.asc());
        match &base {
            Some(id) => Ok(all.filter(release::base_id.eq(id.text())).load(c).await?),
            None => Ok(all.load(c).await?),
        }
    })?;
    found.into_iter().map(Release::try_from).collect()
}

/// The last [`KEPT`] releases of each instance, by its history: what it runs, and what it was moved from and to before.
///
/// # Errors
/// When the store fails.
pub async fn last_of_each(store: &Store) -> Result<BTreeSet<ReleaseId>> {
    let moving = [OperationKind::Update, OperationKind::Revert].map(|kind| kind.to_string());
    let (instances, moves) = read!(store, |c| {
        let instances: Vec<(String, String)> = instance::table.select((instance::id, instance::release_id)).load(c).await?;
        let moves: Vec<(String, String)> = operation::table
            .filter(operation::kind.eq_any(moving.clone()).and(operation::state.eq(OperationState::Done.to_string())))
            .select((operation::instance_id, operation::input))
            .order((operation::created_at.desc(), operation::id.desc()))
            .load(c)
            .await?;
        Ok((instances, moves))
    })?;
    let mut histories: HashMap<InstanceId, Vec<ReleaseId>> = HashMap::new();
    for (id, release) in instances {
        histories.insert(rows::parse("instance.id", &id)?, vec![rows::parse("instance.release_id", &release)?]);
    }
    for (id, input) in moves {
        let Some(history) = histories.get_mut(&rows::parse("operation.instance_id", &id)?) else { continue };
        let Some(asked) = Move::of(&rows::json("operation.input", &input)?) else { continue };
        for release in [asked.to.release, asked.from.release] {
            if history.len() < KEPT && !history.contains(&release) {
                history.push(release);
            }
        }
    }
    Ok(histories.into_values().flatten().collect())
}

/// The releases to which rollouts that are not over move the fleet.
///
/// # Errors
/// When the store fails.
pub async fn awaited(store: &Store) -> Result<BTreeSet<ReleaseId>> {
    let all: Vec<String> =
        read!(store, |c| Ok(rollout::table.filter(rollout::finished_at.is_null()).select(rollout::release_id).load(c).await?))?;
    all.iter().map(|id| rows::parse("rollout.release_id", id)).collect()
}
