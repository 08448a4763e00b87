// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::shapes::{self, Listing, Release};
use crate::{
    access::Caller,
    error::Result,
    fleet::{self, Channel},
    releases::{self, Register},
    store,
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which releases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Releases, newest first.
#[utoipa::path(get, path = "/api/v1/releases", tag = "releases", params(Query), responses((status = 200, description = "A page of releases", body = Listing<Release>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let page = input::page(query.0.page.as_deref(), query.0.per_page.as_deref())?;
    let found = store::releases::list(web.store(), page).await?;
    let instances = shapes::instances(&web, &caller.principal.scope()).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |r| shapes::release(r, &instances))))
}

/// Registers an image and notes what came of it; for the API and the page.
///
/// # Errors
/// As [`releases::register`].
pub async fn registered(web: &Web, note: &Note, wanted: &Register) -> Result<fleet::Release> {
    note.target(wanted.name.as_deref().unwrap_or(&wanted.image).chars().take(100).collect::<String>());
    let release = releases::register(web.tools(), wanted).await?;
    note.target(release.name.clone()).detail("image_id", release.image_id.clone()).detail("channel", release.channel.to_string());
    Ok(release)
}

/// Registers an image as a release.
#[utoipa::path(post, path = "/api/v1/releases", tag = "releases", request_body = Register,
    responses((status = 201, description = "The release", body = Release), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn register(web: Data<Web>, note: Note, body: Body<Register>) -> Answer {
    let release = registered(&web, &note, &body.0).await?;
    let place = format!("/api/v1/releases/{}", release.name);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(shapes::release(release, &[])))
}

/// One release.
#[utoipa::path(get, path = "/api/v1/releases/{name}", tag = "releases", params(("name" = String, Path, description = "The release's name")),
    responses((status = 200, description = "The release", body = Release), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let release = store::releases::by_name(web.store(), &path).await?;
    let instances = shapes::instances(&web, &caller.principal.scope()).await?;
    Ok(HttpResponse::Ok().json(shapes::release(release, &instances)))
}

async fn move_to(web: &Web, caller: &Caller, name: &str, channel: Channel) -> Answer {
    let release = releases::move_to(web.tools(), name, channel).await?;
    let instances = shapes::instances(web, &caller.principal.scope()).await?;
    Ok(HttpResponse::Ok().json(shapes::release(release, &instances)))
}

/// Makes a release stable.
#[utoipa::path(post, path = "/api/v1/releases/{name}/promote", tag = "releases", params(("name" = String, Path, description = "The release's name")),
    responses((status = 200, description = "The release", body = Release), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn promote(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    move_to(&web, &caller, &path, Channel::Stable).await
}

/// Retires a release that no instance runs.
#[utoipa::path(post, path = "/api/v1/releases/{name}/retire", tag = "releases", params(("name" = String, Path, description = "The release's name")),
    responses((status = 200, description = "The release", body = Release), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn retire(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    move_to(&web, &caller, &path, Channel::Retired).await
}
