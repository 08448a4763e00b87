// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Municipalities and what is done with their instances.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    operations::accepted,
    shapes::{self, Backup, Listing, Municipality, Names, Operation},
};
use crate::{
    access::Caller,
    drivers::wordpress,
    error::{Error, FieldError, Result},
    fleet::{self, Environment, Instance, InstanceState, Slug},
    onboarding::{self, Preview, Request, lifecycle},
    store::{
        self,
        municipalities::Filter,
        operations::{Idempotency, Started},
    },
    web::{
        Web,
        guard::Note,
        input::{self, Body, Key, Params},
        problem::{Answer, Problem},
    },
};

/// Which municipalities.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Part of the name, slug or code.
    search: Option<String>,
    /// State of an instance of theirs.
    state: Option<String>,
    /// The first two digits of the code.
    county: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Which backups.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BackupQuery {
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Which of a municipality's instances is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `production`, `staging` or `trial`; the only one, or the production one, when left out.
    environment: Option<String>,
}

/// What offboarding needs to know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Offboard {
    /// The municipality's slug once more, to confirm it.
    #[serde(default)]
    confirm: String,
    /// Whether earlier archives are kept beside the final one.
    #[serde(default)]
    keep_backups: bool,
    /// `production`, `staging` or `trial`; the only one, or the production one, when left out.
    environment: Option<String>,
}

/// A single-use link with which the administrator sets a password.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// The link. Told once.
    url: String,
    /// When it ends.
    expires_at: Timestamp,
}

/// The municipality that a path names, where the caller may know of it.
///
/// # Errors
/// `NotFound`.
pub async fn find(web: &Web, caller: &Caller, slug: &str) -> Result<fleet::Municipality> {
    let missing = || Error::not_found(format!("municipality `{}`", slug.escape_debug()));
    let slug: Slug = slug.parse().map_err(|_| missing())?;
    store::municipalities::by_slug(web.store(), &caller.principal.scope(), &slug).await
}

/// The instance that is meant: of the environment that is named, else the only one, else production.
///
/// # Errors
/// `NotFound` for a municipality; `Invalid` naming `environment`.
pub async fn instance(web: &Web, caller: &Caller, municipality: &fleet::Municipality, environment: Option<&str>) -> Result<Instance> {
    let mut all = store::instances::of(web.store(), &caller.principal.scope(), municipality.id).await?;
    let wanted = environment.filter(|e| !e.is_empty()).map(str::parse::<Environment>).transpose()?;
    let at = match wanted {
        Some(wanted) => all.iter().position(|i| i.environment == wanted),
        None if all.len() == 1 => Some(0),
        None => all.iter().position(|i| i.environment == Environment::Production),
    };
    let has = || all.iter().map(|i| i.environment.as_str()).collect::<Vec<_>>().join(" or ");
    match at {
        Some(at) => Ok(all.swap_remove(at)),
        None if all.is_empty() => Err(Error::not_found(format!("an instance of `{}`", municipality.slug))),
        None => Err(FieldError::new(
            "environment",
            "no-such-environment",
            format!("`{}` has no such instance", municipality.slug),
            format!("use {}", has()),
        )
        .into()),
    }
}

/// Municipalities by name.
#[utoipa::path(get, path = "/api/v1/municipalities", tag = "municipalities", params(Query), responses((status = 200, description = "A page of municipalities", body = Listing<Municipality>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let state = given(q.state).map(|s| s.parse::<InstanceState>()).transpose()?.map(|s| s.to_string());
    let county = given(q.county);
    if county.as_ref().is_some_and(|c| c.len() != 2 || !c.bytes().all(|b| b.is_ascii_digit())) {
        return Err(FieldError::new("county", "invalid-county", "a county is two digits", "write it as 12 for Skåne").into());
    }
    let scope = caller.principal.scope();
    let found = store::municipalities::list(web.store(), &scope, &Filter { search: given(q.search), state, county }, page).await?;
    let instances = shapes::instances(&web, &scope).await?;
    let names = Names::load(&web).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |m| names.municipality(&m, &instances))))
}

/// Onboards a municipality: starts the work and tells where to follow it.
#[utoipa::path(post, path = "/api/v1/municipalities", tag = "municipalities", request_body = Request,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn onboard(web: Data<Web>, caller: Caller, note: Note, key: Key, body: Body<Request>) -> Answer {
    note.target(body.0.slug.chars().filter(|c| !c.is_control()).take(100).collect::<String>());
    let by = caller.principal.user.email.as_str();
    let started = onboarding::start(web.tools(), &body.0, by, key.0).await?;
    Ok(begun(&web, &note, &started))
}

