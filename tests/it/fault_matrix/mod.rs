// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The fault matrix: every workflow, disturbed at every place in every way, on a simulated outside. Each cell must end in a
//! legal final state with nothing leaked, nothing done twice and nothing of anybody else's touched.
//!
//! | file | what is disturbed |
//! | --- | --- |
//! | `killed.rs` | the control plane is killed at every step and point, and again while it recovers; in the middle of every call; and while it goes back |
//! | `faults.rs` | every call of an undisturbed run fails in every way once; every kind of call fails always |
//! | `updates.rs` | how updates and reverts are set up, and what is theirs alone |
//! | `edges.rs` | something foreign in the way; two control planes; unknown versions; two requests at once |
//!
//! On SQLite all cells are run. On PostgreSQL, where each cell takes longer, onboarding and offboarding are run whole; the other
//! workflows with one kill at each step and point.

mod edges;
mod faults;
mod killed;
mod rehearsals;
mod updates;

use std::{collections::BTreeMap, sync::Arc};

use flotta::{
    catalogue,
    drivers::world::CallRecord,
    fleet::{
        EventKind, Instance, InstanceState, Operation, OperationKind, OperationState,
        container::{Attachment, ContainerSpec, NetworkSpec, VolumeState, label},
    },
    onboarding::lifecycle,
    store,
    workflow::{Commit, interrupt::Interrupt},
};

use crate::support::{
    full,
    simulated::{FLEET, IMAGE, Simulated},
    store::Kind,
};

/// What is about to be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A workflow of onboarding's room.
    Plain(OperationKind),
    /// An update or revert: whether data moves too.
    Moving(OperationKind, bool),
}

impl From<OperationKind> for Case {
    fn from(kind: OperationKind) -> Self {
        Self::Plain(kind)
    }
}

/// One workflow about to be run, and how it runs undisturbed.
pub struct Scene {
    pub fleet: Simulated,
    pub kind: OperationKind,
    /// The operation, just started.
    pub operation: Operation,
    /// The instance's schema.
    pub schema: String,
    /// Everything there was before it was started.
    pub before: Vec<String>,
    /// Everything there is when it was done undisturbed.
    pub after: Vec<String>,
    /// What an undisturbed run does to the outside.
    pub effects: BTreeMap<String, u64>,
    /// What it asks of the outside.
    pub calls: Vec<CallRecord>,
}

impl Scene {
    /// Sets it: another municipality beside it, strangers' things around it, the operation started, everything saved.
    pub async fn set(store: Kind, case: impl Into<Case>) -> Option<Self> {
        let case = case.into();
        let (Case::Plain(kind) | Case::Moving(kind, _)) = case;
        let mut fleet = Simulated::start(store).await?;
        strangers(&fleet);
        fleet.onboard("bor").await;
        let (before, operation) = if kind == OperationKind::Onboard {
            (fleet.remains().await, fleet.begin("ale").await)
        } else {
            let instance = fleet.onboard("ale").await;
            fleet.world.put_file(&format!("{FLEET}-ale-production-uploads"), "2026/11/bild.jpg", b"bild");
            match case {
                Case::Plain(kind) => prepare(&fleet, kind, &instance).await,
                Case::Moving(kind, data) => updates::prepare(&fleet, kind, data, &instance).await,
            }
        };
        fleet.world.clear_calls();
        fleet.world.clear_effects();
        fleet.save().await;
        let done = fleet.done(operation.id).await;
        let schema = schema_of(&operation);
        let scene = Self {
            kind,
            schema,
            before,
            after: fleet.remains().await,
            effects: fleet.world.effects(),
            calls: fleet.world.calls(),
            operation,
            fleet,
        };
        scene.check_journal(&done, "undisturbed").await;
        Some(scene)
    }

