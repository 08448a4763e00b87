// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How checks were over time, what availability is aimed at, and a municipality's month.

use std::sync::atomic::Ordering;

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    checks, municipalities, shapes_health,
    shapes_history::{self, AvailabilityReport, CheckHistory, ObjectiveRequest, ObjectiveState},
};
use crate::{
    access::Caller,
    error::{Error, OutsideKind, Result},
    fleet::{Incident, MunicipalityId, Scope},
    health::{
        history::{Counts, Ledger},
        objective::{self, Objective, Rates, Window},
        past::{Past, Range},
        report::{self, Known, Month, Report},
        wheel::milliseconds,
    },
    store,
    web::{
        Web,
        guard::Note,
        input::{Body, Params},
        metrics,
        problem::{Answer, Problem},
    },
};

/// Which part of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `48h`, `35d` or `400d`; 48 hours when left out.
    range: Option<String>,
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MonthQuery {
    /// As in `2026-11`; the present one when left out.
    month: Option<String>,
}

/// How many seconds a minute of samples stands for.
#[must_use]
pub fn between(web: &Web) -> u64 {
    u64::from(web.tools().settings.health.interval_seconds).max(60)
}

/// A municipality's history.
///
/// # Errors
/// Where none is kept, because no file could be made for it.
pub fn past(web: &Web, of: MunicipalityId) -> Result<Past<'_>> {
    let none = || Error::outside("history", OutsideKind::Failed, "no history is kept here; see the log of the start");
    let history = web.tools().history.as_ref().ok_or_else(none)?;
    let (now, slow) = (milliseconds(web.tools().clock.now()), web.tools().settings.health.slow_milliseconds);
    Ok(Past { history, of, now, slow })
}

/// A check's history by the hour or the day. What was seen in the last five minutes may be missing.
#[utoipa::path(get, path = "/api/v1/checks/{number}/history", tag = "health", params(("number" = u32, Path, description = "The check's number"), Query),
    responses((status = 200, description = "The history", body = CheckHistory), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<Query>) -> Answer {
    let check = checks::find(&web, &caller, &path).await?;
    let range = query.0.range.filter(|text| !text.is_empty()).map_or(Ok(Range::Hours), |text| text.parse())?;
    let points = past(&web, check.municipality)?.site(check.number, range).await?;
    Ok(HttpResponse::Ok().json(shapes_history::history(check.number, range, &points, between(&web))))
}

/// What is aimed at in a municipality, as far as the scope covers it.
///
/// # Errors
/// When the store fails.
pub async fn aim(web: &Web, scope: &Scope, of: MunicipalityId) -> Result<Objective> {
    let kept = store::objectives::get(web.store(), scope, of).await?;
    Ok(kept.map_or_else(Objective::default, |(thousandths, days)| Objective { thousandths, days }))
}

/// How an objective stands: the counts of its days, and the rates of each window.
///
/// # Errors
/// When the history cannot be read.
pub async fn standing(web: &Web, of: MunicipalityId, aim: Objective) -> Result<(Counts, Rates)> {
    let past = past(web, of)?;
    let present = Ledger::hour(past.now);
    let counts = past.counts((present.div_euclid(24) + 1 - i64::from(aim.days)) * 24).await?;
    let days = past.counts(present - 71).await?;
    let minutes = past.minutes(Window::SixHours.minutes()).await?;
    Ok((counts, objective::rates(aim, &minutes, days)))
}

async fn stands(web: &Web, of: MunicipalityId, aim: Objective) -> Answer {
    let (counts, rates) = standing(web, of, aim).await?;
    Ok(HttpResponse::Ok().json(shapes_history::objective(aim, counts, &rates, objective::burning(&rates))))
}

