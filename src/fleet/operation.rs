// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A durable piece of work and the events of its journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{InstanceId, MunicipalityId, OperationId, Slug, instance::text_enum};

/// One operation, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Version of the step list that it was started with.
    pub workflow_version: i32,
    /// For which municipality; the row of that one may be gone by now.
    pub municipality: MunicipalityId,
    /// That municipality's slug, kept for people.
    pub slug: Slug,
    /// On which instance.
    pub instance: InstanceId,
    /// What it was asked, without secrets.
    pub input: serde_json::Value,
    /// Where it stands.
    pub state: OperationState,
    /// The step at hand, by name.
    pub step: String,
    /// Whether it goes forward or back.
    pub direction: Direction,
    /// Failed tries of the step at hand.
    pub attempts: i32,
    /// What stopped it, for people; empty while nothing has.
    pub error: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it must be over.
    pub deadline_at: Timestamp,
    /// Not before this time is it worked on again.
    pub next_at: Timestamp,
    /// Who works on it, and the count of owners so far.
    pub lease_owner: Option<String>,
    /// Counts the owners: a write of an older epoch is refused.
    pub lease_epoch: i64,
    /// Until when the owner holds it.
    pub lease_until: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationKind {
    /// Makes a municipality's instance.
    Onboard,
    /// Stops it, keeping everything.
    Suspend,
    /// Starts it again.
    Resume,
    /// Archives and removes it.
    Offboard,
    /// Puts right what was found different from what it should be.
    Repair,
    /// Tries a release on a copy of its data, beside it.
    Rehearse,
    /// Moves it to another release.
    Update,
    /// Takes it back to the release before.
    Revert,
}

text_enum!(OperationKind, "kind", [
    OperationKind::Onboard => "onboard", OperationKind::Suspend => "suspend", OperationKind::Resume => "resume", OperationKind::Offboard => "offboard",
    OperationKind::Repair => "repair", OperationKind::Rehearse => "rehearse", OperationKind::Update => "update",
    OperationKind::Revert => "revert",
]);

impl OperationKind {
    /// Whether it works on a copy beside the instance, which it therefore never changes, holds, or sets aside.
    #[must_use]
    pub fn works_beside(self) -> bool {
        self == Self::Rehearse
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationState {
    /// Waiting or going on.
    Live,
    /// Every step is done.
    Done,
    /// Undone to nothing.
    Undone,
    /// Ended with something left that a person must look at.
    Failed,
    /// Its steps are unknown to this version of Flotta; a person must decide.
    Parked,
}

text_enum!(OperationState, "state", [
    OperationState::Live => "live", OperationState::Done => "done", OperationState::Undone => "undone",
    OperationState::Failed => "failed", OperationState::Parked => "parked",
]);

impl OperationState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        self != Self::Live
    }
}

/// Which way an operation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards what was asked.
    Forward,
    /// Back to nothing.
    Back,
    /// Back to the point of no undo only; then a person is asked.
    Aside,
}

text_enum!(Direction, "direction", [Direction::Forward => "forward", Direction::Back => "back", Direction::Aside => "aside"]);

/// One line of an operation's journal; never changed once written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationEvent {
    /// Counts the operation's events from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Which step.
    pub step: String,
    /// What about it.
    pub kind: EventKind,
    /// For people, without secrets.
    pub message: String,
    /// What was seen, as data.
    pub evidence: serde_json::Value,
}

/// What a journal line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// The step is about to be done.
    Intent,
    /// It is done and was seen to be.
    Done,
    /// A try failed.
    Failed,
    /// It is about to be undone.
    Undoing,
    /// It is undone and was seen to be.
    Undone,
    /// Something a reader should know.
    Note,
}

text_enum!(EventKind, "event", [
    EventKind::Intent => "intent", EventKind::Done => "done", EventKind::Failed => "failed",
    EventKind::Undoing => "undoing", EventKind::Undone => "undone", EventKind::Note => "note",
]);
