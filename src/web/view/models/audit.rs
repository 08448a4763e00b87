// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The audit log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Model, Pager};
use crate::web::view::Page;

/// One line of the log.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// Who: an e-mail address, a token's name, or `flotta` itself.
    pub actor: String,
    /// What was asked, such as `municipality.onboard`.
    pub action: String,
    /// On what, such as a slug; empty for nothing in particular.
    pub target: String,
    /// The address it came from; empty where there is none.
    pub from: String,
    /// `done`, `refused` or `failed`.
    pub result: String,
    /// What more there is to know, in English as stored; empty for nothing.
    pub detail: String,
}

/// The query of `GET /audit`: `actor`, `action`, `target`, `result`, `since`, `until`, and `page`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Who, exactly.
    pub actor: String,
    /// What, from its beginning: `municipality` gives every `municipality.…`.
    pub action: String,
    /// On what, exactly.
    pub target: String,
    /// A result; empty for all.
    pub result: String,
    /// From this day, `2026-11-23`.
    pub since: String,
    /// To this day, it included.
    pub until: String,
}

/// The audit log, newest first, at `GET /audit`.
#[derive(Clone, Debug, Serialize)]
pub struct AuditPage {
    /// The filter in use.
    pub filter: AuditFilter,
    /// Whether a filter is in use.
    pub filtered: bool,
    /// Lines of this page.
    pub rows: Vec<AuditRow>,
    /// Where the list stands.
    pub pager: Pager,
    /// The same by command.
    pub command: String,
}

impl Model for AuditPage {
    const PAGE: Page = Page::Audit;
}
