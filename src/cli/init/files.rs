// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Files that are written once: whole or not at all, for their owner alone, never over one that is there.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use crate::cli::failure::{Failure, Outcome};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was written now.
    New,
    /// There was one already, which stays as it is.
    WasThere,
}

/// Writes a file with mode 0600, unless there is one.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_new(path: &Path, text: &str) -> Outcome<Written> {
    let failed = |e: std::io::Error| {
        Failure::failed(format!("{}: {e}", path.display()), "run as a user who may write there, or choose another folder")
    };
    let fresh = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> std::io::Result<Written> {
        if path.symlink_metadata().is_ok() {
            return Ok(Written::WasThere);
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // Unlike a rename, a link never replaces what appeared meanwhile.
        match fs::hard_link(&fresh, path) {
            Ok(()) => Ok(Written::New),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(Written::WasThere),
            Err(e) => Err(e),
        }
    };
    let written = write();
    match fs::remove_file(&fresh) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(e)),
        _ => written.map_err(failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        assert_eq!(write_new(&path, "one").unwrap(), Written::New);
        assert_eq!(write_new(&path, "two").unwrap(), Written::WasThere);
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_new(&folder.path().join("no/such/folder"), "x").is_err());
    }
}
