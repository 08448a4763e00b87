// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An immutable version of the fork.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReleaseId, instance::text_enum};
use crate::error::FieldError;

/// One release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Its name for people, unique, such as `6.8-1`.
    pub name: String,
    /// The image as it was named when registered.
    pub image: String,
    /// What the engine pulled or built: `sha256:…`; instances run this, never the tag.
    pub image_id: String,
    /// How the image is configured.
    pub contract: Contract,
    /// Where it stands.
    pub channel: Channel,
    /// When it was registered.
    pub created_at: Timestamp,
}

/// How an image is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contract {
    /// The official WordPress image's environment, each also as `…_FILE`; HTTP on port 80.
    Wordpress,
    /// The Municipio deployment image's environment; installs itself on first start.
    Municipio,
}

text_enum!(Contract, "contract", [Contract::Wordpress => "wordpress", Contract::Municipio => "municipio"]);

/// Where a release stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// New, for trying out.
    Candidate,
    /// For everybody; onboarding takes the newest of these unless told otherwise.
    Stable,
    /// No longer for new instances.
    Retired,
}

text_enum!(Channel, "channel", [Channel::Candidate => "candidate", Channel::Stable => "stable", Channel::Retired => "retired"]);

/// Finds an image's contract by its labels and environment.
///
/// The label `se.flotta.contract` decides. Without it, the variables that the two known images declare tell them apart.
#[must_use]
pub fn detect_contract<'a>(labels: impl Fn(&str) -> Option<&'a str>, environment: &[String]) -> Option<Contract> {
    if let Some(named) = labels("se.flotta.contract") {
        return named.parse().ok();
    }
    let declares = |prefix: &str| environment.iter().any(|entry| entry.starts_with(prefix));
    if declares("WP_CONF_") {
        Some(Contract::Municipio)
    } else if declares("WORDPRESS_") || (declares("PHP_INI_DIR=") && declares("APACHE_CONFDIR=")) {
        Some(Contract::Wordpress)
    } else {
        None
    }
}

/// Checks a release's name: 1–60 of letters, digits, dot, hyphen, underscore, plus.
///
/// # Errors
/// Names the field `release`.
pub fn release_name(text: &str) -> Result<String, FieldError> {
    let good = (1..=60).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b))
        && text.as_bytes()[0].is_ascii_alphanumeric();
    if good {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        "release",
        "invalid-release-name",
        format!("`{}` cannot name a release", text.escape_debug()),
        "use letters, digits, dots and hyphens, such as 6.8-1",
    ))
}
