// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases that work: everybody gets them, wave by wave.

use flotta::{
    error::Error,
    fleet::{
        Policy, Scope,
        policy::Hold,
        rollout::{MemberState, RolloutEventKind, RolloutState},
    },
    rollouts::{
        orders::{self, MemberOrder, Order},
        request::{self, KnobsRequest, Request, RingRequest},
        watch::Watcher,
    },
    store,
};
use rstest::rstest;

use super::{Rig, request as everybody, slug};
use crate::support::{full, store::Kind};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_good_release_reaches_everybody_wave_by_wave(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
    #[values("none", "schema")] migration: &str,
) {
    let Some(rig) = Rig::start(kind, 12).await else { return };
    rig.release("6.9", &[]).await;
    let rollout = rig.begin(&everybody("6.9", migration)).await;
    assert_eq!(rollout.waves, ["1", "25%", "100%"]);
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    let outcome = rig.outcome(rollout.id).await;
    assert_eq!(outcome.len(), 12);
    assert!(outcome.values().all(|o| *o == (MemberState::Succeeded, "6.9".to_owned())), "{outcome:?}");
    assert!(rig.flights(rollout.id).await.values().all(|f| *f == (1, 0)));
    rig.all_well().await;

    // A wave begins only after the record of the gate before it.
    let events = rig.events(rollout.id).await;
    let (_, members) = rig.whole(rollout.id).await;
    let mut gates = 0;
    for e in &events {
        if e.kind == RolloutEventKind::Gate {
            gates += 1;
            assert!(e.evidence["succeeded"].as_u64().unwrap() > 0, "{e:?}");
        }
        if e.word == "updating" {
            assert!(members.iter().find(|m| m.slug.as_str() == e.slug).unwrap().wave <= gates, "{e:?}");
        }
    }
    assert_eq!(gates, 2);

    // All the way back: without data at once, with it only by somebody's word.
    let tools = &rig.fleet.app.tools;
    orders::give(tools, rollout.id, Order::Revert { lose_data: false }, "anna").await.unwrap();
    let state = rig.run(rollout.id).await;
    if migration == "schema" {
        assert_eq!(state, RolloutState::RevertBlocked, "{}", rig.told(rollout.id).await);
        let (_, members) = rig.whole(rollout.id).await;
        assert!(members.iter().all(|m| m.state == MemberState::NeedsApproval));
        orders::give_member(tools, rollout.id, members[3].instance, MemberOrder::Approve, "anna").await.unwrap();
        assert_eq!(rig.run(rollout.id).await, RolloutState::RevertBlocked);
        assert_eq!(rig.whole(rollout.id).await.1[3].state, MemberState::Reverted, "{}", rig.told(rollout.id).await);
        orders::give(tools, rollout.id, Order::Revert { lose_data: true }, "anna").await.unwrap();
        assert_eq!(rig.run(rollout.id).await, RolloutState::Reverted, "{}", rig.told(rollout.id).await);
    } else {
        assert_eq!(state, RolloutState::Reverted, "{}", rig.told(rollout.id).await);
    }
    assert!(rig.outcome(rollout.id).await.values().all(|o| *o == (MemberState::Reverted, "6.8-1".to_owned())));
    rig.flights(rollout.id).await;
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_held_has_a_turn_later_and_stops_nobody() {
    let rig = Rig::start(Kind::Sqlite, 4).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let all = store::instances::all(&tools.store, &Scope::Fleet).await.unwrap();
    let now = tools.clock.now();
    let until = now + jiff::SignedDuration::from_hours(2);
    let hold = Some(Hold { reason: "val".into(), until: Some(until), by: "anna".into(), since: now });
    store::policies::put(&tools.store, &Scope::Fleet, &all[2], &Policy { hold, ..Policy::none(all[2].id) }, now).await.unwrap();
    let window = Some("Mon 10:00-11:00".parse().unwrap());
    store::policies::put(&tools.store, &Scope::Fleet, &all[0], &Policy { window, ..Policy::none(all[0].id) }, now).await.unwrap();
    let rollout = rig.begin(&everybody("6.9", "none")).await;
    // The canary's window opens two hours from now: until then nothing happens, and nobody is asked.
    let mut watcher = Watcher::new(tools.clone());
    for _ in 0..20 {
        rig.turn(&mut watcher, usize::MAX).await;
    }
    let (stands, members) = rig.whole(rollout.id).await;
    assert_eq!((stands.state, members[0].state), (RolloutState::Running, MemberState::Pending));
    rig.fleet.clock.set("2026-11-23T09:00:00Z".parse().unwrap());
    assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{}", rig.told(rollout.id).await);
    let (_, members) = rig.whole(rollout.id).await;
    let exposed = members.iter().find(|m| m.slug.as_str() == slug(2)).unwrap().exposed_at.unwrap();
    assert!(exposed >= until, "{exposed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pauses_opens_gates_and_leaves_somebody_out() {
    let rig = Rig::start(Kind::Sqlite, 6).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let mut asked = everybody("6.9", "none");
    asked.knobs.manual_gates = Some(true);
    asked.rings = vec![RingRequest { name: "early".into(), municipalities: vec![slug(4), slug(5)] }];
    let rollout = rig.begin(&asked).await;
    assert_eq!(rollout.waves[0], "early");
    assert_eq!(rig.run(rollout.id).await, RolloutState::Paused);
    assert_eq!(rig.whole(rollout.id).await.0.why.to_string(), "manual-gate");
    let last = rig.whole(rollout.id).await.1.last().unwrap().instance;
    orders::give_member(tools, rollout.id, last, MemberOrder::Skip, "anna").await.unwrap();
    for gate in 1.. {
        orders::give(tools, rollout.id, Order::Resume, "anna").await.unwrap();
        if rig.run(rollout.id).await == RolloutState::Completed {
            assert_eq!(gate, rollout.waves.len() - 1, "one agreement opens one gate");
            break;
        }
    }
    let states: Vec<_> = rig.whole(rollout.id).await.1.iter().map(|m| m.state).collect();
    assert_eq!(states.iter().filter(|s| **s == MemberState::Succeeded).count(), 5);
    assert_eq!(states.last(), Some(&MemberState::Skipped));
    // What is over takes no orders but one.
    for order in [Order::Pause, Order::Resume, Order::Halt] {
        assert!(matches!(orders::give(tools, rollout.id, order, "anna").await, Err(Error::Conflict(_))), "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_once_a_halt_is_written() {
    let rig = Rig::start(Kind::Sqlite, 8).await.unwrap();
    rig.release("6.9", &[]).await;
    let tools = &rig.fleet.app.tools;
    let rollout = rig.begin(&Request { waves: vec!["100%".into()], ..everybody("6.9", "none") }).await;
    // Updates are started but not worked on; the halt comes between.
    let mut watcher = Watcher::new(tools.clone());
    watcher.round().await.unwrap();
    assert_eq!(rig.whole(rollout.id).await.1.iter().filter(|m| m.state == MemberState::Updating).count(), 4);
    orders::give(tools, rollout.id, Order::Halt, "anna").await.unwrap();
    assert_eq!(rig.run(rollout.id).await, RolloutState::Halted, "{}", rig.told(rollout.id).await);
    let states: Vec<_> = rig.whole(rollout.id).await.1.iter().map(|m| m.state).collect();
    assert_eq!(states.iter().filter(|s| **s == MemberState::Succeeded).count(), 4);
    assert_eq!(states.iter().filter(|s| **s == MemberState::Pending).count(), 4);
    super::nothing_begins_after_the_halt(&rig.events(rollout.id).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_in_one_rollout_at_a_time() {
    let rig = Rig::start(Kind::Sqlite, 2).await.unwrap();
    rig.release("6.9", &[]).await;
    rig.release("7.0", &[]).await;
    let tools = &rig.fleet.app.tools;
    let first = rig.begin(&Request { municipalities: vec![slug(0)], ..everybody("6.9", "none") }).await;
    let refused = request::start(tools, &Request { municipalities: vec![slug(0)], ..everybody("7.0", "none") }, "bo").await.unwrap_err();
    assert!(matches!(&refused, Error::Invalid(e) if e[0].code == "nobody" && e[0].message.contains("elsewhere")), "{refused}");
    let second = rig.begin(&everybody("7.0", "none")).await;
    assert_eq!(second.members, 1, "the other one only");
    orders::give(tools, first.id, Order::Halt, "anna").await.unwrap();
    assert_eq!(rig.run(first.id).await, RolloutState::Halted);
    let third = rig.begin(&Request { municipalities: vec![slug(0)], ..everybody("7.0", "none") }).await;
    assert_eq!(third.members, 1);
    // The first one would have to go on with an instance that is another's by now.
    let refused = orders::give(tools, first.id, Order::Revert { lose_data: false }, "anna").await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(e) if e.code == "rollout-live"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_plan_takes_over_from_one_that_is_paused() {
    let rig = Rig::start(Kind::Sqlite, 6).await.unwrap();
    rig.release("6.9", &[]).await;
    let mut asked = everybody("6.9", "none");
    asked.knobs.manual_gates = Some(true);
    let first = rig.begin(&asked).await;
    assert_eq!(rig.run(first.id).await, RolloutState::Paused, "{}", rig.told(first.id).await);
    let rest = Request { parent: Some(first.id.text()), ..everybody("6.9", "none") };
    let plan = request::prepare(&rig.fleet.app.tools, &rest).await.unwrap().plan;
    assert_eq!(plan.members.len(), 5, "who has the release is not meant, who waits for it is");
    let second = rig.begin(&rest).await;
    assert_eq!(rig.run(second.id).await, RolloutState::Completed, "{}", rig.told(second.id).await);
    assert_eq!(rig.whole(first.id).await.0.state, RolloutState::Superseded);
    let resumed = orders::give(&rig.fleet.app.tools, first.id, orders::Order::Resume, "anna").await;
    assert!(resumed.is_err(), "it is over");
    rig.all_well().await;
}

/// What goes on elsewhere on the same database server counts: nothing begins over the cap, and all of it in the end.
#[tokio::test(flavor = "multi_thread")]
async fn two_rollouts_share_what_one_database_server_bears() {
    let rig = Rig::start(Kind::Sqlite, 8).await.unwrap();
    rig.release("6.9", &[]).await;
    let half = |from: usize| Request {
        municipalities: (from..from + 4).map(slug).collect(),
        waves: vec!["100%".into()],
        knobs: KnobsRequest { in_flight: Some(16), ..everybody("6.9", "none").knobs },
        ..everybody("6.9", "none")
    };
    let (one, two) = (rig.begin(&half(0)).await, rig.begin(&half(4)).await);
    assert_eq!(rig.run(one.id).await, RolloutState::Completed, "{}", rig.told(one.id).await);
    assert_eq!(rig.run(two.id).await, RolloutState::Completed, "{}", rig.told(two.id).await);
    rig.all_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_request_is_told_at_once() {
    let rig = Rig::start(Kind::Sqlite, 1).await.unwrap();
    let wrong = Request {
        release: "nope".into(),
        municipalities: vec!["nowhere".into()],
        environment: Some("moon".into()),
        from: Some("nope".into()),
        waves: vec!["all".into()],
        schedule: Some("fast".into()),
        parent: Some("x".into()),
        knobs: KnobsRequest { in_flight: Some(0), rehearse: Some("skip".into()), ..KnobsRequest::default() },
        ..Request::default()
    };
    let Err(Error::Invalid(errors)) = request::prepare(&rig.fleet.app.tools, &wrong).await else { panic!("taken") };
    let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
    assert_eq!(
        fields,
        ["release", "from", "environment", "schedule", "parent", "knobs.in_flight", "knobs.migration", "waves", "municipalities"]
    );
    assert!(errors.iter().all(|e| !e.fix.is_empty()));
}

/// The same content under another name: nothing may fail, nothing may stop. Not a few runs, since what goes wrong by chance
/// goes wrong seldom.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_again_and_again_never_fails() {
    let (municipalities, times) = if full() { (300, 20) } else { (30, 4) };
    let rig = Rig::start(Kind::Sqlite, municipalities).await.unwrap();
    for time in 0..times {
        let name = format!("same-{time}");
        rig.release(&name, &[]).await;
        let mut asked = everybody(&name, ["none", "data", "schema"][time % 3]);
        asked.knobs.in_flight = Some(16);
        let rollout = rig.begin(&asked).await;
        assert_eq!(rig.run(rollout.id).await, RolloutState::Completed, "{time}: {}", rig.told(rollout.id).await);
        let (rollout, members) = rig.whole(rollout.id).await;
        assert_eq!(rollout.failures, 0);
        assert!(members.iter().all(|m| m.state == MemberState::Succeeded && m.blame.is_none() && m.attempts == 1), "{time}");
        assert!(!rig.events(rollout.id).await.iter().any(|e| e.kind == RolloutEventKind::Fault));
    }
    rig.all_well().await;
}
