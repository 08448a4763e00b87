// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Addresses besides the sites, and what was seen from outside.

use flotta::{
    error::Error,
    fleet::{
        FindingKind, Scope,
        finding::{About, Found as Seen},
        outside::{Certificate, Expects, Look, NewAddress, Trust},
    },
    store::{
        PageRequest,
        checks::{self, Found},
        findings, outside,
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

fn address(host: &str) -> NewAddress {
    let expects = Expects { plain: false, status: Some(401), keyword: "Logga in".to_owned() };
    NewAddress { host: host.to_owned(), path: "/".to_owned(), label: "E-tjänster".to_owned(), expects }
}

fn look(seconds: i64, ends: i64) -> Look {
    let certificate = Certificate {
        fingerprint: "00".to_owned(),
        issuer: "R11".to_owned(),
        names: vec!["lund.se".to_owned()],
        begins: now(),
        ends: later(ends),
        chain: 2,
        trust: Trust::Trusted,
    };
    Look { certificate: Some(certificate), ..Look::blank(later(seconds)) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_looks_are_kept(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, ..) = onboarded(&t.store, "bor", None, release.id).await;
    let site = Found { blog: 1, host: "ale.localhost".to_owned(), path: "/".to_owned() };
    checks::sync(&t.store, ale.id, instance.id, std::slice::from_ref(&site), now()).await.unwrap();
    let before = checks::addresses_mark(&t.store).await.unwrap();
    let add = async |of, host: &str| checks::add(&t.store, of, &address(host), 2, now()).await;
    let (first, second) = (add(ale.id, "a.lund.se").await.unwrap(), add(ale.id, "b.lund.se").await.unwrap());
    assert_ne!(checks::addresses_mark(&t.store).await.unwrap(), before);
    for (of, host, code) in [(ale.id, "a.lund.se", "address-there"), (ale.id, "c.lund.se", "too-many-addresses")] {
        let Err(Error::Conflict(error)) = add(of, host).await else { panic!("{host}") };
        assert_eq!(error.code, code);
    }
    let third = add(bor.id, "a.lund.se").await.unwrap();
    let got = checks::get(&t.store, &Scope::Fleet, first).await.unwrap();
    assert_eq!((got.expects, got.label.as_str(), got.blog), (Some(address("x").expects), "E-tjänster", None));
    // Whoever finds the sites of the instance leaves the addresses alone.
    assert!(!checks::sync(&t.store, ale.id, instance.id, &[site], now()).await.unwrap());
    let own = checks::Filter { municipality: Some(ale.id), addresses: true, ..checks::Filter::default() };
    assert_eq!(checks::list(&t.store, &Scope::Fleet, &own, PageRequest::default()).await.unwrap().total, 2);

    assert_eq!(outside::get(&t.store, first).await.unwrap(), outside::Known::default());
    assert_eq!(outside::want(&t.store, ale.id, None, now()).await.unwrap(), 3);
    assert_eq!(outside::want(&t.store, bor.id, Some(first), now()).await.unwrap(), 0);
    assert_eq!(outside::wanted(&t.store).await.unwrap().len(), 3);
    // A look that was begun before somebody asked is not the one that was asked for.
    outside::put(&t.store, first, Some(&look(-5, 500)), later(-5)).await.unwrap();
    assert_eq!(outside::get(&t.store, first).await.unwrap(), outside::Known { look: Some(look(-5, 500)), wanted_at: Some(now()) });
    outside::put(&t.store, first, Some(&look(5, 900)), later(5)).await.unwrap();
    outside::put(&t.store, second, None, later(5)).await.unwrap();
    outside::put(&t.store, third, Some(&look(6, 300)), later(6)).await.unwrap();
    outside::put(&t.store, 99, Some(&look(6, 300)), later(6)).await.unwrap();
    assert_eq!(outside::get(&t.store, second).await.unwrap(), outside::Known::default());
    assert_eq!(outside::wanted(&t.store).await.unwrap(), [0]);
    assert_eq!(outside::some(&t.store, None, 9).await.unwrap(), [(first, look(5, 900)), (third, look(6, 300))]);
    assert_eq!(outside::some(&t.store, None, 1).await.unwrap(), [(first, look(5, 900))]);
    assert_eq!(outside::some(&t.store, Some(first), 1).await.unwrap(), [(third, look(6, 300))]);

    let certificates = async |scope: &Scope, filter: outside::Filter| -> Vec<u32> {
        let page = outside::certificates(&t.store, scope, &filter, PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|(check, _)| check.number).collect()
    };
    assert_eq!(certificates(&Scope::Fleet, outside::Filter::default()).await, [third, first]);
    let soon = outside::Filter { ends_before: Some(later(600)), municipality: None };
    assert_eq!(certificates(&Scope::Fleet, soon.clone()).await, [third]);
    assert_eq!(certificates(&Scope::Municipalities(vec![ale.id]), soon).await, Vec::<u32>::new());

    let seen = Seen { kind: FindingKind::CertificateEnds, blog: None, subject: "a.lund.se".to_owned(), evidence: serde_json::json!({}) };
    findings::sync(&t.store, ale.id, &About::Check(first), &[FindingKind::CertificateEnds], &[seen], now()).await.unwrap();
    assert!(checks::remove(&t.store, bor.id, first, now()).await.is_err(), "of another municipality");
    assert!(checks::remove(&t.store, ale.id, 0, now()).await.is_err(), "a site");
    checks::remove(&t.store, ale.id, first, now()).await.unwrap();
    assert!(checks::remove(&t.store, ale.id, first, now()).await.is_err(), "gone already");
    findings::keep_checked(&t.store, now()).await.unwrap();
    let open = findings::Filter { open: Some(true), ..findings::Filter::default() };
    assert_eq!(findings::list(&t.store, &Scope::Fleet, &open, PageRequest::default()).await.unwrap().total, 0);
    assert_eq!(certificates(&Scope::Fleet, outside::Filter::default()).await, [third]);
    // Its place is free, and it may come back under another number.
    assert!(add(ale.id, "a.lund.se").await.unwrap() > third);
}
