// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How the fleet is: the board, a municipality's sites, incidents.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Form, Path, Query},
};
use serde::Deserialize;
use url::form_urlencoded;

use super::{asked, in_place, notices};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{Incident, MunicipalityId, Scope, access::Permission, check::Tally, health::Health, incident::CauseKind},
    store::{self, PageRequest, checks, incidents::Filter},
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        pulse::Seen,
        view::{
            Page,
            models::{
                CheckRow, FleetEntry, HealthPage, HealthTile, IncidentLine, IncidentMember, IncidentPage, IncidentRow,
                MunicipalityHealthPage,
            },
        },
        visit::{Visit, see_other},
    },
};

/// Rows on one page of a list.
const ROWS: u32 = 100;
/// So many incidents that are over are shown.
const OVER: u32 = 20;

/// Which tiles are shown, as the form on the board sends it.
#[derive(Debug, Default, Deserialize)]
pub struct Shown {
    #[serde(default)]
    search: String,
    #[serde(default)]
    state: String,
}

impl Shown {
    /// What comes after the path, to ask for the same again.
    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("search", &self.search), ("state", &self.state)].into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    fn shows(&self, tally: &Tally) -> bool {
        let search = self.search.trim().to_lowercase();
        let named = tally.name.to_lowercase().contains(&search) || tally.slug.as_str().contains(&search);
        // A word that is no state leaves nobody out.
        named && self.state.parse::<Health>().ok().is_none_or(|state| tally.worst() == state)
    }
}

/// The board.
pub async fn board(web: Data<Web>, visit: Visit, caller: Caller, shown: Query<Shown>) -> Answer {
    visit.page(&web, &board_model(&web, &caller, shown.0).await?)
}

/// The part of the board that changes.
pub async fn board_live(web: Data<Web>, visit: Visit, caller: Caller, shown: Query<Shown>) -> Answer {
    part(&web, &visit, Page::HealthLive, &board_model(&web, &caller, shown.0).await?)
}

fn part<M: serde::Serialize>(web: &Web, visit: &Visit, page: Page, model: &M) -> Answer {
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(web.views.render(page, &visit.shell, model)?))
}

async fn board_model(web: &Web, caller: &Caller, shown: Shown) -> Result<HealthPage> {
    let scope = caller.principal.scope();
    let seen = Seen::look(web.store(), &scope).await?;
    let tallies = &seen.tallies;
    let tiles: Vec<HealthTile> = tallies.iter().filter(|tally| shown.shows(tally)).map(|tally| tile(tally, &seen)).collect();
    Ok(HealthPage {
        checks: tallies.iter().map(Tally::checks).sum(),
        ill: tallies.iter().map(ill).sum(),
        touched: tallies.iter().filter(|tally| ill(tally) > 0).count(),
        filtered: tiles.len() < tallies.len(),
        tiles,
        open: incidents(web, &scope, Some(true), None, 500).await?,
        over: incidents(web, &scope, Some(false), None, OVER).await?,
        states: Health::ALL.into_iter().rev().collect(),
        here: format!("/health{}", shown.query()),
        live: format!("/live/health{}", shown.query()),
        search: shown.search,
        state: shown.state,
        command: "flotta health show".to_owned(),
    })
}

fn ill(tally: &Tally) -> u32 {
    tally.states.iter().filter(|(health, _)| health.is_ill()).map(|(_, count)| count).sum()
}

fn tile(tally: &Tally, seen: &Seen) -> HealthTile {
    HealthTile {
        slug: tally.slug.to_string(),
        short: FleetEntry::short_name(None, &tally.name),
        worst: tally.worst(),
        checks: tally.checks(),
        in_worst: tally.states.get(&tally.worst()).copied().unwrap_or_default(),
        cause: seen.cause_of(tally.municipality).map(|incident| incident.cause.kind),
    }
}

async fn incidents(
    web: &Web,
    scope: &Scope,
    open: Option<bool>,
    municipality: Option<MunicipalityId>,
    most: u32,
) -> Result<Vec<IncidentRow>> {
    let page = PageRequest { page: 1, per_page: most };
    let found = store::incidents::list(web.store(), scope, &Filter { open, municipality }, page).await?;
    Ok(found.items.into_iter().map(row).collect())
}

pub(super) fn row(incident: Incident) -> IncidentRow {
    IncidentRow {
        id: incident.id.text(),
        cause: incident.cause.kind,
        label: incident.label,
        failure: incident.failure,
        members: incident.members,
        failing: incident.failing,
        state: match (incident.resolved_at, incident.merged_into, incident.acknowledged_at) {
            (Some(_), Some(_), _) => "merged",
            (Some(_), None, _) => "resolved",
            (None, _, Some(_)) => "acknowledged",
            (None, _, None) => "open",
        },
        opened_at: incident.opened_at,
    }
}

