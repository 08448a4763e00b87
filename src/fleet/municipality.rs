// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The tenant.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MunicipalityId, known};
use crate::error::FieldError;

/// One municipality (or, for trying out, any other tenant without a code).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Municipality {
    /// Its id.
    pub id: MunicipalityId,
    /// Its short name in commands, addresses and container names.
    pub slug: Slug,
    /// Its official name, such as "Helsingborgs kommun".
    pub name: String,
    /// Its four-digit code from Statistics Sweden, where it has one.
    pub code: Option<Code>,
    /// Whom to write to.
    pub contact_email: Email,
    /// When it was onboarded.
    pub created_at: Timestamp,
}

/// A short name: 2–30 characters of `a–z`, `0–9` and single hyphens, starting with a letter, ending in no hyphen.
/// It becomes part of container names, schema names and host names, hence the narrow alphabet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Names that would collide with routes or containers of Flotta itself.
    const RESERVED: [&'static str; 9] = ["new", "db", "gateway", "net", "all", "flotta", "admin", "api", "preview"];

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let fix = "use 2 to 30 of a–z, 0–9 and single hyphens, starting with a letter, such as `helsingborg`";
        let bad = |why: String| Err(FieldError::new("slug", "invalid-slug", why, fix));
        if Self::RESERVED.contains(&text) {
            return Err(FieldError::new("slug", "reserved-slug", format!("`{text}` is reserved"), "choose another slug"));
        }
        if !(2..=30).contains(&text.chars().count()) {
            return bad(format!("the slug has {} characters", text.chars().count()));
        }
        if let Some(c) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
            return bad(format!("the slug contains `{}`", c.escape_default()));
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') || text.contains("--") {
            return bad(format!("`{text}` starts or ends wrongly, or has two hyphens in a row"));
        }
        Ok(Self(text.to_owned()))
    }
}
impl TryFrom<String> for Slug {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}
impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}
impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A municipality's four-digit code from Statistics Sweden (SCB); only the 290 known ones exist.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

impl Code {
    /// The code as text, with its leading zero.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        if known::by_code(text).is_some() {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError::new(
            "code",
            "unknown-code",
            format!("no Swedish municipality has the code `{text}`"),
            "give the four digits that Statistics Sweden uses, such as 1283 for Helsingborg, or leave the code out",
        ))
    }
}
impl TryFrom<String> for Code {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}
impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}
impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address that a mail server could accept: one `@`, a dotted or local domain, no spaces, at most 100
/// characters (WordPress keeps 100).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let fine = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
        let good = text.len() <= 100
            && text.split_once('@').is_some_and(|(local, domain)| {
                fine(local)
                    && local.len() <= 64
                    && local.chars().all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_{|}~-".contains(c))
                    && fine(domain)
                    && domain.contains('.')
                    && domain.split('.').all(|l| !l.starts_with('-') && !l.ends_with('-'))
                    && domain.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
            });
        if good {
            return Ok(Self(text.to_owned()));
        }
        Err(FieldError::new(
            "email",
            "invalid-email",
            format!("`{}` is not an e-mail address", text.escape_debug()),
            "write it as name@domain, such as webb@helsingborg.se",
        ))
    }
}
impl TryFrom<String> for Email {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}
impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}
impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks an official name: 2–100 visible characters.
///
/// # Errors
/// Names the field `name` when the text is too short, too long or holds control characters.
pub fn official_name(text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if (2..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        "name",
        "invalid-name",
        "the name must have 2 to 100 visible characters",
        "write the official name, such as Helsingborgs kommun",
    ))
}
