// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Onboarding on the real engine: real WordPress, MariaDB and Caddy.

use flotta::{
    fleet::{Desired, InstanceState, OperationState, Scope},
    onboarding::lifecycle,
    store,
};

use crate::support::fleet::Fleet;

#[tokio::test(flavor = "multi_thread")]
async fn a_municipality_is_onboarded_suspended_resumed_and_offboarded() {
    let fleet = Fleet::start().await;
    let tools = &fleet.app.tools;
    let operation = fleet.onboard(&Fleet::request("helsingborg")).await.unwrap();
    assert_eq!(operation.state, OperationState::Done, "{}", fleet.journal(operation.id).await);
    eprintln!("{}", fleet.journal(operation.id).await);
    let host = "helsingborg.localhost";
    let (status, page) = fleet.visit(host, "/").await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("lang=\"sv-SE\"") && page.contains("helsingborg kommun"), "{page}");
    assert_eq!(fleet.visit(host, "/.flotta/agent/facts").await.0, 404);
    assert_eq!(fleet.visit("unknown.localhost", "/").await.0, 404);

    let instance = store::instances::get(&tools.store, &Scope::Fleet, operation.instance).await.unwrap();
    assert_eq!((instance.state, instance.desired), (InstanceState::Running, Desired::Running));
    let invitation = lifecycle::invite(tools, &instance).await.unwrap();
    assert!(invitation.url.starts_with(&format!("https://{host}")), "{}", invitation.url);

    let suspended = lifecycle::suspend(tools, &instance, "test", None).await.unwrap();
    fleet.app.signals.operations.notify_one();
    fleet.done(suspended.operation.id).await;
    assert_eq!(fleet.visit(host, "/").await.0, 503);
    let instance = store::instances::get(&tools.store, &Scope::Fleet, instance.id).await.unwrap();
    assert_eq!(instance.state, InstanceState::Suspended);

    let resumed = lifecycle::resume(tools, &instance, "test", None).await.unwrap();
    fleet.app.signals.operations.notify_one();
    fleet.done(resumed.operation.id).await;
    assert_eq!(fleet.visit(host, "/").await.0, 200);

    let instance = store::instances::get(&tools.store, &Scope::Fleet, instance.id).await.unwrap();
    assert!(lifecycle::offboard(tools, &instance, "wrong", false, "test", None).await.is_err());
    let offboarded = lifecycle::offboard(tools, &instance, "helsingborg", false, "test", None).await.unwrap();
    fleet.app.signals.operations.notify_one();
    fleet.done(offboarded.operation.id).await;
    assert_eq!(fleet.visit(host, "/").await.0, 404);
    assert!(tools.database.schemas("flt_").await.unwrap().is_empty());
    let containers = tools.engine.containers(&tools.settings.fleet).await.unwrap();
    assert!(containers.iter().all(|c| !c.name.contains("helsingborg")), "{containers:?}");
    let backups =
        store::backups::list(&tools.store, &Scope::Fleet, Some("helsingborg"), flotta::store::PageRequest::default()).await.unwrap();
    assert!(backups.items.iter().any(|b| b.kind == flotta::fleet::backup::BackupKind::Final && b.verified_at.is_some()));
}
