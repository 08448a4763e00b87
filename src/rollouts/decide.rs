// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rollout does next. Pure: the time is an argument, nothing is read or written. A watcher loads what is stored and
//! seen, asks here, and applies one answer after another, each in a transaction of its own; killed anywhere, it asks again.

use jiff::{SignedDuration, Timestamp};

use self::guard::{Guard, on};
use crate::fleet::rollout::{Blame, Held, MemberState as Member, Outcome, RolloutState as State, Why};

mod guard;

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
    /// So long it is watched from then.
    pub soak: SignedDuration,
    /// Whether it was looked at a moment ago and is as well as it was before.
    pub well: bool,
    /// What is wrong with it now, compared with before.
    pub ill: Option<Blame>,
    /// What was found wrong with it, as stored.
    pub fault: Option<Blame>,
    /// Why it must not be started now.
    pub held: Option<Held>,
    /// What its rehearsal says.
    pub rehearsal: Rehearsal,
    /// Whether going back loses what was written since.
    pub migrated: bool,
    /// Whether somebody agreed to that.
    pub approved: bool,
    /// Whether it takes longer than it may.
    pub overdue: bool,
    /// Whether it is no longer this rollout's: offboarded, or moved by somebody else.
    pub gone: bool,
}

/// What is known from trying the release on an instance's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rehearsal {
    /// Nothing, and it need not be: there are to be none, or it is told what the release does.
    Unneeded,
    /// Nothing yet.
    Missing,
    /// It goes on.
    Underway,
    /// The release works there.
    Passed,
    /// It does not.
    Failed(Blame),
    /// It could not be tried.
    Broken,
}

impl Rehearsal {
    fn lets_start(self) -> bool {
        matches!(self, Self::Unneeded | Self::Passed)
    }
}

/// What an operator has set. Part of the plan, which never changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Instances in flight at once, those that go back included.
    pub in_flight: usize,
    /// Instances of the same database server and node that are worked on at once, whoever started it.
    pub together: usize,
    /// Rehearsals at once.
    pub rehearsals: usize,
    /// So many failures of the release halt the rollout; in the first wave one does.
    pub budget: usize,
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
    /// So many other instances of the same database server and node are worked on.
    pub elsewhere: usize,
    /// The knobs.
    pub knobs: Knobs,
    /// Everybody, in the plan's order.
    pub members: Vec<Seen>,
}

/// One thing to do, in one transaction. Whatever was true before it is looked at again after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Start trying the release on a copy of this instance.
    Rehearse(usize),
    /// Start this instance's update.
    Update(usize),
    /// Start taking this instance back.
    Revert(usize),
    /// Write where this instance stands; whether the failure is the release's is counted in the same transaction.
    Move(usize, Member, Option<Blame>),
    /// Write that something is wrong with this instance, which is watched; counted likewise. What follows is decided from it.
    Fault(usize, Blame),
    /// Write that the gate after the open wave is passed.
    PassGate,
    /// Write where the rollout stands, and why.
    Enter(State, Why),
}

/// What is to be done now: nothing, or some things of which each is right whether or not the others are done.
#[must_use]
pub fn decide(rollout: &Rollout, now: Timestamp) -> Vec<Action> {
    let mut actions = settle(rollout, now);
    if !actions.is_empty() && on(Guard::WrittenFirst) {
        return actions;
    }
    actions.extend(match rollout.state {
        State::Running => forward(rollout),
        State::Paused | State::Halted if !on(Guard::Running) => forward(rollout),
        State::Halting if quiet(rollout) => vec![Action::Enter(State::Halted, Why::Quiet)],
        State::Reverting => backward(rollout),
        State::Paused | State::Halting | State::Halted | State::Reverted | State::RevertBlocked | State::Completed | State::Superseded => {
            Vec::new()
        }
    });
    actions
}

fn in_flight(rollout: &Rollout) -> usize {
    rollout.members.iter().filter(|m| m.state.in_flight()).count()
}

/// How many more may be in flight.
fn free(rollout: &Rollout) -> usize {
    let (knobs, own) = (&rollout.knobs, in_flight(rollout));
    let free = if on(Guard::Cap) { knobs.in_flight.saturating_sub(own) } else { usize::MAX };
    let shared = if on(Guard::Shared) { knobs.together.saturating_sub(own + rollout.elsewhere) } else { usize::MAX };
    free.min(shared)
}

/// Whether nothing is under way, and nothing watched.
fn quiet(rollout: &Rollout) -> bool {
    !on(Guard::Quiet) || rollout.members.iter().all(|m| !m.state.in_flight() && m.state != Member::Soaking)
}