/// What availability is aimed at, how it is, and how fast what may fail is used up.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/objective", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")),
    responses((status = 200, description = "The objective", body = ObjectiveState), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show_objective(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = municipalities::find(&web, &caller, &path).await?;
    let aim = aim(&web, &caller.principal.scope(), found.id).await?;
    stands(&web, found.id, aim).await
}

/// Decides what availability is aimed at.
#[utoipa::path(put, path = "/api/v1/municipalities/{slug}/objective", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")), request_body = ObjectiveRequest,
    responses((status = 200, description = "The objective", body = ObjectiveState), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn decide_objective(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<ObjectiveRequest>) -> Answer {
    let (of, aim) = decided(&web, &caller, &note, &path, body.0.percent, body.0.days).await?;
    stands(&web, of, aim).await
}

/// Decides, for programs and for people.
///
/// # Errors
/// `NotFound` for a municipality; names `percent` or `days`.
pub async fn decided(
    web: &Web,
    caller: &Caller,
    note: &Note,
    slug: &str,
    percent: f64,
    days: Option<i64>,
) -> Result<(MunicipalityId, Objective)> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = municipalities::find(web, caller, slug).await?;
    note.municipality(found.id);
    let aim = Objective::new(percent, days.unwrap_or_else(|| Objective::default().days.into())).map_err(Error::Invalid)?;
    note.detail("percent", aim.percent()).detail("days", aim.days);
    store::objectives::put(web.store(), &caller.principal.scope(), found.id, (aim.thousandths, aim.days), web.now()).await?;
    Ok((found.id, aim))
}

/// The month that a query names, of which some has passed.
///
/// # Errors
/// Names `month`.
pub fn month(web: &Web, text: Option<&str>) -> Result<Month> {
    let present = Month::of(web.now());
    let month: Month = text.filter(|text| !text.is_empty()).map_or(Ok(present), str::parse)?;
    if month > present {
        let said = format!("{month} has not begun");
        return Err(crate::error::FieldError::new("month", "month-to-come", said, "name a month that has begun").into());
    }
    Ok(month)
}

/// A month of a municipality, with the objective and the incidents that touched it.
///
/// # Errors
/// When the store or the history fails.
pub async fn drawn_up(web: &Web, scope: &Scope, of: MunicipalityId, month: Month) -> Result<(Report, Objective, Vec<Incident>)> {
    let aim = aim(web, scope, of).await?;
    let known = store::checks::past::ever(web.store(), scope, of).await?;
    let known: Vec<Known> = known.into_iter().map(|(number, address, since, until)| Known { number, address, since, until }).collect();
    let (first, last) = month.days();
    let days = past(web, of)?.days(first, last).await?;
    let (begin, end) = month.times();
    let incidents = store::incidents::past::between(web.store(), scope, of, begin, end).await?;
    let report = report::draw_up(month, days.values(), &known, aim, web.now(), between(web) / 60);
    Ok((report, aim, incidents))
}

/// A month of a municipality: how available its sites were, what was wrong, and what nobody looked at.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/report", tag = "health", params(("slug" = String, Path, description = "The municipality's slug"), MonthQuery),
    responses((status = 200, description = "The report", body = AvailabilityReport), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show_report(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<MonthQuery>) -> Answer {
    let found = municipalities::find(&web, &caller, &path).await?;
    let month = month(&web, query.0.month.as_deref())?;
    let (report, aim, incidents) = drawn_up(&web, &caller.principal.scope(), found.id, month).await?;
    Ok(HttpResponse::Ok().json(AvailabilityReport {
        municipality: found.slug.to_string(),
        month: month.to_string(),
        objective_percent: aim.percent(),
        objective_met: report.met,
        total: shapes_history::line(report.total, false),
        sites: report.sites.into_iter().map(|line| shapes_history::line(line, true)).collect(),
        incidents: incidents.into_iter().map(shapes_health::incident).collect(),
    }))
}

/// The same for spreadsheets: a row for each site, for all together, and for each incident.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/report.csv", tag = "health", params(("slug" = String, Path, description = "The municipality's slug"), MonthQuery),
    responses((status = 200, description = "The report as CSV", body = String, content_type = "text/csv"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn report_csv(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<MonthQuery>) -> Answer {
    as_csv(&web, &caller, &path, query.0.month.as_deref()).await
}

/// The report for spreadsheets, for programs and for people.
///
/// # Errors
/// `NotFound` for a municipality; names `month`.
pub async fn as_csv(web: &Web, caller: &Caller, slug: &str, named: Option<&str>) -> Answer {
    let found = municipalities::find(web, caller, slug).await?;
    let month = month(web, named)?;
    let (report, _, incidents) = drawn_up(web, &caller.principal.scope(), found.id, month).await?;
    let name = format!("attachment; filename=\"{}-{month}.csv\"", found.slug);
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").insert_header((header::CONTENT_DISPOSITION, name)).body(report::csv(
        &report,
        &incidents,
        month,
        web.now(),
    )))
}

/// Sets the figures of every municipality's objective, at most once a minute.
///
/// # Errors
/// When the store or the history fails.
pub async fn figures(web: &Web) -> Result<()> {
    if web.tools().history.is_none() {
        return Ok(());
    }
    let now = milliseconds(web.tools().clock.now());
    // Counting takes a while, and changes by the minute; of two who ask at once one counts.
    let counted = web.counted.load(Ordering::Relaxed);
    if now.abs_diff(counted) < 60_000 || web.counted.compare_exchange(counted, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return Ok(());
    }
    let aims = store::objectives::all(web.store()).await?;
    for tally in store::checks::tallies(web.store(), &Scope::Fleet).await? {
        let kept = aims.get(&tally.municipality);
        let aim = kept.map_or_else(Objective::default, |(thousandths, days)| Objective { thousandths: *thousandths, days: *days });
        let (counts, rates) = standing(web, tally.municipality, aim).await?;
        let whose = || tally.slug.to_string();
        metrics::set("flotta_objective_ratio", "municipality", whose(), 1.0 - aim.may_fail());
        // What nobody looked at is no number.
        metrics::set("flotta_availability_ratio", "municipality", whose(), counts.availability().unwrap_or(f64::NAN));
        metrics::set("flotta_error_budget_left_ratio", "municipality", whose(), aim.left(counts).unwrap_or(f64::NAN));
        for (window, rate) in Window::ALL.into_iter().zip(rates) {
            metrics::set_of("flotta_error_budget_burn_rate", whose(), window.word(), rate.unwrap_or(f64::NAN));
        }
    }
    Ok(())
}
