// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Something foreign in the way; two control planes; unknown versions; two requests at once.

use std::{collections::BTreeMap, sync::Arc};

use flotta::{
    catalogue,
    drivers::{
        gateway::{Gateway, Route, Target, simulated::SimulatedGateway},
        world::{Fault, Rule},
    },
    error::Error,
    fleet::{
        Desired, InstanceId, InstanceState, OperationKind, OperationState,
        container::{NetworkSpec, VolumeState},
    },
    onboarding::{self, Request, lifecycle},
    store::{self, operations::Idempotency},
    workflow::{
        interrupt::{Never, Point},
        runner::Turn,
    },
};
use rstest::rstest;

use super::{Scene, container};
use crate::support::{
    simulated::{FLEET, Kills, Simulated},
    store::Kind,
};

/// Puts something foreign in the way of each step that makes something under a name that is not its own alone.
#[rstest]
#[tokio::test]
async fn what_is_foreign_stays(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(scene) = Scene::set(kind, OperationKind::Onboard).await else { return };
    for what in ["volume", "container", "unlabelled container", "archive container", "network", "route"] {
        scene.fleet.restore().await;
        let world = &scene.fleet.world;
        let other: BTreeMap<String, String> = [("se.flotta.fleet".to_owned(), "simb".to_owned())].into();
        match what {
            "volume" => {
                world.create_volume(VolumeState { name: format!("{FLEET}-ale-production-uploads"), labels: other }).unwrap();
            }
            "container" => world.run_container(container(&format!("{FLEET}-ale-production-1"), other)).unwrap(),
            "unlabelled container" => {
                world.run_container(container(&format!("{FLEET}-ale-production-1"), BTreeMap::new())).unwrap();
            }
            "archive container" => world.run_container(container(&format!("{FLEET}-ale-production-1-archive"), other)).unwrap(),
            "network" => {
                world.remove_container(&format!("{FLEET}-bor-production-1"));
                world.remove_network(&format!("{FLEET}-net")).unwrap();
                let subnet = "172.31.0.0/20".to_owned();
                let gateway = [172, 31, 0, 1].into();
                world
                    .create_network(NetworkSpec {
                        name: format!("{FLEET}-net"),
                        bridge: "br-other".to_owned(),
                        subnet,
                        gateway,
                        sealed: false,
                        labels: other,
                    })
                    .unwrap();
            }
            _ => {
                let domains = vec!["ale.localhost".parse().unwrap()];
                let route = Route { instance: InstanceId::generate(), domains, wildcard: false, target: Target::Suspended };
                SimulatedGateway::new(world.clone()).put(&route).await.unwrap();
            }
        }
        let before = world.inventory();
        let ended = scene.fleet.drive(scene.operation.id).await;
        assert_eq!(ended.state, OperationState::Undone, "{what}\n{}", scene.fleet.journal(ended.id).await);
        assert_eq!(world.inventory(), before, "{what}");
        assert!(!ended.error.is_empty(), "{what}");
        let rows = scene.fleet.remains().await;
        assert!(!rows.iter().any(|line| line.starts_with("row") && line.contains("ale")), "{what}: {rows:#?}");
    }
}

/// Another's route to the domain appears when our own is there already: ours goes, theirs stays.
#[tokio::test]
async fn a_foreign_route_beside_ours_keeps_neither() {
    let Some(scene) = Scene::set(Kind::Sqlite, OperationKind::Onboard).await else { return };
    scene.fleet.restore().await;
    scene.fleet.turn(scene.operation.id, Kills::at([("route".to_owned(), Point::AfterEffect)])).await;
    let domains = vec!["ale.localhost".parse().unwrap()];
    let foreign = Route { instance: InstanceId::generate(), domains, wildcard: false, target: Target::Suspended };
    SimulatedGateway::new(scene.fleet.world.clone()).put(&foreign).await.unwrap();
    let ended = scene.fleet.drive(scene.operation.id).await;
    assert_eq!(ended.state, OperationState::Undone, "{}", scene.fleet.journal(ended.id).await);
    let routes = scene.fleet.world.routes();
    assert!(routes.contains(&foreign) && !routes.iter().any(|r| r.instance == scene.operation.instance), "{routes:?}");
}

/// A second control plane takes over while the first stands between effect and done; the first writes nothing more.
#[rstest]
#[tokio::test]
async fn whoever_lost_the_lease_writes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(scene) = Scene::set(kind, OperationKind::Onboard).await else { return };
    scene.fleet.restore().await;
    let (fleet, id) = (&scene.fleet, scene.operation.id);
    // The first hangs in the middle of the container's making until the test lets it go on.
    fleet.world.inject(Rule::on("engine.create_container", Fault::LateBefore(std::time::Duration::from_millis(400))).nth(1));
    let first = fleet.turn(id, Arc::new(Never));
    let second = async {
        fleet.world.call_reached("engine.create_container", 1).await;
        let held = fleet.operation(id).await;
        assert!(held.lease_until > flotta::clock::Clock::now(&fleet.clock));
        assert_eq!(fleet.app.runner(Arc::new(Never)).run(id).await.unwrap(), Turn::NotOurs, "the lease has not ended");
        let done = fleet.done(id).await;
        (done, store::operations::events_after(&fleet.app.tools.store, id, 0).await.unwrap())
    };
    let (turn, (done, events)) = tokio::join!(first, second);
    assert_eq!(turn, Turn::NotOurs);
    assert_eq!(fleet.operation(id).await, done);
    assert_eq!(store::operations::events_after(&fleet.app.tools.store, id, 0).await.unwrap(), events);
    assert_eq!(fleet.remains().await, scene.after);
    assert_eq!(fleet.world.effect(&format!("container created {FLEET}-ale-production-1")), 1);
}

