// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts on the simulated fleet: a whole one, each kind of bad release, watchers that are killed and two at once.

mod api;
mod bad;
mod good;
mod killed;
mod overlaid;
mod rehearsed;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use flotta::{
    drivers::world::image_id,
    fleet::{
        InstanceId, OperationKind, OperationState, Release, Rollout, RolloutId, Scope,
        container::ImageState,
        rollout::{MemberState, RolloutEvent, RolloutEventKind, RolloutMember, RolloutState},
    },
    releases::{self, Register},
    rollouts::{
        request::{self, KnobsRequest, Request},
        watch::Watcher,
    },
    store::{self, PageRequest, operations},
    workflow::interrupt::{Interrupt, Never},
};

use crate::support::{simulated::Simulated, store::Kind};

/// Label of a simulated image: the version of the tables that its code wants.
pub const WANTS: &str = "sim.db-version";
/// Label of a simulated image: what is wrong with its pages.
pub const FAULT: &str = "sim.fault";
/// More rounds than any rollout here takes that is not stuck.
const ROUNDS: usize = 4000;

/// A fleet with municipalities `k000`, `k001`, ….
pub struct Rig {
    pub fleet: Simulated,
}

impl Rig {
    /// A fleet of so many; none where the backend is to be skipped.
    pub async fn start(kind: Kind, municipalities: usize) -> Option<Self> {
        let fleet = Simulated::start(kind).await?;
        for i in 0..municipalities {
            fleet.onboard(&slug(i)).await;
        }
        Some(Self { fleet })
    }

    /// A release of an image with these labels.
    pub async fn release(&self, name: &str, labels: &[(&str, &str)]) -> Release {
        let reference = format!("flotta/wordpress:{name}");
        let labels: BTreeMap<String, String> = [("se.flotta.contract", "wordpress"), ("org.opencontainers.image.version", name)]
            .iter()
            .chain(labels)
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        self.fleet.world.add_image(
            &reference,
            ImageState { id: image_id(&reference), labels, environment: Vec::new(), user: String::new(), layers: 9 },
        );
        let version = "<?php\n$wp_version = '6.9';\n$wp_db_version = 60421;\n".as_bytes().to_vec();
        self.fleet.world.put_image_files(&reference, [("var/www/html/wp-includes/version.php".to_owned(), version)].into());
        let register = Register { image: reference, name: Some(name.to_owned()), contract: None, stable: true };
        releases::register(&self.fleet.app.tools, &register).await.unwrap()
    }

    /// Starts a rollout.
    pub async fn begin(&self, request: &Request) -> Rollout {
        request::start(&self.fleet.app.tools, request, "operator@flotta.test").await.unwrap()
    }

    /// The rollout and its members.
    pub async fn whole(&self, id: RolloutId) -> (Rollout, Vec<RolloutMember>) {
        store::rollouts::whole(&self.fleet.app.tools.store, id).await.unwrap()
    }

    pub async fn events(&self, id: RolloutId) -> Vec<RolloutEvent> {
        store::rollouts::events_after(&self.fleet.app.tools.store, &Scope::Fleet, id, 0).await.unwrap()
    }

    /// Drives every operation that goes on to its end.
    pub async fn work(&self) -> usize {
        self.work_with(Arc::new(Never)).await
    }

    /// The same, told of every point that is passed.
    pub async fn work_with(&self, told: Arc<dyn Interrupt>) -> usize {
        let filter = operations::Filter { state: Some(OperationState::Live.to_string()), ..Default::default() };
        let all = PageRequest { page: 1, per_page: 500 };
        let live = operations::list(&self.fleet.app.tools.store, &Scope::Fleet, &filter, all).await.unwrap().items;
        // At once, as workers do.
        futures::future::join_all(live.iter().map(|o| self.fleet.drive_with(o.id, Arc::clone(&told)))).await;
        live.len()
    }

    /// One round of a watcher and of the workers; where nothing is to be done, time passes.
    pub async fn turn(&self, watcher: &mut Watcher, answers: usize) {
        let applied = watcher.at_most(answers).await.unwrap().applied;
        if self.work().await == 0 && applied == 0 {
            self.fleet.clock.advance(Duration::from_secs(11));
        }
    }

    /// Until it ends or waits for a person; what it came to.
    pub async fn run(&self, id: RolloutId) -> RolloutState {
        let mut watcher = Watcher::new(self.fleet.app.tools.clone());
        for _ in 0..ROUNDS {
            self.turn(&mut watcher, usize::MAX).await;
            let (rollout, members) = self.whole(id).await;
            self.check(&rollout, &members).await;
            if rollout.state.is_final() || rollout.state == RolloutState::Paused {
                return rollout.state;
            }
        }
        panic!("never ends: {}", self.told(id).await);
    }

