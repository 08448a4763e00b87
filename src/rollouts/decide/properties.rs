// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What must hold whatever the world does, wherever the watcher is killed, and whatever an operator asks for meanwhile.

use jiff::{SignedDuration, Timestamp};
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{Action, Blame, Held, Knobs, Member, Outcome, Rehearsal, Rollout, Seen, State, decide};

const SOAK: SignedDuration = SignedDuration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// What the world does to one instance, drawn beforehand.
#[derive(Clone, Copy, Debug)]
struct Fate {
    update: u8,
    ill: u8,
    revert: u8,
    takes: u8,
    held: u8,
    held_until: u8,
    rehearsal: u8,
    odd: u8,
}

/// A rollout in its world.
#[derive(Clone, Debug)]
pub(super) struct World {
    rollout: Rollout,
    fates: Vec<Fate>,
    busy: Vec<u32>,
    now: i64,
    gates: usize,
    halted: bool,
}

fn blame(n: u8) -> Blame {
    match n % 3 {
        0 => Blame::Release,
        1 => Blame::Instance,
        _ => Blame::Infrastructure,
    }
}

impl World {
    #[allow(clippy::too_many_lines)] // the rules, action by action
    fn apply(&mut self, action: &Action) {
        let r = &mut self.rollout;
        match action {
            Action::Rehearse(i) => {
                let m = &mut r.members[*i];
                assert!(m.rehearsal == Rehearsal::Missing && m.state == Member::Pending);
                assert!(m.wave <= self.gates + 1, "rehearsed long before its turn");
                m.rehearsal = Rehearsal::Underway;
                self.busy[*i] = u32::from(self.fates[*i].takes % 3);
                let underway = r.members.iter().filter(|m| m.rehearsal == Rehearsal::Underway).count();
                assert!(underway <= r.knobs.rehearsals, "too many rehearsals at once");
            }
            Action::Update(i) => {
                assert!(r.members.iter().all(|m| m.outcome.is_none()), "begun before what has happened is written");
                let late = r.members.iter().any(|m| m.overdue && (m.state.in_flight() || m.state == Member::Soaking));
                assert!(!late, "begun while something takes too long");
                assert!(r.failures < if r.gates == 0 { 1 } else { r.knobs.budget }, "begun over the budget");
                let m = &mut r.members[*i];
                assert_eq!(m.state, Member::Pending, "a live operation on an instance is the only one");
                assert!(m.held.is_none(), "held");
                assert!(m.wave <= self.gates, "a wave before its gate");
                assert!(m.rehearsal.lets_start(), "not rehearsed");
                assert!(!self.halted && r.state == State::Running, "something starts after a halt: {:?}", r.state);
                m.state = Member::Updating;
                (m.outcome, m.ill, m.fault) = (None, None, None);
                self.busy[*i] = u32::from(self.fates[*i].takes % 5);
            }
            Action::Revert(i) => {
                let m = &mut r.members[*i];
                assert!(m.state.is_new() || m.state == Member::NeedsApproval && m.approved);
                assert!(!m.migrated || m.approved, "a loss that nobody agreed to");
                m.state = Member::Reverting;
                m.outcome = None;
                self.busy[*i] = u32::from(self.fates[*i].takes % 4);
            }
            Action::Fault(i, blame) => {
                let m = &mut r.members[*i];
                assert!(m.state == Member::Soaking && m.fault.is_none(), "found twice");
                m.fault = Some(*blame);
                if *blame == Blame::Release {
                    r.failures += 1;
                }
            }
            Action::Move(i, to, blame) => {
                if *blame == Some(Blame::Release) {
                    r.failures += 1;
                }
                let m = &mut r.members[*i];
                if *to == Member::Soaking {
                    m.exposed_at = Some(at(self.now));
                }
                if *to == Member::Succeeded {
                    let since = m.exposed_at.unwrap();
                    assert!(at(self.now).duration_since(since) >= SOAK, "a soak is each one's own");
                    assert!(m.well && m.ill.is_none() && m.fault.is_none(), "an ill one succeeds");
                }
                m.state = *to;
                m.outcome = None;
                m.approved = false;
            }
            Action::PassGate => {
                let over = |m: &Seen| m.state.is_over() || m.state == Member::Pending && m.held.is_some();
                assert!(r.members.iter().filter(|m| m.wave == r.gates).all(over), "an unfinished wave passes");
                let proved = r.members.iter().any(|m| m.wave == r.gates && m.state == Member::Succeeded);
                assert!(r.failures < if r.gates == 0 { 1 } else { r.knobs.budget }, "a gate passes over the budget");
                assert!(r.agreed || proved && !r.knobs.manual_gates, "a gate passes that nothing speaks for");
                r.gates += 1;
                self.gates += 1;
                r.agreed = false;
            }
            Action::Enter(state, _) => {
                let nobody = |is: &dyn Fn(&Seen) -> bool| !r.members.iter().any(is);
                match state {
                    State::Halting => self.halted = true,
                    State::Completed => assert!(nobody(&|m| !m.state.is_over())),
                    State::Halted => assert!(nobody(&|m| m.state.in_flight() || m.state == Member::Soaking)),
                    State::Reverted => {
                        assert!(nobody(&|m| m.state.in_flight() || m.state.is_new() || m.state == Member::NeedsApproval));
                    }
                    _ => {}
                }
                r.state = *state;
            }
        }
        let flying = self.rollout.members.iter().filter(|m| m.state.in_flight()).count();
        let Rollout { knobs, elsewhere, .. } = &self.rollout;
        assert!(flying <= knobs.in_flight, "over the cap");
        let begins = matches!(action, Action::Update(_) | Action::Revert(_));
        assert!(!begins || flying + elsewhere <= knobs.together, "over what is shared with others");
    }

