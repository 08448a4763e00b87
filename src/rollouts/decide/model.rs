// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every state that a small rollout can reach, whatever the world and an operator do and wherever the watcher is killed.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{Action, Blame, Held, Knobs, Member, Outcome, Rehearsal, Rollout, Seen, State, Why, decide};

const OUTCOMES: [Outcome; 4] = [
    Outcome::Exposed(Timestamp::UNIX_EPOCH),
    Outcome::Unchanged(Blame::Release),
    Outcome::RolledBack(Blame::Infrastructure),
    Outcome::NeedsApproval(Blame::Instance),
];

/// One instance, without what does not matter to deciding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Small {
    state: Member,
    outcome: Option<u8>,
    soaked: bool,
    ill: Option<Blame>,
    fault: bool,
    held: bool,
    approved: bool,
}

const FRESH: Small = Small { state: Member::Pending, outcome: None, soaked: false, ill: None, fault: false, held: false, approved: false };

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
/// Whether going back loses something.
const MIGRATED: [bool; 3] = [false, false, true];

fn soak() -> SignedDuration {
    SignedDuration::from_secs(60)
}

fn rollout(w: &World) -> Rollout {
    Rollout {
        state: w.state,
        gates: w.gates,
        agreed: w.agreed,
        failures: w.failures,
        elsewhere: 0,
        knobs: Knobs { in_flight: 2, together: 8, rehearsals: 1, budget: 2, manual_gates: false },
        members: w
            .members
            .iter()
            .zip(WAVES)
            .zip(MIGRATED)
            .map(|((m, wave), migrated)| Seen {
                wave,
                state: m.state,
                outcome: m.outcome.map(|o| OUTCOMES[usize::from(o)]),
                exposed_at: (m.state == Member::Soaking).then(|| {
                    let ago = if m.soaked { soak() } else { SignedDuration::ZERO };
                    now().checked_sub(ago).unwrap()
                }),
                soak: soak(),
                well: m.ill.is_none(),
                ill: m.ill,
                fault: m.fault.then_some(Blame::Release),
                held: m.held.then_some(Held::Window),
                rehearsal: Rehearsal::Unneeded,
                migrated,
                approved: m.approved,
                overdue: false,
                gone: false,
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
        Action::Rehearse(_) => panic!("nobody asked for a rehearsal: {w:?}"),
        Action::Update(i) => {
            let m = &mut n.members[*i];
            assert_eq!(m.state, Member::Pending, "1: a second live operation: {w:?}");
            assert!(!m.held, "a held one is started: {w:?}");
            assert!(WAVES[*i] <= w.gates, "3: before its gate: {w:?}");
            assert!(w.state == State::Running && !w.halted, "5: after a halt: {w:?}");
            assert!(w.failures < if w.gates == 0 { 1 } else { 2 }, "4: over the budget: {w:?}");
            assert!(w.members.iter().all(|m| m.outcome.is_none()), "begun before what has happened is written: {w:?}");
            let disturbed = w.members.iter().any(|m| m.state == Member::Soaking && !m.fault && m.ill == Some(Blame::Infrastructure));
            assert!(!disturbed, "begun on a disturbed platform: {w:?}");
            *m = Small { state: Member::Updating, ..FRESH };
        }
        Action::Revert(i) => {
            let m = &mut n.members[*i];
            assert!(m.state.is_new() || m.state == Member::NeedsApproval, "9: {w:?}");
            assert!(!MIGRATED[*i] || m.approved, "what was written since is lost, and nobody agreed: {w:?}");
            *m = Small { state: Member::Reverting, fault: m.fault, ..FRESH };
        }
        Action::Fault(i, blame) => {
            let m = &mut n.members[*i];
            assert!(m.state == Member::Soaking && !m.fault, "4: counted twice: {w:?}");
            assert_eq!(*blame, Blame::Release);
            n.failures = (n.failures + 1).min(2);
            *m = Small { fault: true, ill: None, ..*m };
        }
        Action::Move(i, to, blame) => {
            if *blame == Some(Blame::Release) {
                n.failures = (n.failures + 1).min(2);
            }
            let m = &mut n.members[*i];
            assert!(*to != Member::Succeeded || (m.soaked && m.ill.is_none() && !m.fault), "11: {w:?}");
            *m = Small { state: *to, held: m.held && *to == Member::Pending, ..FRESH };
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
            assert!(w.failures < if w.gates == 0 { 1 } else { 2 }, "4: a gate passes over the budget: {w:?}");
        }
        Action::Enter(state, why) => {
            let all = |is: &dyn Fn(&Small) -> bool| w.members.iter().all(is);
            assert!(*state != State::Completed || all(&|m| m.state.is_over()), "{w:?}");
            assert!(*state != State::Reverted || all(&|m| !m.state.is_new() && !m.state.in_flight()), "{w:?}");
            assert!(*state != State::Reverted || all(&|m| m.state != Member::NeedsApproval), "{w:?}");
            assert!(*state != State::Halted || all(&|m| !m.state.in_flight() && m.state != Member::Soaking), "{w:?}");
            let asks = w.members.iter().any(|m| m.state == Member::NeedsApproval);
            assert!(*state != State::RevertBlocked || asks && *why == Why::Loss, "{w:?}");
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
        if m.state == Member::Soaking && !m.fault {
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
    // Somebody agrees to a loss, wherever the rollout stands.
    let agreed = w.members.iter().enumerate().filter(|(_, m)| m.state == Member::NeedsApproval && !m.approved).map(|(i, _)| {
        let mut n = to(if w.state == State::RevertBlocked { State::Reverting } else { w.state });
        n.members[i].approved = true;
        n
    });
    let mut all = orders(w, to);
    all.extend(agreed);
    all
}

fn orders(w: &World, to: impl Fn(State) -> World) -> Vec<World> {
    match w.state {
        State::Running => vec![to(State::Paused), World { halted: true, ..to(State::Halting) }, to(State::Reverting)],
        State::Paused => {
            vec![World { agreed: true, ..to(State::Running) }, World { halted: true, ..to(State::Halting) }, to(State::Reverting)]
        }
        State::Halting | State::Halted | State::Completed => vec![to(State::Reverting)],
        _ => Vec::new(),
    }
}

/// Goes through every state; stops at the first that breaks a rule.
pub(super) fn explore() -> HashMap<State, usize> {
    let start = World { state: State::Running, gates: 0, agreed: false, failures: 0, halted: false, members: vec![FRESH; 3] };
    let mut seen = HashSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    let mut kinds: HashMap<State, usize> = HashMap::new();
    while let Some(w) = queue.pop_front() {
        *kinds.entry(w.state).or_default() += 1;
        let actions = decide(&rollout(&w), now());
        if w.state.is_final() {
            let asked = |a: &Action| {
                matches!(a, Action::Revert(i) if w.members[*i].approved)
                    || matches!(a, Action::Move(i, ..) if w.members[*i].outcome.is_some())
            };
            assert!(actions.iter().all(asked), "what nobody asked for is done at the end: {w:?} {actions:?}");
        }
        // Each answer may be the last one carried out before the watcher is killed, and they hold in any order.
        let steps = actions.into_iter().map(|a| apply(&w, &a));
        for next in steps.chain(world(&w)).chain(operator(&w)) {
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    for w in &seen {
        ends(w);
    }
    kinds
}

/// Faults and operators have stopped, but for one who lets it go on: from everywhere it ends.
fn ends(w: &World) {
    let mut w = w.clone();
    for turn in 0.. {
        assert!(turn < 60, "never ends: {w:?}");
        for m in &mut w.members {
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
        if actions.is_empty() && w.state.is_final() {
            return;
        }
        for action in &actions {
            w = apply(&w, action);
        }
        if w.state == State::Paused {
            w.state = State::Running;
            w.agreed = true;
        }
    }
}

#[test]
fn no_state_that_can_be_reached_breaks_a_rule_and_all_end() {
    let kinds = explore();
    eprintln!("{} states: {kinds:?}", kinds.values().sum::<usize>());
    assert!(kinds.len() == 8, "every state of a rollout can be reached: {kinds:?}");
}
