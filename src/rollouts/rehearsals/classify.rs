// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a release does to the data: nothing, rewrite some of it, or change its tables. Pure. Compared is what a copy held
//! before and after every site was visited under the release, without what the present release changes when it is visited, and
//! without what is known to come and go.

use std::collections::{BTreeMap, BTreeSet};

use crate::fleet::{
    contents::{Contents, TableContents, is_version},
    update::Migration,
};

/// So many changes are told one by one.
pub const TOLD: usize = 50;

/// Names whose values come and go: held for a time, counted, or made anew from other data.
const PASSING: [&str; 12] = [
    "cron",
    "recently_edited",
    "recently_activated",
    "session_tokens",
    "_edit_lock",
    "_edit_last",
    "auto_updater.lock",
    "core_updater.lock",
    "can_compress_scripts",
    "user_count",
    "blog_count",
    "https_detection_errors",
];
const PASSING_START: [&str; 3] = ["_transient_", "_site_transient_", "auto_core_update_"];
const PASSING_END: [&str; 3] = ["user-settings-time", "dashboard_quick_press_last_post_id", "_views_count"];
/// Names whose change is one of the tables' version.
const SCHEMA: [&str; 2] = ["db_version", "wpmu_upgrade_site"];

/// One thing that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The table.
    pub table: String,
    /// The name in it; none where all of its rows are meant, or the table itself.
    pub name: Option<String>,
    /// What it means.
    pub migration: Migration,
    /// For people.
    pub told: String,
}

/// What became of a release's visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// The most that any change means.
    pub migration: Migration,
    /// The changes for people, the gravest first, at most [`TOLD`].
    pub changes: Vec<String>,
    /// How many there are in all.
    pub count: usize,
}

/// Classifies what changed from `noise.1` to `after`, where `noise.0` to `noise.1` is what the present release changes by itself.
#[must_use]
pub fn classify(noise: (&Contents, &Contents), after: &Contents) -> Classified {
    let key = |change: &Change| (change.table.clone(), change.name.clone());
    let by_itself: BTreeSet<_> = changes(noise.0, noise.1).iter().map(key).collect();
    let mut found: Vec<Change> = changes(noise.1, after);
    // A change of the tables or of a version is never by itself, whatever else goes on.
    found.retain(|change| change.migration == Migration::Schema || !by_itself.contains(&key(change)));
    found.sort_by_key(|change| std::cmp::Reverse(change.migration));
    Classified {
        migration: found.first().map_or(Migration::None, |change| change.migration),
        count: found.len(),
        changes: found.into_iter().take(TOLD).map(|change| change.told).collect(),
    }
}

/// Everything that differs and means something.
#[must_use]
pub fn changes(before: &Contents, after: &Contents) -> Vec<Change> {
    let mut found = Vec::new();
    let names: BTreeSet<&String> = before.tables.keys().chain(after.tables.keys()).collect();
    for table in names {
        let whole = |migration, told: String| Change { table: table.clone(), name: None, migration, told };
        match (before.tables.get(table), after.tables.get(table)) {
            (None, Some(_)) => found.push(whole(Migration::Schema, format!("table {table} is new"))),
            (Some(_), None) => found.push(whole(Migration::Schema, format!("table {table} is gone"))),
            (Some(was), Some(is)) => {
                if was.structure != is.structure {
                    found.push(whole(Migration::Schema, format!("table {table} has other columns or keys")));
                } else if was.rows != is.rows {
                    found.push(whole(Migration::Data, format!("rows of {table} are rewritten")));
                }
                named(table, was, is, &mut found);
            }
            (None, None) => {}
        }
    }
    found
}

fn named(table: &str, was: &TableContents, is: &TableContents, found: &mut Vec<Change>) {
    let names: BTreeSet<&String> = was.named.keys().chain(is.named.keys()).collect();
    for name in names.into_iter().filter(|name| was.named.get(*name) != is.named.get(*name) && !is_passing(name)) {
        let migration = if SCHEMA.contains(&name.as_str()) { Migration::Schema } else { Migration::Data };
        let value = |versions: &BTreeMap<String, String>| versions.get(name).map_or_else(|| "nothing".to_owned(), |v| format!("`{v}`"));
        let told = match (was.named.get(name), is.named.get(name)) {
            _ if is_version(name) => format!("{table}: {name} went from {} to {}", value(&was.versions), value(&is.versions)),
            (None, _) => format!("{table}: {name} is new"),
            (_, None) => format!("{table}: {name} is gone"),
            _ => format!("{table}: {name} is rewritten"),
        };
        found.push(Change { table: table.to_owned(), name: Some(name.clone()), migration, told });
    }
}

