// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fleet::{
    Id,
    incident::Cause,
    notice::{ReceiverKind, Tongue},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn receiver(of: Option<MunicipalityId>, after: u32, remind: u32) -> Receiver {
    Receiver {
        id: Id::generate(),
        municipality: of,
        slug: None,
        kind: ReceiverKind::Webhook,
        name: String::new(),
        shown: String::new(),
        language: Tongue::Sv,
        after_minutes: after,
        remind_minutes: remind,
        signing_key: 1,
        old_key_until: None,
        created_at: at(-1000),
    }
}

fn case(kind: CauseKind, owner: Option<MunicipalityId>, touched: &[MunicipalityId], opened: i64) -> Case {
    let cause = Cause { kind, of: "7".into() };
    Case {
        incident: Incident::opened(cause, "x".into(), owner, at(opened)),
        municipalities: touched.iter().copied().chain(owner).collect(),
        instance: None,
    }
}

fn silence(of: Option<MunicipalityId>, from: i64, until: i64) -> Silence {
    Silence {
        id: Id::generate(),
        planned: false,
        municipality: of,
        slug: None,
        check: None,
        from: at(from),
        until: at(until),
        reason: "x".into(),
        by: "x".into(),
        created_at: at(from),
    }
}

/// A world whose clock is turned second by second; what is decided is written, as the store does.
#[derive(Default)]
struct World {
    cases: Vec<Case>,
    receivers: Vec<Receiver>,
    silences: Vec<Silence>,
    works: Vec<Work>,
    told: Vec<Told>,
    made: Vec<(ReceiverId, Timestamp)>,
    log: Vec<(i64, Message)>,
}

impl World {
    fn second(&mut self, now: i64) {
        // What is not opened yet is not known yet, nor what is not over yet.
        let mut cases: Vec<Case> = self.cases.iter().filter(|case| case.incident.opened_at <= at(now)).cloned().collect();
        for case in &mut cases {
            case.incident.resolved_at = case.incident.resolved_at.filter(|over| *over <= at(now));
            case.incident.merged_into = case.incident.merged_into.filter(|_| case.incident.resolved_at.is_some());
            case.incident.acknowledged_at = case.incident.acknowledged_at.filter(|taken| *taken <= at(now));
        }
        let works: Vec<Work> = self.works.iter().filter(|work| work.from <= at(now)).copied().collect();
        let scene = Scene {
            now: at(now),
            cases: &cases,
            receivers: &self.receivers,
            silences: &self.silences,
            works: &works,
            told: &self.told,
            made: &self.made,
        };
        for message in decide(scene) {
            self.made.push((message.receiver, at(now)));
            let (receiver, at) = (message.receiver, at(now));
            self.told.extend(message.items.iter().map(|i| Told { receiver, incident: i.incident, word: i.word, round: i.round, at }));
            self.log.push((now, message));
        }
    }

    fn run(&mut self, until: i64) {
        (0..=until).for_each(|now| self.second(now));
    }

    fn words(&self, to: usize) -> Vec<(i64, Vec<Word>)> {
        let id = self.receivers[to].id;
        self.log.iter().filter(|(_, m)| m.receiver == id).map(|(now, m)| (*now, m.items.iter().map(|i| i.word).collect())).collect()
    }
}

#[test]
fn a_shared_cause_is_told_once_to_the_operators_and_once_to_each_owner() {
    let owners: Vec<MunicipalityId> = (0..290).map(|_| Id::generate()).collect();
    let mut world = World::default();
    world.receivers.push(receiver(None, 0, 0));
    world.receivers.extend(owners.iter().map(|of| receiver(Some(*of), 0, 0)));
    world.receivers.push(receiver(Some(Id::generate()), 0, 0));
    let mut wide = case(CauseKind::Gateway, None, &owners, 5);
    // Each site had one of its own for a moment, which was merged.
    for of in &owners {
        let mut small = case(CauseKind::Check, Some(*of), &[], 0);
        (small.incident.resolved_at, small.incident.merged_into) = (Some(at(8)), Some(wide.incident.id));
        world.cases.push(small);
    }
    wide.incident.resolved_at = Some(at(100));
    world.cases.push(wide);
    world.run(150);
    assert_eq!(world.log.len(), 291 * 2);
    assert_eq!(world.words(0), [(10, vec![Word::Opened]), (105, vec![Word::Over])]);
    assert_eq!(world.words(291), [], "whom it does not touch is not told");
}

#[test]
fn doubt_in_the_watcher_is_the_operators_only() {
    let of = Id::generate();
    let mut world = World { receivers: vec![receiver(None, 0, 0), receiver(Some(of), 0, 0)], ..World::default() };
    world.cases.push(case(CauseKind::Observer, None, &[of], 0));
    world.run(100);
    assert_eq!((world.words(0).len(), world.words(1).len()), (1, 0));
}

#[test]
fn what_comes_together_goes_together() {
    let mut world = World { receivers: vec![receiver(None, 0, 0)], ..World::default() };
    world.cases.extend((0..40).map(|second| case(CauseKind::Check, None, &[], second)));
    world.run(200);
    let counts: Vec<(i64, usize)> = world.words(0).into_iter().map(|(now, words)| (now, words.len())).collect();
    assert_eq!(counts, [(10, 6), (40, 30), (70, 4)]);
}

#[test]
fn reminders_go_on_until_somebody_takes_it_on_and_others_are_told_later() {
    let mut world = World { receivers: vec![receiver(None, 0, 10), receiver(None, 15, 0), receiver(None, 30, 0)], ..World::default() };
    let mut one = case(CauseKind::Node, None, &[], 0);
    one.incident.acknowledged_at = Some(at(1300));
    world.cases.push(one);
    world.run(4000);
    assert_eq!(world.words(0), [(5, vec![Word::Opened]), (610, vec![Word::Reminder]), (1215, vec![Word::Reminder])]);
    assert_eq!(world.words(1), [(900, vec![Word::Opened])]);
    assert_eq!(world.words(2), [], "it was taken on before");
}

