// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal has seen: the whole evidence, and until it is written, what each side gave.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::classify::Classified;
use crate::{
    error::Result,
    fleet::{
        OperationId,
        evidence::{Finding, Level, Look, Sampled, SeenPage},
        update::Migration,
    },
    instances::Tools,
    rollouts::evidence,
};

/// Names of the pieces of evidence.
pub mod kept {
    /// The whole, for people.
    pub const WHOLE: &str = "rehearsal";
    /// What the present release gave, until the whole is written.
    pub const BASELINE: &str = "baseline";
    /// What the one that is tried gave, as long.
    pub const CANDIDATE: &str = "candidate";
    /// What the copy held before and after the present release was visited.
    pub const CONTENTS: &str = "contents";
}

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
    /// Pages of which there are pictures.
    pub pictured: Vec<Sampled>,
    /// Why there are no more.
    pub without_pictures: String,
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

/// Removes everything that an operation has seen.
///
/// # Errors
/// When it cannot be removed.
pub fn discard(tools: &Tools, operation: OperationId) -> Result<()> {
    super::place::remove_folder(&folder(tools, operation))
}

/// The folder of an operation's evidence.
#[must_use]
pub fn folder(tools: &Tools, operation: OperationId) -> PathBuf {
    tools.settings.evidence().join(operation.text())
}

/// A picture by its file's name, where there is one.
///
/// # Errors
/// When it is there and cannot be read.
pub async fn picture(tools: &Tools, operation: OperationId, name: &str) -> Result<Option<Vec<u8>>> {
    let plain = name.ends_with(".png") && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    if !plain {
        return Ok(None);
    }
    let path = folder(tools, operation).join(name);
    evidence::blocking(move || match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    })
    .await
}

/// The whole evidence of a rehearsal, once it is written.
///
/// # Errors
/// When it is there and cannot be read.
pub async fn whole(tools: &Tools, operation: OperationId) -> Result<Option<Evidence>> {
    evidence::load(tools, operation, kept::WHOLE).await
}
