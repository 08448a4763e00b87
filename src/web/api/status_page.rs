// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether anybody may see how a municipality is.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::{
    municipalities::find,
    shapes_open::{self, StatusPage, StatusPageWanted},
};
use crate::{
    access::Caller,
    error::Result,
    fleet::Municipality,
    store,
    web::{
        Web,
        guard::Note,
        input::Body,
        problem::{Answer, Problem},
    },
};

/// Whether a municipality's status page is open, and what to put on other sites.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/status-page", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")),
    responses((status = 200, description = "The status page", body = StatusPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &caller, &found).await?))
}

/// Opens or closes a municipality's status page. Once this answers, it is so.
#[utoipa::path(put, path = "/api/v1/municipalities/{slug}/status-page", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")), request_body = StatusPageWanted,
    responses((status = 200, description = "The status page", body = StatusPage), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn decide(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<StatusPageWanted>) -> Answer {
    let found = decided(&web, &caller, &note, &path, body.0.open).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &caller, &found).await?))
}

/// Opens or closes, for programs and for people.
///
/// # Errors
/// As [`find`]; when the store fails.
pub(in crate::web) async fn decided(web: &Web, caller: &Caller, note: &Note, slug: &str, open: bool) -> Result<Municipality> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = find(web, caller, slug).await?;
    note.municipality(found.id).detail("open", open);
    let (store, scope) = (web.store(), caller.principal.scope());
    if open {
        store::status_pages::open(store, &scope, found.id, caller.principal.user.email.as_str(), web.now()).await?;
    } else {
        store::status_pages::close(store, &scope, found.id).await?;
    }
    web.app.status.renew(web.tools()).await?;
    Ok(found)
}

/// What is told of it.
///
/// # Errors
/// When the store fails.
pub(in crate::web) async fn shown(web: &Web, caller: &Caller, of: &Municipality) -> Result<StatusPage> {
    let opened = store::status_pages::get(web.store(), &caller.principal.scope(), of.id).await?;
    Ok(shapes_open::status_page(&web.app.config.public_url, of.slug.as_str(), opened))
}
