// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Building a release from a tar: all of it checked first ([`prepare`]), then built ([`run`]). Needs the local engine only.
//!
//! Whoever stops waiting stops the build, and nothing stays: no folder, no container, no image.

use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path, sync::Arc};

use serde::Deserialize;
use tokio::sync::mpsc::Sender;

use super::{
    content::{self, Content, Kind},
    contract_of, dockerfile, inventory,
    upload::Upload,
};
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{
        Channel, Contract, Inventory, Origin, Release, ReleaseId, constant,
        container::{ImageBuild, ImageState},
        inventory::Component,
        release,
    },
    instances::Tools,
    store,
};

/// Labels that a built image gets.
pub(super) mod labels {
    pub const BASE: &str = "se.flotta.release.base";
    pub const CONTENT: &str = "se.flotta.release.content";
    pub const VERSION: &str = "org.opencontainers.image.version";
}

/// What is asked when a release is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Build {
    /// The release's name. Where left out with a base, the base's with the first theme and its version: `6.8-1+helsingborg-1.1`.
    pub name: Option<String>,
    /// The release that themes and plugins are put on. Without it, the body holds a folder with a Dockerfile.
    pub base: Option<String>,
    /// How the image of a Dockerfile is configured; found by its labels and environment where left out.
    pub contract: Option<String>,
    /// Whether it becomes stable at once.
    #[param(value_type = Option<bool>)]
    pub stable: Option<String>,
}

/// What comes of looking at what was sent.
pub enum Plan {
    /// There is a release of that name and content already; nothing is to be done.
    There(Box<Release>),
    /// Everything is good; it can be built.
    Ready(Box<Ready>),
}

/// A build that can begin.
pub struct Ready {
    /// The release's name.
    pub name: String,
    id: ReleaseId,
    origin: Origin,
    content: Content,
    contract: Option<Contract>,
    channel: Channel,
    image: ImageBuild,
    /// Holds the context for as long as it is needed.
    _upload: Arc<Upload>,
}

/// A release that something is put on.
pub(super) struct Base {
    pub(super) release: Release,
    pub(super) image: ImageState,
    pub(super) inventory: Inventory,
}

/// What the Dockerfile of the light way needs to know of the base.
pub(super) struct Ground {
    name: String,
    image: String,
    user: String,
    /// Its themes and plugins, by folder.
    has: Vec<String>,
    layers: usize,
}

/// Checks everything that can be checked before anything is built.
///
/// # Errors
/// `Invalid` with everything that is wrong; `Conflict` when another content has the name.
pub async fn prepare(tools: &Tools, request: &Build, upload: Upload) -> Result<Plan> {
    let base = match request.base.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => Some(base(tools, name).await?),
        None => None,
    };
    let contract = match (request.contract.as_deref().filter(|text| !text.is_empty()), &base) {
        (Some(text), _) => Some(text.parse::<Contract>()?),
        (None, Some(base)) => Some(base.release.contract),
        (None, None) => None,
    };
    let channel = match request.stable.as_deref() {
        None | Some("" | "false") => Channel::Candidate,
        Some("true") => Channel::Stable,
        Some(_) => return Err(FieldError::new("stable", "wrong-type", "`stable` is neither true nor false", "write true or false").into()),
    };
    let kind = if base.is_some() { Kind::Additions } else { Kind::Folder };
    let upload = Arc::new(upload);
    let (files, now, image) = (Arc::clone(&upload), tools.clock.now().as_second().max(0).unsigned_abs(), base.as_ref().map(Base::ground));
    let checked = tokio::task::spawn_blocking(move || context(&files.path(), &files.context(), kind, now, image.as_ref()));
    let content = checked.await.map_err(|e| Error::Internal(format!("checking a build: {e}")))??;
    if let Some(base) = &base {
        let errors = content::misfits(&content, &base.release.name, &base.inventory);
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
    }
    let name = name(request, base.as_ref(), &content)?;
    let origin = Origin { base: base.as_ref().map(|base| base.release.id), content: content.sha256.clone() };
    if let Some(there) = taken(tools, &name, &origin).await? {
        return Ok(Plan::There(Box::new(there)));
    }
    let mut labels = BTreeMap::from([(labels::CONTENT.to_owned(), content.sha256.clone()), (labels::VERSION.to_owned(), name.clone())]);
    labels.extend(base.as_ref().map(|base| (labels::BASE.to_owned(), base.release.name.clone())));
    // No step of the light way needs the network; a Dockerfile of one's own may.
    let id = ReleaseId::generate();
    let image = ImageBuild { reference: reference(tools, &name, id), context: upload.context(), labels, network: base.is_none() };
    Ok(Plan::Ready(Box::new(Ready { name, id, origin, content, contract, channel, image, _upload: upload })))
}

