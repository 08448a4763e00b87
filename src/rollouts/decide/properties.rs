// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What must hold whatever the world does, wherever the watcher is killed, and whatever an operator asks for meanwhile.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Action, Blame, Knobs, Member, Outcome, Rollout, Seen, State, decide};

const SOAK: SignedDuration = SignedDuration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// What the world does to one instance's update, drawn beforehand.
#[derive(Clone, Copy, Debug)]
struct Fate {
    update: u8,
    ill: u8,
    revert: u8,
    takes: u8,
    held_until: u8,
}

#[derive(Clone, Debug)]
struct World {
    rollout: Rollout,
    fates: Vec<Fate>,
    busy: Vec<u32>,
    now: i64,
    gates: usize,
    halted: bool,
    most: usize,
    exposed: Vec<bool>,
}

fn blame(n: u8) -> Blame {
    match n % 3 {
        0 => Blame::Release,
        1 => Blame::Instance,
        _ => Blame::Infrastructure,
    }
}

impl World {
    fn apply(&mut self, action: &Action) {
        let r = &mut self.rollout;
        match action {
            Action::Update(i) => {
                assert_eq!(r.members[*i].state, Member::Pending, "a live operation on an instance is the only one");
                assert!(r.members[*i].held.is_none(), "held");
                assert!(r.members[*i].wave <= self.gates, "a wave before its gate");
                assert!(r.members[*i].wave == 0 || self.gates >= r.members[*i].wave);
                assert!(!self.halted && r.state == State::Running, "something starts after a halt: {:?}", r.state);
                r.members[*i].state = Member::Updating;
                r.members[*i].outcome = None;
                self.busy[*i] = u32::from(self.fates[*i].takes % 5);
            }
            Action::Revert(i) => {
                assert!(r.members[*i].state.is_new());
                if r.members[*i].ill == Some(Blame::Release) && r.members[*i].state == Member::Soaking {
                    r.failures += 1;
                }
                r.members[*i].state = Member::Reverting;
                r.members[*i].outcome = None;
                self.busy[*i] = u32::from(self.fates[*i].takes % 4);
            }
            Action::Move(i, to, blame) => {
                if *blame == Some(Blame::Release) {
                    r.failures += 1;
                }
                if *to == Member::Soaking {
                    r.members[*i].exposed_at = Some(at(self.now));
                    self.exposed[*i] = true;
                }
                if *to == Member::Succeeded {
                    let since = r.members[*i].exposed_at.unwrap();
                    assert!(at(self.now).duration_since(since) >= SOAK, "a soak is each one's own");
                    assert!(r.members[*i].ill.is_none());
                }
                r.members[*i].state = *to;
                r.members[*i].outcome = None;
            }
            Action::PassGate => {
                assert!(r.members.iter().filter(|m| m.wave == r.gates).all(|m| m.state.is_over() || m.held.is_some()));
                r.gates += 1;
                self.gates += 1;
                r.agreed = false;
            }
            Action::Enter(state, _) => {
                if *state == State::Halting {
                    self.halted = true;
                }
                if *state == State::Completed {
                    assert!(r.members.iter().all(|m| m.state.is_over()));
                }
                r.state = *state;
            }
        }
        let flying = self.rollout.members.iter().filter(|m| m.state.in_flight()).count();
        self.most = self.most.max(flying);
        assert!(flying <= self.rollout.knobs.in_flight, "over the cap");
    }

    fn turn(&mut self, faults: bool) {
        self.now += 5;
        for i in 0..self.fates.len() {
            let fate = self.fates[i];
            let m = &mut self.rollout.members[i];
            m.held = (faults && self.now < i64::from(fate.held_until) * 3).then_some("held");
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
            if m.state == Member::Soaking && m.ill.is_none() && faults && fate.ill % 8 == 7 {
                m.ill = Some(blame(fate.ill / 8));
            }
            if !faults && m.ill == Some(Blame::Infrastructure) {
                m.ill = None;
            }
        }
    }
}

fn world() -> impl Strategy<Value = World> {
    let fate = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), 0_u8..20).prop_map(|(update, ill, revert, takes, held_until)| Fate {
        update,
        ill,
        revert,
        takes,
        held_until,
    });
    (prop::collection::vec(fate, 1..14), 1_usize..5, 1_usize..4, any::<bool>()).prop_map(|(fates, in_flight, budget, manual_gates)| {
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
        let members: Vec<Seen> = (0..n)
            .map(|i| Seen { wave: wave(i), state: Member::Pending, outcome: None, exposed_at: None, ill: None, held: None })
            .collect();
        World {
            rollout: Rollout {
                state: State::Running,
                gates: 0,
                agreed: false,
                failures: 0,
                knobs: Knobs { in_flight, budget, soak: SOAK, manual_gates },
                members,
            },
            fates,
            busy: vec![0; n],
            now: 0,
            gates: 0,
            halted: false,
            most: 0,
            exposed: vec![false; n],
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn whatever_happens_it_ends_and_no_rule_is_broken(mut world in world(), orders in prop::collection::vec((any::<u8>(), any::<u8>()), 40)) {
        let n = world.rollout.members.len();
        let mut failures = 0;
        for (order, kill) in orders {
            world.turn(true);
            let actions = decide(&world.rollout, at(world.now));
            // Killed after some of them: what is left is decided again.
            let done = if kill % 4 == 0 { usize::from(kill) / 4 % (actions.len() + 1) } else { actions.len() };
            for action in &actions[..done] { world.apply(action); }
            prop_assert!(world.rollout.failures >= failures);
            failures = world.rollout.failures;
            prop_assert_eq!(world.rollout.members.len(), n);
            // An operator now and then.
            match order {
                0..=9 if world.rollout.state == State::Running => world.rollout.state = State::Paused,
                10..=60 if world.rollout.state == State::Paused => { world.rollout.state = State::Running; world.rollout.agreed = true; }
                61..=63 if !world.rollout.state.is_final() && world.rollout.state != State::Reverting => { world.rollout.state = State::Halting; world.halted = true; }
                64..=66 if world.rollout.state != State::Reverting && world.rollout.state != State::Reverted => world.rollout.state = State::Reverting,
                _ => {}
            }
        }
        // Faults have stopped, and an operator lets it go on: it ends.
        for _ in 0..400 {
            world.turn(false);
            for action in decide(&world.rollout, at(world.now)) { world.apply(&action); }
            if world.rollout.state == State::Paused { world.rollout.state = State::Running; world.rollout.agreed = true; }
        }
        prop_assert!(world.rollout.state.is_final(), "{:?}", world.rollout);
        prop_assert!(decide(&world.rollout, at(world.now)).iter().all(|a| matches!(a, Action::Move(..) | Action::Revert(_))));
    }
}
