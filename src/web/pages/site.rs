// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A site with its history, a municipality's objective, and its month.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest,
    web::{Data, Form, Path},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{asked, health, in_place, insides, notices, outside};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{self, access::Permission},
    health::{
        history::{Counts, Figures, Ledger},
        objective::{self, Window},
        past::Range,
        report::{self, Line, Month},
    },
    store,
    web::{
        Web,
        api::{self, history},
        guard::Note,
        problem::Answer,
        view::{
            models::{Chart, ChartRow, Notice, ObjectiveCard, ReportIncident, ReportPage, ReportRow, SilenceForm, SitePage},
            picture,
        },
        visit::{Visit, see_other_with},
    },
};

/// Incidents on one page.
const INCIDENTS: u32 = 20;
/// A line of the table of 400 days stands for so many.
const DAYS_OF_A_LINE: i64 = 30;

/// One site.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<(String, String)>, request: HttpRequest) -> Answer {
    let (slug, number) = path.into_inner();
    visit.page(&web, &model(&web, &caller, &slug, &number, &request).await?)
}

/// What is shown of a site or an address.
pub(super) async fn model(web: &Web, caller: &Caller, slug: &str, number: &str, request: &HttpRequest) -> Result<SitePage> {
    let found = api::municipalities::find(web, caller, slug).await?;
    let check = api::checks::find(web, caller, number).await?;
    if check.municipality != found.id {
        return Err(Error::not_found("check"));
    }
    let page = asked::page(request, INCIDENTS)?;
    let incidents = store::incidents::past::of_check(web.store(), &caller.principal.scope(), &check, page).await?;
    let here = format!("/health/{}/{}", found.slug, check.number);
    let pager = asked::pager(page, incidents.total, &here, &[]);
    let rows: Vec<_> = incidents.items.into_iter().map(health::row).collect();
    let ill = check.health != fleet::health::Health::Ok;
    let look = store::outside::get(web.store(), check.number).await?.look;
    Ok(SitePage {
        slug: found.slug.to_string(),
        name: found.name,
        address: check.address(),
        health: check.health,
        failure: check.failure,
        since: check.since,
        created_at: check.created_at,
        cause: rows.iter().find(|row| ill && matches!(row.state, "open" | "acknowledged")).cloned(),
        charts: charts(web, &check).await?,
        insides: insides::of(web, &check).await?,
        findings: insides::findings(web, caller, &check).await?,
        incidents: rows,
        pager,
        quiet: notices::quiet(web, caller, Some(check.municipality), Some(check.number)).await?,
        may_silence: caller.principal.may(Permission::ManageIncidents),
        form: SilenceForm::default(),
        errors: Vec::new(),
        command: format!("flotta health history {} --range 35d", check.number),
        outside: outside::row(web, check, look),
        here,
    })
}

/// A share in thousandths of a per cent, rounded down so that only what never failed is 100 %.
fn thousandths(share: Option<f64>) -> Option<u32> {
    share.map(|share| (share.clamp(0.0, 1.0) * 100_000.0 + 1e-6).floor() as u32)
}

async fn charts(web: &Web, check: &fleet::Check) -> Result<Vec<Chart>> {
    let past = history::past(web, check.municipality)?;
    let (present, between) = (Ledger::hour(past.now), history::between(web));
    let mut points = BTreeMap::new();
    for range in Range::ALL {
        points.insert(range.word(), past.site(check.number, range).await?);
    }
    let days = points.get(Range::Year.word()).cloned().unwrap_or_default();
    let chart = |range: Range| {
        let own = points.get(range.word()).cloned().unwrap_or_default();
        let from = range.from(present);
        let mut slots: Vec<Option<Figures>> = vec![None; usize::try_from(range.points()).unwrap_or_default()];
        for (hour, figures) in &own {
            if let Some(slot) = usize::try_from((hour - from) / range.step()).ok().and_then(|at| slots.get_mut(at)) {
                *slot = Some(*figures);
            }
        }
        let rows = match range {
            Range::Hours => own.iter().filter_map(|(hour, figures)| row(*hour, &[*figures], between)).collect(),
            Range::Weeks => {
                let theirs = days.iter().filter(|(hour, _)| *hour > present - 35 * 24);
                theirs.filter_map(|(hour, figures)| row(*hour, &[*figures], between)).collect()
            }
            Range::Year => {
                let mut lines: BTreeMap<i64, Vec<Figures>> = BTreeMap::new();
                for (hour, figures) in &days {
                    lines.entry((hour - from) / (24 * DAYS_OF_A_LINE)).or_default().push(*figures);
                }
                lines.into_iter().filter_map(|(at, all)| row(from + at * 24 * DAYS_OF_A_LINE, &all, between)).collect()
            }
        };
        let counts: Counts = own.iter().map(|(_, figures)| Counts::from(*figures)).sum();
        Some(Chart {
            range: range.word(),
            from: time(from)?,
            availability: thousandths(counts.availability()),
            down: counts.failed * between,
            areas: picture::availability(&slots),
            lines: picture::latency(&slots),
            rows,
        })
    };
    Ok(Range::ALL.into_iter().filter_map(chart).collect())
}

