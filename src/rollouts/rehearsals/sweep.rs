// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What rehearsals have left that ended without clearing up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use tracing::info;

use super::place::{ROLE, SUFFIX, owner, remove_folder};
use crate::{
    error::Result,
    fleet::{Instance, OperationKind, container::label},
    instances::Tools,
    store::operations,
};

/// Removes containers, networks, schemas, users and secrets of rehearsals that are not live. Gives how many things went.
///
/// # Errors
/// When the store, the engine or the database server fails; what was removed before stays removed.
pub async fn leftovers(tools: &Tools) -> Result<usize> {
    let fleet = &tools.settings.fleet;
    // Looked at before the operations: whatever is made for one that starts meanwhile is not among them.
    let containers = tools.engine.containers(fleet).await?;
    let networks = tools.engine.networks(fleet).await?;
    let schemas: Vec<String> = tools.database.schemas("flt_").await?.into_iter().filter(|name| name.ends_with(SUFFIX)).collect();
    let folders = secret_folders(tools);
    let live = operations::live_of(&tools.store, OperationKind::Rehearse).await?;
    let busy: BTreeSet<String> = live.iter().map(|operation| operation.instance.text()).collect();
    let is_left = |labels: &BTreeMap<String, String>| {
        labels.get(label::ROLE).is_some_and(|role| role == ROLE) && labels.get(label::INSTANCE).is_some_and(|of| !busy.contains(of))
    };
    let mut gone = 0;
    for container in containers.iter().filter(|c| is_left(&c.labels)) {
        tools.engine.remove_container(&container.name).await?;
        gone += 1;
    }
    for network in networks.iter().filter(|n| is_left(&n.labels)) {
        tools.engine.remove_network(&network.name).await?;
        gone += 1;
    }
    let in_use: BTreeSet<String> = live.iter().map(|o| format!("{}{SUFFIX}", Instance::schema_of(&o.slug, o.instance))).collect();
    for schema in schemas.iter().filter(|schema| !in_use.contains(*schema)) {
        tools.database.drop_schema(schema).await?;
        gone += 1;
    }
    for folder in folders {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !busy.iter().any(|instance| owner(instance) == name) {
            remove_folder(&folder)?;
            gone += 1;
        }
    }
    if gone > 0 {
        info!(things = gone, "what rehearsals had left was removed");
    }
    Ok(gone)
}

fn secret_folders(tools: &Tools) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(tools.settings.home.join("secrets")).into_iter().flatten().flatten();
    let is_one = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().ends_with(&owner(""));
    entries.filter(is_one).map(|entry| entry.path()).collect()
}
