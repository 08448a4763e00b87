// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Many at once: nothing is done twice, nothing is lost, nobody is told that the store failed.

use std::{collections::BTreeSet, time::Duration};

use flotta::{
    error::Error,
    fleet::{Desired, InstanceState, OperationKind, OperationState, Scope, UserId},
    store::{
        PageRequest, instances, leases, municipalities,
        operations::{self, Change, Filter, Idempotency, InstanceChange, NewOperation},
        secrets::{self, Sealed},
    },
};
use futures::future::join_all;
use rstest::rstest;
use tokio_util::sync::CancellationToken;

use crate::support::{
    fixtures::{instance, later, municipality, now, onboarded, onboarding, release},
    store::{Kind, TestStore},
};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn thirty_onboardings_at_once_get_thirty_slots(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let other = t.again().await;
    let release = release(&t.store, "6.8-1").await.id;
    let starts = (0..30).map(|n| {
        let store = if n % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let m = municipality(&format!("town-{n}"), None);
            let i = instance(&m, release);
            operations::start(&store, &onboarding(m, i)).await.map(|s| s.operation.id)
        })
    });
    for outcome in join_all(starts).await {
        outcome.unwrap().unwrap();
    }
    let slots: BTreeSet<u32> = instances::all(&t.store, &Scope::Fleet).await.unwrap().iter().map(|i| i.slot).collect();
    assert_eq!(slots, (0..30).collect());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_eight_for_one_slug_one_wins(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let starts = (0..8).map(|_| {
        let store = t.store.clone();
        tokio::spawn(async move {
            let m = municipality("ale", Some("1440"));
            let i = instance(&m, release);
            operations::start(&store, &onboarding(m, i)).await
        })
    });
    let outcomes: Vec<_> = join_all(starts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|o| o.is_ok()).count(), 1);
    assert!(outcomes.iter().filter_map(|o| o.as_ref().err()).all(|e| matches!(e, Error::Conflict(_))), "{outcomes:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn eight_repeats_at_once_are_one_operation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let other = t.again().await;
    let release = release(&t.store, "6.8-1").await.id;
    let user = UserId::generate();
    let starts = (0..8).map(|n| {
        let store = if n % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let m = municipality("ale", Some("1440"));
            let i = instance(&m, release);
            let idempotency = Some(Idempotency { user, key: "k".into(), request_sha256: "s".into() });
            operations::start(&store, &NewOperation { idempotency, ..onboarding(m, i) }).await
        })
    });
    let outcomes: Vec<_> = join_all(starts).await.into_iter().map(|o| o.unwrap().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|o| !o.repeated).count(), 1);
    assert_eq!(outcomes.iter().map(|o| o.operation.id).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(operations::list(&t.store, &Scope::Fleet, &Filter::default(), PageRequest::default()).await.unwrap().total, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_claims_one_wins(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let other = t.again().await;
    let release = release(&t.store, "6.8-1").await.id;
    let (_, _, operation) = onboarded(&t.store, "ale", None, release).await;
    let claims = (0..16).map(|n| {
        let store = if n % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            let held = operations::claim(&store, operation.id, &format!("plane-{n}"), now(), later(30)).await.unwrap().is_some();
            let duty = leases::hold(&store, "drift", &format!("plane-{n}"), now(), later(30)).await.unwrap();
            (held, duty)
        })
    });
    let outcomes: Vec<_> = join_all(claims).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|(held, _)| *held).count(), 1);
    assert_eq!(outcomes.iter().filter(|(_, duty)| *duty).count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_writes_under_eight_writers_all_land(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let other = t.again().await;
    let writers = (0..8).map(|w| {
        let store = if w % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for n in 0..25 {
                let one = Sealed { owner: format!("i{w}"), name: format!("s{n}"), key_id: "k".into(), ciphertext: "c".into() };
                secrets::add(&store, &[one], now()).await.unwrap();
                secrets::of(&store, "i0").await.unwrap();
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(secrets::all(&t.store).await.unwrap().len(), 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_dropped_midway_leaves_nothing_and_blocks_nobody(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    for n in 0..60_u64 {
        let m = municipality(&format!("town-{n}"), None);
        let i = instance(&m, release);
        let new = onboarding(m, i);
        // A browser that goes away drops the handler's future wherever it stands.
        let outcome = tokio::time::timeout(Duration::from_micros(n * 120), operations::start(&t.store, &new)).await;
        if let Ok(outcome) = outcome {
            outcome.unwrap();
        }
    }
    let (_, last, _) = onboarded(&t.store, "last", None, release).await;
    let all = instances::all(&t.store, &Scope::Fleet).await.unwrap();
    assert!(all.iter().any(|i| i.id == last.id));
    assert_eq!(municipalities::ids(&t.store).await.unwrap().len(), all.len());
    assert_eq!(instances::domains(&t.store).await.unwrap().len(), all.len());
    let operations = operations::list(&t.store, &Scope::Fleet, &Filter::default(), PageRequest::default()).await.unwrap();
    assert_eq!(operations.total, i64::try_from(all.len()).unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_never_seen_between_its_state_and_its_operation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, instance, onboard) = onboarded(&t.store, "ale", None, release).await;
    let running = || InstanceChange::Set { desired: Desired::Running, state: InstanceState::Running, reason: String::new() };
    let done = async |id| {
        let held = operations::claim(&t.store, id, "plane-1", now(), later(30)).await.unwrap().unwrap();
        let change = Change { state: OperationState::Done, instance: running(), ..Change::none(&held) };
        operations::record(&t.store, &held, &[], &change, now()).await.unwrap();
    };
    done(onboard.id).await;
    let (over, other) = (CancellationToken::new(), t.again().await);
    let reader = tokio::spawn({
        let over = over.clone();
        async move {
            let mut seen = BTreeSet::new();
            while !over.is_cancelled() {
                let standing = instances::all_with_work(&other).await.unwrap();
                seen.extend(standing.into_iter().map(|(instance, busy)| (instance.state.to_string(), busy)));
            }
            seen
        }
    });
    for _ in 0..200 {
        let repair = NewOperation {
            operation: operations::blank(OperationKind::Repair, ale.id, ale.slug.clone(), instance.id, now()),
            admission: None,
            state: Some(InstanceState::Repairing),
            idempotency: None,
        };
        done(operations::start(&t.store, &repair).await.unwrap().operation.id).await;
    }
    over.cancel();
    let only = [("repairing".to_owned(), true), ("running".to_owned(), false)];
    assert_eq!(reader.await.unwrap(), only.into());
}
