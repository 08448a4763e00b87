// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may read. Answered from memory: the store is not asked.

use std::sync::Arc;

use actix_web::{
    HttpRequest,
    http::header,
    web::{Data, Path},
};
use serde::Serialize;

use super::shapes_open::{self, Directory, Feed};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Slug,
        status::{Public, Status},
    },
    web::{
        Web, cached,
        problem::{Answer, Problem},
        view::Language,
    },
};

/// What lies in memory.
///
/// # Errors
/// `Outside` before the store was read for the first time.
pub(in crate::web) fn public(web: &Web) -> Result<Arc<Public>> {
    let not_yet = || Error::outside("store", OutsideKind::Unreachable, "not read yet; ask again in a few seconds");
    web.app.status.get().ok_or_else(not_yet)
}

/// The municipality of that slug. One that is not there and one whose page is closed are the same to whoever asks.
///
/// # Errors
/// `NotFound`.
pub(in crate::web) fn of<'a>(public: &'a Public, slug: &str) -> Result<&'a Status> {
    slug.parse::<Slug>().ok().and_then(|slug| public.all.get(&slug)).ok_or_else(|| Error::not_found("status page"))
}

/// The language that the address names, or else what the browser asks for. Nothing that a cookie says: caches keep the answer.
pub(in crate::web) fn language(request: &HttpRequest) -> Language {
    let named = url::form_urlencoded::parse(request.query_string().as_bytes()).find(|(name, _)| name == "lang");
    let named = named.and_then(|(_, value)| value.parse::<Language>().ok());
    let asked = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    named.unwrap_or_else(|| Language::from_accept_language(asked))
}

fn json(request: &HttpRequest, kind: &'static str, value: &impl Serialize) -> Answer {
    let body = serde_json::to_string(value).map_err(|e| Error::Internal(format!("an open answer: {e}")))?;
    Ok(cached::answer(request, kind, body))
}

/// Municipalities that opened their status page, with their sites and services and how these are.
#[utoipa::path(get, path = "/open/v1/directory.json", tag = "open", security(()),
    responses((status = 200, description = "The directory", body = Directory), (status = 304, description = "What the reader has is still so"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn directory(web: Data<Web>, request: HttpRequest) -> Answer {
    let public = public(&web)?;
    let directory = shapes_open::directory(&web.app.config.public_url, &public, public.is_old(web.now()));
    json(&request, "application/json", &directory)
}

/// Incidents of every municipality that opened its status page, as JSON Feed 1.1.
#[utoipa::path(get, path = "/open/v1/feed.json", tag = "open", security(()), params(("lang" = Option<String>, Query, description = "`sv` or `en`; as `Accept-Language` asks for when left out")),
    responses((status = 200, description = "The feed", body = Feed, content_type = "application/feed+json"), (status = 304, description = "What the reader has is still so"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn feed(web: Data<Web>, request: HttpRequest) -> Answer {
    let (public, language) = (public(&web)?, language(&request));
    let feed = shapes_open::feed(&web.app.config.public_url, request.path(), language, None, public.all.values());
    json(&request, "application/feed+json", &feed)
}

/// A municipality's incidents, as JSON Feed 1.1.
#[utoipa::path(get, path = "/open/v1/municipalities/{slug}/feed.json", tag = "open", security(()), params(("slug" = String, Path, description = "The municipality's slug"), ("lang" = Option<String>, Query, description = "`sv` or `en`; as `Accept-Language` asks for when left out")),
    responses((status = 200, description = "The feed", body = Feed, content_type = "application/feed+json"), (status = 304, description = "What the reader has is still so"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn feed_of(web: Data<Web>, request: HttpRequest, path: Path<String>) -> Answer {
    let (public, language) = (public(&web)?, language(&request));
    let status = of(&public, &path)?;
    let feed = shapes_open::feed(&web.app.config.public_url, request.path(), language, Some(status), std::iter::once(status));
    json(&request, "application/feed+json", &feed)
}
