// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The control plane is killed at every line of rollouts' histories: by turns before the line is written, and right after.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use flotta::fleet::{
    Direction, OperationKind, RolloutId,
    rollout::{MemberState, RolloutState},
};
use serde_json::{Value, json};

use super::{
    steps, tell,
    towns::{NEW, OLD, Towns},
};
use crate::support::{
    image::Theme,
    process::{Point, Process},
};

/// At which lines it was killed, as kind and word.
type Killed = BTreeSet<(String, String)>;

/// Started, forward wave by wave, and all the way back.
#[tokio::test(flavor = "multi_thread")]
async fn forward_and_back() {
    let mut towns = Towns::set(3, &NEW).await;
    let wish = towns.wish(&towns.slugs, &json!({}));
    let id = started(&mut towns.process, &wish).await;
    let mut killed = through(&mut towns.process, id, RolloutState::Completed).await;
    for slug in &towns.slugs {
        towns.runs(slug, true).await;
    }
    towns.ended_all(id).await;

    ordered(&mut towns.process, id, "revert").await;
    killed.append(&mut through(&mut towns.process, id, RolloutState::Reverted).await);
    for slug in &towns.slugs {
        towns.runs(slug, false).await;
    }
    let (rollout, members) = towns.process.rollout(id).await;
    let story = towns.process.history(id).await;
    assert!(members.iter().all(|m| m.state == MemberState::Reverted && m.attempts == 1), "{members:?}\n{story}");
    assert_eq!((rollout.failures, rollout.gates), (0, 1), "{story}");
    towns.ended_all(id).await;
    towns.settled().await;
    let words = ["updating", "soaking", "succeeded", "reverting", "reverted"].map(|word| ("member", word));
    seen(&killed, &[&words[..], &[("gate", "0"), ("state", "completed"), ("state", "reverted")]].concat());
}

/// Stopped by a bad release; rehearsed; stopped by an operator, and taken back from there.
#[tokio::test(flavor = "multi_thread")]
async fn halted_and_rehearsed() {
    let mut towns = Towns::set(3, &NEW).await;
    let fatal = towns.images.build("kommun-fatal", &Theme { version: "1.2", functions: "function_that_is_not_there();", ..OLD });
    towns.process.register_as(&fatal, "kommun-fatal").await;
    let mut wish = towns.wish(&towns.slugs, &json!({}));
    wish["release"] = json!("kommun-fatal");
    let id = started(&mut towns.process, &wish).await;
    let killed = through(&mut towns.process, id, RolloutState::Halted).await;
    let (rollout, members) = towns.process.rollout(id).await;
    let story = towns.process.history(id).await;
    let count = |state| members.iter().filter(|m| m.state == state).count();
    assert_eq!((count(MemberState::Unchanged), count(MemberState::Pending), rollout.failures), (1, 2, 1), "{story}");
    assert_eq!(members.iter().map(|m| m.attempts).sum::<u32>(), 1, "nothing starts after a halt: {story}");
    for slug in &towns.slugs {
        towns.runs(slug, false).await;
    }
    towns.ended_all(id).await;
    seen(&killed, &[("member", "updating"), ("member", "failed-unchanged"), ("state", "halting"), ("state", "halted")]);

    rehearsed(&mut towns).await;

    // An operator halts while the first is watched: it is watched to the end, and the other never has its turn.
    let rest = towns.slugs[1..].to_vec();
    let wish = towns.wish(&rest, &json!({"soak_seconds": [10], "manual_gates": true}));
    let id = started(&mut towns.process, &wish).await;
    towns.process.start();
    towns.process.ready().await;
    towns.process.stands(id, "watching the first", |_, m| m.iter().any(|m| m.state == MemberState::Soaking)).await;
    ordered(&mut towns.process, id, "halt").await;
    through(&mut towns.process, id, RolloutState::Halted).await;
    let members = towns.process.rollout(id).await.1;
    let states: Vec<_> = members.iter().map(|m| m.state).collect();
    assert_eq!(states, [MemberState::Succeeded, MemberState::Pending], "{}", towns.process.history(id).await);
    for member in &members {
        towns.runs(member.slug.as_str(), member.state == MemberState::Succeeded).await;
    }
    ordered(&mut towns.process, id, "revert").await;
    through(&mut towns.process, id, RolloutState::Reverted).await;
    for slug in &rest {
        towns.runs(slug, false).await;
    }
    towns.runs(&towns.slugs[0], true).await;
    towns.ended_all(id).await;
    towns.settled().await;
}

