// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A month of a municipality: how available its sites were, what was wrong, and what nobody looked at. Pure.
//!
//! Months are in universal time, since days are folded so.

use jiff::{Timestamp, civil};
use serde::Serialize;

use super::{
    history::{Counts, Sheet},
    objective::Objective,
};
use crate::{error::FieldError, fleet::Incident};

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: civil::Date,
}

impl Month {
    /// The month of a time.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self { first: at.to_zoned(jiff::tz::TimeZone::UTC).date().first_of_month() }
    }

    /// The month before.
    #[must_use]
    pub fn before(self) -> Self {
        Self { first: self.first.yesterday().map_or(self.first, civil::Date::first_of_month) }
    }

    /// The month after.
    #[must_use]
    pub fn after(self) -> Self {
        Self { first: self.first.last_of_month().tomorrow().unwrap_or(self.first) }
    }

    /// Its first day and its last, counted from 1970.
    #[must_use]
    pub fn days(self) -> (i64, i64) {
        let of = |date: civil::Date| date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |at| at.timestamp().as_second().div_euclid(86_400));
        (of(self.first), of(self.first.last_of_month()))
    }

    /// When it begins, and when the next one does.
    #[must_use]
    pub fn times(self) -> (Timestamp, Timestamp) {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap_or_default();
        let (first, last) = self.days();
        (at(first), at(last + 1))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.first.strftime("%Y-%m"))
    }
}

impl std::str::FromStr for Month {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::new("month", "invalid-month", format!("`{}` is no month", text.escape_debug()), "write it as 2026-11");
        let digits = |part: &str, many: usize| part.len() == many && part.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month) = text.split_once('-').filter(|(year, month)| digits(year, 4) && digits(month, 2)).ok_or_else(wrong)?;
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        let first = civil::Date::new(year, month, 1).map_err(|_| wrong())?;
        if (1970..=9998).contains(&year) { Ok(Self { first }) } else { Err(wrong()) }
    }
}

/// A site of which there is, or was, a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The check's number.
    pub number: u32,
    /// The site's address.
    pub address: String,
    /// Since when it is checked.
    pub since: Timestamp,
    /// Until when; none while it is.
    pub until: Option<Timestamp>,
}

/// A site in a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The check's number.
    pub number: u32,
    /// The site's address.
    pub address: String,
    /// The share of the minutes that it served, of those in which somebody looked; none where nobody did.
    pub availability: Option<f64>,
    /// In how many minutes it served.
    pub minutes_served: u64,
    /// In how many it was down.
    pub minutes_down: u64,
    /// In how many nobody looked, of those of the month since it is checked.
    pub minutes_not_looked_at: u64,
    /// In how many it served later than people wait.
    pub minutes_slow: u64,
}

/// A month of a municipality.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Its sites, the least available first.
    pub sites: Vec<Line>,
    /// All of them together.
    pub total: Line,
    /// Whether the objective was met; none where nobody looked.
    pub met: Option<bool>,
}

/// Draws up the report of a month from its days, as seen at a time. Each minute of samples stands for as long as lies between two
/// checks, in minutes.
#[must_use]
pub fn draw_up<'a>(
    month: Month,
    days: impl IntoIterator<Item = &'a Sheet>,
    known: &[Known],
    objective: Objective,
    now: Timestamp,
    between: u64,
) -> Report {
    let between = between.max(1);
    let days: Vec<&Sheet> = days.into_iter().collect();
    let (begin, end) = month.times();
    let line = |known: &Known| {
        let rows = || days.iter().filter_map(|day| day.row(known.number));
        let counts: Counts = rows().map(Counts::from).sum();
        let looked = (counts.served + counts.failed) * between;
        let (from, until) = (known.since.max(begin), known.until.unwrap_or(now).min(now).min(end));
        let all = u64::try_from(until.as_second().saturating_sub(from.as_second()) / 60).unwrap_or_default();
        let line = Line {
            number: known.number,
            address: known.address.clone(),
            availability: counts.availability(),
            minutes_served: counts.served * between,
            minutes_down: counts.failed * between,
            minutes_not_looked_at: all.saturating_sub(looked),
            minutes_slow: rows().map(|figures| u64::from(figures.slow)).sum::<u64>() * between,
        };
        (all > 0 || looked > 0).then_some((line, counts))
    };
    let all: Vec<(Line, Counts)> = known.iter().filter_map(line).collect();
    let counts: Counts = all.iter().map(|(_, counts)| *counts).sum();
    let sum = |part: fn(&Line) -> u64| all.iter().map(|(line, _)| part(line)).sum();
    let total = Line {
        number: 0,
        address: String::new(),
        availability: counts.availability(),
        minutes_served: sum(|line| line.minutes_served),
        minutes_down: sum(|line| line.minutes_down),
        minutes_not_looked_at: sum(|line| line.minutes_not_looked_at),
        minutes_slow: sum(|line| line.minutes_slow),
    };
    let mut sites: Vec<Line> = all.into_iter().map(|(line, _)| line).collect();
    sites.sort_by(|a, b| {
        let share = |line: &Line| line.availability.unwrap_or(2.0);
        share(a).total_cmp(&share(b)).then_with(|| a.address.cmp(&b.address))
    });
    Report { sites, total, met: objective.is_met(counts) }
}

