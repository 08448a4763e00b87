// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is stored and seen of one rollout, as deciding needs it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{look, rehearse};
use crate::{
    error::{Error, Result},
    fleet::{
        Instance, InstanceId, InstanceState, OperationId, Overlaid, Rollout, RolloutId, Scope,
        evidence::Look,
        rollout::{Blame, MemberState, Outcome, RolloutMember},
        update::{Ended, Migration},
    },
    instances::Tools,
    platform,
    rollouts::{
        blame::{self, Around},
        decide::{self, Rehearsal, Seen},
        rehearsals::verdict::Rehearsed,
        updates, waiting,
    },
    store::{self, operations, policies, rollouts},
};

/// What need not be read or looked at twice; lost without harm.
#[derive(Default)]
pub(super) struct Memory {
    /// How each watched instance looked lately, by its update.
    pub(super) looks: HashMap<OperationId, look::Looks>,
    /// What each was before its update.
    pub(super) baselines: HashMap<OperationId, Arc<Look>>,
    /// What rehearsals said that have ended.
    pub(super) rehearsals: HashMap<OperationId, Option<Rehearsed>>,
    /// How updates came out that have ended.
    ended: HashMap<OperationId, Ended>,
    /// Who watches which.
    of: HashMap<RolloutId, HashSet<OperationId>>,
    /// When the platform was last found disturbed.
    disturbed_at: Option<Timestamp>,
}

impl Memory {
    /// Forgets what belongs to rollouts that are watched no longer.
    pub(super) fn forget_but(&mut self, watched: &[RolloutId]) {
        let gone: Vec<RolloutId> = self.of.keys().filter(|id| !watched.contains(id)).copied().collect();
        for id in gone.into_iter().filter_map(|id| self.of.remove(&id)).flatten() {
            self.looks.remove(&id);
            self.baselines.remove(&id);
            self.rehearsals.remove(&id);
            self.ended.remove(&id);
        }
    }

    pub(super) fn note(&mut self, rollout: RolloutId, operation: OperationId) {
        self.of.entry(rollout).or_default().insert(operation);
    }

    async fn ended(&mut self, tools: &Tools, rollout: RolloutId, id: OperationId) -> Result<Option<Ended>> {
        if let Some(known) = self.ended.get(&id) {
            return Ok(Some(known.clone()));
        }
        let operation = operations::get(&tools.store, &Scope::Fleet, id).await?;
        let ended = updates::ended(tools, &operation).await?;
        // One that failed may be tried again by an operator, and then comes out otherwise.
        if let Some(ended) = ended.as_ref().filter(|e| matches!(e.outcome, Outcome::Exposed(_))) {
            self.note(rollout, id);
            self.ended.insert(id, ended.clone());
        }
        Ok(ended)
    }
}

/// One rollout at one moment.
pub(super) struct View {
    pub(super) rollout: Rollout,
    pub(super) members: Vec<RolloutMember>,
    /// Their instances, in the same order; none where one is gone.
    pub(super) instances: Vec<Option<Instance>>,
    /// Why each stands or is to stand where it does, for people.
    pub(super) why: Vec<String>,
    /// What each one's update will do to its data.
    pub(super) migrations: Vec<Option<Migration>>,
    pub(super) decided: decide::Rollout,
}

