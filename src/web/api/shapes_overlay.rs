// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of overlays.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::releases::Words;
use crate::fleet::{self, inventory::Component};

/// How what is sent is laid over what is there.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Adding {
    /// Whether it may take the place of what the release itself brings.
    #[param(value_type = Option<bool>)]
    pub replace: Option<String>,
}

/// Which version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Its number.
    pub version: u32,
}

/// What is to be applied where.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Apply {
    /// `production`, `staging` or `trial`; the only one, or the production one, when left out.
    pub environment: Option<String>,
    /// Go on though it failed its rehearsal, or had none.
    pub despite_failed_rehearsal: bool,
}

/// One version of what a municipality adds on top of every release.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverlayVersion {
    /// Its number; 0 where there never was an overlay.
    pub version: u32,
    /// Plugins.
    pub plugins: Vec<OverlayPart>,
    /// Must-use plugins.
    pub mu_plugins: Vec<OverlayPart>,
    /// What lies beside the must-use plugins, for them to load.
    pub beside: Vec<String>,
    /// Constants of `wp-config.php`.
    #[schema(value_type = Object)]
    pub constants: BTreeMap<String, Value>,
    /// SHA-256 of all of it; empty where it holds nothing.
    pub digest: String,
    /// Who made it; empty where there never was an overlay.
    pub by: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// A plugin of an overlay.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverlayPart {
    /// Its folder or file, by which it is removed.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its version; empty where it does not say.
    pub version: String,
    /// Whether it may take the place of the release's own.
    pub replaces: bool,
}

/// What a municipality adds on top of every release now, and where that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct Overlay {
    /// The municipality's slug.
    pub municipality: String,
    /// What is in it.
    #[serde(flatten)]
    pub present: OverlayVersion,
    /// Where each instance stands with it, production first.
    pub instances: Vec<OverlayInstance>,
}

/// Where an instance stands with the overlay.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverlayInstance {
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// The release that it runs, without an overlay.
    pub release: String,
    /// The version of the overlay that it runs; null where it runs none.
    pub runs: Option<u32>,
    /// Whether it runs the present one.
    pub applied: bool,
    /// The last rehearsal of the present one on that release, by its operation; null where there was none.
    pub rehearsal: Option<String>,
    /// What that says: `pass`, `warn` or `fail`; null while it goes on, and where it could not be done.
    pub level: Option<String>,
    /// What the overlay changes in that release.
    pub words: Words,
}

/// One version.
#[must_use]
pub fn version(o: fleet::Overlay) -> OverlayVersion {
    let holds = o.holds;
    let part =
        |one: Component| OverlayPart { replaces: holds.replaces.contains(&one.slug), slug: one.slug, name: one.name, version: one.version };
    OverlayVersion {
        version: o.version,
        plugins: holds.plugins.into_iter().map(part).collect(),
        mu_plugins: holds.must_use.into_iter().map(part).collect(),
        beside: holds.beside.into_iter().collect(),
        constants: holds.constants,
        digest: o.digest,
        by: o.by,
        created_at: Some(o.created_at),
    }
}

/// Where there never was one.
#[must_use]
pub fn none() -> OverlayVersion {
    OverlayVersion {
        version: 0,
        plugins: Vec::new(),
        mu_plugins: Vec::new(),
        beside: Vec::new(),
        constants: BTreeMap::new(),
        digest: String::new(),
        by: String::new(),
        created_at: None,
    }
}