/// How long an incident went on within a month, in seconds, as seen at a time.
#[must_use]
pub fn lasted(incident: &Incident, month: Month, now: Timestamp) -> u64 {
    let (begin, end) = month.times();
    let (from, until) = (incident.opened_at.max(begin), incident.resolved_at.unwrap_or(now).min(now).min(end));
    u64::try_from(until.as_second() - from.as_second()).unwrap_or_default()
}

/// The report for spreadsheets (RFC 4180, with a mark that it is UTF-8): a row for each site, for all together, and for each incident.
#[must_use]
pub fn csv(report: &Report, incidents: &[Incident], month: Month, now: Timestamp) -> String {
    let mut text = String::from("\u{feff}");
    let mut row = |cells: &[String]| {
        text.push_str(&cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(","));
        text.push_str("\r\n");
    };
    row(&[
        "kind",
        "name",
        "availability_percent",
        "minutes_served",
        "minutes_down",
        "minutes_not_looked_at",
        "minutes_slow",
        "from",
        "until",
        "cause",
        "failure",
    ]
    .map(str::to_owned));
    let none = String::new;
    for (kind, line) in report.sites.iter().map(|line| ("site", line)).chain([("total", &report.total)]) {
        row(&[
            kind.to_owned(),
            line.address.clone(),
            line.availability.map(|share| format!("{:.4}", share * 100.0)).unwrap_or_default(),
            line.minutes_served.to_string(),
            line.minutes_down.to_string(),
            line.minutes_not_looked_at.to_string(),
            line.minutes_slow.to_string(),
            none(),
            none(),
            none(),
            none(),
        ]);
    }
    for incident in incidents {
        row(&[
            "incident".to_owned(),
            incident.label.clone(),
            none(),
            none(),
            (lasted(incident, month, now) / 60).to_string(),
            none(),
            none(),
            incident.opened_at.to_string(),
            incident.resolved_at.map(|at| at.to_string()).unwrap_or_default(),
            incident.cause.kind.to_string(),
            incident.failure.map(|failure| failure.to_string()).unwrap_or_default(),
        ]);
    }
    text
}

/// A cell: quoted where it must be, and never taken for a formula.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\r', '\n', ';', '\'']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fleet::{
            health::{Failure, Sample},
            incident::{Cause, CauseKind},
        },
        health::history::Block,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_read_and_counted() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (month.to_string(), month.before().to_string(), month.after().to_string()),
            ("2026-12".into(), "2026-11".into(), "2027-01".into())
        );
        let (first, last) = month.days();
        assert_eq!(last - first, 30);
        assert_eq!(month.times(), (at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z")));
        assert_eq!(Month::of(at("2026-12-31T23:59:59Z")), month);
        for wrong in ["", "2026", "2026-13", "2026-1", "26-01", "2026-11-01", "0000-01", "+026-01", "2026-+1"] {
            assert_eq!(wrong.parse::<Month>().map_err(|e| e.field), Err("month".to_owned()), "{wrong}");
        }
    }

    #[test]
    fn what_nobody_looked_at_is_told() {
        let mut block = Block::default();
        for minute in 0..60 {
            block.put(1, minute, if minute < 6 { Sample::Failed(Failure::Fatal) } else { Sample::Served(3000) });
            block.put(2, minute, Sample::Served(80));
        }
        let sheet = Sheet::of(&[block], 2000);
        let month: Month = "2026-11".parse().unwrap();
        let known = |number, since: &str, until: Option<&str>| Known {
            number,
            address: format!("{number}.se"),
            since: at(since),
            until: until.map(at),
        };
        let all = [
            known(1, "2026-11-01T00:00:00Z", None),
            known(2, "2026-01-01T00:00:00Z", Some("2026-11-01T02:00:00Z")),
            known(3, "2026-11-01T01:30:00Z", None),
            known(4, "2026-01-01T00:00:00Z", Some("2026-10-01T00:00:00Z")),
        ];
        let report = draw_up(month, [&sheet], &all, Objective::default(), at("2026-11-01T02:00:00Z"), 1);
        let told: Vec<_> =
            report.sites.iter().map(|l| (l.number, l.minutes_served, l.minutes_down, l.minutes_not_looked_at, l.minutes_slow)).collect();
        assert_eq!(told, [(1, 54, 6, 60, 54), (2, 60, 0, 60, 0), (3, 0, 0, 30, 0)]);
        assert_eq!((report.total.availability, report.met), (Some(114.0 / 120.0), Some(false)));
        assert_eq!(report.sites[2].availability, None);
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, safe) in
            [("ale.se", "ale.se"), ("=1+1", "\"'=1+1\""), ("@x", "\"'@x\""), ("a,\"b\"", "\"a,\"\"b\"\"\""), ("-1", "\"'-1\"")]
        {
            assert_eq!(quoted(cell), safe);
        }
        let cause = Cause { kind: CauseKind::Check, of: "1".to_owned() };
        let incident = Incident::opened(cause, "=cmd|' /C calc'!A0".to_owned(), None, at("2026-10-31T23:00:00Z"));
        let month: Month = "2026-11".parse().unwrap();
        let report = draw_up(month, [], &[], Objective::default(), at("2026-11-02T00:00:00Z"), 1);
        let text = csv(&report, &[incident], month, at("2026-11-01T01:00:00Z"));
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("\u{feff}kind,name,") && lines.len() == 4);
        assert_eq!(lines[1], "total,,,0,0,0,0,,,,");
        assert_eq!(lines[2], "incident,\"'=cmd|' /C calc'!A0\",,,60,,,2026-10-31T23:00:00Z,,check,");
    }
}