/// Checks a request to onboard and tells what would be made; changes nothing.
#[utoipa::path(post, path = "/api/v1/municipalities/preview", tag = "municipalities", request_body = Request,
    responses((status = 200, description = "What would be made", body = Preview), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn preview(web: Data<Web>, body: Body<Request>) -> Answer {
    let (_, _, preview) = onboarding::check(web.tools(), &body.0).await?;
    Ok(HttpResponse::Ok().json(preview))
}

/// One municipality.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug")),
    responses((status = 200, description = "The municipality", body = Municipality), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    let instances = store::instances::of(web.store(), &caller.principal.scope(), found.id).await?;
    Ok(HttpResponse::Ok().json(Names::load(&web).await?.municipality(&found, &instances)))
}

/// A municipality's archives, newest first; also of one that is gone, for those who see the whole fleet.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/backups", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug"), BackupQuery),
    responses((status = 200, description = "A page of backups", body = Listing<Backup>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn backups(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<BackupQuery>) -> Answer {
    let page = input::page(query.0.page.as_deref(), query.0.per_page.as_deref())?;
    let scope = caller.principal.scope();
    let there = find(&web, &caller, &path).await;
    let kept = store::backups::list(web.store(), &scope, Some(path.as_str()), page).await?;
    if kept.total == 0 {
        there?;
    }
    Ok(HttpResponse::Ok().json(Listing::of(kept, shapes::backup)))
}

/// Stops an instance, keeping everything; its visitors get a friendly page.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/suspend", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Which,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn suspend(web: Data<Web>, caller: Caller, note: Note, key: Key, path: Path<String>, body: Body<Which>) -> Answer {
    let Some(instance) = target(&web, &caller, &note, key.0.as_ref(), &path, body.0.environment.as_deref()).await? else {
        return again(&web, &key).await;
    };
    let started = lifecycle::suspend(web.tools(), &instance, caller.principal.user.email.as_str(), key.0).await?;
    Ok(begun(&web, &note, &started))
}

/// Starts a suspended instance again.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/resume", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Which,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn resume(web: Data<Web>, caller: Caller, note: Note, key: Key, path: Path<String>, body: Body<Which>) -> Answer {
    let Some(instance) = target(&web, &caller, &note, key.0.as_ref(), &path, body.0.environment.as_deref()).await? else {
        return again(&web, &key).await;
    };
    let started = lifecycle::resume(web.tools(), &instance, caller.principal.user.email.as_str(), key.0).await?;
    Ok(begun(&web, &note, &started))
}

/// Archives an instance, proves the archive and removes everything else. Needs the slug once more as `confirm`.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/offboard", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Offboard,
    responses((status = 202, description = "Work has begun", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn offboard(web: Data<Web>, caller: Caller, note: Note, key: Key, path: Path<String>, body: Body<Offboard>) -> Answer {
    let Offboard { confirm, keep_backups, environment } = body.0;
    let Some(instance) = target(&web, &caller, &note, key.0.as_ref(), &path, environment.as_deref()).await? else {
        return again(&web, &key).await;
    };
    note.detail("keep_backups", keep_backups);
    let by = caller.principal.user.email.as_str();
    let started = lifecycle::offboard(web.tools(), &instance, &confirm, keep_backups, by, key.0).await?;
    Ok(begun(&web, &note, &started))
}

/// Makes a single-use link with which the instance's administrator sets a password.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/invitation", tag = "municipalities", params(("slug" = String, Path, description = "The municipality's slug")), request_body = Which,
    responses((status = 200, description = "The link", body = Invitation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn invite(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Which>) -> Answer {
    let (_, made) = invited(&web, &caller, &note, &path, body.0.environment.as_deref()).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({"url": made.url, "expires_at": made.expires_at})))
}

/// Makes the link, for programs and for people, and gives it with the instance that it leads into.
///
/// # Errors
/// As [`find`], [`instance`] and [`lifecycle::invite`].
pub(in crate::web) async fn invited(
    web: &Web,
    caller: &Caller,
    note: &Note,
    slug: &str,
    environment: Option<&str>,
) -> Result<(Instance, wordpress::Invitation)> {
    let found = find(web, caller, slug).await?;
    note.target(found.slug.to_string()).municipality(found.id);
    let instance = instance(web, caller, &found, environment).await?;
    note.detail("environment", instance.environment.to_string()).detail("login", instance.admin_login.clone());
    let made = lifecycle::invite(web.tools(), &instance).await?;
    Ok((instance, made))
}

/// The instance to work on; none where the same key has started the work before, whatever has become of the instance since.
pub(super) async fn target(
    web: &Web,
    caller: &Caller,
    note: &Note,
    key: Option<&Idempotency>,
    slug: &str,
    environment: Option<&str>,
) -> Result<Option<Instance>> {
    note.target(slug.chars().take(100).collect::<String>());
    if let Some(key) = key
        && store::operations::repeated(web.store(), key).await?.is_some()
    {
        return Ok(None);
    }
    let found = find(web, caller, slug).await?;
    note.municipality(found.id);
    instance(web, caller, &found, environment).await.map(Some)
}

/// The answer to a request that was made before.
pub(super) async fn again(web: &Web, key: &Key) -> Answer {
    let before = match &key.0 {
        Some(key) => store::operations::repeated(web.store(), key).await?,
        None => None,
    };
    let operation = before.ok_or_else(|| Error::not_found("operation"))?;
    Ok(accepted(&operation, true))
}

/// The answer to a request that has started work.
pub(super) fn begun(web: &Web, note: &Note, started: &Started) -> HttpResponse {
    set_off(web, note, started);
    accepted(&started.operation, started.repeated)
}

/// Notes which operation was started, and wakes those who do the work.
pub(in crate::web) fn set_off(web: &Web, note: &Note, started: &Started) {
    note.target(started.operation.slug.to_string())
        .municipality(started.operation.municipality)
        .detail("operation", started.operation.id.text());
    web.app.signals.operations.notify_one();
}
