// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A site, its history in pictures, and a municipality's month.

use jiff::Timestamp;
use serde::Serialize;

use super::{FoundRow, IncidentRow, Model, OutsideRow, Pager, SilenceForm, SilenceRow, SiteInsides};
use crate::{
    error::FieldError,
    fleet::health::{Failure, Health},
    web::view::{
        Page,
        picture::{Availability, Latency},
    },
};

/// A line of the table beside a picture.
#[derive(Clone, Debug, Serialize)]
pub struct ChartRow {
    /// When it begins.
    pub from: Timestamp,
    /// The share that was served, in thousandths of a per cent; none where nobody looked.
    pub availability: Option<u32>,
    /// How long it was down, in seconds.
    pub down: u64,
    /// Half of the answers took no longer, in milliseconds; none where that is not known.
    pub median: Option<u32>,
    /// The longest answer, in milliseconds.
    pub longest: u32,
    /// How it failed most often.
    pub failure: Option<Failure>,
}

/// One range of a site's history.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// `48h`, `35d` or `400d`.
    pub range: &'static str,
    /// When it begins.
    pub from: Timestamp,
    /// The share that was served, in thousandths of a per cent; none where nobody looked.
    pub availability: Option<u32>,
    /// How long it was down, in seconds.
    pub down: u64,
    /// The picture of it.
    pub areas: Availability,
    /// The picture of how quick it was.
    pub lines: Latency,
    /// The same in numbers.
    pub rows: Vec<ChartRow>,
}

/// A site, at `GET /health/{slug}/{number}`.
#[derive(Clone, Debug, Serialize)]
pub struct SitePage {
    /// Its municipality's slug.
    pub slug: String,
    /// Its municipality's name.
    pub name: String,
    /// Its address.
    pub address: String,
    /// In which state it is.
    pub health: Health,
    /// How it fails.
    pub failure: Option<Failure>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// Since when it is checked.
    pub created_at: Timestamp,
    /// The incident that makes it fail now.
    pub cause: Option<IncidentRow>,
    /// Its history.
    pub charts: Vec<Chart>,
    /// How it is from outside.
    pub outside: OutsideRow,
    /// What it told of its insides; none of an address, and of what has told nothing yet.
    pub insides: Option<SiteInsides>,
    /// What about it needs somebody.
    pub findings: Vec<FoundRow>,
    /// The incidents that touched it.
    pub incidents: Vec<IncidentRow>,
    /// Where that list stands.
    pub pager: Pager,
    /// What keeps people from being told of it now.
    pub quiet: Vec<SilenceRow>,
    /// Its own address.
    pub here: String,
    /// Whether it can be silenced.
    pub may_silence: bool,
    /// What was typed to do so.
    pub form: SilenceForm,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for SitePage {
    const PAGE: Page = Page::Site;
}

/// What a municipality's sites are to be like, and how they are.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectiveCard {
    /// The objective, in thousandths of a per cent.
    pub thousandths: u32,
    /// Over how many days.
    pub days: u16,
    /// How it is, in thousandths of a per cent; none where nobody looked.
    pub availability: Option<u32>,
    /// How much of what may fail is left, in thousandths of a per cent; 0 where more failed.
    pub left: Option<u32>,
    /// How fast that is used up: `unknown`, `calm`, `slow` or `fast`.
    pub burning: &'static str,
    /// How many times as fast as it may, in thousandths, by window.
    pub rates: Vec<(&'static str, Option<u32>)>,
    /// Whether the page offers to change it.
    pub may_change: bool,
    /// What was written in the form.
    pub percent: String,
    /// What was written in the form.
    pub length: String,
}

/// A site in a report.
#[derive(Clone, Debug, Serialize)]
pub struct ReportRow {
    /// Its address; empty where it is all together.
    pub address: String,
    /// The share that was served, in thousandths of a per cent; none where nobody looked.
    pub availability: Option<u32>,
    /// In how many minutes it was down.
    pub down: u64,
    /// In how many nobody looked.
    pub unseen: u64,
    /// In how many it was slow.
    pub slow: u64,
}

/// An incident in a report.
#[derive(Clone, Debug, Serialize)]
pub struct ReportIncident {
    /// What stands in lists.
    pub row: IncidentRow,
    /// How long it went on within the month, in seconds.
    pub lasted: u64,
}

/// A municipality's month, at `GET /health/{slug}/report`.
#[derive(Clone, Debug, Serialize)]
pub struct ReportPage {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The month, as in `2026-11`.
    pub month: String,
    /// The month before.
    pub before: String,
    /// The month after; none where that has not begun.
    pub after: Option<String>,
    /// Whether the month is still going on.
    pub going_on: bool,
    /// When it was drawn up.
    pub at: Timestamp,
    /// `met`, `missed` or `unknown`.
    pub outcome: &'static str,
    /// The objective, in thousandths of a per cent.
    pub objective: u32,
    /// All sites together.
    pub total: ReportRow,
    /// Each site, the least available first.
    pub sites: Vec<ReportRow>,
    /// What was wrong.
    pub incidents: Vec<ReportIncident>,
    /// The same by command.
    pub command: String,
}

impl Model for ReportPage {
    const PAGE: Page = Page::Report;
}
