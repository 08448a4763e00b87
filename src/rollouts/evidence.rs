// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an update or a rehearsal has seen, kept in files beside the journal: `<home>/evidence/<operation>/<name>.json`.

use std::{io::Write, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::OperationId,
    instances::Tools,
    vault,
};

fn path(tools: &Tools, operation: OperationId, name: &str) -> PathBuf {
    tools.settings.evidence().join(operation.text()).join(format!("{name}.json"))
}

/// Writes a piece of evidence; one that is there is replaced as a whole.
///
/// # Errors
/// When the file cannot be written.
pub async fn save(tools: &Tools, operation: OperationId, name: &str, what: &impl Serialize) -> Result<()> {
    let path = path(tools, operation, name);
    let all = tools.settings.evidence();
    let text = serde_json::to_vec_pretty(what).map_err(|e| Error::Internal(e.to_string()))?;
    blocking(move || {
        vault::private_folder(&all)?;
        if let Some(folder) = path.parent() {
            vault::private_folder(folder)?;
        }
        let fresh = path.with_extension("new");
        let mut file = std::fs::File::create(&fresh)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(fresh, path)
    })
    .await
}

/// Reads a piece of evidence; none where there is none.
///
/// # Errors
/// When the file cannot be read or has another form.
pub async fn load<T: DeserializeOwned + Send + 'static>(tools: &Tools, operation: OperationId, name: &str) -> Result<Option<T>> {
    let path = path(tools, operation, name);
    blocking(move || match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(Into::into),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    })
    .await
}

/// Takes a piece of evidence away, where it is there.
///
/// # Errors
/// When the file cannot be removed.
pub async fn forget(tools: &Tools, operation: OperationId, name: &str) -> Result<()> {
    let path = path(tools, operation, name);
    blocking(move || match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?.map_err(|e| {
        let kind = if e.kind() == std::io::ErrorKind::StorageFull { OutsideKind::Full } else { OutsideKind::Failed };
        Error::outside("files", kind, e.to_string())
    })
}