    /// What always holds.
    pub async fn check(&self, rollout: &Rollout, members: &[RolloutMember]) {
        assert_eq!(members.len(), usize::try_from(rollout.members).unwrap(), "the members always sum to N");
        let counts = store::rollouts::counts(&self.fleet.app.tools.store, &Scope::Fleet, &[rollout.id]).await.unwrap();
        assert_eq!(counts[&rollout.id].values().sum::<u32>(), rollout.members);
    }

    /// Its history as text.
    pub async fn told(&self, id: RolloutId) -> String {
        let (rollout, members) = self.whole(id).await;
        let mut text = format!("{} {} after {} failures\n", rollout.state, rollout.why, rollout.failures);
        for m in members {
            text += &format!("  {} wave {} {} {:?} `{}`\n", m.slug, m.wave, m.state, m.blame, m.reason);
        }
        for e in self.events(id).await {
            text += &format!("  {} {} {} {} {} {}\n", e.seq, e.kind, e.slug, e.word, e.message, e.evidence);
        }
        text
    }

    /// Where each member stands and what its instance runs, by slug.
    pub async fn outcome(&self, id: RolloutId) -> BTreeMap<String, (MemberState, String)> {
        let names = store::releases::names(&self.fleet.app.tools.store).await.unwrap();
        let mut outcome = BTreeMap::new();
        for m in self.whole(id).await.1 {
            let instance = self.fleet.instance(m.instance).await;
            assert_eq!(instance.state.to_string(), "running", "{}: {}", m.slug, self.told(id).await);
            assert!(!instance.paused, "{}", m.slug);
            outcome.insert(m.slug.to_string(), (m.state, names[&instance.release].clone()));
        }
        outcome
    }

    /// How many updates and reverts each instance had, and that never more were in flight than may be.
    pub async fn flights(&self, id: RolloutId) -> HashMap<InstanceId, (usize, usize)> {
        let (rollout, members) = self.whole(id).await;
        let mut flying: HashMap<String, bool> = HashMap::new();
        for e in self.events(id).await.iter().filter(|e| e.kind == RolloutEventKind::Member) {
            flying.insert(e.slug.clone(), matches!(e.word.as_str(), "updating" | "reverting"));
            let count = flying.values().filter(|f| **f).count();
            assert!(count <= usize::try_from(rollout.knobs.in_flight).unwrap(), "over the cap at {}: {}", e.seq, self.told(id).await);
        }
        let mut flights = HashMap::new();
        for m in members {
            let filter = operations::Filter { municipality: Some(m.municipality), ..Default::default() };
            let all = operations::list(&self.fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items;
            let of = |kind| all.iter().filter(|o| o.kind == kind && o.instance == m.instance).count();
            flights.insert(m.instance, (of(OperationKind::Update), of(OperationKind::Revert)));
        }
        flights
    }

    /// Every municipality's front page and log-in page are as they should be.
    pub async fn all_well(&self) {
        let tools = &self.fleet.app.tools;
        for i in store::instances::all(&tools.store, &Scope::Fleet).await.unwrap() {
            let target = tools.target(i.id).await.unwrap();
            let pages = flotta::rollouts::pages::sample(&target).await.unwrap();
            let look = flotta::rollouts::pages::look(&target, &pages).await.unwrap();
            assert!(!look.pages.is_empty());
            for page in look.pages {
                assert!(flotta::rollouts::compare::is_well(&page), "{}: {page:?}", i.slug);
            }
        }
    }
}

/// The slug of a municipality of the rig.
pub fn slug(i: usize) -> String {
    format!("k{i:03}")
}

/// A request for everybody, without rehearsals, with soaks that a test can wait for.
pub fn request(release: &str, migration: &str) -> Request {
    let knobs = KnobsRequest {
        soak_seconds: Some(vec![60]),
        rehearse: Some("skip".to_owned()),
        migration: Some(migration.to_owned()),
        ..KnobsRequest::default()
    };
    Request { release: release.to_owned(), knobs, ..Request::default() }
}

/// What a bad release must not do: begin anything after the rollout was stopped.
pub fn nothing_begins_after_the_halt(events: &[RolloutEvent]) {
    let halted = events.iter().position(|e| matches!(e.word.as_str(), "halt" | "halting")).expect("it was stopped");
    let begun = events[halted..].iter().find(|e| e.word == "updating");
    assert!(begun.is_none(), "{begun:?}");
}
