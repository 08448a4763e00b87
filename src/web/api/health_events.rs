// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The board as it changes, as server-sent events.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, web::Data};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::{
    checks::named,
    events::{self, Followed, message},
    shapes_health::{self, HealthTile, Incident},
};
use crate::{
    access::Caller,
    error::Result,
    fleet::{MunicipalityId, Scope},
    web::{
        Web,
        input::Params,
        problem::{Answer, Problem},
        pulse::{Place, Seen},
    },
};

/// What is followed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Only the municipality of this slug, and incidents that touch it.
    municipality: Option<String>,
}

/// The whole board, with which a stream begins.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeBoard {
    /// When it was seen.
    pub at: Timestamp,
    /// Municipalities, the worst first.
    pub tiles: Vec<HealthTile>,
    /// Open incidents, newest first.
    pub incidents: Vec<Incident>,
}

/// What one follower has been told.
struct Told {
    /// The same for the same content, also after a restart and on another control plane.
    mark: String,
    tiles: BTreeMap<String, Value>,
    incidents: BTreeMap<String, Value>,
}

struct Board {
    scope: Scope,
    only: Option<MunicipalityId>,
    /// What the reader says to have.
    had: Option<String>,
    told: Option<Told>,
    _place: Place,
}

impl Board {
    fn now(&self, web: &Web, seen: &Seen) -> WholeBoard {
        let covers = |id| self.scope.covers(id) && self.only.is_none_or(|only| only == id);
        let own = seen.tallies.iter().filter(|tally| covers(tally.municipality));
        WholeBoard {
            at: web.now(),
            tiles: own.map(|tally| shapes_health::tile(tally, seen.cause_of(tally.municipality))).collect(),
            incidents: seen.incidents_of(&self.scope, self.only).into_iter().map(shapes_health::incident).collect(),
        }
    }
}

impl Told {
    fn of(board: &WholeBoard) -> Self {
        let tiles: BTreeMap<String, Value> = board.tiles.iter().map(|tile| (tile.municipality.clone(), json(tile))).collect();
        let incidents: BTreeMap<String, Value> = board.incidents.iter().map(|one| (one.id.clone(), json(one))).collect();
        let digest = Sha256::digest(json(&(&tiles, &incidents)).to_string());
        Self { mark: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(), tiles, incidents }
    }

    /// The events that lead from what was told before to this.
    fn since(&self, before: &Self) -> String {
        let mut events: Vec<String> = Vec::new();
        for (kind, over, now, then) in
            [("tile", "gone", &self.tiles, &before.tiles), ("incident", "over", &self.incidents, &before.incidents)]
        {
            let changed = now.iter().filter(|(key, value)| then.get(*key) != Some(value));
            events.extend(changed.map(|(_, value)| message(None, kind, value)));
            let ended = then.iter().filter(|(key, _)| !now.contains_key(*key));
            events.extend(ended.map(|(_, value)| message(None, over, value)));
        }
        // Only the last carries the mark: whoever is cut off in between is told all again.
        let last = events.pop().map(|last| format!("id: {}\n{last}", self.mark)).unwrap_or_default();
        events.concat() + &last
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl Followed for Board {
    type Id = ();

    fn id(&self) {}

    async fn look(&mut self, web: &Web) -> Result<(String, bool)> {
        let seen = web.pulse.see(web.store()).await?;
        let board = self.now(web, &seen);
        let now = Told::of(&board);
        let piece = match (&self.told, self.had.take()) {
            (Some(before), _) if before.mark != now.mark => now.since(before),
            (None, had) if had.as_ref() != Some(&now.mark) => format!("id: {}\n{}", now.mark, message(None, "board", &board)),
            _ => String::new(),
        };
        self.told = Some(now);
        Ok((piece, false))
    }
}

/// Follows the board: an event `board` with all of it, then `tile` for each municipality that changes and `incident` for each incident
/// that is new or changes, `gone` and `over` with what was last known where one ends.
///
/// `Last-Event-ID` of what the reader has leaves the first event out where it is still so. A comment comes every 15 seconds. Not more
/// than 16 streams are open for one user.
#[utoipa::path(get, path = "/api/v1/health/events", tag = "health",
    params(Query, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was read")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = WholeBoard), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn stream(web: Data<Web>, request: HttpRequest, caller: Caller, query: Params<Query>) -> Answer {
    let changed = web.tools().health_changed.subscribe();
    let only = named(&web, &caller, query.0.municipality.as_deref()).await?;
    let had = request.headers().get("last-event-id").and_then(|v| v.to_str().ok()).map(|v| v.trim().to_owned());
    let place = web.pulse.enter(caller.principal.user.id)?;
    let board = Board { scope: caller.principal.scope(), only, had, told: None, _place: place };
    Ok(events::follow(web, &request, changed, board))
}