/// A journal that this version cannot go on with is left to a person, and goes on when it can be.
#[rstest]
#[tokio::test]
async fn unknown_versions_and_steps_are_parked(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(scene) = Scene::set(kind, OperationKind::Onboard).await else { return };
    for (wrong, right) in [("workflow_version = 99", "workflow_version = 1"), ("step = 'dance'", "step = 'volume'")] {
        scene.fleet.restore().await;
        let (fleet, id) = (&scene.fleet, scene.operation.id);
        fleet.turn(id, Kills::at([("volume".to_owned(), Point::AfterIntent)])).await;
        fleet.raw(&format!("UPDATE operation SET {wrong} WHERE id = '{id}';")).await;
        let parked = fleet.drive(id).await;
        assert_eq!(parked.state, OperationState::Parked);
        assert!(!parked.error.is_empty());
        catalogue::retry(&fleet.app.tools, &parked, "test").await.unwrap();
        assert_eq!(fleet.drive(id).await.state, OperationState::Parked, "still unknown");
        fleet.raw(&format!("UPDATE operation SET {right} WHERE id = '{id}';")).await;
        catalogue::retry(&fleet.app.tools, &fleet.operation(id).await, "test").await.unwrap();
        fleet.done(id).await;
        assert_eq!(fleet.remains().await, scene.after);
    }
}

fn key(user: flotta::fleet::UserId, key: &str, body: &str) -> Option<Idempotency> {
    Some(Idempotency { user, key: key.to_owned(), request_sha256: body.to_owned() })
}

/// Two requests at once for the same slug, code or domain: one wins; with the same key both get the same operation.
#[rstest]
#[tokio::test]
async fn two_at_once_are_one(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(fleet) = Simulated::start(kind).await else { return };
    let tools = &fleet.app.tools;
    let base = Request { code: Some("1440".to_owned()), name: Some("Ale kommun".to_owned()), ..Simulated::request("ale") };
    let pairs = [
        ("slug", base.clone(), Request { domain: "other.localhost".to_owned(), ..base.clone() }),
        ("code", base.clone(), Request { slug: "aale".to_owned(), domain: "other.localhost".to_owned(), ..base.clone() }),
        ("domain", base.clone(), Request { slug: "aale".to_owned(), code: None, ..base.clone() }),
        (
            "domain",
            Request { network: Some("sub-domain".to_owned()), ..base.clone() },
            Request { slug: "aale".to_owned(), code: None, domain: "skola.ale.localhost".to_owned(), ..base.clone() },
        ),
    ];
    for (field, one, two) in pairs {
        let (a, b) = tokio::join!(onboarding::start(tools, &one, "a", None), onboarding::start(tools, &two, "b", None));
        let (won, lost) = match (a, b) {
            (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.operation, lost),
            other => panic!("{field}: {other:?}"),
        };
        assert!(matches!(&lost, Error::Conflict(e) if e.field == field), "{field}: {lost:?}");
        fleet.done(won.id).await;
        let offboarded =
            lifecycle::offboard(tools, &fleet.instance(won.instance).await, won.slug.as_str(), false, "test", None).await.unwrap();
        fleet.done(offboarded.operation.id).await;
    }
    let user = flotta::fleet::UserId::generate();
    let (a, b) = tokio::join!(
        onboarding::start(tools, &base, "a", key(user, "k1", "sha")),
        onboarding::start(tools, &base, "a", key(user, "k1", "sha"))
    );
    let ids = [a.unwrap().operation.id, b.unwrap().operation.id];
    assert_eq!(ids[0], ids[1]);
    let again = onboarding::start(tools, &base, "a", key(user, "k1", "sha")).await.unwrap();
    assert!(again.repeated && again.operation.id == ids[0]);
    assert!(matches!(onboarding::start(tools, &base, "a", key(user, "k1", "another")).await, Err(Error::Conflict(_))));
    let live = fleet.operation(ids[0]).await;
    let instance = fleet.instance(live.instance).await;
    for refused in
        [lifecycle::offboard(tools, &instance, "ale", true, "b", None).await, lifecycle::suspend(tools, &instance, "b", None).await]
    {
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
}

/// A slug whose onboarding was undone can be used again, and an operation on what is gone ends.
#[rstest]
#[tokio::test]
async fn what_is_gone_is_gone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(fleet) = Simulated::start(kind).await else { return };
    let tools = &fleet.app.tools;
    fleet.world.inject(Rule::on("engine.create_volume", Fault::Refused));
    let undone = fleet.begin("ale").await;
    assert_eq!(fleet.drive(undone.id).await.state, OperationState::Undone);
    fleet.world.clear_faults();
    let instance = fleet.onboard("ale").await;

    // A repair that failed cannot be retried once the instance is gone, nor once something later was done.
    fleet.world.drop_schema(&instance.schema());
    fleet.world.kill(&format!("{FLEET}-ale-production-1")).unwrap();
    let repair = lifecycle::repair(tools, &instance, "test").await.unwrap().unwrap().operation;
    let failed = fleet.drive(repair.id).await;
    assert_eq!(failed.state, OperationState::Failed, "{}", fleet.journal(repair.id).await);
    let seen = fleet.instance(instance.id).await;
    assert_eq!((seen.state, seen.desired), (InstanceState::Quarantined, Desired::Running));
    assert!(seen.reason.contains("schema"), "{}", seen.reason);

    // A person suspends it; an offboarding that cannot archive it leaves it as it was.
    let resumed = lifecycle::resume(tools, &seen, "test", None).await.unwrap().operation;
    assert_eq!(fleet.drive(resumed.id).await.state, OperationState::Failed);
    assert!(matches!(catalogue::retry(tools, &failed, "test").await, Err(Error::Conflict(_))), "a later operation");
    let refused = lifecycle::offboard(tools, &seen, "ale", false, "test", None).await.unwrap().operation;
    assert_eq!(fleet.drive(refused.id).await.state, OperationState::Undone, "{}", fleet.journal(refused.id).await);
    let still = fleet.instance(instance.id).await;
    assert_eq!(still.state, InstanceState::Quarantined);
    assert!(still.reason.contains("schema"), "{}", still.reason);

    // An operation whose instance has vanished ends as failed.
    let live = lifecycle::suspend(tools, &still, "test", None).await.unwrap().operation;
    fleet.raw(&format!("DELETE FROM domain WHERE instance_id = '{0}'; DELETE FROM instance WHERE id = '{0}';", instance.id)).await;
    assert_eq!(fleet.drive(live.id).await.state, OperationState::Failed);
    assert!(catalogue::retry(tools, &fleet.operation(live.id).await, "test").await.is_err());
    assert!(matches!(lifecycle::suspend(tools, &still, "test", None).await, Err(Error::NotFound { .. })));
}