    /// The names of the workflow's steps.
    pub fn steps(&self) -> Vec<&'static str> {
        workflow(self.kind).names()
    }

    /// Which step is the point of no undo, where there is one.
    pub fn commit(&self) -> Option<usize> {
        let workflow = workflow(self.kind);
        match workflow.commit {
            Commit::After(name) => workflow.position(name),
            Commit::Never | Commit::FromStart => None,
        }
    }

    /// Drives the operation to its end under these kills and says what came of it; a state that is not legal fails the test.
    pub async fn run(&self, cell: &str, interrupt: Arc<dyn Interrupt>) -> OperationState {
        let operation = self.fleet.drive_with(self.operation.id, interrupt).await;
        self.judge(cell, operation).await
    }

    /// Whether the operation's end is legal; where it waits or was set aside, whether it ends well once nothing disturbs it.
    pub async fn judge(&self, cell: &str, operation: Operation) -> OperationState {
        let told = |what: &str| format!("{} {cell}: {what}", self.kind);
        let mut operation = operation;
        let first = operation.state;
        if first == OperationState::Failed {
            assert!(!operation.error.is_empty(), "{}", told("failed without a reason"));
            let instance = self.fleet.instance(operation.instance).await;
            if self.kind.works_beside() {
                assert_eq!(instance.state, InstanceState::Running, "{}", told("the instance has nothing to do with it"));
            } else {
                assert_eq!(instance.state, InstanceState::Quarantined, "{}\n{}", told("state"), self.fleet.journal(operation.id).await);
                assert!(!instance.reason.is_empty(), "{}", told("quarantined without a reason"));
            }
            self.check_journal(&operation, cell).await;
            self.fleet.world.clear_faults();
            catalogue::retry(&self.fleet.app.tools, &operation, "test").await.unwrap();
            operation = self.fleet.drive(operation.id).await;
        } else if first == OperationState::Live {
            // It waits for what it cannot see; that is legal as long as it goes on once it can.
            self.fleet.world.clear_faults();
            operation = self.fleet.drive(operation.id).await;
        }
        let wanted = match operation.state {
            OperationState::Done => &self.after,
            OperationState::Undone if self.is_undone_whole() => &self.before,
            other => panic!("{}\n{}", told(&format!("ended {other}")), self.fleet.journal(operation.id).await),
        };
        // What was written between a switch and its undoing is kept for whoever asks for it.
        let mut found = self.fleet.remains().await;
        found.retain(|line| !line.contains("-written-meanwhile"));
        if found != *wanted {
            let extra: Vec<_> = found.iter().filter(|line| !wanted.contains(line)).collect();
            let missing: Vec<_> = wanted.iter().filter(|line| !found.contains(line)).collect();
            panic!(
                "{}\nleft: {extra:#?}\nmissing: {missing:#?}\n{}",
                told(&format!("{} ({first}) leaves something else", operation.state)),
                self.fleet.journal(operation.id).await
            );
        }
        self.check_journal(&operation, cell).await;
        if first == OperationState::Done {
            self.check_once(cell).await;
        }
        first
    }

    /// Whether its undoing leaves nothing.
    fn is_undone_whole(&self) -> bool {
        self.commit().is_some()
            || self.kind.works_beside()
            || matches!(self.kind, OperationKind::Suspend | OperationKind::Update | OperationKind::Revert)
    }

    /// What must never happen twice has not.
    async fn check_once(&self, cell: &str) {
        for (effect, count) in self.fleet.world.effects() {
            let (what, subject) = effect.rsplit_once(' ').unwrap_or((&effect, ""));
            // Putting a snapshot back makes the schema anew, and may be begun twice.
            let moves = matches!(self.kind, OperationKind::Update | OperationKind::Revert);
            let precious =
                subject.ends_with("-uploads") || (subject == self.schema && !moves) || subject == format!("{FLEET}-ale-production-1");
            // Stopping and starting are what repairs do; half a script is run again.
            if precious && matches!(what.split(' ').next_back(), Some("created" | "removed" | "changed")) {
                let clean = self.effects.get(&effect).copied().unwrap_or(0);
                assert_eq!(count, clean, "{} {cell}: {effect}\n{}", self.kind, self.fleet.journal(self.operation.id).await);
            }
        }
    }

    /// Lines count from one without gaps, and whatever was begun was ended or begun again.
    async fn check_journal(&self, operation: &Operation, cell: &str) {
        let events = store::operations::events_after(&self.fleet.app.tools.store, operation.id, 0).await.unwrap();
        for (at, event) in events.iter().enumerate() {
            assert_eq!(event.seq, i64::try_from(at + 1).unwrap(), "{} {cell}: a gap in the journal", self.kind);
            if matches!(event.kind, EventKind::Intent | EventKind::Undoing) {
                let ended = events[at + 1..].iter().any(|later| later.step == event.step && later.kind != EventKind::Note);
                assert!(ended, "{} {cell}: `{}` was begun and never ended", self.kind, event.step);
            }
        }
    }
}

