// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of histories, objectives and reports.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    health::{
        history::{Counts, Figures},
        objective::{self, Burning, Rates, Window},
        past::Range,
        report::Line,
    },
    web::api::shapes_health::Incident,
};

/// A check's history.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckHistory {
    /// The check's number.
    pub number: u32,
    /// `48h`, `35d` or `400d`.
    pub range: String,
    /// Share of the minutes that were served; null where nobody looked.
    pub availability: Option<f64>,
    /// How long it was down, in seconds.
    pub seconds_down: u64,
    /// How long a point is, in seconds.
    pub step_seconds: u64,
    /// Hours, or days in universal time, the oldest first; those in which nobody looked are left out.
    pub points: Vec<Point>,
}

/// An hour or a day of a check.
#[derive(Debug, Serialize, ToSchema)]
pub struct Point {
    /// When it began.
    pub from: Timestamp,
    /// In how many minutes it served.
    pub served: u16,
    /// In how many it failed.
    pub failed: u16,
    /// In how many nobody looked in time.
    pub missed: u16,
    /// In how many it served later than people wait.
    pub slow: u16,
    /// Share of the minutes that were served; null where nobody looked.
    pub availability: Option<f64>,
    /// How it failed most often.
    pub failure: Option<String>,
    /// Half of the answers took no longer, in milliseconds.
    pub median_milliseconds: u32,
    /// Nineteen of twenty answers took no longer, in milliseconds.
    pub p95_milliseconds: u32,
    /// The longest answer, in milliseconds.
    pub max_milliseconds: u32,
}

/// What availability is aimed at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveRequest {
    /// In per cent, 50 to 99.999.
    pub percent: f64,
    /// Over how many days, 1 to 90; 30 when left out.
    pub days: Option<i64>,
}

/// What availability is aimed at, how it is, and how fast what may fail is used up.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObjectiveState {
    /// In per cent.
    pub percent: f64,
    /// Over how many days, today included.
    pub days: u16,
    /// Share of the minutes of all sites that were served in these days; null where nobody looked.
    pub availability: Option<f64>,
    /// Share of what may fail that is left; below 0 where more failed.
    pub budget_left: Option<f64>,
    /// `unknown`, `calm`, `slow` or `fast`.
    pub burning: String,
    /// How many times as fast as it may what may fail is used up.
    pub rates: Vec<BurnRate>,
}

/// How fast what may fail is used up over some time.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurnRate {
    /// `5m`, `30m`, `1h`, `6h` or `3d`.
    pub window: String,
    /// 1 uses up all of it in the objective's days; null where nobody looked.
    pub rate: Option<f64>,
}

/// A municipality's month.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityReport {
    /// Its slug.
    pub municipality: String,
    /// The month, in universal time.
    pub month: String,
    /// What is aimed at, in per cent.
    pub objective_percent: f64,
    /// Whether it was met; null where nobody looked.
    pub objective_met: Option<bool>,
    /// All sites together.
    pub total: ReportLine,
    /// Each site, the least available first.
    pub sites: Vec<ReportLine>,
    /// The incidents that touched it, the oldest first.
    pub incidents: Vec<Incident>,
}

/// A site in a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportLine {
    /// The check's number; null for all together.
    pub number: Option<u32>,
    /// Its address; null for all together.
    pub address: Option<String>,
    /// Share of the minutes in which somebody looked that were served; null where nobody did.
    pub availability: Option<f64>,
    /// In how many minutes it served.
    pub minutes_served: u64,
    /// In how many it was down.
    pub minutes_down: u64,
    /// In how many nobody looked.
    pub minutes_not_looked_at: u64,
    /// In how many it served later than people wait.
    pub minutes_slow: u64,
}

/// A check's history; each minute of samples stands for so many seconds.
#[must_use]
pub fn history(number: u32, range: Range, points: &[(i64, Figures)], between_seconds: u64) -> CheckHistory {
    let counts: Counts = points.iter().map(|(_, figures)| Counts::from(*figures)).sum();
    CheckHistory {
        number,
        range: range.word().to_owned(),
        availability: counts.availability(),
        seconds_down: counts.failed * between_seconds,
        step_seconds: range.step().unsigned_abs() * 3600,
        points: points.iter().filter_map(|(hour, figures)| point(*hour, figures)).collect(),
    }
}

fn point(hour: i64, figures: &Figures) -> Option<Point> {
    Some(Point {
        from: Timestamp::from_second(hour.checked_mul(3600)?).ok()?,
        served: figures.served,
        failed: figures.failed,
        missed: figures.missed,
        slow: figures.slow,
        availability: figures.availability(),
        failure: figures.failure.map(|failure| failure.to_string()),
        median_milliseconds: figures.median,
        p95_milliseconds: figures.p95,
        max_milliseconds: figures.max,
    })
}

/// An objective and how it stands.
#[must_use]
pub fn objective(aim: objective::Objective, counts: Counts, rates: &Rates, burning: Burning) -> ObjectiveState {
    let rate = |(window, rate): (Window, &Option<f64>)| BurnRate { window: window.word().to_owned(), rate: *rate };
    ObjectiveState {
        percent: aim.percent(),
        days: aim.days,
        availability: counts.availability(),
        budget_left: aim.left(counts),
        burning: burning.word().to_owned(),
        rates: Window::ALL.into_iter().zip(rates).map(rate).collect(),
    }
}

/// A line of a report; of all together where it is no single site's.
#[must_use]
pub fn line(line: Line, single: bool) -> ReportLine {
    ReportLine {
        number: single.then_some(line.number),
        address: single.then_some(line.address),
        availability: line.availability,
        minutes_served: line.minutes_served,
        minutes_down: line.minutes_down,
        minutes_not_looked_at: line.minutes_not_looked_at,
        minutes_slow: line.minutes_slow,
    }
}
