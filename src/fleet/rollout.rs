// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving a set of instances to a release, in waves, behind gates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Environment, Id, InstanceId, MunicipalityId, OperationId, ReleaseId, Slug, instance::text_enum, knobs::Knobs, update::Migration,
};

/// Identifies a rollout.
pub type RolloutId = Id<Rollout>;

/// One rollout, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its id.
    pub id: RolloutId,
    /// To which release.
    pub release: ReleaseId,
    /// That release's name.
    pub release_name: String,
    /// Where it stands.
    pub state: RolloutState,
    /// Why it stands there.
    pub why: Why,
    /// Counts its changes: a write on an older one is refused.
    pub version: i64,
    /// What an operator has set.
    pub knobs: Knobs,
    /// Its waves by name, in order.
    pub waves: Vec<String>,
    /// Gates passed: waves up to this number are open.
    pub gates: u32,
    /// Whether an operator has agreed to the gate that is next.
    pub agreed: bool,
    /// Failures of the release so far. Never falls.
    pub failures: u32,
    /// How many failures of the release halt it after the first wave.
    pub budget: u32,
    /// How many instances it is for, since it was planned.
    pub members: u32,
    /// Who asked for it.
    pub requested_by: String,
    /// Which rollout it takes the place of.
    pub parent: Option<RolloutId>,
    /// How many seconds it was expected to take.
    pub expected_seconds: u32,
    /// When an operator last let it go on.
    pub resumed_at: Timestamp,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
}

/// One instance of a rollout, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutMember {
    /// Its place in the plan, from 0.
    pub position: u32,
    /// The instance.
    pub instance: InstanceId,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// That municipality's slug.
    pub slug: Slug,
    /// What it is for.
    pub environment: Environment,
    /// Its wave, from 0.
    pub wave: u32,
    /// Why it is in that wave.
    pub placed: Placed,
    /// What it ran when the rollout was planned.
    pub from: ReleaseId,
    /// Where it stands.
    pub state: MemberState,
    /// Whose fault its failure is, where it failed.
    pub blame: Option<Blame>,
    /// Why it stands there, for people; empty where there is nothing to say.
    pub reason: String,
    /// The operation that is or was under way for it.
    pub operation: Option<OperationId>,
    /// The update that moved it.
    pub update: Option<OperationId>,
    /// What that update does to its data.
    pub migration: Option<Migration>,
    /// Whether somebody agreed that going back loses what was written since.
    pub approved: bool,
    /// How often an update of it was started.
    pub attempts: u32,
    /// When its update was first started.
    pub started_at: Option<Timestamp>,
    /// Since when it serves the new release.
    pub exposed_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl RolloutMember {
    /// Whether going back would lose what was written since.
    #[must_use]
    pub fn migrated(&self) -> bool {
        self.migration.is_some_and(Migration::pauses)
    }
}

/// One line of a rollout's history; never changed once written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutEvent {
    /// Counts the rollout's events from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What it tells.
    pub kind: RolloutEventKind,
    /// About which municipality, where it is about one.
    pub municipality: Option<MunicipalityId>,
    /// That municipality's slug; empty where it is about the whole.
    pub slug: String,
    /// The word of the state that was entered, or of the order that was given; empty for neither.
    pub word: String,
    /// Who gave the order; empty where nobody did.
    pub by: String,
    /// For people, without secrets.
    pub message: String,
    /// What was seen, as data.
    pub evidence: serde_json::Value,
}

/// What a line of a rollout's history tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutEventKind {
    /// The rollout stands somewhere else.
    State,
    /// A gate was passed.
    Gate,
    /// An instance stands somewhere else.
    Member,
    /// Something was found wrong with an instance that is watched.
    Fault,
    /// An operator gave an order.
    Order,
}

/// Why an instance is in its wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placed {
    /// An operator put it there by name.
    Ring,
    /// It is no public site, so it goes first.
    Trial,
    /// The first of its kind of network.
    Network,
    /// The first of its size.
    Size,
    /// It has its turn after those that prove the release.
    Order,
}

/// Why a rollout stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It was started, or an operator let it go on.
    Started,
    /// An operator wants it so.
    Operator,
    /// The release failed as often as its budget allows.
    Budget,
    /// The engine, the database server or the gateway is disturbed.
    Disturbed,
    /// Nobody in the wave proves the release.
    Unproved,
    /// The gate waits for an operator.
    ManualGate,
    /// An update or its soak takes too long.
    NoProgress,
    /// A rehearsal could not be done.
    Rehearsal,
    /// What was under way has ended.
    Quiet,
    /// Everybody has come to an end.
    Over,
    /// Some can only go back with a loss, which somebody must agree to.
    Loss,
}

/// Why an instance is not started now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// Somebody holds it.
    Hold,
    /// It is pinned to another release.
    Pin,
    /// It is outside its maintenance window.
    Window,
    /// Another operation on it goes on.
    Busy,
    /// It does not run.
    NotRunning,
}

