// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts: the list, the board, one municipality in it, the plan, and going back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Choice, Model, Pager};
use crate::{
    error::FieldError,
    fleet::{
        Environment,
        evidence::{Level, Verdict},
        rollout::{Blame, Held, MemberState, Placed, RolloutEventKind, RolloutState, Why},
        update::{Migration, Written},
    },
    web::view::Page,
};

/// One rollout in the list.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutRow {
    /// Its id.
    pub id: String,
    /// To which release.
    pub release: String,
    /// Where it stands.
    pub state: RolloutState,
    /// Why it stands there.
    pub why: Why,
    /// How many have the release.
    pub done: u32,
    /// How many failed.
    pub failed: u32,
    /// How many it is for.
    pub total: u32,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was started.
    pub created_at: Timestamp,
}

/// Rollouts, newest first, at `GET /rollouts`.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutsPage {
    /// Those of this page.
    pub rows: Vec<RolloutRow>,
    /// How many go on.
    pub live: usize,
    /// How many of them wait for a person.
    pub waiting: usize,
    /// Whether the page leads to the plan.
    pub may_manage: bool,
    /// Whether there is more than one release, without which there is nothing to roll out.
    pub has_choice: bool,
    /// Where the list stands.
    pub pager: Pager,
    /// The same by command.
    pub command: String,
}

impl Model for RolloutsPage {
    const PAGE: Page = Page::Rollouts;
}

/// The board, at `GET /rollouts/{id}`. Its script listens to `/api/v1/rollouts/{id}/events` and fetches
/// `GET /rollouts/{id}/live`: the same model rendered as [`Page::RolloutLive`].
#[derive(Clone, Debug, Serialize)]
pub struct RolloutPage {
    /// Its id.
    pub id: String,
    /// To which release.
    pub release: String,
    /// Where it stands.
    pub state: RolloutState,
    /// Why it stands there.
    pub why: Why,
    /// Whether nothing will change any more without an operator.
    pub over: bool,
    /// How many have the release.
    pub done: u32,
    /// How many failed.
    pub failed: u32,
    /// How many it is for, as far as the caller may know of them.
    pub total: u32,
    /// How many have had their turn.
    pub turns: u32,
    /// Failures of the release, and how many halt it.
    pub failures: u32,
    /// How many of them halt it.
    pub budget: u32,
    /// Instances in flight at once.
    pub in_flight: u32,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
    /// Seconds since it was started, or that it took.
    pub elapsed_seconds: f64,
    /// Seconds that it was expected to take.
    pub expected_seconds: u32,
    /// Its waves in order.
    pub waves: Vec<WaveColumn>,
    /// Its history, newest first.
    pub history: Vec<HistoryLine>,
    /// What the page offers.
    pub may: RolloutActions,
    /// Why an order was refused.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for RolloutPage {
    const PAGE: Page = Page::Rollout;
}

/// Orders to offer: each is true when the caller may give it and it makes sense now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct RolloutActions {
    /// `POST /rollouts/{id}/pause`.
    pub pause: bool,
    /// `POST /rollouts/{id}/resume`.
    pub resume: bool,
    /// `POST /rollouts/{id}/halt`.
    pub halt: bool,
    /// `GET /rollouts/{id}/revert`, then `POST`.
    pub revert: bool,
}

/// One wave as a column.
#[derive(Clone, Debug, Serialize)]
pub struct WaveColumn {
    /// Counts from 1.
    pub nth: usize,
    /// Its name: the ring's, or how it was asked for.
    pub name: String,
    /// Whether it is open.
    pub open: bool,
    /// How many have had their turn.
    pub turns: usize,
    /// How long each is watched, in seconds.
    pub soak_seconds: u32,
    /// What spoke for the gate after it, once it is passed.
    pub gate: Option<GateRecord>,
    /// Its municipalities.
    pub tiles: Vec<MemberTile>,
}

/// What spoke for a gate.
#[derive(Clone, Debug, Serialize)]
pub struct GateRecord {
    /// When it was passed.
    pub at: Timestamp,
    /// How many of the wave had come through.
    pub succeeded: u64,
    /// How many had failed.
    pub failed: u64,
    /// How many were held.
    pub waiting: u64,
    /// Whether a person opened it.
    pub agreed: bool,
}

/// One municipality on the board.
#[derive(Clone, Debug, Serialize)]
pub struct MemberTile {
    /// Its slug.
    pub slug: String,
    /// Its everyday or official name.
    pub name: String,
    /// What the instance is for.
    pub environment: Environment,
    /// Where it stands.
    pub state: MemberState,
    /// Why it is not started now.
    pub held: Option<Held>,
}

/// One line of the history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryLine {
    /// When.
    pub at: Timestamp,
    /// What it tells.
    pub kind: RolloutEventKind,
    /// About which municipality; empty where it is about the whole.
    pub slug: String,
    /// The state that was entered, or the order that was given.
    pub word: String,
    /// Why a rollout stands where it stands; empty for other lines.
    pub why: String,
    /// Who gave the order.
    pub by: String,
    /// In English as stored.
    pub message: String,
}

