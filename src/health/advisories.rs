// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Reads files of known weaknesses: OSV's form and that of Wordfence Intelligence. Pure. A file that is not understood is refused whole.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::FieldError,
    fleet::{
        advisory::{Advisory, End, Range},
        facts::ComponentKind,
    },
};

/// A title is no longer, in characters.
const TITLE: usize = 300;

/// What a file held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// In which form it was: `osv` or `wordfence`.
    pub form: &'static str,
    /// What it says of components of WordPress.
    pub advisories: Vec<Advisory>,
    /// How many entries were of something else, or withdrawn.
    pub skipped: u32,
}

fn wrong(message: impl Into<String>) -> FieldError {
    let fix = "give a file in OSV's form (osv.dev) or that of Wordfence Intelligence, as it was fetched";
    FieldError::new("file", "invalid-advisories", message, fix)
}

/// Reads a file; its form is told by what is in it.
///
/// # Errors
/// Names `file`, and the entry that is not understood.
pub fn read(bytes: &[u8], source: Option<&str>, now: Timestamp) -> Result<Read, FieldError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|e| wrong(format!("the file is not JSON: {e}")))?;
    let read = match value {
        Value::Array(entries) => osv_all(entries, source.unwrap_or("osv"), now)?,
        Value::Object(mut object) if object.contains_key("vulns") => match object.remove("vulns") {
            Some(Value::Array(entries)) => osv_all(entries, source.unwrap_or("osv"), now)?,
            _ => return Err(wrong("`vulns` is not a list")),
        },
        Value::Object(object) if object.contains_key("affected") || object.contains_key("schema_version") => {
            osv_all(vec![Value::Object(object)], source.unwrap_or("osv"), now)?
        }
        Value::Object(object) if object.values().all(|entry| entry.get("software").is_some()) && !object.is_empty() => {
            wordfence_all(object, source.unwrap_or("wordfence"), now)?
        }
        _ => return Err(wrong("the file is in neither of the two forms that are known")),
    };
    if read.advisories.is_empty() {
        return Err(wrong(format!("none of the file's {} entries is on WordPress, a plugin or a theme", read.skipped)));
    }
    Ok(read)
}

