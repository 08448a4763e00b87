// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Changing an overlay: what is sent is checked, laid over what was there, checked as a whole, tried against the releases that the
//! municipality runs, and kept as the next version. What was refused leaves nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::keep;
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{Holds, Municipality, Overlay, OverlayId, Scope, inventory::Component},
    instances::Tools,
    releases::{
        build::Base,
        content::{self, CONSTANTS, Content, FILES, Kind},
        upload::Upload,
    },
    store,
};

/// What to take out of an overlay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Remove {
    /// Plugins, by folder.
    pub plugins: Vec<String>,
    /// Must-use plugins, and what lies beside them, by file or folder.
    pub mu_plugins: Vec<String>,
    /// Constants, by name.
    pub constants: Vec<String>,
    /// Everything.
    pub all: bool,
}

/// Lays what was sent over a municipality's overlay. Without `replace`, nothing of it may take the place of something that the
/// release itself brings.
///
/// # Errors
/// `Invalid` with everything that is wrong; `Conflict` when somebody else changed the overlay meanwhile.
pub async fn add(tools: &Tools, scope: &Scope, of: &Municipality, upload: Upload, replace: bool, by: &str) -> Result<Overlay> {
    let before = store::overlays::current(&tools.store, scope, of.id).await?;
    let holds = before.as_ref().map(|b| b.holds.clone()).unwrap_or_default();
    let work = Work { upload, before: holds, old: old(tools, before.as_ref()), adds: true };
    let now = tools.clock.now().as_second().max(0).unsigned_abs();
    let (work, content, replaces) = blocking(move || {
        let sent = checked(&work.upload.path(), &work.upload.context(), now)?;
        if !sent.has_files() && sent.constants.is_empty() {
            let fix = "give --plugin, --mu-plugin or --constant";
            return Err(FieldError::new("plugin", "nothing-added", "there is nothing in it", fix).into());
        }
        let gone = names(&sent.plugins, &sent.must_use, &sent.beside);
        let mut constants = work.before.constants.clone();
        constants.extend(sent.constants.clone());
        let mut replaces = work.before.replaces.clone();
        for one in sent.plugins.iter().chain(&sent.must_use) {
            if replace {
                replaces.insert(one.slug.clone());
            } else {
                replaces.remove(&one.slug);
            }
        }
        let content = merge(&work, &gone, &constants, now)?;
        Ok((work, content, replaces))
    })
    .await?;
    keep(tools, scope, of, before, &work, content, replaces, by).await
}

/// Takes something out of a municipality's overlay.
///
/// # Errors
/// `Invalid` naming what is not in it; `Conflict` when somebody else changed the overlay meanwhile.
pub async fn remove(tools: &Tools, scope: &Scope, of: &Municipality, wanted: &Remove, by: &str) -> Result<Overlay> {
    let before = store::overlays::current(&tools.store, scope, of.id).await?;
    let holds = before.as_ref().map(|b| b.holds.clone()).unwrap_or_default();
    let gone = gone(&holds, wanted).map_err(Error::Invalid)?;
    let mut constants = holds.constants.clone();
    constants.retain(|name, _| !wanted.all && !wanted.constants.contains(name));
    let mut upload = Upload::begin(tools).await?;
    upload.end().await?;
    let work = Work { upload, before: holds, old: old(tools, before.as_ref()), adds: false };
    let now = tools.clock.now().as_second().max(0).unsigned_abs();
    let (work, content) = blocking(move || {
        let content = merge(&work, &gone, &constants, now)?;
        Ok((work, content))
    })
    .await?;
    let replaces = work.before.replaces.clone();
    keep(tools, scope, of, before, &work, content, replaces, by).await
}

/// Makes an earlier version the present one, as a new version.
///
/// # Errors
/// `NotFound` when there is none of that number; `Conflict` when it is the present one, or its file is gone; otherwise as [`add`].
pub async fn restore(tools: &Tools, scope: &Scope, of: &Municipality, version: u32, by: &str) -> Result<Overlay> {
    let current = store::overlays::current(&tools.store, scope, of.id).await?;
    let wanted = store::overlays::version(&tools.store, scope, of.id, version).await?;
    let refused = |code: &str, message: String, fix: &str| Error::Conflict(FieldError::new("version", code, message, fix));
    if current.as_ref().is_some_and(|c| c.digest == wanted.digest && c.holds == wanted.holds) {
        return Err(refused("same-version", format!("version {version} holds what the overlay holds now"), "there is nothing to do"));
    }
    if !wanted.is_empty() && !keep::path(&tools.settings, &wanted.digest).is_file() {
        let gone = format!("the file of version {version} is gone from the fleet's home");
        return Err(refused("version-gone", gone, "add its parts anew"));
    }
    let content = Content {
        plugins: wanted.holds.plugins.clone(),
        must_use: wanted.holds.must_use.clone(),
        constants: wanted.holds.constants.clone(),
        ..Content::default()
    };
    tried(tools, scope, of, &content, &wanted.holds).await?;
    let next = next(tools, of, current.as_ref(), wanted.digest, wanted.holds, by);
    store::overlays::insert(&tools.store, scope, &next).await?;
    Ok(next)
}

