// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Deleting releases that nothing needs, and removing images that no release needs.

use std::collections::BTreeSet;

use tracing::{info, warn};

use super::{build, inventory, overlay, upload};
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    instances::Tools,
    store,
};

/// A younger image may belong to a build of another control plane that is about to register it.
const YOUNG_SECONDS: i64 = 3600;

/// Deletes a release, and its image where Flotta built it. `confirm` is its name once more.
///
/// # Errors
/// `NotFound` when there is none of that name; `Invalid` when it was not confirmed; `Conflict` when something needs it.
pub async fn delete(tools: &Tools, name: &str, confirm: &str) -> Result<()> {
    let release = store::releases::by_name(&tools.store, name).await?;
    if confirm != release.name {
        return Err(FieldError::new(
            "confirm",
            "not-confirmed",
            format!("deleting release `{name}` was not confirmed"),
            format!("repeat its name to confirm it: {name}"),
        )
        .into());
    }
    let mut uses = store::releases::uses(&tools.store, release.id).await?;
    // What municipalities have made of it goes with it.
    let with = store::derived::all(&tools.store, Some(release.id)).await?;
    for one in &with {
        let more = store::releases::uses(&tools.store, one.id).await?;
        uses.extend(more.into_iter().map(|needs| format!("{needs}, with an overlay")));
    }
    let alone = store::releases::images(&tools.store).await?.iter().filter(|(_, id)| *id == release.image_id).count() == 1;
    if uses.is_empty() && alone {
        // Old containers are kept for a while, to go back to.
        let kept = tools.engine.containers(&tools.settings.fleet).await?.into_iter().filter(|c| c.image == release.image_id);
        uses.extend(kept.map(|container| format!("the container {}", container.name)));
    }
    if !uses.is_empty() {
        let (shown, more) = (uses.iter().take(5).cloned().collect::<Vec<_>>().join(", "), uses.len().saturating_sub(5));
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        return Err(Error::Conflict(FieldError::new(
            "name",
            "release-in-use",
            format!("release `{name}` is needed by {shown}{more}"),
            "move them to another release first; old containers go by themselves, updates.rollback_days after an update",
        )));
    }
    for one in with {
        forget(tools, &one).await?;
    }
    let built = store::releases::origin(&tools.store, release.id).await?.is_some();
    store::releases::delete(&tools.store, release.id).await?;
    if built {
        remove(tools, &release.image).await;
    }
    Ok(())
}

/// Forgets a release with an overlay, and its image.
async fn forget(tools: &Tools, release: &crate::fleet::Release) -> Result<()> {
    match store::releases::delete(&tools.store, release.id).await {
        // Another control plane did it.
        Err(Error::NotFound { .. }) => {}
        other => other?,
    }
    remove(tools, &release.image).await;
    Ok(())
}

/// Removes what builds have left: releases with an overlay that nothing needs, images of this fleet's own that no release needs,
/// folders of what was sent, files of overlays that are gone. Of each instance, the last three releases stay, by its history.
///
/// # Errors
/// When the engine or the store fails.
pub async fn prune(tools: &Tools) -> Result<()> {
    // What a build goes on with is not left over.
    let Ok(_one) = tools.building.try_lock() else { return Ok(()) };
    inventory::clean(tools).await;
    let settings = std::sync::Arc::clone(&tools.settings);
    let swept = tokio::task::spawn_blocking(move || upload::sweep(&settings)).await.map_err(|e| Error::Internal(e.to_string()))?;
    if let Err(error) = swept {
        warn!(%error, "what was sent for builds that broke off could not be removed");
    }
    if let Err(error) = overlay::sweep(tools).await {
        warn!(%error, "files of overlays that are gone could not be removed");
    }
    let hour_ago = tools.clock.now().checked_sub(jiff::SignedDuration::from_secs(YOUNG_SECONDS)).unwrap_or(jiff::Timestamp::MIN);
    for release in overlay::derived::unneeded(tools, hour_ago).await? {
        match forget(tools, &release).await {
            Ok(()) => info!(release = release.name, "a release with an overlay that nothing needs was removed"),
            // Needed since it was looked at.
            Err(Error::Conflict(_)) => {}
            Err(other) => return Err(other),
        }
    }
    // The images first: one that is registered between the two answers is in the second.
    let images = tools.engine.images_of(&build::repository(tools)).await?;
    let needed: BTreeSet<String> = store::releases::images(&tools.store).await?.into_iter().flat_map(|(name, id)| [name, id]).collect();
    let now = tools.clock.now().as_second();
    for image in images {
        let young = now.saturating_sub(image.created) < YOUNG_SECONDS;
        if !young && !needed.contains(&image.reference) && !needed.contains(&image.id) {
            remove(tools, &image.reference).await;
        }
    }
    Ok(())
}

async fn remove(tools: &Tools, reference: &str) {
    match tools.engine.remove_image(reference).await {
        Ok(()) => info!(image = reference, "an image that no release needs was removed"),
        // A container is made from it still: the old one that waits for a rollback, or that of an archive. It goes next time.
        Err(Error::Outside { kind: OutsideKind::Conflict, .. }) => {}
        Err(error) => warn!(image = reference, %error, "an image that no release needs could not be removed; the next try is in an hour"),
    }
}
