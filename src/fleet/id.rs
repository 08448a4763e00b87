// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Identifiers: typed UUIDv7 for rows, and the fleet's own short name.

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::error::FieldError;

/// A UUIDv7 that remembers what it identifies, so that an instance's id cannot stand where a municipality's belongs.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// A new id, later than every one made before it in this process.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7(), PhantomData)
    }

    /// The id as stored and shown: 36 characters, lower case.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        Uuid::parse_str(text).map(|id| Self(id, PhantomData)).map_err(|_| {
            FieldError::new(
                "id",
                "invalid-id",
                format!("`{text}` is not an id"),
                "copy the id from a list or an address; it has 36 characters",
            )
        })
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(|id| Self(id, PhantomData))
    }
}

/// The fleet's own name: it prefixes every container, network and volume, and stands in the label `se.flotta.fleet`,
/// so that two fleets on one engine never touch each other. 1–20 characters `a–z`, `0–9`, starting with a letter.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FleetId(String);

impl FleetId {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FleetId {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if letters && (1..=20).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError::new(
            "fleet",
            "invalid-fleet",
            format!("`{text}` cannot name a fleet"),
            "use 1 to 20 of a–z and 0–9, starting with a letter",
        ))
    }
}
impl TryFrom<String> for FleetId {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}
impl From<FleetId> for String {
    fn from(id: FleetId) -> Self {
        id.0
    }
}
impl fmt::Display for FleetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
