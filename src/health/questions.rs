// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Answers over the whole fleet, as far as the caller may see it: who is behind, what throws where, what grew most.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    error::Result,
    fleet::{Scope, advisory::compare, facts::ComponentKind},
    store::{
        Store,
        inventory::{self, Running, Size, Thrown},
    },
};

/// What threw is told of for so long.
const THREW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Sizes are compared with those of so many days ago.
const DAYS: i32 = 30;

/// One version of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Version {
    /// `core`, `theme`, `plugin`, `mu-plugin` or `drop-in`.
    pub kind: String,
    /// Its folder or file.
    pub component: String,
    /// Its name for people.
    pub name: String,
    /// The version.
    pub version: String,
    /// Whether a newer one runs somewhere in the fleet.
    pub behind: bool,
    /// How many sites use it.
    pub sites: u32,
    /// Whose instances have it.
    pub municipalities: Vec<String>,
}

/// Which versions of this kind run where: of every component, or of one.
///
/// # Errors
/// When the store fails.
pub async fn versions(store: &Store, scope: &Scope, kind: ComponentKind, slug: Option<&str>) -> Result<Vec<Version>> {
    Ok(by_version(&inventory::running(store, scope, kind, slug).await?))
}

fn by_version(running: &[Running]) -> Vec<Version> {
    let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
    for one in running {
        let known = newest.entry(&one.component).or_insert(&one.version);
        if compare(&one.version, known).is_gt() {
            *known = &one.version;
        }
    }
    let mut all: BTreeMap<(&str, &str), (Version, BTreeSet<&str>)> = BTreeMap::new();
    for one in running {
        let fresh = || Version {
            kind: one.kind.to_string(),
            component: one.component.clone(),
            name: one.name.clone(),
            version: one.version.clone(),
            behind: newest.get(one.component.as_str()).is_some_and(|newest| compare(&one.version, newest).is_lt()),
            sites: 0,
            municipalities: Vec::new(),
        };
        let (version, whose) = all.entry((one.component.as_str(), one.version.as_str())).or_insert_with(|| (fresh(), BTreeSet::new()));
        version.sites = version.sites.saturating_add(one.sites);
        whose.insert(one.slug.as_str());
    }
    let named =
        |(version, whose): (Version, BTreeSet<&str>)| Version { municipalities: whose.into_iter().map(str::to_owned).collect(), ..version };
    let mut all: Vec<Version> = all.into_values().map(named).collect();
    all.sort_by(|a, b| a.component.cmp(&b.component).then_with(|| compare(&b.version, &a.version)));
    all
}

/// What threw fatal errors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Thrower {
    /// `core`, `theme`, `plugin` or `mu-plugin`.
    pub kind: String,
    /// Which one; empty for WordPress itself.
    pub component: String,
    /// In which version; empty where it is not known.
    pub version: String,
    /// How often.
    pub total: u64,
    /// When last.
    pub last_at: Timestamp,
    /// The most frequent message.
    pub message: String,
    /// Where that is.
    pub place: String,
    /// Whose instances it threw in.
    pub municipalities: Vec<String>,
}

/// What threw where in the last seven days, what threw in most municipalities first.
///
/// # Errors
/// When the store fails.
pub async fn throwers(store: &Store, scope: &Scope, now: Timestamp) -> Result<Vec<Thrower>> {
    Ok(by_thrower(inventory::thrown(store, scope, now - THREW).await?))
}

fn by_thrower(mut thrown: Vec<Thrown>) -> Vec<Thrower> {
    thrown.sort_by_key(|one| std::cmp::Reverse(one.total));
    let mut all: BTreeMap<(String, String, String), (Thrower, BTreeSet<String>)> = BTreeMap::new();
    for one in thrown {
        let key = (one.kind.clone(), one.component.clone(), one.version.clone());
        let fresh = || Thrower {
            kind: one.kind.clone(),
            component: one.component.clone(),
            version: one.version.clone(),
            total: 0,
            last_at: one.last_at,
            message: one.message.clone(),
            place: format!("{}:{}", one.file, one.line),
            municipalities: Vec::new(),
        };
        let (thrower, whose) = all.entry(key).or_insert_with(|| (fresh(), BTreeSet::new()));
        thrower.total = thrower.total.saturating_add(one.total);
        thrower.last_at = thrower.last_at.max(one.last_at);
        whose.insert(one.slug.to_string());
    }
    let named = |(thrower, whose): (Thrower, BTreeSet<String>)| Thrower { municipalities: whose.into_iter().collect(), ..thrower };
    let mut all: Vec<Thrower> = all.into_values().map(named).collect();
    all.sort_by_key(|one| std::cmp::Reverse((one.municipalities.len(), one.total)));
    all
}

