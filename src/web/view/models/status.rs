// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may see of a municipality.

use jiff::Timestamp;
use serde::Serialize;

use super::Model;
use crate::{
    fleet::status::{Place, Told, Verdict, Window},
    web::view::Page,
};

/// A municipality's status page, at `GET /status/{slug}`. Nothing in it depends on who looks.
#[derive(Clone, Debug, Serialize)]
pub struct StatusModel {
    /// Slug.
    pub slug: String,
    /// Official name.
    pub name: String,
    /// How it is, in one word.
    pub verdict: Verdict,
    /// Until when somebody watched, to the minute; none where nobody has yet.
    pub as_of: Option<Timestamp>,
    /// Whether that is too long ago to be believed.
    pub is_old: bool,
    /// Its sites and other addresses, the worst first.
    pub places: Vec<Place>,
    /// What touches it now.
    pub open: Vec<Told>,
    /// What did lately.
    pub over: Vec<Told>,
    /// Maintenance that goes on or is planned.
    pub windows: Vec<Window>,
    /// So many days back.
    pub days: i64,
}

impl Model for StatusModel {
    const PAGE: Page = Page::Status;
}

/// A municipality's status page, for those who open and close it.
#[derive(Clone, Debug, Serialize)]
pub struct StatusCard {
    /// Whether anybody may see it.
    pub open: bool,
    /// Who opened it; empty for nobody.
    pub by: String,
    /// Its address.
    pub url: String,
    /// HTML for other sites.
    pub snippet: String,
    /// Whether the page offers to open or close it.
    pub may: bool,
}