fn time(hour: i64) -> Option<Timestamp> {
    Timestamp::from_second(hour.checked_mul(3600)?).ok()
}

fn row(hour: i64, all: &[Figures], between: u64) -> Option<ChartRow> {
    let counts: Counts = all.iter().map(|figures| Counts::from(*figures)).sum();
    Some(ChartRow {
        from: time(hour)?,
        availability: thousandths(counts.availability()),
        down: counts.failed * between,
        // Medians of several days make no median.
        median: <[Figures; 1]>::try_from(all).ok().map(|[figures]| figures.median).filter(|median| *median > 0),
        longest: all.iter().map(|figures| figures.max).max().unwrap_or_default(),
        failure: all.iter().max_by_key(|figures| figures.failed).and_then(|figures| figures.failure),
    })
}

/// What stands on a municipality's page of its objective; none where no history is kept.
pub(super) async fn card(web: &Web, caller: &Caller, found: &fleet::Municipality) -> Result<Option<ObjectiveCard>> {
    let aim = history::aim(web, &caller.principal.scope(), found.id).await?;
    if web.tools().history.is_none() {
        return Ok(None);
    }
    let (counts, rates) = history::standing(web, found.id, aim).await?;
    let rate = |(window, rate): (Window, Option<f64>)| (window.word(), rate.map(|rate| (rate * 100.0).round() as u32 * 10));
    Ok(Some(ObjectiveCard {
        thousandths: aim.thousandths,
        days: aim.days,
        availability: thousandths(counts.availability()),
        left: thousandths(aim.left(counts)),
        burning: objective::burning(&rates).word(),
        rates: Window::ALL.into_iter().zip(rates).map(rate).collect(),
        may_change: caller.principal.may(Permission::ManageIncidents),
        percent: aim.percent().to_string(),
        length: aim.days.to_string(),
    }))
}

/// The form that changes an objective.
#[derive(Debug, Deserialize)]
pub struct Aim {
    #[serde(default)]
    percent: String,
    #[serde(default)]
    days: String,
}

/// Changes an objective. What was wrong stays in the form.
pub async fn decide(
    web: Data<Web>,
    mut visit: Visit,
    caller: Caller,
    note: Note,
    path: Path<String>,
    form: Form<Aim>,
    request: HttpRequest,
) -> Answer {
    // A comma is how Swedish writes it.
    let percent = form.percent.trim().replace(',', ".").parse::<f64>().unwrap_or(f64::NAN);
    let days = form.days.trim().parse::<i64>().unwrap_or(-1);
    match history::decided(&web, &caller, &note, &path, percent, Some(days)).await {
        Ok(_) => Ok(see_other_with(&format!("/health/{}", *path), Notice::Saved)),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let mut page = health::municipality_model(&web, &caller, &path, &request).await?;
            if let Some(card) = &mut page.objective {
                (card.percent, card.length) = (form.percent.clone(), form.days.clone());
            }
            visit.shell.here = format!("/health/{}", *path);
            page.errors = errors;
            visit.page_as(&web, status, &page)
        }
    }
}

/// A municipality's month.
pub async fn report(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    let found = api::municipalities::find(&web, &caller, &path).await?;
    let month = history::month(&web, asked::value(&request, "month").as_deref())?;
    let (drawn, aim, incidents) = history::drawn_up(&web, &caller.principal.scope(), found.id, month).await?;
    let (present, now) = (Month::of(web.now()), web.now());
    let model = ReportPage {
        slug: found.slug.to_string(),
        month: month.to_string(),
        before: month.before().to_string(),
        after: (month < present).then(|| month.after().to_string()),
        going_on: month == present,
        at: now,
        outcome: match drawn.met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "unknown",
        },
        objective: aim.thousandths,
        total: line(&drawn.total),
        sites: drawn.sites.iter().map(line).collect(),
        incidents: incidents
            .into_iter()
            .map(|incident| ReportIncident { lasted: report::lasted(&incident, month, now), row: health::row(incident) })
            .collect(),
        command: format!("flotta health report {} --month {month}", found.slug),
        name: found.name,
    };
    visit.page(&web, &model)
}

fn line(line: &Line) -> ReportRow {
    ReportRow {
        address: line.address.clone(),
        availability: thousandths(line.availability),
        down: line.minutes_down,
        unseen: line.minutes_not_looked_at,
        slow: line.minutes_slow,
    }
}

/// The same for spreadsheets.
pub async fn report_csv(web: Data<Web>, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    history::as_csv(&web, &caller, &path, asked::value(&request, "month").as_deref()).await
}
