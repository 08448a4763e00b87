// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A rollout and the watcher of health together: a site that only the watcher sees fall halts the rollout, and the update is blamed.

use std::time::Duration;

use flotta::{
    drivers::world::{Fault, Rule},
    fleet::{
        OperationKind,
        health::Health,
        incident::CauseKind,
        rollout::{Blame, MemberState, RolloutState},
    },
    rollouts::watch::Watcher,
};

use super::{Hand, MINUTE};
use crate::{
    rollouts::{Rig, request},
    support::store::Kind,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_falls_while_its_instance_is_watched_halts_the_rollout_that_is_blamed() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("6.9", &[]).await;
    let mut hand = Hand::start(&rig.fleet).await;
    hand.knows(5).await;
    hand.pass(MINUTE * 2).await;
    let rollout = rig.begin(&request("6.9", "none")).await;
    let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
    while rig.whole(rollout.id).await.1[0].state != MemberState::Soaking {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    let canary = rig.whole(rollout.id).await.1[0].clone();
    let host = format!("{}.localhost", canary.slug);
    // What the rollout itself looks at is well.
    rig.fleet.world.inject(Rule::on("wordpress.public_page", Fault::Fail500).subject(host.clone()));
    hand.catch_up();
    hand.watcher.look_soon();
    tokio::time::sleep(Duration::from_millis(300)).await;
    hand.pass(MINUTE * 2).await;
    assert!(hand.states().await.iter().any(|(address, health, _)| *address == host && *health == Health::Down));
    let [incident] = &hand.incidents().await[..] else { panic!("{:?}", hand.incidents().await) };
    assert_eq!(incident.cause.kind, CauseKind::Operation, "{incident:?}");
    assert_eq!(incident.cause.of, canary.update.unwrap().text());
    assert!(incident.label.ends_with(&format!("({})", OperationKind::Update)), "{incident:?}");

    rig.turn(&mut watcher, 1).await;
    let (_, members) = rig.whole(rollout.id).await;
    assert_eq!(members[0].blame, Some(Blame::Release), "{}", rig.told(rollout.id).await);
    assert!(members[0].reason.contains(&host), "{:?}", members[0]);
    rig.fleet.world.clear_faults();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
    assert!(rig.outcome(rollout.id).await.values().all(|(_, release)| release == "6.8-1"));
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_was_down_before_halts_nothing() {
    let rig = Rig::start(Kind::Sqlite, 3).await.unwrap();
    rig.release("6.9", &[]).await;
    let mut hand = Hand::start(&rig.fleet).await;
    hand.knows(3).await;
    // Only visitors' way is broken, and only for health.
    let ids = rig.whole(rig.begin(&request("6.9", "none")).await.id).await;
    let host = format!("{}.localhost", ids.1[0].slug);
    rig.fleet.world.inject(Rule::on("wordpress.public_page", Fault::Fail500).subject(host.clone()));
    hand.pass(MINUTE * 3).await;
    assert!(hand.states().await.iter().any(|(address, health, _)| *address == host && *health == Health::Down));
    rig.fleet.world.clear_faults();
    assert_eq!(rig.run(ids.0.id).await, RolloutState::Completed, "{}", rig.told(ids.0.id).await);
    assert_eq!(rig.whole(ids.0.id).await.0.failures, 0);
}
