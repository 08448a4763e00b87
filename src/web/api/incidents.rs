// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Incidents.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    checks::named,
    shapes::Listing,
    shapes_health::{self, Acknowledge, Incident},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, IncidentId, Scope},
    store::{self, incidents::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// A note is no longer than this, in characters.
const NOTE: usize = 500;

/// Which incidents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `open`, `resolved` or `all`; `all` when left out.
    state: Option<String>,
    /// Only those that touch the municipality of this slug.
    municipality: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// What a filter by state asks for.
///
/// # Errors
/// Names `state`.
pub fn state(text: Option<&str>) -> Result<Option<bool>> {
    match text {
        None | Some("" | "all") => Ok(None),
        Some("open") => Ok(Some(true)),
        Some("resolved") => Ok(Some(false)),
        Some(_) => Err(FieldError::new("state", "invalid-state", "incidents have no such state", "use one of open, resolved, all").into()),
    }
}

/// Incidents, newest first.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "health", params(Query),
    responses((status = 200, description = "A page of incidents", body = Listing<Incident>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let open = state(q.state.as_deref())?;
    let municipality = named(&web, &caller, q.municipality.as_deref()).await?;
    let found = store::incidents::list(web.store(), &caller.principal.scope(), &Filter { open, municipality }, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, shapes_health::incident)))
}

/// The id that a path names.
///
/// # Errors
/// `NotFound` where it is none.
pub fn id(text: &str) -> Result<IncidentId> {
    text.parse().map_err(|_| Error::not_found("incident"))
}

async fn whole(web: &Web, caller: &Caller, id: IncidentId) -> Result<Incident> {
    let (found, members, events) = store::incidents::get(web.store(), &caller.principal.scope(), id).await?;
    let checks = members.into_iter().map(shapes_health::member).collect();
    let events = events.into_iter().map(shapes_health::event).collect();
    Ok(Incident { checks: Some(checks), events: Some(events), ..shapes_health::incident(found) })
}

/// One incident with its checks and what happened in it.
#[utoipa::path(get, path = "/api/v1/incidents/{id}", tag = "health", params(("id" = String, Path, description = "The incident's id")),
    responses((status = 200, description = "The incident", body = Incident), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(whole(&web, &caller, id(&path)?).await?))
}

/// Takes an incident on: others see who does.
#[utoipa::path(post, path = "/api/v1/incidents/{id}/acknowledge", tag = "health", params(("id" = String, Path, description = "The incident's id")), request_body = Acknowledge,
    responses((status = 200, description = "The incident", body = Incident), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn acknowledge(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Acknowledge>) -> Answer {
    let id = id(&path)?;
    take_on(&web, &caller, &note, id, &body.0.note).await?;
    Ok(HttpResponse::Ok().json(whole(&web, &caller, id).await?))
}

/// Takes it on, for programs and for people.
///
/// # Errors
/// Names `note` where it is too long; as [`store::incidents::acknowledge`].
pub(in crate::web) async fn take_on(web: &Web, caller: &Caller, audit: &Note, id: IncidentId, note: &str) -> Result<fleet::Incident> {
    let note = note.trim();
    if note.chars().count() > NOTE {
        let error = FieldError::new("note", "too-long", "the note is too long", format!("write at most {NOTE} characters"));
        return Err(error.into());
    }
    let scope = caller.principal.scope();
    let (found, ..) = store::incidents::get(web.store(), &scope, id).await?;
    if scope != Scope::Fleet && !found.municipality.is_some_and(|of| scope.covers(of)) {
        return Err(Error::Conflict(FieldError::new(
            "incident",
            "incident-of-others",
            "this incident is not only your municipality's",
            "leave it to whoever runs the platform, who knows of it already",
        )));
    }
    if let Some(municipality) = found.municipality {
        audit.municipality(municipality);
    }
    audit.detail("incident", id.text());
    let now = web.tools().clock.now();
    store::incidents::acknowledge(web.store(), &scope, id, caller.principal.user.email.as_str(), note, now).await?;
    // Nobody may follow.
    drop(web.tools().health_changed.send(()));
    Ok(found)
}
