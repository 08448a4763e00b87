// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rehearsals on a simulated outside.

use std::sync::Arc;

use flotta::{
    drivers::world::{FAULT, Fault, Rule, WANTS},
    error::Error,
    fleet::{Instance, InstanceState, Operation, OperationState, ReleaseId, evidence::Level, update::Migration},
    instances::spec,
    onboarding::lifecycle,
    rollouts::rehearsals::{
        self, Order,
        evidence::{self, Evidence},
    },
    workflow::{
        interrupt::{Never, Point},
        runner::Turn,
    },
};

use crate::{
    fault_matrix::container,
    support::{
        simulated::{FLEET, Kills, Simulated},
        store::Kind,
    },
};

async fn start(fleet: &Simulated, instance: &Instance, release: ReleaseId) -> Operation {
    rehearsals::start(&fleet.app.tools, instance, release, None, "test").await.unwrap()
}

async fn rehearse(fleet: &Simulated, instance: &Instance, release: ReleaseId) -> Evidence {
    let operation = fleet.done(start(fleet, instance, release).await.id).await;
    evidence::whole(&fleet.app.tools, operation.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_same_release_passes_and_leaves_nothing() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    let before = fleet.remains().await;
    let evidence = rehearse(&fleet, &instance, instance.release).await;
    assert_eq!((evidence.level, evidence.migration, evidence.findings.len()), (Level::Pass, Migration::None, 0), "{evidence:#?}");
    assert_eq!((evidence.from.as_str(), evidence.to.as_str(), evidence.pages.len()), ("6.8-1", "6.8-1", 2));
    assert_eq!((evidence.pictures.len(), evidence.without_pictures.as_str()), (1, ""));
    assert_eq!(fleet.remains().await, before);
}

#[tokio::test]
async fn releases_are_judged_by_what_they_do() {
    for (label, level, migration, what) in [
        ((WANTS, "60500"), Level::Pass, Migration::Schema, ""),
        ((FAULT, "fatal"), Level::Fail, Migration::None, "broken"),
        ((FAULT, "text"), Level::Fail, Migration::None, "broken"),
        ((FAULT, "slow"), Level::Fail, Migration::None, "slow"),
        ((FAULT, "install"), Level::Fail, Migration::None, "redirect"),
        ((FAULT, "silent"), Level::Fail, Migration::None, "start"),
    ] {
        let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
        let instance = fleet.onboard("ale").await;
        let schema = fleet.world.tables(&instance.schema());
        let release = fleet.release("6.9-1", &[label]).await;
        let evidence = rehearse(&fleet, &instance, release.id).await;
        assert_eq!((evidence.level, evidence.migration), (level, migration), "{label:?} {evidence:#?}");
        assert!(what.is_empty() || evidence.findings.iter().any(|f| f.what == what && f.level == Level::Fail), "{evidence:#?}");
        assert_eq!(fleet.world.tables(&instance.schema()), schema);
    }
}

#[tokio::test]
async fn without_a_browser_there_are_no_pictures_and_a_reason() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    fleet.world.inject(Rule::on("browser.ready", Fault::Refused));
    let evidence = rehearse(&fleet, &instance, instance.release).await;
    assert_eq!((evidence.level, evidence.pictures.len()), (Level::Pass, 0));
    assert!(!evidence.without_pictures.is_empty());
}

#[tokio::test]
async fn as_many_go_on_as_may_and_the_others_wait_for_their_turn() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let mut all = Vec::new();
    for slug in ["ale", "bor", "dals-ed"] {
        let instance = fleet.onboard(slug).await;
        all.push(start(&fleet, &instance, instance.release).await);
    }
    // The first two stop after their turn; the third has none.
    for operation in &all[..2] {
        let kill = Kills::at([("keys".to_owned(), Point::BeforeIntent)]);
        assert_eq!(fleet.turn(operation.id, kill).await, Turn::Interrupted);
    }
    assert_eq!(fleet.turn(all[2].id, Arc::new(Never)).await, Turn::Waits);
    assert!(fleet.operation(all[2].id).await.error.contains("turn"), "{}", fleet.journal(all[2].id).await);
    fleet.done(all[0].id).await;
    fleet.done(all[2].id).await;
    fleet.done(all[1].id).await;
}

#[tokio::test]
async fn it_keeps_nobody_waiting_and_there_is_one_for_each_instance() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let tools = &fleet.app.tools;
    let instance = fleet.onboard("ale").await;
    let first = start(&fleet, &instance, instance.release).await;
    let second = rehearsals::start(tools, &instance, instance.release, None, "test").await;
    assert!(matches!(second, Err(Error::Conflict(e)) if e.code == "operation-live"));
    let suspend = lifecycle::suspend(tools, &instance, "test", None).await.unwrap();
    fleet.done(suspend.operation.id).await;
    fleet.done(first.id).await;
    let suspended = fleet.instance(instance.id).await;
    assert_eq!(suspended.state, InstanceState::Suspended);
    let refused = rehearsals::start(tools, &suspended, instance.release, None, "test").await;
    assert!(matches!(refused, Err(Error::Conflict(e)) if e.code == "not-running"));
    let order = Order { release: instance.release, from: instance.release, rollout: None, pages: 0 };
    assert!(matches!(rehearsals::begin(tools, &instance, &order, "test", None).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn what_a_dead_rehearsal_has_left_is_swept() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let tools = &fleet.app.tools;
    let instance = fleet.onboard("ale").await;
    let before = fleet.remains().await;
    let operation = start(&fleet, &instance, instance.release).await;
    let kill = Kills::at([("candidate".to_owned(), Point::AfterIntent)]);
    assert_eq!(fleet.turn(operation.id, kill).await, Turn::Interrupted, "{}", fleet.journal(operation.id).await);
    let name = format!("{FLEET}-ale-production-rehearsal-new");
    fleet.world.run_container(container(&name, spec::labels(&tools.settings, &instance, "rehearsal"))).unwrap();
    assert_eq!(rehearsals::sweep::leftovers(tools).await.unwrap(), 0, "it is live");
    fleet.raw(&format!("UPDATE operation SET state = 'failed' WHERE id = '{}';", operation.id)).await;
    // Container, network, schema, secrets.
    assert_eq!(rehearsals::sweep::leftovers(tools).await.unwrap(), 4);
    assert_eq!(fleet.remains().await, before);
    assert_eq!(rehearsals::sweep::leftovers(tools).await.unwrap(), 0);
}

#[tokio::test]
async fn a_rehearsal_that_cannot_clear_up_leaves_the_instance_alone() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    let operation = start(&fleet, &instance, instance.release).await;
    let network = format!("{FLEET}-ale-production-rehearsal");
    fleet.world.inject(Rule::on("engine.remove_network", Fault::Refused).subject(network));
    let ended = fleet.drive(operation.id).await;
    assert_eq!(ended.state, OperationState::Failed, "{}", fleet.journal(operation.id).await);
    assert_eq!(fleet.instance(instance.id).await.state, InstanceState::Running);
    fleet.world.clear_faults();
    assert!(rehearsals::sweep::leftovers(&fleet.app.tools).await.unwrap() > 0);
}
