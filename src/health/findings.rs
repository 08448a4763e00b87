// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What needs somebody, from an instance's facts. Pure: time is an argument.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::fleet::{
    FindingKind as K,
    advisory::Advisory,
    facts::{AUTOLOAD, Facts, Noted, SiteFacts, Used},
    finding::Found,
};

/// Kinds that facts tell of; jobs are told of by whoever runs them.
pub const KINDS: [K; 13] = [
    K::Vulnerable,
    K::AdministratorAdded,
    K::OpenRegistration,
    K::DebugOn,
    K::FatalError,
    K::MailFails,
    K::UpdateFailed,
    K::DatabaseBehind,
    K::NotIndexed,
    K::StatementMissing,
    K::StatementOld,
    K::AutoloadLarge,
    K::AddressDiffers,
];
/// What happened is told of for so long after it happened last.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// An administrator is new for so long.
const NEW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A statement is old after so many days; the law asks that it be gone over every year.
const OLD_DAYS: i32 = 366;
/// WordPress says that it is being updated for no longer than this, in seconds; its own limit is ten minutes.
const MAINTENANCE: u64 = 600;

/// Since when each administrator is known, by site and log-in name (`3/anna`, `0/anna` for the whole network); none where from the
/// beginning.
pub type Administrators = BTreeMap<String, Option<Timestamp>>;

/// Who is an administrator now, and since when that is known. Before anything was known, whoever is one has always been.
#[must_use]
pub fn administrators(known: Option<&Administrators>, facts: &Facts, now: Timestamp) -> Administrators {
    let sites = facts.sites.iter().filter(|site| !site.deleted);
    let of_sites = sites.flat_map(|site| site.administrators.iter().map(move |login| format!("{}/{login}", site.id)));
    let of_network = facts.whole.super_administrators.iter().map(|login| format!("0/{login}"));
    // The first administrators of a site that is new come with it.
    let old_sites: BTreeSet<&str> = known.into_iter().flatten().filter_map(|(key, _)| Some(key.split_once('/')?.0)).collect();
    let since = |key: &str| match known {
        None => None,
        Some(known) => match known.get(key) {
            Some(since) => *since,
            None => key.split_once('/').filter(|(site, _)| old_sites.contains(site)).map(|_| now),
        },
    };
    of_sites.chain(of_network).map(|key| (key.clone(), since(&key))).collect()
}

/// Everything that needs somebody. `advisories` are those on components that are there; `name` is the instance's for people.
#[must_use]
pub fn found(name: &str, facts: &Facts, administrators: &Administrators, advisories: &[Advisory], now: Timestamp) -> Vec<Found> {
    let mut all = whole(name, facts, now);
    for site in facts.sites.iter().filter(|site| site.is_open()) {
        all.extend(of_site(site, facts, now));
    }
    for (key, since) in administrators {
        let Some((site, login)) = key.split_once('/') else { continue };
        let Some(since) = since.filter(|since| now.duration_since(*since) < NEW) else { continue };
        let site = facts.sites.iter().find(|one| one.id.to_string() == site);
        let place = site.map_or_else(|| name.to_owned(), SiteFacts::address);
        let evidence = json!({"login": login, "since": since.to_string()});
        all.push(Found { kind: K::AdministratorAdded, blog: site.map(|site| site.id), subject: format!("{login} ({place})"), evidence });
    }
    all.extend(vulnerable(name, &facts.used(), advisories));
    all
}

fn one(kind: K, subject: &str, evidence: serde_json::Value) -> Found {
    Found { kind, blog: None, subject: subject.to_owned(), evidence }
}

fn is_fresh(noted: &&Noted, now: Timestamp) -> bool {
    Timestamp::from_second(noted.last).is_ok_and(|last| now.duration_since(last) < FRESH)
}

