// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rollout does next. Pure: the time is an argument, nothing is read or written. A watcher loads what is stored and
//! seen, asks here, and applies one answer after another, each in a transaction of its own; killed anywhere, it asks again.

use jiff::{SignedDuration, Timestamp};

use crate::fleet::rollout::{Blame, MemberState as Member, Outcome, RolloutState as State};

/// One instance as the watcher sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its wave, from 0.
    pub wave: usize,
    /// Where it stands, as stored.
    pub state: Member,
    /// How its operation came out, once it has.
    pub outcome: Option<Outcome>,
    /// Since when it serves the new release, as stored.
    pub exposed_at: Option<Timestamp>,
    /// What was found wrong with it since, compared with before.
    pub ill: Option<Blame>,
    /// Why it must not be started now: a hold, a window, another operation.
    pub held: Option<&'static str>,
}

/// What an operator has set. Part of the plan, which never changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Instances in flight at once, those that go back included.
    pub in_flight: usize,
    /// So many failures of the release halt the rollout; in the first wave one does.
    pub budget: usize,
    /// So long each instance is watched, from its own exposure.
    pub soak: SignedDuration,
    /// Whether a person opens each wave after the first.
    pub manual_gates: bool,
}

/// A rollout as stored and seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollout {
    /// Where it stands.
    pub state: State,
    /// Gates passed: waves up to this number are open.
    pub gates: usize,
    /// Whether an operator has agreed to the gate that is next.
    pub agreed: bool,
    /// Failures of the release so far. Never falls.
    pub failures: usize,
    /// The knobs.
    pub knobs: Knobs,
    /// Everybody, in the plan's order.
    pub members: Vec<Seen>,
}

/// One thing to do, in one transaction. Whatever was true before it is looked at again after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start this instance's update.
    Update(usize),
    /// Start taking this instance back.
    Revert(usize),
    /// Write where this instance stands; whether the failure is the release's is counted in the same transaction.
    Move(usize, Member, Option<Blame>),
    /// Write that the gate after the open wave is passed.
    PassGate,
    /// Write where the rollout stands, and why.
    Enter(State, &'static str),
}

/// What is to be done now: nothing, or some things of which each is right whether or not the others are done.
#[must_use]
pub fn decide(rollout: &Rollout, now: Timestamp) -> Vec<Action> {
    let moves = settle(rollout, now);
    if !moves.is_empty() {
        return moves;
    }
    match rollout.state {
        State::Running => forward(rollout),
        State::Halting if in_flight(rollout) == 0 => vec![Action::Enter(State::Halted, "what was under way has ended")],
        State::Reverting => backward(rollout),
        State::Paused | State::Halting | State::Halted | State::Reverted | State::RevertBlocked | State::Completed => Vec::new(),
    }
}

fn in_flight(rollout: &Rollout) -> usize {
    rollout.members.iter().filter(|m| m.state.in_flight()).count()
}

/// How many failures of the release it takes to halt. One canary is enough.
fn budget(rollout: &Rollout) -> usize {
    if rollout.gates == 0 { 1 } else { rollout.knobs.budget.max(1) }
}

