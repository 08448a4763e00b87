// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    error::FieldError,
    fleet::{Channel, Contract, Environment, InstanceState},
    web::view::Page,
};

/// One release in the list.
#[derive(Clone, Debug, Serialize)]
pub struct ReleaseRow {
    /// Its name.
    pub name: String,
    /// The image as it was named when registered.
    pub image: String,
    /// `sha256:…`.
    pub image_id: String,
    /// How the image is configured.
    pub contract: Contract,
    /// Where it stands.
    pub channel: Channel,
    /// When it was registered.
    pub created_at: Timestamp,
    /// How many instances run it.
    pub instances: usize,
    /// Whether onboarding takes this one unless told otherwise.
    pub is_default: bool,
}

/// The form as typed; sent to `POST /releases`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReleaseForm {
    /// The image's name, such as `flotta/wordpress:6.8`.
    pub image: String,
    /// The release's name; empty to take it from the image.
    pub release: String,
    /// `wordpress` or `municipio`; empty to find it from the image.
    pub contract: String,
    /// `candidate` or `stable`.
    pub channel: String,
}

/// Releases, newest first, at `GET /releases`.
#[derive(Clone, Debug, Serialize)]
pub struct ReleasesPage {
    /// Them.
    pub rows: Vec<ReleaseRow>,
    /// Whether the page offers the form.
    pub may_register: bool,
    /// The form.
    pub form: ReleaseForm,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for ReleasesPage {
    const PAGE: Page = Page::Releases;
}

/// A theme, a plugin or a package of a release.
#[derive(Clone, Debug, Serialize)]
pub struct PartRow {
    /// Its name.
    pub name: String,
    /// Its folder; the name once more for a package.
    pub slug: String,
    /// Its version; empty where it does not say.
    pub version: String,
    /// The theme that it builds on; empty for most.
    pub parent: String,
}

/// An instance that runs a release.
#[derive(Clone, Debug, Serialize)]
pub struct RunsOn {
    /// The municipality's slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Which of its instances.
    pub environment: Environment,
    /// How that is.
    pub state: InstanceState,
}

/// One release, at `GET /releases/{name}`.
#[derive(Clone, Debug, Serialize)]
pub struct ReleasePage {
    /// The release.
    pub release: ReleaseRow,
    /// The release that it is compared with, and that it was put on where Flotta built it.
    pub before: Option<String>,
    /// Whether Flotta built it.
    pub built: bool,
    /// What differs from the one before, in the words of the page's language.
    pub changes: Vec<String>,
    /// Whether what is in it could be read.
    pub known: bool,
    /// WordPress' version.
    pub wordpress: Option<String>,
    /// Its database's version.
    pub db_version: Option<u64>,
    /// PHP's version.
    pub php: Option<String>,
    /// Its themes.
    pub themes: Vec<PartRow>,
    /// Its plugins.
    pub plugins: Vec<PartRow>,
    /// Its must-use plugins.
    pub must_use: Vec<PartRow>,
    /// Its Debian packages.
    pub packages: Vec<PartRow>,
    /// Where it runs, as far as the reader may know.
    pub runs_on: Vec<RunsOn>,
    /// Whether the page offers to make it stable.
    pub may_promote: bool,
    /// Whether the page offers to retire it.
    pub may_retire: bool,
    /// Why what was asked was not done.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
    /// What else commands do with it, for who may.
    pub commands: Vec<String>,
}

impl Model for ReleasePage {
    const PAGE: Page = Page::Release;
}
