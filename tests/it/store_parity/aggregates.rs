// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases, secrets, backups and leases.

use flotta::{
    error::Error,
    fleet::{
        Backup, BackupId, Channel, InstanceId, Inventory, Municipality, MunicipalityId, Origin, Release, ReleaseId, Scope,
        backup::BackupKind,
    },
    store::{
        self, PageRequest, backups, leases, migrate, releases,
        secrets::{self, Sealed},
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{instance, later, municipality, now, onboarded, onboarding, release},
    store::{Kind, TestStore},
};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn releases_have_one_name_each_and_move_through_channels(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    assert_eq!(releases::newest_stable(&t.store).await.unwrap(), None);
    let first = release(&t.store, "6.8-1").await;
    let second =
        Release { id: ReleaseId::generate(), name: "6.8-2".into(), created_at: later(1), channel: Channel::Candidate, ..first.clone() };
    releases::insert(&t.store, &second).await.unwrap();
    let taken = releases::insert(&t.store, &Release { id: ReleaseId::generate(), ..second.clone() }).await.unwrap_err();
    assert!(matches!(&taken, Error::Conflict(e) if e.field == "name" && e.code == "release-taken"), "{taken:?}");

    assert_eq!(releases::newest_stable(&t.store).await.unwrap(), Some(first.clone()));
    releases::set_channel(&t.store, second.id, Channel::Stable).await.unwrap();
    assert_eq!(releases::newest_stable(&t.store).await.unwrap().unwrap().id, second.id);
    releases::set_channel(&t.store, second.id, Channel::Retired).await.unwrap();
    assert_eq!(releases::newest_stable(&t.store).await.unwrap().unwrap().id, first.id);
    assert!(matches!(releases::set_channel(&t.store, ReleaseId::generate(), Channel::Stable).await, Err(Error::NotFound { .. })));

    assert_eq!(releases::by_name(&t.store, "6.8-1").await.unwrap(), first);
    assert_eq!(releases::get(&t.store, second.id).await.unwrap().channel, Channel::Retired);
    assert!(matches!(releases::by_name(&t.store, "nope").await, Err(Error::NotFound { .. })));
    assert!(matches!(releases::get(&t.store, ReleaseId::generate()).await, Err(Error::NotFound { .. })));
    let page = releases::list(&t.store, PageRequest { page: 1, per_page: 1 }).await.unwrap();
    assert_eq!((page.items[0].id, page.total), (second.id, 2));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_release_keeps_what_is_in_it_and_goes_only_when_nothing_needs_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let first = release(&t.store, "6.8-1").await;
    assert_eq!(releases::inventory(&t.store, first.id).await.unwrap(), None);
    assert_eq!(releases::origin(&t.store, first.id).await.unwrap(), None);
    let inventory = Inventory { php: Some("8.4.11".into()), ..Inventory::default() };
    releases::set_inventory(&t.store, first.id, &inventory).await.unwrap();
    assert_eq!(releases::inventory(&t.store, first.id).await.unwrap(), Some(inventory.clone()));
    assert!(matches!(releases::set_inventory(&t.store, ReleaseId::generate(), &inventory).await, Err(Error::NotFound { .. })));

    let built = Release { id: ReleaseId::generate(), name: "6.8-2".into(), created_at: later(1), ..first.clone() };
    let origin = Origin { base: Some(first.id), content: "c0ffee".into() };
    releases::insert_built(&t.store, &built, &origin, &inventory).await.unwrap();
    assert_eq!(releases::origin(&t.store, built.id).await.unwrap(), Some(origin));
    assert_eq!(releases::inventory(&t.store, built.id).await.unwrap(), Some(inventory));
    assert_eq!(releases::stable_before(&t.store, &built).await.unwrap(), Some(first.clone()));
    assert_eq!(releases::stable_before(&t.store, &first).await.unwrap(), None);
    assert_eq!(releases::images(&t.store).await.unwrap().len(), 2);

    onboarded(&t.store, "ale", None, first.id).await;
    assert_eq!(releases::uses(&t.store, first.id).await.unwrap(), ["the production instance of ale"]);
    assert!(releases::uses(&t.store, built.id).await.unwrap().is_empty());
    let (mora, instance) = (municipality("mora", None), |of: &Municipality| instance(of, first.id));
    let mut moving = onboarding(mora.clone(), instance(&mora));
    moving.operation.input = serde_json::json!({"to": {"release": built.id.text()}});
    store::operations::start(&t.store, &moving).await.unwrap();
    assert_eq!(releases::uses(&t.store, built.id).await.unwrap(), ["the operation `onboard` of mora"]);
    let kept = releases::delete(&t.store, first.id).await.unwrap_err();
    assert!(matches!(&kept, Error::Conflict(e) if e.code == "release-in-use"), "{kept:?}");
    releases::delete(&t.store, built.id).await.unwrap();
    assert!(matches!(releases::delete(&t.store, built.id).await, Err(Error::NotFound { .. })));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_once_written_stays_until_it_is_rotated_or_forgotten(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let sealed = |name: &str, text: &str| Sealed { owner: "i1".into(), name: name.into(), key_id: "k1".into(), ciphertext: text.into() };
    secrets::add(&t.store, &[sealed("db", "first"), sealed("agent", "a")], now()).await.unwrap();
    secrets::add(&t.store, &[sealed("db", "second"), sealed("salt", "s")], now()).await.unwrap();
    assert_eq!(secrets::of(&t.store, "i1").await.unwrap(), [sealed("agent", "a"), sealed("db", "first"), sealed("salt", "s")]);
    assert!(secrets::of(&t.store, "i2").await.unwrap().is_empty());

    let rotated = Sealed { key_id: "k2".into(), ..sealed("db", "rotated") };
    assert!(!secrets::replace(&t.store, &sealed("db", "stale"), &rotated).await.unwrap());
    assert!(secrets::replace(&t.store, &sealed("db", "first"), &rotated).await.unwrap());
    assert!(secrets::all(&t.store).await.unwrap().contains(&rotated));
    secrets::forget(&t.store, "i1").await.unwrap();
    assert!(secrets::all(&t.store).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn backups_are_kept_by_path_and_scoped(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let backup = |slug: &str, path: &str, at| Backup {
        id: BackupId::generate(),
        municipality: MunicipalityId::generate(),
        slug: slug.parse().unwrap(),
        instance: InstanceId::generate(),
        kind: BackupKind::Onboarding,
        path: path.into(),
        size_bytes: 5_000_000_000,
        manifest_sha256: "00".into(),
        created_at: at,
        verified_at: None,
    };
    let (ale, mora) = (backup("ale", "ale/1", now()), backup("mora", "mora/1", later(1)));
    backups::put(&t.store, &ale).await.unwrap();
    backups::put(&t.store, &mora).await.unwrap();
    let again = Backup { id: BackupId::generate(), size_bytes: 7, ..ale.clone() };
    backups::put(&t.store, &again).await.unwrap();
    assert_eq!(backups::by_path(&t.store, "ale/1").await.unwrap(), Some(again.clone()));
    assert_eq!(backups::by_path(&t.store, "nope").await.unwrap(), None);

    backups::verified(&t.store, again.id, later(2)).await.unwrap();
    assert!(matches!(backups::verified(&t.store, ale.id, later(2)).await, Err(Error::NotFound { .. })));
    let list = async |scope: &Scope, slug: Option<&str>| {
        backups::list(&t.store, scope, slug, PageRequest::default()).await.unwrap().items.iter().map(|b| b.id).collect::<Vec<_>>()
    };
    assert_eq!(list(&Scope::Fleet, None).await, [mora.id, again.id]);
    assert_eq!(list(&Scope::Fleet, Some("ale")).await, [again.id]);
    assert_eq!(list(&Scope::Municipalities(vec![mora.municipality]), None).await, [mora.id]);
    assert!(list(&Scope::Municipalities(vec![mora.municipality]), Some("ale")).await.is_empty());
    assert_eq!(backups::by_path(&t.store, "ale/1").await.unwrap().unwrap().verified_at, Some(later(2)));
    backups::forget(&t.store, mora.instance).await.unwrap();
    assert_eq!(list(&Scope::Fleet, None).await, [again.id]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_duty_has_one_holder(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let hold = async |owner: &str, at, until| leases::hold(&t.store, "drift", owner, at, until).await.unwrap();
    assert!(hold("a", now(), later(30)).await);
    assert!(!hold("b", later(10), later(40)).await);
    assert!(hold("a", later(20), later(50)).await);
    assert!(!hold("b", later(49), later(80)).await);
    assert!(hold("b", later(50), later(80)).await);
    assert!(!hold("a", later(51), later(81)).await);
    assert!(leases::hold(&t.store, "other", "a", now(), later(1)).await.unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once_however_often_they_are_asked_for(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::blank(kind).await else { return };
    let all = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap().count();
    if kind == Kind::Postgres {
        let (a, b, c) = tokio::join!(migrate::run(&t.address), migrate::run(&t.address), migrate::run(&t.address));
        let mut done: Vec<usize> = [a, b, c].into_iter().map(|done| done.unwrap().len()).collect();
        done.sort_unstable();
        assert_eq!(done, [0, 0, all]);
    } else {
        assert_eq!(migrate::run(&t.address).await.unwrap().len(), all);
        use std::os::unix::fs::PermissionsExt;
        let flotta::store::Address::Sqlite(path) = &t.address else { panic!("not SQLite") };
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(migrate::run(&t.address).await.unwrap().is_empty());
    release(&t.store, "6.8-1").await;
}
