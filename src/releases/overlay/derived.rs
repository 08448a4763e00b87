// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases with an overlay. The row comes first, without an image: whoever needs the image makes it, once, and notes it in the
//! row when it is whole. So two who need it at once make one, and what a killed control plane has left counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tracing::{debug, info};

use super::{keep, misfits};
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{Channel, Instance, Overlay, Release, ReleaseId, Scope, container::ImageBuild, overlay::Derived},
    instances::Tools,
    releases::{
        build::{self, Base, Unfinished},
        content::Kind,
        upload::Upload,
    },
    store,
};

/// Whose fault it is when an overlay and a release do not go together: the municipality's own.
pub const SYSTEM: &str = "overlay";
/// Lines of a log that may wait.
const LINES: usize = 64;

/// What an instance is to run for a release: that one, or, where its municipality has an overlay, the one that was made from
/// both. Its image may not be built yet; [`made`] does that.
///
/// # Errors
/// `NotFound` when there is no such release; otherwise when the store fails.
pub async fn effective(tools: &Tools, instance: &Instance, plain: ReleaseId) -> Result<Release> {
    let base = store::releases::get(&tools.store, plain).await?;
    let overlay = store::overlays::current(&tools.store, &Scope::Fleet, instance.municipality).await?;
    let Some(overlay) = overlay.filter(|overlay| !overlay.is_empty()) else { return Ok(base) };
    let of = Derived { base: base.id, overlay: overlay.id };
    let name = format!("{}+{}.{}", base.name, instance.slug, overlay.version);
    // A name may be taken: by a release that somebody called so, or by that of another who had this slug before.
    for name in [name.clone(), format!("{name}.{}", &overlay.id.text()[28..])] {
        if let Some(there) = store::derived::find(&tools.store, of).await? {
            return Ok(there);
        }
        let id = ReleaseId::generate();
        let new = Release {
            id,
            image: build::reference(tools, &name, id),
            name,
            image_id: String::new(),
            contract: base.contract,
            channel: Channel::Candidate,
            created_at: tools.clock.now(),
        };
        if store::derived::insert(&tools.store, &new, of).await? {
            return Ok(new);
        }
    }
    let there = store::derived::find(&tools.store, of).await?;
    there.ok_or_else(|| Error::Internal(format!("release `{name}` could neither be made nor found")))
}

/// Whether a release can be run: a plain one always, one with an overlay once its image is built.
///
/// # Errors
/// When the engine or the store fails.
pub async fn is_made(tools: &Tools, release: &Release) -> Result<bool> {
    if store::derived::origin(&tools.store, release.id).await?.is_none() {
        return Ok(true);
    }
    Ok(!release.image_id.is_empty() && tools.engine.image(&release.image_id).await?.is_some())
}

/// Sees to it that a release has its image: builds it where the release has an overlay and that was not done. One build at a time.
///
/// # Errors
/// Outside, of the system [`SYSTEM`], when the two do not go together; otherwise when the engine, the disk or the store fails.
/// Nothing is left then.
pub async fn made(tools: &Tools, id: ReleaseId) -> Result<Release> {
    let release = store::releases::get(&tools.store, id).await?;
    if is_made(tools, &release).await? {
        return Ok(release);
    }
    let _one = tools.building.lock().await;
    // Another may have built it meanwhile.
    let release = store::releases::get(&tools.store, id).await?;
    if is_made(tools, &release).await? {
        return Ok(release);
    }
    let gone = || Error::Internal(format!("release `{}` has no origin", release.name));
    let of = store::derived::origin(&tools.store, id).await?.ok_or_else(gone)?;
    let overlay = store::overlays::get(&tools.store, of.overlay).await?;
    let base = Base::of(tools, store::releases::get(&tools.store, of.base).await?).await.map_err(own)?;
    // What a killed control plane may have built under this name would lose it and stay.
    tools.engine.remove_image(&release.image).await?;
    let unfinished = Unfinished::of(tools, &release.image);
    match built(tools, &release, &overlay, &base).await {
        Ok(image_id) => {
            unfinished.finished();
            info!(release = release.name, "an image with an overlay was built");
            Ok(Release { image_id, ..release })
        }
        Err(error) => {
            unfinished.undo().await;
            Err(own(error))
        }
    }
}