/// How many failures of the release it takes to halt. One canary is enough.
fn budget(rollout: &Rollout) -> usize {
    if rollout.gates == 0 && on(Guard::Canary) { 1 } else { rollout.knobs.budget.max(1) }
}

/// What has happened is written before anything is begun.
fn settle(rollout: &Rollout, now: Timestamp) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut disturbed = false;
    let mut free = free(rollout);
    for (at, member) in rollout.members.iter().enumerate() {
        let step = match member.state {
            Member::Pending if member.gone => Some((Member::Skipped, None)),
            Member::Pending => match member.rehearsal {
                Rehearsal::Failed(blame) if rollout.state == State::Running => Some((Member::Unchanged, Some(blame))),
                _ => None,
            },
            Member::Updating | Member::Reverting if member.gone && member.outcome.is_none() => Some((Member::Skipped, None)),
            Member::Updating => member.outcome.map(updated),
            Member::Reverting => member.outcome.map(|outcome| (reverted(member, outcome), None)),
            Member::Soaking if member.gone => Some((Member::Skipped, None)),
            Member::Soaking if member.fault.is_some() => match goes_back(member) {
                Back::Ask => Some((Member::NeedsApproval, None)),
                Back::Wait => None,
                Back::Go => take_back(at, &mut free, &mut actions),
            },
            Member::Soaking => match member.ill {
                Some(Blame::Infrastructure) => {
                    disturbed = true;
                    None
                }
                Some(blame) => {
                    actions.push(Action::Fault(at, blame));
                    None
                }
                None => soaked(member, now).then_some((Member::Succeeded, None)),
            },
            Member::NeedsApproval if member.gone => Some((Member::Skipped, None)),
            Member::NeedsApproval if member.approved && member.held.is_none_or(never_in_the_way_back) => {
                take_back(at, &mut free, &mut actions)
            }
            _ => None,
        };
        if let Some((state, blame)) = step {
            disturbed |= blame == Some(Blame::Infrastructure);
            actions.push(Action::Move(at, state, blame));
        }
    }
    if rollout.state == State::Running && disturbed && on(Guard::Disturbed) {
        actions.push(Action::Enter(State::Paused, Why::Disturbed));
    }
    actions
}

fn take_back(at: usize, free: &mut usize, actions: &mut Vec<Action>) -> Option<(Member, Option<Blame>)> {
    if *free > 0 {
        *free -= 1;
        actions.push(Action::Revert(at));
    }
    None
}

fn updated(outcome: Outcome) -> (Member, Option<Blame>) {
    match outcome {
        Outcome::Exposed(_) => (Member::Soaking, None),
        // Nobody's fault that is here: it has its turn again once the operator has seen to the platform.
        Outcome::Unchanged(Blame::Infrastructure) | Outcome::RolledBack(Blame::Infrastructure) => {
            (Member::Pending, Some(Blame::Infrastructure))
        }
        Outcome::Unchanged(blame) => (Member::Unchanged, Some(blame)),
        Outcome::RolledBack(blame) => (Member::RolledBack, Some(blame)),
        Outcome::NeedsApproval(blame) => (Member::NeedsApproval, Some(blame)),
        Outcome::Quarantined(blame) => (Member::Quarantined, Some(blame)),
    }
}

fn reverted(member: &Seen, outcome: Outcome) -> Member {
    match outcome {
        // It went back because something was wrong with it, or because everybody does.
        Outcome::Exposed(_) | Outcome::RolledBack(_) => {
            if member.fault.is_some() {
                Member::RolledBack
            } else {
                Member::Reverted
            }
        }
        Outcome::Unchanged(_) | Outcome::NeedsApproval(_) => Member::NeedsApproval,
        Outcome::Quarantined(_) => Member::Quarantined,
    }
}

/// A soak is timed from the instance's own exposure, and over only while it is seen well.
fn soaked(member: &Seen, now: Timestamp) -> bool {
    let long_enough = member.exposed_at.is_some_and(|since| now.duration_since(since) >= member.soak);
    (long_enough || !on(Guard::Soak)) && (member.well || !on(Guard::Well))
}

/// What taking an instance back takes.
enum Back {
    Go,
    Ask,
    Wait,
}

/// No hold, pin or window keeps an instance on a release that goes back; only another operation on it does.
fn never_in_the_way_back(held: Held) -> bool {
    !matches!(held, Held::Busy | Held::NotRunning)
}

fn goes_back(member: &Seen) -> Back {
    match member.held {
        Some(Held::Busy) => Back::Wait,
        Some(Held::NotRunning) => Back::Ask,
        _ if member.migrated && !member.approved && on(Guard::Loss) => Back::Ask,
        _ => Back::Go,
    }
}

