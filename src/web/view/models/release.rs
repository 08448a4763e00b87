// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    error::FieldError,
    fleet::{Channel, Contract},
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