async fn built(tools: &Tools, release: &Release, overlay: &Overlay, base: &Base) -> Result<String> {
    let mut upload = Upload::begin(tools).await?;
    upload.end().await?;
    let file = keep::path(&tools.settings, &overlay.digest);
    if !file.is_file() {
        let message = format!("the file of version {} is gone from the fleet's home ({})", overlay.version, file.display());
        return Err(Error::field(FieldError::new("overlay", "overlay-gone", message, "remove all of the overlay and add its parts anew")));
    }
    let (context, ground, now) = (upload.context(), base.ground(), tools.clock.now().as_second().max(0).unsigned_abs());
    let checked = tokio::task::spawn_blocking(move || build::context(&file, &context, Kind::Overlay, now, Some(&ground)));
    let content = checked.await.map_err(|e| Error::Internal(format!("checking an overlay: {e}")))??;
    let errors = misfits(&content, &overlay.holds, base);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let labels = BTreeMap::from([
        (build::labels::BASE.to_owned(), base.release.name.clone()),
        (build::labels::CONTENT.to_owned(), overlay.digest.clone()),
        (build::labels::VERSION.to_owned(), release.name.clone()),
    ]);
    let image = ImageBuild { reference: release.image.clone(), context: upload.context(), labels, network: false };
    // The log is for those who look for a fault; the last of it is in the error.
    let (log, mut lines) = mpsc::channel::<String>(LINES);
    let name = release.name.clone();
    let reading = tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            debug!(release = name, line, "building");
        }
    });
    let built = build::image(tools, &image, Some(base.release.contract), &content, &log).await;
    drop(log);
    // It ends with the log.
    let _ = reading.await;
    let built = built?;
    store::derived::built(&tools.store, release.id, &built.id, &overlay.digest, &built.inventory).await?;
    Ok(built.id)
}

/// What is wrong with the two is the municipality's own, and nobody else's.
fn own(error: Error) -> Error {
    match error {
        Error::Invalid(errors) => {
            let all = errors.iter().map(|e| format!("{}; {}", e.message, e.fix)).collect::<Vec<_>>().join("\n");
            Error::outside(SYSTEM, OutsideKind::Refused, all)
        }
        other => other,
    }
}

/// Releases with an overlay that nothing needs any more: neither an instance now, nor one of the last that each has run, nor a
/// rollout or an operation, nor the overlay that its municipality has now on what it runs or is to run.
///
/// # Errors
/// When the store fails.
pub(in crate::releases) async fn unneeded(tools: &Tools, older_than: jiff::Timestamp) -> Result<Vec<Release>> {
    let (kept, overlaid) = (store::derived::last_of_each(&tools.store).await?, store::derived::overlaid(&tools.store).await?);
    let awaited = store::derived::awaited(&tools.store).await?;
    let instances = store::instances::all(&tools.store, &Scope::Fleet).await?;
    let present: BTreeSet<Derived> = instances
        .iter()
        .filter_map(|i| Some((*overlaid.current.get(&i.municipality)?, overlaid.plain(i.release))))
        .flat_map(|(overlay, base)| awaited.iter().copied().chain([base]).map(move |base| Derived { base, overlay }))
        .collect();
    let mut left = Vec::new();
    for release in store::derived::all(&tools.store, None).await? {
        let needed = release.created_at > older_than
            || kept.contains(&release.id)
            || overlaid.derived.get(&release.id).is_some_and(|of| present.contains(of));
        if !needed && store::releases::uses(&tools.store, release.id).await?.is_empty() {
            left.push(release);
        }
    }
    Ok(left)
}
