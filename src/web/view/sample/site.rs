// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A site with its history, and a municipality's month.

use super::*;
use crate::{
    fleet::{
        FindingKind,
        facts::Statement,
        outside::{NameState, Trust},
    },
    health::history::Figures,
    web::view::picture,
};

/// Some hours or days, with what happens to sites: slowness, failures, nobody looking.
fn slots(many: usize) -> Vec<Option<Figures>> {
    let slot = |at: usize| {
        let failed = match at % 37 {
            5 => 3,
            6 => 60,
            _ => 0,
        };
        let figures = Figures {
            served: 60 - failed,
            failed,
            median: 80 + (at as u32 * 7) % 40,
            p95: 140 + (at as u32 * 13) % 90,
            max: 900,
            failure: (failed > 0).then_some(Failure::Fatal),
            ..Figures::default()
        };
        (at % 41 != 20).then_some(figures)
    };
    (0..many).map(slot).collect()
}

fn chart(range: &'static str, many: usize, lines: i64) -> Chart {
    let slots = slots(many);
    let row = |at: i64| ChartRow {
        from: before((lines - at) * 3600),
        availability: (at % 7 != 6).then_some(if at % 5 == 0 { 95_000 } else { 100_000 }),
        down: if at % 5 == 0 { 180 } else { 0 },
        median: (range != "400d").then_some(92),
        longest: 900,
        failure: (at % 5 == 0).then_some(Failure::Fatal),
    };
    Chart {
        range,
        from: before(lines * 3600),
        availability: Some(99_930),
        down: 180,
        areas: picture::availability(&slots),
        lines: picture::latency(&slots),
        rows: (0..lines).map(row).collect(),
    }
}

fn outside_row() -> OutsideRow {
    OutsideRow {
        number: 7,
        address: "ale.se/skola/".to_owned(),
        label: String::new(),
        is_address: false,
        health: Health::Down,
        name: Some(NameState::Leads),
        ends_at: Some(before(-86_400 * 20)),
        issuer: "R11 (Let's Encrypt)".to_owned(),
        trust: Some(Trust::Trusted),
        remarks: vec![FindingKind::CertificateEnds],
        looked_at: Some(before(3_600)),
    }
}

fn insides() -> SiteInsides {
    let part = |name: &str, version: &str| InUse { name: name.to_owned(), version: version.to_owned() };
    SiteInsides {
        told_at: before(5_000),
        core: "6.8.3".to_owned(),
        php: "8.4.11".to_owned(),
        theme: part("Kommuntema", "2.1.0"),
        plugins: vec![part("Events", "3.2"), part("Wisdom of the ages in a plugin with a long name", "")],
        administrators: 3,
        overdue: 4_000,
        late: true,
        autoload: 912_000,
        database: Some(48_000_000),
        uploads: Some(3_100_000_000),
        public: true,
        statement: Some(Statement {
            title: "Tillgänglighetsredogörelse".to_owned(),
            at: Some("2026-03-01".to_owned()),
            ..Statement::default()
        }),
        errors: vec![ErrorRow {
            message: "Uncaught TypeError: strlen(): Argument must be of type string, null given".to_owned(),
            place: "wp-content/plugins/events/calendar/month-view-with-a-long-name.php:312".to_owned(),
            kind: "plugin".to_owned(),
            component: "events".to_owned(),
            count: 1_204,
            last_at: Some(before(60)),
        }],
    }
}

pub(super) fn site() -> SitePage {
    SitePage {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        address: "ale.se/skola/".to_owned(),
        health: Health::Down,
        failure: Some(Failure::Fatal),
        since: Some(before(240)),
        created_at: before(86_400 * 90),
        cause: Some(lists::incident_row("open", CauseKind::Check, "ale.se/skola/")),
        charts: vec![chart("48h", 48, 48), chart("35d", 840, 35), chart("400d", 400, 14)],
        outside: outside_row(),
        insides: Some(insides()),
        findings: vec![FoundRow {
            id: "019aaf1e-0000-7000-8000-0000000000f1".to_owned(),
            kind: FindingKind::CronStuck,
            slug: "ale".to_owned(),
            subject: "ale.se/skola".to_owned(),
            state: "open",
            opened_at: before(7_200),
        }],
        incidents: vec![lists::incident_row("open", CauseKind::Check, "ale.se/skola/")],
        pager: Pager::of(1, 20, 1, "/health/ale/7", &[]),
        quiet: vec![notices::silence("3", Some("ale"), Some("ale.se/skola/"), false)],
        here: "/health/ale/7".to_owned(),
        may_silence: true,
        form: SilenceForm { until: "2026-11-30T18:00".to_owned(), ..SilenceForm::default() },
        errors: vec![FieldError::new("reason", "missing", "there is no reason", "write why nobody shall be told")],
        command: "flotta health history 7 --range 35d".to_owned(),
    }
}

pub(super) fn new_site() -> SitePage {
    let empty = |range| Chart {
        rows: vec![],
        availability: None,
        areas: picture::availability(&[]),
        lines: picture::latency(&[]),
        ..chart(range, 1, 0)
    };
    SitePage {
        health: Health::Unknown,
        failure: None,
        since: None,
        cause: None,
        charts: vec![empty("48h"), empty("35d"), empty("400d")],
        outside: OutsideRow {
            name: None,
            ends_at: None,
            issuer: String::new(),
            trust: None,
            remarks: vec![],
            looked_at: None,
            ..outside_row()
        },
        insides: None,
        findings: vec![],
        incidents: vec![],
        pager: Pager::default(),
        quiet: vec![],
        may_silence: false,
        form: SilenceForm::default(),
        errors: vec![],
        ..site()
    }
}

pub(super) fn objective() -> ObjectiveCard {
    ObjectiveCard {
        thousandths: 99_900,
        days: 30,
        availability: Some(99_930),
        left: Some(30_000),
        burning: "slow",
        rates: vec![("5m", Some(0)), ("30m", Some(1_200)), ("1h", Some(2_500)), ("6h", Some(1_400)), ("3d", None)],
        may_change: true,
        percent: "99.9".to_owned(),
        length: "30".to_owned(),
    }
}

pub(super) fn report() -> ReportPage {
    let row = |address: &str, availability, down| ReportRow { address: address.to_owned(), availability, down, unseen: 12, slow: 3 };
    ReportPage {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        month: "2026-11".to_owned(),
        before: "2026-10".to_owned(),
        after: None,
        going_on: true,
        at: now(),
        outcome: "missed",
        objective: 99_900,
        total: row("", Some(99_812), 62),
        sites: vec![row("ale.se/skola/", Some(99_624), 62), row("ale.se", Some(100_000), 0), row("ny.ale.se", None, 0)],
        incidents: vec![ReportIncident { row: lists::incident_row("resolved", CauseKind::DatabaseServer, "flotta-db-1"), lasted: 3_720 }],
        command: "flotta health report ale --month 2026-11".to_owned(),
    }
}

pub(super) fn empty_report() -> ReportPage {
    ReportPage {
        after: Some("2026-12".to_owned()),
        going_on: false,
        outcome: "unknown",
        total: ReportRow { availability: None, down: 0, unseen: 0, slow: 0, address: String::new() },
        sites: vec![],
        incidents: vec![],
        ..report()
    }
}