/// One rehearsal, killed at each of its steps, before its rollout goes on.
async fn rehearsed(towns: &mut Towns) {
    let (slug, began) = (towns.slugs[0].clone(), Instant::now());
    let wish = towns.wish(&towns.slugs[..1], &json!({"rehearse": "required", "migration": null}));
    let names = steps(OperationKind::Rehearse).0;
    let process = &mut towns.process;
    let points = [Point::AfterIntent, Point::AfterEffect].into_iter().cycle();
    let mut live = None;
    for (step, point) in names.iter().zip(points) {
        let at = match live {
            Some(id) => process.kill_again_at(id, step, point, Direction::Forward).await,
            None => {
                process.hold(&slug, OperationKind::Rehearse, step, point, Direction::Forward).await;
                let rollout = process.roll_out(&wish).await;
                let id = process.live(&slug, OperationKind::Rehearse).await.id;
                live = Some(id);
                eprintln!("killed: rollout {rollout} rehearses");
                process.kill_at(id, step, point).await
            }
        };
        tell(&format!("rehearse {step} {at}"), began);
    }
    process.restart().await;
    let rollout = process.rollouts().await.remove(0).id;
    process.stands(rollout, "completed", |r, _| r.state == RolloutState::Completed).await;
    let rehearsals: Vec<_> = process.operations().await.into_iter().filter(|o| o.kind == OperationKind::Rehearse).collect();
    assert_eq!(rehearsals.len(), 1, "rehearsed once: {}", process.history(rollout).await);
    towns.runs(&slug, true).await;
    towns.ended_all(rollout).await;
}

/// Killed over the first line: there is no rollout. Asked again, there is one, and it is killed at once.
async fn started(process: &mut Process, wish: &Value) -> RolloutId {
    let before = process.rollouts().await.len();
    process.hold_line("NEW.seq = 1").await;
    let asked = process.ask("rollouts", wish);
    process.kill_hanging().await;
    assert!(asked.await.unwrap().is_none());
    process.restart().await;
    assert_eq!(process.rollouts().await.len(), before);
    let id = process.roll_out(wish).await;
    process.kill();
    assert_eq!(process.rollouts().await.len(), before + 1);
    id
}

/// Killed over the order: it was not given. Given again, and killed at once.
async fn ordered(process: &mut Process, id: RolloutId, order: &str) {
    let (path, state) = (format!("rollouts/{id}/{order}"), process.rollout(id).await.0.state);
    process.hold_line(&format!("NEW.kind = 'order' AND NEW.word = '{order}'")).await;
    let asked = process.ask(&path, &json!({}));
    process.kill_hanging().await;
    assert!(asked.await.unwrap().is_none());
    assert_eq!(process.rollout(id).await.0.state, state);
    process.restart().await;
    process.post(&path, &json!({})).await;
    process.kill();
    assert!(process.lines(id).await.iter().any(|line| line.word == order));
}

/// Started again and again, and killed at one line after another until the rollout stands there: before the line, or after the next.
async fn through(process: &mut Process, id: RolloutId, end: RolloutState) -> Killed {
    let mut killed = BTreeSet::new();
    for turn in 0.. {
        let (before, began) = (turn % 2 == 0, Instant::now());
        let seen = process.lines(id).await.len();
        if before {
            process.hold_line(&format!("NEW.rollout_id = '{id}' AND NEW.seq = {}", seen + 1)).await;
        } else {
            process.let_go().await;
        }
        process.start();
        let over = began + Duration::from_secs(120);
        let stands = loop {
            let now = process.lines(id).await.len();
            let stands = process.rollout(id).await.0.state == end;
            if before && now == seen && process.is_hanging().await || !before && (stands || now > seen + 1) {
                process.kill();
                break stands;
            }
            if stands {
                break true;
            }
            assert!(Instant::now() < over, "it stands still\n{}", process.history(id).await);
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        // More may have been written until it was dead.
        let now = process.lines(id).await.len();
        if before && !stands {
            killed.insert(seen);
        } else if !before {
            killed.extend(seen..now);
        }
        tell(&format!("rollout with {now} lines, {}", if before { "over the next" } else { "after the last" }), began);
        if stands {
            process.let_go().await;
            if !before {
                process.start();
            }
            process.ready().await;
            let lines = process.lines(id).await;
            assert_eq!(process.rollout(id).await.0.state, end);
            return killed.iter().filter_map(|at| lines.get(*at)).map(|l| (l.kind.to_string(), l.word.clone())).collect();
        }
    }
    unreachable!("turns do not end by themselves")
}

fn seen(killed: &Killed, wanted: &[(&str, &str)]) {
    for (kind, word) in wanted {
        assert!(killed.contains(&((*kind).to_owned(), (*word).to_owned())), "never killed at {kind} {word}: {killed:?}");
    }
}
