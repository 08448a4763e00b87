// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Host names of sites: internationalised, checked against the public-suffix list.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::FieldError;

/// A full host name in its ASCII form (`xn--…`), lower case, without port or final dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// The ASCII form, as it goes over the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that people read: `xn--malm-8qa.se` as `malmö.se`.
    #[must_use]
    pub fn display(&self) -> String {
        idna::domain_to_unicode(&self.0).0
    }

    /// Whether it only exists on this machine (`*.localhost`, `*.test`): no public certificate can be had for it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.0.rsplit('.').next(), Some("localhost" | "test"))
    }

    /// The registered domain that it belongs to (`www.lund.se` to `lund.se`), which one zone and one owner stand behind; none for a
    /// name of this machine only.
    #[must_use]
    pub fn registered(&self) -> Option<&str> {
        if self.is_local() { None } else { psl::domain_str(&self.0) }
    }

    /// Whether `self` is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Domain) -> bool {
        self == other || self.0.strip_suffix(&other.0).is_some_and(|rest| rest.ends_with('.'))
    }
}

const FIX: &str = "give a full host name without scheme, port or path, such as helsingborg.se or helsingborg.localhost";

impl FromStr for Domain {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let bad = |why: String| FieldError::new("domain", "invalid-domain", why, FIX);
        let text = text.trim();
        if text.contains("://") || text.contains('/') || text.contains(':') {
            return Err(bad(format!("`{}` is an address, not a host name", text.escape_debug())));
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| bad(format!("`{}` is not a host name", text.escape_debug())))?;
        if ascii.ends_with('.') || !ascii.contains('.') {
            return Err(bad(format!("`{ascii}` is not a full host name")));
        }
        if ascii.parse::<std::net::Ipv4Addr>().is_ok()
            || ascii.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(bad(format!("`{ascii}` is an address of a machine, not a host name")));
        }
        let domain = Self(ascii);
        if !domain.is_local() {
            let suffix = psl::suffix(domain.0.as_bytes());
            if suffix.is_some_and(|s| s.as_bytes() == domain.0.as_bytes()) {
                return Err(FieldError::new(
                    "domain",
                    "public-suffix",
                    format!("`{}` is a public suffix: nobody can own all of it", domain.0),
                    FIX,
                ));
            }
            if !suffix.is_some_and(|s| s.is_known()) {
                return Err(FieldError::new(
                    "domain",
                    "unknown-suffix",
                    format!("`{}` ends in no known top-level domain", domain.0),
                    "check the spelling; for trying out, use a name that ends in .localhost",
                ));
            }
        }
        Ok(domain)
    }
}
impl TryFrom<String> for Domain {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}
impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0
    }
}
impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_are_normalised() {
        for (text, ascii) in [
            ("Helsingborg.SE", "helsingborg.se"),
            ("malmö.se", "xn--malm-8qa.se"),
            ("ale.localhost", "ale.localhost"),
            ("www.upplands-vasby.se", "www.upplands-vasby.se"),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap().as_str(), ascii);
        }
        assert_eq!("malmö.se".parse::<Domain>().unwrap().display(), "malmö.se");
    }

    #[test]
    fn bad_names_are_refused_with_a_fix() {
        for text in [
            "",
            "se",
            "co.uk",
            "https://ale.se",
            "ale.se:80",
            "ale.se/x",
            "10.0.0.1",
            "a b.se",
            "ale..se",
            "-ale.se",
            "ale.nosuchtld",
            "ale.se.",
            "localhost",
            "_x.se",
            "ale.se\n{",
        ] {
            let error = text.parse::<Domain>().expect_err(text);
            assert_eq!(error.field, "domain");
            assert!(!error.fix.is_empty());
        }
    }

    #[test]
    fn within_respects_labels() {
        let d = |t: &str| t.parse::<Domain>().unwrap();
        assert!(d("skola.ale.se").is_within(&d("ale.se")));
        assert!(!d("bale.se").is_within(&d("ale.se")));
    }
}
