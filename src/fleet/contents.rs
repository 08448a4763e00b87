// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a schema holds, in digests: what changed can be told from two of them, what stands in it cannot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Its tables by name.
    pub tables: BTreeMap<String, TableContents>,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContents {
    /// Digest of its columns and keys.
    pub structure: String,
    /// Digest of its rows, where they have no names.
    pub rows: String,
    /// Where rows have names (options, metadata), a digest for each name.
    pub named: BTreeMap<String, String>,
    /// Whole values of the names that hold a version, for people.
    pub versions: BTreeMap<String, String>,
}

/// Whether the value of this name is a version: small enough to be told.
#[must_use]
pub fn is_version(name: &str) -> bool {
    name.ends_with("version") || name.ends_with("_db_ver") || name == "wpmu_upgrade_site"
}
