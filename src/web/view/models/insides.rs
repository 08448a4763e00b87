// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a site told of its insides.

use jiff::Timestamp;
use serde::Serialize;

use crate::fleet::facts::Statement;

/// A theme or a plugin.
#[derive(Clone, Debug, Serialize)]
pub struct InUse {
    /// Its name.
    pub name: String,
    /// Its version; empty where it does not say.
    pub version: String,
}

/// A fatal error.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorRow {
    /// What was said, without numbers and addresses.
    pub message: String,
    /// File and line.
    pub place: String,
    /// What is to blame: `core`, `theme`, `plugin` or `mu-plugin`.
    pub kind: String,
    /// Which one.
    pub component: String,
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Option<Timestamp>,
}

/// The insides of a site, as it told of them last.
#[derive(Clone, Debug, Serialize)]
pub struct SiteInsides {
    /// When that was.
    pub told_at: Timestamp,
    /// WordPress' version.
    pub core: String,
    /// PHP's version.
    pub php: String,
    /// Its theme.
    pub theme: InUse,
    /// Its active plugins, the network's own included.
    pub plugins: Vec<InUse>,
    /// How many administrators it has.
    pub administrators: usize,
    /// Since how many seconds its oldest job waits.
    pub overdue: u64,
    /// Whether that is too long.
    pub late: bool,
    /// What WordPress reads at each request, in bytes.
    pub autoload: u64,
    /// Its tables, in bytes.
    pub database: Option<u64>,
    /// What was uploaded to it, in bytes.
    pub uploads: Option<u64>,
    /// Whether search engines are welcome.
    pub public: bool,
    /// Its accessibility statement.
    pub statement: Option<Statement>,
    /// Its fatal errors.
    pub errors: Vec<ErrorRow>,
}
