// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What updates keep for going back is removed once the time for it is over: old containers, snapshots, evidence.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use tracing::info;

use crate::{
    error::Result,
    fleet::{InstanceId, container::label},
    instances::{Tools, archive},
    store,
};

/// How long what updates have seen is kept.
pub const EVIDENCE_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Removes what is no longer kept. Instances that an operation works on are left alone.
///
/// # Errors
/// When the store, the engine or the file system fails; what is left is removed at the next try.
pub async fn sweep(tools: &Tools, now: Timestamp) -> Result<usize> {
    let busy: HashSet<InstanceId> = store::operations::live_instances(&tools.store).await?.into_iter().collect();
    let window = SignedDuration::from_hours(24 * i64::from(tools.settings.updates.rollback_days));
    let since = now.checked_sub(window).unwrap_or(Timestamp::MIN);
    Ok(containers(tools, since).await? + snapshots(tools, &busy, since).await? + evidence(tools, now).await?)
}

/// Stopped containers of other generations than the one that serves, of instances that nothing was done with since.
async fn containers(tools: &Tools, since: Timestamp) -> Result<usize> {
    let found = tools.engine.containers(&tools.settings.fleet).await?;
    // Read after the engine: an update that has made a container by then is seen, at work or ended just now.
    let instances: HashMap<String, (InstanceId, String)> = store::instances::all_with_work(&tools.store)
        .await?
        .iter()
        .filter(|(_, busy)| !busy)
        .map(|(i, _)| (i.id.text(), (i.id, i.generation.to_string())))
        .collect();
    let mut removed = 0;
    for container in found {
        let label = |name: &str| container.labels.get(name).map(String::as_str).unwrap_or_default();
        let Some((id, generation)) = instances.get(label(label::INSTANCE)) else { continue };
        let old = label(label::ROLE) == "instance" && label(label::GENERATION) != generation && !container.running;
        if old && store::operations::last_end(&tools.store, *id).await?.is_none_or(|end| end < since) {
            tools.engine.remove_container(&container.name).await?;
            info!(container = container.name, "an old container was removed: the time for going back is over");
            removed += 1;
        }
    }
    Ok(removed)
}

async fn snapshots(tools: &Tools, busy: &HashSet<InstanceId>, since: Timestamp) -> Result<usize> {
    let mut removed = 0;
    for backup in store::backups::snapshots_before(&tools.store, since).await? {
        if !busy.contains(&backup.instance) {
            archive::remove_path(tools, &backup.path).await?;
            info!(municipality = %backup.slug, backup = %backup.id, "a snapshot was removed: the time for going back is over");
            removed += 1;
        }
    }
    Ok(removed)
}

async fn evidence(tools: &Tools, now: Timestamp) -> Result<usize> {
    let folder = tools.settings.evidence();
    let before = std::time::SystemTime::from(now.checked_sub(EVIDENCE_KEPT).unwrap_or(Timestamp::MIN));
    super::evidence::blocking(move || {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(0) };
        let mut removed = 0;
        for entry in entries {
            let entry = entry?;
            if entry.metadata()?.modified()? < before {
                std::fs::remove_dir_all(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    })
    .await
}
