// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What needs somebody, and questions over the fleet.

use super::*;
use crate::{
    fleet::FindingKind,
    health::questions::{Growth, Thrower, Version},
};

fn row(kind: FindingKind, subject: &str, state: &'static str) -> FoundRow {
    let id = "019aaf1e-0000-7000-8000-0000000000cc".to_owned();
    FoundRow { id, kind, slug: "ale".to_owned(), subject: subject.to_owned(), state, opened_at: before(7_200) }
}

pub(super) fn findings() -> FindingsPage {
    let rows: Vec<FoundRow> = FindingKind::ALL.iter().map(|kind| row(*kind, "ale.se/skola", "open")).collect();
    let total = rows.len() as u64;
    FindingsPage {
        open: total,
        rows,
        pager: Pager::of(1, 100, total, "/findings", &[("state", "open")]),
        state: "open",
        command: "flotta finding list".to_owned(),
    }
}

pub(super) fn finding() -> FindingPage {
    let seen = |name: &str, value: &str| Seen { name: name.to_owned(), value: value.to_owned() };
    FindingPage {
        row: row(FindingKind::Vulnerable, "ale-production: plugin events 3.2 (CVE-2026-1)", "muted"),
        seen: vec![seen("title", "Events < 3.3: anybody may delete events"), seen("severity", "high"), seen("sites", "12")],
        resolved_at: None,
        muted_until: Some(now()),
        muted_by: "anna.akesson@helsingborg.se".to_owned(),
        reason: "Ny version provas.".to_owned(),
        may_mute: true,
        typed: "Ny version provas.".to_owned(),
        errors: vec![],
        command: "flotta finding show 019aaf1e-0000-7000-8000-0000000000cc".to_owned(),
    }
}

pub(super) fn questions() -> QuestionsPage {
    let version = |kind: &str, component: &str, name: &str, version: &str, behind| Version {
        kind: kind.to_owned(),
        component: component.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        behind,
        sites: 31,
        municipalities: vec!["ale".to_owned(), "bor".to_owned()],
    };
    QuestionsPage {
        core: vec![version("core", "wordpress", "WordPress", "6.8.3", false), version("core", "wordpress", "WordPress", "6.8.2", true)],
        behind: vec![version("plugin", "events", "Events", "3.1", true), version("theme", "kommun", "", "1.0", true)],
        throwers: vec![Thrower {
            kind: "plugin".to_owned(),
            component: "events".to_owned(),
            version: "3.2".to_owned(),
            total: 4711,
            last_at: before(300),
            message: "Uncaught Error: Call to undefined function events_list()".to_owned(),
            place: "wp-content/plugins/events/events.php:33".to_owned(),
            municipalities: vec!["ale".to_owned(), "bor".to_owned()],
        }],
        growth: vec![Growth {
            municipality: "ale".to_owned(),
            environment: "production".to_owned(),
            days: 30,
            database_bytes: 81_000_000,
            database_grew_bytes: 2_000_000,
            uploads_bytes: Some(9_000_000_000),
            uploads_grew_bytes: Some(-5_000),
        }],
        command: "flotta fleet versions".to_owned(),
    }
}
