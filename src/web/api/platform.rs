// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The platform that all instances share.

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    platform,
    web::{
        Web,
        problem::{Answer, Problem},
    },
};

/// How the platform is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Platform {
    /// Each service.
    pub services: Vec<Service>,
    /// Flotta's version.
    pub version: String,
    /// The fleet's name.
    pub fleet: String,
    /// `sqlite` or `postgres`.
    pub store: String,
}

/// How one service is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Service {
    /// `engine`, `network`, `database server`, `gateway` or `firewall`.
    pub name: String,
    /// Whether it works.
    pub well: bool,
    /// Its version, or what is wrong.
    pub detail: String,
}

/// Looks at every service.
#[utoipa::path(get, path = "/api/v1/platform", tag = "about", responses((status = 200, description = "How the platform is", body = Platform), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>) -> Answer {
    let services = platform::status(web.tools()).await;
    Ok(HttpResponse::Ok().json(Platform {
        services: services.into_iter().map(|s| Service { name: s.name.to_owned(), well: s.well, detail: s.detail }).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        fleet: web.tools().settings.fleet.to_string(),
        store: web.store().kind().to_owned(),
    }))
}
