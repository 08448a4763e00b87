// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Between rows and nouns.

use diesel::prelude::*;

use crate::{
    error::{Error, Result},
    fleet::{
        Rollout, RolloutId,
        rollout::{RolloutEvent, RolloutMember},
    },
    store::{
        rows,
        schema::{rollout, rollout_event, rollout_member},
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rollout)]
pub(super) struct Row {
    pub id: String,
    pub release_id: String,
    pub release_name: String,
    pub state: String,
    pub why: String,
    pub version: i64,
    pub knobs: String,
    pub waves: String,
    pub in_flight: i32,
    pub gates: i32,
    pub agreed: bool,
    pub failures: i32,
    pub budget: i32,
    pub members: i32,
    pub requested_by: String,
    pub parent_id: Option<String>,
    pub expected_seconds: i32,
    pub resumed_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub finished_at: Option<i64>,
}

fn document<T: serde::de::DeserializeOwned>(column: &str, text: &str) -> Result<T> {
    serde_json::from_value(rows::json(column, text)?).map_err(|e| Error::Internal(format!("{column}: {e}")))
}

fn text(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Internal(e.to_string()))
}

impl TryFrom<Row> for Rollout {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: rows::parse("rollout.id", &row.id)?,
            release: rows::parse("rollout.release_id", &row.release_id)?,
            release_name: row.release_name,
            state: rows::parse("rollout.state", &row.state)?,
            why: rows::parse("rollout.why", &row.why)?,
            version: row.version,
            knobs: document("rollout.knobs", &row.knobs)?,
            waves: document("rollout.waves", &row.waves)?,
            gates: rows::unsigned("rollout.gates", row.gates)?,
            agreed: row.agreed,
            failures: rows::unsigned("rollout.failures", row.failures)?,
            budget: rows::unsigned("rollout.budget", row.budget)?,
            members: rows::unsigned("rollout.members", row.members)?,
            requested_by: row.requested_by,
            parent: row.parent_id.map(|id| rows::parse("rollout.parent_id", &id)).transpose()?,
            expected_seconds: rows::unsigned("rollout.expected_seconds", row.expected_seconds)?,
            resumed_at: rows::time("rollout.resumed_at", row.resumed_at)?,
            created_at: rows::time("rollout.created_at", row.created_at)?,
            updated_at: rows::time("rollout.updated_at", row.updated_at)?,
            finished_at: rows::maybe_time("rollout.finished_at", row.finished_at)?,
        })
    }
}

