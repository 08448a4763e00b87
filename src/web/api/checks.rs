// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How the fleet is: municipalities by their worst state, and every check.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    shapes::Listing,
    shapes_health::{self, Check, HealthBoard, Hour},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, Slug, health::Health},
    health::history::{Block, Figures, Ledger},
    health::wheel::milliseconds,
    store::{self, checks::Filter},
    web::{
        Web,
        input::{self, Params, Part},
        problem::{Answer, Problem},
        pulse::Seen,
    },
};

/// So many hours are shown of a check.
pub const HOURS: i64 = 48;

/// Which checks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Of the municipality of this slug.
    municipality: Option<String>,
    /// Only those in this state: `ok`, `unknown`, `slow`, `suspect`, `flapping` or `down`.
    health: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// How the fleet is: municipalities, the worst first.
#[utoipa::path(get, path = "/api/v1/health", tag = "health", params(Part),
    responses((status = 200, description = "How the fleet is", body = HealthBoard), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn board(web: Data<Web>, caller: Caller, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    let scope = caller.principal.scope();
    let seen = Seen::look(web.store(), &scope).await?;
    let all = &seen.tallies;
    let mut states: BTreeMap<Health, u32> = BTreeMap::new();
    for (health, count) in all.iter().flat_map(|tally| &tally.states) {
        *states.entry(*health).or_default() += count;
    }
    let open = seen.incidents_of(&scope, None).len();
    let (skip, take) = ((page.page - 1).saturating_mul(page.per_page), page.per_page);
    let part = all.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(usize::try_from(take).unwrap_or(usize::MAX));
    Ok(HttpResponse::Ok().json(HealthBoard {
        worst: states.keys().next_back().copied().unwrap_or_default().to_string(),
        checks: states.values().sum(),
        states: shapes_health::states(&states),
        open_incidents: i64::try_from(open).unwrap_or(i64::MAX),
        items: part.map(|tally| shapes_health::tile(tally, seen.cause_of(tally.municipality))).collect(),
        page: page.page,
        per_page: page.per_page,
        total: i64::try_from(all.len()).unwrap_or(i64::MAX),
    }))
}

/// The municipality that a filter names.
///
/// # Errors
/// `NotFound` where there is none of that slug that the caller may know of; names the field where it is no slug.
pub async fn named(web: &Web, caller: &Caller, slug: Option<&str>) -> Result<Option<fleet::MunicipalityId>> {
    let Some(slug) = slug.filter(|text| !text.is_empty()) else { return Ok(None) };
    let slug: Slug = slug.parse().map_err(|e: FieldError| e.at("municipality"))?;
    Ok(Some(store::municipalities::by_slug(web.store(), &caller.principal.scope(), &slug).await?.id))
}

/// Every site and address that is checked, by municipality.
#[utoipa::path(get, path = "/api/v1/checks", tag = "health", params(Query),
    responses((status = 200, description = "A page of checks", body = Listing<Check>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let health = q.health.filter(|text| !text.is_empty()).map(|text| text.parse::<Health>()).transpose()?;
    let municipality = named(&web, &caller, q.municipality.as_deref()).await?;
    let filter = Filter { municipality, health: health.into_iter().collect(), addresses: false };
    let found = store::checks::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |check| shapes_health::check(&check))))
}

/// The check that a path names, where the caller may know of it.
///
/// # Errors
/// `NotFound`.
pub async fn find(web: &Web, caller: &Caller, number: &str) -> Result<fleet::Check> {
    let number: u32 = number.parse().map_err(|_| Error::not_found("check"))?;
    store::checks::get(web.store(), &caller.principal.scope(), number).await
}

/// The last hours of a check, the oldest first; hours in which nothing was seen are left out.
///
/// # Errors
/// When the history cannot be read.
pub async fn hours(web: &Web, check: &fleet::Check) -> Result<Vec<(i64, Figures)>> {
    let Some(history) = &web.tools().history else { return Ok(Vec::new()) };
    let now = Ledger::hour(milliseconds(web.tools().clock.now()));
    let blocks = history.of(check.municipality, now - HOURS + 1, now).await?;
    let slow = web.tools().settings.health.slow_milliseconds;
    let figures = |(hour, bytes): (i64, Vec<u8>)| Some((hour, Figures::of(Block::read(&bytes)?.row(check.number)?.iter().copied(), slow)));
    Ok(blocks.into_iter().filter_map(figures).collect())
}

/// One check with its last 48 hours. What was seen in the last five minutes may be missing.
#[utoipa::path(get, path = "/api/v1/checks/{number}", tag = "health", params(("number" = u32, Path, description = "The check's number")),
    responses((status = 200, description = "The check", body = Check), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    let hours: Vec<Hour> =
        hours(&web, &found).await?.iter().filter_map(|(number, figures)| shapes_health::hour(*number, figures)).collect();
    Ok(HttpResponse::Ok().json(Check { hours: Some(hours), ..shapes_health::check(&found) }))
}
