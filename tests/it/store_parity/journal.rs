// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operation journal: claims, leases, events, endings, repeats.

use flotta::{
    error::Error,
    fleet::{Desired, Direction, EventKind, InstanceState, Operation, OperationKind, OperationState, Scope, UserId},
    store::{
        PageRequest, Store, instances, municipalities,
        operations::{self, Change, Filter, Idempotency, InstanceChange, NewEvent, NewOperation},
        secrets::{self, Sealed},
    },
};
use rstest::rstest;
use serde_json::json;

use crate::support::{
    fixtures::{instance, later, municipality, now, onboarded, onboarding, release},
    store::{Kind, TestStore},
};

fn event(kind: EventKind, step: &str) -> NewEvent {
    NewEvent { step: step.into(), kind, message: format!("{kind} {step}"), evidence: json!({"seen": ["å", 1, null]}) }
}

async fn claimed(store: &Store, operation: &Operation) -> Operation {
    operations::claim(store, operation.id, "plane-1", now(), later(30)).await.unwrap().expect("it is free")
}

fn over(operation: &Operation, state: OperationState, instance: InstanceChange) -> Change {
    Change { state, instance, ..Change::none(operation) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_has_one_worker_and_a_stale_one_writes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (_, _, operation) = onboarded(&t.store, "ale", None, release).await;
    assert_eq!(operations::due(&t.store, now(), 10).await.unwrap(), [operation.id]);
    let first = operations::claim(&t.store, operation.id, "plane-1", now(), later(30)).await.unwrap().unwrap();
    assert_eq!((first.lease_owner.as_deref(), first.lease_epoch), (Some("plane-1"), 1));
    assert!(operations::claim(&t.store, operation.id, "plane-2", later(29), later(60)).await.unwrap().is_none());
    assert!(operations::due(&t.store, later(29), 10).await.unwrap().is_empty());
    operations::renew(&t.store, &first, later(40)).await.unwrap();
    assert!(operations::claim(&t.store, operation.id, "plane-2", later(39), later(60)).await.unwrap().is_none());

    let second = operations::claim(&t.store, operation.id, "plane-2", later(40), later(70)).await.unwrap().unwrap();
    assert_eq!(second.lease_epoch, 2);
    assert!(matches!(operations::renew(&t.store, &first, later(90)).await, Err(Error::StaleLease)));
    let forget = over(&first, OperationState::Undone, InstanceChange::Forget);
    let stale = operations::record(&t.store, &first, &[event(EventKind::Done, "database")], &forget, later(41)).await;
    assert!(matches!(stale, Err(Error::StaleLease)), "{stale:?}");
    assert!(operations::events_after(&t.store, operation.id, 0).await.unwrap().is_empty());
    assert_eq!(instances::all(&t.store, &Scope::Fleet).await.unwrap().len(), 1);
    operations::record(&t.store, &second, &[event(EventKind::Intent, "database")], &Change::none(&second), later(42)).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn events_are_numbered_and_kept_as_written(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (_, instance, operation) = onboarded(&t.store, "ale", None, release).await;
    let held = claimed(&t.store, &operation).await;
    let both = [event(EventKind::Intent, "database"), event(EventKind::Done, "database")];
    let next = Change { step: "secrets".into(), attempts: 0, ..Change::none(&held) };
    let after = operations::record(&t.store, &held, &both, &next, later(1)).await.unwrap();
    assert_eq!((after.step.as_str(), after.updated_at, after.lease_owner.as_deref()), ("secrets", later(1), Some("plane-1")));

    let waits =
        Change { attempts: 1, error: "engine: no answer".into(), next_at: later(60), direction: Direction::Back, ..Change::none(&after) };
    let waiting = operations::record(&t.store, &after, &[event(EventKind::Failed, "secrets")], &waits, later(2)).await.unwrap();
    assert_eq!((waiting.lease_owner, waiting.attempts, waiting.direction), (None, 1, Direction::Back));
    assert!(operations::due(&t.store, later(59), 10).await.unwrap().is_empty());
    assert_eq!(operations::due(&t.store, later(60), 10).await.unwrap(), [operation.id]);
    assert_eq!(operations::live_on(&t.store, instance.id).await.unwrap().map(|o| o.id), Some(operation.id));

    let events = operations::events_after(&t.store, operation.id, 0).await.unwrap();
    assert_eq!(
        events.iter().map(|e| (e.seq, e.kind)).collect::<Vec<_>>(),
        [(1, EventKind::Intent), (2, EventKind::Done), (3, EventKind::Failed)]
    );
    assert_eq!(events[0].evidence, json!({"seen": ["å", 1, null]}));
    assert_eq!(operations::events_after(&t.store, operation.id, 2).await.unwrap().len(), 1);
    assert!(operations::events_after(&t.store, operation.id, 3).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_next_due_time_is_the_earliest_of_all(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    assert_eq!(operations::next_due(&t.store).await.unwrap(), None);
    let release = release(&t.store, "6.8-1").await.id;
    let (_, _, held) = onboarded(&t.store, "ale", None, release).await;
    assert_eq!(operations::next_due(&t.store).await.unwrap(), Some(now()));
    claimed(&t.store, &held).await;
    assert_eq!(operations::next_due(&t.store).await.unwrap(), Some(later(30)));
    // One that waits for less long than the lease of the first.
    let (_, _, waiting) = onboarded(&t.store, "mora", None, release).await;
    let mine = claimed(&t.store, &waiting).await;
    let waits = Change { next_at: later(10), ..Change::none(&mine) };
    operations::record(&t.store, &mine, &[], &waits, later(1)).await.unwrap();
    assert_eq!(operations::next_due(&t.store).await.unwrap(), Some(later(10)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_ending_forgets_the_instance_and_its_last_municipality(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, instance, operation) = onboarded(&t.store, "ale", Some("1440"), release).await;
    let sealed = Sealed { owner: instance.id.text(), name: "db".into(), key_id: "k".into(), ciphertext: "c".into() };
    secrets::add(&t.store, &[sealed], now()).await.unwrap();
    let held = claimed(&t.store, &operation).await;
    let forget = over(&held, OperationState::Undone, InstanceChange::Forget);
    let ended = operations::record(&t.store, &held, &[event(EventKind::Undone, "database")], &forget, later(5)).await.unwrap();
    assert_eq!((ended.state, ended.finished_at, ended.lease_owner), (OperationState::Undone, Some(later(5)), None));

    assert!(municipalities::ids(&t.store).await.unwrap().is_empty());
    assert!(instances::domains(&t.store).await.unwrap().is_empty());
    assert!(secrets::all(&t.store).await.unwrap().is_empty());
    assert!(operations::live_on(&t.store, instance.id).await.unwrap().is_none());
    // The operation outlives them, and its slug finds it.
    let filter =
        Filter { slug: Some("ale".into()), state: Some("undone".into()), kind: Some("onboard".into()), municipality: Some(ale.id) };
    let listed = operations::list(&t.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|o| o.id).collect::<Vec<_>>(), [operation.id]);
    // Everything is free again, the slot too.
    let (_, again, _) = onboarded(&t.store, "ale", Some("1440"), release).await;
    assert_eq!(instances::get(&t.store, &Scope::Fleet, again.id).await.unwrap().slot, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_live_operation_for_an_instance_and_its_state_is_written_with_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, i, onboard) = onboarded(&t.store, "ale", None, release).await;
    let suspend = || NewOperation {
        operation: operations::blank(OperationKind::Suspend, ale.id, ale.slug.clone(), i.id, later(10)),
        admission: None,
        state: Some(InstanceState::Offboarding),
        idempotency: None,
    };
    let busy = operations::start(&t.store, &suspend()).await.unwrap_err();
    assert!(matches!(&busy, Error::Conflict(e) if e.code == "operation-live"), "{busy:?}");
    assert_eq!(instances::get(&t.store, &Scope::Fleet, i.id).await.unwrap().state, InstanceState::Onboarding);

    let held = claimed(&t.store, &onboard).await;
    let running = InstanceChange::Set { desired: Desired::Running, state: InstanceState::Running, reason: "serving".into() };
    operations::record(&t.store, &held, &[], &over(&held, OperationState::Done, running), later(9)).await.unwrap();
    let seen = instances::get(&t.store, &Scope::Fleet, i.id).await.unwrap();
    assert_eq!((seen.state, seen.reason.as_str()), (InstanceState::Running, "serving"));
    operations::start(&t.store, &suspend()).await.unwrap();
    let seen = instances::get(&t.store, &Scope::Fleet, i.id).await.unwrap();
    assert_eq!((seen.state, seen.reason.as_str()), (InstanceState::Offboarding, ""));
    let live = operations::live_instances(&t.store).await.unwrap();
    assert_eq!(live, [i.id]);
    // When it was undone, the instance is what it was.
    let started = operations::live_on(&t.store, i.id).await.unwrap().unwrap();
    let held = operations::claim(&t.store, started.id, "plane-1", later(10), later(30)).await.unwrap().unwrap();
    let over = Change { state: OperationState::Undone, instance: InstanceChange::AsBefore, ..Change::none(&held) };
    operations::record(&t.store, &held, &[], &over, later(11)).await.unwrap();
    assert_eq!(instances::get(&t.store, &Scope::Fleet, i.id).await.unwrap().state, InstanceState::Running);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_operation_is_retried_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (_, _, operation) = onboarded(&t.store, "ale", None, release).await;
    let refused = operations::retry(&t.store, &operation, "anna", later(1), later(600)).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(e) if e.code == "cannot-retry"), "{refused:?}");

    let held = claimed(&t.store, &operation).await;
    let failed = Change { error: "disk full".into(), attempts: 3, ..over(&held, OperationState::Failed, InstanceChange::Keep) };
    let ended = operations::record(&t.store, &held, &[event(EventKind::Failed, "database")], &failed, later(1)).await.unwrap();
    let live = operations::retry(&t.store, &ended, "anna", later(2), later(900)).await.unwrap();
    assert_eq!((live.state, live.attempts, live.error.as_str(), live.finished_at), (OperationState::Live, 0, "", None));
    assert_eq!(live.deadline_at, later(900));
    assert!(operations::retry(&t.store, &ended, "anna", later(2), later(900)).await.is_err());
    let events = operations::events_after(&t.store, operation.id, 1).await.unwrap();
    assert_eq!(events.iter().map(|e| (e.seq, e.kind, e.message.as_str())).collect::<Vec<_>>(), [(2, EventKind::Note, "retried by anna")]);
    assert!(operations::claim(&t.store, operation.id, "plane-2", later(2), later(60)).await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_operation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let user = UserId::generate();
    let request = |slug: &str, user, sha: &str| {
        let m = municipality(slug, None);
        let i = instance(&m, release);
        let idempotency = Some(Idempotency { user, key: "k-1".into(), request_sha256: sha.into() });
        NewOperation { idempotency, ..onboarding(m, i) }
    };
    let first = operations::start(&t.store, &request("ale", user, "s1")).await.unwrap();
    let second = operations::start(&t.store, &request("ale", user, "s1")).await.unwrap();
    assert!(!first.repeated && second.repeated);
    assert_eq!(first.operation.id, second.operation.id);
    let reused = operations::start(&t.store, &request("mora", user, "s2")).await.unwrap_err();
    assert!(matches!(&reused, Error::Conflict(e) if e.field == "Idempotency-Key"), "{reused:?}");
    assert_eq!(municipalities::ids(&t.store).await.unwrap().len(), 1);
    // Another user's key of the same text is another key; a refused request leaves its key free.
    let refused = operations::start(&t.store, &request("ale", UserId::generate(), "s3")).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(e) if e.field == "slug"), "{refused:?}");
    let other = UserId::generate();
    operations::start(&t.store, &request("ale", other, "s4")).await.unwrap_err();
    assert!(!operations::start(&t.store, &request("mora", other, "s5")).await.unwrap().repeated);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_on_a_store_of_its_own_frees_what_was_held(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (_, _, operation) = onboarded(&t.store, "ale", None, release).await;
    let held = claimed(&t.store, &operation).await;
    operations::release_all(&t.store).await.unwrap();
    assert!(matches!(operations::renew(&t.store, &held, later(60)).await, Err(Error::StaleLease)));
    assert!(operations::claim(&t.store, operation.id, "plane-2", later(1), later(60)).await.unwrap().is_some());
}
