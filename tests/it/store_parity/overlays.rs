// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Overlays, and the releases that are made with them.

use std::collections::BTreeSet;

use flotta::{
    error::Error,
    fleet::{
        Channel, Holds, Instance, Inventory, MunicipalityId, OperationKind, OperationState, Overlay, OverlayId, Release, ReleaseId, Scope,
        overlay::Derived,
        update::{Migration, Move, Version},
    },
    store::{
        PageRequest, Store, derived, instances,
        operations::{self, NewOperation},
        overlays, releases,
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{later, onboarded, release},
    store::{Kind, TestStore},
};

fn overlay(of: MunicipalityId, version: u32, digest: &str) -> Overlay {
    let holds = Holds { constants: [("A".to_owned(), serde_json::json!(version))].into(), ..Holds::default() };
    Overlay {
        id: OverlayId::generate(),
        municipality: of,
        version,
        digest: digest.to_owned(),
        holds,
        by: "maja@flotta.test".to_owned(),
        created_at: later(i64::from(version)),
    }
}

fn with(base: &Release, name: &str) -> Release {
    Release {
        id: ReleaseId::generate(),
        name: name.to_owned(),
        image: format!("flotta-release:{name}"),
        image_id: String::new(),
        channel: Channel::Candidate,
        ..base.clone()
    }
}

async fn only(store: &Store) -> Instance {
    instances::all(store, &Scope::Fleet).await.unwrap().remove(0)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_version_of_an_overlay_stays_until_its_municipality_goes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let plain = release(&t.store, "6.8-1").await;
    onboarded(&t.store, "ale", None, plain.id).await;
    let (ale, all) = (only(&t.store).await.municipality, Scope::Fleet);
    assert_eq!(overlays::current(&t.store, &all, ale).await.unwrap(), None);
    let (first, second) = (overlay(ale, 1, "aa"), overlay(ale, 2, ""));
    overlays::insert(&t.store, &all, &first).await.unwrap();
    assert_eq!(overlays::current(&t.store, &all, ale).await.unwrap(), Some(first.clone()));
    let twice = overlays::insert(&t.store, &all, &overlay(ale, 1, "bb")).await.unwrap_err();
    assert!(matches!(&twice, Error::Conflict(e) if e.code == "overlay-changed"), "{twice:?}");
    overlays::insert(&t.store, &all, &second).await.unwrap();
    assert_eq!(overlays::version(&t.store, &all, ale, 1).await.unwrap(), first);
    assert_eq!(overlays::get(&t.store, second.id).await.unwrap(), second);
    let page = overlays::list(&t.store, &all, ale, PageRequest { page: 1, per_page: 1 }).await.unwrap();
    assert_eq!((page.items[0].version, page.total), (2, 2));
    assert_eq!(overlays::digests(&t.store).await.unwrap(), BTreeSet::from(["aa".to_owned()]));
    assert!(matches!(overlays::version(&t.store, &all, ale, 7).await, Err(Error::NotFound { .. })));
    assert!(matches!(overlays::version(&t.store, &all, ale, u32::MAX).await, Err(Error::NotFound { .. })));

    // Nobody learns of, or changes, what is not theirs.
    let other = Scope::Municipalities(vec![MunicipalityId::generate()]);
    assert!(matches!(overlays::current(&t.store, &other, ale).await, Err(Error::NotFound { .. })));
    assert!(matches!(overlays::list(&t.store, &other, ale, PageRequest::default()).await, Err(Error::NotFound { .. })));
    assert!(matches!(overlays::version(&t.store, &other, ale, 1).await, Err(Error::NotFound { .. })));
    assert!(matches!(overlays::insert(&t.store, &other, &overlay(ale, 3, "cc")).await, Err(Error::NotFound { .. })));
    let gone = overlay(MunicipalityId::generate(), 1, "dd");
    assert!(matches!(overlays::insert(&t.store, &all, &gone).await, Err(Error::NotFound { .. })));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_release_with_an_overlay_is_one_pair_and_nobodys_to_name(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let plain = release(&t.store, "6.8-1").await;
    onboarded(&t.store, "ale", None, plain.id).await;
    let ale = only(&t.store).await.municipality;
    let mine = overlay(ale, 1, "aa");
    overlays::insert(&t.store, &Scope::Fleet, &mine).await.unwrap();
    let (one, of) = (with(&plain, "6.8-1+ale.1"), Derived { base: plain.id, overlay: mine.id });
    assert_eq!(derived::find(&t.store, of).await.unwrap(), None);
    assert!(derived::insert(&t.store, &one, of).await.unwrap());
    assert!(!derived::insert(&t.store, &with(&plain, "other"), of).await.unwrap(), "the pair is there");
    let another = Derived { base: plain.id, overlay: OverlayId::generate() };
    assert!(!derived::insert(&t.store, &with(&plain, "6.8-1+ale.1"), another).await.unwrap(), "the name is taken");
    assert_eq!(derived::find(&t.store, of).await.unwrap(), Some(one.clone()));
    assert_eq!((derived::origin(&t.store, one.id).await.unwrap(), derived::origin(&t.store, plain.id).await.unwrap()), (Some(of), None));

    assert!(matches!(releases::by_name(&t.store, "6.8-1+ale.1").await, Err(Error::NotFound { .. })));
    assert_eq!(releases::list(&t.store, PageRequest::default()).await.unwrap().total, 1);
    assert_eq!(releases::names(&t.store).await.unwrap()[&one.id], "6.8-1");
    assert_eq!(releases::newest_stable(&t.store).await.unwrap().unwrap().id, plain.id);

    let inventory = Inventory { php: Some("8.4.1".into()), ..Inventory::default() };
    derived::built(&t.store, one.id, "sha256:1", "aa", &inventory).await.unwrap();
    assert_eq!(releases::get(&t.store, one.id).await.unwrap().image_id, "sha256:1");
    assert_eq!(releases::inventory(&t.store, one.id).await.unwrap(), Some(inventory.clone()));
    assert!(matches!(derived::built(&t.store, ReleaseId::generate(), "x", "aa", &inventory).await, Err(Error::NotFound { .. })));

    let overlaid = derived::overlaid(&t.store).await.unwrap();
    assert_eq!((overlaid.target(ale, plain.id), overlaid.plain(one.id), overlaid.version(one.id)), (Some(one.id), plain.id, Some(1)));
    overlays::insert(&t.store, &Scope::Fleet, &overlay(ale, 2, "")).await.unwrap();
    assert_eq!(derived::overlaid(&t.store).await.unwrap().target(ale, plain.id), Some(plain.id), "an empty one is none");
    assert_eq!(derived::all(&t.store, Some(plain.id)).await.unwrap().len(), 1);
    assert!(derived::all(&t.store, Some(one.id)).await.unwrap().is_empty());
    assert!(derived::awaited(&t.store).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_three_releases_of_each_instance_are_kept(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let mut all = Vec::new();
    for name in ["1", "2", "3", "4", "5"] {
        all.push(release(&t.store, name).await.id);
    }
    onboarded(&t.store, "ale", None, all[4]).await;
    let instance = only(&t.store).await;
    // From 1 to 2, to 3, to 4, to 5; the update to 4 was not done but undone.
    for (at, (from, to, done)) in [(0, 1, true), (1, 2, true), (2, 3, false), (2, 4, true)].into_iter().enumerate() {
        let version = |release| Version { release, generation: 1 };
        let asked = Move {
            from: version(all[from]),
            to: version(all[to]),
            migration: Migration::None,
            rollout: None,
            reverts: None,
            with_data: false,
            drain_seconds: 1,
        };
        let made = later(i64::try_from(at).unwrap());
        let mut operation = operations::blank(OperationKind::Update, instance.municipality, instance.slug.clone(), instance.id, made);
        operation.input = asked.input();
        operation.state = if done { OperationState::Done } else { OperationState::Undone };
        operation.finished_at = Some(made);
        operations::start(&t.store, &NewOperation { operation, admission: None, state: None, idempotency: None }).await.unwrap();
    }
    let kept = derived::last_of_each(&t.store).await.unwrap();
    assert_eq!(kept, BTreeSet::from([all[4], all[2], all[1]]));
}