/// What has happened is written before anything is begun.
fn settle(rollout: &Rollout, now: Timestamp) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut disturbed = false;
    for (at, member) in rollout.members.iter().enumerate() {
        let step = match (member.state, member.outcome) {
            (Member::Updating, Some(outcome)) => match outcome {
                Outcome::Exposed(_) => Some((Member::Soaking, None)),
                Outcome::Unchanged(Blame::Infrastructure) | Outcome::RolledBack(Blame::Infrastructure) => {
                    // Nobody's fault that is here: it has its turn again once the operator has seen to the platform.
                    Some((Member::Pending, Some(Blame::Infrastructure)))
                }
                Outcome::Unchanged(blame) => Some((Member::Unchanged, Some(blame))),
                Outcome::RolledBack(blame) => Some((Member::RolledBack, Some(blame))),
                Outcome::NeedsApproval(blame) => Some((Member::NeedsApproval, Some(blame))),
                Outcome::Quarantined(blame) => Some((Member::Quarantined, Some(blame))),
            },
            (Member::Reverting, Some(outcome)) => match outcome {
                Outcome::Exposed(_) | Outcome::RolledBack(_) => Some((Member::Reverted, None)),
                Outcome::Unchanged(_) | Outcome::NeedsApproval(_) => Some((Member::NeedsApproval, None)),
                Outcome::Quarantined(_) => Some((Member::Quarantined, None)),
            },
            (Member::Soaking, _) => match (member.ill, member.exposed_at) {
                (Some(Blame::Infrastructure), _) => {
                    disturbed = true;
                    None
                }
                // In flight again, so that taking it back counts towards the cap as everything does.
                (Some(blame), _) if in_flight(rollout) < rollout.knobs.in_flight => Some((Member::Reverting, Some(blame))),
                (Some(_), _) => None,
                (None, Some(since)) if now.duration_since(since) >= rollout.knobs.soak => Some((Member::Succeeded, None)),
                (None, _) => None,
            },
            _ => None,
        };
        if let Some((state, blame)) = step {
            disturbed |= blame == Some(Blame::Infrastructure);
            actions.push(match state {
                Member::Reverting => Action::Revert(at),
                _ => Action::Move(at, state, blame),
            });
            if state == Member::Reverting {
                // One at a time, so that the cap holds whatever else is decided.
                break;
            }
        }
    }
    if rollout.state == State::Running && disturbed {
        actions.push(Action::Enter(State::Paused, "the platform is disturbed"));
    }
    actions
}

fn forward(rollout: &Rollout) -> Vec<Action> {
    if rollout.failures >= budget(rollout) {
        return vec![Action::Enter(State::Halting, "the release has failed too often")];
    }
    let open = |m: &&Seen| m.wave <= rollout.gates;
    let waits = |m: &Seen| m.state == Member::Pending && m.held.is_none();
    let mut free = rollout.knobs.in_flight.saturating_sub(in_flight(rollout));
    let mut actions = Vec::new();
    for (at, _) in rollout.members.iter().enumerate().filter(|(_, m)| open(m) && waits(m)) {
        if free == 0 {
            break;
        }
        free -= 1;
        actions.push(Action::Update(at));
    }
    if !actions.is_empty() {
        return actions;
    }
    let waits_or_over = |m: &Seen| m.state.is_over() || m.state == Member::Pending && m.held.is_some();
    if rollout.members.iter().filter(open).any(|m| !waits_or_over(m)) {
        return Vec::new();
    }
    if rollout.members.iter().all(|m| m.state.is_over()) {
        return vec![Action::Enter(State::Completed, "everybody has come to an end")];
    }
    let last = rollout.members.iter().map(|m| m.wave).max().unwrap_or(0);
    if rollout.gates >= last {
        // What is left is held, and has its turn when the hold ends.
        return Vec::new();
    }
    let wave: Vec<&Seen> = rollout.members.iter().filter(|m| m.wave == rollout.gates).collect();
    let proved = wave.iter().any(|m| m.state == Member::Succeeded);
    if !proved && !rollout.agreed {
        return vec![Action::Enter(State::Paused, "nobody in the wave proves the release")];
    }
    if rollout.knobs.manual_gates && !rollout.agreed {
        return vec![Action::Enter(State::Paused, "the gate waits for an operator")];
    }
    vec![Action::PassGate]
}

/// A rollback skips waves, and no budget stands in its way.
fn backward(rollout: &Rollout) -> Vec<Action> {
    let mut free = rollout.knobs.in_flight.saturating_sub(in_flight(rollout));
    let mut actions = Vec::new();
    for (at, _) in rollout.members.iter().enumerate().rev().filter(|(_, m)| m.state.is_new() && m.held.is_none()) {
        if free == 0 {
            break;
        }
        free -= 1;
        actions.push(Action::Revert(at));
    }
    if !actions.is_empty() || in_flight(rollout) > 0 || rollout.members.iter().any(|m| m.state.is_new()) {
        return actions;
    }
    if rollout.members.iter().any(|m| m.state == Member::NeedsApproval) {
        return vec![Action::Enter(State::RevertBlocked, "some can only go back with a loss")];
    }
    vec![Action::Enter(State::Reverted, "everybody is back")]
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod properties;
