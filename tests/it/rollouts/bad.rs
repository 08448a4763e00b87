// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases that do not work, and what is not the release's fault.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use flotta::{
    drivers::world::{Fault, Rule, World},
    fleet::{
        Direction, Operation, RolloutId,
        rollout::{Blame, MemberState, RolloutState},
    },
    rollouts::{
        orders::{self, MemberOrder, Order},
        request::Request,
        watch::Watcher,
    },
    tasks::keeper,
    workflow::interrupt::{Interrupt, Point},
};
use rstest::rstest;

use super::{FAULT, Rig, WANTS, nothing_begins_after_the_halt, request as everybody, slug};
use crate::support::{simulated::FLEET, store::Kind};

/// Until the first of a rollout is watched.
async fn until_watched(rig: &Rig, rollout: RolloutId) -> Watcher {
    let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
    while rig.whole(rollout).await.1[0].state != MemberState::Soaking {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    watcher
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_release_is_stopped_at_the_canary_and_all_is_as_before(
    #[values("fatal", "text", "slow", "install", "silent")] fault: &str,
    #[values("none", "data", "schema")] migration: &str,
) {
    let rig = Rig::start(Kind::Sqlite, 8).await.unwrap();
    let labels: &[(&str, &str)] = if migration == "schema" { &[(FAULT, fault), (WANTS, "60999")] } else { &[(FAULT, fault)] };
    rig.release("bad", labels).await;
    let rollout = rig.begin(&everybody("bad", migration)).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!(stands.failures, 1, "{}", rig.told(rollout.id).await);
    let told = rig.told(rollout.id).await;
    assert!(matches!(members[0].state, MemberState::Unchanged | MemberState::RolledBack), "{told}");
    assert_eq!(members[0].blame, Some(Blame::Release), "{told}");
    assert!(!members[0].reason.is_empty(), "{told}");
    assert!(members[1..].iter().all(|m| m.state == MemberState::Pending && m.attempts == 0), "{told}");
    nothing_begins_after_the_halt(&rig.events(rollout.id).await);
    assert!(rig.outcome(rollout.id).await.values().all(|(_, release)| release == "6.8-1"), "{told}");
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_times_as_slow_is_stopped_however_fast_that_still_is() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("bad", &[(FAULT, "slower")]).await;
    let rollout = rig.begin(&everybody("bad", "none")).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
    let (_, members) = rig.whole(rollout.id).await;
    assert!(members[0].blame == Some(Blame::Release) && members[0].reason.contains("3.0 times"), "{:?}", members[0]);
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_ill_before_is_not_blamed_on_the_release() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("6.9", &[]).await;
    // The canary's log-in page has not answered for weeks.
    rig.fleet.world.inject(Rule::on("wordpress.page", Fault::Fail500).subject(format!("{}.localhost", slug(0))).detail("/wp-login.php"));
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert_eq!(rig.whole(rollout.id).await.0.failures, 0);
    assert!(rig.outcome(rollout.id).await.values().all(|o| *o == (MemberState::Succeeded, "6.9".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_falls_ill_while_it_is_watched_goes_back_and_a_canary_halts() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    let mut watcher = until_watched(&rig, rollout.id).await;
    let canary = rig.whole(rollout.id).await.1[0].slug.to_string();
    let fault = Rule::on("wordpress.page", Fault::Fail500).subject(format!("{canary}.localhost"));
    rig.fleet.world.inject(fault);
    // What was found is written before anything is done about it; the old release is well.
    while rig.whole(rollout.id).await.1[0].blame.is_none() {
        rig.turn(&mut watcher, 1).await;
    }
    assert_eq!(rig.whole(rollout.id).await.1[0].state, MemberState::Soaking);
    rig.fleet.world.clear_faults();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!((stands.failures, members[0].state, members[0].blame), (1, MemberState::RolledBack, Some(Blame::Release)));
    assert!(rig.outcome(rollout.id).await.values().all(|(_, release)| release == "6.8-1"));
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_look_is_no_illness() {
    let rig = Rig::start(Kind::Sqlite, 2).await.unwrap();
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    until_watched(&rig, rollout.id).await;
    rig.fleet.world.inject(Rule::on("wordpress.page", Fault::Fail500).subject(format!("{}.localhost", slug(0))).until(1));
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_one_with_a_fault_of_its_own_goes_back_and_the_rest_is_done() {
    let rig = Rig::start(Kind::Sqlite, 8).await.unwrap();
    rig.release("6.9", &[]).await;
    let mut asked = Request { waves: vec!["4".into(), "100%".into()], ..everybody("6.9", "none") };
    asked.knobs.in_flight = Some(1);
    let rollout = rig.begin(&asked).await;
    let mut watcher = Watcher::new(rig.fleet.app.tools.clone());
    // Four are through; the fifth has a plugin that the release does not bear.
    while rig.whole(rollout.id).await.0.gates == 0 {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    let poor = rig.whole(rollout.id).await.1[5].clone();
    let container = format!("{FLEET}-{}-production", poor.slug);
    while rig.whole(rollout.id).await.1[5].state != MemberState::Soaking {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    assert!(rig.fleet.world.container_names().iter().any(|name| name.starts_with(&container)));
    rig.fleet.world.inject(Rule::on("wordpress.page", Fault::Fail500).subject(format!("{}.localhost", poor.slug)));
    while rig.whole(rollout.id).await.1[5].blame.is_none() {
        rig.turn(&mut watcher, 1).await;
    }
    rig.fleet.world.clear_faults();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!(stands.failures, 0, "an instance's own fault burns no budget");
    assert_eq!((members[5].state, members[5].blame), (MemberState::RolledBack, Some(Blame::Instance)));
    assert_eq!(members.iter().filter(|m| m.state == MemberState::Succeeded).count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disturbed_platform_pauses_and_nobody_is_judged_by_it() {
    let rig = Rig::start(Kind::Sqlite, 5).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    until_watched(&rig, rollout.id).await;
    rig.fleet.world.inject(Rule::on("wordpress.*", Fault::Unreachable));
    rig.fleet.world.inject(Rule::on("database.*", Fault::Unreachable));
    assert_eq!(rig.run(rollout.id).await, RolloutState::Paused, "{}", rig.told(rollout.id).await);
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!((stands.why.to_string().as_str(), stands.failures), ("disturbed", 0));
    assert_eq!((members[0].state, members[0].blame), (MemberState::Soaking, None));
    rig.fleet.world.clear_faults();
    orders::give(tools, rollout.id, Order::Resume, "anna").await.unwrap();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
}

/// What was seen while the platform was disturbed outlasts it: instances are put right after it, and health looks again in its turn.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_judged_just_after_a_disturbance_and_whoever_stays_ill_is() {
    let rig = Rig::start(Kind::Sqlite, 2).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    let mut watcher = until_watched(&rig, rollout.id).await;
    rig.fleet.world.inject(Rule::on("database.*", Fault::Unreachable));
    let canary = rig.whole(rollout.id).await.1[0].slug.to_string();
    let ill = || Rule::on("wordpress.page", Fault::Fail500).subject(format!("{canary}.localhost"));
    rig.fleet.world.inject(ill());
    while rig.whole(rollout.id).await.0.state != RolloutState::Paused {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    rig.fleet.world.clear_faults();
    rig.fleet.world.inject(ill());
    orders::give(tools, rollout.id, Order::Resume, "anna").await.unwrap();
    for _ in 0..6 {
        rig.turn(&mut watcher, usize::MAX).await;
        let (stands, members) = rig.whole(rollout.id).await;
        assert_eq!((stands.state, members[0].blame), (RolloutState::Running, None), "{}", rig.told(rollout.id).await);
    }
    for _ in 0..6 {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    assert_eq!(rig.whole(rollout.id).await.1[0].blame, Some(Blame::Release), "{}", rig.told(rollout.id).await);
}

/// The keeper starts it again; until it has, nobody is to blame.
#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_stopped_while_it_is_watched_is_away() {
    let rig = Rig::start(Kind::Sqlite, 2).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    let mut watcher = until_watched(&rig, rollout.id).await;
    let canary = rig.whole(rollout.id).await.1[0].slug.to_string();
    rig.fleet.world.stop(&format!("{FLEET}-{canary}-production-2")).unwrap();
    for _ in 0..4 {
        rig.turn(&mut watcher, usize::MAX).await;
        let (stands, members) = rig.whole(rollout.id).await;
        assert_eq!((stands.state, members[0].state, members[0].blame), (RolloutState::Running, MemberState::Soaking, None));
    }
    assert_eq!(keeper::repair(tools).await.unwrap(), 1);
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert_eq!(rig.whole(rollout.id).await.0.failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_failed_can_have_another_turn() {
    let rig = Rig::start(Kind::Sqlite, 3).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let rollout = rig.begin(&Request { waves: vec!["2".into(), "100%".into()], ..everybody("6.9", "none") }).await;
    let first = rig.whole(rollout.id).await.1[0].clone();
    orders::give_member(tools, rollout.id, first.instance, MemberOrder::Skip, "anna").await.unwrap();
    orders::give_member(tools, rollout.id, first.instance, MemberOrder::Skip, "anna").await.unwrap();
    orders::give_member(tools, rollout.id, first.instance, MemberOrder::Retry, "anna").await.unwrap();
    assert!(orders::give_member(tools, rollout.id, first.instance, MemberOrder::Approve, "anna").await.is_err());
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    assert!(rig.whole(rollout.id).await.1.iter().all(|m| m.state == MemberState::Succeeded));
}

/// Stops an instance's containers at one point of its update, as they stop when the engine ends.
struct EngineEnds {
    world: World,
    containers: String,
    at: (&'static str, Point),
    over: AtomicBool,
}

impl Interrupt for EngineEnds {
    fn ends(&self, point: Point, operation: &Operation, step: &str, _: Direction) -> bool {
        let here = operation.kind.to_string() == "update" && (step, point) == self.at;
        if here && !self.over.swap(true, Ordering::SeqCst) {
            for name in self.world.container_names().iter().filter(|name| name.starts_with(&self.containers)) {
                self.world.stop(name).unwrap();
            }
        }
        false
    }
}

/// Wherever the engine ends, nobody is left out, and the release is not blamed.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn containers_that_were_stopped_from_outside_are_nobodys_fault(
    #[values("preflight", "quiesce", "snapshot", "start", "migrate", "verify", "switch", "drain", "public-check")] step: &'static str,
    #[values("none", "data")] migration: &str,
) {
    for point in [Point::BeforeIntent, Point::AfterIntent, Point::AfterDone] {
        let rig = Rig::start(Kind::Sqlite, 2).await.unwrap();
        rig.release("6.9", &[]).await;
        let tools = &rig.fleet.app.tools;
        let rollout = rig.begin(&everybody("6.9", migration)).await;
        let mut watcher = Watcher::new(tools.clone());
        let canary = rig.whole(rollout.id).await.1[0].slug.to_string();
        let containers = format!("{FLEET}-{canary}-production");
        let (world, over) = (rig.fleet.world.clone(), AtomicBool::new(false));
        let ends = Arc::new(EngineEnds { world, containers, at: (step, point), over });
        while rig.whole(rollout.id).await.1[0].state != MemberState::Updating {
            watcher.at_most(usize::MAX).await.unwrap();
        }
        rig.work_with(ends.clone()).await;
        // Once no operation works on it, it is the keeper's.
        keeper::repair(tools).await.unwrap();
        rig.work().await;
        let mut came = rig.run(rollout.id).await;
        if came == RolloutState::Paused {
            orders::give(tools, rollout.id, Order::Resume, "anna").await.unwrap();
            came = rig.run(rollout.id).await;
        }
        let told = rig.told(rollout.id).await;
        // What has nothing to do has no intent.
        let passed = ends.over.load(Ordering::SeqCst) || point == Point::AfterIntent;
        assert!(passed, "{point:?} was not passed: {told}");
        assert_eq!((came, rig.whole(rollout.id).await.0.failures), (RolloutState::Completed, 0), "{point:?}: {told}");
        assert!(rig.outcome(rollout.id).await.values().all(|o| *o == (MemberState::Succeeded, "6.9".to_owned())), "{point:?}: {told}");
        rig.all_well().await;
    }
}