/// The workflow of that kind.
pub fn workflow(kind: OperationKind) -> flotta::workflow::Workflow<flotta::instances::Context> {
    catalogue::all().into_iter().find(|w| w.kind == kind).unwrap()
}

fn schema_of(operation: &Operation) -> String {
    let id = operation.instance.text();
    format!("flt_{}_{}", operation.slug.as_str().replace('-', "_"), &id[id.len() - 8..])
}

/// Brings an instance where the workflow starts from, and starts it.
async fn prepare(fleet: &Simulated, kind: OperationKind, instance: &Instance) -> (Vec<String>, Operation) {
    let tools = &fleet.app.tools;
    if kind == OperationKind::Resume {
        let suspended = lifecycle::suspend(tools, instance, "test", None).await.unwrap();
        fleet.done(suspended.operation.id).await;
    }
    if kind == OperationKind::Repair {
        // Made from another specification: the longest way.
        fleet.world.replace_container(&format!("{FLEET}-ale-production-1"), |spec| spec.stop_grace_seconds += 1).unwrap();
    }
    let instance = &fleet.instance(instance.id).await;
    let before = fleet.remains().await;
    let operation = match kind {
        OperationKind::Suspend => lifecycle::suspend(tools, instance, "test", None).await.unwrap().operation,
        OperationKind::Resume => lifecycle::resume(tools, instance, "test", None).await.unwrap().operation,
        OperationKind::Offboard => lifecycle::offboard(tools, instance, "ale", false, "test", None).await.unwrap().operation,
        OperationKind::Repair => lifecycle::repair(tools, instance, "test").await.unwrap().unwrap().operation,
        OperationKind::Rehearse => rehearsals::begin(fleet, instance).await,
        OperationKind::Update | OperationKind::Revert => unreachable!("not a workflow of onboarding"),
        OperationKind::Onboard => unreachable!("onboarded elsewhere"),
    };
    (before, operation)
}

/// Things of other fleets and of nobody, with names like ours.
fn strangers(fleet: &Simulated) {
    let world = &fleet.world;
    let other = [(label::FLEET.to_owned(), "simb".to_owned()), (label::ROLE.to_owned(), "instance".to_owned())];
    for (name, labels) in [
        ("simb-ale-production", other.clone().into_iter().collect()),
        ("sim-ale-production-10", std::collections::BTreeMap::new()),
        ("sim-ale-production-1-archiv", std::collections::BTreeMap::new()),
        ("ale", std::collections::BTreeMap::new()),
    ] {
        world.create_volume(VolumeState { name: format!("{name}-uploads"), labels: labels.clone() }).unwrap();
        world.run_container(container(name, labels)).unwrap();
    }
    world
        .create_network(NetworkSpec {
            name: "simb-net".to_owned(),
            bridge: "fl-simb".to_owned(),
            subnet: "192.168.240.0/20".to_owned(),
            gateway: [192, 168, 240, 1].into(),
            sealed: false,
            labels: other.into_iter().collect(),
        })
        .unwrap();
}

/// A plain container.
pub fn container(name: &str, labels: BTreeMap<String, String>) -> ContainerSpec {
    ContainerSpec {
        name: name.to_owned(),
        image: IMAGE.to_owned(),
        command: Vec::new(),
        environment: Vec::new(),
        labels,
        mounts: Vec::new(),
        attachment: Attachment::None,
        extra_hosts: Vec::new(),
        limits: None,
        read_only_root: false,
        capabilities: Vec::new(),
        restart: false,
        stop_grace_seconds: 1,
        user: String::new(),
    }
}

/// Whether a cell is tried: all are on SQLite. What differs on PostgreSQL is the store alone, so there each fourth is, or all with
/// `FLOTTA_TEST_FULL`.
fn is_tried(store: Kind, number: &mut usize) -> bool {
    *number += 1;
    matches!(store, Kind::Sqlite) || full() || *number % 4 == 1
}

/// Says how many cells were run, past the harness, which keeps what a passing test prints.
pub fn tell(what: &str, cells: usize, outcomes: &BTreeMap<String, usize>) {
    let outcomes: Vec<_> = outcomes.iter().map(|(state, count)| format!("{count} {state}")).collect();
    eprintln!("fault matrix: {what}: {cells} cells ({})", outcomes.join(", "));
}