/// How one instance grew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Growth {
    /// Whose instance.
    pub municipality: String,
    /// Which of theirs.
    pub environment: String,
    /// Over how many days, at most 30.
    pub days: i32,
    /// Its tables now, in bytes.
    pub database_bytes: u64,
    /// By how much they grew, in bytes.
    pub database_grew_bytes: i64,
    /// What was uploaded now, in bytes; null where it could not be told.
    pub uploads_bytes: Option<u64>,
    /// By how much that grew, in bytes.
    pub uploads_grew_bytes: Option<i64>,
}

/// What grew most in thirty days, first.
///
/// # Errors
/// When the store fails.
pub async fn growth(store: &Store, scope: &Scope, now: Timestamp) -> Result<Vec<Growth>> {
    let today = i32::try_from(now.as_second().div_euclid(86_400)).unwrap_or_default();
    Ok(by_growth(&inventory::sizes(store, scope, today - DAYS).await?))
}

fn by_growth(sizes: &[Size]) -> Vec<Growth> {
    let mut ends: BTreeMap<String, (&Size, &Size)> = BTreeMap::new();
    for one in sizes {
        let (first, last) = ends.entry(one.instance.text()).or_insert((one, one));
        if one.day < first.day {
            *first = one;
        }
        if one.day > last.day {
            *last = one;
        }
    }
    let grew = |before: u64, after: u64| i64::try_from(after).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX));
    let one = |(first, last): (&Size, &Size)| Growth {
        municipality: last.slug.to_string(),
        environment: last.environment.to_string(),
        days: last.day - first.day,
        database_bytes: last.database,
        database_grew_bytes: grew(first.database, last.database),
        uploads_bytes: last.uploads,
        uploads_grew_bytes: first.uploads.zip(last.uploads).map(|(before, after)| grew(before, after)),
    };
    let mut all: Vec<Growth> = ends.into_values().map(one).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.database_grew_bytes.saturating_add(one.uploads_grew_bytes.unwrap_or(0))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Environment, InstanceId};

    fn running(slug: &str, version: &str, sites: u32) -> Running {
        Running {
            slug: slug.parse().unwrap(),
            environment: Environment::Production,
            kind: ComponentKind::Plugin,
            component: "events".to_owned(),
            name: "Events".to_owned(),
            version: version.to_owned(),
            sites,
        }
    }

    #[test]
    fn who_is_behind_is_told() {
        let all = by_version(&[running("ale", "1.9", 3), running("bor", "1.10", 2), running("eda", "1.9", 1)]);
        let told: Vec<_> = all.iter().map(|v| (v.version.as_str(), v.behind, v.sites, v.municipalities.join(" "))).collect();
        assert_eq!(told, [("1.10", false, 2, "bor".to_owned()), ("1.9", true, 4, "ale eda".to_owned())]);
    }

    #[test]
    fn what_throws_in_most_places_comes_first() {
        let thrown = |slug: &str, component: &str, total: u64| Thrown {
            slug: slug.parse().unwrap(),
            environment: Environment::Production,
            fingerprint: "ab".to_owned(),
            kind: "plugin".to_owned(),
            component: component.to_owned(),
            version: "3.2".to_owned(),
            message: format!("in {slug}"),
            file: "x.php".to_owned(),
            line: 3,
            total,
            last_at: Timestamp::UNIX_EPOCH,
        };
        let all = by_thrower(vec![thrown("ale", "a", 900), thrown("ale", "b", 1), thrown("bor", "b", 5)]);
        assert_eq!((all[0].component.as_str(), all[0].total, all[0].municipalities.len(), all[0].message.as_str()), ("b", 6, 2, "in bor"));
    }

    #[test]
    fn growth_is_from_the_first_day_to_the_last() {
        let id = InstanceId::generate();
        let size = |day: i32, database: u64, uploads: Option<u64>| Size {
            instance: id,
            slug: "ale".parse().unwrap(),
            environment: Environment::Production,
            day,
            database,
            uploads,
        };
        let all = by_growth(&[size(10, 100, None), size(12, 90, Some(5)), size(11, 500, Some(5))]);
        assert_eq!((all[0].days, all[0].database_grew_bytes, all[0].uploads_grew_bytes), (2, -10, None));
    }
}
