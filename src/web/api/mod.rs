// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The HTTP API, one file per noun. Its document is made from the handlers; a test compares it with the routes.

use actix_web::HttpResponse;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Required,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::problem::Problem;

pub mod account;
pub mod addresses;
pub mod advisories;
pub mod audit;
pub mod build;
pub mod checks;
pub mod events;
pub mod findings;
pub mod health;
pub mod health_events;
pub mod history;
pub mod incidents;
pub mod inventory;
pub mod known;
pub mod municipalities;
pub mod open;
pub mod operations;
pub mod outside;
pub mod overlays;
pub mod platform;
pub mod policy;
pub mod receivers;
pub mod rehearsals;
pub mod releases;
pub mod rollouts;
pub mod session;
pub mod shapes;
pub mod shapes_findings;
pub mod shapes_health;
pub mod shapes_history;
pub mod shapes_notices;
pub mod shapes_open;
pub mod shapes_outside;
pub mod shapes_overlay;
pub mod shapes_rehearsal;
pub mod shapes_rollouts;
pub mod silences;
pub mod status_page;
pub mod tokens;
pub mod users;

/// The API's document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Flotta",
        description = "One shared WordPress fork for many municipalities. Work that takes time answers 202 with the operation that does it; follow its events. Errors are application/problem+json (RFC 9457) that name the field and the fix.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    servers((url = "/")),
    security(("token" = []), ("session" = [])),
    modifiers(&Extras),
    components(schemas(Problem)),
    paths(
        openapi,
        session::create, session::end,
        account::show, account::change,
        municipalities::list, municipalities::onboard, municipalities::preview, municipalities::show, municipalities::backups,
        municipalities::suspend, municipalities::resume, municipalities::offboard, municipalities::invite,
        operations::list, operations::show, events::stream, operations::retry,
        rehearsals::start, rehearsals::show, rehearsals::file,
        releases::list, releases::register, build::build, releases::show, releases::inventory, releases::difference,
        releases::promote, releases::retire, releases::delete,
        overlays::show, overlays::versions, overlays::add, overlays::remove, overlays::restore, overlays::apply,
        policy::show, policy::decide,
        rollouts::list, rollouts::start, rollouts::plan, rollouts::show, rollouts::events, rollouts::pause, rollouts::resume,
        rollouts::halt, rollouts::revert, rollouts::member, rollouts::approve, rollouts::skip, rollouts::retry,
        checks::board, checks::list, checks::show, outside::show, outside::look, outside::certificates,
        addresses::list, addresses::add, addresses::remove, incidents::list, incidents::show, incidents::acknowledge,
        findings::list, findings::show, findings::mute, findings::unmute, findings::facts, advisories::list, advisories::import,
        inventory::versions, inventory::errors, inventory::growth,
        receivers::list, receivers::add, receivers::show, receivers::log, receivers::test, receivers::rotate, receivers::remove,
        silences::list, silences::add, silences::end,
        health_events::stream, status_page::show, status_page::decide,
        open::directory, open::feed, open::feed_of,
        history::show, history::show_objective, history::decide_objective, history::show_report, history::report_csv,
        known::search, platform::show,
        users::list, users::create, users::show, users::change, users::password,
        tokens::list, tokens::create, tokens::revoke,
        audit::list,
    )
)]
pub struct Document;

/// What every handler would have to repeat otherwise.
struct Extras;

impl Modify for Extras {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token: `flotta token create`")).build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie =
            ApiKeyValue::with_description("flotta_session", "A browser's session; requests that change something carry X-CSRF-Token too");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        for item in document.paths.paths.values_mut() {
            if let Some(post) = &mut item.post {
                add_key(post);
            }
        }
    }
}

fn add_key(operation: &mut Operation) {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200)).pattern(Some("^[!-~]+$")).build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The same request with the same key, within a day, is done once and answered alike; secrets are told only the first time",
        ))
        .schema(Some(schema))
        .build();
    operation.parameters.get_or_insert_default().push(key.into());
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about", security(()), responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Document::openapi())
}
