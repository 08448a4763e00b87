// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal has seen, as files in a folder of its own: the whole evidence, and until it is written, what each side gave.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::classify::Classified;
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        FleetSettings, OperationId,
        contents::Contents,
        evidence::{Finding, Level, Look, Sampled, SeenPage},
        update::Migration,
    },
    vault,
};

/// The whole evidence.
const WHOLE: &str = "evidence.json";
/// What the sides gave, until the whole is written.
const BASELINE: &str = "baseline.json";
const CANDIDATE: &str = "candidate.json";
/// What the copy held before and after the present release was visited.
const CONTENTS: &str = "contents.json";

/// The whole evidence of a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Version of this form.
    pub version: u32,
    /// The present release's name.
    pub from: String,
    /// The name of the one that was tried.
    pub to: String,
    /// When the verdict was given.
    pub at: Timestamp,
    /// The verdict.
    pub level: Level,
    /// The gravest findings in one line.
    pub summary: String,
    /// What the release does to the data.
    pub migration: Migration,
    /// What it changes in it, for people; the first of them.
    pub changes: Vec<String>,
    /// How many changes there are.
    pub change_count: usize,
    /// What differs, the gravest first.
    pub findings: Vec<Finding>,
    /// Every page, old and new.
    pub pages: Vec<Pair>,
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// Why there are no pictures, or fewer than sites; empty where there are.
    pub without_pictures: String,
}

/// One page on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Under the present release.
    pub old: SeenPage,
    /// Under the one that was tried; none where that was not looked at.
    pub new: Option<SeenPage>,
}

/// The pictures of one page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The page.
    pub page: Sampled,
    /// File of the picture under the present release.
    pub old: String,
    /// File of the one under the release that was tried.
    pub new: String,
    /// File that shows where they differ.
    pub difference: String,
    /// Which share of the picture differs, from 0 to 1, without what differs by itself.
    pub changed: f64,
    /// Which share differs by itself.
    pub unsteady: f64,
}

/// A site as its tables tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteState {
    /// Host and path.
    pub address: String,
    /// Version of its tables.
    pub db_version: i64,
    /// What else looks like a version.
    pub versions: BTreeMap<String, String>,
    /// Locks that a migration holds or has left.
    pub locks: Vec<String>,
}

/// What the present release gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Two looks at the pages: what differs between them differs by itself.
    pub looks: (Look, Look),
    /// The sites.
    pub sites: BTreeMap<u64, SiteState>,
    /// The end of its container's output.
    pub output: String,
}

/// What the release that is tried gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Why it could not be looked at at all.
    pub failed: Option<String>,
    /// The version of the tables that its code wants.
    pub wanted: Option<i64>,
    /// Sites whose tables could not be brought to it, and why.
    pub upgrades: BTreeMap<u64, String>,
    /// Sites whose first visit went wrong, and how.
    pub fronts: BTreeMap<u64, String>,
    /// The look at the pages.
    pub look: Look,
    /// The sites afterwards.
    pub sites: BTreeMap<u64, SiteState>,
    /// The end of its container's output.
    pub output: String,
    /// What became of the data.
    pub migration: Migration,
    /// What changed in it.
    pub changes: Vec<String>,
    /// How much.
    pub change_count: usize,
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// Why there are none.
    pub without_pictures: String,
}

impl Candidate {
    /// One that could not be looked at.
    #[must_use]
    pub fn failed(why: String, output: String, data: Classified) -> Self {
        Self {
            failed: Some(why),
            wanted: None,
            upgrades: BTreeMap::new(),
            fronts: BTreeMap::new(),
            look: Look::default(),
            sites: BTreeMap::new(),
            output,
            migration: data.migration,
            changes: data.changes,
            change_count: data.count,
            pictures: Vec::new(),
            without_pictures: String::new(),
        }
    }
}

/// The folder of an operation's evidence.
#[derive(Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// Of this operation.
    #[must_use]
    pub fn of(settings: &FleetSettings, operation: OperationId) -> Self {
        Self(settings.evidence().join(operation.text()))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The whole evidence, where it is written.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn whole(&self) -> Result<Option<Evidence>> {
        self.read(WHOLE)
    }

    /// What the present release gave, where it is written.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub fn baseline(&self) -> Result<Option<Baseline>> {
        self.read(BASELINE)
    }

    /// What the release that is tried gave, where it is written.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub fn candidate(&self) -> Result<Option<Candidate>> {
        self.read(CANDIDATE)
    }

    /// What the copy held before and after the present release was visited.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub fn contents(&self) -> Result<Option<(Contents, Contents)>> {
        self.read(CONTENTS)
    }

    /// Keeps what the present release gave.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_baseline(&self, baseline: &Baseline, contents: &(Contents, Contents)) -> Result<()> {
        self.write(CONTENTS, contents)?;
        self.write(BASELINE, baseline)
    }

    /// Keeps what the release that is tried gave.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_candidate(&self, candidate: &Candidate) -> Result<()> {
        self.write(CANDIDATE, candidate)
    }

    /// Keeps the whole, and lets go of what it was made from.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn keep_whole(&self, evidence: &Evidence) -> Result<()> {
        self.write(WHOLE, evidence)?;
        for name in [BASELINE, CANDIDATE, CONTENTS] {
            match fs::remove_file(self.0.join(name)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(self.failed(&e)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Forgets what the release that is tried gave.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn forget_candidate(&self) -> Result<()> {
        match fs::remove_file(self.0.join(CANDIDATE)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(self.failed(&e)),
            _ => Ok(()),
        }
    }

    /// Removes everything.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<()> {
        super::place::remove_folder(&self.0)
    }

    /// Whether anything is there.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match fs::read(self.0.join(name)) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(self.failed(&e)),
            // A file of another version of Flotta is none.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        }
    }

    fn write<T: Serialize>(&self, name: &str, what: &T) -> Result<()> {
        let text = serde_json::to_vec(what).map_err(|e| Error::Internal(e.to_string()))?;
        let put = || {
            if let Some(all) = self.0.parent() {
                vault::private_folder(all)?;
            }
            vault::private_folder(&self.0)?;
            let fresh = self.0.join(format!(".{name}.new"));
            fs::write(&fresh, &text)?;
            fs::rename(fresh, self.0.join(name))
        };
        put().map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &std::io::Error) -> Error {
        let kind = if error.kind() == std::io::ErrorKind::StorageFull { OutsideKind::Full } else { OutsideKind::Failed };
        Error::outside("files", kind, format!("{}: {error}", self.0.display()))
    }
}
