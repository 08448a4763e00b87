// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The audit log.

use actix_web::{HttpResponse, web::Data};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::shapes::{self, AuditLine, Listing};
use crate::{
    access::Caller,
    error::FieldError,
    fleet::{AuditResult, Slug},
    store::{self, audit::Filter},
    web::{
        Web,
        input::{self, Params},
        problem::{Answer, Problem},
    },
};

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Who, exactly.
    actor: Option<String>,
    /// What, from its beginning: `municipality` gives every `municipality.…`.
    action: Option<String>,
    /// On what, exactly.
    target: Option<String>,
    /// Concerning the municipality of this slug.
    municipality: Option<String>,
    /// `done`, `refused` or `failed`.
    result: Option<String>,
    /// Not before this time (RFC 3339).
    since: Option<String>,
    /// Before this time (RFC 3339).
    until: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

fn time(field: &str, text: Option<String>) -> Result<Option<Timestamp>, FieldError> {
    let wrong = |text: &str| {
        FieldError::new(field, "not-a-time", format!("`{}` is not a time", text.escape_debug()), "write it as 2026-11-23T08:00:00Z")
    };
    text.filter(|t| !t.is_empty()).map(|t| t.parse().map_err(|_| wrong(&t))).transpose()
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Query), responses((status = 200, description = "A page of lines", body = Listing<AuditLine>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let mut filter = Filter {
        actor: given(q.actor),
        action: given(q.action),
        target: given(q.target),
        municipality: None,
        result: given(q.result).map(|r| r.parse::<AuditResult>()).transpose()?,
        since: time("since", q.since)?,
        until: time("until", q.until)?,
    };
    let slugs = store::municipalities::slugs(web.store()).await?;
    if let Some(text) = given(q.municipality) {
        let slug: Slug = text.parse().map_err(|e: FieldError| e.at("municipality"))?;
        match slugs.iter().find(|(_, known)| **known == slug) {
            Some((id, _)) => filter.municipality = Some(*id),
            // Gone by now: its slug is what is left of it.
            None => filter.target = Some(text),
        }
    }
    let found = store::audit::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |e| shapes::audit(e, &slugs))))
}
