// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An instance's facts come in parts, some sites in each; what is larger than it may be is refused.

use serde_json::Value;

use super::agent::{misread, outside};
use crate::{
    error::{OutsideKind, Result},
    fleet::facts::{Facts, SITE_BYTES, SiteFacts, WHOLE_BYTES, Whole},
};

/// No instance has more sites than are told in so many parts.
const PARTS: usize = 200;

/// What came so far.
#[derive(Default)]
pub(super) struct Parts {
    facts: Facts,
    parts: usize,
    /// After which site the next part begins; none where this was the last.
    after: Option<u64>,
}

impl Parts {
    /// What to ask for next: what comes after the site of this number.
    pub(super) fn next(&self) -> Option<u64> {
        if self.parts == 0 { Some(0) } else { self.after }
    }

    /// Takes a part.
    pub(super) fn add(&mut self, mut part: Value) -> Result<()> {
        let sites = part["blogs"].take();
        let next = part["next"].take();
        if self.parts == 0 {
            let bytes = part.to_string().len();
            if bytes > WHOLE_BYTES {
                return Err(too_large("the instance", bytes, WHOLE_BYTES));
            }
            self.facts.whole = serde_json::from_value::<Whole>(part).map_err(|_| misread("report"))?;
        }
        let Value::Array(sites) = sites else { return Err(misread("report")) };
        for site in sites {
            let bytes = site.to_string().len();
            if bytes > SITE_BYTES {
                return Err(too_large(&format!("site {}", site["id"]), bytes, SITE_BYTES));
            }
            self.facts.sites.push(serde_json::from_value::<SiteFacts>(site).map_err(|_| misread("report"))?);
        }
        self.parts += 1;
        let last = self.facts.sites.last().map(|site| site.id);
        // Only onwards, so that no answer leads in a circle.
        self.after = next.as_u64().filter(|next| last == Some(*next) && self.parts < PARTS);
        Ok(())
    }

    /// All of it, cut to size.
    pub(super) fn facts(mut self) -> Facts {
        self.facts.sites.sort_by_key(|site| site.id);
        self.facts.sites.dedup_by_key(|site| site.id);
        self.facts.bound();
        self.facts
    }
}

fn too_large(whose: &str, bytes: usize, most: usize) -> crate::error::Error {
    let what = format!("the facts of {whose} are {bytes} bytes, more than the {most} that are taken; look at what its plugins add");
    outside(OutsideKind::Refused, what)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_put_together_and_end() {
        let mut parts = Parts::default();
        assert_eq!(parts.next(), Some(0));
        parts.add(json!({"ok": true, "php": "8.4", "blogs": [{"id": 1}, {"id": 2}], "next": 2})).unwrap();
        assert_eq!(parts.next(), Some(2));
        parts.add(json!({"ok": true, "blogs": [{"id": 3}], "next": null})).unwrap();
        assert_eq!(parts.next(), None);
        let facts = parts.facts();
        assert_eq!((facts.whole.php.as_str(), facts.sites.len()), ("8.4", 3));
    }

    #[test]
    fn what_is_too_large_or_leads_back_is_not_taken() {
        let long = "x".repeat(WHOLE_BYTES);
        assert!(Parts::default().add(json!({"php": long, "blogs": []})).is_err());
        assert!(Parts::default().add(json!({"blogs": [{"id": 1, "home": "x".repeat(SITE_BYTES)}]})).is_err());
        assert!(Parts::default().add(json!({"blogs": "none"})).is_err());
        let mut parts = Parts::default();
        parts.add(json!({"blogs": [{"id": 5}], "next": 1})).unwrap();
        assert_eq!(parts.next(), None);
    }
}