async fn base(tools: &Tools, name: &str) -> Result<Base> {
    let unknown = || {
        FieldError::new(
            "base",
            "unknown-release",
            format!("there is no release `{}`", name.escape_debug()),
            "`flotta release list` shows them",
        )
    };
    let release = match store::releases::by_name(&tools.store, name).await {
        Err(Error::NotFound { .. }) => return Err(unknown().into()),
        other => other?,
    };
    Base::of(tools, release).await
}

impl Base {
    /// The release with its image and what is in it.
    ///
    /// # Errors
    /// `Invalid` naming `base` when the engine has the image no more; otherwise when it or the store fails.
    pub(super) async fn of(tools: &Tools, release: Release) -> Result<Self> {
        let name = &release.name;
        let gone = || {
            let message = format!("the engine has the image of release `{name}` no more ({})", release.image_id);
            FieldError::new("base", "image-gone", message, "fetch or build the image again, or build on another release")
        };
        let image = tools.engine.image(&release.image_id).await?.ok_or_else(gone)?;
        let inventory = inventory::of(tools, &release).await?;
        Ok(Self { release, image, inventory })
    }

    /// What the Dockerfile of the light way needs to know of it.
    pub(super) fn ground(&self) -> Ground {
        let of = |top: &str, all: &[Component]| all.iter().map(|one| format!("{top}/{}", one.slug)).collect::<Vec<_>>();
        Ground {
            name: self.release.name.clone(),
            image: self.image.id.clone(),
            user: self.image.user.clone(),
            has: [of("themes", &self.inventory.themes), of("plugins", &self.inventory.plugins)].concat(),
            layers: self.image.layers,
        }
    }
}

/// Checks what was sent and writes what is built from.
pub(super) fn context(body: &Path, target: &Path, kind: Kind, now: u64, base: Option<&Ground>) -> Result<Content> {
    let failed = |e: std::io::Error| Error::outside("files", OutsideKind::Failed, format!("{}: {e}", target.display()));
    let source = BufReader::with_capacity(256 * 1024, File::open(body).map_err(failed)?);
    let mut archive = tar::Builder::new(std::io::BufWriter::with_capacity(256 * 1024, File::create(target).map_err(failed)?));
    let content = content::check(source, &mut archive, kind, now).map_err(Error::Invalid)?;
    if let Some(base) = base {
        let added = content.themes.iter().map(|t| ("themes", t)).chain(content.plugins.iter().map(|p| ("plugins", p)));
        let replaced: Vec<String> =
            added.map(|(top, one)| format!("{top}/{}", one.slug)).filter(|folder| base.has.contains(folder)).collect();
        let text = dockerfile::of(&content, &base.image, &replaced, &base.user);
        fits(base, dockerfile::layers(&text))?;
        let constants = constant::php(&content.constants);
        let files = [("Dockerfile", &text), (dockerfile::CONSTANTS, &constants)];
        for (name, text) in files.iter().take(if content.constants.is_empty() { 1 } else { 2 }) {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(text.len() as u64);
            archive.append_data(&mut header, name, text.as_bytes()).map_err(failed)?;
        }
    }
    let mut file = archive.into_inner().map_err(failed)?;
    std::io::Write::flush(&mut file).map_err(failed)?;
    Ok(content)
}

