// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The watcher over a simulated outside, its clock turned by hand: faults are told, also by the control plane that comes after one
//! that died, and are over when they are.

mod facts;
mod facts_real;
mod outside;
mod real;
mod rollout;

use std::time::Duration;

use flotta::{
    clock::Clock,
    drivers::world::{Fault, Rule},
    fleet::{
        Incident, Scope,
        health::{Failure, Health},
        incident::CauseKind,
    },
    health::{observer::Clocks, watch::Watcher},
    store::{self, PageRequest, incidents::Filter},
};

use crate::support::{simulated::Simulated, store::Kind};

/// A watcher whose clocks are turned by hand.
pub struct Hand<'a> {
    fleet: &'a Simulated,
    watcher: Watcher,
    clocks: Clocks,
}

impl<'a> Hand<'a> {
    async fn start(fleet: &'a Simulated) -> Self {
        let watcher = Watcher::start(&fleet.app.tools).await.unwrap();
        let wall = u64::try_from(fleet.clock.now().as_millisecond()).unwrap();
        Self { fleet, watcher, clocks: Clocks { wall, running: wall, passed: wall } }
    }

    /// Lets so much of the fleet's time pass.
    async fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 100 {
            self.fleet.clock.advance(Duration::from_millis(100));
            let Clocks { wall, running, passed } = self.clocks;
            self.clocks = Clocks { wall: wall + 100, running: running + 100, passed: passed + 100 };
            self.watcher.turn_at(self.clocks);
            // What was asked comes back by itself, and soon.
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
    }

    /// Takes over the time that passed while others turned the fleet's clock.
    fn catch_up(&mut self) {
        let wall = u64::try_from(self.fleet.clock.now().as_millisecond()).unwrap();
        let passed = wall.saturating_sub(self.clocks.wall);
        self.clocks = Clocks { wall, running: self.clocks.running + passed, passed: self.clocks.passed + passed };
    }

