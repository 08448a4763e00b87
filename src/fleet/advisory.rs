// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Known weaknesses of components, and which versions have them.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::facts::ComponentKind;

/// One end of a range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The version there.
    pub version: String,
    /// Whether it is in the range.
    pub inclusive: bool,
}

/// Versions from one to another; where an end is missing it is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The oldest.
    pub from: Option<End>,
    /// The newest.
    pub to: Option<End>,
}

impl Range {
    /// Whether this version is in it. A version that is not known is in none.
    #[must_use]
    pub fn holds(&self, version: &str) -> bool {
        let after = |end: &End| match compare(version, &end.version) {
            Ordering::Greater => true,
            Ordering::Equal => end.inclusive,
            Ordering::Less => false,
        };
        let before = |end: &End| match compare(version, &end.version) {
            Ordering::Less => true,
            Ordering::Equal => end.inclusive,
            Ordering::Greater => false,
        };
        version.contains(|c: char| c.is_ascii_digit()) && self.from.as_ref().is_none_or(after) && self.to.as_ref().is_none_or(before)
    }
}

/// One known weakness of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// Whose list it is from.
    pub source: String,
    /// Its id there: `CVE-2021-24276`, or the source's own.
    pub id: String,
    /// What the component is.
    pub kind: ComponentKind,
    /// Which one; of WordPress itself `wordpress`.
    pub slug: String,
    /// What it is, in a line.
    pub title: String,
    /// The versions that have it.
    pub ranges: Vec<Range>,
    /// How bad: `critical`, `high`, `medium`, `low`, or empty where it is not told.
    pub severity: String,
    /// Where more is written; empty where it is not told.
    pub reference: String,
    /// When it was imported.
    pub imported_at: Timestamp,
}

impl Advisory {
    /// Whether this version has the weakness.
    #[must_use]
    pub fn concerns(&self, version: &str) -> bool {
        self.ranges.iter().any(|range| range.holds(version))
    }
}

/// A part of a version: PHP's `version_compare` knows the order of some words, and what it does not know comes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Unknown,
    Dev,
    Alpha,
    Beta,
    Candidate,
    /// Also what is missing: `6.8` is `6.8.0`, which PHP alone would tell apart.
    Number(u64),
    Patch,
}

/// Compares two versions as WordPress does, by PHP's `version_compare`; a missing part counts as 0, as people mean it.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let at = |parts: &[Part], i: usize| parts.get(i).copied().unwrap_or(Part::Number(0));
    (0..a.len().max(b.len())).map(|i| order(at(&a, i), at(&b, i))).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}

fn order(a: Part, b: Part) -> Ordering {
    match (a, b) {
        // `1.0.1` is after `1.0-p1`, as `1.0-p1` is after `1.0`.
        (Part::Number(n), Part::Patch) => {
            if n == 0 {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (Part::Patch, Part::Number(n)) => {
            if n == 0 {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (a, b) => a.cmp(&b),
    }
}

fn parts(text: &str) -> Vec<Part> {
    let text = text.trim();
    let text = text.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_same = |c: char| if first.is_ascii_digit() { c.is_ascii_digit() } else { c.is_ascii_alphabetic() };
        if !first.is_ascii_alphanumeric() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !is_same(c)).unwrap_or(rest.len());
        parts.push(part(&rest[..end]));
        rest = &rest[end..];
    }
    while parts.last() == Some(&Part::Number(0)) {
        parts.pop();
    }
    parts
}

fn part(text: &str) -> Part {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Part::Number(text.parse().unwrap_or(u64::MAX));
    }
    match text.to_ascii_lowercase().as_str() {
        "dev" => Part::Dev,
        "a" | "alpha" => Part::Alpha,
        "b" | "beta" => Part::Beta,
        "rc" | "c" => Part::Candidate,
        "p" | "pl" => Part::Patch,
        _ => Part::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_ordered_as_wordpress_orders_them() {
        let ordered = [
            "0.9",
            "1.0-dev",
            "1.0-alpha1",
            "1.0a2",
            "1.0-beta",
            "1.0-beta2",
            "1.0RC1",
            "1.0",
            "1.0-p1",
            "1.0.1",
            "1.0.9",
            "1.0.10",
            "1.2",
            "1.10",
            "2",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in
            [("6.8", "6.8.0"), ("6.8.0.0", "6.8"), ("v1.2", "1.2"), ("1-2", "1.2"), ("1.0-rc1", "1.0RC1"), ("2026.11.1", "2026.11.01")]
        {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn a_range_holds_what_is_between_its_ends() {
        let end = |version: &str, inclusive| Some(End { version: version.to_owned(), inclusive });
        let range = Range { from: end("1.2", true), to: end("1.4.1", false) };
        for (version, held) in [
            ("1.1.9", false),
            ("1.2", true),
            ("1.2.0", true),
            ("1.2-beta", false),
            ("1.4", true),
            ("1.4.1-rc1", true),
            ("1.4.1", false),
            ("1.10", false),
            ("", false),
            ("trunk", false),
        ] {
            assert_eq!(range.holds(version), held, "{version}");
        }
        assert!(Range::default().holds("0.1") && Range { from: None, to: end("3", true) }.holds("3.0.0"));
    }

    fn version() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            (0_u64..30).prop_map(|n| n.to_string()),
            Just("beta".to_owned()),
            Just("rc1".to_owned()),
            Just("dev".to_owned()),
            Just("p2".to_owned()),
            Just("x".to_owned())
        ];
        (0_u64..5, proptest::collection::vec((prop_oneof![Just("."), Just("-")], part), 0..4))
            .prop_map(|(major, more)| more.iter().fold(major.to_string(), |text, (sign, part)| format!("{text}{sign}{part}")))
    }

    proptest! {
        #[test]
        fn versions_have_one_order(a in version(), b in version(), c in version()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            let mut sorted = [a, b, c];
            sorted.sort_by(|a, b| compare(a, b));
            prop_assert!(compare(&sorted[0], &sorted[2]).is_le(), "{:?}", sorted);
            prop_assert!(compare(&sorted[0], &sorted[1]).is_le() && compare(&sorted[1], &sorted[2]).is_le(), "{:?}", sorted);
        }

        #[test]
        fn zeros_at_the_end_change_nothing(a in version(), b in version()) {
            prop_assert_eq!(compare(&format!("{a}.0"), &b), compare(&a, &b));
        }

        #[test]
        fn a_version_is_held_by_all_that_ends_at_or_after_it(a in version(), b in version()) {
            let range = Range { from: None, to: Some(End { version: b.clone(), inclusive: true }) };
            prop_assert_eq!(range.holds(&a), compare(&a, &b).is_le());
            prop_assert!(range.holds(&b));
        }
    }
}