/// Offboarding removes the earlier archives only when it was asked to, and only after the final one was proved; users bound to
/// the municipality stay, bound to nothing.
#[rstest]
#[tokio::test]
async fn offboarding_keeps_what_it_should(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    for keep in [true, false] {
        let Some(fleet) = Simulated::start(kind).await else { return };
        let tools = &fleet.app.tools;
        let instance = fleet.onboard("ale").await;
        let user = bound(&fleet, &instance).await;
        let earlier = store::backups::of(&tools.store, instance.id).await.unwrap();
        assert_eq!(earlier.len(), 1);

        // The archive cannot be proved: everything stays, keep or not.
        fleet.world.inject(Rule::on("database.fingerprint", Fault::Refused).nth(2));
        let failed = lifecycle::offboard(tools, &instance, "ale", keep, "test", None).await.unwrap().operation;
        assert_eq!(fleet.drive(failed.id).await.state, OperationState::Undone);
        fleet.world.clear_faults();
        assert_eq!(store::backups::of(&tools.store, instance.id).await.unwrap(), earlier);

        let instance = fleet.instance(instance.id).await;
        assert_eq!(instance.state, InstanceState::Running);
        let done = lifecycle::offboard(tools, &instance, "ale", keep, "test", None).await.unwrap().operation;
        fleet.done(done.id).await;
        let left = store::backups::of(&tools.store, instance.id).await.unwrap();
        let archives = tools.settings.archives();
        assert!(left.iter().all(|b| b.verified_at.is_some() && archives.join(&b.path).join("manifest.json").exists()));
        assert_eq!(left.len(), if keep { 2 } else { 1 });
        assert_eq!(archives.join(&earlier[0].path).exists(), keep);
        let found = store::users::get(&tools.store, user).await.unwrap();
        assert!(found.municipalities.is_empty(), "{found:?}");
    }
}

/// A web manager of the instance's municipality.
async fn bound(fleet: &Simulated, instance: &flotta::fleet::Instance) -> flotta::fleet::UserId {
    let id = flotta::fleet::UserId::generate();
    fleet
        .raw(&format!(
            "INSERT INTO \"user\" (id, email, name, role, password_hash, created_at) VALUES ('{id}', 'webb@ale.se', 'Webb', 'web-manager', 'x', 0); \
             INSERT INTO user_municipality (user_id, municipality_id) VALUES ('{id}', '{}');",
            instance.municipality
        ))
        .await;
    id
}