/// Whether the base has room for so many more layers; the engine would say so only at the end, in its own words.
fn fits(base: &Ground, more: usize) -> Result<()> {
    let most = dockerfile::MOST_LAYERS;
    if base.layers + more <= most {
        return Ok(());
    }
    Err(Error::field(FieldError::new(
        "base",
        "too-many-layers",
        format!(
            "the image of release `{}` has {} layers; with {more} more it would have more than the {most} that an image holds",
            base.name, base.layers
        ),
        "build the fork whole again: flotta release build with the folder of its Dockerfile",
    )))
}

fn name(request: &Build, base: Option<&Base>, content: &Content) -> Result<String> {
    if let Some(name) = request.name.as_deref().filter(|name| !name.is_empty()) {
        return Ok(release::release_name(name.trim()).map_err(|e| e.at("name"))?);
    }
    let first = content.themes.iter().chain(&content.plugins).find(|one| !one.version.is_empty());
    let found = base.zip(first).map(|(base, one)| format!("{}+{}-{}", base.release.name, one.slug, one.version));
    let missing =
        || FieldError::new("name", "missing-name", "nothing tells what the release is to be called", "give a name, such as 6.8-2");
    Ok(found.and_then(|name| release::release_name(&name).ok()).ok_or_else(missing)?)
}

/// The release that has the name, where it has the same content.
async fn taken(tools: &Tools, name: &str, origin: &Origin) -> Result<Option<Release>> {
    let there = match store::releases::by_name(&tools.store, name).await {
        Err(Error::NotFound { .. }) => return Ok(None),
        other => other?,
    };
    if store::releases::origin(&tools.store, there.id).await?.as_ref() == Some(origin) {
        return Ok(Some(there));
    }
    Err(Error::Conflict(FieldError::new(
        "name",
        "release-taken",
        format!("there is a release `{name}` already, with another content"),
        "a release never changes: give the new one another name, or raise the version",
    )))
}

/// The repository that holds what this fleet has built.
pub(super) fn repository(tools: &Tools) -> String {
    format!("{}-release", tools.settings.fleet)
}

/// Each build has a name of its own for its image, so that what one that failed takes away is nobody else's.
pub(super) fn reference(tools: &Tools, name: &str, id: ReleaseId) -> String {
    let id = id.text().replace('-', "");
    format!("{}:{}-{}", repository(tools), name.replace('+', "."), &id[id.len() - 8..])
}

/// Builds, and registers what was built. One build at a time: each wants the whole host.
///
/// # Errors
/// `Invalid` when a step of the Dockerfile fails or the image is none that can be a release; otherwise when the engine or the
/// store fails. Nothing is left then.
pub async fn run(tools: &Tools, ready: Ready, log: Sender<String>) -> Result<Release> {
    let _one = match tools.building.try_lock() {
        Ok(lock) => lock,
        Err(_) => {
            say(&log, "waiting for another build to end");
            tools.building.lock().await
        }
    };
    // Another may have built it meanwhile.
    if let Some(there) = taken(tools, &ready.name, &ready.origin).await? {
        return Ok(there);
    }
    let unfinished = Unfinished::of(tools, &ready.image.reference);
    match build(tools, &ready, &log).await {
        Ok(release) => {
            unfinished.finished();
            Ok(release)
        }
        Err(error) => {
            unfinished.undo().await;
            Err(error)
        }
    }
}

async fn build(tools: &Tools, ready: &Ready, log: &Sender<String>) -> Result<Release> {
    let built = image(tools, &ready.image, ready.contract, &ready.content, log).await?;
    let release = Release {
        id: ready.id,
        name: ready.name.clone(),
        image: ready.image.reference.clone(),
        image_id: built.id,
        contract: built.contract,
        channel: ready.channel,
        created_at: tools.clock.now(),
    };
    store::releases::insert_built(&tools.store, &release, &ready.origin, &built.inventory).await?;
    Ok(release)
}

