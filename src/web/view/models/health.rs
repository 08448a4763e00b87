// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How the fleet is: the board, a municipality's sites, an incident.

use jiff::Timestamp;
use serde::Serialize;

use super::{Model, ObjectiveCard, Pager, SilenceRow};
use crate::{
    error::FieldError,
    fleet::{
        health::{Failure, Health},
        incident::CauseKind,
    },
    web::view::Page,
};

/// One municipality on the board.
#[derive(Clone, Debug, Serialize)]
pub struct HealthTile {
    /// Its slug.
    pub slug: String,
    /// Its name without “kommun”.
    pub short: String,
    /// The worst state of its sites.
    pub worst: Health,
    /// How many are checked.
    pub checks: u32,
    /// How many of them are in that state.
    pub in_worst: u32,
    /// What makes it ill, where an open incident touches it.
    pub cause: Option<CauseKind>,
}

/// One incident in a list.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentRow {
    /// Its id.
    pub id: String,
    /// What is to blame.
    pub cause: CauseKind,
    /// Which one.
    pub label: String,
    /// How its sites fail.
    pub failure: Option<Failure>,
    /// How many ever did.
    pub members: u32,
    /// How many do now.
    pub failing: u32,
    /// `open`, `acknowledged`, `resolved` or `merged`.
    pub state: &'static str,
    /// When it was confirmed.
    pub opened_at: Timestamp,
}

/// The board, at `GET /health`.
#[derive(Clone, Debug, Serialize)]
pub struct HealthPage {
    /// Municipalities, the worst first.
    pub tiles: Vec<HealthTile>,
    /// How many checks there are.
    pub checks: u32,
    /// How many are down, or go up and down.
    pub ill: u32,
    /// How many municipalities that touches.
    pub touched: usize,
    /// Incidents that are open, newest first.
    pub open: Vec<IncidentRow>,
    /// Some that are over, newest first.
    pub over: Vec<IncidentRow>,
    /// Only municipalities with this in their name are shown; empty for all.
    pub search: String,
    /// Only those whose worst state is this; empty for all.
    pub state: String,
    /// The states to choose from, the worst first.
    pub states: Vec<Health>,
    /// Whether some are left out.
    pub filtered: bool,
    /// Its own address.
    pub here: String,
    /// Address of the part that changes.
    pub live: String,
    /// The same by command.
    pub command: String,
}

impl Model for HealthPage {
    const PAGE: Page = Page::Health;
}

/// One site or address.
#[derive(Clone, Debug, Serialize)]
pub struct CheckRow {
    /// Its number.
    pub number: u32,
    /// Its address.
    pub address: String,
    /// In which state it is.
    pub health: Health,
    /// How it fails.
    pub failure: Option<Failure>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
}

/// A municipality's sites, at `GET /health/{slug}`.
#[derive(Clone, Debug, Serialize)]
pub struct MunicipalityHealthPage {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its sites and addresses.
    pub rows: Vec<CheckRow>,
    /// How many of all are down, or go up and down.
    pub ill: u32,
    /// Where the list stands.
    pub pager: Pager,
    /// Incidents that touch it, newest first.
    pub incidents: Vec<IncidentRow>,
    /// Its own address.
    pub here: String,
    /// Address of the part that changes.
    pub live: String,
    /// What availability is aimed at; none where no history is kept.
    pub objective: Option<ObjectiveCard>,
    /// What was wrong with the form that changes it.
    pub errors: Vec<FieldError>,
    /// What keeps people from being told of it now.
    pub quiet: Vec<SilenceRow>,
    /// The same by command.
    pub command: String,
}

impl Model for MunicipalityHealthPage {
    const PAGE: Page = Page::MunicipalityHealth;
}

/// A site in an incident.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentMember {
    /// The check's number.
    pub number: u32,
    /// Its municipality's slug; none where that is gone.
    pub slug: Option<String>,
    /// Its address.
    pub address: String,
    /// How it failed.
    pub failure: Failure,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// A line of an incident's history.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentLine {
    /// When.
    pub at: Timestamp,
    /// What.
    pub word: String,
    /// Who; empty where Flotta did.
    pub who: String,
    /// More; an id where it was merged.
    pub message: String,
}

/// An incident, at `GET /incidents/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct IncidentPage {
    /// What stands in lists.
    pub row: IncidentRow,
    /// Whether its cause's own check says so too.
    pub certain: bool,
    /// Whether it is over: nothing will change.
    pub ended: bool,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Who took it on; empty where nobody did.
    pub acknowledged_by: String,
    /// The wider incident that it is part of.
    pub merged_into: Option<String>,
    /// Its sites.
    pub members: Vec<IncidentMember>,
    /// What happened.
    pub history: Vec<IncidentLine>,
    /// Whether the page offers to take it on.
    pub may_acknowledge: bool,
    /// What was written in the form.
    pub note: String,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// What keeps people from being told of it now.
    pub quiet: Vec<SilenceRow>,
    /// The same by command.
    pub command: String,
}

impl Model for IncidentPage {
    const PAGE: Page = Page::Incident;
}
