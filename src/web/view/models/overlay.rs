// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a municipality adds on top of every release, on its page.

use jiff::Timestamp;
use serde::Serialize;

/// The whole of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OverlayCard {
    /// Number of the present version; 0 where there never was one.
    pub version: u32,
    /// Whether it holds nothing now.
    pub is_empty: bool,
    /// Plugins.
    pub plugins: Vec<OverlayLine>,
    /// Must-use plugins.
    pub mu_plugins: Vec<OverlayLine>,
    /// Constants.
    pub constants: Vec<OverlayConstant>,
    /// Who made it.
    pub by: String,
    /// When.
    pub created_at: Option<Timestamp>,
    /// Where each instance stands with it.
    pub instances: Vec<OverlayRow>,
    /// Earlier versions, newest first.
    pub history: Vec<OverlayPast>,
    /// Whether `POST /municipalities/{slug}/overlay/apply` is offered.
    pub may_apply: bool,
    /// Whether changes are offered, and `POST /municipalities/{slug}/overlay/restore`.
    pub may_change: bool,
    /// The same by command.
    pub command: String,
    /// A change by command.
    pub add: String,
}

/// A plugin.
#[derive(Clone, Debug, Serialize)]
pub struct OverlayLine {
    /// Its folder or file.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its version; empty where it does not say.
    pub version: String,
    /// Whether it takes the place of the release's own.
    pub replaces: bool,
}

/// A constant.
#[derive(Clone, Debug, Serialize)]
pub struct OverlayConstant {
    /// Its name.
    pub name: String,
    /// Its value as JSON.
    pub value: String,
}

/// Where an instance stands with it.
#[derive(Clone, Debug, Serialize)]
pub struct OverlayRow {
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// The release below.
    pub release: String,
    /// The version that it runs; none where it runs none.
    pub runs: Option<u32>,
    /// Whether it runs another than the present one.
    pub waits: bool,
    /// The rehearsal's operation; empty where there was none.
    pub rehearsal: String,
    /// What that says: `passed`, `failed`, or `none` while it says nothing.
    pub verdict: String,
    /// Whether that did not fail.
    pub passed: bool,
    /// What it changes there, in words.
    pub words: Vec<String>,
}

/// An earlier version.
#[derive(Clone, Debug, Serialize)]
pub struct OverlayPast {
    /// Its number.
    pub version: u32,
    /// How many plugins, must-use plugins and constants it held.
    pub parts: usize,
    /// Who made it.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}
