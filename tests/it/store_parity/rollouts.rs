// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts: planned whole, written on one version only, counted, scoped; an operation and its member's move in one.

use flotta::{
    error::Error,
    fleet::{
        Instance, InstanceState, MunicipalityId, Operation, OperationKind, Policy, Release, ReleaseId, Rollout, RolloutId, Scope,
        knobs::Schedule,
        policy::Hold,
        rollout::{Blame, MemberState, Placed, RolloutEventKind, RolloutMember, RolloutState, Why},
        update::{Migration, Move, Version},
    },
    store::{
        PageRequest, Store, operations, policies,
        rollouts::{self, Change, MemberChange, NewEvent},
    },
};
use rstest::rstest;
use serde_json::json;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

fn rollout(to: &Release, members: u32) -> Rollout {
    let knobs = flotta::fleet::knobs::Knobs { in_flight: 2, ..Schedule::Careful.knobs() };
    Rollout {
        id: RolloutId::generate(),
        release: to.id,
        release_name: to.name.clone(),
        state: RolloutState::Running,
        why: Why::Started,
        version: 1,
        budget: knobs.budget_of(members),
        knobs,
        waves: vec!["1".into(), "100%".into()],
        gates: 0,
        agreed: false,
        failures: 0,
        members,
        requested_by: "anna@flotta.test".into(),
        parent: None,
        expected_seconds: 60,
        resumed_at: now(),
        created_at: now(),
        updated_at: now(),
        finished_at: None,
    }
}

fn member(of: &Instance, position: u32, wave: u32) -> RolloutMember {
    RolloutMember {
        position,
        instance: of.id,
        municipality: of.municipality,
        slug: of.slug.clone(),
        environment: of.environment,
        wave,
        placed: Placed::Order,
        from: of.release,
        state: MemberState::Pending,
        blame: None,
        reason: String::new(),
        operation: None,
        update: None,
        migration: None,
        approved: false,
        attempts: 0,
        started_at: None,
        exposed_at: None,
        updated_at: now(),
    }
}

/// Four instances that run, a release to move them to, and a rollout that does.
async fn scene(store: &Store) -> (Vec<Instance>, Release, Rollout, Vec<RolloutMember>) {
    let old = release(store, "6.8-1").await;
    let new = release(store, "6.9-1").await;
    let mut instances = Vec::new();
    for slug in ["ale", "bor", "eda", "mora"] {
        let (_, instance, operation) = onboarded(store, slug, None, old.id).await;
        finish(store, &operation).await;
        instances.push(instance);
    }
    let plan = rollout(&new, 4);
    let members: Vec<_> = (0..).zip(&instances).map(|(at, i)| member(i, at, u32::from(at > 0))).collect();
    rollouts::insert(store, &plan, &members, &NewEvent::of(RolloutEventKind::Order, "start")).await.unwrap();
    (instances, new, plan, members)
}

async fn finish(store: &Store, operation: &Operation) {
    let held = operations::claim(store, operation.id, "me", later(1), later(60)).await.unwrap().unwrap();
    let change = operations::Change {
        state: flotta::fleet::OperationState::Done,
        instance: operations::InstanceChange::Set {
            desired: flotta::fleet::Desired::Running,
            state: InstanceState::Running,
            reason: String::new(),
        },
        ..operations::Change::none(&held)
    };
    operations::record(store, &held, &[], &change, later(2)).await.unwrap();
}

async fn begin(store: &Store, kind: OperationKind, of: &Instance, to: ReleaseId, rollout: RolloutId) -> flotta::error::Result<Operation> {
    let version = |release, generation| Version { release, generation };
    let asked = Move {
        from: version(of.release, 1),
        to: version(to, 2),
        migration: Migration::Data,
        rollout: Some(rollout),
        reverts: None,
        with_data: false,
        drain_seconds: 1,
    };
    let mut operation = operations::blank(kind, of.municipality, of.slug.clone(), of.id, later(10));
    operation.input = asked.input();
    let new = operations::NewOperation { operation, admission: None, state: Some(InstanceState::Updating), idempotency: None };
    operations::start(store, &new).await.map(|s| s.operation)
}

