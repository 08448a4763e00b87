// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is in a release, as read from its image.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Everything that a release is made of and that an operator may ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Inventory {
    /// WordPress itself; none where the image holds none at the place that the contract names.
    pub wordpress: Option<Core>,
    /// PHP's version; none where the image does not tell.
    pub php: Option<String>,
    /// Themes, by folder.
    pub themes: Vec<Component>,
    /// Plugins, by folder.
    pub plugins: Vec<Component>,
    /// Must-use plugins, by file.
    pub must_use: Vec<Component>,
    /// Debian packages, by name.
    pub packages: Vec<Package>,
}

/// WordPress itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Core {
    /// Its version, such as `6.8.3`.
    pub version: String,
    /// The version of its database; where two releases differ in it, sites are upgraded.
    pub db_version: u64,
}

/// A theme or plugin, by what its header says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Component {
    /// Its folder, or its file where it has none.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its version; empty where it does not say.
    pub version: String,
    /// The theme that it builds on; empty for most.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parent: String,
    /// The oldest WordPress that it runs on; empty where it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requires_wordpress: String,
    /// The oldest PHP that it runs on; empty where it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub requires_php: String,
    /// Its licence as it names it; empty where it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// SHA-256 of its files, so that another content under the same version is seen.
    pub digest: String,
}

/// A Debian package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// The source package that it was built from, where that has another name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Where a release came from, for those that Flotta built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The release that it was put on; none where its own Dockerfile says.
    pub base: Option<super::ReleaseId>,
    /// SHA-256 of what was put into it.
    pub content: String,
}

/// Compares two versions as PHP and WordPress do for plain numbers: part by part, a missing part counts as 0.
#[must_use]
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<u64> {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        numbers.map(|part| part.parse().unwrap_or(u64::MAX)).collect()
    };
    let (a, b) = (parts(a), parts(b));
    let at = |parts: &[u64], i: usize| parts.get(i).copied().unwrap_or(0);
    (0..a.len().max(b.len())).map(|i| at(&a, i).cmp(&at(&b, i))).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (a, b, expected) in [
            ("8.4.11", "8.4", Ordering::Greater),
            ("8.4.0", "8.4", Ordering::Equal),
            ("6.10", "6.9", Ordering::Greater),
            ("6.8.3", "6.9", Ordering::Less),
            ("", "5", Ordering::Less),
            ("7.4-alpha", "7.4", Ordering::Equal),
        ] {
            assert_eq!(compare_versions(a, b), expected, "{a} {b}");
        }
    }
}
