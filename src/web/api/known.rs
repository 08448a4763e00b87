// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The 290 municipalities of Sweden, for filling in forms.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    error::FieldError,
    fleet::known,
    web::{
        input::{self, Params},
        problem::{Answer, Problem},
    },
};

/// Which ones.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// The beginning of the code or the name, or a part of the name.
    search: Option<String>,
    /// At most so many, 1–290; 10 when left out.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
}

/// Those that were found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Found {
    /// The best first.
    items: Vec<Known>,
}

/// One of the 290.
#[derive(Debug, Serialize, ToSchema)]
pub struct Known {
    /// Four digits.
    code: String,
    /// Official name.
    name: String,
    /// Everyday name.
    short: String,
    /// Two digits.
    county_code: String,
    /// The county's name.
    county: String,
    /// The slug that fits.
    suggested_slug: String,
}

/// Searches the 290.
#[utoipa::path(get, path = "/api/v1/known-municipalities", tag = "municipalities", params(Query), responses((status = 200, description = "Those that were found", body = Found), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn search(query: Params<Query>) -> Answer {
    let limit = input::number("limit", query.0.limit.as_deref())?.unwrap_or(10);
    if !(1..=290).contains(&limit) {
        return Err(FieldError::new("limit", "out-of-range", format!("{limit} of 290"), "ask for 1 to 290").into());
    }
    let items = known::search(&query.0.search.unwrap_or_default(), limit as usize)
        .into_iter()
        .map(|k| Known {
            code: k.code.to_owned(),
            name: k.name.to_owned(),
            short: k.short.to_owned(),
            county_code: k.county_code.to_owned(),
            county: k.county.to_owned(),
            suggested_slug: known::suggested_slug(k.short),
        })
        .collect();
    Ok(HttpResponse::Ok().json(Found { items }))
}