/// Reads and looks.
pub(super) async fn see(tools: &Tools, memory: &mut Memory, id: RolloutId) -> Result<View> {
    let now = tools.clock.now();
    let (rollout, members) = rollouts::whole(&tools.store, id).await?;
    let standing = store::instances::all_with_work(&tools.store).await?;
    let busy: HashSet<InstanceId> = standing.iter().filter(|(_, busy)| *busy).map(|(i, _)| i.id).collect();
    let mut all: HashMap<InstanceId, Instance> = standing.into_iter().map(|(i, _)| (i.id, i)).collect();
    let policies = policies::all(&tools.store).await?;
    let overlaid = store::derived::overlaid(&tools.store).await?;
    let rehearsed = rehearse::all(tools, memory, &rollout, &members, &overlaid).await?;
    look::pass(tools, memory, &rollout, &members, &all).await;
    let fallen = look::fallen(tools, &members).await?;
    let controls: Vec<Instance> = controls(&rollout, &members, &all, &overlaid);
    let instances: Vec<Option<Instance>> = members.iter().map(|m| all.remove(&m.instance)).collect();
    let mut circumstances = Circumstances::of(&rollout, &members, memory, &fallen, now);
    let mut view = View {
        decided: decide::Rollout {
            state: rollout.state,
            gates: size(rollout.gates),
            agreed: rollout.agreed,
            failures: size(rollout.failures),
            elsewhere: busy.len().saturating_sub(members.iter().filter(|m| m.state.in_flight() && busy.contains(&m.instance)).count()),
            knobs: decide::Knobs {
                in_flight: size(rollout.knobs.in_flight),
                together: size(tools.settings.updates.together()),
                rehearsals: size(rollout.knobs.rehearsals),
                budget: size(rollout.budget),
                manual_gates: rollout.knobs.manual_gates,
            },
            members: Vec::with_capacity(members.len()),
        },
        why: Vec::with_capacity(members.len()),
        migrations: Vec::with_capacity(members.len()),
        instances: Vec::new(),
        members: Vec::new(),
        rollout,
    };
    for (member, instance) in members.iter().zip(&instances) {
        let rollout = &view.rollout;
        let live = busy.contains(&member.instance);
        let (held, why) = waiting::held(rollout.release, instance.as_ref(), policies.get(&member.instance), live, now).unzip();
        let mut why = why.unwrap_or_default();
        let mut outcome = None;
        if let Some(operation) = member.operation.filter(|_| member.state.in_flight()) {
            match memory.ended(tools, rollout.id, operation).await {
                Ok(Some(ended)) => {
                    ended.why.clone_into(&mut why);
                    outcome = Some(circumstances.outcome(tools, &controls, ended.outcome).await);
                }
                Ok(None) | Err(Error::NotFound { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let told = rehearsed.get(&member.instance);
        let rehearsal = match told {
            None => Rehearsal::Unneeded,
            Some(told) => {
                if let Some(said) = &told.said {
                    said.summary.clone_into(&mut why);
                }
                match told.state {
                    Rehearsal::Failed(seems) => Rehearsal::Failed(circumstances.blame(tools, &controls, seems).await),
                    other => other,
                }
            }
        };
        let (mut ill, mut well) = (None, false);
        if let Some(update) = member.update.filter(|_| member.state == MemberState::Soaking && member.blame.is_none()) {
            let told = memory.ended(tools, rollout.id, update).await?.and_then(|e| e.ill);
            let sight = look::sight(memory.looks.get(&update), rollout, member, told, &fallen, now);
            well = sight.well;
            if let Some(said) = sight.ill {
                let blame = circumstances.blame(tools, &controls, Blame::Release).await;
                // What was seen may be from then, and the instance be put right only now: neither well nor ill until that is over.
                if blame == Blame::Infrastructure || !circumstances.lately_disturbed(tools) {
                    (why, ill) = (said, Some(blame));
                }
            }
        }
        view.decided.members.push(Seen {
            wave: size(member.wave),
            state: member.state,
            outcome,
            exposed_at: member.exposed_at,
            soak: SignedDuration::from_secs(i64::from(rollout.knobs.soak(member.wave))),
            well,
            ill,
            fault: member.blame,
            held,
            rehearsal,
            migrated: member.migrated(),
            approved: member.approved,
            overdue: overdue(rollout, member, now),
            gone: gone(rollout, member, instance.as_ref(), live, &overlaid),
        });
        view.migrations.push(told.and_then(|t| t.said.as_ref()).map(|said| said.migration));
        view.why.push(why);
    }
    memory.disturbed_at = circumstances.disturbed_at;
    view.instances = instances;
    view.members = members;
    Ok(view)
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Since it was first begun, or since an operator let the rollout go on; trying again and again starts no clock anew.
fn overdue(rollout: &Rollout, member: &RolloutMember, now: Timestamp) -> bool {
    let since = member.started_at.map(|at| at.max(rollout.resumed_at));
    since.is_some_and(|at| now.duration_since(at) >= SignedDuration::from_secs(i64::from(rollout.knobs.progress_deadline_seconds)))
}

/// Whether somebody else has taken it off the rollout's hands.
fn gone(rollout: &Rollout, member: &RolloutMember, instance: Option<&Instance>, live: bool, overlaid: &Overlaid) -> bool {
    let Some(instance) = instance else { return true };
    if live {
        return false;
    }
    match member.state {
        MemberState::Pending => overlaid.target(instance.municipality, rollout.release) == Some(instance.release),
        // A change of the overlay meanwhile is the next update's.
        MemberState::Soaking | MemberState::Succeeded | MemberState::NeedsApproval => overlaid.plain(instance.release) != rollout.release,
        _ => false,
    }
}

/// Instances that this rollout has not touched: if they are ill too, it is not the release.
fn controls(rollout: &Rollout, members: &[RolloutMember], all: &HashMap<InstanceId, Instance>, overlaid: &Overlaid) -> Vec<Instance> {
    let other = |i: &Instance| overlaid.plain(i.release) != rollout.release;
    let touched: HashSet<InstanceId> = members.iter().filter(|m| m.state != MemberState::Pending).map(|m| m.instance).collect();
    let mut untouched: Vec<&Instance> =
        all.values().filter(|i| other(i) && i.state == InstanceState::Running && !touched.contains(&i.id)).collect();
    untouched.sort_by_key(|i| i.id);
    untouched.into_iter().take(look::CONTROLS).cloned().collect()
}

/// What surrounds a failure; the platform is asked once, and only when something failed.
struct Circumstances {
    around: Around,
    asked: bool,
    disturbed_at: Option<Timestamp>,
}

impl Circumstances {
    fn of(rollout: &Rollout, members: &[RolloutMember], memory: &Memory, fallen: &look::Fallen, now: Timestamp) -> Self {
        let well = |m: &&RolloutMember| match m.state {
            MemberState::Succeeded => true,
            MemberState::Soaking => {
                m.blame.is_none() && m.update.is_some_and(|u| look::sight(memory.looks.get(&u), rollout, m, None, fallen, now).well)
            }
            _ => false,
        };
        let failed = |m: &&RolloutMember| m.blame.is_some_and(|b| b != Blame::Infrastructure) && m.state != MemberState::Pending;
        let around =
            Around { well: members.iter().filter(well).count(), failed: members.iter().filter(failed).count(), ..Around::default() };
        Self { around, asked: false, disturbed_at: memory.disturbed_at }
    }

    /// Whether the platform was disturbed so lately that not everything has been looked at since.
    fn lately_disturbed(&self, tools: &Tools) -> bool {
        self.disturbed_at.is_some_and(|at| tools.clock.now().duration_since(at) < look::all_seen_anew(tools))
    }

    async fn blame(&mut self, tools: &Tools, controls: &[Instance], seems: Blame) -> Blame {
        if !self.asked {
            self.asked = true;
            self.around.disturbed = platform::status(tools).await.iter().any(|service| !service.well);
            if self.around.disturbed {
                self.disturbed_at = Some(tools.clock.now());
            } else {
                (self.around.others, self.around.others_ill) = look::controls(tools, controls).await;
            }
        }
        blame::attribute(seems, &self.around)
    }

    async fn outcome(&mut self, tools: &Tools, controls: &[Instance], outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Exposed(_) => outcome,
            Outcome::Unchanged(seems) => Outcome::Unchanged(self.blame(tools, controls, seems).await),
            Outcome::RolledBack(seems) => Outcome::RolledBack(self.blame(tools, controls, seems).await),
            Outcome::NeedsApproval(seems) => Outcome::NeedsApproval(self.blame(tools, controls, seems).await),
            Outcome::Quarantined(seems) => Outcome::Quarantined(self.blame(tools, controls, seems).await),
        }
    }
}
