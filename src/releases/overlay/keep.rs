// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The files of overlays, by the digest of what is in them, in the fleet's home: for its owner only, and whole or not there.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::FleetSettings,
    instances::Tools,
    store, vault,
};

/// A younger file may belong to a version that is about to be written.
const YOUNG: Duration = Duration::from_secs(3600);

fn place(settings: &FleetSettings) -> PathBuf {
    settings.home.join("overlays")
}

/// Where the file of this digest lies.
pub(super) fn path(settings: &FleetSettings, digest: &str) -> PathBuf {
    place(settings).join(format!("{digest}.tar"))
}

/// Moves a finished file, of the same disk, to its place. Blocks.
pub(super) fn put(settings: &FleetSettings, file: &Path, digest: &str) -> Result<()> {
    let target = path(settings, digest);
    let put = || {
        vault::private_folder(&place(settings))?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
        File::open(file)?.sync_all()?;
        fs::rename(file, &target)?;
        File::open(place(settings))?.sync_all()
    };
    put().map_err(|e| Error::outside("files", OutsideKind::Failed, format!("{}: {e}", target.display())))
}

/// Removes files that no version needs any more.
///
/// # Errors
/// When the store or the disk fails.
pub async fn sweep(tools: &Tools) -> Result<()> {
    let settings = std::sync::Arc::clone(&tools.settings);
    let needed = store::overlays::digests(&tools.store).await?;
    let swept = tokio::task::spawn_blocking(move || {
        let files = match fs::read_dir(place(&settings)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        for file in files {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let age = SystemTime::now().duration_since(file.metadata()?.modified()?).unwrap_or_default();
            if age > YOUNG && !needed.contains(name.trim_end_matches(".tar")) {
                fs::remove_file(file.path())?;
            }
        }
        Ok::<_, std::io::Error>(())
    });
    let failed = |e: std::io::Error| Error::outside("files", OutsideKind::Failed, e.to_string());
    swept.await.map_err(|e| Error::Internal(e.to_string()))?.map_err(failed)
}