    /// Time passes, and what is under way may end.
    fn turn(&mut self, faults: bool) {
        self.now += 5;
        self.rollout.elsewhere = if faults { usize::from(self.fates[0].odd) / 7 * usize::try_from(self.now).unwrap() / 5 % 5 } else { 0 };
        for i in 0..self.fates.len() {
            let fate = self.fates[i];
            let m = &mut self.rollout.members[i];
            let held = [Held::Hold, Held::Pin, Held::Window, Held::Busy, Held::NotRunning][usize::from(fate.held % 5)];
            m.held = (faults && self.now < i64::from(fate.held_until) * 3).then_some(held);
            m.gone = faults && fate.odd < 4 && self.now > 60;
            m.overdue = faults && fate.odd > 250 && self.now > 40 && (m.state.in_flight() || m.state == Member::Soaking);
            m.well = !faults || !fate.odd.is_multiple_of(3);
            if m.rehearsal == Rehearsal::Underway {
                self.busy[i] = self.busy[i].saturating_sub(1);
                if self.busy[i] == 0 {
                    m.rehearsal = match if faults { fate.rehearsal % 16 } else { 0 } {
                        14 => Rehearsal::Failed(if fate.rehearsal > 100 { Blame::Release } else { Blame::Instance }),
                        15 => Rehearsal::Broken,
                        _ => Rehearsal::Passed,
                    };
                }
            }
            if m.state.in_flight() && m.outcome.is_none() {
                if self.busy[i] > 0 {
                    self.busy[i] -= 1;
                    continue;
                }
                let update = m.state == Member::Updating;
                let n = if update { fate.update } else { fate.revert };
                m.outcome = Some(match if faults { n % 12 } else { 0 } {
                    8 => Outcome::Unchanged(blame(n / 12)),
                    9 => Outcome::RolledBack(blame(n / 12)),
                    10 => Outcome::NeedsApproval(blame(n / 12)),
                    11 => Outcome::Quarantined(blame(n / 12)),
                    _ => Outcome::Exposed(at(self.now)),
                });
            }
            if m.state == Member::Soaking && m.ill.is_none() && m.fault.is_none() && faults && fate.ill % 8 == 7 {
                m.ill = Some(blame(fate.ill / 8));
            }
            if !faults && m.ill == Some(Blame::Infrastructure) {
                m.ill = None;
            }
        }
    }

    /// An operator lets it go on: what could not be rehearsed is tried again.
    fn resume(&mut self) {
        self.rollout.state = State::Running;
        self.rollout.agreed = true;
        for m in self.rollout.members.iter_mut().filter(|m| m.rehearsal == Rehearsal::Broken) {
            m.rehearsal = Rehearsal::Missing;
        }
    }

