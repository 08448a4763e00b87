// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `kill -9` of the real binary on the real engine, at every step of every workflow, at every line of a rollout's history, and
//! while the platform is first made. Started again, it ends every operation as the journal's rules say; nothing is left half done, and
//! nothing was done twice. The lists of steps are the code's own, so a new step is tried without being named here.

mod notices;
mod platform;
mod rollouts;
mod towns;
mod traces;
mod updates;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use flotta::{
    fleet::{Desired, Direction, InstanceState, Operation, OperationId, OperationKind, OperationState, known},
    onboarding::workflows,
    workflow::Commit,
};
use serde_json::json;

use crate::support::process::{Point, Process};

/// A workflow's steps, and how many of them come up to the point of no undo.
fn steps(kind: OperationKind) -> (Vec<&'static str>, usize) {
    let mut all = workflows::all().into_iter().chain(flotta::rollouts::workflows::all());
    let workflow = all.find(|w| w.kind == kind).unwrap();
    let names = workflow.names();
    let undoable = match workflow.commit {
        Commit::Never => names.len(),
        Commit::After(step) => workflow.position(step).unwrap() + 1,
        Commit::FromStart => 0,
    };
    (names, undoable)
}

/// Municipalities for the cells, each with a code of its own.
struct Names(std::slice::Iter<'static, known::Known>);

struct Name {
    slug: String,
    known: &'static known::Known,
}

impl Names {
    fn new() -> Self {
        Self(known::all().iter())
    }
    fn next(&mut self) -> Name {
        // Traces are told apart by slug, so none may be part of another.
        let slugs: Vec<_> = known::all().iter().map(|k| known::suggested_slug(k.short)).collect();
        let alone =
            |slug: &String| slugs.iter().all(|other| other == slug || !other.contains(slug.as_str()) && !slug.contains(other.as_str()));
        self.0
            .find_map(|known| Some(known::suggested_slug(known.short)).filter(alone).map(|slug| Name { slug, known }))
            .expect("fewer cells than municipalities")
    }
}

impl Name {
    fn host(&self) -> String {
        format!("{}.localhost", self.slug)
    }
}

async fn onboard(process: &Process, name: &Name) -> OperationId {
    let wish =
        json!({"slug": name.slug, "code": name.known.code, "domain": name.host(), "admin_email": format!("webb@{}.example.se", name.slug)});
    process.begin("municipalities", &wish).await
}

/// The front page, in Swedish and the municipality's own.
async fn serves(process: &Process, name: &Name) {
    let (status, page) = process.visit(&name.host()).await;
    assert!(status == 200 && page.contains("lang=\"sv-SE\"") && page.contains(name.known.name), "{}: {status} {page}", name.slug);
}

/// Waits for the end, which must be this one, by a journal that tells it.
async fn ended(process: &Process, id: OperationId, wanted: OperationState, kills: &[&str]) -> Operation {
    let operation = process.ended(id).await;
    assert_eq!(operation.state, wanted, "{}", process.told(id).await);
    traces::journal(process, &operation, &steps(operation.kind).0, kills).await;
    operation
}

/// Nothing is left of it.
async fn nothing(process: &Process, operation: &Operation) {
    let left = traces::left(process, operation).await;
    assert!(left.is_empty(), "{left:#?}\n{}", process.told(operation.id).await);
    assert_eq!(process.visit_plainly(&format!("{}.localhost", operation.slug)).await, 404);
}

/// At the end of a test: no operation waits or was set aside, nothing was put right that was not wrong, the neighbour serves.
async fn settled(process: &Process, neighbour: &Name) {
    for operation in process.operations().await {
        let well = matches!(operation.state, OperationState::Done | OperationState::Undone) && operation.kind != OperationKind::Repair;
        assert!(well, "{}", process.told(operation.id).await);
    }
    serves(process, neighbour).await;
}

/// What was there at the kill is there still, the same: all that earlier steps made, and what this one made if it was done.
fn same(before: &BTreeMap<&'static str, String>, after: &BTreeMap<&'static str, String>, names: &[&str], step: &str, point: Point) {
    let at = names.iter().position(|name| *name == step).unwrap() + usize::from(point == Point::AfterEffect);
    for name in &names[..at] {
        if let Some(what) = before.get(name) {
            assert!(after.get(name) == Some(what), "`{name}` was done again after a kill at `{step}`, {point:?}");
        }
    }
}

/// The instance's container was made and removed so often.
fn container(process: &Process, operation: &Operation, made: usize, removed: usize) {
    let name = format!("{}-{}-production-1", process.fleet, operation.slug);
    assert_eq!((process.heard("create", &name), process.heard("destroy", &name)), (made, removed), "{name} made and removed");
}

/// No container or schema that only exists while something is done.
async fn no_scaffold(process: &Process, operation: &Operation) {
    let left = traces::left(process, operation).await;
    let scaffold = |line: &&String| ["template", "_chk", "-archive"].iter().any(|part| line.contains(part));
    assert_eq!(left.iter().find(scaffold), None, "{}", process.told(operation.id).await);
}

fn tell(what: &str, began: Instant) {
    eprintln!("killed: {what} ({:.1} s)", began.elapsed().as_secs_f32());
}

/// Waits for something that is there soon.
async fn until(process: &Process, what: &str, mut there: impl FnMut() -> bool) {
    let over = Instant::now() + Duration::from_secs(60);
    while !there() {
        assert!(Instant::now() < over, "no {what}\n{}", process.log());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Killed at every step, at both points: resumed and done.
#[tokio::test(flavor = "multi_thread")]
async fn onboarding_is_resumed() {
    let (names, _) = steps(OperationKind::Onboard);
    let mut process = Process::up().await;
    let mut slugs = Names::new();
    let neighbour = slugs.next();
    template(&mut process, &neighbour).await;
    for step in &names {
        for point in [Point::AfterIntent, Point::AfterEffect] {
            let (name, began) = (slugs.next(), Instant::now());
            process.hold(&name.slug, OperationKind::Onboard, step, point, Direction::Forward).await;
            let id = onboard(&process, &name).await;
            let at = process.kill_at(id, step, point).await;
            let operation = process.operation(id).await;
            let instance = process.instance(operation.instance).await.unwrap();
            let before = traces::made(&process, &instance, &operation);
            process.restart().await;
            let operation = ended(&process, id, OperationState::Done, &[step]).await;
            serves(&process, &name).await;
            same(&before, &traces::made(&process, &instance, &operation), &names, step, point);
            assert_eq!(process.instance(instance.id).await.unwrap().state, InstanceState::Running);
            container(&process, &operation, 1, 0);
            no_scaffold(&process, &operation).await;
            tell(&format!("onboard {step} {at}: done"), began);
            if at == "found done" {
                break;
            }
        }
    }
    settled(&process, &neighbour).await;
}

/// Only the first onboarding of a release makes the template: killed while that is made.
async fn template(process: &mut Process, name: &Name) {
    let began = Instant::now();
    let id = onboard(process, name).await;
    let made = format!("create {}-template-", process.fleet);
    until(process, "template", || process.has_heard(&made)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    process.kill();
    assert_eq!(process.operation(id).await.step, "install");
    process.restart().await;
    let operation = ended(process, id, OperationState::Done, &["install"]).await;
    serves(process, name).await;
    no_scaffold(process, &operation).await;
    tell("onboard install while the template is made: done", began);
}

/// Killed at every step that can be undone, and away until the time for the onboarding was over; then killed again while that
/// step is undone: undone to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn onboarding_is_undone() {
    let (names, undoable) = steps(OperationKind::Onboard);
    let mut process = Process::up().await;
    let mut slugs = Names::new();
    let neighbour = slugs.next();
    let id = onboard(&process, &neighbour).await;
    ended(&process, id, OperationState::Done, &[]).await;
    let back = [Point::AfterIntent, Point::AfterEffect, Point::BeforeIntent].into_iter().cycle();
    for ((at, step), again) in names[..undoable].iter().enumerate().zip(back) {
        let (name, began) = (slugs.next(), Instant::now());
        // What is past the point of no undo is not undone for being late.
        let point = if at + 1 == undoable { Point::BeforeIntent } else { Point::Within };
        process.hold(&name.slug, OperationKind::Onboard, step, point, Direction::Forward).await;
        let id = onboard(&process, &name).await;
        let first = process.kill_at(id, step, point).await;
        process.be_late(id).await;
        let second = process.kill_again_at(id, step, again, Direction::Back).await;
        assert_eq!(process.operation(id).await.direction, Direction::Back);
        process.restart().await;
        let operation = ended(&process, id, OperationState::Undone, &[step, step]).await;
        nothing(&process, &operation).await;
        let made = process.heard("create", &format!("{}-{}-production-1", process.fleet, name.slug));
        assert!(made <= 1);
        container(&process, &operation, made, made);
        tell(&format!("onboard {step} {first}, too late, and on the way back {second}: undone"), began);
    }
    settled(&process, &neighbour).await;
}

/// Killed at every step, and again at the same step while it goes on with it: done, with the final archive and nothing else
/// left. Killed at a step that can be undone and away until the time was over: as before, and serving.
#[tokio::test(flavor = "multi_thread")]
async fn offboarding() {
    let (names, undoable) = steps(OperationKind::Offboard);
    let mut process = Process::up().await;
    let mut slugs = Names::new();
    let all: Vec<_> = (0..names.len() + undoable + 1).map(|_| slugs.next()).collect();
    let mut begun = Vec::new();
    for name in &all {
        begun.push(onboard(&process, name).await);
    }
    for id in begun {
        ended(&process, id, OperationState::Done, &[]).await;
    }
    let (neighbour, cells) = all.split_first().unwrap();
    let (gone, kept) = cells.split_at(names.len());
    for (name, step) in gone.iter().zip(&names) {
        let began = Instant::now();
        process.hold(&name.slug, OperationKind::Offboard, step, Point::Within, Direction::Forward).await;
        let id = offboard(&process, name).await;
        let first = process.kill_at(id, step, Point::Within).await;
        let second = process.kill_again_at(id, step, Point::AfterEffect, Direction::Forward).await;
        let operation = process.operation(id).await;
        let instance = process.instance(operation.instance).await.unwrap();
        let before = traces::made(&process, &instance, &operation);
        process.restart().await;
        let operation = ended(&process, id, OperationState::Done, &[step, step]).await;
        let archived = traces::made(&process, &instance, &operation);
        assert_eq!(archived.keys().copied().collect::<Vec<_>>(), ["final-archive"]);
        assert!(before.get("final-archive").is_none_or(|was| archived["final-archive"] == *was), "archived twice");
        let folder = format!("archives/{}", instance.key());
        let left = traces::left(&process, &operation).await;
        let files = ["", "/database.sql.zst", "/manifest.json", "/uploads.tar.zst"].map(|file| format!("file {folder}/{id}{file}"));
        let row = format!("row backup final {}/{id} proved true", instance.key());
        let wanted: Vec<_> = std::iter::once(format!("file {folder}")).chain(files).chain([row]).collect();
        assert_eq!(left, wanted, "{}", process.told(id).await);
        assert_eq!(process.visit_plainly(&name.host()).await, 404);
        container(&process, &operation, 1, 1);
        tell(&format!("offboard {step} {first}, and again {second}: done"), began);
    }
    for (at, (name, step)) in kept.iter().zip(&names).enumerate() {
        let began = Instant::now();
        let point = if at + 1 == undoable { Point::BeforeIntent } else { Point::Within };
        process.hold(&name.slug, OperationKind::Offboard, step, point, Direction::Forward).await;
        let id = offboard(&process, name).await;
        let first = process.kill_at(id, step, point).await;
        process.be_late(id).await;
        let second = process.kill_again_at(id, step, Point::AfterEffect, Direction::Back).await;
        process.restart().await;
        let operation = ended(&process, id, OperationState::Undone, &[step, step]).await;
        let instance = process.instance(operation.instance).await.unwrap();
        assert_eq!((instance.desired, instance.state), (Desired::Running, InstanceState::Running));
        serves(&process, name).await;
        no_scaffold(&process, &operation).await;
        let archive = process.home.join("archives").join(instance.key()).join(id.text());
        assert!(!archive.exists(), "{}", process.told(id).await);
        container(&process, &operation, 1, 0);
        tell(&format!("offboard {step} {first}, too late, and on the way back {second}: undone"), began);
    }
    settled(&process, neighbour).await;
}

async fn offboard(process: &Process, name: &Name) -> OperationId {
    process.begin(&format!("municipalities/{}/offboard", name.slug), &json!({"confirm": name.slug, "keep_backups": false})).await
}

/// Killed at every step and both points, by turns of suspending and resuming the same municipality: done. Away for too long
/// while suspending: serving as before.
#[tokio::test(flavor = "multi_thread")]
async fn suspending_and_resuming() {
    let (suspend, resume) = (steps(OperationKind::Suspend).0, steps(OperationKind::Resume).0);
    let mut process = Process::up().await;
    let mut slugs = Names::new();
    let (neighbour, name) = (slugs.next(), slugs.next());
    for id in [onboard(&process, &neighbour).await, onboard(&process, &name).await] {
        ended(&process, id, OperationState::Done, &[]).await;
    }
    for (at, step) in suspend.iter().enumerate() {
        let point = if at + 1 == suspend.len() { Point::BeforeIntent } else { Point::Within };
        turn(&mut process, &name, OperationKind::Suspend, step, point, true).await;
        serves(&process, &name).await;
    }
    let points = [Point::AfterIntent, Point::AfterEffect];
    let mut suspending = points.iter().flat_map(|point| suspend.iter().map(move |step| (*step, *point))).cycle();
    for step in &resume {
        for point in points {
            let (stops, when) = suspending.next().unwrap();
            let (operation, _) = turn(&mut process, &name, OperationKind::Suspend, stops, when, false).await;
            assert_eq!(process.visit(&name.host()).await.0, 503);
            assert_eq!(process.instance(operation.instance).await.unwrap().state, InstanceState::Suspended);
            let (operation, at) = turn(&mut process, &name, OperationKind::Resume, step, point, false).await;
            serves(&process, &name).await;
            assert_eq!(process.instance(operation.instance).await.unwrap().state, InstanceState::Running);
            container(&process, &operation, 1, 0);
            if at == "found done" {
                break;
            }
        }
    }
    settled(&process, &neighbour).await;
}

/// Suspends or resumes, killed at that point; done afterwards, or undone where it was away for too long.
async fn turn(process: &mut Process, name: &Name, kind: OperationKind, step: &str, point: Point, late: bool) -> (Operation, &'static str) {
    let began = Instant::now();
    process.hold(&name.slug, kind, step, point, Direction::Forward).await;
    let id = process.begin(&format!("municipalities/{}/{kind}", name.slug), &json!({})).await;
    let at = process.kill_at(id, step, point).await;
    let wanted = if late { OperationState::Undone } else { OperationState::Done };
    if late {
        process.be_late(id).await;
    }
    process.restart().await;
    let operation = ended(process, id, wanted, &[step]).await;
    tell(&format!("{kind} {step} {at}{}: {wanted}", if late { ", too late" } else { "" }), began);
    (operation, at)
}
