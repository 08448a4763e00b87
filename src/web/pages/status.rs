// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A municipality's public status page and its badge. Answered from memory: the store is not asked, and neither is who looks.

use actix_web::{
    HttpRequest,
    web::{Data, Path},
};

use crate::{
    fleet::status::DAYS,
    web::{
        Web,
        api::open::{language, of, public},
        cached,
        problem::Answer,
        view::{Shell, badge, models::StatusModel},
    },
};

/// The page.
pub async fn show(web: Data<Web>, request: HttpRequest, path: Path<String>) -> Answer {
    let public = public(&web)?;
    let status = of(&public, &path)?;
    let (over, open) = status.incidents.iter().cloned().partition(|told| told.resolved_at.is_some());
    let model = StatusModel {
        slug: status.slug.to_string(),
        name: status.name.clone(),
        verdict: status.verdict(),
        as_of: public.minute(),
        is_old: public.is_old(web.now()),
        places: status.places.clone(),
        open,
        over,
        windows: status.windows.clone(),
        days: DAYS,
    };
    let shell = Shell::anonymous(language(&request), "", request.path());
    Ok(cached::answer(&request, "text/html; charset=utf-8", web.views.page(&shell, &model)?))
}

/// The badge.
pub async fn badge(web: Data<Web>, request: HttpRequest, path: Path<String>) -> Answer {
    let public = public(&web)?;
    let status = of(&public, &path)?;
    let is_old = public.is_old(web.now());
    let svg = badge::badge(web.views.assets(), language(&request), &status.name, status.verdict(), is_old);
    Ok(cached::answer(&request, "image/svg+xml", svg))
}
