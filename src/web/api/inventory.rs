// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Questions over the whole fleet, as far as the caller may see it.

use actix_web::{HttpResponse, web::Data};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{advisories, shapes::Listing};
use crate::{
    access::Caller,
    error::Result,
    fleet::facts::ComponentKind,
    health::questions::{self, Growth, Thrower, Version},
    store::{Page, PageRequest},
    web::{
        Web,
        input::{self, Params, Part},
        problem::{Answer, Problem},
    },
};

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `core`, `theme`, `plugin`, `mu-plugin` or `drop-in`; `core` when left out.
    kind: Option<String>,
    /// Only this component.
    slug: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

fn part<T>(all: Vec<T>, page: PageRequest) -> Page<T> {
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (skip, take) = ((page.page - 1).saturating_mul(page.per_page), page.per_page);
    let (skip, take) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(take).unwrap_or(usize::MAX));
    Page { items: all.into_iter().skip(skip).take(take).collect(), page: page.page, per_page: page.per_page, total }
}

fn listing<T: serde::Serialize + utoipa::ToSchema>(all: Vec<T>, page: PageRequest) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(Listing::of(part(all, page), |one| one)))
}

/// Which versions run where, and who is behind the newest that runs in the fleet.
#[utoipa::path(get, path = "/api/v1/inventory", tag = "health", params(Query),
    responses((status = 200, description = "A page of versions", body = Listing<Version>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn versions(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let kind = advisories::kind(q.kind.as_deref())?.unwrap_or(ComponentKind::Core);
    let slug = q.slug.as_deref().filter(|text| !text.is_empty());
    Ok(listing(questions::versions(web.store(), &caller.principal.scope(), kind, slug).await?, page)?)
}

/// What threw fatal errors in the last seven days, and where.
#[utoipa::path(get, path = "/api/v1/inventory/errors", tag = "health", params(Part),
    responses((status = 200, description = "A page of what threw", body = Listing<Thrower>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn errors(web: Data<Web>, caller: Caller, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    Ok(listing(questions::throwers(web.store(), &caller.principal.scope(), web.now()).await?, page)?)
}

/// What grew most in thirty days.
#[utoipa::path(get, path = "/api/v1/inventory/growth", tag = "health", params(Part),
    responses((status = 200, description = "A page of instances, what grew most first", body = Listing<Growth>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn growth(web: Data<Web>, caller: Caller, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    Ok(listing(questions::growth(web.store(), &caller.principal.scope(), web.now()).await?, page)?)
}
