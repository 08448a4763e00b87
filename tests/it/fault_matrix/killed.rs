// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The control plane is killed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use flotta::{
    drivers::world::{Fault, Rule, World},
    fleet::{Direction, Operation, OperationKind, OperationState},
    workflow::interrupt::{Interrupt, Never, Point},
};

use super::{Case, Scene, is_tried, tell};
use crate::support::{simulated::Kills, store::Kind};

/// Killed at every step and point; where `twice`, each again at every point of the same and the next step.
pub(super) async fn at_every_point(store: Kind, case: impl Into<Case>, twice: bool) {
    let Some(scene) = Scene::set(store, case).await else { return };
    let kind = scene.kind;
    let steps = scene.steps();
    let (mut cells, mut outcomes, mut cell_number) = (0, BTreeMap::new(), 0);
    for (at, step) in steps.iter().enumerate() {
        for point in Point::ALL {
            let mut plans = vec![vec![((*step).to_owned(), point)]];
            if twice {
                for next in steps[at..].iter().take(2) {
                    plans.extend(Point::ALL.map(|again| vec![((*step).to_owned(), point), ((*next).to_owned(), again)]));
                }
            }
            for plan in plans {
                if !is_tried(store, &mut cell_number) {
                    continue;
                }
                scene.fleet.restore().await;
                let kills = Kills::at(plan.clone());
                let state = scene.run(&format!("killed at {plan:?}"), kills.clone()).await;
                assert_eq!(state, OperationState::Done, "{kind} killed at {plan:?}");
                assert_eq!(scene.fleet.world.effects(), scene.effects, "{kind} killed at {plan:?}");
                if kills.spent() {
                    cells += 1;
                    *outcomes.entry(state.to_string()).or_insert(0) += 1;
                }
            }
        }
    }
    tell(&format!("{store:?}, {kind}, killed at a point{}", if twice { ", and again in recovery" } else { "" }), cells, &outcomes);
}

/// Killed in the middle of every call, whether the call still has its effect at once, later, or never.
pub(super) async fn in_every_call(store: Kind, case: impl Into<Case>) {
    let Some(scene) = Scene::set(store, case).await else { return };
    let kind = scene.kind;
    let (mut cells, mut outcomes, mut cell_number) = (0, BTreeMap::new(), 0);
    for call in &scene.calls {
        for fault in [Fault::NeverBefore, Fault::NeverAfter, Fault::LateBefore(Duration::from_millis(3))] {
            if !is_tried(store, &mut cell_number) {
                continue;
            }
            scene.fleet.restore().await;
            scene.fleet.world.inject(Rule::on(call.name, fault).nth(call.nth));
            scene.fleet.world.set_time_out(None);
            tokio::select! {
                _ = scene.fleet.turn(scene.operation.id, Arc::new(Never)) => {}
                () = async {
                    scene.fleet.world.call_reached(call.name, call.nth).await;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                } => {}
            }
            scene.fleet.world.set_time_out(Some(Duration::from_millis(2)));
            let state =
                scene.run(&format!("killed in call {} of {} {} ({fault:?})", call.nth, call.name, call.subject), Arc::new(Never)).await;
            assert_eq!(state, OperationState::Done, "{kind} killed in call {} of {}", call.nth, call.name);
            cells += 1;
            *outcomes.entry(state.to_string()).or_insert(0) += 1;
        }
    }
    tell(&format!("{store:?}, {kind}, killed in a call"), cells, &outcomes);
}

/// Makes a step fail, stops disturbing once the operation goes back, and kills there.
struct Back {
    world: World,
    fails: &'static str,
    failed: AtomicBool,
    kill: Option<(String, Point)>,
    killed: AtomicBool,
}

impl Interrupt for Back {
    fn ends(&self, point: Point, _: &Operation, step: &str, direction: Direction) -> bool {
        if direction == Direction::Forward {
            if step == self.fails && !step.ends_with("health") && point == Point::AfterIntent && !self.failed.swap(true, Ordering::Relaxed)
            {
                self.world.inject(Rule::on("*", Fault::Refused).nth(1));
            }
            return false;
        }
        if step.ends_with("health") || direction == Direction::Aside {
            self.world.clear_faults();
        }
        let here = self.kill.as_ref().is_some_and(|(name, at)| name == step && *at == point);
        here && !self.killed.swap(true, Ordering::Relaxed)
    }
}

