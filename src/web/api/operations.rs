// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Operations.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::shapes::{self, Listing, Operation};
use crate::{
    access::Caller,
    catalogue,
    error::{Error, FieldError, Result},
    fleet::{self, OperationId, OperationKind, OperationState, Slug},
    store::{self, operations::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Params},
        problem::{Answer, Problem},
    },
};

/// Which operations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Of the municipality of this slug, also when that one is gone.
    municipality: Option<String>,
    /// `live`, `done`, `undone`, `failed` or `parked`.
    state: Option<String>,
    /// `onboard`, `suspend`, `resume`, `offboard` or `repair`.
    kind: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Operations, newest first.
#[utoipa::path(get, path = "/api/v1/operations", tag = "operations", params(Query), responses((status = 200, description = "A page of operations", body = Listing<Operation>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let filter = Filter {
        municipality: None,
        slug: given(q.municipality).map(|t| t.parse::<Slug>().map_err(|e: FieldError| e.at("municipality"))).transpose()?.map(String::from),
        state: given(q.state).map(|t| t.parse::<OperationState>()).transpose()?.map(|s| s.to_string()),
        kind: given(q.kind).map(|t| t.parse::<OperationKind>()).transpose()?.map(|k| k.to_string()),
    };
    let found = store::operations::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |o| shapes::operation(&o))))
}

/// The operation that a path names, where the caller may know of it.
///
/// # Errors
/// `NotFound`.
pub async fn find(web: &Web, caller: &Caller, id: &str) -> Result<fleet::Operation> {
    let id: OperationId = id.parse().map_err(|_| Error::not_found("operation"))?;
    store::operations::get(web.store(), &caller.principal.scope(), id).await
}

/// One operation with its journal.
#[utoipa::path(get, path = "/api/v1/operations/{id}", tag = "operations", params(("id" = String, Path, description = "The operation's id")),
    responses((status = 200, description = "The operation", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    let events = store::operations::events_after(web.store(), found.id, 0).await?.into_iter().map(shapes::event).collect();
    Ok(HttpResponse::Ok().json(Operation { events: Some(events), ..shapes::operation(&found) }))
}

/// The answer to a request that started work: 202 with the place where the work can be followed.
#[must_use]
pub fn accepted(operation: &fleet::Operation, repeated: bool) -> HttpResponse {
    let mut answer = HttpResponse::Accepted();
    answer.insert_header((header::LOCATION, format!("/api/v1/operations/{}", operation.id)));
    if repeated {
        answer.insert_header(("idempotency-replayed", "true"));
    }
    answer.json(shapes::operation(operation))
}

/// Makes an operation that failed or was parked go on from the step at which it stopped.
#[utoipa::path(post, path = "/api/v1/operations/{id}/retry", tag = "operations", params(("id" = String, Path, description = "The operation's id")),
    responses((status = 202, description = "It goes on", body = Operation), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn retry(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    Ok(accepted(&go_on(&web, &caller, &note, &found).await?, false))
}

/// Makes it go on, for programs and for people.
///
/// # Errors
/// As [`catalogue::retry`].
pub(in crate::web) async fn go_on(web: &Web, caller: &Caller, note: &Note, found: &fleet::Operation) -> Result<fleet::Operation> {
    note.municipality(found.municipality).detail("kind", found.kind.to_string()).detail("municipality", found.slug.to_string());
    let live = catalogue::retry(web.tools(), found, caller.principal.user.email.as_str()).await?;
    web.app.signals.operations.notify_one();
    Ok(live)
}
