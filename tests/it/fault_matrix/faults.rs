// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The outside fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use flotta::{
    drivers::world::{Fault, Rule},
    fleet::{OperationKind, OperationState},
    workflow::interrupt::Never,
};

use super::{Case, Scene, is_tried, tell};
use crate::support::store::Kind;

/// Every way in which one call can go wrong.
pub(super) const FAULTS: [Fault; 9] = [
    Fault::Fail500,
    Fault::Conflict409,
    Fault::Refused,
    Fault::DiskFull,
    Fault::Unreachable,
    Fault::NeverBefore,
    Fault::NeverAfter,
    Fault::LateBefore(Duration::from_millis(2)),
    Fault::Halfway,
];

/// Every call of an undisturbed run fails once, in each of these ways; a 500 also after its effect.
pub(super) async fn once(store: Kind, case: impl Into<Case>, faults: &[Fault]) {
    let Some(scene) = Scene::set(store, case).await else { return };
    let kind = scene.kind;
    let (mut cells, mut outcomes, mut cell_number) = (0, BTreeMap::new(), 0);
    for call in &scene.calls {
        let mut rules: Vec<Rule> = faults.iter().map(|fault| Rule::on(call.name, *fault).nth(call.nth)).collect();
        rules.push(Rule::on(call.name, Fault::Fail500).nth(call.nth).after());
        for rule in rules {
            if !is_tried(store, &mut cell_number) {
                continue;
            }
            scene.fleet.restore().await;
            let cell = format!("once: {} {} {rule:?}", call.name, call.subject);
            scene.fleet.world.inject(rule);
            let state = scene.run(&cell, Arc::new(Never)).await;
            assert!(matches!(state, OperationState::Done | OperationState::Undone | OperationState::Failed), "{kind} {cell} {state}");
            cells += 1;
            *outcomes.entry(state.to_string()).or_insert(0) += 1;
        }
    }
    tell(&format!("{store:?}, {kind}, every call fails once"), cells, &outcomes);
}

/// Every kind of call always fails, in each of these ways, until the operation has given up or waits.
pub(super) async fn always(store: Kind, case: impl Into<Case>, faults: &[Fault]) {
    let Some(scene) = Scene::set(store, case).await else { return };
    let kind = scene.kind;
    let (mut cells, mut outcomes, mut cell_number) = (0, BTreeMap::new(), 0);
    let names: BTreeSet<&str> = scene.calls.iter().map(|call| call.name).collect();
    for name in names {
        for fault in faults {
            // To steps that wait until WordPress is well, all complaints are alike.
            if name.starts_with("wordpress") && !matches!(fault, Fault::Fail500 | Fault::NeverBefore) {
                continue;
            }
            if !is_tried(store, &mut cell_number) {
                continue;
            }
            scene.fleet.restore().await;
            scene.fleet.world.inject(Rule::on(name, *fault));
            let state = scene.run(&format!("always: {name} {fault:?}"), Arc::new(Never)).await;
            cells += 1;
            let word = if state == OperationState::Live { "waiting".to_owned() } else { state.to_string() };
            *outcomes.entry(word).or_insert(0) += 1;
        }
    }
    tell(&format!("{store:?}, {kind}, a kind of call always fails"), cells, &outcomes);
}

/// The same while the template of the release has to be made first.
async fn while_a_template_is_made() {
    let Some(mut scene) = Scene::set(Sqlite, Onboard).await else { return };
    scene.fleet.restore().await;
    scene.fleet.forget_template();
    scene.fleet.done(scene.operation.id).await;
    scene.calls = scene.fleet.world.calls();
    let (mut cells, mut outcomes) = (0, BTreeMap::new());
    let own = |subject: &str| subject.contains("template") || subject.ends_with("-db-1");
    let calls = scene.calls.iter().filter(|call| own(&call.subject));
    for call in calls {
        for (fault, back) in FAULTS.iter().flat_map(|fault| [(fault, false), (fault, true)]) {
            scene.fleet.restore().await;
            scene.fleet.forget_template();
            let mut rule = Rule::on(call.name, *fault).nth(call.nth);
            if back {
                // It fails for good, and so does all cleaning up until the operation has gone back.
                rule = Rule::on(call.name, *fault).subject(call.subject.clone());
            }
            scene.fleet.world.inject(rule);
            let state = scene.run(&format!("template: {} {} {fault:?} always {back}", call.name, call.subject), Arc::new(Never)).await;
            cells += 1;
            *outcomes.entry(state.to_string()).or_insert(0) += 1;
        }
    }
    tell("Sqlite, onboard, faults while a template is made", cells, &outcomes);
}

macro_rules! cells {
    ($($name:ident: $run:expr;)+) => { $(#[tokio::test] async fn $name() { $run.await; })+ };
}

use Fault::{DiskFull, Fail500, NeverAfter, NeverBefore, Refused, Unreachable};
use Kind::{Postgres, Sqlite};
use OperationKind::{Offboard, Onboard, Repair, Resume, Revert, Suspend, Update};

const UPDATE: Case = Case::Moving(Update, false);
const UPDATE_DATA: Case = Case::Moving(Update, true);
const REVERT: Case = Case::Moving(Revert, false);
const REVERT_DATA: Case = Case::Moving(Revert, true);

pub(super) const LASTING: [Fault; 6] = [Fail500, Refused, DiskFull, Unreachable, NeverBefore, NeverAfter];

cells! {
    onboard_once: once(Sqlite, Onboard, &FAULTS);
    suspend_once: once(Sqlite, Suspend, &FAULTS);
    resume_once: once(Sqlite, Resume, &FAULTS);
    offboard_once: once(Sqlite, Offboard, &FAULTS);
    repair_once: once(Sqlite, Repair, &FAULTS);
    update_once: once(Sqlite, UPDATE, &FAULTS);
    update_data_once: once(Sqlite, UPDATE_DATA, &FAULTS);
    revert_once: once(Sqlite, REVERT, &FAULTS);
    revert_data_once: once(Sqlite, REVERT_DATA, &FAULTS);
    update_always: always(Sqlite, UPDATE, &LASTING);
    update_data_always: always(Sqlite, UPDATE_DATA, &LASTING);
    revert_data_always: always(Sqlite, REVERT_DATA, &LASTING);
    onboard_once_postgres: once(Postgres, Onboard, &FAULTS);
    offboard_once_postgres: once(Postgres, Offboard, &FAULTS);
    onboard_always: always(Sqlite, Onboard, &LASTING);
    suspend_always: always(Sqlite, Suspend, &LASTING);
    resume_always: always(Sqlite, Resume, &LASTING);
    offboard_always: always(Sqlite, Offboard, &LASTING);
    repair_always: always(Sqlite, Repair, &LASTING);
    onboard_always_postgres: always(Postgres, Onboard, &LASTING);
    offboard_always_postgres: always(Postgres, Offboard, &LASTING);
    onboard_template: while_a_template_is_made();
}
