// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Findings, and the facts that most of them follow from.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    checks::named,
    incidents, municipalities,
    shapes::Listing,
    shapes_findings::{self, FactsOf, Finding, Mute},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, FindingId, FindingKind},
    store::{self, findings::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// A reason is no longer than this, in characters.
const REASON: usize = 500;

/// Which findings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `open`, `resolved` or `all`; `all` when left out.
    state: Option<String>,
    /// Only those of this kind.
    kind: Option<String>,
    /// `true` for those that somebody has put aside, `false` for the others.
    muted: Option<String>,
    /// Only those of the municipality of this slug.
    municipality: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Findings, newest first.
#[utoipa::path(get, path = "/api/v1/findings", tag = "health", params(Query),
    responses((status = 200, description = "A page of findings", body = Listing<Finding>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let now = web.now();
    let muted = match q.muted.as_deref() {
        None | Some("") => None,
        Some("true") => Some((true, now)),
        Some("false") => Some((false, now)),
        Some(_) => return Err(FieldError::new("muted", "invalid-muted", "that is neither yes nor no", "use true or false").into()),
    };
    let kind = q.kind.as_deref().filter(|text| !text.is_empty()).map(str::parse::<FindingKind>).transpose()?;
    let open = incidents::state(q.state.as_deref())?;
    let municipality = named(&web, &caller, q.municipality.as_deref()).await?;
    let filter = Filter { open, kind, municipality, about: None, muted };
    let found = store::findings::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |finding| shapes_findings::finding(finding, now))))
}

/// The id that a path names.
///
/// # Errors
/// `NotFound` where it is none.
pub fn id(text: &str) -> Result<FindingId> {
    text.parse().map_err(|_| Error::not_found("finding"))
}

/// One finding.
#[utoipa::path(get, path = "/api/v1/findings/{id}", tag = "health", params(("id" = String, Path, description = "The finding's id")),
    responses((status = 200, description = "The finding", body = Finding), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = store::findings::get(web.store(), &caller.principal.scope(), id(&path)?).await?;
    Ok(HttpResponse::Ok().json(shapes_findings::finding(found, web.now())))
}

/// Puts a finding aside, for a reason and perhaps for a time: it is no longer counted among what needs somebody.
#[utoipa::path(post, path = "/api/v1/findings/{id}/mute", tag = "health", params(("id" = String, Path, description = "The finding's id")), request_body = Mute,
    responses((status = 200, description = "The finding", body = Finding), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn mute(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Mute>) -> Answer {
    let found = put_aside(&web, &caller, &note, id(&path)?, Some(&body.0)).await?;
    Ok(HttpResponse::Ok().json(shapes_findings::finding(found, web.now())))
}

/// Takes a finding up again.
#[utoipa::path(post, path = "/api/v1/findings/{id}/unmute", tag = "health", params(("id" = String, Path, description = "The finding's id")),
    responses((status = 200, description = "The finding", body = Finding), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn unmute(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let found = put_aside(&web, &caller, &note, id(&path)?, None).await?;
    Ok(HttpResponse::Ok().json(shapes_findings::finding(found, web.now())))
}

/// Puts it aside or takes it up again, for programs and for people.
///
/// # Errors
/// Names `reason` or `until`; as [`store::findings::mute`].
pub(in crate::web) async fn put_aside(
    web: &Web,
    caller: &Caller,
    audit: &Note,
    id: FindingId,
    mute: Option<&Mute>,
) -> Result<fleet::Finding> {
    let (scope, now) = (caller.principal.scope(), web.now());
    let who = caller.principal.user.email.as_str();
    let asked = match mute {
        None => None,
        Some(mute) => {
            let reason = mute.reason.trim();
            if reason.is_empty() {
                return Err(FieldError::new("reason", "missing", "the reason is missing", "write why, for others to read").into());
            }
            if reason.chars().count() > REASON {
                let fix = format!("write at most {REASON} characters");
                return Err(FieldError::new("reason", "too-long", "the reason is too long", fix).into());
            }
            if mute.until.is_some_and(|until| until <= now) {
                return Err(FieldError::new("until", "in-the-past", "that time has passed", "give a later one, or leave it out").into());
            }
            Some((who, reason, mute.until))
        }
    };
    let found = store::findings::get(web.store(), &scope, id).await?;
    audit.municipality(found.municipality);
    audit.detail("finding", id.text());
    store::findings::mute(web.store(), &scope, id, asked, now).await?;
    store::findings::get(web.store(), &scope, id).await
}

/// What a municipality's instances told of their insides last.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/facts", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")),
    responses((status = 200, description = "The facts", body = FactsOf), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn facts(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = municipalities::find(&web, &caller, &path).await?;
    let mut instances = Vec::new();
    for instance in store::instances::of(web.store(), &caller.principal.scope(), found.id).await? {
        if let Some((kept, facts)) = store::facts::of(web.store(), instance.id).await? {
            instances.push(shapes_findings::facts(instance.environment, &kept, &facts));
        }
    }
    Ok(HttpResponse::Ok().json(FactsOf { instances }))
}
