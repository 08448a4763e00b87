// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was found, what is over, what is put aside.

use flotta::{
    fleet::{
        FindingKind as K, Scope,
        finding::{About, Found},
    },
    store::{
        PageRequest,
        findings::{self, Filter},
    },
};
use rstest::rstest;
use serde_json::json;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

fn found(kind: K, subject: &str, seen: u32) -> Found {
    Found { kind, blog: Some(2), subject: subject.to_owned(), evidence: json!({"seen": seen}) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn findings_are_what_was_found_last(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, other, _) = onboarded(&t.store, "bor", None, release.id).await;
    let here = About::Instance(instance.id);
    let kinds = [K::CronStuck, K::NotIndexed];
    let sync = async |found: &[Found]| findings::sync(&t.store, ale.id, &here, &kinds, found, now()).await.unwrap();
    let all = async |scope: &Scope, filter: Filter| findings::list(&t.store, scope, &filter, PageRequest::default()).await.unwrap().items;
    let first = sync(&[found(K::CronStuck, "ale.localhost/", 1), found(K::NotIndexed, "ale.localhost/", 1)]).await;
    assert_eq!((first.opened.len(), first.resolved.len()), (2, 0));
    // A kind that was not looked for is not touched.
    findings::sync(&t.store, ale.id, &About::Check(7), &[K::AddressDiffers], &[found(K::AddressDiffers, "x", 1)], now()).await.unwrap();
    findings::sync(&t.store, bor.id, &About::Instance(other.id), &kinds, &[found(K::CronStuck, "bor.localhost/", 1)], now()).await.unwrap();
    let second = sync(&[found(K::CronStuck, "ale.localhost/", 2), found(K::DebugOn, "not asked for", 1)]).await;
    assert_eq!((second.opened.len(), second.resolved.len()), (0, 1));
    let own = Scope::Municipalities(vec![ale.id]);
    let open = all(&own, Filter { open: Some(true), ..Filter::default() }).await;
    assert_eq!(open.len(), 2);
    let at = async |number: u32, site| {
        let filter = Filter { open: Some(true), about: Some(findings::Spot { number, site }), ..Filter::default() };
        all(&Scope::Fleet, filter).await.len()
    };
    assert_eq!((at(7, None).await, at(7, Some((instance.id, 2))).await, at(8, Some((instance.id, 2))).await), (1, 2, 1));
    assert_eq!((at(8, Some((instance.id, 3))).await, at(8, None).await), (0, 0));
    let stuck = open.iter().find(|f| f.kind == K::CronStuck).unwrap();
    assert_eq!(
        (stuck.evidence["seen"].as_u64(), stuck.instance, stuck.blog, stuck.slug.as_str()),
        (Some(2), Some(instance.id), Some(2), "ale")
    );
    assert_eq!(open.iter().find(|f| f.kind == K::AddressDiffers).unwrap().check, Some(7));
    assert_eq!(all(&Scope::Fleet, Filter { kind: Some(K::CronStuck), ..Filter::default() }).await.len(), 2);
    assert!(all(&own, Filter { municipality: Some(bor.id), ..Filter::default() }).await.is_empty());

    let theirs = Scope::Municipalities(vec![bor.id]);
    let aside = Some(("anna@ale.se", "it is being replaced", Some(later(60))));
    assert!(findings::mute(&t.store, &theirs, stuck.id, aside, now()).await.is_err());
    findings::mute(&t.store, &own, stuck.id, aside, now()).await.unwrap();
    let muted = async |muted: bool, seconds: i64| {
        all(&own, Filter { open: Some(true), muted: Some((muted, later(seconds))), ..Filter::default() }).await.len()
    };
    assert_eq!((muted(true, 0).await, muted(false, 0).await, muted(true, 61).await, muted(false, 61).await), (1, 1, 0, 2));
    let got = findings::get(&t.store, &own, stuck.id).await.unwrap();
    assert_eq!((got.muted_by.as_str(), got.is_muted(now()), got.is_muted(later(61))), ("anna@ale.se", true, false));
    findings::mute(&t.store, &own, stuck.id, None, now()).await.unwrap();
    assert!(findings::get(&t.store, &own, stuck.id).await.unwrap().muted_at.is_none());

    // Found again after it was over: another one.
    sync(&[]).await;
    assert!(findings::mute(&t.store, &own, stuck.id, aside, now()).await.is_err());
    assert_eq!(sync(&[found(K::CronStuck, "ale.localhost/", 3)]).await.opened.len(), 1);
    findings::keep_only(&t.store, &[other.id], now()).await.unwrap();
    assert_eq!(all(&own, Filter { open: Some(true), ..Filter::default() }).await.len(), 1, "the check's");
    findings::forget_before(&t.store, later(1)).await.unwrap();
    assert_eq!(all(&Scope::Fleet, Filter::default()).await.len(), 2);
}
