// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is sent to be built, in a folder of its own in the fleet's home while that goes on, never in memory.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::io::AsyncWriteExt;

use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{FleetSettings, release::LONGEST_UPLOAD},
    instances::Tools,
    vault,
};

/// No build takes as long: what is older was left behind by a control plane that was killed.
const FORGOTTEN: Duration = Duration::from_secs(6 * 3600);

/// A tar that comes in, and the folder in which it is worked on. The folder goes when this does.
#[derive(Debug)]
pub struct Upload {
    folder: PathBuf,
    file: Option<tokio::fs::File>,
    length: u64,
}

fn place(settings: &FleetSettings) -> PathBuf {
    settings.home.join("builds")
}

impl Upload {
    /// Makes a place for it.
    ///
    /// # Errors
    /// `Exhausted` when the disk is nearly full; otherwise when the engine or the disk fails.
    pub async fn begin(tools: &Tools) -> Result<Self> {
        let free_mib = tools.engine.free_disk_bytes().await? >> 20;
        // The body, what is built from it, and the image.
        let needed = tools.settings.reserved_disk_mib + 3 * (LONGEST_UPLOAD >> 20);
        if free_mib < needed {
            return Err(Error::Exhausted {
                what: format!("{free_mib} MiB of disk are free, and building a release may take {needed}"),
                fix: "free some, or delete releases that nothing runs".to_owned(),
            });
        }
        let place = place(&tools.settings);
        let folder = place.join(uuid::Uuid::now_v7().to_string());
        let (made, made_in) = (folder.clone(), place.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            vault::private_folder(&made_in)?;
            vault::private_folder(&made)
        });
        prepared.await.map_err(|e| Error::Internal(e.to_string()))?.map_err(|e| failed(&place, &e))?;
        let mut upload = Self { folder, file: None, length: 0 };
        let path = upload.path();
        upload.file = Some(tokio::fs::File::create(&path).await.map_err(|e| failed(&path, &e))?);
        Ok(upload)
    }

    /// Takes another piece.
    ///
    /// # Errors
    /// `Invalid` when it becomes too long; otherwise when the disk fails.
    pub async fn add(&mut self, piece: &[u8]) -> Result<()> {
        self.length += piece.len() as u64;
        if self.length > LONGEST_UPLOAD {
            return Err(FieldError::new(
                "body",
                "too-long",
                format!("it is longer than {} MiB", LONGEST_UPLOAD >> 20),
                "leave out what a web site does not serve, such as node_modules and sources of pictures",
            )
            .into());
        }
        let path = self.path();
        let file = self.file.as_mut().ok_or_else(|| Error::Internal("the upload has ended".into()))?;
        file.write_all(piece).await.map_err(|e| failed(&path, &e))
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn end(&mut self) -> Result<()> {
        let path = self.path();
        match self.file.take() {
            Some(mut file) => file.flush().await.map_err(|e| failed(&path, &e)),
            None => Ok(()),
        }
    }

    /// The file with what came.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join("body.tar")
    }

    /// The file with what is built from.
    #[must_use]
    pub fn context(&self) -> PathBuf {
        self.folder.join("context.tar")
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "what was sent for a build could not be removed");
        }
    }
}

/// Removes what killed control planes have left.
pub(super) fn sweep(settings: &FleetSettings) -> std::io::Result<()> {
    let folders = match std::fs::read_dir(place(settings)) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for folder in folders {
        let folder = folder?;
        let age = SystemTime::now().duration_since(folder.metadata()?.modified()?).unwrap_or_default();
        if age > FORGOTTEN {
            std::fs::remove_dir_all(folder.path())?;
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => OutsideKind::Full,
        _ => OutsideKind::Failed,
    };
    Error::outside("files", kind, format!("{}: {error}", path.display()))
}
