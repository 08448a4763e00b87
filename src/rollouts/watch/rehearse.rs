// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What rehearsals say of the members that have not had their turn.

use std::collections::HashMap;

use jiff::SignedDuration;

use super::see::Memory;
use crate::{
    error::Result,
    fleet::{
        Instance, InstanceId, Operation, OperationKind, Overlaid, ReleaseId, Rollout,
        evidence::Level,
        knobs::Rehearse,
        rollout::{Blame, MemberState, RolloutMember},
    },
    instances::Tools,
    rollouts::{
        decide::Rehearsal,
        rehearsals::{
            self,
            verdict::{self, Rehearsed},
        },
    },
    store::operations,
};

/// A release that worked on a copy works a day later too; one that did not is tried again at the next turn.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// What is known of one member.
pub(super) struct Told {
    pub(super) state: Rehearsal,
    pub(super) said: Option<Rehearsed>,
}

/// What is known of every member that needs a rehearsal before its turn; the others are not in it.
pub(super) async fn all(
    tools: &Tools,
    memory: &mut Memory,
    rollout: &Rollout,
    members: &[RolloutMember],
    overlaid: &Overlaid,
) -> Result<HashMap<InstanceId, Told>> {
    let mut told = HashMap::new();
    if rollout.knobs.rehearse == Rehearse::Skip {
        return Ok(told);
    }
    let near = |m: &&RolloutMember| m.state == MemberState::Pending && m.wave <= rollout.gates + 1;
    let soon: Vec<&RolloutMember> = members.iter().filter(near).collect();
    let ids: Vec<InstanceId> = soon.iter().map(|m| m.instance).collect();
    let newest = operations::newest_of(&tools.store, OperationKind::Rehearse, &ids).await?;
    for member in soon {
        // What is not begun was not rehearsed either.
        let wanted = overlaid.target(member.municipality, rollout.release);
        let found = newest.get(&member.instance).filter(|o| wanted.is_some() && target(o) == wanted);
        let known = match found {
            None => Told { state: Rehearsal::Missing, said: None },
            Some(operation) if !operation.state.is_final() => Told { state: Rehearsal::Underway, said: None },
            Some(operation) => {
                let said = said(tools, memory, rollout, operation).await?;
                Told { state: judge(rollout, member, operation, said.as_ref()), said }
            }
        };
        told.insert(member.instance, known);
    }
    // Those of later waves are not asked about yet, but need one too.
    for member in members.iter().filter(|m| m.state == MemberState::Pending && m.wave > rollout.gates + 1) {
        told.insert(member.instance, Told { state: Rehearsal::Missing, said: None });
    }
    Ok(told)
}

/// Which release an operation tried.
fn target(operation: &Operation) -> Option<ReleaseId> {
    rehearsals::Order::of(&operation.input).map(|order| order.release)
}

fn judge(rollout: &Rollout, member: &RolloutMember, operation: &Operation, said: Option<&Rehearsed>) -> Rehearsal {
    let this_turn = operation.created_at >= member.updated_at;
    if said.is_some_and(|s| s.own) {
        return if this_turn { Rehearsal::Failed(Blame::Instance) } else { Rehearsal::Missing };
    }
    match said.map(|s| s.level) {
        Some(Level::Pass | Level::Warn) if this_turn || member.updated_at.duration_since(operation.created_at) < FRESH => Rehearsal::Passed,
        // The release's by itself; whether it is the instance's own is seen from the others.
        Some(Level::Fail) if this_turn => Rehearsal::Failed(Blame::Release),
        Some(_) => Rehearsal::Missing,
        None if this_turn && operation.created_at >= rollout.resumed_at => Rehearsal::Broken,
        None => Rehearsal::Missing,
    }
}

async fn said(tools: &Tools, memory: &mut Memory, rollout: &Rollout, operation: &Operation) -> Result<Option<Rehearsed>> {
    if let Some(known) = memory.rehearsals.get(&operation.id) {
        return Ok(known.clone());
    }
    let said = verdict::read(tools, operation).await?;
    // One that failed may be tried again by an operator, and then says something.
    if said.as_ref().is_some_and(|s| !s.own) {
        memory.note(rollout.id, operation.id);
        memory.rehearsals.insert(operation.id, said.clone());
    }
    Ok(said)
}

/// Starts trying what the rollout's release is for an instance on a copy of it.
pub(super) async fn start(tools: &Tools, instance: &Instance, rollout: &Rollout, release: ReleaseId) -> Result<()> {
    rehearsals::start(tools, instance, release, Some(rollout.id), &rollout.requested_by).await.map(drop)
}