impl Held {
    /// Whether time alone ends it.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::Window | Self::Busy)
    }
}

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// Its waves go on.
    Running,
    /// Nothing new is started until an operator says so.
    Paused,
    /// It was stopped; what is under way comes to its end, and what is watched is watched to the end.
    Halting,
    /// It was stopped, and nothing of it is under way.
    Halted,
    /// Those that were updated go back.
    Reverting,
    /// All of them are back.
    Reverted,
    /// Some cannot go back without somebody's decision.
    RevertBlocked,
    /// Everybody has come to an end, and the gates are passed.
    Completed,
    /// It was paused, and a rollout that was planned after it has taken over its municipalities.
    Superseded,
}

impl RolloutState {
    /// Whether nothing will change any more without an operator.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Halted | Self::Reverted | Self::RevertBlocked | Self::Completed | Self::Superseded)
    }
}

/// Where one instance stands in a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberState {
    /// Its turn has not come, or it is held.
    Pending,
    /// Its update is under way.
    Updating,
    /// It serves the new release and is watched.
    Soaking,
    /// It serves the new release, and the soak is over.
    Succeeded,
    /// The update failed before anything was switched; it serves the old release.
    #[serde(rename = "failed-unchanged")]
    Unchanged,
    /// The update failed after the switch; it serves the old release again.
    RolledBack,
    /// Going back would lose what was written; somebody must decide.
    NeedsApproval,
    /// Set aside for a person.
    Quarantined,
    /// It goes back to the old release.
    Reverting,
    /// It is back on the old release.
    Reverted,
    /// Left out: by an operator, or because it is gone or was moved by somebody else.
    Skipped,
}

impl MemberState {
    /// Every value, in the order shown to people.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Updating,
        Self::Soaking,
        Self::Succeeded,
        Self::Unchanged,
        Self::RolledBack,
        Self::NeedsApproval,
        Self::Quarantined,
        Self::Reverting,
        Self::Reverted,
        Self::Skipped,
    ];

    /// Whether something of the engine's is under way for it.
    #[must_use]
    pub fn in_flight(self) -> bool {
        matches!(self, Self::Updating | Self::Reverting)
    }

    /// Whether its part in the waves is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Updating | Self::Soaking)
    }

    /// Whether it serves the new release.
    #[must_use]
    pub fn is_new(self) -> bool {
        matches!(self, Self::Soaking | Self::Succeeded)
    }
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The release's: burns its budget.
    Release,
    /// The instance's own (its plugins, its content, what it was before).
    Instance,
    /// The platform's (engine, database server, gateway): nobody is judged by it.
    Infrastructure,
}

/// How an update or a revert that is no longer under way came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It serves what it should, since then.
    Exposed(Timestamp),
    /// Nothing was switched.
    Unchanged(Blame),
    /// It was switched, and back.
    RolledBack(Blame),
    /// It was switched, and cannot go back without a loss.
    NeedsApproval(Blame),
    /// Neither way worked.
    Quarantined(Blame),
}

text_enum!(RolloutState, "state", [
    RolloutState::Running => "running", RolloutState::Paused => "paused", RolloutState::Halting => "halting",
    RolloutState::Halted => "halted", RolloutState::Reverting => "reverting", RolloutState::Reverted => "reverted",
    RolloutState::RevertBlocked => "revert-blocked", RolloutState::Completed => "completed",
    RolloutState::Superseded => "superseded",
]);
text_enum!(MemberState, "state", [
    MemberState::Pending => "pending", MemberState::Updating => "updating", MemberState::Soaking => "soaking",
    MemberState::Succeeded => "succeeded", MemberState::Unchanged => "failed-unchanged", MemberState::RolledBack => "rolled-back",
    MemberState::NeedsApproval => "needs-approval", MemberState::Quarantined => "quarantined", MemberState::Reverting => "reverting",
    MemberState::Reverted => "reverted", MemberState::Skipped => "skipped",
]);
text_enum!(Blame, "blame", [Blame::Release => "release", Blame::Instance => "instance", Blame::Infrastructure => "infrastructure"]);
text_enum!(RolloutEventKind, "event", [
    RolloutEventKind::State => "state", RolloutEventKind::Gate => "gate", RolloutEventKind::Member => "member",
    RolloutEventKind::Fault => "fault", RolloutEventKind::Order => "order",
]);
text_enum!(Placed, "placed", [
    Placed::Ring => "ring", Placed::Trial => "trial", Placed::Network => "network", Placed::Size => "size", Placed::Order => "order",
]);
text_enum!(Why, "why", [
    Why::Started => "started", Why::Operator => "operator", Why::Budget => "budget", Why::Disturbed => "disturbed",
    Why::Unproved => "unproved", Why::ManualGate => "manual-gate", Why::NoProgress => "no-progress", Why::Rehearsal => "rehearsal",
    Why::Quiet => "quiet", Why::Over => "over", Why::Loss => "loss",
]);
text_enum!(Held, "held", [
    Held::Hold => "hold", Held::Pin => "pin", Held::Window => "window", Held::Busy => "busy", Held::NotRunning => "not-running",
]);