impl TryFrom<&Rollout> for Row {
    type Error = Error;
    fn try_from(r: &Rollout) -> Result<Self> {
        Ok(Self {
            id: r.id.text(),
            release_id: r.release.text(),
            release_name: r.release_name.clone(),
            state: r.state.to_string(),
            why: r.why.to_string(),
            version: r.version,
            knobs: text(&r.knobs)?,
            waves: text(&r.waves)?,
            in_flight: rows::signed("rollout.in_flight", r.knobs.in_flight)?,
            gates: rows::signed("rollout.gates", r.gates)?,
            agreed: r.agreed,
            failures: rows::signed("rollout.failures", r.failures)?,
            budget: rows::signed("rollout.budget", r.budget)?,
            members: rows::signed("rollout.members", r.members)?,
            requested_by: r.requested_by.clone(),
            parent_id: r.parent.map(|id| id.text()),
            expected_seconds: rows::signed("rollout.expected_seconds", r.expected_seconds)?,
            resumed_at: rows::micros(r.resumed_at),
            created_at: rows::micros(r.created_at),
            updated_at: rows::micros(r.updated_at),
            finished_at: r.finished_at.map(rows::micros),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rollout_member)]
pub(super) struct MemberRow {
    pub rollout_id: String,
    pub position: i32,
    pub instance_id: String,
    pub municipality_id: String,
    pub slug: String,
    pub environment: String,
    pub wave: i32,
    pub placed: String,
    pub from_release_id: String,
    pub state: String,
    pub blame: Option<String>,
    pub reason: String,
    pub operation_id: Option<String>,
    pub update_id: Option<String>,
    pub migration: Option<String>,
    pub approved: bool,
    pub attempts: i32,
    pub started_at: Option<i64>,
    pub exposed_at: Option<i64>,
    pub updated_at: i64,
    pub bound: bool,
}

impl TryFrom<MemberRow> for RolloutMember {
    type Error = Error;
    fn try_from(row: MemberRow) -> Result<Self> {
        Ok(Self {
            position: rows::unsigned("rollout_member.position", row.position)?,
            instance: rows::parse("rollout_member.instance_id", &row.instance_id)?,
            municipality: rows::parse("rollout_member.municipality_id", &row.municipality_id)?,
            slug: rows::parse("rollout_member.slug", &row.slug)?,
            environment: rows::parse("rollout_member.environment", &row.environment)?,
            wave: rows::unsigned("rollout_member.wave", row.wave)?,
            placed: rows::parse("rollout_member.placed", &row.placed)?,
            from: rows::parse("rollout_member.from_release_id", &row.from_release_id)?,
            state: rows::parse("rollout_member.state", &row.state)?,
            blame: row.blame.map(|b| rows::parse("rollout_member.blame", &b)).transpose()?,
            reason: row.reason,
            operation: row.operation_id.map(|id| rows::parse("rollout_member.operation_id", &id)).transpose()?,
            update: row.update_id.map(|id| rows::parse("rollout_member.update_id", &id)).transpose()?,
            migration: row.migration.map(|m| rows::parse("rollout_member.migration", &m)).transpose()?,
            approved: row.approved,
            attempts: rows::unsigned("rollout_member.attempts", row.attempts)?,
            started_at: rows::maybe_time("rollout_member.started_at", row.started_at)?,
            exposed_at: rows::maybe_time("rollout_member.exposed_at", row.exposed_at)?,
            updated_at: rows::time("rollout_member.updated_at", row.updated_at)?,
        })
    }
}

impl MemberRow {
    pub(super) fn of(rollout: RolloutId, m: &RolloutMember) -> Result<Self> {
        Ok(Self {
            rollout_id: rollout.text(),
            position: rows::signed("rollout_member.position", m.position)?,
            instance_id: m.instance.text(),
            municipality_id: m.municipality.text(),
            slug: m.slug.to_string(),
            environment: m.environment.to_string(),
            wave: rows::signed("rollout_member.wave", m.wave)?,
            placed: m.placed.to_string(),
            from_release_id: m.from.text(),
            state: m.state.to_string(),
            blame: m.blame.map(|b| b.to_string()),
            reason: m.reason.clone(),
            operation_id: m.operation.map(|id| id.text()),
            update_id: m.update.map(|id| id.text()),
            migration: m.migration.map(|m| m.to_string()),
            approved: m.approved,
            attempts: rows::signed("rollout_member.attempts", m.attempts)?,
            started_at: m.started_at.map(rows::micros),
            exposed_at: m.exposed_at.map(rows::micros),
            updated_at: rows::micros(m.updated_at),
            bound: true,
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rollout_event)]
pub(super) struct EventRow {
    pub rollout_id: String,
    pub seq: i64,
    pub at: i64,
    pub kind: String,
    pub municipality_id: Option<String>,
    pub slug: String,
    pub word: String,
    pub by_whom: String,
    pub message: String,
    pub evidence: String,
}

impl TryFrom<EventRow> for RolloutEvent {
    type Error = Error;
    fn try_from(row: EventRow) -> Result<Self> {
        Ok(Self {
            seq: row.seq,
            at: rows::time("rollout_event.at", row.at)?,
            kind: rows::parse("rollout_event.kind", &row.kind)?,
            municipality: row.municipality_id.map(|id| rows::parse("rollout_event.municipality_id", &id)).transpose()?,
            slug: row.slug,
            word: row.word,
            by: row.by_whom,
            message: row.message,
            evidence: rows::json("rollout_event.evidence", &row.evidence)?,
        })
    }
}