    /// Waits, in real time, until so many checks are known.
    async fn knows(&mut self, checks: usize) {
        let over = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.watcher.len() != checks {
            assert!(tokio::time::Instant::now() < over, "{} checks", self.watcher.len());
            self.pass(Duration::from_millis(100)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn incidents(&self) -> Vec<Incident> {
        // What a turn decides is written beside it.
        tokio::time::sleep(Duration::from_millis(200)).await;
        store::incidents::list(&self.fleet.app.tools.store, &Scope::Fleet, &Filter::default(), PageRequest::default()).await.unwrap().items
    }

    async fn states(&self) -> Vec<(String, Health, Option<Failure>)> {
        let filter = store::checks::Filter::default();
        let checks = store::checks::list(&self.fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap();
        checks.items.into_iter().map(|check| (check.address(), check.health, check.failure)).collect()
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[rstest::rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_falls_is_told_of_once_whoever_watches(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(fleet) = Simulated::start(kind).await else { return };
    let ale = fleet.onboard("ale").await;
    fleet.onboard("bor").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(2).await;
    hand.pass(MINUTE * 2).await;
    assert_eq!(hand.incidents().await, []);
    let host = |slug: &str| format!("{slug}.localhost");
    assert_eq!(hand.states().await, [(host("ale"), Health::Ok, None), (host("bor"), Health::Ok, None)]);

    fleet.world.inject(Rule::on("wordpress.public_page", Fault::Fail500).subject(host("ale")));
    hand.pass(MINUTE * 2).await;
    let [incident] = &hand.incidents().await[..] else { panic!("{:?}", hand.incidents().await) };
    assert_eq!((incident.cause.kind, incident.municipality, incident.failing), (CauseKind::Check, Some(ale.municipality), 1));
    assert_eq!((incident.label.clone(), incident.failure), (host("ale"), Some(Failure::Refused)));
    assert_eq!(hand.states().await[0], (host("ale"), Health::Down, Some(Failure::Refused)));

    // It dies, and whoever comes next knows.
    drop(hand);
    let mut hand = Hand::start(&fleet).await;
    hand.pass(MINUTE).await;
    assert_eq!(hand.incidents().await.len(), 1);
    fleet.world.clear_faults();
    hand.pass(MINUTE * 2).await;
    let [incident] = &hand.incidents().await[..] else { panic!("{:?}", hand.incidents().await) };
    assert!(incident.resolved_at.is_some() && incident.failing == 0 && incident.members == 1, "{incident:?}");
    let (_, members, events) = store::incidents::get(&fleet.app.tools.store, &Scope::Fleet, incident.id).await.unwrap();
    assert!(members[0].until.is_some(), "{members:?}");
    assert_eq!(events.iter().map(|e| e.word.as_str()).collect::<Vec<_>>(), ["opened", "resolved"]);
    let other = Scope::Municipalities(vec![flotta::fleet::MunicipalityId::generate()]);
    assert!(store::incidents::get(&fleet.app.tools.store, &other, incident.id).await.is_err());

    // What was seen is kept.
    let home = fleet.app.tools.settings.home.join("history.db");
    hand.watcher.stop().await;
    let history = store::history::History::open(&home).await.unwrap();
    let hours = history.of(ale.municipality, 0, i64::MAX).await.unwrap();
    let samples: usize = hours
        .iter()
        .filter_map(|(_, bytes)| flotta::health::history::Block::read(bytes))
        .map(|block| block.rows().map(|(_, row)| row.iter().filter(|byte| **byte != 0).count()).sum::<usize>())
        .sum();
    // Less the minutes that died with the first watcher.
    assert!((3..=4).contains(&samples), "{samples}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_on_purpose_is_not_checked() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let ale = fleet.onboard("ale").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    hand.pass(MINUTE * 2).await;
    let suspend = flotta::onboarding::lifecycle::suspend(&fleet.app.tools, &ale, "test", None).await.unwrap();
    fleet.done(suspend.operation.id).await;
    hand.watcher.look_soon();
    hand.knows(0).await;
    hand.pass(MINUTE * 2).await;
    assert_eq!(hand.incidents().await, []);
    assert_eq!(hand.states().await[0].1, Health::Unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_slept_blames_nobody() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    fleet.onboard("ale").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    hand.pass(MINUTE * 2).await;
    for hours in [1, 26] {
        let slept = Duration::from_secs(hours * 3600);
        fleet.clock.advance(slept);
        let slept = u64::try_from(slept.as_millis()).unwrap();
        hand.clocks = Clocks { wall: hand.clocks.wall + slept, passed: hand.clocks.passed + slept, ..hand.clocks };
        hand.pass(MINUTE * 2).await;
        assert_eq!(hand.states().await[0].1, Health::Ok);
    }
    assert_eq!(hand.incidents().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_is_told_once_until_there_is_room() {
    let Some(fleet) = Simulated::start(Kind::Sqlite).await else { return };
    fleet.onboard("ale").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    let reserved = fleet.app.tools.settings.reserved_disk_mib << 20;
    fleet.world.set_free_disk_bytes(reserved - 1);
    // The platform is looked at by a clock that nobody turns.
    let wait = |hand: &Hand<'_>| {
        let tools = hand.fleet.app.tools.clone();
        async move { store::incidents::open_of(&tools.store, CauseKind::Disk).await.unwrap() }
    };
    let over = tokio::time::Instant::now() + Duration::from_secs(40);
    while wait(&hand).await == 0 {
        assert!(tokio::time::Instant::now() < over);
        hand.pass(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let [incident] = &hand.incidents().await[..] else { panic!("{:?}", hand.incidents().await) };
    assert_eq!((incident.cause.kind, incident.failure, incident.certain, incident.members), (CauseKind::Disk, None, true, 0));
    // Whoever watches next knows, also where it cannot be measured at first.
    drop(hand);
    fleet.world.inject(Rule::on("engine.free_disk_bytes", Fault::Unreachable));
    let mut hand = Hand::start(&fleet).await;
    let over = tokio::time::Instant::now() + Duration::from_secs(12);
    while tokio::time::Instant::now() < over {
        hand.pass(Duration::from_secs(1)).await;
        assert_eq!(wait(&hand).await, 1);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    fleet.world.clear_faults();
    fleet.world.set_free_disk_bytes(reserved * 2);
    let over = tokio::time::Instant::now() + Duration::from_secs(40);
    while wait(&hand).await == 1 {
        assert!(tokio::time::Instant::now() < over);
        hand.pass(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(hand.incidents().await.len(), 1);
}
