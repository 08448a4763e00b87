// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is told of incidents.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    checks::named,
    shapes::Listing,
    shapes_notices::{self, NewReceiver, Notice, Receiver, ReceiverWithKey},
};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{self, Municipality, ReceiverId, Scope},
    health::notices::{receivers, send, words::word},
    store,
    web::{
        Web, guard,
        input::{self, Body, Params, Part},
        problem::{Answer, Problem},
    },
};

/// Minutes between reminders where nothing is asked for.
const REMIND: u32 = 60;

/// Which receivers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Only those of the municipality of this slug.
    municipality: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Receivers, the operators' first.
#[utoipa::path(get, path = "/api/v1/receivers", tag = "notices", params(Query),
    responses((status = 200, description = "A page of receivers", body = Listing<Receiver>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let of = named(&web, &caller, q.municipality.as_deref()).await?;
    let found = store::receivers::list(web.store(), &caller.principal.scope(), of, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, shapes_notices::receiver)))
}

/// The municipality that a body names; none is the operators' own, or everything, which is theirs only.
///
/// # Errors
/// Names `municipality` where it is missing, is no slug, or is none that the caller may know of.
pub(in crate::web) async fn whose(web: &Web, caller: &Caller, slug: Option<&str>) -> Result<Option<Municipality>> {
    let scope = caller.principal.scope();
    match slug.filter(|text| !text.is_empty()) {
        Some(text) => {
            let slug = text.parse().map_err(|e: FieldError| e.at("municipality"))?;
            Ok(Some(store::municipalities::by_slug(web.store(), &scope, &slug).await?))
        }
        None if scope == Scope::Fleet => Ok(None),
        None => {
            let message = "only operators may leave it out";
            Err(FieldError::new("municipality", "municipality-needed", message, "name your municipality").into())
        }
    }
}

/// Adds a receiver.
#[utoipa::path(post, path = "/api/v1/receivers", tag = "notices", request_body = NewReceiver,
    responses((status = 201, description = "The receiver", body = ReceiverWithKey), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn add(web: Data<Web>, caller: Caller, note: guard::Note, body: Body<NewReceiver>) -> Answer {
    let (receiver, key) = added(&web, &caller, &note, body.0).await?;
    let place = format!("/api/v1/receivers/{}", receiver.id.text());
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(with_key(receiver, key.as_ref())))
}

fn with_key(receiver: fleet::Receiver, key: Option<&SecretString>) -> ReceiverWithKey {
    ReceiverWithKey { about: shapes_notices::receiver(receiver), signing_key: key.map(|key| key.expose_secret().to_owned()) }
}

/// Adds one, for programs and for people.
///
/// # Errors
/// As [`whose`] and [`receivers::add`].
pub(in crate::web) async fn added(
    web: &Web,
    caller: &Caller,
    note: &guard::Note,
    wanted: NewReceiver,
) -> Result<(fleet::Receiver, Option<SecretString>)> {
    let of = whose(web, caller, wanted.municipality.as_deref()).await?;
    if let Some(of) = &of {
        note.municipality(of.id);
    }
    let new = receivers::NewReceiver {
        kind: wanted.kind,
        name: wanted.name,
        address: wanted.address,
        language: wanted.language,
        after_minutes: wanted.after_minutes,
        remind_minutes: wanted.remind_minutes.unwrap_or(REMIND),
    };
    let (receiver, key) = receivers::add(web.tools(), &caller.principal.scope(), of.as_ref(), &new).await?;
    noted(note, &receiver);
    Ok((receiver, key))
}

fn noted(note: &guard::Note, receiver: &fleet::Receiver) {
    note.target(receiver.name.clone()).detail("receiver", receiver.id.text()).detail("kind", receiver.kind.to_string());
    if let Some(of) = receiver.municipality {
        note.municipality(of);
    }
}

