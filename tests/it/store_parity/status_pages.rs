// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whose status anybody may see, and what is read for it.

use flotta::{
    fleet::{
        Incident, MunicipalityId, Scope,
        health::Failure,
        incident::{Cause, CauseKind, Member},
    },
    store::{
        checks::{self, Found},
        incidents::{self, Change},
        leases, status_pages as pages,
    },
};
use jiff::Timestamp;
use rstest::rstest;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn pages_are_opened_and_closed_by_whom_they_concern(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, ..) = onboarded(&t.store, "bor", None, release.id).await;
    let own = Scope::Municipalities(vec![ale.id]);
    let all = async || -> Vec<String> { pages::all(&t.store).await.unwrap().iter().map(|m| m.slug.to_string()).collect() };
    assert_eq!(pages::get(&t.store, &own, ale.id).await.unwrap(), None);
    pages::open(&t.store, &own, ale.id, "anna@ale.se", now()).await.unwrap();
    pages::open(&t.store, &own, ale.id, "bo@ale.se", later(5)).await.unwrap();
    let opened = pages::get(&t.store, &own, ale.id).await.unwrap().unwrap();
    assert_eq!((opened.by.as_str(), opened.at), ("anna@ale.se", now()));
    assert!(pages::open(&t.store, &own, bor.id, "anna@ale.se", now()).await.is_err());
    assert!(pages::close(&t.store, &own, bor.id).await.is_err() && pages::get(&t.store, &own, bor.id).await.is_err());
    assert!(pages::open(&t.store, &Scope::Fleet, MunicipalityId::generate(), "a@b.se", now()).await.is_err());
    pages::open(&t.store, &Scope::Fleet, bor.id, "op@flotta.se", now()).await.unwrap();
    assert_eq!(all().await, ["ale", "bor"]);
    for _ in 0..2 {
        pages::close(&t.store, &Scope::Fleet, bor.id).await.unwrap();
    }
    assert_eq!(all().await, ["ale"]);

    let found = |blog, path: &str| Found { blog, host: "ale.localhost".to_owned(), path: path.to_owned() };
    checks::sync(&t.store, ale.id, instance.id, &[found(1, "/"), found(2, "/a/")], now()).await.unwrap();
    assert_eq!(checks::of(&t.store, &[ale.id]).await.unwrap().iter().map(|c| c.path.as_str()).collect::<Vec<_>>(), ["/", "/a/"]);
    assert_eq!(checks::of(&t.store, &[bor.id]).await.unwrap(), []);
    assert_eq!(checks::of(&t.store, &[]).await.unwrap(), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_read_with_whose_they_are(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, ..) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, ..) = onboarded(&t.store, "bor", None, release.id).await;
    let incident = |kind, of: &str, at| Incident::opened(Cause { kind, of: of.to_owned() }, of.to_owned(), None, at);
    let member = |number, of| {
        let (failure, label) = (Failure::Refused, format!("site {number}"));
        Box::new(Member { number, municipality: of, slug: None, label, failure, since: now(), until: None })
    };
    let (wide, old, part) =
        (incident(CauseKind::Gateway, "g", later(2)), incident(CauseKind::Check, "9", now()), incident(CauseKind::Check, "1", later(1)));
    let (wide_id, old_id, part_id) = (wide.id, old.id, part.id);
    let first = [
        Change::Open(Box::new(old)),
        Change::Join(old_id, member(9, ale.id)),
        Change::Leave(old_id, 9),
        Change::Resolve(old_id),
        Change::Open(Box::new(part)),
        Change::Join(part_id, member(1, ale.id)),
    ];
    incidents::write(&t.store, &first, later(1)).await.unwrap();
    let then = [
        Change::Open(Box::new(wide)),
        Change::Join(wide_id, member(1, ale.id)),
        Change::Join(wide_id, member(2, bor.id)),
        Change::Join(wide_id, member(3, bor.id)),
        Change::Leave(wide_id, 3),
        Change::Merge(part_id, wide_id),
    ];
    incidents::write(&t.store, &then, later(2)).await.unwrap();

    let open = incidents::open_shares(&t.store).await.unwrap();
    let [(seen, shares)] = &open[..] else { panic!("{open:?}") };
    assert_eq!((seen.id, seen.members, seen.failing), (wide_id, 3, 2));
    assert_eq!(shares.iter().map(|(id, share)| (*id, *share)).collect::<Vec<_>>(), {
        let mut both = vec![(ale.id, (1, 1)), (bor.id, (2, 1))];
        both.sort();
        both
    });
    let lately = async |of: &[MunicipalityId], since: Timestamp| -> Vec<_> {
        incidents::lately(&t.store, of, since).await.unwrap().into_iter().map(|(i, members)| (i.id, members.len())).collect()
    };
    assert_eq!(lately(&[ale.id], now()).await, [(wide_id, 1), (old_id, 1)]);
    assert_eq!(lately(&[ale.id, bor.id], later(60)).await, [(wide_id, 3)]);
    assert_eq!(lately(&[], now()).await, [(wide_id, 0), (old_id, 0)]);

    assert_eq!(leases::until(&t.store, "health").await.unwrap(), None);
    assert!(leases::hold(&t.store, "health", "a", now(), later(30)).await.unwrap());
    assert_eq!(leases::until(&t.store, "health").await.unwrap(), Some(later(30)));
    leases::release_all(&t.store).await.unwrap();
    assert_eq!(leases::until(&t.store, "health").await.unwrap(), None);
}
