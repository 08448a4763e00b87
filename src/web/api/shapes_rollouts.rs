// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The API's own words for rollouts.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    fleet::{
        self, InstanceId, ReleaseId,
        evidence::Verdict,
        knobs::Knobs,
        rollout::{Held, MemberState, RolloutEvent, RolloutMember},
        update::Written,
    },
    rollouts::request::Prepared,
};

/// One rollout.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rollout {
    /// Its id.
    pub id: String,
    /// To which release, by name.
    pub release: String,
    /// `running`, `paused`, `halting`, `halted`, `reverting`, `reverted`, `revert-blocked`, `completed` or `superseded`.
    pub state: String,
    /// Why it stands there: `started`, `operator`, `budget`, `disturbed`, `unproved`, `manual-gate`, `no-progress`, `rehearsal`,
    /// `quiet`, `over` or `loss`.
    pub why: String,
    /// Its waves in order.
    pub waves: Vec<RolloutWave>,
    /// Gates passed: waves up to this number, from 0, are open.
    pub gates: u32,
    /// Failures of the release so far.
    pub failures: u32,
    /// How many of them halt it after the first wave; in that one is enough.
    pub budget: u32,
    /// How many instances it is for.
    pub members: u32,
    /// How many stand in each state; only those that the caller may know of.
    pub counts: BTreeMap<String, u32>,
    /// What was set.
    pub knobs: Knobs,
    /// Who asked for it.
    pub requested_by: String,
    /// Which rollout it takes the place of, by id.
    pub parent: Option<String>,
    /// How many seconds it was expected to take.
    pub expected_seconds: u32,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it came to its end.
    pub finished_at: Option<Timestamp>,
    /// Its members in the order of their turns; only when one rollout is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board: Option<Vec<Member>>,
}

/// One wave of a rollout.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolloutWave {
    /// Its name: the ring's, or how it was asked for.
    pub name: String,
    /// Whether it is open.
    pub open: bool,
    /// How long each of its instances is watched, in seconds.
    pub soak_seconds: u32,
}

/// One instance of a rollout.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// The municipality's slug.
    pub municipality: String,
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// Its wave, from 0.
    pub wave: u32,
    /// Why it is there: `ring`, `trial`, `network`, `size` or `order`.
    pub placed: String,
    /// `pending`, `updating`, `soaking`, `succeeded`, `failed-unchanged`, `rolled-back`, `needs-approval`, `quarantined`, `reverting`, `reverted` or `skipped`.
    pub state: String,
    /// Whose fault a failure is: `release`, `instance` or `infrastructure`.
    pub blame: Option<String>,
    /// Why it stands there, for people; empty where there is nothing to say.
    pub reason: String,
    /// Why it is not started now: `hold`, `pin`, `window`, `busy` or `not-running`.
    pub held: Option<String>,
    /// What it ran before, by name.
    pub from: String,
    /// What the update does to its data: `none`, `data` or `schema`.
    pub migration: Option<String>,
    /// Whether somebody agreed that going back loses what was written since.
    pub approved: bool,
    /// How often its update was started.
    pub attempts: u32,
    /// The operation that is or was under way for it.
    pub operation: Option<String>,
    /// The update that moved it.
    pub update: Option<String>,
    /// When its update was first started.
    pub started_at: Option<Timestamp>,
    /// Since when it serves the new release.
    pub exposed_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One instance of a rollout with what is known of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberDetail {
    /// The instance.
    #[serde(flatten)]
    pub member: Member,
    /// What its update's comparison of before and after says; none where there was none.
    #[schema(value_type = Option<Object>)]
    pub verdict: Option<Verdict>,
    /// What its last rehearsal of the release left, as data; none where there was none.
    #[schema(value_type = Option<Object>)]
    pub rehearsal: Option<Value>,
    /// What was written on its sites since the update, which going back with the data would lose; none where that loses nothing.
    pub written: Option<Vec<WrittenSite>>,
}

