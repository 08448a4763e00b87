// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Style sheets, scripts and pictures.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};

use crate::{
    error::Error,
    web::{Web, problem::Answer, view::assets::CACHE_CONTROL},
};

/// One of them, by its served name.
pub async fn show(web: Data<Web>, path: Path<String>) -> Answer {
    let asset = web.views.assets().get(&path).ok_or_else(|| Error::not_found("asset"))?;
    Ok(HttpResponse::Ok().content_type(asset.media_type).insert_header((header::CACHE_CONTROL, CACHE_CONTROL)).body(asset.content.to_vec()))
}
