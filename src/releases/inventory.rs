// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The inventory of a release: read from the files of its image, through a container that is made and never started. Labels,
//! which anybody can write, are not asked.

use std::{collections::BTreeMap, io::Read};

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio_util::io::SyncIoBridge;
use tracing::warn;

use super::headers;
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Inventory, Release,
        container::{Attachment, ContainerSpec, label},
        inventory::Component,
    },
    instances::Tools,
    store, vault,
};

/// Where the contract has WordPress.
const ROOT: &str = "/var/www/html";
/// How long one copy out of an image may take.
const COPY_SECONDS: u64 = 600;

/// The inventory of a release, read now if it was not before.
///
/// # Errors
/// When the engine has the image no more, or it or the store fails.
pub async fn of(tools: &Tools, release: &Release) -> Result<Inventory> {
    if let Some(known) = store::releases::inventory(&tools.store, release.id).await? {
        return Ok(known);
    }
    let read = read(tools, &release.image_id).await?;
    store::releases::set_inventory(&tools.store, release.id, &read).await?;
    Ok(read)
}

/// As [`of`], where a failure is no reason to stop: it is read when it is next asked for.
pub(super) async fn try_to_read(tools: &Tools, release: &Release) {
    if let Err(error) = of(tools, release).await {
        warn!(release = release.name, %error, "the inventory of a release could not be read; it is read when asked for");
    }
}

/// Reads the inventory of an image.
///
/// # Errors
/// When the engine fails.
pub async fn read(tools: &Tools, image: &str) -> Result<Inventory> {
    // One at a time, so that the container has one name and what a killed control plane left is found by it.
    let _one = tools.reading.lock().await;
    let name = name(tools);
    tools.remove_own(&name).await?;
    tools.engine.create_container(&container(tools, &name, image)).await?;
    let read = files(tools, &name).await;
    let removed = tools.remove_own(&name).await;
    let found = read?;
    removed?;
    Ok(found)
}

fn name(tools: &Tools) -> String {
    format!("{}-inventory", tools.settings.fleet)
}

/// Removes the container of a reading that was broken off.
pub(super) async fn clean(tools: &Tools) {
    let _one = tools.reading.lock().await;
    if let Err(error) = tools.remove_own(&name(tools)).await {
        warn!(%error, "the container through which an image was read is left; the next reading removes it");
    }
}

fn container(tools: &Tools, name: &str, image: &str) -> ContainerSpec {
    let labels = [(label::FLEET, tools.settings.fleet.to_string()), (label::ROLE, "task".to_owned())];
    ContainerSpec {
        name: name.to_owned(),
        image: image.to_owned(),
        // Never run; the engine makes no container without, and not every image has one.
        command: vec!["true".to_owned()],
        environment: Vec::new(),
        labels: labels.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        mounts: Vec::new(),
        attachment: Attachment::None,
        extra_hosts: Vec::new(),
        limits: None,
        read_only_root: true,
        capabilities: Vec::new(),
        restart: false,
        stop_grace_seconds: 1,
        user: String::new(),
    }
}