/// What was written on one site since an update.
#[derive(Debug, Serialize, ToSchema)]
pub struct WrittenSite {
    /// The site's address without scheme.
    pub site: String,
    /// Titles of posts and pages that were added or changed, at most twenty.
    pub posts: Vec<String>,
    /// How many there are.
    pub post_count: u64,
    /// Comments added.
    pub comments: u64,
    /// Users added.
    pub users: u64,
    /// Rows added to other tables, such as form entries: by table.
    pub rows: BTreeMap<String, u64>,
}

/// A line of a rollout's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolloutLine {
    /// Counts the rollout's lines from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// `state`, `gate`, `member`, `fault` or `order`.
    pub kind: String,
    /// About which municipality, by slug; empty where it is about the whole.
    pub municipality: String,
    /// The state that was entered, or the order that was given.
    pub word: String,
    /// Who gave the order.
    pub by: String,
    /// For people.
    pub message: String,
    /// What was seen.
    pub evidence: Value,
}

/// What a rollout would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolloutPlan {
    /// To which release, by name.
    pub release: String,
    /// The image that it is pinned to.
    pub image_id: String,
    /// What is set.
    pub knobs: Knobs,
    /// How many failures of the release halt it after the first wave.
    pub budget: u32,
    /// The waves.
    pub waves: Vec<PlannedWave>,
    /// Everybody in the order of their turns.
    pub members: Vec<PlannedMember>,
    /// Those that were meant but are left out.
    pub left_out: Vec<LeftOut>,
    /// How many seconds it will take.
    pub expected_seconds: f64,
}

/// One wave of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedWave {
    /// Its name.
    pub name: String,
    /// How many are in it.
    pub members: u32,
    /// How long each is watched, in seconds.
    pub soak_seconds: u32,
    /// How many seconds it will take.
    pub expected_seconds: f64,
}

/// One instance of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedMember {
    /// The municipality's slug.
    pub municipality: String,
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// Its wave, from 0.
    pub wave: u32,
    /// Why it is there: `ring`, `trial`, `network`, `size` or `order`.
    pub placed: String,
    /// How many sites it has, where that is known.
    pub sites: Option<u32>,
    /// Why it could not be started now: `hold`, `pin` or `window`.
    pub held: Option<String>,
    /// The same in full.
    pub detail: String,
}

/// One instance that was meant but is left out.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftOut {
    /// The municipality's slug.
    pub municipality: String,
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// `already`, `pinned`, `held`, `not-running` or `elsewhere`.
    pub why: String,
}

/// What is decided about an instance.
#[derive(Debug, Serialize, ToSchema)]
pub struct Policy {
    /// The municipality's slug.
    pub municipality: String,
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// That it stays as it is for a while.
    pub hold: Option<PolicyHold>,
    /// The only release that it may be moved to, by name.
    pub pin: Option<String>,
    /// When it may be updated, in Swedish time.
    pub window: Option<String>,
}

/// That an instance stays as it is for a while.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyHold {
    /// Why.
    pub reason: String,
    /// Until when; none means until somebody ends it.
    pub until: Option<Timestamp>,
    /// Who holds it.
    pub by: String,
    /// Since when.
    pub since: Timestamp,
}

/// A rollout without its members.
#[must_use]
pub fn rollout(r: &fleet::Rollout, counts: &HashMap<MemberState, u32>) -> Rollout {
    let waves = (0..).zip(&r.waves).map(|(at, name): (u32, _)| RolloutWave {
        name: name.clone(),
        open: at <= r.gates,
        soak_seconds: r.knobs.soak(at),
    });
    Rollout {
        id: r.id.text(),
        release: r.release_name.clone(),
        state: r.state.to_string(),
        why: r.why.to_string(),
        waves: waves.collect(),
        gates: r.gates,
        failures: r.failures,
        budget: r.budget,
        members: r.members,
        counts: counts.iter().map(|(state, n)| (state.to_string(), *n)).collect(),
        knobs: r.knobs.clone(),
        requested_by: r.requested_by.clone(),
        parent: r.parent.map(|id| id.text()),
        expected_seconds: r.expected_seconds,
        created_at: r.created_at,
        updated_at: r.updated_at,
        finished_at: r.finished_at,
        board: None,
    }
}