/// One municipality in a rollout, at `GET /rollouts/{id}/members/{slug}`.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutMemberPage {
    /// The rollout's id.
    pub id: String,
    /// To which release.
    pub release: String,
    /// The municipality's slug.
    pub slug: String,
    /// Its official name; the slug where it is gone.
    pub name: String,
    /// What the instance is for.
    pub environment: Environment,
    /// Its wave, from 1, and that one's name.
    pub wave: u32,
    /// That wave's name.
    pub wave_name: String,
    /// Why it is there.
    pub placed: Placed,
    /// Where it stands.
    pub state: MemberState,
    /// Whose fault a failure is.
    pub blame: Option<Blame>,
    /// Why it stands there, in English as stored.
    pub reason: String,
    /// Why it is not started now.
    pub held: Option<Held>,
    /// What it ran before.
    pub from: String,
    /// What the update does to its data.
    pub migration: Option<Migration>,
    /// The update that moved it.
    pub update: Option<String>,
    /// The operation that is or was under way for it.
    pub operation: Option<String>,
    /// Since when it serves the new release.
    pub exposed_at: Option<Timestamp>,
    /// What the comparison of before and after says.
    pub verdict: Option<Verdict>,
    /// Its last rehearsal: the operation, and how grave what it found is.
    pub rehearsal: Option<(String, Level)>,
    /// What was written since; none where going back loses nothing.
    pub written: Option<Vec<Written>>,
    /// What the page offers: `approve`, `skip`, `retry`.
    pub may_approve: bool,
    /// Whether it can be left out.
    pub may_skip: bool,
    /// Whether it can have another turn.
    pub may_retry: bool,
    /// What was typed to confirm.
    pub confirm: String,
    /// What is wrong.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for RolloutMemberPage {
    const PAGE: Page = Page::RolloutMember;
}

/// The form as typed; sent to `POST /rollouts/new`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RolloutForm {
    /// Release by name.
    pub release: String,
    /// Slugs, divided by spaces or commas; empty for all.
    pub municipalities: String,
    /// `production`, `staging`, `trial`; empty for all.
    pub environment: String,
    /// `careful` or `emergency`.
    pub schedule: String,
    /// Waves, divided by spaces or commas; empty for the schedule's.
    pub waves: String,
    /// Instances in flight; empty for the schedule's.
    pub in_flight: String,
    /// Minutes that each is watched; empty for the schedule's.
    pub soak_minutes: String,
    /// Ticked: a person opens each gate.
    pub manual_gates: String,
    /// `required` or `skip`.
    pub rehearse: String,
    /// `none`, `data`, `schema`; empty where rehearsals tell.
    pub migration: String,
}

/// The plan form, at `GET /rollouts/new`.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutPlanPage {
    /// The form.
    pub form: RolloutForm,
    /// Releases to choose from: value is the name, label its channel.
    pub releases: Vec<Choice>,
    /// What it would be, once asked.
    pub plan: Option<PlannedRollout>,
    /// What is wrong with the form.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for RolloutPlanPage {
    const PAGE: Page = Page::RolloutPlan;
}

/// What a rollout would be.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedRollout {
    /// How many it is for.
    pub total: usize,
    /// Seconds that it will take.
    pub expected_seconds: f64,
    /// How many failures halt it.
    pub budget: u32,
    /// Its waves.
    pub waves: Vec<PlannedWave>,
    /// Those that were meant but are left out: slug and why.
    pub left_out: Vec<Choice>,
}

/// One wave of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedWave {
    /// Counts from 1.
    pub nth: usize,
    /// Its name.
    pub name: String,
    /// Seconds that it will take.
    pub expected_seconds: f64,
    /// Seconds that each is watched.
    pub soak_seconds: u32,
    /// How many are in it.
    pub total: usize,
    /// The first of them.
    pub members: Vec<PlannedMember>,
    /// How many more there are.
    pub more: usize,
}

/// One municipality of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedMember {
    /// Its slug.
    pub slug: String,
    /// What the instance is for.
    pub environment: Environment,
    /// Why it is there.
    pub placed: Placed,
    /// Why it could not be started now.
    pub held: Option<Held>,
    /// The same in full.
    pub detail: String,
}

/// Going back, at `GET /rollouts/{id}/revert`. The form sends `lose_data` and `confirm` to `POST` of the same address.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutRevertPage {
    /// The rollout's id.
    pub id: String,
    /// To which release; what must be typed where something is lost.
    pub release: String,
    /// How many go back without a loss.
    pub free: usize,
    /// How many can only go back with one.
    pub losing: usize,
    /// What is lost, for the first of them.
    pub losses: Vec<Loss>,
    /// Whether the loss was agreed to in the form.
    pub lose_data: bool,
    /// What was typed.
    pub confirm: String,
    /// What is wrong: field `confirm`.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for RolloutRevertPage {
    const PAGE: Page = Page::RolloutRevert;
}

/// What going back loses at one municipality.
#[derive(Clone, Debug, Serialize)]
pub struct Loss {
    /// Its slug.
    pub slug: String,
    /// By site; empty where nothing was written.
    pub written: Vec<Written>,
}
