// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Where a theme, a plugin or the fork comes from: a folder, a zip, or a git repository, which is fetched first.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use super::pack::Folder;
use crate::cli::failure::{Failure, Outcome};

/// How long a repository may take to be fetched.
const FETCH: Duration = Duration::from_secs(300);

/// A place, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder.
    Folder(PathBuf),
    /// A zip.
    Zip(PathBuf),
    /// A repository and what of it: a branch, tag or commit; none for its main branch.
    Git(String, Option<String>),
}

/// Reads a place. `field` is the option's name.
///
/// # Errors
/// Names the field when there is nothing there, or nothing that can be taken.
pub fn read(field: &str, text: &str) -> Outcome<Source> {
    let lower = text.to_ascii_lowercase();
    if ["https://", "ssh://", "file://"].iter().any(|scheme| lower.starts_with(scheme)) {
        return git(field, text);
    }
    if lower.contains("://") || lower.starts_with("git@") {
        return Err(Failure::usage(
            field,
            format!("`{text}` is no address that repositories are fetched from"),
            "give https://…, ssh://user@host/path or file:///folder",
        ));
    }
    let path = Path::new(text);
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(Source::Folder(path.to_owned())),
        Ok(_) if lower.ends_with(".zip") => Ok(Source::Zip(path.to_owned())),
        Ok(_) => {
            Err(Failure::usage(field, format!("`{text}` is neither folder nor zip"), "give a folder, a .zip or a repository's address"))
        }
        Err(e) => Err(Failure::usage(field, format!("`{text}`: {e}"), "give a folder, a .zip or a repository's address")),
    }
}

fn git(field: &str, text: &str) -> Outcome<Source> {
    let (address, of) = text.split_once('#').map_or((text, None), |(address, of)| (address, Some(of)));
    let odd = |s: &str| s.chars().any(|c| c.is_control() || c == ' ');
    let bad_of = |of: &str| of.is_empty() || of.starts_with('-') || of.contains("..") || of.contains(':') || odd(of);
    if odd(address) || of.is_some_and(bad_of) {
        return Err(Failure::usage(field, format!("`{text}` names no repository"), "write it as https://host/path.git#branch-or-tag"));
    }
    // By the path of a file system, only a folder that is there: nothing is guessed, and nothing is fetched through a helper.
    if let Some(path) = address.strip_prefix("file://")
        && !(path.starts_with('/') && Path::new(path).is_dir())
    {
        return Err(Failure::usage(
            field,
            format!("there is no folder {path}"),
            "give a repository's folder from the root: file:///folder",
        ));
    }
    Ok(Source::Git(address.to_owned(), of.map(str::to_owned)))
}

impl Source {
    /// The name that a theme or plugin from here gets, where its own files do not give it another.
    #[must_use]
    pub fn stem(&self) -> String {
        let of = |path: &Path| {
            let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        match self {
            Self::Folder(path) => of(path),
            Self::Zip(path) => path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            Self::Git(address, _) => {
                let last = address.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                last.strip_suffix(".git").unwrap_or(last).to_owned()
            }
        }
    }

    /// A repository is fetched into a folder below `work`; others are what they are.
    ///
    /// # Errors
    /// When it cannot be fetched in time.
    pub async fn fetched(self, field: &str, work: &Folder) -> Outcome<Self> {
        let Self::Git(address, of) = self else { return Ok(self) };
        let folder = work.path().join(format!("git-{}", uuid::Uuid::now_v7()));
        clone(field, &address, of.as_deref(), &folder).await?;
        Ok(Self::Folder(folder))
    }
}

/// Fetches one commit. Nobody is asked for a password, and nothing of the repository runs.
async fn clone(field: &str, address: &str, of: Option<&str>, folder: &Path) -> Outcome {
    // A server need not hand out commits by their id, so a branch or tag is cloned and only a commit asked for by itself.
    let commit = of.filter(|of| of.len() == 40 && of.bytes().all(|b| b.is_ascii_hexdigit()));
    let place = folder.to_string_lossy().into_owned();
    let steps: Vec<Vec<&str>> = match commit {
        Some(id) => vec![
            vec!["init", "--quiet", "--", &place],
            vec!["-C", &place, "fetch", "--quiet", "--depth", "1", "--", address, id],
            vec!["-C", &place, "checkout", "--quiet", "FETCH_HEAD"],
        ],
        None => {
            let mut words = vec!["clone", "--quiet", "--depth", "1", "--no-tags", "--single-branch"];
            words.extend(of.iter().flat_map(|of| ["--branch", *of]));
            words.extend(["--", address, &place]);
            vec![words]
        }
    };
    for words in steps {
        git_step(field, address, &words).await?;
    }
    Ok(())
}

async fn git_step(field: &str, address: &str, words: &[&str]) -> Outcome {
    let mut command = Command::new("git");
    command
        .args(["-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "credential.interactive=false"])
        .args(words)
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
        .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
        .env_remove("GIT_ASKPASS")
        .env_remove("SSH_ASKPASS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ended = match tokio::time::timeout(FETCH, command.output()).await {
        Err(_) => {
            let why = format!("fetching {address} took more than {} s", FETCH.as_secs());
            return Err(Failure::failed(why, "try again, or fetch it by hand and give the folder"));
        }
        Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::failed("there is no program `git` on this computer", "install git, or give a folder or a zip"));
        }
        Ok(Err(e)) => return Err(Failure::failed(format!("git: {e}"), "fetch it by hand and give the folder")),
        Ok(Ok(ended)) => ended,
    };
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said: String = said.trim().chars().take(600).collect();
    Err(Failure::usage(
        field,
        format!("{address} cannot be fetched: {said}"),
        "check the address, the branch or tag, and that it needs no password",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_ways_lead_to_a_repository() {
        let folder = tempfile::tempdir().unwrap();
        let here = format!("file://{}#v1.1", folder.path().display());
        let Source::Git(address, of) = read("theme", &here).unwrap() else { panic!("no repository") };
        assert_eq!((address.as_str(), of.as_deref()), (here.trim_end_matches("#v1.1"), Some("v1.1")));
        assert_eq!(read("theme", "https://example.se/fork.git").unwrap().stem(), "fork");
        for bad in [
            "http://example.se/x.git",
            "git://example.se/x",
            "git@example.se:x.git",
            "ext::sh -c id",
            "file:///nowhere/at/all",
            "file://relative",
            "https://example.se/x#--upload-pack=id",
            "https://example.se/x#",
            "https://example.se/x#a:b",
            "/nowhere/x.zip",
        ] {
            let Err(Failure::Usage(error)) = read("theme", bad) else { panic!("{bad} is taken") };
            assert_eq!(error.field, "theme");
        }
    }
}
