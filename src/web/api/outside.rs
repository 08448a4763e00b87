// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What checks are like from outside, and certificates.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use jiff::SignedDuration;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    checks::{self, named},
    municipalities::find,
    shapes::Listing,
    shapes_outside::{self, CertificateRow, LookRequest, Looks, Outside},
};
use crate::{
    access::Caller,
    error::{Error, FieldError},
    store::{self, Page, outside::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// So many days ahead certificates are asked for at most.
const DAYS: u32 = 3650;

/// What was seen of a check from outside: name, certificate, redirects, search engines.
#[utoipa::path(get, path = "/api/v1/checks/{number}/outside", tag = "health", params(("number" = u32, Path, description = "The check's number")),
    responses((status = 200, description = "What was seen", body = Outside), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let check = checks::find(&web, &caller, &path).await?;
    let known = store::outside::get(web.store(), check.number).await?;
    Ok(HttpResponse::Ok().json(shapes_outside::outside(&check, &known, web.tools().clock.now())))
}

/// Has a municipality's checks, or one of them, looked at from outside within seconds.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/look", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")), request_body = LookRequest,
    responses((status = 202, description = "What will be looked at", body = Looks), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn look(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<LookRequest>) -> Answer {
    note.target(path.chars().take(100).collect::<String>());
    let found = find(&web, &caller, &path).await?;
    note.municipality(found.id);
    let checks = store::outside::want(web.store(), found.id, body.0.check, web.tools().clock.now()).await?;
    match body.0.check {
        Some(number) if checks == 0 => Err(Error::not_found(format!("check {number}")).into()),
        _ => Ok(HttpResponse::Accepted().json(Looks { checks })),
    }
}

/// Which certificates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Only those that end within so many days, 1–3650; those that have ended are among them.
    #[param(value_type = Option<u32>)]
    ends_in_days: Option<String>,
    /// Only those of the municipality of this slug.
    municipality: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Certificates by their end, what ends first first.
#[utoipa::path(get, path = "/api/v1/certificates", tag = "health", params(Query),
    responses((status = 200, description = "A page of certificates", body = Listing<CertificateRow>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn certificates(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let days = input::number("ends_in_days", q.ends_in_days.as_deref())?;
    if days.is_some_and(|days| !(1..=DAYS).contains(&days)) {
        let error = FieldError::new("ends_in_days", "out-of-range", "nobody looks so far ahead", format!("give 1 to {DAYS}"));
        return Err(error.into());
    }
    let municipality = named(&web, &caller, q.municipality.as_deref()).await?;
    let now = web.tools().clock.now();
    let ends_before = days.map(|days| now + SignedDuration::from_hours(i64::from(days) * 24));
    let filter = Filter { municipality, ends_before };
    let found = store::outside::certificates(web.store(), &caller.principal.scope(), &filter, page).await?;
    let Page { items, page, per_page, total } = found;
    let items = items.iter().filter_map(|(check, look)| shapes_outside::row(check, look, now)).collect();
    Ok(HttpResponse::Ok().json(Listing::of(Page { items, page, per_page, total }, |row: CertificateRow| row)))
}
