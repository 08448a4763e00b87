// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What municipalities add on top of every release.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path, Payload},
};
use tracing::warn;

use super::{
    build,
    municipalities::{again, begun, find, target},
    releases::Words,
    shapes::{Listing, Operation},
    shapes_overlay::{self, Adding, Apply, Overlay, OverlayInstance, OverlayVersion, Restore},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, Holds, Instance, Municipality, ReleaseId},
    releases::{
        self,
        difference::Tongue,
        overlay::{self, change},
    },
    rollouts, store,
    web::{
        Web,
        guard::Note,
        input::{Body, Key, Params, Part},
        problem::{self, Answer, Problem},
    },
};

/// What a municipality adds on top of every release, what that changes, and where each of its instances stands with it.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/overlay", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug")),
    responses((status = 200, description = "The overlay", body = Overlay), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &caller, &found).await?))
}

/// Every version that a municipality's overlay had, newest first.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/overlay/versions", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug"), Part),
    responses((status = 200, description = "A page of versions", body = Listing<OverlayVersion>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn versions(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    let found = find(&web, &caller, &path).await?;
    let all = store::overlays::list(web.store(), &caller.principal.scope(), found.id, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(all, shapes_overlay::version)))
}

/// Adds to an overlay, or puts other versions of its parts in their place. The new overlay is rehearsed at once.
///
/// The body is an uncompressed tar of at most 512 MiB with `plugins/NAME/…`, `mu-plugins/…` and `constants.json`, an object of
/// names and values. What is wrong with it is answered with 422, and nothing is changed.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/overlay", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug"), Adding),
    request_body(content = String, content_type = "application/x-tar", description = "What is added"),
    responses((status = 200, description = "The overlay", body = Overlay), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    web: Data<Web>,
    caller: Caller,
    note: Note,
    request: HttpRequest,
    path: Path<String>,
    query: Params<Adding>,
    payload: Payload,
) -> Answer {
    let found = noted(&web, &caller, &note, &path).await?;
    let replace = match query.0.replace.as_deref() {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => {
            return Err(FieldError::new("replace", "wrong-type", "`replace` is neither true nor false", "write true or false").into());
        }
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-tar" {
        let why = "the body must be a tar; send it with Content-Type: application/x-tar";
        return Ok(problem::of_status(415, "wrong-media-type", why));
    }
    let changed = async {
        let upload = build::received(&web, payload).await?;
        change::add(web.tools(), &caller.principal.scope(), &found, upload, replace, by(&caller)).await
    };
    match changed.await {
        Ok(overlay) => settled(&web, &caller, &note, &found, &overlay).await,
        Err(refused) => Ok(problem::respond_content(&refused)),
    }
}

/// Takes something out of an overlay. The new overlay is rehearsed at once.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/overlay/remove", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug")), request_body = change::Remove,
    responses((status = 200, description = "The overlay", body = Overlay), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<change::Remove>) -> Answer {
    let found = noted(&web, &caller, &note, &path).await?;
    let overlay = change::remove(web.tools(), &caller.principal.scope(), &found, &body.0, by(&caller)).await?;
    settled(&web, &caller, &note, &found, &overlay).await
}

/// Makes an earlier version of an overlay the present one, as a new version. It is rehearsed at once.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/overlay/restore", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Restore,
    responses((status = 200, description = "The overlay", body = Overlay), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn restore(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Restore>) -> Answer {
    let found = noted(&web, &caller, &note, &path).await?;
    note.detail("restored", body.0.version);
    let overlay = change::restore(web.tools(), &caller.principal.scope(), &found, body.0.version, by(&caller)).await?;
    settled(&web, &caller, &note, &found, &overlay).await
}

/// Moves an instance to the release that it runs with the present overlay on top, as an update. It must have been rehearsed.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/overlay/apply", tag = "overlays", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Apply,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn apply(web: Data<Web>, caller: Caller, note: Note, key: Key, path: Path<String>, body: Body<Apply>) -> Answer {
    let Apply { environment, despite_failed_rehearsal } = body.0;
    let Some(instance) = target(&web, &caller, &note, key.0.as_ref(), &path, environment.as_deref()).await? else {
        return again(&web, &key).await;
    };
    note.detail("despite_failed_rehearsal", despite_failed_rehearsal);
    let started = rollouts::overlay::apply(web.tools(), &instance, despite_failed_rehearsal, by(&caller), key.0).await?;
    Ok(begun(&web, &note, &started))
}

fn by(caller: &Caller) -> &str {
    caller.principal.user.email.as_str()
}

/// The municipality whose overlay is meant, noted for the audit log.
///
/// # Errors
/// As [`find`].
pub(in crate::web) async fn noted(web: &Web, caller: &Caller, note: &Note, slug: &str) -> Result<Municipality> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = find(web, caller, slug).await?;
    note.municipality(found.id);
    Ok(found)
}

