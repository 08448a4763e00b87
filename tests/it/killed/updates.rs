// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The control plane is killed at every step of an instance's update and of its way back, as rollouts ask for them.

use std::time::{Duration, Instant};

use flotta::fleet::{
    Direction, OperationKind, OperationState, RolloutId,
    rollout::{MemberState, RolloutState, Why},
};
use serde_json::json;

use super::{
    ended, same, steps, tell,
    towns::{MIGRATING, NEW, Towns},
};
use crate::support::{image::Theme, process::Point, visitors::Visitors};

/// Nothing but code changes: visitors notice neither the moves nor the kills.
#[tokio::test(flavor = "multi_thread")]
async fn code_alone() {
    let mut towns = Towns::set(1, &NEW).await;
    let host = towns.host(0);
    let visitors = Visitors::come_to(towns.process.https_port(), &[(&host, "/"), (&host, "/skola/")], Duration::from_millis(150));
    there_and_back(&mut towns, &NEW).await;
    let (asked, wrong) = visitors.leave().await;
    assert!(wrong.is_empty(), "{} of {asked} visitors: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    eprintln!("killed: {asked} visitors meanwhile, none turned away");
}

/// Data changes too: old code with old data, or new code with new data, and never visitors who are held back for good.
#[tokio::test(flavor = "multi_thread")]
async fn code_and_data() {
    there_and_back(&mut Towns::set(1, &MIGRATING).await, &MIGRATING).await;
}

/// Steps that only look: there is nothing to undo of them.
const LOOK: [&str; 3] = ["preflight", "verify", "public-check"];
/// Steps that are only needed where data changes.
const OF_DATA: [&str; 3] = ["quiesce", "migrate", "restore"];

/// For each step: killed when it was done and away for too long, killed again while it is undone, and as before; then killed at it
/// once and done; then taken back, killed at the same place of that.
async fn there_and_back(towns: &mut Towns, new: &Theme) {
    let loses = !new.functions.is_empty();
    let (update, revert) = (steps(OperationKind::Update).0, steps(OperationKind::Revert).0);
    assert_eq!(update.len(), revert.len());
    let mut points = [Point::AfterIntent, Point::AfterEffect, Point::Within].into_iter().cycle();
    let idle = |step: &&str| !loses && OF_DATA.contains(step);
    for (at, (step, back)) in update.iter().zip(&revert).enumerate().filter(|(_, (step, back))| !idle(step) || !idle(back)) {
        let undone = !idle(step) && !LOOK.contains(step);
        // Whoever is too late for the last step has nothing left to do, and is not undone.
        let next = update.get(at + 1).filter(|next| undone && update.last() != Some(*next));
        let begun = match next {
            Some(next) => Some(too_late(towns, step, next, points.next().unwrap()).await),
            None => None,
        };
        let rollout = there(towns, begun, step, points.next().unwrap()).await;
        and_back(towns, rollout, back, points.next().unwrap(), loses).await;
    }
    towns.settled().await;
}

/// Killed between the step and the next, and away for too long; killed again while the step is undone.
async fn too_late(towns: &mut Towns, step: &str, next: &str, point: Point) -> RolloutId {
    let (slug, began) = (towns.slugs[0].clone(), Instant::now());
    let (wish, were) = (towns.wish(&towns.slugs, &json!({})), towns.all_containers(&slug).await);
    let process = &mut towns.process;
    process.hold(&slug, OperationKind::Update, next, Point::BeforeIntent, Direction::Forward).await;
    let rollout = process.roll_out(&wish).await;
    let id = process.live(&slug, OperationKind::Update).await.id;
    process.kill_at(id, next, Point::BeforeIntent).await;
    process.be_late(id).await;
    let when = process.kill_again_at(id, step, point, Direction::Back).await;
    process.restart().await;
    let operation = ended(process, id, OperationState::Undone, &[step, next]).await;
    // Nobody blames the release for that: it has its turn again once a person has looked.
    process
        .stands(rollout, "paused", |r, m| {
            r.state == RolloutState::Paused && r.why == Why::Disturbed && r.failures == 0 && m[0].state == MemberState::Pending
        })
        .await;
    towns.as_before(&slug, &operation, &were).await;
    tell(&format!("update {step} done, too late, and on the way back {when}: undone"), began);
    rollout
}

/// Killed at the step, and done.
async fn there(towns: &mut Towns, begun: Option<RolloutId>, step: &str, point: Point) -> RolloutId {
    let (slug, began) = (towns.slugs[0].clone(), Instant::now());
    let wish = towns.wish(&towns.slugs, &json!({}));
    towns.process.hold(&slug, OperationKind::Update, step, point, Direction::Forward).await;
    let rollout = match begun {
        Some(rollout) => {
            towns.process.post(&format!("rollouts/{rollout}/resume"), &json!({})).await;
            rollout
        }
        None => towns.process.roll_out(&wish).await,
    };
    let id = towns.process.live(&slug, OperationKind::Update).await.id;
    let when = towns.process.kill_at(id, step, point).await;
    let operation = towns.process.operation(id).await;
    let instance = towns.process.instance_of(&slug).await;
    let before = towns.made(&instance, &operation);
    towns.process.restart().await;
    let operation = ended(&towns.process, id, OperationState::Done, &[step]).await;
    same(&before, &towns.made(&instance, &operation), &steps(OperationKind::Update).0, step, point);
    towns.process.stands(rollout, "completed", |r, _| r.state == RolloutState::Completed).await;
    towns.runs(&slug, true).await;
    tell(&format!("update {step} {when}: done"), began);
    rollout
}

/// Taken back, and killed at the step of that.
async fn and_back(towns: &mut Towns, rollout: RolloutId, step: &str, point: Point, loses: bool) {
    let (slug, began) = (towns.slugs[0].clone(), Instant::now());
    let process = &mut towns.process;
    process.hold(&slug, OperationKind::Revert, step, point, Direction::Forward).await;
    process.post(&format!("rollouts/{rollout}/revert"), &json!({"lose_data": loses})).await;
    let id = process.live(&slug, OperationKind::Revert).await.id;
    let when = process.kill_at(id, step, point).await;
    process.restart().await;
    ended(process, id, OperationState::Done, &[step]).await;
    process.stands(rollout, "reverted", |r, m| r.state == RolloutState::Reverted && m[0].state == MemberState::Reverted).await;
    towns.runs(&slug, false).await;
    tell(&format!("revert {step} {when}: done"), began);
}
