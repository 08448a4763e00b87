// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal has seen, old and new side by side.

use actix_web::web::{Data, Path};

use crate::{
    access::Caller,
    error::Error,
    store,
    web::{
        Web, api,
        problem::Answer,
        view::models::{EvidencePage, command_line},
        visit::Visit,
    },
};

/// The evidence of one operation.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let (operation, found) = api::rehearsals::find(&web, &caller, &path).await?;
    let mut page = EvidencePage::new(&operation, &found);
    match store::municipalities::by_slug(web.store(), &caller.principal.scope(), &operation.slug).await {
        Ok(municipality) if municipality.id == operation.municipality => page.name = municipality.name,
        // It may be gone, and another may have the slug by now.
        Ok(_) | Err(Error::NotFound { .. }) => {}
        Err(other) => return Err(other.into()),
    }
    page.command = command_line(["flotta", "municipality", "rehearse", operation.slug.as_str(), "--release", &found.to]);
    visit.page(&web, &page)
}
