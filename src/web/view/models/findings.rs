// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What needs somebody, and questions over the fleet.

use jiff::Timestamp;
use serde::Serialize;

use super::{Model, Pager};
use crate::{
    error::FieldError,
    fleet::FindingKind,
    health::questions::{Growth, Thrower, Version},
    web::view::Page,
};

/// One finding in a list.
#[derive(Clone, Debug, Serialize)]
pub struct FoundRow {
    /// Its id.
    pub id: String,
    /// What was found.
    pub kind: FindingKind,
    /// Its municipality's slug.
    pub slug: String,
    /// What it is about.
    pub subject: String,
    /// `open`, `muted` or `resolved`.
    pub state: &'static str,
    /// When it was found.
    pub opened_at: Timestamp,
}

/// Findings, at `GET /findings`.
#[derive(Clone, Debug, Serialize)]
pub struct FindingsPage {
    /// Those that are open and that nobody has put aside.
    pub open: u64,
    /// The rows.
    pub rows: Vec<FoundRow>,
    /// Which part of them.
    pub pager: Pager,
    /// Which ones: `open`, `muted` or `resolved`.
    pub state: &'static str,
    /// The same by command.
    pub command: String,
}

impl Model for FindingsPage {
    const PAGE: Page = Page::Findings;
}

/// One thing that was seen.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// What it is called in the evidence.
    pub name: String,
    /// What it was.
    pub value: String,
}

/// A finding, at `GET /findings/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct FindingPage {
    /// What stands in lists.
    pub row: FoundRow,
    /// What was seen.
    pub seen: Vec<Seen>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Until when it is put aside.
    pub muted_until: Option<Timestamp>,
    /// Who has put it aside; empty where nobody did.
    pub muted_by: String,
    /// Why.
    pub reason: String,
    /// Whether the page offers to put it aside.
    pub may_mute: bool,
    /// What was written in the form.
    pub typed: String,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for FindingPage {
    const PAGE: Page = Page::Finding;
}

/// Questions over the fleet, at `GET /questions`.
#[derive(Clone, Debug, Serialize)]
pub struct QuestionsPage {
    /// Versions of WordPress.
    pub core: Vec<Version>,
    /// Plugins and themes of which somebody runs an older version than somebody else.
    pub behind: Vec<Version>,
    /// What threw.
    pub throwers: Vec<Thrower>,
    /// What grew.
    pub growth: Vec<Growth>,
    /// The same by command.
    pub command: String,
}

impl Model for QuestionsPage {
    const PAGE: Page = Page::Questions;
}
