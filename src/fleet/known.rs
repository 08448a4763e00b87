// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The 290 municipalities of Sweden with their codes and counties, as Statistics Sweden numbers them.
//! The list stands in `known.txt`; it changes when municipalities merge or split, last in 2003 (Knivsta).

use std::sync::LazyLock;

use serde::Serialize;

/// One of the 290.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Four digits, the county's two first.
    pub code: &'static str,
    /// The official name, such as "Helsingborgs kommun".
    pub name: &'static str,
    /// The everyday name, such as "Helsingborg".
    pub short: &'static str,
    /// Two digits.
    pub county_code: &'static str,
    /// The county's name, such as "Skåne län".
    pub county: &'static str,
}

static ALL: LazyLock<Vec<Known>> = LazyLock::new(|| {
    include_str!("known.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut part = line.split('|');
            Some(Known { code: part.next()?, name: part.next()?, short: part.next()?, county_code: part.next()?, county: part.next()? })
        })
        .collect()
});

/// All of them, by rising code.
#[must_use]
pub fn all() -> &'static [Known] {
    &ALL
}

/// The one with this code.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static Known> {
    ALL.binary_search_by(|known| known.code.cmp(code)).ok().map(|at| &ALL[at])
}

/// The slug that fits a municipality's everyday name: `Östra Göinge` becomes `ostra-goinge`.
/// `Håbo` becomes `haabo`, since `habo` is Habo's.
#[must_use]
pub fn suggested_slug(short: &str) -> String {
    if short == "Håbo" {
        return "haabo".to_owned();
    }
    short
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'å' | 'ä' => Some('a'),
            'ö' => Some('o'),
            'é' => Some('e'),
            'ü' => Some('u'),
            ' ' | '-' => Some('-'),
            c if c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

/// Those whose code, name or everyday name starts with, or failing that contains, the text; at most `limit`.
#[must_use]
pub fn search(text: &str, limit: usize) -> Vec<&'static Known> {
    let text = text.trim().to_lowercase();
    let starts = |k: &&Known| k.code.starts_with(&text) || k.short.to_lowercase().starts_with(&text);
    let contains = |k: &&Known| !starts(k) && k.name.to_lowercase().contains(&text);
    ALL.iter().filter(starts).chain(ALL.iter().filter(contains)).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_290_are_there_in_order_and_slugs_are_unique_and_valid() {
        assert_eq!(all().len(), 290);
        assert!(all().windows(2).all(|pair| pair[0].code < pair[1].code));
        let slugs: std::collections::BTreeSet<_> = all().iter().map(|k| suggested_slug(k.short)).collect();
        assert_eq!(slugs.len(), 290);
        for slug in slugs {
            slug.parse::<crate::fleet::Slug>().unwrap_or_else(|e| panic!("{slug}: {e}"));
        }
    }

    #[test]
    fn helsingborg_is_1283_in_skane() {
        let known = by_code("1283").unwrap();
        assert_eq!((known.short, known.county), ("Helsingborg", "Skåne län"));
        assert_eq!(search("helsing", 5)[0].code, "1283");
        assert!(by_code("9999").is_none());
    }
}