/// Every step that can fail does, and the control plane is killed at every point on the way back.
pub(super) async fn while_going_back(store: Kind, case: impl Into<Case>) {
    let Some(scene) = Scene::set(store, case).await else { return };
    let kind = scene.kind;
    let steps = scene.steps();
    let last = scene.commit().unwrap_or(steps.len() - 1);
    let (mut cells, mut outcomes, mut cell_number) = (0, BTreeMap::new(), 0);
    let done = scene.fleet.journal(scene.operation.id).await;
    // What asks nobody, what this case has no need of (an image: only with an overlay), and the last look, which is well at once.
    let moves = matches!(kind, OperationKind::Update | OperationKind::Revert);
    let needed = |step: &str| !moves || step != "public-check" && done.contains(&format!(" {step} intent "));
    let asked = |step: &str| !matches!(step, "secrets" | "network" | "turn" | "image" | "keys" | "verdict") && needed(step);
    let mut plans: Vec<(&'static str, Option<(String, Point)>)> = Vec::new();
    for (at, fails) in steps.iter().enumerate().take(last + 1).filter(|(_, step)| asked(step)) {
        plans.push((fails, None));
        for step in &steps[..=at] {
            plans.extend(Point::ALL.map(|point| (*fails, Some(((*step).to_owned(), point)))));
        }
    }
    if kind == OperationKind::Onboard {
        // Past the route, going back is only taking the route back.
        plans.push(("public-health", None));
        plans.extend(Point::ALL.map(|point| ("public-health", Some(("route".to_owned(), point)))));
    }
    for (fails, kill) in plans {
        if !is_tried(store, &mut cell_number) {
            continue;
        }
        scene.fleet.restore().await;
        // These are well at first sight, so they must be ill before.
        match fails {
            "private-health" => scene.fleet.world.inject(Rule::on("wordpress.ready", Fault::Fail500)),
            "public-health" => scene.fleet.world.inject(Rule::on("wordpress.public_page", Fault::Fail500)),
            _ => {}
        }
        let world = scene.fleet.world.clone();
        let cell = format!("`{fails}` fails, killed at {kill:?}");
        let back = Back { world, fails, failed: AtomicBool::default(), kill, killed: AtomicBool::default() };
        let state = scene.run(&cell, Arc::new(back)).await;
        let wanted = if fails == "public-health" { OperationState::Failed } else { OperationState::Undone };
        assert_eq!(state, wanted, "{kind} {cell}\n{}", scene.fleet.journal(scene.operation.id).await);
        cells += 1;
        *outcomes.entry(state.to_string()).or_insert(0) += 1;
    }
    tell(&format!("{store:?}, {kind}, killed while going back"), cells, &outcomes);
}

macro_rules! cells {
    ($($name:ident: $run:expr;)+) => { $(#[tokio::test] async fn $name() { $run.await; })+ };
}

use Kind::{Postgres, Sqlite};
use OperationKind::{Offboard, Onboard, Repair, Resume, Revert, Suspend, Update};

const UPDATE: Case = Case::Moving(Update, false);
const UPDATE_DATA: Case = Case::Moving(Update, true);
const REVERT: Case = Case::Moving(Revert, false);
const REVERT_DATA: Case = Case::Moving(Revert, true);

cells! {
    onboard_at_every_point: at_every_point(Sqlite, Onboard, true);
    suspend_at_every_point: at_every_point(Sqlite, Suspend, true);
    resume_at_every_point: at_every_point(Sqlite, Resume, true);
    offboard_at_every_point: at_every_point(Sqlite, Offboard, true);
    repair_at_every_point: at_every_point(Sqlite, Repair, true);
    onboard_at_every_point_postgres: at_every_point(Postgres, Onboard, true);
    suspend_at_every_point_postgres: at_every_point(Postgres, Suspend, false);
    resume_at_every_point_postgres: at_every_point(Postgres, Resume, false);
    offboard_at_every_point_postgres: at_every_point(Postgres, Offboard, true);
    repair_at_every_point_postgres: at_every_point(Postgres, Repair, false);
    onboard_in_every_call_postgres: in_every_call(Postgres, Onboard);
    offboard_in_every_call_postgres: in_every_call(Postgres, Offboard);
    onboard_in_every_call: in_every_call(Sqlite, Onboard);
    suspend_in_every_call: in_every_call(Sqlite, Suspend);
    resume_in_every_call: in_every_call(Sqlite, Resume);
    offboard_in_every_call: in_every_call(Sqlite, Offboard);
    repair_in_every_call: in_every_call(Sqlite, Repair);
    update_at_every_point: at_every_point(Sqlite, UPDATE, false);
    update_data_at_every_point: at_every_point(Sqlite, UPDATE_DATA, false);
    revert_at_every_point: at_every_point(Sqlite, REVERT, false);
    revert_data_at_every_point: at_every_point(Sqlite, REVERT_DATA, false);
    update_data_at_every_point_postgres: at_every_point(Postgres, UPDATE_DATA, false);
    revert_data_at_every_point_postgres: at_every_point(Postgres, REVERT_DATA, false);
    update_in_every_call: in_every_call(Sqlite, UPDATE);
    update_data_in_every_call: in_every_call(Sqlite, UPDATE_DATA);
    revert_data_in_every_call: in_every_call(Sqlite, REVERT_DATA);
    update_while_going_back: while_going_back(Sqlite, UPDATE);
    update_data_while_going_back: while_going_back(Sqlite, UPDATE_DATA);
    revert_data_while_going_back: while_going_back(Sqlite, REVERT_DATA);
    onboard_while_going_back: while_going_back(Sqlite, Onboard);
    suspend_while_going_back: while_going_back(Sqlite, Suspend);
    offboard_while_going_back: while_going_back(Sqlite, Offboard);
    onboard_while_going_back_postgres: while_going_back(Postgres, Onboard);
    offboard_while_going_back_postgres: while_going_back(Postgres, Offboard);
}