fn whole(name: &str, facts: &Facts, now: Timestamp) -> Vec<Found> {
    let whole = &facts.whole;
    let mut all = Vec::new();
    if whole.debug.display || whole.debug.on {
        all.push(one(K::DebugOn, name, json!({"shown_to_visitors": whole.debug.display})));
    }
    if let Some(seconds) = whole.maintenance_seconds.filter(|seconds| *seconds > MAINTENANCE) {
        all.push(one(K::UpdateFailed, name, json!({"maintenance_for_seconds": seconds})));
    } else if !whole.update_failed.is_empty() {
        all.push(one(K::UpdateFailed, name, json!({"version": whole.update_failed})));
    }
    if matches!(whole.registration.as_str(), "blog" | "all") {
        all.push(one(K::OpenRegistration, name, json!({"registration": whole.registration})));
    }
    let mail: Vec<&Noted> = whole.mail.iter().filter(|noted| is_fresh(noted, now)).collect();
    if let Some(last) = mail.iter().max_by_key(|noted| noted.last) {
        let count: u64 = mail.iter().map(|noted| noted.count).sum();
        all.push(one(K::MailFails, name, json!({"message": last.message, "count": count})));
    }
    let used = facts.used();
    for error in whole.errors.iter().filter(|noted| is_fresh(noted, now)) {
        let version = used.iter().find(|it| it.kind.to_string() == error.kind && it.slug == error.slug).map(|it| it.version.clone());
        let who = if error.slug.is_empty() { error.kind.clone() } else { format!("{} {}", error.kind, error.slug) };
        let short = error.fingerprint.get(..8).unwrap_or(&error.fingerprint);
        let evidence = json!({
            "fingerprint": error.fingerprint, "message": error.message, "file": error.file, "line": error.line, "count": error.count,
            "kind": error.kind, "component": error.slug, "version": version,
        });
        all.push(one(K::FatalError, &format!("{name}: {who} ({short})"), evidence));
    }
    all
}

fn of_site(site: &SiteFacts, facts: &Facts, now: Timestamp) -> Vec<Found> {
    let mut all = Vec::new();
    let mut add = |kind, evidence| all.push(Found { kind, blog: Some(site.id), subject: site.address(), evidence });
    let wanted = facts.whole.wordpress.code_db_version;
    if site.db_version < wanted {
        add(K::DatabaseBehind, json!({"version": site.db_version, "wanted": wanted}));
    }
    if !site.public {
        add(K::NotIndexed, json!({"blog_public": 0}));
    }
    // Of a network, whether anybody may sign up is the network's.
    if facts.whole.network == "single" && site.users_can_register && !matches!(site.default_role.as_str(), "" | "subscriber") {
        add(K::OpenRegistration, json!({"role": site.default_role}));
    }
    if site.autoload.bytes > AUTOLOAD {
        add(K::AutoloadLarge, json!({"bytes": site.autoload.bytes, "options": site.autoload.options, "limit": AUTOLOAD}));
    }
    if !site.home.is_empty() && host(&site.home) != site.domain {
        add(K::AddressDiffers, json!({"home": site.home, "domain": site.domain}));
    }
    match &site.statement {
        None => add(K::StatementMissing, json!({"law": "2018:1937"})),
        Some(statement) => {
            let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
            let age = statement.at.as_deref().and_then(|at| at.parse::<jiff::civil::Date>().ok()).map(|at| (today - at).get_days());
            if let Some(days) = age.filter(|days| *days > OLD_DAYS) {
                add(K::StatementOld, json!({"title": statement.title, "at": statement.at, "days": days, "said": statement.said}));
            }
        }
    }
    all
}

fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// Components that run in a version with a known weakness.
#[must_use]
pub fn vulnerable(name: &str, used: &[Used], advisories: &[Advisory]) -> Vec<Found> {
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    for it in used {
        for advisory in advisories.iter().filter(|a| a.kind == it.kind && a.slug == it.slug && a.concerns(&it.version)) {
            let subject = format!("{name}: {} {} {} ({})", it.kind, it.slug, it.version, advisory.id);
            let evidence = json!({
                "id": advisory.id, "source": advisory.source, "title": advisory.title, "severity": advisory.severity,
                "reference": advisory.reference, "component": it.slug, "version": it.version, "sites": it.sites,
            });
            all.insert(subject.clone(), Found { kind: K::Vulnerable, blog: None, subject, evidence });
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{
        advisory::{End, Range},
        facts::{ComponentKind, Statement},
    };

    fn now() -> Timestamp {
        "2026-11-26T12:00:00Z".parse().unwrap()
    }

    fn well() -> Facts {
        let site = SiteFacts {
            id: 1,
            domain: "ale.se".to_owned(),
            path: "/".to_owned(),
            home: "https://ale.se".to_owned(),
            public: true,
            administrators: vec!["anna".to_owned()],
            statement: Some(Statement {
                title: "Tillgänglighetsredogörelse".to_owned(),
                at: Some("2026-01-10".to_owned()),
                ..Statement::default()
            }),
            ..SiteFacts::default()
        };
        Facts { sites: vec![site], ..Facts::default() }
    }

    fn kinds(facts: &Facts) -> Vec<K> {
        let known = administrators(None, facts, now());
        found("ale-production", facts, &known, &[], now()).into_iter().map(|found| found.kind).collect()
    }

    #[test]
    fn what_is_well_needs_nobody() {
        assert_eq!(kinds(&well()), []);
    }

    #[test]
    fn each_thing_is_found() {
        let mut facts = well();
        facts.whole.debug.on = true;
        facts.whole.maintenance_seconds = Some(601);
        facts.whole.registration = "all".to_owned();
        let noted = |hours: i64| Noted {
            fingerprint: "ab".repeat(16),
            count: 3,
            last: now().as_second() - hours * 3600,
            kind: "plugin".to_owned(),
            slug: "bad".to_owned(),
            ..Noted::default()
        };
        facts.whole.mail = vec![noted(1), noted(30)];
        facts.whole.errors = vec![noted(2), noted(25)];
        assert_eq!(kinds(&facts), [K::DebugOn, K::UpdateFailed, K::OpenRegistration, K::MailFails, K::FatalError]);
        let mut facts = well();
        facts.whole.wordpress.code_db_version = 2;
        let site = &mut facts.sites[0];
        (site.public, site.db_version, site.autoload.bytes, site.home) = (false, 1, 800_001, "https://old.ale.se".to_owned());
        site.statement.as_mut().unwrap().at = Some("2025-11-24".to_owned());
        assert_eq!(kinds(&facts), [K::DatabaseBehind, K::NotIndexed, K::AutoloadLarge, K::AddressDiffers, K::StatementOld]);
        facts.sites[0].statement = None;
        assert!(kinds(&facts).contains(&K::StatementMissing));
        // Nobody looks at what is put away.
        facts.sites[0].archived = true;
        assert_eq!(kinds(&facts), []);
    }

    #[test]
    fn an_administrator_who_comes_later_is_told_of() {
        let mut facts = well();
        let first = administrators(None, &facts, now());
        assert_eq!(first, BTreeMap::from([("1/anna".to_owned(), None)]));
        facts.sites[0].administrators.push("eve".to_owned());
        // A site that is new brings its own.
        facts.sites.push(SiteFacts { id: 2, administrators: vec!["bo".to_owned()], ..facts.sites[0].clone() });
        let second = administrators(Some(&first), &facts, now());
        assert_eq!(second.get("1/eve"), Some(&Some(now())));
        assert_eq!(second.get("2/bo"), Some(&None));
        let told = |at: Timestamp| found("ale", &facts, &second, &[], at).into_iter().map(|f| f.subject).collect::<Vec<_>>();
        assert_eq!(told(now()), ["eve (ale.se)"]);
        assert_eq!(administrators(Some(&second), &facts, now() + SignedDuration::from_hours(1)), second, "it is known since then");
        assert!(told(now() + SignedDuration::from_hours(31 * 24)).iter().all(|subject| !subject.contains("eve")));
    }

    #[test]
    fn weak_versions_are_found() {
        let used = |version: &str| {
            [Used { kind: ComponentKind::Plugin, slug: "akismet".to_owned(), name: String::new(), version: version.to_owned(), sites: 3 }]
        };
        let advisory = Advisory {
            source: "osv".to_owned(),
            id: "CVE-2026-1".to_owned(),
            kind: ComponentKind::Plugin,
            slug: "akismet".to_owned(),
            title: "Anybody may do anything".to_owned(),
            ranges: vec![Range { from: None, to: Some(End { version: "4.1.2".to_owned(), inclusive: false }) }],
            severity: "high".to_owned(),
            reference: String::new(),
            imported_at: now(),
        };
        let told = vulnerable("ale", &used("4.1"), std::slice::from_ref(&advisory));
        assert_eq!(told[0].subject, "ale: plugin akismet 4.1 (CVE-2026-1)");
        assert!(vulnerable("ale", &used("4.1.2"), std::slice::from_ref(&advisory)).is_empty());
        assert!(vulnerable("ale", &used("4.1"), &[Advisory { kind: ComponentKind::Theme, ..advisory }]).is_empty());
    }
}