/// An image that was built and can be a release.
pub(super) struct Built {
    pub(super) id: String,
    pub(super) contract: Contract,
    pub(super) inventory: Inventory,
}

/// Builds an image, reads it, and sees that what was to be put in is in.
pub(super) async fn image(
    tools: &Tools,
    build: &ImageBuild,
    contract: Option<Contract>,
    content: &Content,
    log: &Sender<String>,
) -> Result<Built> {
    let failed = |error| match error {
        Error::Outside { kind: OutsideKind::Refused, message, .. } => Error::field(FieldError::new(
            "dockerfile",
            "build-failed",
            message,
            "the log above tells which step; correct it and build again",
        )),
        other => other,
    };
    tools.engine.build_image(build, log.clone()).await.map_err(failed)?;
    let reference = &build.reference;
    let image = tools.engine.image(reference).await?.ok_or_else(|| Error::Internal(format!("{reference} was built and is not there")))?;
    let contract = match contract {
        Some(contract) => contract,
        None => contract_of(&image, "dockerfile", "the built image")?,
    };
    super::can_run(contract)?;
    say(log, "reading what is in the image");
    let inventory = inventory::read(tools, &image.id).await?;
    proved(content, &inventory)?;
    Ok(Built { id: image.id, contract, inventory })
}

/// What was to be put in is in, and WordPress too.
fn proved(content: &Content, inventory: &Inventory) -> Result<()> {
    if inventory.wordpress.is_none() {
        return Err(FieldError::new(
            "dockerfile",
            "no-wordpress",
            "the built image holds no WordPress at /var/www/html",
            "put it there in the Dockerfile; docs/images.md tells the contract",
        )
        .into());
    }
    let missing = |asked: &[Component], has: &[Component]| {
        asked.iter().find(|one| !has.iter().any(|h| h.slug == one.slug && h.version == one.version)).map(|one| one.slug.clone())
    };
    // Of must-use plugins, one without a version may be an empty file, which an inventory leaves out.
    let must_use: Vec<Component> = content.must_use.iter().filter(|one| !one.version.is_empty()).cloned().collect();
    let missing = missing(&content.themes, &inventory.themes)
        .or_else(|| missing(&content.plugins, &inventory.plugins))
        .or_else(|| missing(&must_use, &inventory.must_use));
    match missing {
        Some(slug) => Err(Error::Internal(format!("`{slug}` was put into the image and is not in it"))),
        None => Ok(()),
    }
}

fn say(log: &Sender<String>, line: &str) {
    // Whoever does not listen any more is noticed by the build itself; who only does not read holds up nobody.
    let _ = log.try_send(line.to_owned());
}

/// Removes the image of a build that did not come to its end, also where its caller went away.
pub(super) struct Unfinished {
    tools: Tools,
    reference: Option<String>,
}

impl Unfinished {
    pub(super) fn of(tools: &Tools, reference: &str) -> Self {
        Self { tools: tools.clone(), reference: Some(reference.to_owned()) }
    }

    pub(super) fn finished(mut self) {
        self.reference = None;
    }

    pub(super) async fn undo(mut self) {
        if let Some(reference) = self.reference.take() {
            remove(&self.tools, &reference).await;
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(reference) = self.reference.take() {
            let tools = self.tools.clone();
            tokio::spawn(async move { remove(&tools, &reference).await });
        }
    }
}

async fn remove(tools: &Tools, reference: &str) {
    // The image may have been built at the moment when its caller went, and be read by a container.
    inventory::clean(tools).await;
    if let Err(error) = tools.engine.remove_image(reference).await {
        tracing::warn!(image = reference, %error, "the image of a build that failed is left; it is removed within a day");
    }
}
