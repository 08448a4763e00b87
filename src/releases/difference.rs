// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What differs between two releases, as data and in words that an operator reads. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use crate::fleet::{
    Inventory,
    inventory::{Component, Package, compare_versions},
};

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// WordPress itself.
    Wordpress,
    /// The version of its database.
    Database,
    /// A theme.
    Theme,
    /// A plugin.
    Plugin,
    /// A must-use plugin.
    MustUse,
    /// PHP.
    Php,
    /// A Debian package.
    Package,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    /// What kind of thing.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// Its version before; null where it was not there.
    pub before: Option<String>,
    /// Its version after; null where it is not there any more. The same as before where only its files differ.
    pub after: Option<String>,
}

/// In which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Swedish.
    Swedish,
}

/// Packages that are named first: what serves visitors, and what guards them.
const NOTED: [&str; 12] =
    ["php", "lighttpd", "nginx", "apache2", "openssl", "libssl", "curl", "libcurl", "mariadb", "libc6", "ca-certificates", "imagemagick"];
/// How many packages are named.
const NAMED: usize = 3;

/// Everything that differs between two inventories, the weightiest first.
#[must_use]
pub fn between(before: &Inventory, after: &Inventory) -> Vec<Change> {
    let mut all = Vec::new();
    let core = |inventory: &Inventory| inventory.wordpress.as_ref().map(|core| core.version.clone());
    let database = |inventory: &Inventory| inventory.wordpress.as_ref().map(|core| core.db_version.to_string());
    one(&mut all, Part::Wordpress, "WordPress", core(before), core(after));
    one(&mut all, Part::Database, "WordPress", database(before), database(after));
    for (part, before, after) in [
        (Part::Theme, &before.themes, &after.themes),
        (Part::Plugin, &before.plugins, &after.plugins),
        (Part::MustUse, &before.must_use, &after.must_use),
    ] {
        components(&mut all, part, before, after);
    }
    one(&mut all, Part::Php, "PHP", before.php.clone(), after.php.clone());
    packages(&mut all, &before.packages, &after.packages);
    all
}

fn one(all: &mut Vec<Change>, part: Part, name: &str, before: Option<String>, after: Option<String>) {
    if before != after {
        all.push(Change { part, name: name.to_owned(), before, after });
    }
}

fn components(all: &mut Vec<Change>, part: Part, before: &[Component], after: &[Component]) {
    let by_slug = |list: &[Component]| -> BTreeMap<String, Component> { list.iter().map(|c| (c.slug.clone(), c.clone())).collect() };
    let (before, after) = (by_slug(before), by_slug(after));
    for slug in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(slug), after.get(slug));
        let same = old.zip(new).is_some_and(|(old, new)| old.version == new.version && old.digest == new.digest);
        if let Some(named) = new.or(old).filter(|_| !same) {
            let version = |one: Option<&Component>| one.map(|one| one.version.clone());
            all.push(Change { part, name: named.name.clone(), before: version(old), after: version(new) });
        }
    }
}

fn packages(all: &mut Vec<Change>, before: &[Package], after: &[Package]) {
    let by_name = |list: &[Package]| -> BTreeMap<String, String> { list.iter().map(|p| (p.name.clone(), p.version.clone())).collect() };
    let (before, after) = (by_name(before), by_name(after));
    for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        one(all, Part::Package, name, before.get(name).cloned(), after.get(name).cloned());
    }
}

/// The changes in words, a line for each; all packages share one.
#[must_use]
pub fn words(changes: &[Change], tongue: Tongue) -> Vec<String> {
    let mut lines: Vec<String> = changes.iter().filter(|c| c.part != Part::Package).map(|c| line(c, tongue)).collect();
    let packages: Vec<&Change> = changes.iter().filter(|c| c.part == Part::Package).collect();
    if !packages.is_empty() {
        lines.push(package_line(&packages, tongue));
    }
    if lines.is_empty() {
        lines.push(pick(tongue, "Both hold the same", "Båda innehåller samma sak").to_owned());
    }
    lines
}

fn pick<'a>(tongue: Tongue, english: &'a str, swedish: &'a str) -> &'a str {
    match tongue {
        Tongue::English => english,
        Tongue::Swedish => swedish,
    }
}

fn line(change: &Change, tongue: Tongue) -> String {
    let noun = match change.part {
        Part::Theme => pick(tongue, "Theme ", "Temat "),
        Part::Plugin => pick(tongue, "Plugin ", "Tillägget "),
        Part::MustUse => pick(tongue, "Must-use plugin ", "Det obligatoriska tillägget "),
        _ => "",
    };
    let name = &change.name;
    if change.part == Part::Database {
        return database(change, tongue);
    }
    match (change.before.as_deref(), change.after.as_deref()) {
        (Some(before), Some(after)) if before == after => {
            format!("{noun}{name} {after}: {}", pick(tongue, "other files under the same version", "andra filer under samma version"))
        }
        (Some(before), Some(after)) => {
            let older = if compare_versions(after, before).is_lt() { pick(tongue, " (older)", " (äldre)") } else { "" };
            format!("{noun}{name} {} → {}{older}", shown(before, tongue), shown(after, tongue))
        }
        (None, Some(after)) => format!("{noun}{name} {} {after}", pick(tongue, "added", "läggs till")).trim_end().to_owned(),
        (before, None) => {
            format!("{noun}{name} {} {}", pick(tongue, "removed", "tas bort"), before.unwrap_or_default()).trim_end().to_owned()
        }
    }
}

fn shown(version: &str, tongue: Tongue) -> &str {
    if version.is_empty() { pick(tongue, "without a version", "utan version") } else { version }
}

