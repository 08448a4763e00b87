// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts whose release is tried on a copy of each instance first.

use flotta::{
    fleet::{
        OperationKind, Scope,
        rollout::{Blame, MemberState, RolloutState},
        update::Migration,
    },
    rollouts::{
        orders::{self, Order},
        request::Request,
        watch::Watcher,
    },
    store::{self, PageRequest, operations},
};

use super::{FAULT, Rig, WANTS, nothing_begins_after_the_halt, request as everybody};
use crate::support::store::Kind;

/// A request for everybody, rehearsed.
fn rehearsed(release: &str) -> Request {
    let mut asked = everybody(release, "none");
    (asked.knobs.rehearse, asked.knobs.migration) = (None, None);
    asked
}

async fn count(rig: &Rig, kind: OperationKind) -> i64 {
    let filter = operations::Filter { kind: Some(kind.to_string()), ..Default::default() };
    operations::list(&rig.fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().total
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rehearsal_proves_decides_how_each_is_updated() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("6.9", &[(WANTS, "60999")]).await;
    let rollout = rig.begin(&rehearsed("6.9")).await;
    let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
    watcher.round().await.unwrap();
    assert_eq!(
        (count(&rig, OperationKind::Rehearse).await, count(&rig, OperationKind::Update).await),
        (2, 0),
        "ahead of the wave, two at once"
    );
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    let (_, members) = rig.whole(rollout.id).await;
    assert!(
        members.iter().all(|m| m.state == MemberState::Succeeded && m.migration == Some(Migration::Schema)),
        "{}",
        rig.told(rollout.id).await
    );
    assert_eq!(count(&rig, OperationKind::Rehearse).await, 5);
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_its_rehearsal_touches_nobody() {
    for fault in ["fatal", "slow"] {
        let rig = Rig::start(Kind::Sqlite, 4).await.unwrap();
        rig.release("bad", &[(FAULT, fault)]).await;
        let rollout = rig.begin(&rehearsed("bad")).await;
        assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
        let (_, members) = rig.whole(rollout.id).await;
        let failed = members.iter().find(|m| m.state == MemberState::Unchanged).expect("one failed");
        assert_eq!((failed.blame, failed.attempts), (Some(Blame::Release), 0));
        assert!(!failed.reason.is_empty(), "{}", rig.told(rollout.id).await);
        assert_eq!(count(&rig, OperationKind::Update).await, 0);
        nothing_begins_after_the_halt(&rig.events(rollout.id).await);
        assert!(rig.outcome(rollout.id).await.values().all(|(_, release)| release == "6.8-1"));
        store::rollouts::whole(&rig.fleet.app.tools.store, rollout.id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_could_not_be_done_asks_a_person_and_is_tried_again() {
    use flotta::drivers::world::{Fault, Rule};
    let rig = Rig::start(Kind::Sqlite, 1).await.unwrap();
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&rehearsed("6.9")).await;
    let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
    watcher.round().await.unwrap();
    rig.fleet.world.inject(Rule::on("engine.create_network", Fault::Refused));
    rig.work().await;
    rig.fleet.world.clear_faults();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Paused, "{}", rig.told(rollout.id).await);
    assert_eq!(rig.whole(rollout.id).await.0.why.to_string(), "rehearsal");
    // A person takes longer than no time; what was tried before is told from what is tried after by it.
    rig.fleet.clock.advance(std::time::Duration::from_secs(1));
    orders::give(&rig.fleet.app.tools, rollout.id, Order::Resume, "anna").await.unwrap();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert_eq!(count(&rig, OperationKind::Rehearse).await, 2);
}