async fn files(tools: &Tools, container: &str) -> Result<Inventory> {
    let file = |path: &'static str| async move {
        let mut found = gathered(tools, container, path, |_| true).await?;
        Ok::<_, Error>(found.heads.pop_first().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let folder = |name: &str| format!("{ROOT}/wp-content/{name}");
    let core = file("/var/www/html/wp-includes/version.php").await?;
    let packages = file("/var/lib/dpkg/status").await?.map(|text| headers::packages(&text)).unwrap_or_default();
    let php = file("/usr/local/include/php/main/php_version.h").await?;
    let themes = gathered(tools, container, &folder("themes"), |path| path.len() == 2 && path[1] == "style.css").await?;
    let plugins = gathered(tools, container, &folder("plugins"), |path| path.len() <= 2 && is_php(path)).await?;
    let must_use = gathered(tools, container, &folder("mu-plugins"), |path| path.len() == 1 && is_php(path)).await?;
    // Where the container went meanwhile, files that are there were taken for missing.
    if tools.engine.container(container).await?.is_none() {
        return Err(Error::outside("engine", OutsideKind::Failed, format!("container {container} was removed while the image was read")));
    }
    Ok(Inventory {
        wordpress: core.as_deref().and_then(headers::core),
        php: headers::php(php.as_deref(), &packages),
        themes: themes.components(headers::theme),
        plugins: plugins.components(headers::plugin),
        must_use: must_use.components(|file, text| Some(headers::must_use(file, text))),
        packages,
    })
}

fn is_php(path: &[String]) -> bool {
    path.last().is_some_and(|name| name.ends_with(".php"))
}

/// What a folder of the image holds, by path in it without the folder's own name.
#[derive(Default)]
struct Gathered {
    /// The beginnings of the files that were wanted; of a single file, all of it.
    heads: BTreeMap<Vec<String>, Vec<u8>>,
    /// SHA-256 of every file.
    digests: BTreeMap<Vec<String>, [u8; 32]>,
}

impl Gathered {
    /// One component for each thing in the folder: by the first of its files that has a header.
    fn components(&self, read: impl Fn(&str, &str) -> Option<Component>) -> Vec<Component> {
        let mut all: BTreeMap<&str, Component> = BTreeMap::new();
        for (path, bytes) in &self.heads {
            // An empty file holds a place for what is mounted over it: the agent.
            if all.contains_key(path[0].as_str()) || bytes.is_empty() {
                continue;
            }
            if let Some(component) = read(&path[0], &headers::beginning(bytes)) {
                all.insert(&path[0], Component { digest: self.digest(&path[0]), ..component });
            }
        }
        all.into_values().collect()
    }

    fn digest(&self, top: &str) -> String {
        let mut sum = Sha256::new();
        for (path, digest) in self.digests.range(vec![top.to_owned()]..).take_while(|(path, _)| path[0] == top) {
            sum.update(path.join("/"));
            sum.update(digest);
        }
        vault::hex(&sum.finalize())
    }
}

/// What a folder of the container (or a single file) holds. Nothing where it is not there.
async fn gathered(tools: &Tools, container: &str, path: &str, wanted: impl Fn(&[String]) -> bool + Send + 'static) -> Result<Gathered> {
    let (mut sink, source) = tokio::io::duplex(256 * 1024);
    let reader = tokio::task::spawn_blocking(move || gather(SyncIoBridge::new(source), wanted));
    let copied = tools.engine.copy_out(container, path, &mut sink, COPY_SECONDS).await;
    // The reader may have gone away early with an error of its own, which tells more.
    let _ = sink.shutdown().await;
    drop(sink);
    let read = reader.await.map_err(|e| Error::Internal(format!("reading an image: {e}")))?;
    match copied {
        // There is no such file or folder.
        Err(Error::Outside { kind: OutsideKind::Refused, .. }) => Ok(Gathered::default()),
        Err(error) => Err(error),
        Ok(()) => read.map_err(|e| Error::outside("engine", OutsideKind::Failed, format!("{path} of the image cannot be read: {e}"))),
    }
}

fn gather(source: impl Read, wanted: impl Fn(&[String]) -> bool) -> std::io::Result<Gathered> {
    const WHOLE: usize = 64 * 1024 * 1024;
    let mut found = Gathered::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut archive = tar::Archive::new(source);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let link = entry.link_name_bytes().map(|name| name.into_owned()).unwrap_or_default();
        let kind = entry.header().entry_type();
        if !kind.is_file() && link.is_empty() {
            continue;
        }
        let path: Vec<String> = entry.path()?.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let (path, most) = if path.len() == 1 { (path, WHOLE) } else { (path[1..].to_vec(), headers::HEADER_BYTES) };
        let most = if wanted(&path) && kind.is_file() { most } else { 0 };
        let (mut digest, mut head) = (Sha256::new_with_prefix(&link), Vec::new());
        loop {
            let count = entry.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
            head.extend_from_slice(&buffer[..count.min(most.saturating_sub(head.len()))]);
        }
        if most > 0 {
            found.heads.insert(path.clone(), head);
        }
        found.digests.insert(path, digest.finalize().into());
    }
    // What comes after the end of the archive is read too, or who writes it would find nobody there.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink())?;
    Ok(found)
}
