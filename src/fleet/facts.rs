// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an instance tells of its insides. Told by code that a municipality may have changed, so every text and list is cut to a size
//! that harms nobody, and nothing in it names anybody but the instance that was asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::instance::text_enum;

/// The part of an instance's facts that is not of one site is no larger, in bytes of JSON.
pub const WHOLE_BYTES: usize = 256 * 1024;
/// The facts of one site are no larger, in bytes of JSON.
pub const SITE_BYTES: usize = 64 * 1024;
/// A list is no longer.
const LIST: usize = 200;
/// A text is no longer, in characters.
const TEXT: usize = 300;
/// A job is late when it waits so long, in seconds.
pub const LATE: u64 = 15 * 60;
/// A job is missed when it waits so long, in seconds.
pub const MISSED: u64 = 60 * 60;
/// What WordPress reads at each request is too much above this, in bytes; its own limit.
pub const AUTOLOAD: u64 = 800_000;

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// WordPress itself.
    Core,
    /// A theme.
    Theme,
    /// A plugin.
    Plugin,
    /// A must-use plugin.
    MuPlugin,
    /// A drop-in.
    DropIn,
}

text_enum!(ComponentKind, "component", [
    ComponentKind::Core => "core", ComponentKind::Theme => "theme", ComponentKind::Plugin => "plugin",
    ComponentKind::MuPlugin => "mu-plugin", ComponentKind::DropIn => "drop-in",
]);

/// WordPress' own version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Core {
    /// Such as `6.8.3`.
    pub version: String,
    /// The version of the tables that the code wants.
    pub code_db_version: i64,
}

/// A theme, a plugin or a drop-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Component {
    /// Its folder, or its file without `.php`.
    pub slug: String,
    /// A plugin's main file, as sites list it.
    pub file: String,
    /// Its name for people.
    pub name: String,
    /// Its version; empty where it does not say.
    pub version: String,
    /// Whether it is on in every site of the network.
    pub network: bool,
}

/// How errors are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Debug {
    /// `WP_DEBUG`.
    pub on: bool,
    /// Whether visitors see them.
    pub display: bool,
    /// `SCRIPT_DEBUG`.
    pub script: bool,
}

/// PHP's memory of compiled code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Opcache {
    /// In use, in bytes.
    pub used_bytes: u64,
    /// Free, in bytes.
    pub free_bytes: u64,
    /// Whether nothing more fits.
    pub full: bool,
}

/// Something that went wrong in the container since it was started: a fatal error, a mail that was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noted {
    /// Knows it again: hex, of file, line and message without what differs each time.
    pub fingerprint: String,
    /// How often, at most 65,536.
    pub count: u64,
    /// When first, in seconds since 1970.
    pub first: i64,
    /// When last, in seconds since 1970.
    pub last: i64,
    /// What was said, without numbers and addresses.
    pub message: String,
    /// Where, from WordPress' folder on.
    pub file: String,
    /// In which line.
    pub line: u64,
    /// What is to blame: `core`, `theme`, `plugin`, `mu-plugin`.
    pub kind: String,
    /// Which one.
    pub slug: String,
    /// In which site it was seen first.
    pub blog: u64,
}

/// What is not of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Whole {
    /// WordPress.
    pub wordpress: Core,
    /// PHP's version.
    pub php: String,
    /// The database server's version.
    pub database: String,
    /// `single`, `sub-directory` or `sub-domain`.
    pub network: String,
    /// Plugins that are there.
    pub plugins: Vec<Component>,
    /// Themes that are there.
    pub themes: Vec<Component>,
    /// Must-use plugins.
    pub mu_plugins: Vec<Component>,
    /// Drop-ins.
    pub dropins: Vec<Component>,
    /// Log-in names of those who may do everything in the network.
    pub super_administrators: Vec<String>,
    /// Who may sign up in the network: `none`, `user`, `blog`, `all`; empty where there is none.
    pub registration: String,
    /// How errors are shown.
    pub debug: Debug,
    /// For how many seconds WordPress has said that it is being updated.
    pub maintenance_seconds: Option<u64>,
    /// The version whose update failed; empty where none did.
    pub update_failed: String,
    /// Plugins that WordPress itself has turned off after errors.
    pub paused_plugins: Vec<String>,
    /// What WordPress' own site health counted last.
    pub site_health: Option<BTreeMap<String, i64>>,
    /// Whether an object cache is in use.
    pub object_cache: bool,
    /// PHP's memory of compiled code; none where it does not tell.
    pub opcache: Option<Opcache>,
    /// Fatal errors.
    pub errors: Vec<Noted>,
    /// Mail that could not be sent.
    pub mail: Vec<Noted>,
}