/// What a change works on. The folder goes when this does.
struct Work {
    upload: Upload,
    before: Holds,
    old: Option<PathBuf>,
    /// Whether something is added; what is only taken out fits no worse.
    adds: bool,
}

impl Work {
    fn merged(&self) -> PathBuf {
        self.upload.path().with_file_name("overlay.tar")
    }
}

fn old(tools: &Tools, before: Option<&Overlay>) -> Option<PathBuf> {
    before.filter(|b| !b.is_empty()).map(|b| keep::path(&tools.settings, &b.digest))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(format!("changing an overlay: {e}")))?
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path = path.display().to_string();
    move |e| Error::outside("files", OutsideKind::Failed, format!("{path}: {e}"))
}

/// Checks a tar and writes what is good of it.
fn checked(body: &Path, target: &Path, now: u64) -> Result<Content> {
    let source = BufReader::with_capacity(256 * 1024, File::open(body).map_err(failed(body))?);
    let mut archive = tar::Builder::new(BufWriter::with_capacity(256 * 1024, File::create(target).map_err(failed(target))?));
    let content = content::check(source, &mut archive, Kind::Overlay, now).map_err(Error::Invalid)?;
    archive.into_inner().and_then(|mut file| file.flush()).map_err(failed(target))?;
    Ok(content)
}

/// The places that these take, as paths.
fn names(plugins: &[Component], must_use: &[Component], beside: &BTreeSet<String>) -> BTreeSet<String> {
    let plugins = plugins.iter().map(|one| format!("plugins/{}", one.slug));
    let must_use = must_use.iter().map(|one| &one.slug).chain(beside).map(|name| format!("mu-plugins/{name}"));
    plugins.chain(must_use).collect()
}

fn names_of(holds: &Holds) -> BTreeSet<String> {
    names(&holds.plugins, &holds.must_use, &holds.beside)
}

/// The places that are to become empty.
fn gone(holds: &Holds, wanted: &Remove) -> Result<BTreeSet<String>, Vec<FieldError>> {
    let there = names_of(holds);
    if wanted.all {
        return if holds.is_nothing() { Err(vec![absent("all", "the overlay", "holds nothing")]) } else { Ok(there) };
    }
    let (mut places, mut errors) = (BTreeSet::new(), Vec::new());
    for (field, top, names) in [("plugins", "plugins", &wanted.plugins), ("mu_plugins", "mu-plugins", &wanted.mu_plugins)] {
        for name in names {
            let place = format!("{top}/{name}");
            if there.contains(&place) {
                places.insert(place);
            } else {
                errors.push(absent(field, name, "is not in the overlay"));
            }
        }
    }
    errors.extend(
        wanted
            .constants
            .iter()
            .filter(|name| !holds.constants.contains_key(*name))
            .map(|name| absent("constants", name, "is not in the overlay")),
    );
    errors.truncate(20);
    if errors.is_empty() && places.is_empty() && wanted.constants.is_empty() {
        errors.push(FieldError::new(
            "plugins",
            "nothing-removed",
            "nothing is named",
            "name a plugin, a must-use plugin or a constant, or `all`",
        ));
    }
    if errors.is_empty() { Ok(places) } else { Err(errors) }
}

fn absent(field: &str, name: &str, why: &str) -> FieldError {
    let name = name.chars().take(100).collect::<String>();
    FieldError::new(field, "not-in-the-overlay", format!("`{}` {why}", name.escape_debug()), "`flotta overlay show` tells what is in it")
}

/// Writes the next version: what was there but for the places that are taken or given up, then what was sent, then the constants.
fn merge(work: &Work, gone: &BTreeSet<String>, constants: &BTreeMap<String, Value>, now: u64) -> Result<Content> {
    let target = work.merged();
    let mut archive = tar::Builder::new(BufWriter::with_capacity(256 * 1024, File::create(&target).map_err(failed(&target))?));
    let stays = |path: &str| {
        let place = path.split('/').take(2).collect::<Vec<_>>().join("/");
        path != CONSTANTS && !gone.contains(&place)
    };
    // Where nothing of what was there stays, its file is not needed.
    if let Some(old) = work.old.as_ref().filter(|_| !names_of(&work.before).is_subset(gone)) {
        if !old.is_file() {
            let message = "the file of the present overlay is gone from the fleet's home";
            return Err(Error::Conflict(FieldError::new("overlay", "overlay-gone", message, "remove all of it and add its parts anew")));
        }
        copy(old, "", &mut archive, stays).map_err(failed(old))?;
    }
    if work.adds {
        copy(&work.upload.context(), &format!("{FILES}/"), &mut archive, |_| true).map_err(failed(&target))?;
    }
    finish(work, archive, constants, now)
}