    fn order(&mut self, order: u8) {
        let r = &mut self.rollout;
        match order {
            0..=9 if r.state == State::Running => r.state = State::Paused,
            10..=60 if r.state == State::Paused => self.resume(),
            61..=63 if !r.state.is_final() && r.state != State::Reverting => {
                r.state = State::Halting;
                self.halted = true;
            }
            64..=66 if r.state != State::Reverting && r.state != State::Reverted => r.state = State::Reverting,
            67..=80 => {
                for m in r.members.iter_mut().filter(|m| m.state == Member::NeedsApproval) {
                    m.approved = true;
                }
                if r.state == State::RevertBlocked {
                    r.state = State::Reverting;
                }
            }
            // Somebody is left out, somebody has another turn.
            81..=84 => {
                if let Some(m) = r.members.iter_mut().find(|m| m.state == Member::Pending) {
                    m.state = Member::Skipped;
                }
            }
            85..=90 if matches!(r.state, State::Running | State::Paused) => {
                let again = |m: &&mut Seen| matches!(m.state, Member::Unchanged | Member::RolledBack | Member::Skipped);
                if let Some(m) = r.members.iter_mut().find(again) {
                    m.state = Member::Pending;
                    (m.fault, m.ill) = (None, None);
                    m.rehearsal = if m.rehearsal == Rehearsal::Unneeded { Rehearsal::Unneeded } else { Rehearsal::Missing };
                }
            }
            _ => {}
        }
    }
}

/// Any world.
pub(super) fn world() -> impl Strategy<Value = World> {
    let fate = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), 0_u8..20, any::<u8>(), any::<u8>()).prop_map(
        |(update, ill, revert, takes, held, held_until, rehearsal, odd)| Fate {
            update,
            ill,
            revert,
            takes,
            held,
            held_until,
            rehearsal,
            odd,
        },
    );
    let knobs = (1_usize..5, 1_usize..6, 1_usize..4, any::<bool>(), any::<bool>());
    (prop::collection::vec(fate, 1..14), knobs).prop_map(|(fates, (in_flight, together, budget, manual_gates, rehearse))| {
        let n = fates.len();
        let wave = |i: usize| {
            if i == 0 {
                0
            } else if i < n.div_ceil(3) {
                1
            } else {
                2
            }
        };
        let member = |i: usize| Seen {
            wave: wave(i),
            state: Member::Pending,
            outcome: None,
            exposed_at: None,
            soak: SOAK,
            well: true,
            ill: None,
            fault: None,
            held: None,
            rehearsal: if rehearse { Rehearsal::Missing } else { Rehearsal::Unneeded },
            migrated: fates[i].odd % 2 == 1,
            approved: false,
            overdue: false,
            gone: false,
        };
        let rollout = Rollout {
            state: State::Running,
            gates: 0,
            agreed: false,
            failures: 0,
            elsewhere: 0,
            knobs: Knobs { in_flight, together, rehearsals: 2, budget, manual_gates },
            members: (0..n).map(member).collect(),
        };
        World { rollout, busy: vec![0; n], fates, now: 0, gates: 0, halted: false }
    })
}

/// Any orders, and where the watcher is killed.
pub(super) fn orders() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>()), 40)
}

/// Lives through it.
pub(super) fn live(mut world: World, orders: Vec<(u8, u8)>) -> Result<(), TestCaseError> {
    let n = world.rollout.members.len();
    let mut failures = 0;
    for (order, kill) in orders {
        world.turn(true);
        let actions = decide(&world.rollout, at(world.now));
        // Killed after some of them: what is left is decided again.
        let done = if kill % 4 == 0 { usize::from(kill) / 4 % (actions.len() + 1) } else { actions.len() };
        for action in &actions[..done] {
            world.apply(action);
        }
        prop_assert!(world.rollout.failures >= failures, "failures fell");
        failures = world.rollout.failures;
        prop_assert_eq!(world.rollout.members.len(), n);
        world.order(order);
    }
    // Faults have stopped, and an operator lets it go on: it ends.
    for _ in 0..400 {
        world.turn(false);
        for action in decide(&world.rollout, at(world.now)) {
            world.apply(&action);
        }
        if world.rollout.state == State::Paused {
            world.resume();
        }
    }
    prop_assert!(world.rollout.state.is_final(), "never ends: {:?}", world.rollout);
    prop_assert!(decide(&world.rollout, at(world.now)).is_empty(), "never rests: {:?}", world.rollout);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn whatever_happens_it_ends_and_no_rule_is_broken(world in world(), orders in orders()) {
        live(world, orders)?;
    }
}
