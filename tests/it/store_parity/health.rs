// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is checked, and incidents.

use flotta::{
    fleet::{
        Incident, Scope,
        health::{Failure, Health},
        incident::{Cause, CauseKind, Member},
    },
    store::{
        PageRequest,
        checks::{self, Found, Remembered},
        incidents::{self, Change},
        objectives,
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

fn found(blog: u64, path: &str) -> Found {
    Found { blog, host: "ale.localhost".to_owned(), path: path.to_owned() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn checks_follow_the_sites_and_keep_their_numbers(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, other, _) = onboarded(&t.store, "bor", None, release.id).await;
    let sync = async |sites: &[Found]| checks::sync(&t.store, ale.id, instance.id, sites, now()).await.unwrap();
    let all = async || -> Vec<(u32, String)> {
        checks::some(&t.store, None, 1000).await.unwrap().into_iter().map(|(check, _)| (check.number, check.path)).collect()
    };
    let row = |number: u32, path: &str| (number, path.to_owned());
    assert!(sync(&[found(1, "/"), found(2, "/skola/")]).await);
    assert!(!sync(&[found(2, "/skola/"), found(1, "/")]).await, "nothing new");
    assert!(checks::sync(&t.store, bor.id, other.id, &[found(1, "/bor/")], now()).await.unwrap());
    assert_eq!(all().await, [row(0, "/"), row(1, "/skola/"), row(2, "/bor/")]);
    // A site that moves keeps its number; one that goes takes it along.
    assert!(sync(&[found(1, "/"), found(2, "/skolan/"), found(3, "/bad/")]).await);
    assert_eq!(all().await, [row(0, "/"), row(1, "/skolan/"), row(2, "/bor/"), row(3, "/bad/")]);
    assert!(sync(&[found(1, "/"), found(3, "/bad/")]).await && sync(&[found(1, "/"), found(2, "/igen/"), found(3, "/bad/")]).await);
    assert_eq!(all().await, [row(0, "/"), row(2, "/bor/"), row(3, "/bad/"), row(4, "/igen/")]);

    let down =
        Remembered { number: 3, health: Health::Down, failure: Some(Failure::NoDatabase), since: Some(now()), standing: "{}".to_owned() };
    checks::remember(&t.store, &[down]).await.unwrap();
    let own = Scope::Municipalities(vec![ale.id]);
    let page = PageRequest { page: 1, per_page: 1 };
    let filter = checks::Filter { health: vec![Health::Down, Health::Flapping], ..checks::Filter::default() };
    let ill = checks::list(&t.store, &own, &filter, page).await.unwrap();
    assert_eq!((ill.total, ill.items[0].number, ill.items[0].failure), (1, 3, Some(Failure::NoDatabase)));
    let theirs = checks::Filter { municipality: Some(bor.id), ..checks::Filter::default() };
    assert_eq!(checks::list(&t.store, &own, &theirs, page).await.unwrap().total, 0);
    assert!(checks::get(&t.store, &own, 2).await.is_err() && checks::get(&t.store, &Scope::Fleet, 2).await.is_ok());
    let tallies = checks::tallies(&t.store, &own).await.unwrap();
    assert_eq!(
        tallies.iter().map(|tally| (tally.slug.as_str(), tally.worst(), tally.checks())).collect::<Vec<_>>(),
        [("ale", Health::Down, 3)]
    );

    assert!(!checks::keep_only(&t.store, &[instance.id, other.id], now()).await.unwrap());
    assert!(checks::keep_only(&t.store, &[other.id], now()).await.unwrap());
    assert_eq!(all().await, [row(2, "/bor/")]);
    let nobody = flotta::fleet::MunicipalityId::generate();
    assert!(!checks::sync(&t.store, nobody, flotta::fleet::InstanceId::generate(), &[found(1, "/")], now()).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_written_once_and_seen_by_whom_they_touch(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, ..) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, ..) = onboarded(&t.store, "bor", None, release.id).await;
    let incident = |kind, of: &str, municipality| Incident::opened(Cause { kind, of: of.to_owned() }, of.to_owned(), municipality, now());
    let member = |number, of: flotta::fleet::MunicipalityId| Member {
        number,
        municipality: of,
        slug: None,
        label: format!("site {number}"),
        failure: Failure::Refused,
        since: now(),
        until: None,
    };
    let (wide, narrow) = (incident(CauseKind::Gateway, "gateway", None), incident(CauseKind::Check, "1", Some(ale.id)));
    let (wide_id, narrow_id) = (wide.id, narrow.id);
    let changes = [
        Change::Open(Box::new(narrow)),
        Change::Join(narrow_id, Box::new(member(1, ale.id))),
        Change::Open(Box::new(wide)),
        Change::Certain(wide_id),
        Change::Join(wide_id, Box::new(member(1, ale.id))),
        Change::Join(wide_id, Box::new(member(2, bor.id))),
        Change::Leave(narrow_id, 1),
        Change::Merge(narrow_id, wide_id),
    ];
    for _ in 0..2 {
        incidents::write(&t.store, &changes, now()).await.unwrap();
    }
    // A second one with the same cause cannot be open beside the first.
    let again = incident(CauseKind::Gateway, "gateway", None);
    let joins = Change::Join(again.id, Box::new(member(2, bor.id)));
    incidents::write(&t.store, &[Change::Open(Box::new(again)), joins], now()).await.unwrap();
    let open = incidents::open(&t.store).await.unwrap();
    assert_eq!(open.iter().map(|(i, failing)| (i.id, i.certain, failing.len())).collect::<Vec<_>>(), [(wide_id, true, 2)]);
    assert_eq!(incidents::open_of(&t.store, CauseKind::Gateway).await.unwrap(), 1);

    let filter = incidents::Filter::default();
    let (whole, own) = (PageRequest::default(), Scope::Municipalities(vec![bor.id]));
    assert_eq!(incidents::list(&t.store, &Scope::Fleet, &filter, whole).await.unwrap().total, 2);
    let seen = incidents::list(&t.store, &own, &filter, whole).await.unwrap().items;
    assert_eq!(seen.iter().map(|i| (i.id, i.members, i.failing, i.failure)).collect::<Vec<_>>(), [(wide_id, 1, 1, Some(Failure::Refused))]);
    assert!(incidents::get(&t.store, &own, narrow_id).await.is_err());
    let (_, members, events) = incidents::get(&t.store, &own, wide_id).await.unwrap();
    assert_eq!(members.iter().map(|m| (m.number, m.slug.as_ref().unwrap().as_str())).collect::<Vec<_>>(), [(2, "bor")]);
    assert_eq!(events.iter().map(|e| e.word.as_str()).collect::<Vec<_>>(), ["opened", "certain"]);

    incidents::acknowledge(&t.store, &Scope::Fleet, wide_id, "anna@example.se", "å", later(5)).await.unwrap();
    incidents::write(&t.store, &[Change::Leave(wide_id, 1), Change::Leave(wide_id, 2), Change::Resolve(wide_id)], later(9)).await.unwrap();
    let (over, members, _) = incidents::get(&t.store, &Scope::Fleet, wide_id).await.unwrap();
    assert_eq!((over.resolved_at, over.acknowledged_by.as_str(), over.failing), (Some(later(9)), "anna@example.se", 0));
    assert!(members.iter().all(|m| m.until == Some(later(9))));
    assert!(incidents::acknowledge(&t.store, &Scope::Fleet, wide_id, "anna@example.se", "", later(10)).await.is_err());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_is_found_again(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (ale, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    let (bor, ..) = onboarded(&t.store, "bor", None, release.id).await;
    let (fleet, theirs) = (Scope::Fleet, Scope::Municipalities(vec![bor.id]));
    checks::sync(&t.store, ale.id, instance.id, &[found(1, "/"), found(2, "/skola/")], now()).await.unwrap();
    checks::sync(&t.store, ale.id, instance.id, &[found(1, "/")], later(60)).await.unwrap();
    let ever = checks::past::ever(&t.store, &fleet, ale.id).await.unwrap();
    assert_eq!(
        ever.iter().map(|(n, at, _, until)| (*n, at.as_str(), *until)).collect::<Vec<_>>(),
        [(0, "ale.localhost", None), (1, "ale.localhost/skola/", Some(later(60)))]
    );
    assert_eq!(checks::past::ever(&t.store, &theirs, ale.id).await.unwrap(), []);

    let cause = |of: &str| Cause { kind: CauseKind::Check, of: of.to_owned() };
    let old = Incident::opened(cause("1"), "skola".to_owned(), Some(ale.id), now());
    let new = Incident::opened(cause("0"), "ale".to_owned(), None, later(100));
    let member = Member {
        number: 0,
        municipality: ale.id,
        slug: None,
        label: "ale.localhost".to_owned(),
        failure: Failure::Fatal,
        since: later(100),
        until: None,
    };
    let changes = [Change::Open(Box::new(old.clone())), Change::Open(Box::new(new.clone())), Change::Join(new.id, Box::new(member))];
    incidents::write(&t.store, &changes, now()).await.unwrap();
    incidents::write(&t.store, &[Change::Resolve(old.id)], later(50)).await.unwrap();
    let check = checks::get(&t.store, &fleet, 0).await.unwrap();
    let one = PageRequest { page: 1, per_page: 1 };
    let of = incidents::past::of_check(&t.store, &fleet, &check, one).await.unwrap();
    assert_eq!((of.total, of.items[0].id, of.items[0].failing), (1, new.id, 1));
    let between = async |scope: &Scope, from: i64, until: i64| -> Vec<_> {
        incidents::past::between(&t.store, scope, ale.id, later(from), later(until)).await.unwrap().iter().map(|i| i.id).collect()
    };
    assert_eq!(between(&fleet, 0, 200).await, [old.id, new.id]);
    assert_eq!(between(&fleet, 60, 200).await, [new.id]);
    assert_eq!(between(&fleet, 10, 100).await, [old.id]);
    assert!(between(&theirs, 0, 200).await.is_empty());

    assert_eq!(objectives::get(&t.store, &fleet, ale.id).await.unwrap(), None);
    for aim in [(99_000, 7), (99_950, 30)] {
        objectives::put(&t.store, &fleet, ale.id, aim, now()).await.unwrap();
    }
    assert_eq!(objectives::get(&t.store, &fleet, ale.id).await.unwrap(), Some((99_950, 30)));
    assert_eq!(objectives::all(&t.store).await.unwrap().into_iter().collect::<Vec<_>>(), [(ale.id, (99_950, 30))]);
    assert!(objectives::get(&t.store, &theirs, ale.id).await.is_err());
    assert!(objectives::put(&t.store, &theirs, ale.id, (99_000, 1), now()).await.is_err());
}
