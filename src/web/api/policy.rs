// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a municipality's own people decide about rollouts.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    municipalities::{find, instance},
    shapes_rollouts::{self, Policy},
};
use crate::{
    access::Caller,
    error::Result,
    fleet::{self, Instance, access::Permission},
    rollouts::waiting::{self, PolicyRequest},
    store,
    web::{
        Web,
        guard::Note,
        input::{Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which instance.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `production`, `staging` or `trial`; the only one, or the production one, when left out.
    environment: Option<String>,
}

/// What is decided about an instance: its hold, its pinned release, the hours in which it may be updated.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/policy", tag = "rollouts", params(("slug" = String, Path, description = "The municipality's slug"), Query),
    responses((status = 200, description = "The policy", body = Policy), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<Query>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    let instance = instance(&web, &caller, &found, query.0.environment.as_deref()).await?;
    let policy = store::policies::get(web.store(), &caller.principal.scope(), &instance).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &instance, &policy).await?))
}

/// Decides anew about an instance. A web manager may hold their own for 14 days at most; pins and windows are set by those who
/// run rollouts.
#[utoipa::path(put, path = "/api/v1/municipalities/{slug}/policy", tag = "rollouts", params(("slug" = String, Path, description = "The municipality's slug")), request_body = PolicyRequest,
    responses((status = 200, description = "The policy", body = Policy), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn decide(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<PolicyRequest>) -> Answer {
    let (instance, policy) = decided(&web, &caller, &note, &path, &body.0).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &instance, &policy).await?))
}

/// Decides, for programs and for people.
///
/// # Errors
/// As [`find`], [`instance`] and [`waiting::decide`].
pub(in crate::web) async fn decided(
    web: &Web,
    caller: &Caller,
    note: &Note,
    slug: &str,
    wanted: &PolicyRequest,
) -> Result<(Instance, fleet::Policy)> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = find(web, caller, slug).await?;
    note.municipality(found.id);
    let instance = instance(web, caller, &found, wanted.environment.as_deref()).await?;
    note.detail("environment", instance.environment.to_string());
    let by = caller.principal.user.email.as_str();
    let whole = caller.principal.may(Permission::ManageRollouts);
    let policy = waiting::decide(web.tools(), &caller.principal.scope(), &instance, wanted, by, whole).await?;
    note.detail("held", policy.hold.is_some()).detail("pinned", policy.pin.is_some());
    web.app.signals.rollouts.notify_one();
    Ok((instance, policy))
}

async fn shown(web: &Web, instance: &Instance, policy: &fleet::Policy) -> Result<Policy> {
    let names = store::releases::names(web.store()).await?;
    Ok(shapes_rollouts::policy(instance, policy, &names))
}