#[test]
fn a_window_hides_nothing_that_is_ill_after_it() {
    let of = Id::generate();
    let mut world = World { receivers: vec![receiver(None, 0, 0), receiver(Some(of), 0, 0)], ..World::default() };
    world.silences.push(silence(Some(of), 0, 500));
    world.cases.push(case(CauseKind::Check, Some(of), &[], 100));
    let mut short = case(CauseKind::Check, Some(of), &[], 200);
    short.incident.resolved_at = Some(at(503));
    world.cases.push(short);
    world.cases.push(case(CauseKind::Gateway, None, &[of], 300));
    world.run(800);
    // The gateway is not only theirs: the operators are told of it.
    assert_eq!(world.words(0), [(305, vec![Word::Opened]), (510, vec![Word::Opened])]);
    assert_eq!(world.words(1), [(505, vec![Word::Opened, Word::Opened])]);
}

#[test]
fn an_operation_explains_its_own_instance_and_nothing_else() {
    let instance = Id::generate();
    let mut world = World { receivers: vec![receiver(None, 0, 0)], ..World::default() };
    world.works.push(Work { instance, from: at(0), until: at(100) });
    let mut restart = case(CauseKind::Instance, None, &[], 50);
    (restart.instance, restart.incident.resolved_at) = (Some(instance), Some(at(150)));
    let mut broken = case(CauseKind::Operation, None, &[], 60);
    broken.instance = Some(instance);
    let mut other = case(CauseKind::Instance, None, &[], 70);
    other.instance = Some(Id::generate());
    // What falls when the operation is long over is nothing of it.
    let mut later = case(CauseKind::Instance, None, &[], 140);
    later.instance = Some(instance);
    world.cases = vec![restart, broken, other, later];
    world.run(600);
    assert_eq!(world.words(0), [(75, vec![Word::Opened]), (145, vec![Word::Opened]), (225, vec![Word::Opened])]);
}

#[test]
fn messages_are_few_and_nothing_is_lost() {
    let mut world = World { receivers: vec![receiver(None, 0, 0)], ..World::default() };
    for second in (0..3600).step_by(20) {
        let mut one = case(CauseKind::Check, None, &[], second);
        one.incident.resolved_at = Some(at(second + 300));
        world.cases.push(one);
    }
    world.run(9000);
    assert!(world.words(0).iter().filter(|(now, _)| *now < 3600).count() <= HOURLY);
    let told: usize = world.words(0).iter().map(|(_, words)| words.len()).sum();
    assert_eq!(told, 2 * world.cases.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn each_is_told_once_and_none_while_it_is_silenced(
        cases in prop::collection::vec((0..600_i64, 0..900_i64, 0..3_usize, any::<bool>()), 1..12),
        silences in prop::collection::vec((0..900_i64, 1..300_i64, 0..4_usize), 0..4),
        remind in prop::sample::select(vec![0, 30_u32]),
        gaps in prop::collection::vec(0..1500_i64, 0..4),
    ) {
        let owners: Vec<MunicipalityId> = (0..3).map(|_| Id::generate()).collect();
        let mut world = World::default();
        world.receivers.push(receiver(None, 0, remind));
        world.receivers.extend(owners.iter().map(|of| receiver(Some(*of), 0, remind)));
        for (opened, lasts, owner, shared) in cases {
            let kind = if shared { CauseKind::DatabaseServer } else { CauseKind::Check };
            let mut one = if shared { case(kind, None, &owners, opened) } else { case(kind, Some(owners[owner]), &[], opened) };
            one.incident.resolved_at = Some(at(opened + lasts)).filter(|_| lasts < 800);
            world.cases.push(one);
        }
        for (from, lasts, owner) in silences {
            world.silences.push(silence(owners.get(owner).copied(), from, from + lasts));
        }
        // The process is away for a minute here and there: nothing is decided then.
        for now in (0..=1600).chain((1610..9000).step_by(10)) {
            if !gaps.iter().any(|gap| (*gap..*gap + 60).contains(&now)) {
                world.second(now);
            }
        }
        let mut times: BTreeMap<(ReceiverId, IncidentId, Word, u32), usize> = BTreeMap::new();
        for (now, message) in &world.log {
            let receiver = world.receivers.iter().find(|r| r.id == message.receiver).unwrap();
            for item in &message.items {
                *times.entry((receiver.id, item.incident, item.word, item.round)).or_default() += 1;
                let case = world.cases.iter().find(|c| c.incident.id == item.incident).unwrap();
                prop_assert!(concerns(receiver, case));
                let hidden = world.silences.iter().any(|s| s.holds(at(*now)) && s.municipality.is_none_or(|of| {
                    case.incident.municipality == Some(of) || receiver.municipality == Some(of)
                }));
                prop_assert!(!hidden, "told at {now} while silenced");
            }
        }
        prop_assert!(times.values().all(|count| *count == 1), "something was told twice");
        for receiver in &world.receivers {
            for case in world.cases.iter().filter(|case| concerns(receiver, case)) {
                let word = |word| times.contains_key(&(receiver.id, case.incident.id, word, 0));
                // Whatever still goes on long after every silence was told; whatever was told and is over was told to be.
                if case.incident.resolved_at.is_none() {
                    prop_assert!(word(Word::Opened), "never told: {case:?}");
                } else {
                    prop_assert_eq!(word(Word::Opened), word(Word::Over));
                }
            }
        }
    }
}