fn database(change: &Change, tongue: Tongue) -> String {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return pick(tongue, "The database version is not known of both", "Databasversionen är inte känd för båda").to_owned();
    };
    let forward = compare_versions(after, before).is_gt();
    let effect = match (forward, tongue) {
        (true, Tongue::English) => "sites will be upgraded",
        (true, Tongue::Swedish) => "webbplatserna uppgraderas",
        (false, Tongue::English) => "sites do not go back by themselves; only a backup does",
        (false, Tongue::Swedish) => "webbplatserna går inte tillbaka av sig själva; det gör bara en säkerhetskopia",
    };
    format!("{} {before} → {after}: {effect}", pick(tongue, "The database version changes", "Databasversionen ändras"))
}

fn package_line(packages: &[&Change], tongue: Tongue) -> String {
    let weight = |change: &&&Change| {
        let at = NOTED.iter().position(|noted| change.name.starts_with(noted)).unwrap_or(NOTED.len());
        (at, change.name.len(), change.name.clone())
    };
    let mut sorted: Vec<&&Change> = packages.iter().collect();
    sorted.sort_by_key(weight);
    let named: Vec<String> = sorted.iter().take(NAMED).map(|change| line(change, tongue)).collect();
    let count = packages.len();
    let list = named.join(", ");
    match (tongue, count) {
        (Tongue::English, 1) => format!("1 Debian package changed: {list}"),
        (Tongue::Swedish, 1) => format!("1 Debianpaket ändras: {list}"),
        (Tongue::English, n) if n <= NAMED => format!("{n} Debian packages changed: {list}"),
        (Tongue::Swedish, n) if n <= NAMED => format!("{n} Debianpaket ändras: {list}"),
        (Tongue::English, n) => format!("{n} Debian packages changed, among them {list}"),
        (Tongue::Swedish, n) => format!("{n} Debianpaket ändras, bland dem {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::inventory::Core;

    fn component(slug: &str, version: &str, digest: &str) -> Component {
        let name = slug[..1].to_uppercase() + &slug[1..];
        Component { slug: slug.into(), name, version: version.into(), digest: digest.into(), ..Component::default() }
    }

    fn package(name: &str, version: &str) -> Package {
        Package { name: name.into(), version: version.into(), architecture: "amd64".into(), source: String::new() }
    }

    fn inventory(core: &str, db_version: u64, themes: &[(&str, &str, &str)], packages: &[(&str, &str)]) -> Inventory {
        Inventory {
            wordpress: Some(Core { version: core.into(), db_version }),
            php: Some("8.4.1".into()),
            themes: themes.iter().map(|(s, v, d)| component(s, v, d)).collect(),
            packages: packages.iter().map(|(n, v)| package(n, v)).collect(),
            ..Inventory::default()
        }
    }

    #[test]
    fn an_operator_reads_what_changes() {
        let before = inventory(
            "6.7.1",
            58975,
            &[("helsingborg", "1.0", "a"), ("old", "3", "b"), ("same", "1", "c"), ("touched", "2", "d")],
            &[("lighttpd", "1"), ("php8.4-fpm", "8.4.1"), ("zlib1g", "1"), ("bash", "5")],
        );
        let mut after = inventory(
            "6.8.3",
            60421,
            &[("helsingborg", "1.1", "e"), ("same", "1", "c"), ("touched", "2", "f")],
            &[("lighttpd", "2"), ("php8.4-fpm", "8.4.2"), ("zlib1g", "2"), ("dash", "1")],
        );
        after.plugins = vec![component("events", "2.3", "g")];
        after.php = Some("8.4.2".into());
        let changes = between(&before, &after);
        assert_eq!(
            words(&changes, Tongue::English),
            [
                "WordPress 6.7.1 → 6.8.3",
                "The database version changes 58975 → 60421: sites will be upgraded",
                "Theme Helsingborg 1.0 → 1.1",
                "Theme Old removed 3",
                "Theme Touched 2: other files under the same version",
                "Plugin Events added 2.3",
                "PHP 8.4.1 → 8.4.2",
                "5 Debian packages changed, among them php8.4-fpm 8.4.1 → 8.4.2, lighttpd 1 → 2, bash removed 5",
            ]
        );
        assert_eq!(
            words(&changes, Tongue::Swedish),
            [
                "WordPress 6.7.1 → 6.8.3",
                "Databasversionen ändras 58975 → 60421: webbplatserna uppgraderas",
                "Temat Helsingborg 1.0 → 1.1",
                "Temat Old tas bort 3",
                "Temat Touched 2: andra filer under samma version",
                "Tillägget Events läggs till 2.3",
                "PHP 8.4.1 → 8.4.2",
                "5 Debianpaket ändras, bland dem php8.4-fpm 8.4.1 → 8.4.2, lighttpd 1 → 2, bash tas bort 5",
            ]
        );
    }

    #[test]
    fn going_back_is_told() {
        let (old, new) = (inventory("6.7", 1, &[("a", "1.9", "x")], &[]), inventory("6.8", 2, &[("a", "1.10", "y")], &[("curl", "1")]));
        assert_eq!(
            words(&between(&new, &old), Tongue::English),
            [
                "WordPress 6.8 → 6.7 (older)",
                "The database version changes 2 → 1: sites do not go back by themselves; only a backup does",
                "Theme A 1.10 → 1.9 (older)",
                "1 Debian package changed: curl removed 1",
            ]
        );
        assert!(between(&old, &old).is_empty());
        assert_eq!(words(&[], Tongue::Swedish), ["Båda innehåller samma sak"]);
    }
}
