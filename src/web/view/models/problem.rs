// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Something went wrong.

use serde::Serialize;

use super::Model;
use crate::web::view::Page;

/// An error page. The sentence comes from the status; `detail` and `fix` say more where there is more to say.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemPage {
    /// HTTP status.
    pub status: u16,
    /// Which text: `bad-request`, `forbidden`, `not-found`, `conflict`, `too-many`, `unavailable`, `internal`.
    pub kind: &'static str,
    /// What is wrong, in English; empty for nothing more to say.
    pub detail: String,
    /// What to do, in English; empty for the usual advice.
    pub fix: String,
    /// Number of the request, to be found in the log; empty for none.
    pub request: String,
}

impl ProblemPage {
    /// Every kind.
    pub const KINDS: [(u16, &'static str); 7] = [
        (400, "bad-request"),
        (403, "forbidden"),
        (404, "not-found"),
        (409, "conflict"),
        (429, "too-many"),
        (500, "internal"),
        (503, "unavailable"),
    ];

    /// The page for a status.
    #[must_use]
    pub fn of(status: u16, request: impl Into<String>) -> Self {
        let kind = match status {
            403 => "forbidden",
            404 | 405 | 410 => "not-found",
            409 | 412 => "conflict",
            429 => "too-many",
            502..=504 | 507 => "unavailable",
            400..=499 => "bad-request",
            _ => "internal",
        };
        Self { status, kind, detail: String::new(), fix: String::new(), request: request.into() }
    }

    /// With more to say.
    #[must_use]
    pub fn with(mut self, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        self.detail = detail.into();
        self.fix = fix.into();
        self
    }
}

impl Model for ProblemPage {
    const PAGE: Page = Page::Problem;
}