/// A member.
#[must_use]
pub fn member(m: &RolloutMember, names: &HashMap<ReleaseId, String>, held: &HashMap<InstanceId, (Held, String)>) -> Member {
    let held = held.get(&m.instance);
    Member {
        municipality: m.slug.to_string(),
        environment: m.environment.to_string(),
        wave: m.wave,
        placed: m.placed.to_string(),
        state: m.state.to_string(),
        blame: m.blame.map(|b| b.to_string()),
        reason: held.map(|(_, why)| why.clone()).filter(|why| !why.is_empty()).unwrap_or_else(|| m.reason.clone()),
        held: held.map(|(held, _)| held.to_string()),
        from: names.get(&m.from).cloned().unwrap_or_default(),
        migration: m.migration.map(|m| m.to_string()),
        approved: m.approved,
        attempts: m.attempts,
        operation: m.operation.map(|id| id.text()),
        update: m.update.map(|id| id.text()),
        started_at: m.started_at,
        exposed_at: m.exposed_at,
        updated_at: m.updated_at,
    }
}

/// A line of the history.
#[must_use]
pub fn line(e: RolloutEvent) -> RolloutLine {
    RolloutLine {
        seq: e.seq,
        at: e.at,
        kind: e.kind.to_string(),
        municipality: e.slug,
        word: e.word,
        by: e.by,
        message: e.message,
        evidence: e.evidence,
    }
}

/// What was written on one site.
#[must_use]
pub fn written(w: Written) -> WrittenSite {
    WrittenSite {
        site: w.address,
        posts: w.posts,
        post_count: w.post_count,
        comments: w.comments,
        users: w.users,
        rows: w.rows.into_iter().collect(),
    }
}

/// A plan.
#[must_use]
pub fn plan(p: Prepared) -> RolloutPlan {
    let count = u32::try_from(p.plan.members.len()).unwrap_or(u32::MAX);
    RolloutPlan {
        release: p.release.name,
        image_id: p.release.image_id,
        budget: p.knobs.budget_of(count),
        knobs: p.knobs,
        waves: p
            .plan
            .waves
            .into_iter()
            .map(|w| PlannedWave { name: w.name, members: w.members, soak_seconds: w.soak_seconds, expected_seconds: w.expected_seconds })
            .collect(),
        members: p
            .plan
            .members
            .into_iter()
            .map(|m| PlannedMember {
                municipality: m.instance.slug.to_string(),
                environment: m.instance.environment.to_string(),
                wave: m.wave,
                placed: m.placed.to_string(),
                sites: m.sites,
                held: m.held.map(|h| h.to_string()),
                detail: m.detail,
            })
            .collect(),
        left_out: p
            .plan
            .left_out
            .into_iter()
            .map(|(i, why)| LeftOut {
                municipality: i.slug.to_string(),
                environment: i.environment.to_string(),
                why: why.as_str().to_owned(),
            })
            .collect(),
        expected_seconds: p.plan.expected_seconds,
    }
}

/// A policy.
#[must_use]
pub fn policy(of: &fleet::Instance, p: &fleet::Policy, names: &HashMap<ReleaseId, String>) -> Policy {
    Policy {
        municipality: of.slug.to_string(),
        environment: of.environment.to_string(),
        hold: p.hold.as_ref().map(|h| PolicyHold { reason: h.reason.clone(), until: h.until, by: h.by.clone(), since: h.since }),
        pin: p.pin.map(|id| names.get(&id).cloned().unwrap_or_else(|| id.text())),
        window: p.window.as_ref().map(ToString::to_string),
    }
}