fn forward(rollout: &Rollout) -> Vec<Action> {
    if rollout.failures >= budget(rollout) && on(Guard::Budget) {
        return vec![Action::Enter(State::Halting, Why::Budget)];
    }
    if rollout.members.iter().any(|m| m.overdue && (m.state.in_flight() || m.state == Member::Soaking)) && on(Guard::Progress) {
        return vec![Action::Enter(State::Paused, Why::NoProgress)];
    }
    let actions = start(rollout);
    if !actions.is_empty() {
        return actions;
    }
    let open = |m: &&Seen| m.wave <= rollout.gates;
    // What is held by its own people has its turn later; it stops no gate.
    let settled = |m: &Seen| m.state.is_over() || m.state == Member::Pending && m.held.is_some_and(|held| held != Held::Busy);
    if rollout.members.iter().filter(open).any(|m| !settled(m)) && on(Guard::WholeWave) {
        return Vec::new();
    }
    if rollout.members.iter().all(|m| m.state.is_over() || !on(Guard::Everybody)) {
        return vec![Action::Enter(State::Completed, Why::Over)];
    }
    let last = rollout.members.iter().map(|m| m.wave).max().unwrap_or(0);
    if rollout.gates >= last {
        // What is left is held, and has its turn when the hold ends.
        return Vec::new();
    }
    gate(rollout)
}

/// Updates of the open waves, and rehearsals ahead of the next.
fn start(rollout: &Rollout) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut free = free(rollout);
    let mut rehearsals =
        rollout.knobs.rehearsals.saturating_sub(rollout.members.iter().filter(|m| m.rehearsal == Rehearsal::Underway).count());
    for (at, m) in rollout.members.iter().enumerate() {
        if m.state != Member::Pending || m.wave > rollout.gates + 1 && on(Guard::OpenWave) {
            continue;
        }
        if m.rehearsal == Rehearsal::Broken {
            return vec![Action::Enter(State::Paused, Why::Rehearsal)];
        }
        let open = m.wave <= rollout.gates || !on(Guard::OpenWave);
        let free_to_go = m.held.is_none() || !on(Guard::Held);
        let rehearsed = m.rehearsal.lets_start() || !on(Guard::Rehearsed);
        if open && free_to_go && rehearsed && free > 0 {
            free -= 1;
            actions.push(Action::Update(at));
        }
        let can = !matches!(m.held, Some(Held::NotRunning | Held::Pin));
        if m.rehearsal == Rehearsal::Missing && can && rehearsals > 0 {
            rehearsals -= 1;
            actions.push(Action::Rehearse(at));
        }
    }
    actions
}

/// The open waves are over: does what happened in the last of them speak for the release?
fn gate(rollout: &Rollout) -> Vec<Action> {
    let wave = || rollout.members.iter().filter(|m| m.wave == rollout.gates);
    if !wave().any(|m| m.state == Member::Succeeded) && !rollout.agreed && on(Guard::Proved) {
        // Somebody in it may still speak for it, when a window opens.
        if wave().any(|m| m.state == Member::Pending && m.held.is_some_and(Held::passes)) {
            return Vec::new();
        }
        return vec![Action::Enter(State::Paused, Why::Unproved)];
    }
    if rollout.knobs.manual_gates && !rollout.agreed && on(Guard::Manual) {
        return vec![Action::Enter(State::Paused, Why::ManualGate)];
    }
    vec![Action::PassGate]
}

/// A rollback skips waves, and no budget stands in its way.
fn backward(rollout: &Rollout) -> Vec<Action> {
    let mut free = free(rollout);
    let mut actions = Vec::new();
    for (at, m) in rollout.members.iter().enumerate().rev().filter(|(_, m)| m.state.is_new()) {
        match goes_back(m) {
            _ if m.gone => actions.push(Action::Move(at, Member::Skipped, None)),
            Back::Wait => {}
            Back::Ask => actions.push(Action::Move(at, Member::NeedsApproval, None)),
            Back::Go => drop(take_back(at, &mut free, &mut actions)),
        }
    }
    let left = in_flight(rollout) > 0 || rollout.members.iter().any(|m| m.state.is_new());
    if !actions.is_empty() || left && on(Guard::AllBack) {
        return actions;
    }
    let mut asking = rollout.members.iter().filter(|m| m.state == Member::NeedsApproval).peekable();
    if asking.peek().is_none() || !on(Guard::Blocked) {
        return vec![Action::Enter(State::Reverted, Why::Over)];
    }
    if asking.all(|m| m.approved) {
        return Vec::new();
    }
    vec![Action::Enter(State::RevertBlocked, Why::Loss)]
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod properties;