/// A municipality's sites.
pub async fn municipality(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    visit.page(&web, &municipality_model(&web, &caller, &path, &request).await?)
}

/// The part of it that changes.
pub async fn municipality_live(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    part(&web, &visit, Page::MunicipalityHealthLive, &municipality_model(&web, &caller, &path, &request).await?)
}

/// What is shown of a municipality's sites.
pub(super) async fn municipality_model(web: &Web, caller: &Caller, slug: &str, request: &HttpRequest) -> Result<MunicipalityHealthPage> {
    let scope = caller.principal.scope();
    let found = api::municipalities::find(web, caller, slug).await?;
    let page = asked::page(request, ROWS)?;
    let filter = checks::Filter { municipality: Some(found.id), ..checks::Filter::default() };
    let all = checks::list(web.store(), &scope, &filter, page).await?;
    let down = checks::Filter { health: vec![Health::Down, Health::Flapping], ..filter };
    let ill = checks::list(web.store(), &scope, &down, PageRequest { page: 1, per_page: 1 }).await?.total;
    let place = format!("/health/{}", found.slug);
    let check = |check: crate::fleet::Check| CheckRow {
        number: check.number,
        address: check.address(),
        health: check.health,
        failure: check.failure,
        since: check.since,
    };
    let query = format!("?page={}", page.page);
    Ok(MunicipalityHealthPage {
        objective: super::site::card(web, caller, &found).await?,
        errors: Vec::new(),
        pager: asked::pager(page, all.total, &place, &[]),
        rows: all.items.into_iter().map(check).collect(),
        ill: u32::try_from(ill).unwrap_or(u32::MAX),
        incidents: incidents(web, &scope, None, Some(found.id), OVER).await?,
        quiet: notices::quiet(web, caller, Some(found.id), None).await?,
        live: format!("/live{place}{query}"),
        here: place + &query,
        command: format!("flotta health show {}", found.slug),
        slug: found.slug.to_string(),
        name: found.name,
    })
}

/// One incident.
pub async fn incident(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, &path).await?)
}

/// The part of it that changes.
pub async fn incident_live(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    part(&web, &visit, Page::IncidentLive, &model(&web, &caller, &path).await?)
}

/// The form that takes an incident on.
#[derive(Debug, Deserialize)]
pub struct TakeOn {
    #[serde(default)]
    note: String,
}

/// Takes it on.
pub async fn acknowledge(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<TakeOn>) -> Answer {
    let id = api::incidents::id(&path)?;
    match api::incidents::take_on(&web, &caller, &note, id, &form.note).await {
        Ok(_) => Ok(see_other(&format!("/incidents/{}", id.text()))),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => {
            let (status, errors) = in_place::told(&note, refused)?;
            let page = IncidentPage { errors, note: form.note.clone(), ..model(&web, &caller, &path).await? };
            visit.shell.here = format!("/incidents/{}", id.text());
            visit.page_as(&web, status, &page)
        }
    }
}

async fn model(web: &Web, caller: &Caller, id: &str) -> Result<IncidentPage> {
    let scope = caller.principal.scope();
    let (found, members, events) = store::incidents::get(web.store(), &scope, api::incidents::id(id)?).await?;
    let own = scope == Scope::Fleet || found.municipality.is_some_and(|of| scope.covers(of));
    let member = |m: crate::fleet::incident::Member| IncidentMember {
        number: m.number,
        slug: m.slug.map(|slug| slug.to_string()),
        address: m.label,
        failure: m.failure,
        since: m.since,
        until: m.until,
    };
    let line = |e: crate::fleet::incident::IncidentEvent| IncidentLine { at: e.at, word: e.word, who: e.who, message: e.message };
    let check = (found.cause.kind == CauseKind::Check).then(|| found.cause.of.parse().ok()).flatten();
    let ended = found.resolved_at.is_some();
    Ok(IncidentPage {
        quiet: if ended { Vec::new() } else { notices::quiet(web, caller, found.municipality, check).await? },
        certain: found.certain,
        ended,
        resolved_at: found.resolved_at,
        acknowledged_by: found.acknowledged_by.clone(),
        merged_into: found.merged_into.map(|id| id.text()),
        members: members.into_iter().map(member).collect(),
        history: events.into_iter().map(line).collect(),
        may_acknowledge: !ended && own && caller.principal.may(Permission::ManageIncidents),
        note: found.note.clone(),
        errors: Vec::new(),
        command: format!("flotta incident show {}", found.id.text()),
        row: row(found),
    })
}
