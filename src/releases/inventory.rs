// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The inventory of a release: read from the files of its image, through a container that is made and never started. Labels,
//! which anybody can write, are not asked.

use std::{collections::BTreeMap, io::Read};

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
    store,
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
    let name = format!("{}-inventory", tools.settings.fleet);
    tools.remove_own(&name).await?;
    tools.engine.create_container(&container(tools, &name, image)).await?;
    let read = files(tools, &name).await;
    let removed = tools.remove_own(&name).await;
    let found = read?;
    removed?;
    Ok(found)
}

fn container(tools: &Tools, name: &str, image: &str) -> ContainerSpec {
    let labels = [(label::FLEET, tools.settings.fleet.to_string()), (label::ROLE, "task".to_owned())];
    ContainerSpec {
        name: name.to_owned(),
        image: image.to_owned(),
        command: Vec::new(),
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
        let mut found = beginnings(tools, container, path, |_| true).await?;
        Ok::<_, Error>(found.pop_first().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let folder = |name: &str| format!("{ROOT}/wp-content/{name}");
    let core = file("/var/www/html/wp-includes/version.php").await?;
    let packages = file("/var/lib/dpkg/status").await?.map(|text| headers::packages(&text)).unwrap_or_default();
    let php = file("/usr/local/include/php/main/php_version.h").await?;
    let themes = beginnings(tools, container, &folder("themes"), |path| path.len() == 2 && path[1] == "style.css").await?;
    let plugins = beginnings(tools, container, &folder("plugins"), |path| path.len() <= 2 && is_php(path)).await?;
    let must_use = beginnings(tools, container, &folder("mu-plugins"), |path| path.len() == 1 && is_php(path)).await?;
    Ok(Inventory {
        wordpress: core.as_deref().and_then(headers::core),
        php: headers::php(php.as_deref(), &packages),
        themes: themes.iter().filter_map(|(path, bytes)| headers::theme(&path[0], &headers::beginning(bytes))).collect(),
        plugins: plugins_of(&plugins),
        // An empty file holds a place for what is mounted over it: the agent.
        must_use: must_use
            .iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .map(|(path, bytes)| headers::must_use(&path[0], &headers::beginning(bytes)))
            .collect(),
        packages,
    })
}

fn is_php(path: &[String]) -> bool {
    path.last().is_some_and(|name| name.ends_with(".php"))
}

/// One plugin for each folder: the first of its files that has a header. A file without a folder is a plugin of its own.
fn plugins_of(files: &BTreeMap<Vec<String>, Vec<u8>>) -> Vec<Component> {
    let mut all: BTreeMap<&str, Component> = BTreeMap::new();
    for (path, bytes) in files {
        if let Some(plugin) = headers::plugin(&path[0], &headers::beginning(bytes)) {
            all.entry(&path[0]).or_insert(plugin);
        }
    }
    all.into_values().collect()
}

/// The files below a folder of the container (or the one file) that are wanted, by their path in it without the folder's own
/// name. Nothing where there is no such folder. Files of a folder are read to the length of a header, a single file whole.
async fn beginnings(
    tools: &Tools,
    container: &str,
    path: &str,
    wanted: impl Fn(&[String]) -> bool + Send + 'static,
) -> Result<BTreeMap<Vec<String>, Vec<u8>>> {
    let (mut sink, source) = tokio::io::duplex(256 * 1024);
    let reader = tokio::task::spawn_blocking(move || gather(SyncIoBridge::new(source), wanted));
    let copied = tools.engine.copy_out(container, path, &mut sink, COPY_SECONDS).await;
    // The reader may have gone away early with an error of its own, which tells more.
    let _ = sink.shutdown().await;
    drop(sink);
    let read = reader.await.map_err(|e| Error::Internal(format!("reading an image: {e}")))?;
    match copied {
        // There is no such file or folder.
        Err(Error::Outside { kind: OutsideKind::Refused, .. }) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
        Ok(()) => read.map_err(|e| Error::outside("engine", OutsideKind::Failed, format!("{path} of the image cannot be read: {e}"))),
    }
}

fn gather(source: impl Read, wanted: impl Fn(&[String]) -> bool) -> std::io::Result<BTreeMap<Vec<String>, Vec<u8>>> {
    const WHOLE: u64 = 64 * 1024 * 1024;
    let mut found = BTreeMap::new();
    let mut archive = tar::Archive::new(source);
    for entry in archive.entries()? {
        let entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path: Vec<String> = entry.path()?.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let (path, most) = if path.len() == 1 { (path, WHOLE) } else { (path[1..].to_vec(), headers::HEADER_BYTES as u64) };
        if wanted(&path) {
            let mut bytes = Vec::new();
            entry.take(most).read_to_end(&mut bytes)?;
            found.insert(path, bytes);
        }
    }
    Ok(found)
}