/// What WordPress reads at each request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autoload {
    /// How many options.
    pub options: u64,
    /// Their values, in bytes.
    pub bytes: u64,
}

/// A site's jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cron {
    /// At how many times something is to be done.
    pub jobs: u64,
    /// How many of them have passed.
    pub due: u64,
    /// When the next one is due, in seconds since 1970.
    pub next: Option<i64>,
    /// Since how many seconds the oldest waits.
    pub overdue: u64,
    /// Which one that is.
    pub hook: String,
}

/// The accessibility statement that Swedish law (2018:1937) asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statement {
    /// The page's title; empty where the site leads to one that is elsewhere.
    pub title: String,
    /// The page's name in its address.
    pub slug: String,
    /// Whether the site leads to one that is elsewhere.
    pub linked: bool,
    /// When it was gone over last (`2026-03-01`).
    pub at: Option<String>,
    /// Whether it says so itself; otherwise the day is when the page was changed.
    pub said: bool,
}

/// The facts of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteFacts {
    /// WordPress's number.
    pub id: u64,
    /// Its host, with the port where it is not 443.
    pub domain: String,
    /// Its path.
    pub path: String,
    /// Whether visitors are kept away from it.
    pub archived: bool,
    /// Whether it waits for deletion.
    pub deleted: bool,
    /// The address that it says to have.
    pub home: String,
    /// The address of its WordPress.
    pub siteurl: String,
    /// Whether search engines are welcome.
    pub public: bool,
    /// Whether anybody may sign up.
    pub users_can_register: bool,
    /// The role of whoever signs up.
    pub default_role: String,
    /// Version of its tables.
    pub db_version: i64,
    /// Main files of its own active plugins.
    pub plugins: Vec<String>,
    /// Its theme's folder.
    pub theme: String,
    /// The folder of the theme that this one builds on; the same where there is none.
    pub parent_theme: String,
    /// Log-in names of its administrators.
    pub administrators: Vec<String>,
    /// What WordPress reads at each request.
    pub autoload: Autoload,
    /// Its jobs.
    pub cron: Cron,
    /// Its accessibility statement.
    pub statement: Option<Statement>,
}

impl SiteFacts {
    /// Its address for people, without the scheme.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}{}", self.domain, self.path.trim_end_matches('/'))
    }

    /// Whether anybody looks at it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.archived && !self.deleted
    }
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What is not of one site.
    pub whole: Whole,
    /// Its sites.
    pub sites: Vec<SiteFacts>,
}

/// One component and how many sites use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// What it is.
    pub kind: ComponentKind,
    /// Its slug; of WordPress itself `wordpress`.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How many open sites use it.
    pub sites: u32,
}

impl Facts {
    /// Cuts every list and text to its size.
    pub fn bound(&mut self) {
        let whole = &mut self.whole;
        let Whole { wordpress, php, database, network, registration, update_failed, errors, mail, site_health, .. } = whole;
        for text in [&mut wordpress.version, php, database, network, registration, update_failed] {
            cut(text);
        }
        for list in [&mut whole.plugins, &mut whole.themes, &mut whole.mu_plugins, &mut whole.dropins] {
            list.truncate(LIST);
            for one in list {
                for text in [&mut one.slug, &mut one.file, &mut one.name, &mut one.version] {
                    cut(text);
                }
            }
        }
        for list in [errors, mail] {
            list.truncate(LIST);
            list.retain(|one| (1..=64).contains(&one.fingerprint.len()) && one.fingerprint.bytes().all(|b| b.is_ascii_hexdigit()));
            for one in list {
                one.count = one.count.min(65_536);
                for text in [&mut one.message, &mut one.file, &mut one.kind, &mut one.slug] {
                    cut(text);
                }
            }
        }
        if site_health.as_ref().is_some_and(|counts| counts.len() > 10) {
            *site_health = None;
        }
        texts(&mut whole.super_administrators);
        texts(&mut whole.paused_plugins);
        for site in &mut self.sites {
            site.bound();
        }
    }

