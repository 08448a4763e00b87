// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Facts, jobs and findings of a simulated fleet.

use std::time::Duration;

use flotta::{
    fleet::{Finding, FindingKind as K, Instance, Scope},
    store::{self, PageRequest, findings::Filter},
};

use super::{Hand, MINUTE};
use crate::support::{simulated::Simulated, store::Kind};

async fn open(fleet: &Simulated) -> Vec<Finding> {
    let filter = Filter { open: Some(true), ..Filter::default() };
    store::findings::list(&fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items
}

fn set(fleet: &Simulated, of: &Instance, option: &str, value: &str) {
    fleet.world.run_script(&of.schema(), &format!("REPLACE INTO wp_options VALUES ('{option}', '{value}', 'yes');")).unwrap();
}

/// Lets time pass until exactly these are open.
async fn found(hand: &mut Hand<'_>, wanted: &[(K, &str)]) -> Vec<Finding> {
    for _ in 0..20 {
        hand.pass(MINUTE).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut open = open(hand.fleet).await;
        open.sort_by_key(|f| f.kind);
        if open.iter().map(|f| (f.kind, f.subject.as_str())).collect::<Vec<_>>() == wanted {
            return open;
        }
    }
    panic!("{wanted:?}: {:#?}", open(hand.fleet).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_instances_tell_is_kept_and_what_needs_somebody_is_found() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let ale = fleet.onboard("ale").await;
    set(&fleet, &ale, "sim_plugins", "events=3.2");
    set(&fleet, &ale, "sim_administrators", "anna");
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    found(&mut hand, &[]).await;
    let over = tokio::time::Instant::now() + Duration::from_secs(20);
    let (kept, facts) = loop {
        if let Some(kept) = store::facts::of(&fleet.app.tools.store, ale.id).await.unwrap() {
            break kept;
        }
        assert!(tokio::time::Instant::now() < over, "no facts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((facts.whole.plugins[0].version.as_str(), kept.administrators.len()), ("3.2", 1));

    set(&fleet, &ale, "blog_public", "0");
    set(&fleet, &ale, "sim_administrators", "anna eve");
    // A watcher that is new asks at once; the old one within five minutes of the machine's time.
    drop(hand);
    let mut hand = Hand::start(&fleet).await;
    let told = found(&mut hand, &[(K::AdministratorAdded, "eve (ale.localhost)"), (K::NotIndexed, "ale.localhost")]).await;
    assert!(told.iter().all(|f| f.instance == Some(ale.id) && f.blog == Some(1)));
    set(&fleet, &ale, "blog_public", "1");
    drop(hand);
    let mut hand = Hand::start(&fleet).await;
    found(&mut hand, &[(K::AdministratorAdded, "eve (ale.localhost)")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_due_are_run() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let ale = fleet.onboard("ale").await;
    let long_ago = jiff::Timestamp::now().as_second().min(flotta::clock::Clock::now(&fleet.clock).as_second()) - 7200;
    set(&fleet, &ale, "sim_next_job", &long_ago.to_string());
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    let over = tokio::time::Instant::now() + Duration::from_secs(20);
    while fleet.world.effect("wordpress jobs ale.localhost 1") == 0 {
        assert!(tokio::time::Instant::now() < over, "no job was run");
        hand.pass(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(open(&fleet).await, [], "it was asked for but once");
}