/// Whether a name's value says nothing about the data.
fn is_passing(name: &str) -> bool {
    PASSING.contains(&name)
        || PASSING_START.iter().any(|start| name.starts_with(start))
        || PASSING_END.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options(values: &[(&str, &str)]) -> TableContents {
        let named: BTreeMap<String, String> = values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        TableContents { structure: "s".into(), versions: named.clone(), named, ..TableContents::default() }
    }

    fn contents(values: &[(&str, &str)]) -> Contents {
        let posts = TableContents { structure: "p".into(), rows: "1".into(), ..TableContents::default() };
        Contents { tables: BTreeMap::from([("wp_options".to_owned(), options(values)), ("wp_posts".to_owned(), posts)]) }
    }

    fn of(was: &Contents, is: &Contents) -> Classified {
        classify((was, was), is)
    }

    #[test]
    fn nothing_is_none() {
        let was = contents(&[("siteurl", "a"), ("_transient_x", "1"), ("cron", "1")]);
        let is = contents(&[("siteurl", "a"), ("_transient_y", "2"), ("cron", "2"), ("_site_transient_z", "")]);
        assert_eq!(of(&was, &is), Classified { migration: Migration::None, changes: vec![], count: 0 });
    }

    #[test]
    fn options_and_rows_are_data() {
        let was = contents(&[("theme_mods_a", "1"), ("municipio_db_version", "41")]);
        let is = contents(&[("theme_mods_a", "2"), ("municipio_db_version", "43")]);
        let found = of(&was, &is);
        assert_eq!((found.migration, found.count), (Migration::Data, 2));
        assert!(found.changes.contains(&"wp_options: municipio_db_version went from `41` to `43`".to_owned()), "{found:?}");
        let mut posts = was.clone();
        posts.tables.get_mut("wp_posts").unwrap().rows = "2".into();
        assert_eq!(of(&was, &posts).migration, Migration::Data);
    }

    #[test]
    fn tables_and_their_version_are_schema() {
        let was = contents(&[("db_version", "60421"), ("a", "1")]);
        assert_eq!(of(&was, &contents(&[("db_version", "60717"), ("a", "2")])).migration, Migration::Schema);
        for change in [
            |c: &mut Contents| drop(c.tables.remove("wp_posts")),
            |c: &mut Contents| drop(c.tables.insert("wp_2_new".into(), TableContents::default())),
            |c: &mut Contents| c.tables.get_mut("wp_posts").unwrap().structure.push('x'),
        ] {
            let mut is = was.clone();
            change(&mut is);
            assert_eq!(of(&was, &is).migration, Migration::Schema);
        }
    }

    #[test]
    fn what_the_present_release_changes_by_itself_is_left_out() {
        let (first, second, third) = (
            contents(&[("visits", "1"), ("theme_mods_a", "1")]),
            contents(&[("visits", "2"), ("theme_mods_a", "1")]),
            contents(&[("visits", "3"), ("theme_mods_a", "2")]),
        );
        let found = classify((&first, &second), &third);
        assert_eq!(
            (found.migration, found.changes.as_slice()),
            (Migration::Data, &["wp_options: theme_mods_a is rewritten".to_owned()][..])
        );
        let found = classify((&first, &second), &contents(&[("visits", "3"), ("theme_mods_a", "1")]));
        assert_eq!(found.migration, Migration::None);
        // But never a version of the tables.
        let (old, new) = (contents(&[("db_version", "1")]), contents(&[("db_version", "2")]));
        assert_eq!(classify((&old, &new), &contents(&[("db_version", "3")])).migration, Migration::Schema);
    }

    fn any() -> impl Strategy<Value = Contents> {
        let table = (proptest::collection::btree_map("(a|b|cron|_transient_x|db_version)", "[12]", 0..4), "[st]", "[12]")
            .prop_map(|(named, structure, rows)| TableContents { structure, rows, versions: named.clone(), named });
        proptest::collection::btree_map("wp_(2_)?(options|posts)", table, 0..4).prop_map(|tables| Contents { tables })
    }

    proptest! {
        /// The same data means nothing, whatever is in it.
        #[test]
        fn the_same_is_none(c in any(), before in any()) {
            prop_assert_eq!(of(&c, &c).migration, Migration::None);
            prop_assert_eq!(classify((&before, &c), &c).migration, Migration::None);
        }

        /// `None` is only said where all structures are the same, and every value that is not passing.
        #[test]
        fn none_is_only_said_of_the_same(was in any(), is in any()) {
            if of(&was, &is).migration == Migration::None {
                let known = |c: &Contents| c.tables.iter().map(|(t, c)| {
                    let named: Vec<_> = c.named.iter().filter(|(n, _)| !is_passing(n)).map(|(n, v)| (n.clone(), v.clone())).collect();
                    (t.clone(), c.structure.clone(), c.rows.clone(), named)
                }).collect::<Vec<_>>();
                prop_assert_eq!(known(&was), known(&is));
            }
        }

        /// Knowing what changes by itself takes changes away and never adds any.
        #[test]
        fn noise_only_hides(before in any(), was in any(), is in any()) {
            prop_assert!(classify((&before, &was), &is).migration <= of(&was, &is).migration);
        }
    }
}