#[derive(Deserialize)]
struct Osv {
    id: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    details: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    affected: Vec<OsvAffected>,
    #[serde(default)]
    references: Vec<OsvReference>,
    withdrawn: Option<String>,
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct OsvAffected {
    package: Option<OsvPackage>,
    #[serde(default)]
    ranges: Vec<OsvRange>,
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct OsvPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    #[serde(rename = "type")]
    kind: String,
    events: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct OsvReference {
    url: String,
}

fn osv_all(entries: Vec<Value>, source: &str, now: Timestamp) -> Result<Read, FieldError> {
    let (mut all, mut skipped) = (Keyed::default(), 0);
    for (at, entry) in entries.into_iter().enumerate() {
        let id = entry["id"].as_str().unwrap_or_default().to_owned();
        let osv: Osv = serde_json::from_value(entry).map_err(|e| wrong(format!("entry {} `{}`: {e}", at + 1, shown(&id))))?;
        let mut of_wordpress = false;
        for affected in osv.affected.iter().filter(|_| osv.withdrawn.is_none()) {
            let Some((kind, slug)) = affected.package.as_ref().and_then(component) else { continue };
            let ranges = osv_ranges(affected).map_err(|what| wrong(format!("entry {} `{}`: {what}", at + 1, shown(&osv.id))))?;
            if ranges.is_empty() {
                continue;
            }
            of_wordpress = true;
            let title = if osv.summary.is_empty() { osv.details.lines().next().unwrap_or_default() } else { &osv.summary };
            let severity = osv.database_specific.as_ref().and_then(|more| more["severity"].as_str()).unwrap_or_default();
            let reference = osv.references.first().map(|one| one.url.as_str()).unwrap_or_default();
            all.add(Advisory {
                source: source.to_owned(),
                id: osv.aliases.iter().find(|alias| alias.starts_with("CVE-")).unwrap_or(&osv.id).clone(),
                kind,
                slug,
                title: cut(title),
                ranges,
                severity: grade(severity),
                reference: link(reference),
                imported_at: now,
            });
        }
        skipped += u32::from(!of_wordpress);
    }
    Ok(Read { form: "osv", advisories: all.list(), skipped })
}

/// Which component a package is: of an ecosystem of its own, or as Composer's mirrors name them.
fn component(package: &OsvPackage) -> Option<(ComponentKind, String)> {
    let ecosystem = package.ecosystem.to_lowercase();
    let name = package.name.trim().to_lowercase();
    let (kind, slug) = match (ecosystem.as_str(), name.split_once('/')) {
        ("packagist", Some(("wpackagist-plugin" | "wp-plugin", slug))) => (ComponentKind::Plugin, slug),
        ("packagist", Some(("wpackagist-theme" | "wp-theme", slug))) => (ComponentKind::Theme, slug),
        ("packagist", Some(("johnpbloch" | "roots", "wordpress" | "wordpress-core" | "wordpress-no-content" | "wordpress-full"))) => {
            (ComponentKind::Core, "wordpress")
        }
        ("wordpress:plugin" | "wordpress:plugins", _) => (ComponentKind::Plugin, name.as_str()),
        ("wordpress:theme" | "wordpress:themes", _) => (ComponentKind::Theme, name.as_str()),
        ("wordpress" | "wordpress:core", None) if name == "wordpress" => (ComponentKind::Core, "wordpress"),
        _ => return None,
    };
    (!slug.is_empty()).then(|| (kind, slug.to_owned()))
}

fn osv_ranges(affected: &OsvAffected) -> Result<Vec<Range>, String> {
    let mut ranges = Vec::new();
    for range in affected.ranges.iter().filter(|range| range.kind != "GIT") {
        let mut from: Option<Option<End>> = None;
        for event in &range.events {
            for (what, version) in event {
                let end = |inclusive| Some(End { version: version.clone(), inclusive });
                match what.as_str() {
                    "introduced" => from = Some(if version == "0" { None } else { end(true) }),
                    "fixed" | "last_affected" => {
                        let from = from.take().ok_or_else(|| format!("`{what}` without `introduced` before it"))?;
                        ranges.push(Range { from, to: end(what == "last_affected") });
                    }
                    "limit" => {}
                    other => return Err(format!("an event `{}` is not known", shown(other))),
                }
            }
        }
        if let Some(from) = from {
            ranges.push(Range { from, to: None });
        }
    }
    let single = |version: &String| {
        let end = Some(End { version: version.clone(), inclusive: true });
        Range { from: end.clone(), to: end }
    };
    // Versions are listed besides; a range says the same in fewer words.
    if ranges.is_empty() {
        ranges.extend(affected.versions.iter().map(single));
    }
    Ok(ranges)
}

#[derive(Deserialize)]
struct Wordfence {
    id: Option<String>,
    title: String,
    cve: Option<String>,
    cvss: Option<Value>,
    software: Vec<Software>,
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    informational: bool,
}

#[derive(Deserialize)]
struct Software {
    #[serde(rename = "type")]
    kind: String,
    slug: String,
    affected_versions: BTreeMap<String, Versions>,
}

#[derive(Deserialize)]
struct Versions {
    from_version: String,
    from_inclusive: bool,
    to_version: String,
    to_inclusive: bool,
}

fn wordfence_all(entries: serde_json::Map<String, Value>, source: &str, now: Timestamp) -> Result<Read, FieldError> {
    let (mut all, mut skipped) = (Keyed::default(), 0);
    for (key, entry) in entries {
        let entry: Wordfence = serde_json::from_value(entry).map_err(|e| wrong(format!("entry `{}`: {e}", shown(&key))))?;
        let before = all.0.len();
        for software in entry.software.iter().filter(|_| !entry.informational) {
            let kind = match software.kind.as_str() {
                "plugin" => ComponentKind::Plugin,
                "theme" => ComponentKind::Theme,
                "core" => ComponentKind::Core,
                other => return Err(wrong(format!("entry `{}`: a type `{}` is not known", shown(&key), shown(other)))),
            };
            let end = |version: &str, inclusive| (version != "*").then(|| End { version: version.to_owned(), inclusive });
            let range = |v: &Versions| Range { from: end(&v.from_version, v.from_inclusive), to: end(&v.to_version, v.to_inclusive) };
            let rating = entry.cvss.as_ref().and_then(|cvss| cvss["rating"].as_str()).unwrap_or_default();
            let slug = if kind == ComponentKind::Core { "wordpress".to_owned() } else { software.slug.to_lowercase() };
            all.add(Advisory {
                source: source.to_owned(),
                id: entry.cve.clone().or_else(|| entry.id.clone()).unwrap_or_else(|| key.clone()),
                kind,
                slug,
                title: cut(&entry.title),
                ranges: software.affected_versions.values().map(range).collect(),
                severity: grade(rating),
                reference: link(entry.references.first().map(String::as_str).unwrap_or_default()),
                imported_at: now,
            });
        }
        skipped += u32::from(all.0.len() == before);
    }
    Ok(Read { form: "wordfence", advisories: all.list(), skipped })
}

/// One for each id and component; what comes twice is put together.
#[derive(Default)]
struct Keyed(BTreeMap<(String, ComponentKind, String), Advisory>);

impl Keyed {
    fn add(&mut self, one: Advisory) {
        let key = (one.id.clone(), one.kind, one.slug.clone());
        match self.0.get_mut(&key) {
            Some(there) => there.ranges.extend(one.ranges),
            None => {
                self.0.insert(key, one);
            }
        }
    }

    fn list(self) -> Vec<Advisory> {
        self.0.into_values().collect()
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TITLE).collect()
}

fn grade(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "moderate" | "medium" => "medium",
        "critical" => "critical",
        "high" => "high",
        "low" => "low",
        _ => "",
    }
    .to_owned()
}

/// Only what a browser may be led to.
fn link(text: &str) -> String {
    if text.starts_with("https://") && text.len() <= 500 { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_json(value: &Value) -> Result<Read, FieldError> {
        read(value.to_string().as_bytes(), None, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn osv_is_read() {
        let entry = json!({
            "schema_version": "1.6.0", "id": "GHSA-x", "aliases": ["CVE-2026-1"], "summary": "Bad", "database_specific": {"severity": "MODERATE"},
            "references": [{"type": "WEB", "url": "https://example.org/1"}],
            "affected": [
                {"package": {"ecosystem": "Packagist", "name": "wpackagist-plugin/Akismet"},
                 "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"last_affected": "2.3"}]}]},
                {"package": {"ecosystem": "npm", "name": "left-pad"}, "versions": ["1.0"]},
                {"package": {"ecosystem": "WordPress:Theme", "name": "kommun"}, "versions": ["1.0", "1.1"]},
            ],
        });
        for value in [entry.clone(), json!([entry]), json!({"vulns": [entry]})] {
            let read = read_json(&value).unwrap();
            assert_eq!((read.form, read.skipped, read.advisories.len()), ("osv", 0, 2));
            let akismet = read.advisories.iter().find(|a| a.slug == "akismet").unwrap();
            assert_eq!((akismet.id.as_str(), akismet.severity.as_str(), akismet.kind), ("CVE-2026-1", "medium", ComponentKind::Plugin));
            let held: Vec<bool> = ["1.1", "1.2", "2.0", "2.3", "2.4"].map(|v| akismet.concerns(v)).to_vec();
            assert_eq!(held, [true, false, true, true, false]);
        }
    }

    #[test]
    fn wordfence_is_read() {
        let entry = json!({"b3": {
            "id": "b3", "title": "Bad <= 3.1", "cve": "CVE-2026-2", "cvss": {"rating": "High"}, "references": ["javascript:alert(1)"],
            "software": [{"type": "core", "name": "WordPress", "slug": "wordpress", "affected_versions":
                {"* - 3.1": {"from_version": "*", "from_inclusive": true, "to_version": "3.1", "to_inclusive": true}}}],
        }, "b4": {"title": "Only said", "informational": true, "software": []}});
        let read = read_json(&entry).unwrap();
        assert_eq!((read.form, read.skipped, read.advisories.len()), ("wordfence", 1, 1));
        let one = &read.advisories[0];
        assert_eq!((one.kind, one.reference.as_str(), one.concerns("3.1"), one.concerns("3.1.1")), (ComponentKind::Core, "", true, false));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_named() {
        let osv = |events: Value| json!([{"id": "X-1", "affected": [{"package": {"ecosystem": "WordPress:Plugin", "name": "a"}, "ranges": [{"type": "SEMVER", "events": events}]}]}]);
        for (value, says) in [
            (json!("text"), "neither"),
            (json!({}), "neither"),
            (json!([]), "none of"),
            (
                json!([{"id": "X-1", "affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1"]}]}]),
                "none of the file's 1",
            ),
            (json!([{"aliases": []}]), "entry 1"),
            (osv(json!([{"fixed": "1"}])), "`X-1`: `fixed` without"),
            (osv(json!([{"began": "1"}])), "`began`"),
            (json!({"k": {"title": "t", "software": [{"type": "module", "slug": "s", "affected_versions": {}}]}}), "`module`"),
            (json!({"k": {"title": "t", "software": "all"}}), "entry `k`"),
        ] {
            let error = read_json(&value).unwrap_err();
            assert!(error.message.contains(says), "{says}: {}", error.message);
        }
        assert!(read(b"{", None, Timestamp::UNIX_EPOCH).unwrap_err().message.contains("not JSON"));
    }
}