/// Begins the rehearsals of a change and answers with what there is now.
async fn settled(web: &Web, caller: &Caller, note: &Note, found: &Municipality, overlay: &fleet::Overlay) -> Answer {
    begin(web, caller, note, found, overlay).await?;
    Ok(HttpResponse::Ok().json(shown(web, caller, found).await?))
}

/// Begins the rehearsals of a change.
///
/// # Errors
/// When the store fails.
pub(in crate::web) async fn begin(web: &Web, caller: &Caller, note: &Note, found: &Municipality, overlay: &fleet::Overlay) -> Result<()> {
    note.detail("version", overlay.version);
    let instances = store::instances::of(web.store(), &caller.principal.scope(), found.id).await?;
    let begun = rollouts::overlay::rehearse(web.tools(), &instances, by(caller)).await?;
    if !begun.is_empty() {
        web.app.signals.operations.notify_one();
    }
    web.app.signals.rollouts.notify_one();
    Ok(())
}

/// What there is now, for programs and for people.
///
/// # Errors
/// When the store fails.
pub(in crate::web) async fn shown(web: &Web, caller: &Caller, found: &Municipality) -> Result<Overlay> {
    let scope = caller.principal.scope();
    let present = store::overlays::current(web.store(), &scope, found.id).await?;
    let holds = present.as_ref().map(|p| p.holds.clone()).unwrap_or_default();
    let names = store::releases::names(web.store()).await?;
    let mut instances = Vec::new();
    for instance in store::instances::of(web.store(), &scope, found.id).await? {
        let standing = rollouts::overlay::standing(web.tools(), &instance).await?;
        instances.push(OverlayInstance {
            environment: instance.environment.to_string(),
            release: names.get(&standing.plain).cloned().unwrap_or_default(),
            runs: standing.runs,
            applied: standing.applied,
            rehearsal: standing.rehearsal.map(|operation| operation.id.text()),
            level: standing.found.map(|found| found.level.to_string()),
            words: words(web, &instance, standing.plain, &holds).await,
        });
    }
    Ok(Overlay {
        municipality: found.slug.to_string(),
        present: present.map_or_else(shapes_overlay::none, shapes_overlay::version),
        instances,
    })
}

/// What an overlay changes. An image that cannot be read now tells nothing, and keeps nothing else from being shown.
async fn words(web: &Web, instance: &Instance, plain: ReleaseId, holds: &Holds) -> Words {
    let inventory = async {
        let release = store::releases::get(web.store(), plain).await?;
        releases::inventory::of(web.tools(), &release).await
    };
    match inventory.await {
        Ok(inventory) => {
            Words { en: overlay::words(&inventory, holds, Tongue::English), sv: overlay::words(&inventory, holds, Tongue::Swedish) }
        }
        Err(Error::Internal(why)) => {
            tracing::error!(why, "internal error");
            Words::default()
        }
        Err(error) => {
            warn!(municipality = %instance.slug, %error, "what an overlay changes cannot be told");
            Words::default()
        }
    }
}
