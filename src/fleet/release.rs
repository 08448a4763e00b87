// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An immutable version of the fork.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReleaseId, instance::text_enum};
use crate::error::FieldError;

/// The longest tar that a release is built from.
pub const LONGEST_UPLOAD: u64 = 512 << 20;
/// What themes, plugins or the folder of a release may hold at most; far above what a fork has (145 MB, 14,428 files).
pub const MOST_BYTES: u64 = 1 << 30;
/// How many files they may hold at most.
pub const MOST_ENTRIES: usize = 200_000;

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

/// Checks an image's name by the grammar of container registries (distribution's `reference` package): `flotta/wordpress:6.8-1`,
/// `registry.example:5000/fork@sha256:…`, or an id.
///
/// # Errors
/// Names the field `image`.
pub fn image_reference(text: &str) -> Result<String, FieldError> {
    let (named, digest) = text.split_once('@').map_or((text, None), |(named, digest)| (named, Some(digest)));
    // A colon after the last slash begins a tag; one before it, a registry's port.
    let (path, tag) = match named.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (named, None),
    };
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost") {
        let (host, port) = parts[0].split_once(':').unwrap_or((parts[0], "1"));
        let label = |l: &str| {
            !l.is_empty() && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !l.starts_with('-') && !l.ends_with('-')
        };
        if !host.split('.').all(label) || port.parse::<u16>().is_err() {
            return Err(no_reference(text));
        }
        parts.remove(0);
    }
    let component = |part: &&str| {
        let inner = part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
        let ends = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let mixed = ["..", "._", ".-", "_.", "_-", "-.", "-_", "___"].iter().any(|pair| part.contains(pair));
        inner && ends(part.as_bytes().first()) && ends(part.as_bytes().last()) && !mixed
    };
    let good_tag = |tag: &str| {
        (1..=128).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && !tag.starts_with(['.', '-'])
    };
    let good_digest = |digest: &str| {
        digest
            .strip_prefix("sha256:")
            .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()))
    };
    let good = path.len() <= 255 && parts.iter().all(component) && tag.is_none_or(good_tag) && digest.is_none_or(good_digest);
    if good { Ok(text.to_owned()) } else { Err(no_reference(text)) }
}

fn no_reference(text: &str) -> FieldError {
    FieldError::new(
        "image",
        "invalid-image",
        format!("`{}` cannot name an image", text.chars().take(100).collect::<String>().escape_debug()),
        "give a name in lower case such as flotta/wordpress:6.8-1, or an id such as sha256:…",
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_as_registries_name_them() {
        let id = "a".repeat(64);
        for good in [
            "flotta/wordpress:6.8-1",
            "wordpress",
            "ghcr.io/municipio-se/municipio-deployment-docker:latest",
            "registry.example:5000/fork",
            "localhost/fork:A_b.c",
            "a__b/c-d--e.f",
            "3f2a",
            &format!("sha256:{id}"),
            &format!("flotta/wordpress@sha256:{id}"),
            &format!("flotta/wordpress:1@sha256:{id}"),
        ] {
            assert_eq!(image_reference(good).unwrap(), good);
        }
        for bad in [
            "",
            "aQ",
            "Å",
            "a b",
            "/a",
            "a/",
            "a//b",
            "a:",
            "a:-b",
            "a:b:c",
            "-a",
            "a-",
            "a._b",
            "a___b",
            "a@sha256:1",
            "a@md5:b",
            "reg.example:x/a",
            "-reg.example/a",
            "a\u{0}",
            "../etc",
            "http://a/b",
            &"a".repeat(300),
            &format!("a:{}", "b".repeat(129)),
        ] {
            assert!(image_reference(bad).is_err(), "{bad:?}");
        }
    }
}
