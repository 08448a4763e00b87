// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of checks and incidents.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    fleet::{self, check::Tally, health::Health, incident},
    health::history::Figures,
};

/// How the fleet is, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthBoard {
    /// The worst state of any check: `ok`, `unknown`, `slow`, `suspect`, `flapping` or `down`.
    pub worst: String,
    /// How many checks there are.
    pub checks: u32,
    /// How many are in which state.
    pub states: BTreeMap<String, u32>,
    /// Incidents that are open.
    pub open_incidents: i64,
    /// Municipalities, the worst first.
    pub items: Vec<HealthTile>,
    /// Which page this is, from 1.
    pub page: u32,
    /// Rows on a full page.
    pub per_page: u32,
    /// Municipalities in all.
    pub total: i64,
}

/// How one municipality is.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthTile {
    /// Its slug.
    pub municipality: String,
    /// Its official name.
    pub name: String,
    /// The worst state of its checks; `unknown` where it has none.
    pub worst: String,
    /// How many checks it has.
    pub checks: u32,
    /// How many are in which state.
    pub states: BTreeMap<String, u32>,
    /// What makes it ill, where an open incident touches it: the widest one's cause, in a word as in incidents.
    pub cause: Option<String>,
    /// That incident's id.
    pub incident: Option<String>,
}

/// A site, or another address, that is checked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// Its number.
    pub number: u32,
    /// Slug of its municipality.
    pub municipality: String,
    /// `site` or `address`.
    pub kind: String,
    /// Its address, without the scheme.
    pub address: String,
    /// Its name for people; empty where it is known by its address only.
    pub label: String,
    /// WordPress's number of the site.
    pub blog: Option<u64>,
    /// `ok`, `unknown`, `slow`, `suspect`, `flapping` or `down`.
    pub health: String,
    /// How it fails, while it is not well.
    pub failure: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// Since when it is checked.
    pub created_at: Timestamp,
    /// The last 48 hours, the oldest first; only where one check is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<Hour>>,
}

/// One hour of a check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hour {
    /// When it began.
    pub from: Timestamp,
    /// Checks that were served.
    pub served: u16,
    /// Checks that failed.
    pub failed: u16,
    /// Share of the checks that were served; null where none was made.
    pub availability: Option<f64>,
    /// How it failed most often.
    pub failure: Option<String>,
    /// Half of the answers took no longer, in milliseconds.
    pub median_milliseconds: u32,
    /// Nineteen of twenty answers took no longer, in milliseconds.
    pub p95_milliseconds: u32,
}

/// One confirmed problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct Incident {
    /// Its id.
    pub id: String,
    /// What is to blame: `check`, `operation`, `certificate`, `zone`, `instance`, `plugin`, `database-server`, `node`, `disk`, `gateway`,
    /// `resolver`, `egress` or `observer`.
    pub cause: String,
    /// Which one, for people.
    pub label: String,
    /// How its checks fail.
    pub failure: Option<String>,
    /// Whether the cause's own check says so too, or it is what the failing ones have in common.
    pub certain: bool,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// When somebody took it on.
    pub acknowledged_at: Option<Timestamp>,
    /// Who did.
    pub acknowledged_by: Option<String>,
    /// What that person wrote.
    pub note: String,
    /// The wider incident that it turned out to be part of.
    pub merged_into: Option<String>,
    /// How many checks it ever had.
    pub members: u32,
    /// How many of them fail now.
    pub failing: u32,
    /// Its checks; only where one incident is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<Member>>,
    /// What happened; only where one incident is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<IncidentEvent>>,
}

/// A check that an incident makes, or made, fail.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// The check's number.
    pub number: u32,
    /// Slug of its municipality; null where that is gone.
    pub municipality: Option<String>,
    /// Its address.
    pub address: String,
    /// How it failed.
    pub failure: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; null while it fails.
    pub until: Option<Timestamp>,
}

/// What happened in an incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentEvent {
    /// Counts from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// `opened`, `certain`, `merged`, `acknowledged` or `resolved`.
    pub kind: String,
    /// Who did it; empty where Flotta did.
    pub by: String,
    /// More, for people.
    pub message: String,
}

/// Taking an incident on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Acknowledge {
    /// What others should know, at most 500 characters.
    pub note: String,
}

/// How many are in which state, by word.
#[must_use]
pub fn states(states: &BTreeMap<Health, u32>) -> BTreeMap<String, u32> {
    states.iter().map(|(health, count)| (health.to_string(), *count)).collect()
}

/// One municipality's tile, with the incident that makes it ill.
#[must_use]
pub fn tile(tally: &Tally, cause: Option<&fleet::Incident>) -> HealthTile {
    HealthTile {
        municipality: tally.slug.to_string(),
        name: tally.name.clone(),
        worst: tally.worst().to_string(),
        checks: tally.checks(),
        states: states(&tally.states),
        cause: cause.map(|incident| incident.cause.kind.to_string()),
        incident: cause.map(|incident| incident.id.text()),
    }
}

/// One check.
#[must_use]
pub fn check(check: &fleet::Check) -> Check {
    Check {
        number: check.number,
        municipality: check.slug.to_string(),
        kind: if check.blog.is_some() { "site" } else { "address" }.to_owned(),
        address: check.address(),
        label: check.label.clone(),
        blog: check.blog,
        health: check.health.to_string(),
        failure: check.failure.map(|failure| failure.to_string()),
        since: check.since,
        created_at: check.created_at,
        hours: None,
    }
}

/// One hour, which counts from 1970.
#[must_use]
pub fn hour(number: i64, figures: &Figures) -> Option<Hour> {
    Some(Hour {
        from: Timestamp::from_second(number.checked_mul(3600)?).ok()?,
        served: figures.served,
        failed: figures.failed,
        availability: figures.availability(),
        failure: figures.failure.map(|failure| failure.to_string()),
        median_milliseconds: figures.median,
        p95_milliseconds: figures.p95,
    })
}

/// One incident.
#[must_use]
pub fn incident(incident: fleet::Incident) -> Incident {
    Incident {
        id: incident.id.text(),
        cause: incident.cause.kind.to_string(),
        label: incident.label,
        failure: incident.failure.map(|failure| failure.to_string()),
        certain: incident.certain,
        opened_at: incident.opened_at,
        resolved_at: incident.resolved_at,
        acknowledged_at: incident.acknowledged_at,
        acknowledged_by: Some(incident.acknowledged_by).filter(|who| !who.is_empty()),
        note: incident.note,
        merged_into: incident.merged_into.map(|id| id.text()),
        members: incident.members,
        failing: incident.failing,
        checks: None,
        events: None,
    }
}

/// One check of an incident.
#[must_use]
pub fn member(member: incident::Member) -> Member {
    Member {
        number: member.number,
        municipality: member.slug.map(|slug| slug.to_string()),
        address: member.label,
        failure: member.failure.to_string(),
        since: member.since,
        until: member.until,
    }
}

/// One event of an incident.
#[must_use]
pub fn event(event: incident::IncidentEvent) -> IncidentEvent {
    IncidentEvent { seq: event.seq, at: event.at, kind: event.word, by: event.who, message: event.message }
}
