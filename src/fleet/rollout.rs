// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving a set of instances to a release, in waves, behind gates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, instance::text_enum};

/// Marks the ids of rollouts.
pub struct Rollout;
/// Identifies a rollout.
pub type RolloutId = Id<Rollout>;

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// Its waves go on.
    Running,
    /// Nothing new is started until an operator says so, or until what stopped it has passed.
    Paused,
    /// It was stopped; updates under way come to their end.
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
}

impl RolloutState {
    /// Whether nothing will change any more without an operator.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Halted | Self::Reverted | Self::RevertBlocked | Self::Completed)
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
}

impl MemberState {
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
]);
text_enum!(MemberState, "state", [
    MemberState::Pending => "pending", MemberState::Updating => "updating", MemberState::Soaking => "soaking",
    MemberState::Succeeded => "succeeded", MemberState::Unchanged => "failed-unchanged", MemberState::RolledBack => "rolled-back",
    MemberState::NeedsApproval => "needs-approval", MemberState::Quarantined => "quarantined", MemberState::Reverting => "reverting",
    MemberState::Reverted => "reverted",
]);
text_enum!(Blame, "blame", [Blame::Release => "release", Blame::Instance => "instance", Blame::Infrastructure => "infrastructure"]);
