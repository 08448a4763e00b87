// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What somebody changes by hand is put right; what is lost is not hidden; what is not ours is left alone.

use flotta::{
    drivers::{gateway::Target, world::World},
    fleet::{Instance, InstanceState, OperationState, Scope},
    onboarding::lifecycle,
    platform, store,
    tasks::keeper,
};
use rstest::rstest;

use crate::support::{
    simulated::{FLEET, Simulated},
    store::Kind,
};

const CONTAINER: &str = "sim-ale-production-1";

/// Lets the keeper look, and drives whatever it began.
async fn keep(fleet: &Simulated) -> usize {
    let begun = keeper::repair(&fleet.app.tools).await.unwrap();
    for instance in store::operations::live_instances(&fleet.app.tools.store).await.unwrap() {
        let live = store::operations::live_on(&fleet.app.tools.store, instance).await.unwrap().unwrap();
        fleet.drive(live.id).await;
    }
    begun
}

async fn last(fleet: &Simulated, instance: &Instance) -> OperationState {
    let filter = store::operations::Filter { municipality: Some(instance.municipality), ..Default::default() };
    store::operations::list(&fleet.app.tools.store, &Scope::Fleet, &filter, Default::default()).await.unwrap().items[0].state
}

type Meddle = fn(&World);

#[rstest]
#[tokio::test]
async fn what_was_changed_by_hand_is_put_right(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let meddling: [(&str, Meddle); 8] = [
        ("killed", |w| w.kill(CONTAINER).unwrap()),
        ("stopped", |w| w.stop(CONTAINER).unwrap()),
        ("paused", |w| w.pause(CONTAINER).unwrap()),
        ("removed", |w| w.remove_container(CONTAINER)),
        ("made otherwise", |w| w.replace_container(CONTAINER, |s| s.environment.push("DEBUG=1".into())).unwrap()),
        ("another image", |w| w.replace_container(CONTAINER, |s| s.image = "flotta/gateway:2.6".into()).unwrap()),
        ("taken off its network", |w| w.disconnect(CONTAINER)),
        ("another image under the same labels", |w| w.change_image(CONTAINER, "flotta/gateway:2.6")),
    ];
    let Some(fleet) = Simulated::start(kind).await else { return };
    let instance = fleet.onboard("ale").await;
    fleet.world.run_container(crate::fault_matrix::container("ale-production-1", Default::default())).unwrap();
    let right = fleet.remains().await;
    assert_eq!(keep(&fleet).await, 0, "nothing to do");
    for (what, meddle) in meddling {
        meddle(&fleet.world);
        assert_eq!(keep(&fleet).await, 1, "{what}");
        assert_eq!(last(&fleet, &instance).await, OperationState::Done, "{what}");
        assert_eq!(fleet.remains().await, right, "{what}");
        assert_eq!(keep(&fleet).await, 0, "{what}: nothing left to do");
    }
    fleet.world.forget_routes();
    platform::gateway::sync(&fleet.app.tools).await.unwrap();
    assert_eq!(fleet.remains().await, right);
    fleet.world.restart_host();
    assert_eq!(keep(&fleet).await, 0, "the engine started it again by itself");
}

#[rstest]
#[tokio::test]
async fn a_loss_is_not_hidden(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    for what in ["schema", "volume"] {
        let Some(fleet) = Simulated::start(kind).await else { return };
        let instance = fleet.onboard("ale").await;
        fleet.onboard("bor").await;
        fleet.world.remove_container(CONTAINER);
        if what == "schema" {
            fleet.world.drop_schema(&instance.schema());
        } else {
            fleet.world.remove_volume("sim-ale-production-uploads").unwrap();
        }
        assert_eq!(keep(&fleet).await, 1);
        let seen = fleet.instance(instance.id).await;
        assert_eq!(seen.state, InstanceState::Quarantined, "{what}");
        assert!(seen.reason.contains(what) && seen.reason.contains("backup"), "{}", seen.reason);
        assert!(fleet.world.tables(&instance.schema()).is_none_or(|t| what == "volume" && !t.is_empty()), "{what}");
        assert_eq!(fleet.world.files("sim-ale-production-uploads").is_some(), what == "schema");
        assert!(fleet.world.container(CONTAINER).is_none());
        platform::gateway::sync(&fleet.app.tools).await.unwrap();
        let route = fleet.world.routes().into_iter().find(|r| r.instance == instance.id).unwrap();
        assert_eq!(route.target, Target::Unavailable, "visitors are told");
        assert_eq!(keep(&fleet).await, 0, "set aside for a person");
        // Resuming cannot bring back what is lost, and says so.
        let resumed = lifecycle::resume(&fleet.app.tools, &seen, "test", None).await.unwrap().operation;
        let failed = fleet.drive(resumed.id).await;
        assert_eq!(failed.state, OperationState::Failed);
        assert!(failed.error.contains(what), "{}", failed.error);
        assert!(fleet.world.container(CONTAINER).is_none());
    }
}

