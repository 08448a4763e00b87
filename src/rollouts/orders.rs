// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an operator orders a rollout to do. An order only writes where the rollout is to stand; the watcher acts on it.

use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        InstanceId, Rollout, RolloutId,
        rollout::{MemberState, RolloutEventKind, RolloutMember, RolloutState as State, Why},
    },
    instances::Tools,
    store::rollouts::{self, Change, MemberChange, NewEvent},
};

/// How often an order is given anew when the watcher wrote meanwhile.
const TRIES: u32 = 20;

/// An order for the whole rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start nothing new.
    Pause,
    /// Go on, through the gate at which it waits.
    Resume,
    /// Start nothing ever again; what is under way ends.
    Halt,
    /// Take everybody back; where that loses what was written since, only with this word.
    Revert {
        /// Whether what was written since the updates may be lost.
        lose_data: bool,
    },
}

impl Order {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Halt => "halt",
            Self::Revert { .. } => "revert",
        }
    }
}

/// An order for one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberOrder {
    /// Take it back, though what was written since is lost.
    Approve,
    /// Leave it out.
    Skip,
    /// Give it another turn.
    Retry,
}

impl MemberOrder {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Skip => "skip",
            Self::Retry => "retry",
        }
    }
}

fn refused(code: &str, message: String, fix: &str) -> Error {
    Error::Conflict(FieldError::new("rollout", code, message, fix))
}

/// Orders the whole rollout; where it stands there already, nothing is changed.
///
/// # Errors
/// `Conflict` when it cannot from where it stands.
pub async fn give(tools: &Tools, id: RolloutId, order: Order, by: &str) -> Result<Rollout> {
    for _ in 0..TRIES {
        let (rollout, members) = rollouts::whole(&tools.store, id).await?;
        let Some(change) = change(&rollout, &members, order)? else { return Ok(rollout) };
        let mut line = NewEvent::of(RolloutEventKind::Order, order.as_str());
        by.clone_into(&mut line.by);
        if matches!(order, Order::Revert { lose_data: true }) {
            line.evidence = serde_json::json!({"lose_data": true});
        }
        match rollouts::record(&tools.store, (id, rollout.version), &change, &[line], tools.clock.now()).await {
            Ok(_) => return rollouts::whole(&tools.store, id).await.map(|(rollout, _)| rollout),
            Err(Error::StaleLease) => {}
            Err(other) => return Err(other),
        }
    }
    Err(busy())
}

fn busy() -> Error {
    refused("rollout-busy", "the rollout changes faster than the order could be written".to_owned(), "send it again")
}

/// What an order changes; none where it has been followed already.
fn change(rollout: &Rollout, members: &[RolloutMember], order: Order) -> Result<Option<Change>> {
    let to = |state, why| Change { state: Some((state, why)), ..Change::default() };
    let cannot = |fix: &str| {
        let said = format!("a rollout that is {} cannot {}", rollout.state, order.as_str());
        Err(refused("rollout-stands", said, fix))
    };
    Ok(Some(match (order, rollout.state) {
        (Order::Pause, State::Paused) | (Order::Resume, State::Running) | (Order::Halt, State::Halting | State::Halted) => return Ok(None),
        (Order::Revert { .. }, State::Reverted) => return Ok(None),
        (Order::Pause, State::Running) => to(State::Paused, Why::Operator),
        (Order::Resume, State::Paused) => {
            // Only the gate that it waits at is agreed to, not the next one it comes to.
            let at_gate = matches!(rollout.why, Why::ManualGate | Why::Unproved);
            Change { agreed: at_gate || rollout.agreed, resumed: true, ..to(State::Running, Why::Started) }
        }
        (Order::Halt, State::Running | State::Paused) => to(State::Halting, Why::Operator),
        (Order::Revert { lose_data: false }, State::Reverting) => return Ok(None),
        (Order::Revert { lose_data: false }, State::RevertBlocked) => {
            return cannot("look at what was written since on those that wait; approve each, or revert with the loss of it");
        }
        (Order::Revert { lose_data }, _) => {
            let loses = |m: &&RolloutMember| {
                let new = m.state.is_new() || matches!(m.state, MemberState::NeedsApproval | MemberState::Updating);
                lose_data && new && !m.approved
            };
            let agreed = |m: &RolloutMember| MemberChange { approved: Some(true), ..MemberChange::to(m, m.state) };
            Change { members: members.iter().filter(loses).map(agreed).collect(), ..to(State::Reverting, Why::Operator) }
        }
        (Order::Pause | Order::Resume, _) => return cannot("start a new rollout for those that are left"),
        (Order::Halt, _) => return cannot("there is nothing to halt"),
    }))
}

/// Orders one instance of a rollout.
///
/// # Errors
/// `NotFound` when it is not in the rollout; `Conflict` when it cannot from where it stands.
pub async fn give_member(tools: &Tools, id: RolloutId, instance: InstanceId, order: MemberOrder, by: &str) -> Result<Rollout> {
    for _ in 0..TRIES {
        let (rollout, members) = rollouts::whole(&tools.store, id).await?;
        let member = members.iter().find(|m| m.instance == instance).ok_or_else(|| Error::not_found("member of the rollout"))?;
        let Some(change) = member_change(&rollout, member, order)? else { return Ok(rollout) };
        let mut line = NewEvent::of(RolloutEventKind::Order, order.as_str()).about(member);
        by.clone_into(&mut line.by);
        match rollouts::record(&tools.store, (id, rollout.version), &change, &[line], tools.clock.now()).await {
            Ok(_) => return rollouts::whole(&tools.store, id).await.map(|(rollout, _)| rollout),
            Err(Error::StaleLease) => {}
            Err(other) => return Err(other),
        }
    }
    Err(busy())
}

fn member_change(rollout: &Rollout, member: &RolloutMember, order: MemberOrder) -> Result<Option<Change>> {
    use MemberState as M;
    let only = |change| Change { members: vec![change], ..Change::default() };
    let goes_on = matches!(rollout.state, State::Running | State::Paused);
    Ok(Some(match (order, member.state) {
        (MemberOrder::Approve, M::NeedsApproval) if member.approved => return Ok(None),
        (MemberOrder::Skip, M::Skipped) | (MemberOrder::Retry, M::Pending) => return Ok(None),
        (MemberOrder::Approve, M::NeedsApproval) => {
            let again = (rollout.state == State::RevertBlocked).then_some((State::Reverting, Why::Operator));
            Change { state: again, ..only(MemberChange { approved: Some(true), ..MemberChange::to(member, M::NeedsApproval) }) }
        }
        (MemberOrder::Skip, M::Pending) if goes_on => only(MemberChange::to(member, M::Skipped)),
        (MemberOrder::Retry, M::Unchanged | M::RolledBack | M::Skipped) if goes_on => {
            only(MemberChange { reason: Some(String::new()), ..MemberChange::to(member, M::Pending) })
        }
        _ => {
            let said = format!("`{}` is {} in a rollout that is {}", member.slug, member.state, rollout.state);
            let fix = match order {
                MemberOrder::Approve => "only who waits for a decision can be approved",
                MemberOrder::Skip => "only who has not had a turn can be left out, while the rollout goes on",
                MemberOrder::Retry => "only who failed or was left out can have another turn, while the rollout goes on",
            };
            return Err(refused("member-stands", said, fix));
        }
    }))
}