fn code(refused: &Error) -> &str {
    match refused {
        Error::Conflict(e) => &e.code,
        other => panic!("{other}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_stored_whole_and_read_by_scope(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (instances, new, plan, members) = scene(&t.store).await;
    assert_eq!(rollouts::whole(&t.store, plan.id).await.unwrap(), (plan.clone(), members.clone()));
    assert_eq!(rollouts::watched(&t.store).await.unwrap(), [plan.id]);
    assert_eq!(rollouts::bound(&t.store).await.unwrap().len(), 4);

    // Another plan with one of them is refused, all of it.
    let other = rollout(&new, 1);
    let first = NewEvent::of(RolloutEventKind::Order, "start");
    let refused = rollouts::insert(&t.store, &other, &members[2..3], &first).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-live");
    assert!(refused.to_string().contains("eda"));
    assert!(matches!(rollouts::get(&t.store, &Scope::Fleet, other.id).await, Err(Error::NotFound { .. })));

    let own = Scope::Municipalities(vec![instances[1].municipality]);
    let foreign = Scope::Municipalities(vec![MunicipalityId::generate()]);
    assert_eq!(rollouts::members(&t.store, &own, plan.id).await.unwrap(), members[1..2]);
    assert!(rollouts::get(&t.store, &own, plan.id).await.is_ok());
    assert!(matches!(rollouts::get(&t.store, &foreign, plan.id).await, Err(Error::NotFound { .. })));
    let page = PageRequest::default();
    assert_eq!(rollouts::list(&t.store, &own, Some("running"), page).await.unwrap().total, 1);
    assert_eq!(rollouts::list(&t.store, &own, Some("halted"), page).await.unwrap().total, 0);
    assert_eq!(rollouts::list(&t.store, &foreign, None, page).await.unwrap().total, 0);
    let counts = rollouts::counts(&t.store, &Scope::Fleet, &[plan.id]).await.unwrap();
    assert_eq!(counts[&plan.id][&MemberState::Pending], 4);
    assert_eq!(rollouts::counts(&t.store, &own, &[plan.id]).await.unwrap()[&plan.id][&MemberState::Pending], 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_paused_plan_is_superseded_by_the_one_made_from_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (_, new, plan, members) = scene(&t.store).await;
    let next = Rollout { parent: Some(plan.id), ..rollout(&new, 4) };
    let first = NewEvent::of(RolloutEventKind::Order, "start");
    let to = |state, members| Change { state: Some((state, Why::Operator)), members, ..Change::default() };

    // One that goes on keeps its municipalities, and so does one of which something is still watched.
    let refused = rollouts::insert(&t.store, &next, &members, &first).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-live");
    let watched = MemberChange::to(&members[0], MemberState::Soaking);
    rollouts::record(&t.store, (plan.id, 1), &to(RolloutState::Paused, vec![watched]), &[], later(1)).await.unwrap();
    let refused = rollouts::insert(&t.store, &next, &members, &first).await.unwrap_err();
    assert!(refused.to_string().contains("watched"), "{refused}");
    assert_eq!(rollouts::get(&t.store, &Scope::Fleet, plan.id).await.unwrap().state, RolloutState::Paused, "nothing is written");

    let member = RolloutMember { state: MemberState::Soaking, ..members[0].clone() };
    let over = MemberChange::to(&member, MemberState::Succeeded);
    rollouts::record(&t.store, (plan.id, 2), &Change { members: vec![over], ..Change::default() }, &[], later(2)).await.unwrap();
    rollouts::insert(&t.store, &next, &members[1..], &first).await.unwrap();
    let old = rollouts::get(&t.store, &Scope::Fleet, plan.id).await.unwrap();
    assert_eq!((old.state, old.version, old.finished_at.is_some()), (RolloutState::Superseded, 4, true));
    let told = rollouts::events_after(&t.store, &Scope::Fleet, plan.id, 0).await.unwrap().pop().unwrap();
    assert_eq!((told.word.as_str(), told.evidence["rollout"].as_str()), ("superseded", Some(next.id.text().as_str())));
    assert!(rollouts::bound(&t.store).await.unwrap().values().all(|id| *id == next.id));
    assert_eq!(rollouts::watched(&t.store).await.unwrap(), [next.id]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_write_on_an_older_version_writes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (_, _, plan, members) = scene(&t.store).await;
    let failed = MemberChange {
        blame: Some(Blame::Release),
        reason: Some("it shows an error".into()),
        ..MemberChange::to(&members[0], MemberState::Unchanged)
    };
    let change = Change { failures: 1, members: vec![failed], ..Change::default() };
    let line = NewEvent {
        message: "it shows an error".into(),
        ..NewEvent::of(RolloutEventKind::Member, MemberState::Unchanged).about(&members[0])
    };
    assert_eq!(rollouts::record(&t.store, (plan.id, 1), &change, std::slice::from_ref(&line), later(1)).await.unwrap(), 2);
    let after = rollouts::whole(&t.store, plan.id).await.unwrap();
    assert_eq!((after.0.version, after.0.failures), (2, 1));
    assert_eq!(
        (after.1[0].state, after.1[0].blame, after.1[0].reason.as_str()),
        (MemberState::Unchanged, Some(Blame::Release), "it shows an error")
    );

    // The same again, by one who looked before: neither the failure nor the move nor the line is written twice.
    for version in [1, 2, 3] {
        let again = rollouts::record(&t.store, (plan.id, version), &change, std::slice::from_ref(&line), later(2)).await.unwrap_err();
        assert!(matches!(again, Error::StaleLease), "{version}: {again}");
    }
    assert_eq!(rollouts::whole(&t.store, plan.id).await.unwrap(), after);
    assert_eq!(rollouts::events_after(&t.store, &Scope::Fleet, plan.id, 0).await.unwrap().len(), 2);
    let foreign = Scope::Municipalities(vec![members[1].municipality]);
    assert_eq!(rollouts::events_after(&t.store, &foreign, plan.id, 0).await.unwrap().len(), 1, "another municipality's line is not told");

    // A gate is a durable record, and what was agreed to was this one.
    let agree = Change { agreed: true, resumed: true, state: Some((RolloutState::Running, Why::Started)), ..Change::default() };
    rollouts::record(&t.store, (plan.id, 2), &agree, &[], later(3)).await.unwrap();
    let stands = rollouts::get(&t.store, &Scope::Fleet, plan.id).await.unwrap();
    assert_eq!((stands.agreed, stands.gates, stands.resumed_at), (true, 0, later(3)));
    let pass = Change { gate: true, ..Change::default() };
    let gate = NewEvent { evidence: json!({"succeeded": 1}), ..NewEvent::of(RolloutEventKind::Gate, 0) };
    rollouts::record(&t.store, (plan.id, 3), &pass, &[gate], later(4)).await.unwrap();
    let stands = rollouts::get(&t.store, &Scope::Fleet, plan.id).await.unwrap();
    assert_eq!((stands.agreed, stands.gates), (false, 1));
    let last = rollouts::events_after(&t.store, &Scope::Fleet, plan.id, 2).await.unwrap().pop().unwrap();
    assert_eq!((last.seq, last.kind, last.evidence["succeeded"].as_u64()), (3, RolloutEventKind::Gate, Some(1)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_operation_and_its_members_move_are_one(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (i, new, plan, _) = scene(&t.store).await;
    let refused = begin(&t.store, OperationKind::Update, &i[1], new.id, plan.id).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-turn", "before its gate");
    assert!(operations::live_on(&t.store, i[1].id).await.unwrap().is_none(), "nothing of it is left");

    let operation = begin(&t.store, OperationKind::Update, &i[0], new.id, plan.id).await.unwrap();
    let (stands, members) = rollouts::whole(&t.store, plan.id).await.unwrap();
    assert_eq!(stands.version, 2);
    let m = &members[0];
    assert_eq!((m.state, m.operation, m.update, m.attempts), (MemberState::Updating, Some(operation.id), Some(operation.id), 1));
    assert_eq!((m.migration, m.started_at), (Some(Migration::Data), Some(later(10))));
    let refused = begin(&t.store, OperationKind::Update, &i[0], new.id, plan.id).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-turn", "a second one on the same");

    // The cap holds whoever asks.
    let version = rollouts::record(&t.store, (plan.id, 2), &Change { gate: true, ..Change::default() }, &[], later(11)).await.unwrap();
    begin(&t.store, OperationKind::Update, &i[1], new.id, plan.id).await.unwrap();
    let refused = begin(&t.store, OperationKind::Update, &i[2], new.id, plan.id).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-full");
    // What was looked at before it began is old now.
    let stale = rollouts::record(&t.store, (plan.id, version), &Change::default(), &[], later(12)).await.unwrap_err();
    assert!(matches!(stale, Error::StaleLease));

    // After a halt was written, nothing begins.
    let (stands, members) = rollouts::whole(&t.store, plan.id).await.unwrap();
    let ended = |m: &RolloutMember| MemberChange::to(m, MemberState::Soaking);
    let change = Change {
        state: Some((RolloutState::Halting, Why::Operator)),
        members: members[..2].iter().map(ended).collect(),
        ..Change::default()
    };
    rollouts::record(&t.store, (plan.id, stands.version), &change, &[], later(13)).await.unwrap();
    let refused = begin(&t.store, OperationKind::Update, &i[2], new.id, plan.id).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-stopped");
    assert!(operations::live_on(&t.store, i[2].id).await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_starts_at_once_stay_below_the_cap(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (i, new, plan, _) = scene(&t.store).await;
    rollouts::record(&t.store, (plan.id, 1), &Change { gate: true, ..Change::default() }, &[], later(1)).await.unwrap();
    let starts = i.iter().map(|instance| {
        let (store, instance, id) = (t.store.clone(), instance.clone(), plan.id);
        tokio::spawn(async move { begin(&store, OperationKind::Update, &instance, new.id, id).await.is_ok() })
    });
    let begun = futures::future::join_all(starts).await.into_iter().filter(|b| *b.as_ref().unwrap()).count();
    assert_eq!(begun, 2);
    let (stands, members) = rollouts::whole(&t.store, plan.id).await.unwrap();
    assert_eq!(members.iter().filter(|m| m.state == MemberState::Updating).count(), 2);
    assert_eq!(stands.version, 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_sets_its_instances_free(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let (_, new, plan, members) = scene(&t.store).await;
    let over = Change { state: Some((RolloutState::Halted, Why::Quiet)), ..Change::default() };
    rollouts::record(&t.store, (plan.id, 1), &over, &[], later(1)).await.unwrap();
    assert!(rollouts::watched(&t.store).await.unwrap().is_empty());
    assert!(rollouts::bound(&t.store).await.unwrap().is_empty());
    assert_eq!(rollouts::get(&t.store, &Scope::Fleet, plan.id).await.unwrap().finished_at, Some(later(1)));
    let other = rollout(&new, 1);
    let first = NewEvent::of(RolloutEventKind::Order, "start");
    rollouts::insert(&t.store, &other, &members[..1], &first).await.unwrap();
    // The first cannot go on while one of its instances is another's.
    let again = Change { state: Some((RolloutState::Reverting, Why::Operator)), ..Change::default() };
    let refused = rollouts::record(&t.store, (plan.id, 2), &again, &[], later(2)).await.unwrap_err();
    assert_eq!(code(&refused), "rollout-live");
    rollouts::record(&t.store, (other.id, 1), &over, &[], later(3)).await.unwrap();
    rollouts::record(&t.store, (plan.id, 2), &again, &[], later(4)).await.unwrap();
    assert_eq!(rollouts::watched(&t.store).await.unwrap(), [plan.id]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn policies_are_kept_by_instance_and_scoped(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let old = release(&t.store, "6.8-1").await;
    let (_, instance, _) = onboarded(&t.store, "ale", None, old.id).await;
    let none = Policy::none(instance.id);
    assert_eq!(policies::get(&t.store, &Scope::Fleet, &instance).await.unwrap(), none);
    let hold = Hold { reason: "val".into(), until: Some(later(60)), by: "anna".into(), since: now() };
    let window = Some("Mon-Thu 22:00-04:00".parse().unwrap());
    let held = Policy { hold: Some(hold), pin: Some(old.id), window, ..none.clone() };
    policies::put(&t.store, &Scope::Fleet, &instance, &held, now()).await.unwrap();
    assert_eq!(policies::get(&t.store, &Scope::Fleet, &instance).await.unwrap(), held);
    assert_eq!(policies::all(&t.store).await.unwrap(), [(instance.id, held)].into());
    policies::put(&t.store, &Scope::Fleet, &instance, &none, now()).await.unwrap();
    assert_eq!(policies::get(&t.store, &Scope::Fleet, &instance).await.unwrap(), none);
    let foreign = Scope::Municipalities(vec![MunicipalityId::generate()]);
    assert!(matches!(policies::get(&t.store, &foreign, &instance).await, Err(Error::NotFound { .. })));
    assert!(matches!(policies::put(&t.store, &foreign, &instance, &none, now()).await, Err(Error::NotFound { .. })));
}