#[tokio::test]
async fn the_suspended_stay_stopped_and_the_busy_are_left_alone() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let tools = &fleet.app.tools;
    let instance = fleet.onboard("ale").await;
    let suspend = lifecycle::suspend(tools, &instance, "test", None).await.unwrap().operation;
    fleet.world.kill(CONTAINER).unwrap();
    assert_eq!(keeper::repair(tools).await.unwrap(), 0, "an operation is at work");
    fleet.done(suspend.id).await;
    assert_eq!(keep(&fleet).await, 0);
    assert!(!fleet.world.container(CONTAINER).unwrap().running);
    platform::gateway::sync(tools).await.unwrap();
    assert_eq!(fleet.world.routes()[0].target, Target::Suspended);
    // Gone altogether, it is made anew when it is resumed.
    fleet.world.remove_container(CONTAINER);
    assert_eq!(keep(&fleet).await, 0);
    let resumed = lifecycle::resume(tools, &fleet.instance(instance.id).await, "test", None).await.unwrap().operation;
    fleet.done(resumed.id).await;
    assert!(fleet.world.container(CONTAINER).unwrap().running);
}

/// The gateway is made anew, empty, while operations are at work.
#[tokio::test]
async fn a_gateway_made_anew_serves_the_busy_too() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let tools = &fleet.app.tools;
    let instance = fleet.onboard("ale").await;
    let made = fleet.begin("bor").await;
    let suspend = lifecycle::suspend(tools, &instance, "test", None).await.unwrap().operation;
    for _ in 0..2 {
        fleet.world.forget_routes();
        platform::ensure(tools).await.unwrap();
        let routes = fleet.world.routes();
        assert_eq!(routes.len(), 1, "what serves goes on serving, what is being made is not shown: {routes:?}");
        fleet.drive(suspend.id).await;
    }
    platform::gateway::sync(tools).await.unwrap();
    assert_eq!(fleet.world.routes()[0].target, Target::Suspended);
    fleet.done(made.id).await;
    platform::gateway::sync(tools).await.unwrap();
    assert_eq!(fleet.world.routes().len(), 2);
}

/// Three hundred at once, and strangers among them.
#[tokio::test]
async fn three_hundred_at_once() {
    const COUNT: usize = 300;
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    for n in 0..COUNT {
        fleet.onboard(&format!("k{n:03}")).await;
    }
    let stranger = crate::fault_matrix::container("simb-k001-production-1", [("se.flotta.fleet".to_owned(), "simb".to_owned())].into());
    fleet.world.run_container(stranger).unwrap();
    fleet.world.stop("simb-k001-production-1").unwrap();
    let right: Vec<_> = fleet.world.inventory();
    for n in 0..COUNT {
        let name = format!("{FLEET}-k{n:03}-production-1");
        match n % 4 {
            0 => fleet.world.kill(&name).unwrap(),
            1 => fleet.world.remove_container(&name),
            2 => fleet.world.pause(&name).unwrap(),
            _ => {}
        }
    }
    assert_eq!(keep(&fleet).await, COUNT / 4 * 3);
    assert_eq!(fleet.world.inventory(), right);
    assert_eq!(keep(&fleet).await, 0);
}
