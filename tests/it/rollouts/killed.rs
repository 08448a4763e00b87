// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Watchers that are killed between any two answers, and two at once; what an undoing that was killed leaves.

use flotta::{
    fleet::{
        backup::BackupKind,
        rollout::{MemberState, RolloutState},
    },
    instances::archive,
    rollouts::{
        orders::{self, Order},
        watch::Watcher,
    },
    store,
};
use rstest::rstest;

use super::{FAULT, Rig, request as everybody};
use crate::support::{simulated::Simulated, store::Kind};

const TURNS: usize = 4000;

/// Runs with a new watcher after every answer, as after `kill -9`.
async fn run_killed(rig: &Rig, id: flotta::fleet::RolloutId) -> RolloutState {
    for _ in 0..TURNS {
        let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
        let applied = watcher.at_most(1).await.unwrap().applied;
        if applied == 0 && rig.work().await == 0 {
            // The next watcher begins with nothing seen; time passes for it too.
            rig.fleet.clock.advance(std::time::Duration::from_secs(11));
        }
        let (rollout, members) = rig.whole(id).await;
        rig.check(&rollout, &members).await;
        if rollout.state.is_final() || rollout.state == RolloutState::Paused {
            return rollout.state;
        }
    }
    panic!("never ends: {}", rig.told(id).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_killed_after_every_answer_reaches_what_an_undisturbed_one_does(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(mut rig) = Rig::start(kind, 9).await else { return };
    rig.release("6.9", &[]).await;
    rig.release("bad", &[(FAULT, "text")]).await;
    rig.fleet.save().await;
    for (release, migration, back) in [("6.9", "none", true), ("6.9", "schema", true), ("bad", "data", false)] {
        let mut undisturbed = None;
        for killed in [false, true] {
            rig.fleet.restore().await;
            let rollout = rig.begin(&everybody(release, migration)).await;
            let mut states = Vec::new();
            for round in 0..=usize::from(back) {
                if round == 1 {
                    orders::give(&rig.fleet.app.tools, rollout.id, Order::Revert { lose_data: true }, "anna").await.unwrap();
                }
                states.push(if killed { run_killed(&rig, rollout.id).await } else { rig.run(rollout.id).await });
            }
            let mut flights: Vec<_> = rig.flights(rollout.id).await.into_values().collect();
            flights.sort_unstable();
            let reached = (states, rig.outcome(rollout.id).await, flights, rig.whole(rollout.id).await.0.failures);
            rig.all_well().await;
            match &undisturbed {
                None => undisturbed = Some(reached),
                Some(expected) => assert_eq!(&reached, expected, "{release} {migration}: {}", rig.told(rollout.id).await),
            }
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_watchers_at_once_do_nothing_twice(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(rig) = Rig::start(kind, 12).await else { return };
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    let mut second = rig.fleet.app.tools.clone();
    second.store = rig.fleet.store.again().await;
    let (mut one, mut other) = (Watcher::new(rig.fleet.app.tools.clone()), Watcher::new(second));
    for _ in 0..TURNS {
        let (a, b) = tokio::join!(
            tokio::spawn(async move {
                let done = one.round().await;
                (one, done)
            }),
            tokio::spawn(async move {
                let done = other.round().await;
                (other, done)
            })
        );
        let (a, b) = (a.unwrap(), b.unwrap());
        let applied = a.1.unwrap().applied + b.1.unwrap().applied;
        (one, other) = (a.0, b.0);
        if rig.work().await == 0 && applied == 0 {
            rig.fleet.clock.advance(std::time::Duration::from_secs(11));
        }
        let (stands, members) = rig.whole(rollout.id).await;
        rig.check(&stands, &members).await;
        if stands.state.is_final() {
            break;
        }
    }
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!(stands.state, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert!(members.iter().all(|m| m.state == MemberState::Succeeded && m.attempts == 1));
    assert!(rig.flights(rollout.id).await.values().all(|f| *f == (1, 0)));
}

#[tokio::test]
async fn a_snapshot_whose_files_are_gone_is_not_gone_before_it_is_forgotten() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let operation = fleet.begin("ale").await;
    fleet.done(operation.id).await;
    let tools = &fleet.app.tools;
    let target = tools.target(operation.instance).await.unwrap();
    let path = archive::relative(&target, operation.id);
    archive::make(&target, operation.id, BackupKind::Snapshot).await.unwrap();
    std::fs::remove_dir_all(tools.settings.archives().join(&path)).unwrap();
    // As whoever is killed while it is removed leaves it: undoing it must go on.
    assert!(archive::find(&target, &path).await.unwrap().is_none());
    assert!(archive::exists(&target, &path).await.unwrap());
    archive::discard(&target, &path).await.unwrap();
    assert!(!archive::exists(&target, &path).await.unwrap());
    assert!(store::backups::by_path(&tools.store, &path).await.unwrap().is_none());
}
