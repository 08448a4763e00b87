// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every component with made-up content, for looking at and for tests, at `GET /components`.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Model, OperationRow, Pager, StepLine, StepState};
use crate::{
    error::FieldError,
    fleet::{OperationKind, OperationState},
    web::view::Page,
};

/// The page of components. It needs nothing but the time.
#[derive(Clone, Debug, Serialize)]
pub struct ComponentsPage {
    states: Vec<State>,
    icons: Vec<String>,
    steps: Vec<StepLine>,
    errors: Vec<FieldError>,
    operations: Vec<OperationRow>,
    pager: Pager,
    now: Timestamp,
    command: String,
}

#[derive(Clone, Debug, Serialize)]
struct State {
    kind: &'static str,
    value: &'static str,
}

impl Model for ComponentsPage {
    const PAGE: Page = Page::Components;
}

/// Every state that a page can show, by kind.
pub(super) const STATES: [(&str, &[&str]); 12] = [
    ("instance", &["running", "onboarding", "repairing", "updating", "suspended", "quarantined", "offboarding"]),
    ("operation", &["live", "done", "undone", "failed", "parked"]),
    ("step", &["waiting", "skipped", "working", "retrying", "done", "failed", "undoing", "undone"]),
    ("channel", &["candidate", "stable", "retired"]),
    ("user", &["active", "disabled"]),
    ("token", &["active", "expired", "revoked"]),
    ("platform", &["well", "unwell", "unknown"]),
    ("result", &["done", "refused", "failed"]),
    ("rollout", &["running", "paused", "halting", "halted", "reverting", "reverted", "revert-blocked", "completed", "superseded"]),
    (
        "member",
        &[
            "pending",
            "updating",
            "soaking",
            "succeeded",
            "failed-unchanged",
            "rolled-back",
            "needs-approval",
            "quarantined",
            "reverting",
            "reverted",
            "skipped",
        ],
    ),
    ("level", &["pass", "warn", "fail"]),
    ("burning", &["unknown", "calm", "slow", "fast"]),
];

impl ComponentsPage {
    /// The page; `icons` are the names of all icons.
    #[must_use]
    pub fn new<'a>(icons: impl Iterator<Item = &'a str>, now: Timestamp) -> Self {
        let before = |seconds: i64| now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(now);
        let step = |name: &str, state, seconds: Option<f64>, ago, tries, message: &str| StepLine {
            name: name.to_owned(),
            state,
            started_at: (state != StepState::Waiting).then(|| before(ago)),
            seconds,
            tries,
            message: message.to_owned(),
        };
        Self {
            states: STATES.iter().flat_map(|(kind, values)| values.iter().map(|value| State { kind, value })).collect(),
            icons: icons.map(str::to_owned).collect(),
            steps: vec![
                step("database", StepState::Done, Some(0.4), 9, 1, "schema flt_ale_production and its user exist"),
                step("secrets", StepState::Undone, None, 8, 1, ""),
                step("container", StepState::Retrying, None, 6, 2, "engine: no answer within 10 s"),
                step("install", StepState::Working, None, 2, 1, ""),
                step("private-health", StepState::Failed, None, 2, 3, "wordpress: 500 Internal Server Error"),
                step("route", StepState::Waiting, None, 0, 0, ""),
            ],
            errors: vec![FieldError::new("slug", "invalid-slug", "the slug contains `Å`", "use a–z, 0–9 and single hyphens")],
            operations: vec![OperationRow {
                id: "019aaf1e-0000-7000-8000-000000000001".to_owned(),
                kind: OperationKind::Onboard,
                slug: "ale".to_owned(),
                name: "Ale kommun".to_owned(),
                state: OperationState::Live,
                step: "install".to_owned(),
                requested_by: "anna@example.se".to_owned(),
                created_at: before(14),
                seconds: 14.0,
            }],
            pager: Pager::of(2, 50, 120, "/components", &[]),
            now,
            command: "flotta municipality list".to_owned(),
        }
    }
}
