// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Updates and reverts: how they are set up, and what is theirs alone.

use std::time::Duration;

use flotta::{
    drivers::{gateway::Target, world::WANTS},
    fleet::{
        Instance, InstanceState, Operation, OperationKind, OperationState,
        rollout::{Blame, Outcome},
        update::Migration,
    },
    rollouts::updates::{self, Order},
};

use crate::support::{
    simulated::{FLEET, Simulated},
    store::Kind,
};

/// An order to move to a release of this name and labels.
async fn order(fleet: &Simulated, name: &str, labels: &[(&str, &str)], migration: Migration) -> Order {
    Order { release: fleet.release(name, labels).await.id, migration, rollout: None, drain: Duration::ZERO }
}

async fn begin(fleet: &Simulated, instance: &Instance, data: bool) -> Operation {
    let (labels, migration): (&[_], _) = if data { (&[(WANTS, "60500")], Migration::Schema) } else { (&[], Migration::None) };
    let order = order(fleet, "6.9-1", labels, migration).await;
    updates::update(&fleet.app.tools, instance, &order, "test", None).await.unwrap().operation
}

/// Brings an instance where the workflow starts from, and starts it.
pub async fn prepare(fleet: &Simulated, kind: OperationKind, data: bool, instance: &Instance) -> (Vec<String>, Operation) {
    if kind == OperationKind::Update {
        let before = fleet.remains().await;
        return (before, begin(fleet, instance, data).await);
    }
    let update = begin(fleet, instance, data).await;
    let update = fleet.done(update.id).await;
    let before = fleet.remains().await;
    let instance = fleet.instance(instance.id).await;
    let started = updates::revert(&fleet.app.tools, &instance, &update, data, "test", None).await.unwrap();
    (before, started.operation)
}

#[tokio::test]
async fn an_update_of_code_serves_all_the_while() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    let update = begin(&fleet, &instance, false).await;
    let update = fleet.done(update.id).await;
    let now = fleet.instance(instance.id).await;
    assert_eq!((now.generation, now.state, now.paused), (2, InstanceState::Running, false));
    assert!(fleet.world.container(&format!("{FLEET}-ale-production-2")).unwrap().running);
    assert!(!fleet.world.container(&format!("{FLEET}-ale-production-1")).unwrap().running, "kept, stopped");
    let ended = updates::ended(&fleet.app.tools, &update).await.unwrap().unwrap();
    assert!(matches!(ended.outcome, Outcome::Exposed(_)) && ended.paused_milliseconds.is_none() && ended.exposed_at.is_some());
    assert_eq!(fleet.world.effect(&format!("wordpress upgraded {} 1", instance.schema())), 0);

    let again = Order { release: now.release, ..order(&fleet, "x", &[], Migration::None).await };
    let refused = updates::update(&fleet.app.tools, &now, &again, "test", None).await;
    assert!(refused.is_err(), "it runs that release already");
}

#[tokio::test]
async fn a_change_of_the_schema_upgrades_every_site_behind_the_pause_and_goes_back_whole() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    let schema = instance.schema();
    let before = fleet.world.tables(&schema);
    let update = begin(&fleet, &instance, true).await;
    let update = fleet.done(update.id).await;
    assert_eq!(fleet.world.effect(&format!("wordpress upgraded {schema} 1")), 1);
    let ended = updates::ended(&fleet.app.tools, &update).await.unwrap().unwrap();
    assert!(ended.paused_milliseconds.is_some());

    let now = fleet.instance(instance.id).await;
    let code_alone = updates::revert(&fleet.app.tools, &now, &update, false, "test", None).await;
    assert!(code_alone.is_err_and(|e| e.to_string().contains("changed the data")));
    let revert = updates::revert(&fleet.app.tools, &now, &update, true, "test", None).await.unwrap().operation;
    fleet.done(revert.id).await;
    let back = fleet.instance(instance.id).await;
    assert_eq!((back.release, back.generation, back.paused), (instance.release, 1, false));
    assert_eq!(fleet.world.tables(&schema), before);
}

#[tokio::test]
async fn bad_releases_are_the_releases_fault_and_leave_nothing() {
    for (fault, migration) in [
        ("fatal", Migration::None),
        ("text", Migration::None),
        ("slow", Migration::None),
        ("install", Migration::None),
        ("silent", Migration::None),
        ("fatal", Migration::Data),
        ("install", Migration::Schema),
    ] {
        let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
        let instance = fleet.onboard("ale").await;
        let before = fleet.remains().await;
        let order = order(&fleet, "bad", &[(flotta::drivers::world::FAULT, fault)], migration).await;
        let update = updates::update(&fleet.app.tools, &instance, &order, "test", None).await.unwrap().operation;
        let update = fleet.drive(update.id).await;
        let journal = fleet.journal(update.id).await;
        assert_eq!(update.state, OperationState::Undone, "{fault}\n{journal}");
        assert_eq!(
            fleet.remains().await.iter().filter(|l| !l.contains("image")).collect::<Vec<_>>(),
            before.iter().filter(|l| !l.contains("image")).collect::<Vec<_>>(),
            "{fault}"
        );
        let ended = updates::ended(&fleet.app.tools, &update).await.unwrap().unwrap();
        let wanted = if migration.pauses() { Outcome::RolledBack(Blame::Release) } else { Outcome::Unchanged(Blame::Release) };
        assert_eq!(ended.outcome, wanted, "{fault}\n{journal}");
        assert!(!ended.why.is_empty());
    }
}

#[tokio::test]
async fn a_release_said_to_change_nothing_that_wants_other_tables_is_not_let_near_them() {
    let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
    let instance = fleet.onboard("ale").await;
    let order = order(&fleet, "sly", &[(WANTS, "60500")], Migration::None).await;
    let update = updates::update(&fleet.app.tools, &instance, &order, "test", None).await.unwrap().operation;
    let update = fleet.drive(update.id).await;
    assert_eq!(update.state, OperationState::Undone);
    assert!(update.error.contains("changes the schema"), "{}", update.error);
    assert_eq!(fleet.world.effect(&format!("wordpress upgraded {} 1", instance.schema())), 0);
    let target = fleet.app.tools.gateway.routes().await.unwrap().into_iter().find(|r| r.instance == instance.id).unwrap().target;
    assert!(matches!(target, Target::Instance { .. }));
}