    /// Every component, with how many open sites use it.
    #[must_use]
    pub fn used(&self) -> Vec<Used> {
        let open: Vec<&SiteFacts> = self.sites.iter().filter(|site| site.is_open()).collect();
        let all = u32::try_from(open.len()).unwrap_or(u32::MAX);
        let count = |uses: &dyn Fn(&SiteFacts) -> bool| u32::try_from(open.iter().filter(|site| uses(site)).count()).unwrap_or(u32::MAX);
        let one =
            |kind, it: &Component, sites| Used { kind, slug: it.slug.clone(), name: it.name.clone(), version: it.version.clone(), sites };
        let core = Component {
            slug: "wordpress".to_owned(),
            name: "WordPress".to_owned(),
            version: self.whole.wordpress.version.clone(),
            ..Component::default()
        };
        let mut used = vec![one(ComponentKind::Core, &core, all)];
        for it in &self.whole.plugins {
            let sites = if it.network { all } else { count(&|site| site.plugins.contains(&it.file)) };
            used.push(one(ComponentKind::Plugin, it, sites));
        }
        for it in &self.whole.themes {
            used.push(one(ComponentKind::Theme, it, count(&|site| site.theme == it.slug || site.parent_theme == it.slug)));
        }
        used.extend(self.whole.mu_plugins.iter().map(|it| one(ComponentKind::MuPlugin, it, all)));
        used.extend(self.whole.dropins.iter().map(|it| one(ComponentKind::DropIn, it, all)));
        let mut seen = BTreeSet::new();
        used.retain(|it| !it.slug.is_empty() && seen.insert((it.kind, it.slug.clone())));
        used
    }
}

impl SiteFacts {
    fn bound(&mut self) {
        let Self { domain, path, home, siteurl, default_role, theme, parent_theme, cron, .. } = self;
        for text in [domain, path, home, siteurl, default_role, theme, parent_theme, &mut cron.hook] {
            cut(text);
        }
        texts(&mut self.plugins);
        texts(&mut self.administrators);
        if let Some(statement) = &mut self.statement {
            cut(&mut statement.title);
            cut(&mut statement.slug);
            statement.at = statement.at.take().filter(|at| at.parse::<jiff::civil::Date>().is_ok());
        }
    }
}

fn texts(list: &mut Vec<String>) {
    list.truncate(LIST);
    list.iter_mut().for_each(cut);
}

/// Cuts a text, and takes out what is not to be seen.
fn cut(text: &mut String) {
    if text.chars().count() > TEXT || text.chars().any(char::is_control) {
        *text = text.chars().filter(|c| !c.is_control()).take(TEXT).collect();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(value: serde_json::Value) -> Facts {
        let mut facts: Facts = serde_json::from_value(value).unwrap();
        facts.bound();
        facts
    }

    #[test]
    fn what_is_told_is_cut_to_size() {
        let facts = facts(json!({
            "whole": {"php": "8".repeat(1000), "errors": [{"fingerprint": "../../x"}, {"fingerprint": "ab", "count": 99_999_999, "message": "a\u{0}b"}], "more": 1},
            "sites": [{"id": 1, "administrators": vec!["x"; 1000], "statement": {"at": "yesterday"}}],
        }));
        assert_eq!((facts.whole.php.len(), facts.sites[0].administrators.len()), (TEXT, LIST));
        let [error] = &facts.whole.errors[..] else { panic!("{:?}", facts.whole.errors) };
        assert_eq!((error.count, error.message.as_str()), (65_536, "ab"));
        assert_eq!(facts.sites[0].statement.as_ref().unwrap().at, None);
    }

    #[test]
    fn components_know_how_many_sites_use_them() {
        let facts = facts(json!({
            "whole": {"wordpress": {"version": "6.8.3"}, "plugins": [{"slug": "a", "file": "a/a.php", "version": "1"}, {"slug": "b", "file": "b.php", "network": true}],
                "themes": [{"slug": "t"}, {"slug": "p"}]},
            "sites": [{"id": 1, "plugins": ["a/a.php"], "theme": "t", "parent_theme": "p"}, {"id": 2, "theme": "p", "parent_theme": "p"}, {"id": 3, "archived": true}],
        }));
        let used: Vec<(String, u32)> = facts.used().into_iter().map(|it| (it.slug, it.sites)).collect();
        let wanted = [("wordpress", 2), ("a", 1), ("b", 2), ("t", 1), ("p", 2)];
        assert_eq!(used, wanted.map(|(slug, sites)| (slug.to_owned(), sites)));
    }
}
