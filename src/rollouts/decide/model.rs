// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every state that a small rollout can reach, whatever the world and an operator do and wherever the watcher is killed.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{Action, Blame, Knobs, Member, Outcome, Rollout, Seen, State, decide};

const OUTCOMES: [Outcome; 5] = [
    Outcome::Exposed(Timestamp::UNIX_EPOCH),
    Outcome::Unchanged(Blame::Release),
    Outcome::RolledBack(Blame::Infrastructure),
    Outcome::NeedsApproval(Blame::Instance),
    Outcome::Quarantined(Blame::Release),
];

/// One instance, without what does not matter to deciding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Small {
    state: Member,
    outcome: Option<u8>,
    soaked: bool,
    ill: Option<Blame>,
    held: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    state: State,
    gates: usize,
    agreed: bool,
    failures: usize,
    halted: bool,
    members: Vec<Small>,
}

const WAVES: [usize; 3] = [0, 1, 1];

fn soak() -> SignedDuration {
    SignedDuration::from_secs(60)
}

fn rollout(w: &World) -> Rollout {
    Rollout {
        state: w.state,
        gates: w.gates,
        agreed: w.agreed,
        failures: w.failures,
        knobs: Knobs { in_flight: 2, budget: 2, soak: soak(), manual_gates: false },
        members: w
            .members
            .iter()
            .zip(WAVES)
            .map(|(m, wave)| Seen {
                wave,
                state: m.state,
                outcome: m.outcome.map(|o| OUTCOMES[usize::from(o)]),
                exposed_at: (m.state == Member::Soaking).then(|| {
                    let ago = if m.soaked { soak() } else { SignedDuration::ZERO };
                    now().checked_sub(ago).unwrap()
                }),
                ill: m.ill,
                held: m.held.then_some("held"),
            })
            .collect(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn apply(w: &World, action: &Action) -> World {
    let mut n = w.clone();
    match action {
        Action::Update(i) => {
            let m = &mut n.members[*i];
            assert_eq!(m.state, Member::Pending, "1: a second live operation: {w:?}");
            assert!(!m.held, "a held one is started: {w:?}");
            assert!(WAVES[*i] <= w.gates, "3: before its gate: {w:?}");
            assert!(w.state == State::Running && !w.halted, "5: after a halt: {w:?}");
            assert!(w.failures < if w.gates == 0 { 1 } else { 2 }, "4: over the budget: {w:?}");
            *m = Small { state: Member::Updating, outcome: None, soaked: false, ill: None, held: false };
        }
        Action::Revert(i) => {
            let m = &mut n.members[*i];
            assert!(m.state.is_new(), "9: {w:?}");
            if m.state == Member::Soaking && m.ill == Some(Blame::Release) {
                n.failures = (n.failures + 1).min(3);
            }
            *m = Small { state: Member::Reverting, outcome: None, soaked: false, ill: None, held: false };
        }
        Action::Move(i, to, blame) => {
            if *blame == Some(Blame::Release) {
                n.failures = (n.failures + 1).min(3);
            }
            let m = &mut n.members[*i];
            assert!(*to != Member::Succeeded || (m.soaked && m.ill.is_none()), "11: {w:?}");
            *m = Small { state: *to, outcome: None, soaked: false, ill: None, held: m.held && *to == Member::Pending };
        }
        Action::PassGate => {
            n.gates += 1;
            n.agreed = false;
            let proved = w.members.iter().zip(WAVES).any(|(m, wave)| wave == w.gates && m.state == Member::Succeeded);
            assert!(proved || w.agreed, "a gate that nothing speaks for passes: {w:?}");
            assert!(
                w.members.iter().zip(WAVES).filter(|(_, wave)| *wave <= w.gates).all(|(m, _)| m.state.is_over() || m.held),
                "3: an unfinished wave passes: {w:?}"
            );
            assert!(w.failures < 2, "4: a gate passes over the budget: {w:?}");
        }
        Action::Enter(state, _) => {
            assert!(*state != State::Completed || w.members.iter().all(|m| m.state.is_over()), "{w:?}");
            assert!(*state != State::Reverted || w.members.iter().all(|m| !m.state.is_new() && !m.state.in_flight()), "{w:?}");
            assert!(*state != State::Halted || w.members.iter().all(|m| !m.state.in_flight()), "{w:?}");
            n.halted |= *state == State::Halting;
            n.state = *state;
        }
    }
    assert!(n.failures >= w.failures, "4");
    assert!(n.members.iter().filter(|m| m.state.in_flight()).count() <= 2, "2: over the cap: {w:?} {action:?}");
    n
}

/// What the world may do next.
fn world(w: &World) -> Vec<World> {
    let mut all = Vec::new();
    for i in 0..w.members.len() {
        let m = w.members[i];
        let mut push = |change: &dyn Fn(&mut Small)| {
            let mut n = w.clone();
            change(&mut n.members[i]);
            all.push(n);
        };
        if m.state.in_flight() && m.outcome.is_none() {
            for o in 0..OUTCOMES.len() {
                push(&|m| m.outcome = Some(u8::try_from(o).unwrap()));
            }
        }
        if m.state == Member::Soaking {
            if !m.soaked {
                push(&|m| m.soaked = true);
            }
            if m.ill.is_none() {
                for blame in [Blame::Release, Blame::Infrastructure] {
                    push(&|m| m.ill = Some(blame));
                }
            } else if m.ill == Some(Blame::Infrastructure) {
                push(&|m| m.ill = None);
            }
        }
        if m.state == Member::Pending {
            push(&|m| m.held = !m.held);
        }
    }
    all
}

fn operator(w: &World) -> Vec<World> {
    let to = |state| World { state, ..w.clone() };
    match w.state {
        State::Running => vec![to(State::Paused), World { halted: true, ..to(State::Halting) }, to(State::Reverting)],
        State::Paused => {
            vec![World { agreed: true, ..to(State::Running) }, World { halted: true, ..to(State::Halting) }, to(State::Reverting)]
        }
        State::Halting | State::Halted | State::Completed => vec![to(State::Reverting)],
        _ => Vec::new(),
    }
}

#[test]
fn no_state_that_can_be_reached_breaks_a_rule_and_all_end() {
    let small = Small { state: Member::Pending, outcome: None, soaked: false, ill: None, held: false };
    let start = World { state: State::Running, gates: 0, agreed: false, failures: 0, halted: false, members: vec![small; 3] };
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    let mut kinds: HashMap<State, usize> = HashMap::new();
    while let Some(w) = queue.pop_front() {
        *kinds.entry(w.state).or_default() += 1;
        // Each answer may be the last one carried out before the watcher is killed, and they hold in any order.
        let steps = decide(&rollout(&w), now()).into_iter().map(|a| apply(&w, &a));
        for next in steps.chain(world(&w)).chain(operator(&w)) {
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    eprintln!("{} states: {kinds:?}", seen.len());
    assert!(kinds.len() == 8, "every state of a rollout can be reached: {kinds:?}");

    // Faults and operators have stopped, but for one who lets it go on: from everywhere it ends.
    for w in &seen {
        let mut w = w.clone();
        for _ in 0..60 {
            for i in 0..w.members.len() {
                let m = &mut w.members[i];
                m.held = false;
                if m.state.in_flight() && m.outcome.is_none() {
                    m.outcome = Some(0);
                }
                if m.state == Member::Soaking {
                    m.soaked = true;
                    if m.ill == Some(Blame::Infrastructure) {
                        m.ill = None;
                    }
                }
            }
            let actions = decide(&rollout(&w), now());
            for action in actions {
                w = apply(&w, &action);
            }
            if w.state == State::Paused {
                w.state = State::Running;
                w.agreed = true;
            }
        }
        assert!(w.state.is_final(), "never ends: {w:?}");
    }
}