/// The receiver that a path names, where the caller may know of it.
///
/// # Errors
/// `NotFound`.
pub(in crate::web) async fn find(web: &Web, caller: &Caller, id: &str) -> Result<fleet::Receiver> {
    let id: ReceiverId = id.parse().map_err(|_| Error::not_found("receiver"))?;
    store::receivers::get(web.store(), &caller.principal.scope(), id).await
}

/// One receiver.
#[utoipa::path(get, path = "/api/v1/receivers/{id}", tag = "notices", params(("id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "The receiver", body = Receiver), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(shapes_notices::receiver(find(&web, &caller, &path).await?)))
}

/// What a receiver was sent, the newest first; kept for 90 days.
#[utoipa::path(get, path = "/api/v1/receivers/{id}/notices", tag = "notices", params(("id" = String, Path, description = "The receiver's id"), Part),
    responses((status = 200, description = "A page of notices", body = Listing<Notice>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn log(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    let receiver = find(&web, &caller, &path).await?;
    let found = store::notices::list(web.store(), receiver.id, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |notice| shown(&web, &receiver, notice))))
}

fn shown(web: &Web, receiver: &fleet::Receiver, notice: fleet::notice::Notice) -> Notice {
    let subject = word(&notice.letter, receiver.language, web.tools().settings.fleet.as_str()).subject;
    shapes_notices::notice(notice, subject)
}

/// Sends a trial and tells what came of it.
#[utoipa::path(post, path = "/api/v1/receivers/{id}/test", tag = "notices", params(("id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "What came of it", body = Notice), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn test(web: Data<Web>, caller: Caller, note: guard::Note, path: Path<String>) -> Answer {
    let (receiver, notice) = tried(&web, &caller, &note, &path).await?;
    Ok(HttpResponse::Ok().json(shown(&web, &receiver, notice)))
}

/// Tries one, for programs and for people.
///
/// # Errors
/// As [`find`]; when the store fails.
pub(in crate::web) async fn tried(
    web: &Web,
    caller: &Caller,
    note: &guard::Note,
    id: &str,
) -> Result<(fleet::Receiver, fleet::notice::Notice)> {
    let receiver = find(web, caller, id).await?;
    noted(note, &receiver);
    let notice = send::trial(web.tools(), &receiver).await?;
    note.detail("state", notice.state.to_string());
    Ok((receiver, notice))
}

/// Gives a webhook a new signing key. The old one signs beside it for a day.
#[utoipa::path(post, path = "/api/v1/receivers/{id}/key", tag = "notices", params(("id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "The receiver with its new key", body = ReceiverWithKey), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(web: Data<Web>, caller: Caller, note: guard::Note, path: Path<String>) -> Answer {
    let (receiver, key) = rotated(&web, &caller, &note, &path).await?;
    Ok(HttpResponse::Ok().json(with_key(receiver, Some(&key))))
}

/// Gives it one, for programs and for people.
///
/// # Errors
/// As [`find`] and [`receivers::rotate`].
pub(in crate::web) async fn rotated(web: &Web, caller: &Caller, note: &guard::Note, id: &str) -> Result<(fleet::Receiver, SecretString)> {
    let receiver = find(web, caller, id).await?;
    noted(note, &receiver);
    receivers::rotate(web.tools(), &caller.principal.scope(), &receiver).await
}

/// Removes a receiver with its log. What was not sent yet is not sent any more.
#[utoipa::path(delete, path = "/api/v1/receivers/{id}", tag = "notices", params(("id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "The receiver that was removed", body = Receiver), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(web: Data<Web>, caller: Caller, note: guard::Note, path: Path<String>) -> Answer {
    Ok(HttpResponse::Ok().json(shapes_notices::receiver(removed(&web, &caller, &note, &path).await?)))
}

/// Removes one, for programs and for people.
///
/// # Errors
/// As [`find`].
pub(in crate::web) async fn removed(web: &Web, caller: &Caller, note: &guard::Note, id: &str) -> Result<fleet::Receiver> {
    let receiver = find(web, caller, id).await?;
    noted(note, &receiver);
    store::receivers::remove(web.store(), &caller.principal.scope(), receiver.id).await
}
