// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Applying one answer, in one transaction.

use std::time::Duration;

use serde_json::json;

use super::{rehearse, see::View};
use crate::{
    error::{Error, Result},
    fleet::{
        Instance, Scope,
        rollout::{Blame, MemberState, Outcome, RolloutEventKind as Kind, RolloutMember},
        update::Migration,
    },
    instances::Tools,
    releases::overlay::derived,
    rollouts::{
        decide::Action,
        updates::{self, Order},
    },
    store::{
        operations,
        rollouts::{self, Change, MemberChange, NewEvent},
    },
};

/// Applies an answer to a rollout of this version. Gives the version that it has then.
///
/// # Errors
/// `Conflict` when the instance is not free for it now; `StaleLease` when the rollout was changed meanwhile.
pub(super) async fn apply(tools: &Tools, view: &View, action: &Action, version: i64) -> Result<i64> {
    let rollout = &view.rollout;
    match *action {
        Action::Rehearse(at) => {
            let instance = instance(view, at)?;
            let release = derived::effective(tools, instance, rollout.release).await?;
            rehearse::start(tools, instance, rollout, release.id).await?;
            Ok(version)
        }
        Action::Update(at) => {
            let instance = instance(view, at)?;
            let order = Order {
                release: derived::effective(tools, instance, rollout.release).await?.id,
                // What nobody knows is taken for the worst.
                migration: view.migrations[at].or(rollout.knobs.migration).unwrap_or(Migration::Schema),
                rollout: Some(rollout.id),
                drain: Duration::from_secs(u64::from(rollout.knobs.drain_seconds)),
            };
            updates::update(tools, instance, &order, &rollout.requested_by, None).await?;
            Ok(version + 1)
        }
        Action::Revert(at) => {
            let member = &view.members[at];
            let update = member.update.ok_or_else(|| Error::Internal(format!("{} was never updated", member.slug)))?;
            let update = operations::get(&tools.store, &Scope::Fleet, update).await?;
            let with_data = member.migrated() && member.approved;
            updates::revert(tools, instance(view, at)?, &update, with_data, &rollout.requested_by, None).await?;
            Ok(version + 1)
        }
        Action::Move(at, to, blame) => {
            let member = &view.members[at];
            let exposed_at = match view.decided.members[at].outcome {
                Some(Outcome::Exposed(since)) if to == MemberState::Soaking => Some(since),
                _ => None,
            };
            let reason = reason(view, at, to);
            let change = MemberChange {
                blame: blame.filter(|b| *b != Blame::Infrastructure),
                reason: Some(reason.clone()),
                exposed_at,
                // Whoever agreed to one try did not agree to the next.
                approved: (to == MemberState::NeedsApproval).then_some(false),
                ..MemberChange::to(member, to)
            };
            let mut line = NewEvent::of(Kind::Member, to).about(member);
            line.message = reason;
            if let Some(blame) = blame {
                line.evidence = json!({ "blame": blame });
            }
            let failures = u32::from(blame == Some(Blame::Release));
            record(tools, view, version, Change { failures, members: vec![change], ..Change::default() }, line).await
        }
        Action::Fault(at, blame) => {
            let member = &view.members[at];
            let change = MemberChange { blame: Some(blame), reason: Some(view.why[at].clone()), ..MemberChange::to(member, member.state) };
            let mut line = NewEvent::of(Kind::Fault, blame).about(member);
            view.why[at].clone_into(&mut line.message);
            let failures = u32::from(blame == Blame::Release);
            record(tools, view, version, Change { failures, members: vec![change], ..Change::default() }, line).await
        }
        Action::PassGate => {
            let mut line = NewEvent::of(Kind::Gate, rollout.gates);
            line.evidence = gate(view);
            record(tools, view, version, Change { gate: true, ..Change::default() }, line).await
        }
        Action::Enter(state, why) => {
            let mut line = NewEvent::of(Kind::State, state);
            line.evidence = json!({ "why": why });
            record(tools, view, version, Change { state: Some((state, why)), ..Change::default() }, line).await
        }
    }
}

async fn record(tools: &Tools, view: &View, version: i64, change: Change, line: NewEvent) -> Result<i64> {
    rollouts::record(&tools.store, (view.rollout.id, version), &change, &[line], tools.clock.now()).await
}

fn instance(view: &View, at: usize) -> Result<&Instance> {
    view.instances[at].as_ref().ok_or_else(|| Error::not_found("instance"))
}

/// Why a member stands where it is moved to. What was found wrong with it stays told while it goes back.
fn reason(view: &View, at: usize, to: MemberState) -> String {
    let member: &RolloutMember = &view.members[at];
    match to {
        MemberState::Soaking | MemberState::Succeeded | MemberState::Reverted => String::new(),
        MemberState::Skipped => "it is gone, or was moved by somebody else".to_owned(),
        _ if view.why[at].is_empty() => member.reason.clone(),
        _ => view.why[at].clone(),
    }
}

/// What speaks for a gate, kept with it.
fn gate(view: &View) -> serde_json::Value {
    let wave = || view.members.iter().filter(|m| m.wave == view.rollout.gates);
    let count = |is: &dyn Fn(&RolloutMember) -> bool| wave().filter(|m| is(m)).count();
    json!({
        "wave": view.rollout.gates,
        "name": usize::try_from(view.rollout.gates).ok().and_then(|at| view.rollout.waves.get(at)),
        "members": wave().count(),
        "succeeded": count(&|m| m.state == MemberState::Succeeded),
        "failed": count(&|m| m.blame.is_some()),
        "waiting": count(&|m| m.state == MemberState::Pending),
        "skipped": count(&|m| m.state == MemberState::Skipped),
        "failures": view.rollout.failures,
        "budget": view.rollout.budget,
        "agreed": view.rollout.agreed,
    })
}
