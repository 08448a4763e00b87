// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rehearsals: asking for one, and what one has seen.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};

use super::{
    municipalities::{again, begun, target},
    operations,
    shapes::Operation,
    shapes_rehearsal::{self, Evidence, Rehearse},
};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet,
    releases::overlay::derived,
    rollouts::rehearsals::{self, Order, evidence},
    store,
    web::{
        Web,
        guard::Note,
        input::{Body, Key},
        problem::{Answer, Problem},
    },
};

/// Tries a release on a copy of an instance's data. Nothing of the instance's own is touched.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/rehearsals", tag = "rehearsals", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Rehearse,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn start(web: Data<Web>, caller: Caller, note: Note, key: Key, path: Path<String>, body: Body<Rehearse>) -> Answer {
    let Rehearse { release, pages, environment } = body.0;
    let Some(instance) = target(&web, &caller, &note, key.0.as_ref(), &path, environment.as_deref()).await? else {
        return again(&web, &key).await;
    };
    note.detail("release", release.chars().take(100).collect::<String>());
    let release = match store::releases::by_name(web.store(), &release).await {
        Err(Error::NotFound { .. }) => return Err(no_such_release(&release).into()),
        other => other?,
    };
    // With what the municipality adds to it.
    let release = derived::effective(web.tools(), &instance, release.id).await?;
    let order = Order { release: release.id, from: instance.release, rollout: None, pages };
    let started = rehearsals::begin(web.tools(), &instance, &order, caller.principal.user.email.as_str(), key.0).await?;
    Ok(begun(&web, &note, &started))
}

fn no_such_release(name: &str) -> Error {
    Error::field(crate::error::FieldError::new(
        "release",
        "unknown-release",
        format!("there is no release `{}`", name.chars().take(100).collect::<String>().escape_debug()),
        "register it first; `flotta release list` shows those there are",
    ))
}

/// The evidence of an operation that the caller may know of.
///
/// # Errors
/// `NotFound` when there is no such operation, or it has left no evidence.
pub(in crate::web) async fn find(web: &Web, caller: &Caller, id: &str) -> Result<(fleet::Operation, evidence::Evidence)> {
    let operation = operations::find(web, caller, id).await?;
    let found = evidence::whole(web.tools(), operation.id).await?;
    Ok((operation, found.ok_or_else(|| Error::not_found("evidence"))?))
}

/// What a rehearsal has seen: the verdict, what differs, and every page old and new.
#[utoipa::path(get, path = "/api/v1/operations/{id}/evidence", tag = "rehearsals", params(("id" = String, Path, description = "The operation's id")),
    responses((status = 200, description = "The evidence", body = Evidence), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let (operation, found) = find(&web, &caller, &path).await?;
    Ok(HttpResponse::Ok().json(shapes_rehearsal::evidence(&operation, &found)))
}

/// A picture of the evidence.
#[utoipa::path(get, path = "/api/v1/operations/{id}/evidence/{file}", tag = "rehearsals",
    params(("id" = String, Path, description = "The operation's id"), ("file" = String, Path, description = "A file that the evidence names")),
    responses((status = 200, description = "The picture", content_type = "image/png"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn file(web: Data<Web>, caller: Caller, path: Path<(String, String)>) -> Answer {
    let (id, name) = path.into_inner();
    let (operation, found) = find(&web, &caller, &id).await?;
    // Only what the evidence names is a file of it.
    let named = found.pictures.iter().any(|picture| [&picture.old, &picture.new, &picture.difference].contains(&&name));
    let bytes = if named { evidence::picture(web.tools(), operation.id, &name).await? } else { None };
    let bytes = bytes.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok().content_type("image/png").insert_header((header::CACHE_CONTROL, "private, max-age=3600")).body(bytes))
}
