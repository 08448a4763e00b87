// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Releases.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{self, Listing, Release};
use crate::{
    access::Caller,
    error::{FieldError, Result},
    fleet::{self, Channel, Inventory},
    releases::{self, Register, cyclonedx, difference},
    store,
    web::{
        Web,
        guard::Note,
        input::{Body, Params, Part},
        problem::{Answer, Problem},
    },
};

/// Releases, newest first.
#[utoipa::path(get, path = "/api/v1/releases", tag = "releases", params(Part), responses((status = 200, description = "A page of releases", body = Listing<Release>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    let found = store::releases::list(web.store(), page).await?;
    let instances = shapes::by_release(&web, &caller.principal.scope()).await?;
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
    let instances = shapes::by_release(&web, &caller.principal.scope()).await?;
    Ok(HttpResponse::Ok().json(shapes::release(release, &instances)))
}

async fn move_to(web: &Web, caller: &Caller, name: &str, channel: Channel) -> Answer {
    let release = releases::move_to(web.tools(), name, channel).await?;
    let instances = shapes::by_release(web, &caller.principal.scope()).await?;
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

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InventoryForm {
    /// `cyclonedx` for a CycloneDX 1.6 document; Flotta's own form without it.
    format: Option<String>,
}

/// What is in a release, read from its image: WordPress, themes, plugins, PHP, Debian packages.
#[utoipa::path(get, path = "/api/v1/releases/{name}/inventory", tag = "releases", params(("name" = String, Path, description = "The release's name"), InventoryForm),
    responses((status = 200, description = "The inventory", body = Inventory), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn inventory(web: Data<Web>, path: Path<String>, query: Params<InventoryForm>) -> Answer {
    let cyclonedx = match query.0.format.as_deref() {
        None | Some("" | "flotta") => false,
        Some("cyclonedx") => true,
        Some(_) => {
            return Err(FieldError::new("format", "unknown-format", "there is no such form", "write cyclonedx, or leave it out").into());
        }
    };
    let release = store::releases::by_name(web.store(), &path).await?;
    let inventory = releases::inventory::of(web.tools(), &release).await?;
    if !cyclonedx {
        return Ok(HttpResponse::Ok().json(inventory));
    }
    let document = cyclonedx::document(&release, &inventory, web.now());
    Ok(HttpResponse::Ok().content_type(cyclonedx::MEDIA_TYPE).body(document.to_string()))
}

/// What to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Comparison {
    /// The other release; where left out, the one that this was built on, or the newest stable one that is older.
    to: Option<String>,
}

/// What differs between two releases.
#[derive(Debug, Serialize, ToSchema)]
pub struct Difference {
    /// The release.
    pub release: String,
    /// The one that it is compared with; null where there is none before it.
    pub before: Option<String>,
    /// What differs, the weightiest first.
    pub changes: Vec<difference::Change>,
    /// The same in words.
    pub words: Words,
}

/// Sentences in both languages.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Words {
    /// In English.
    pub en: Vec<String>,
    /// In Swedish.
    pub sv: Vec<String>,
}

/// What differs between a release and another; for the API and the page.
///
/// # Errors
/// `NotFound` when there is no such release; when the engine or the store fails.
pub async fn compared(web: &Web, release: &fleet::Release, to: Option<&str>) -> Result<Difference> {
    let before = match to.filter(|name| !name.is_empty()) {
        Some(name) => Some(store::releases::by_name(web.store(), name).await?),
        None => releases::before(web.tools(), release).await?,
    };
    let Some(before) = before else {
        return Ok(Difference { release: release.name.clone(), before: None, changes: Vec::new(), words: Words::default() });
    };
    let (old, new) = (releases::inventory::of(web.tools(), &before).await?, releases::inventory::of(web.tools(), release).await?);
    let changes = difference::between(&old, &new);
    let words = Words {
        en: difference::words(&changes, difference::Tongue::English),
        sv: difference::words(&changes, difference::Tongue::Swedish),
    };
    Ok(Difference { release: release.name.clone(), before: Some(before.name), changes, words })
}

/// What differs between a release and the one before it, or another.
#[utoipa::path(get, path = "/api/v1/releases/{name}/difference", tag = "releases", params(("name" = String, Path, description = "The release's name"), Comparison),
    responses((status = 200, description = "The difference", body = Difference), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn difference(web: Data<Web>, path: Path<String>, query: Params<Comparison>) -> Answer {
    let release = store::releases::by_name(web.store(), &path).await?;
    Ok(HttpResponse::Ok().json(compared(&web, &release, query.0.to.as_deref()).await?))
}

/// The confirmation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Confirmation {
    /// The release's name once more, to confirm it.
    #[serde(default)]
    confirm: String,
}

/// Deletes a release that nothing needs, and its image where Flotta built it. Needs the name once more as `confirm`.
#[utoipa::path(delete, path = "/api/v1/releases/{name}", tag = "releases", params(("name" = String, Path, description = "The release's name"), Confirmation),
    responses((status = 204, description = "It is gone"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(web: Data<Web>, path: Path<String>, query: Params<Confirmation>) -> Answer {
    releases::delete(web.tools(), &path, &query.0.confirm).await?;
    Ok(HttpResponse::NoContent().finish())
}
