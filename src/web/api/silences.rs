// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! When nobody is told: silences and maintenance windows.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    receivers::whose,
    shapes::Listing,
    shapes_notices::{self, NewSilence, Silence},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet,
    health::notices::receivers,
    store,
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which silences.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `current` (those that hold or will) or `all`; `current` when left out.
    state: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Silences and maintenance windows, those that end last first. The whole fleet's are known to everybody.
#[utoipa::path(get, path = "/api/v1/silences", tag = "notices", params(Query),
    responses((status = 200, description = "A page of silences", body = Listing<Silence>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let now = web.now();
    let current = match q.state.as_deref() {
        None | Some("" | "current") => Some(now),
        Some("all") => None,
        Some(_) => {
            return Err(FieldError::new("state", "invalid-state", "silences have no such state", "use one of current, all").into());
        }
    };
    let found = store::silences::list(web.store(), &caller.principal.scope(), current, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |silence| shapes_notices::silence(silence, now))))
}

/// Silences the fleet, a municipality or one check, or plans a maintenance window. What is silenced is watched all the same, and what
/// is still ill afterwards is told then.
#[utoipa::path(post, path = "/api/v1/silences", tag = "notices", request_body = NewSilence,
    responses((status = 201, description = "The silence", body = Silence), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn add(web: Data<Web>, caller: Caller, note: Note, body: Body<NewSilence>) -> Answer {
    let new = added(&web, &caller, &note, body.0).await?;
    let place = format!("/api/v1/silences/{}", new.id.text());
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(shapes_notices::silence(new, web.now())))
}

/// Adds one, for programs and for people.
///
/// # Errors
/// As [`whose`] and [`receivers::silence`]; names `check` where there is none of that number.
pub(in crate::web) async fn added(web: &Web, caller: &Caller, note: &Note, wanted: NewSilence) -> Result<fleet::Silence> {
    let scope = caller.principal.scope();
    let check = match wanted.check {
        Some(number) => Some(store::checks::get(web.store(), &scope, number).await?),
        None => None,
    };
    let of = match &check {
        Some(check) => Some(store::municipalities::by_slug(web.store(), &scope, &check.slug).await?),
        None => whose(web, caller, wanted.municipality.as_deref()).await?,
    };
    if let (Some(check), Some(slug)) = (&check, wanted.municipality.as_deref().filter(|slug| !slug.is_empty()))
        && check.slug.as_str() != slug
    {
        return Err(FieldError::new("check", "check-of-others", "the check is another municipality's", "leave municipality out").into());
    }
    let new = receivers::NewSilence { planned: wanted.maintenance, from: wanted.from, until: wanted.until, reason: wanted.reason };
    let by = caller.principal.user.email.as_str();
    let silence = receivers::silence(web.tools(), &scope, of.as_ref(), check.as_ref(), &new, by).await?;
    noted(note, &silence);
    Ok(silence)
}

fn noted(note: &Note, silence: &fleet::Silence) {
    note.detail("silence", silence.id.text()).detail("until", silence.until.to_string()).detail("reason", silence.reason.clone());
    if let Some(of) = silence.municipality {
        note.municipality(of);
    }
}

/// Ends a silence now, or takes back one that has not begun.
#[utoipa::path(post, path = "/api/v1/silences/{id}/end", tag = "notices", params(("id" = String, Path, description = "The silence's id")),
    responses((status = 200, description = "The silence", body = Silence), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn end(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let ended = ended(&web, &caller, &note, &path).await?;
    Ok(HttpResponse::Ok().json(shapes_notices::silence(ended, web.now())))
}

/// Ends one, for programs and for people.
///
/// # Errors
/// As [`store::silences::end`].
pub(in crate::web) async fn ended(web: &Web, caller: &Caller, note: &Note, id: &str) -> Result<fleet::Silence> {
    let id = id.parse().map_err(|_| Error::not_found("silence"))?;
    let ended = store::silences::end(web.store(), &caller.principal.scope(), id, web.now()).await?;
    noted(note, &ended);
    Ok(ended)
}
