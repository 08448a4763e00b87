// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Configuration and platform.

use jiff::Timestamp;
use serde::Serialize;

use super::Model;
use crate::web::view::Page;

/// Configuration and platform, read-only, at `GET /settings`.
#[derive(Clone, Debug, Serialize)]
pub struct SettingsPage {
    /// What the fleet stands on.
    pub platform: Vec<PlatformPart>,
    /// How many of those are unwell.
    pub unwell: usize,
    /// The configuration by group. Secrets are left out by whoever fills this.
    pub groups: Vec<SettingsGroup>,
    /// Path of the configuration file; empty where there is none.
    pub file: String,
    /// The same by command.
    pub command: String,
}

impl Model for SettingsPage {
    const PAGE: Page = Page::Settings;
}

/// One thing that the fleet stands on.
#[derive(Clone, Debug, Serialize)]
pub struct PlatformPart {
    /// `engine`, `database-server`, `gateway`, `network`, `store`.
    pub name: String,
    /// How it is.
    pub state: Wellness,
    /// Its version; empty where unknown.
    pub version: String,
    /// Its name or address, without secrets.
    pub place: String,
    /// What is wrong, in English; empty when well.
    pub problem: String,
    /// What to do about it, in English; empty when well.
    pub fix: String,
    /// When this was seen.
    pub seen_at: Timestamp,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wellness {
    /// It answers.
    Well,
    /// It does not, or wrongly.
    Unwell,
    /// Not asked yet.
    Unknown,
}

/// Settings that belong together.
#[derive(Clone, Debug, Serialize)]
pub struct SettingsGroup {
    /// Its name in the configuration file, such as `gateway`; empty for the keys above all groups.
    pub name: String,
    /// Its settings.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its name, such as `web.listen`.
    pub key: String,
    /// Its value; `…` where it is a secret.
    pub value: String,
    /// Where the value comes from.
    pub source: SettingSource,
}

/// Where a setting's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// Built in.
    Default,
    /// The configuration file.
    File,
    /// The environment.
    Environment,
}