fn finish(work: &Work, mut archive: tar::Builder<BufWriter<File>>, constants: &BTreeMap<String, Value>, now: u64) -> Result<Content> {
    let target = work.merged();
    if !constants.is_empty() {
        let text = serde_json::to_vec(constants).map_err(|e| Error::Internal(e.to_string()))?;
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, CONSTANTS, text.as_slice()).map_err(failed(&target))?;
    }
    archive.into_inner().and_then(|mut file| file.flush()).map_err(failed(&target))?;
    let source = BufReader::with_capacity(256 * 1024, File::open(&target).map_err(failed(&target))?);
    let content = content::check(source, &mut tar::Builder::new(std::io::sink()), Kind::Overlay, now).map_err(Error::Invalid)?;
    if content.must_use.is_empty() && !content.beside.is_empty() {
        return Err(FieldError::new(
            "mu_plugin",
            "no-mu-plugin",
            "no must-use plugin is there, only what one would load: WordPress loads PHP files at the top of that folder",
            "give a PHP file, or a folder with one at its top",
        )
        .into());
    }
    Ok(content)
}

/// Copies the entries of a tar that this program wrote, without the beginning of their paths. Folders are made anew when it is read.
fn copy<W: Write>(from: &Path, beginning: &str, to: &mut tar::Builder<W>, stays: impl Fn(&str) -> bool) -> std::io::Result<()> {
    let mut archive = tar::Archive::new(BufReader::with_capacity(256 * 1024, File::open(from)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.strip_prefix(beginning).unwrap_or(&path);
        let mut header = entry.header().clone();
        if header.entry_type().is_dir() || !stays(path) {
            continue;
        }
        match entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned()) {
            Some(name) if header.entry_type().is_symlink() => to.append_link(&mut header, path, name)?,
            _ => to.append_data(&mut header, path, entry.by_ref())?,
        }
    }
    Ok(())
}

/// Whether it can be put on every release that the municipality runs.
async fn tried(tools: &Tools, scope: &Scope, of: &Municipality, content: &Content, holds: &Holds) -> Result<()> {
    if holds.is_nothing() {
        return Ok(());
    }
    let overlaid = store::derived::overlaid(&tools.store).await?;
    let runs: BTreeSet<_> =
        store::instances::of(&tools.store, scope, of.id).await?.iter().map(|instance| overlaid.plain(instance.release)).collect();
    for id in runs {
        let base = Base::of(tools, store::releases::get(&tools.store, id).await?).await?;
        let errors = super::misfits(content, holds, &base);
        if !errors.is_empty() {
            return Err(Error::Invalid(errors));
        }
    }
    Ok(())
}

fn next(tools: &Tools, of: &Municipality, before: Option<&Overlay>, digest: String, holds: Holds, by: &str) -> Overlay {
    Overlay {
        id: OverlayId::generate(),
        municipality: of.id,
        version: before.map_or(1, |b| b.version.saturating_add(1)),
        digest,
        holds,
        by: by.to_owned(),
        created_at: tools.clock.now(),
    }
}

#[allow(clippy::too_many_arguments)] // each is a part of the one line that is written
async fn keep(
    tools: &Tools,
    scope: &Scope,
    of: &Municipality,
    before: Option<Overlay>,
    work: &Work,
    content: Content,
    mut replaces: BTreeSet<String>,
    by: &str,
) -> Result<Overlay> {
    replaces.retain(|name| content.plugins.iter().chain(&content.must_use).any(|one| one.slug == *name));
    let holds = Holds {
        plugins: content.plugins.clone(),
        must_use: content.must_use.clone(),
        beside: content.beside.clone(),
        constants: content.constants.clone(),
        replaces,
    };
    let digest = if holds.is_nothing() { String::new() } else { content.sha256.clone() };
    // The same once more changes nothing.
    if let Some(before) = before.as_ref().filter(|b| b.digest == digest && b.holds == holds) {
        return Ok(before.clone());
    }
    if work.adds {
        tried(tools, scope, of, &content, &holds).await?;
    }
    if !digest.is_empty() {
        let (settings, file, digest) = (std::sync::Arc::clone(&tools.settings), work.merged(), digest.clone());
        blocking(move || super::keep::put(&settings, &file, &digest)).await?;
    }
    let next = next(tools, of, before.as_ref(), digest, holds, by);
    store::overlays::insert(&tools.store, scope, &next).await?;
    Ok(next)
}
