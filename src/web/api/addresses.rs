// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Addresses of a municipality that are checked besides its sites: a portal, an e-service.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};

use super::{
    municipalities::find,
    shapes::Listing,
    shapes_outside::{self, Address, AddressRequest},
};
use crate::{
    access::Caller,
    drivers::outside::reach::may_ask,
    error::{Error, Result},
    fleet,
    health::outside::request::{Typed, address},
    store::{self, checks::Filter},
    web::{
        Web,
        guard::Note,
        input::{Body, Params, Part},
        problem::{Answer, Problem},
    },
};

/// A municipality's addresses, the oldest first.
#[utoipa::path(get, path = "/api/v1/municipalities/{slug}/addresses", tag = "health", params(("slug" = String, Path, description = "The municipality's slug"), Part),
    responses((status = 200, description = "A page of addresses", body = Listing<Address>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, path: Path<String>, query: Params<Part>) -> Answer {
    let page = query.0.page()?;
    let found = find(&web, &caller, &path).await?;
    let filter = Filter { municipality: Some(found.id), addresses: true, ..Filter::default() };
    let all = store::checks::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(all, |check| shapes_outside::address(&check))))
}

/// Adds an address; it is checked within a minute, and once a minute from then on.
#[utoipa::path(post, path = "/api/v1/municipalities/{slug}/addresses", tag = "health", params(("slug" = String, Path, description = "The municipality's slug")), request_body = AddressRequest,
    responses((status = 201, description = "The address", body = Address), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn add(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<AddressRequest>) -> Answer {
    let added = added(&web, &caller, &note, &path, &body.0).await?;
    let place = format!("/api/v1/checks/{}", added.number);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(shapes_outside::address(&added)))
}

/// Adds it, for programs and for people.
///
/// # Errors
/// As [`find`] and [`address`]; `Conflict` where it is there already, or there are enough.
pub(in crate::web) async fn added(web: &Web, caller: &Caller, note: &Note, slug: &str, wanted: &AddressRequest) -> Result<fleet::Check> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = find(web, caller, slug).await?;
    note.municipality(found.id);
    let settings = &web.tools().settings.outside;
    let typed = Typed { address: &wanted.address, label: &wanted.label, status: wanted.status, keyword: &wanted.keyword };
    let new = address(&typed, may_ask([127, 0, 0, 1].into(), &settings.allowed_ranges))?;
    note.detail("host", new.host.clone());
    let number = store::checks::add(web.store(), found.id, &new, settings.most_addresses, web.tools().clock.now()).await?;
    store::checks::get(web.store(), &caller.principal.scope(), number).await
}

/// Ends the checking of an address.
#[utoipa::path(delete, path = "/api/v1/municipalities/{slug}/addresses/{number}", tag = "health", params(("slug" = String, Path, description = "The municipality's slug"), ("number" = u32, Path, description = "The address's number")),
    responses((status = 204, description = "It is checked no more"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(web: Data<Web>, caller: Caller, note: Note, path: Path<(String, String)>) -> Answer {
    let (slug, number) = path.into_inner();
    removed(&web, &caller, &note, &slug, &number).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends it, for programs and for people.
///
/// # Errors
/// As [`find`]; `NotFound` where the municipality has no such address.
pub(in crate::web) async fn removed(web: &Web, caller: &Caller, note: &Note, slug: &str, number: &str) -> Result<()> {
    note.target(slug.chars().take(100).collect::<String>());
    let found = find(web, caller, slug).await?;
    note.municipality(found.id);
    let number: u32 = number.parse().map_err(|_| Error::not_found("address"))?;
    note.detail("number", number);
    store::checks::remove(web.store(), found.id, number, web.tools().clock.now()).await
}
