// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an address asks of a page with a list. Addresses are typed and kept by people: what cannot be read is as if it were not there.

use actix_web::HttpRequest;
use url::form_urlencoded;

use crate::{
    access::Caller,
    error::Result,
    store::{self, PageRequest},
    web::{
        Web,
        view::models::{Choice, Pager},
    },
};

/// What stands after `?` under a name.
pub(super) fn value(request: &HttpRequest, name: &str) -> Option<String> {
    form_urlencoded::parse(request.query_string().as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

/// The page that is asked for, of so many rows; the first where none can be.
pub(super) fn page(request: &HttpRequest, rows: u32) -> Result<PageRequest> {
    let number = value(request, "page").and_then(|text| text.parse().ok());
    PageRequest::new(number, Some(rows)).or_else(|_| first(rows))
}

/// The first page.
pub(super) fn first(rows: u32) -> Result<PageRequest> {
    Ok(PageRequest::new(None, Some(rows))?)
}

/// Where a list stands, at this place.
pub(super) fn pager(page: PageRequest, total: i64, place: &str, besides: &[(&str, &str)]) -> Pager {
    Pager::of(u64::from(page.page), u64::from(page.per_page), u64::try_from(total).unwrap_or(0), place, besides)
}

/// Municipalities to choose from, as far as the caller may see them.
pub(super) async fn municipalities(web: &Web, caller: &Caller) -> Result<Vec<Choice>> {
    let (filter, scope) = (store::municipalities::Filter::default(), caller.principal.scope());
    let all = store::every(async |page| store::municipalities::list(web.store(), &scope, &filter, page).await).await?;
    Ok(all.into_iter().map(|m| Choice { value: m.slug.to_string(), label: m.name }).collect())
}
