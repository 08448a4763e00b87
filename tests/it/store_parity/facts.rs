// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What instances told, what runs and throws where, known weaknesses.

use std::collections::{BTreeMap, BTreeSet};

use flotta::{
    fleet::{
        Scope,
        advisory::{Advisory, End, Range},
        facts::{Component, ComponentKind, Core, Facts, Noted, SiteFacts, Whole},
    },
    store::{
        PageRequest, advisories,
        facts::{self, Kept},
        inventory,
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

fn told(count: u64, first: i64) -> Facts {
    let plugin =
        Component { slug: "events".to_owned(), file: "events/events.php".to_owned(), version: "3.2".to_owned(), ..Component::default() };
    let error = Noted {
        fingerprint: "ab".to_owned(),
        count,
        first,
        last: now().as_second(),
        message: "Uncaught Error".to_owned(),
        file: "wp-content/plugins/events/events.php".to_owned(),
        line: 33,
        kind: "plugin".to_owned(),
        slug: "events".to_owned(),
        blog: 1,
    };
    let site =
        |id: u64, plugins: &[&str]| SiteFacts { id, plugins: plugins.iter().map(|p| (*p).to_owned()).collect(), ..SiteFacts::default() };
    let whole = Whole {
        wordpress: Core { version: "6.8.3".to_owned(), code_db_version: 1 },
        plugins: vec![plugin],
        errors: vec![error],
        ..Whole::default()
    };
    Facts { whole, sites: vec![site(1, &["events/events.php"]), site(2, &[])] }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn facts_are_kept_and_asked_over_the_fleet(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, other, _) = onboarded(&t.store, "bor", None, release.id).await;
    assert_eq!(facts::of(&t.store, instance.id).await.unwrap(), None);
    let known = BTreeMap::from([("1/anna".to_owned(), None), ("1/eve".to_owned(), Some(now()))]);
    let kept = Kept { mark: "m1".to_owned(), administrators: known, collected_at: now() };
    let keep = async |facts: &Facts| facts::keep(&t.store, ale.id, instance.id, &kept, facts).await.unwrap();
    keep(&told(3, 10)).await;
    assert_eq!(facts::of(&t.store, instance.id).await.unwrap(), Some((kept.clone(), told(3, 10))));
    assert_eq!(facts::marks(&t.store).await.unwrap(), BTreeMap::from([(instance.id, ("m1".to_owned(), now()))]));

    // The container counts on; then another one begins anew.
    keep(&told(5, 10)).await;
    keep(&told(2, 20)).await;
    let own = Scope::Municipalities(vec![ale.id]);
    let thrown = inventory::thrown(&t.store, &own, later(-60)).await.unwrap();
    assert_eq!((thrown.len(), thrown[0].total, thrown[0].component.as_str(), thrown[0].version.as_str()), (1, 7, "events", "3.2"));
    let theirs = Scope::Municipalities(vec![bor.id]);
    assert!(inventory::thrown(&t.store, &theirs, later(-60)).await.unwrap().is_empty());
    assert!(inventory::thrown(&t.store, &own, later(60)).await.unwrap().is_empty());
    let running = inventory::running(&t.store, &Scope::Fleet, ComponentKind::Plugin, Some("events")).await.unwrap();
    assert_eq!((running.len(), running[0].sites, running[0].slug.as_str()), (1, 1, "ale"));
    assert!(inventory::running(&t.store, &theirs, ComponentKind::Plugin, None).await.unwrap().is_empty());
    assert_eq!(facts::throwing(&t.store, later(-60)).await.unwrap(), [("events".to_owned(), "3.2".to_owned())]);
    assert_eq!(facts::sites_with(&t.store, "events", "3.2").await.unwrap(), [(instance.id, BTreeSet::from([1]))]);

    facts::set_overdue(&t.store, instance.id, &[(2, 4000)]).await.unwrap();
    assert_eq!((facts::overdue(&t.store, 900).await.unwrap(), facts::overdue(&t.store, 4001).await.unwrap()), (1, 0));
    facts::keep_sizes(&t.store, instance.id, 10, &[(0, 100, Some(5)), (1, 60, None)]).await.unwrap();
    facts::keep_sizes(&t.store, instance.id, 11, &[(0, 120, None)]).await.unwrap();
    facts::keep_sizes(&t.store, other.id, 11, &[(0, 1, None)]).await.unwrap();
    let first = facts::site(&t.store, instance.id, 1).await.unwrap().unwrap();
    assert_eq!((first.collected_at, first.own.id, first.whole.wordpress.version.as_str()), (now(), 1, "6.8.3"));
    assert_eq!((first.overdue, first.database_bytes, first.uploads_bytes), (0, Some(60), None));
    let second = facts::site(&t.store, instance.id, 2).await.unwrap().unwrap();
    assert_eq!((second.overdue, second.database_bytes), (4000, None));
    assert_eq!(facts::site(&t.store, instance.id, 3).await.unwrap(), None);
    assert_eq!(facts::site(&t.store, other.id, 1).await.unwrap(), None);
    let thrown = facts::errors_of(&t.store, instance.id, 1, 5).await.unwrap();
    assert_eq!(thrown.iter().map(|e| (e.count, e.line, e.last)).collect::<Vec<_>>(), [(7, 33, now().as_second())]);
    assert_eq!(facts::errors_of(&t.store, instance.id, 2, 5).await.unwrap(), []);
    let sizes = inventory::sizes(&t.store, &own, 10).await.unwrap();
    assert_eq!(sizes.iter().map(|s| (s.day, s.database, s.uploads)).collect::<Vec<_>>(), [(10, 100, Some(5)), (11, 120, None)]);
    facts::forget_before(&t.store, 11, later(60)).await.unwrap();
    assert_eq!(inventory::sizes(&t.store, &own, 0).await.unwrap().len(), 1);
    assert!(inventory::thrown(&t.store, &own, later(-60)).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_replaces_what_its_source_said_before(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let one = |source: &str, id: &str, slug: &str| Advisory {
        source: source.to_owned(),
        id: id.to_owned(),
        kind: ComponentKind::Plugin,
        slug: slug.to_owned(),
        title: "Bad".to_owned(),
        ranges: vec![Range { from: None, to: Some(End { version: "1.2".to_owned(), inclusive: false }) }],
        severity: "high".to_owned(),
        reference: String::new(),
        imported_at: now(),
    };
    let list = async || advisories::list(&t.store, None, None, PageRequest::default()).await.unwrap().items;
    for _ in 0..2 {
        advisories::replace(&t.store, "osv", &[one("osv", "CVE-1", "events"), one("osv", "CVE-2", "forms")]).await.unwrap();
    }
    advisories::replace(&t.store, "own", &[one("own", "CVE-1", "events")]).await.unwrap();
    assert_eq!(list().await.len(), 3);
    advisories::replace(&t.store, "osv", &[one("osv", "CVE-2", "forms")]).await.unwrap();
    assert_eq!(list().await, [one("own", "CVE-1", "events"), one("osv", "CVE-2", "forms")]);
    let on = advisories::on(&t.store, &["forms".to_owned(), "other".to_owned()]).await.unwrap();
    assert_eq!(on, [one("osv", "CVE-2", "forms")]);
    let of = advisories::list(&t.store, Some(ComponentKind::Theme), Some("forms"), PageRequest::default()).await.unwrap();
    assert_eq!(of.total, 0);
}
