// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts: planned, started, followed, ordered about.

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    events::{self, Followed, PART, message},
    shapes::Listing,
    shapes_rollouts::{self as shapes, MemberDetail, Rollout, RolloutLine, RolloutPlan},
};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{
        self, Environment, OperationKind, RolloutId, Scope,
        evidence::{Look, Verdict},
        rollout::{MemberState, RolloutMember, RolloutState},
    },
    rollouts::{
        compare, evidence,
        orders::{self, MemberOrder, Order},
        request::{self, Request},
        updates, waiting,
    },
    store,
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which rollouts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// `running`, `paused`, `halting`, `halted`, `reverting`, `reverted`, `revert-blocked`, `completed` or `superseded`.
    state: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Which of a municipality's instances is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `production`, `staging` or `trial`; the only one in the rollout, or the production one, when left out.
    environment: Option<String>,
}

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How to go back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// Whether what was written since the updates may be lost, where they changed the data.
    #[serde(default)]
    lose_data: bool,
}

/// Rollouts, newest first.
#[utoipa::path(get, path = "/api/v1/rollouts", tag = "rollouts", params(Query), responses((status = 200, description = "A page of rollouts", body = Listing<Rollout>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let page = input::page(query.0.page.as_deref(), query.0.per_page.as_deref())?;
    let state = query.0.state.filter(|s| !s.is_empty()).map(|s| s.parse::<RolloutState>()).transpose()?.map(|s| s.to_string());
    let scope = caller.principal.scope();
    let found = store::rollouts::list(web.store(), &scope, state.as_deref(), page).await?;
    let ids: Vec<RolloutId> = found.items.iter().map(|r| r.id).collect();
    let counts = store::rollouts::counts(web.store(), &scope, &ids).await?;
    let none = HashMap::new();
    Ok(HttpResponse::Ok().json(Listing::of(found, |r| shapes::rollout(&r, counts.get(&r.id).unwrap_or(&none)))))
}

/// Plans a rollout and changes nothing: its waves, who is in which and why, what is held, how long it will take.
#[utoipa::path(post, path = "/api/v1/rollouts/plan", tag = "rollouts", request_body = Request,
    responses((status = 200, description = "What it would be", body = RolloutPlan), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn plan(web: Data<Web>, body: Body<Request>) -> Answer {
    Ok(HttpResponse::Ok().json(shapes::plan(request::prepare(web.tools(), &body.0).await?)))
}

/// Starts a rollout and tells where to follow it.
#[utoipa::path(post, path = "/api/v1/rollouts", tag = "rollouts", request_body = Request,
    responses((status = 202, description = "It has begun", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn start(web: Data<Web>, caller: Caller, note: Note, body: Body<Request>) -> Answer {
    let started = started(&web, &caller, &note, &body.0).await?;
    let shown = whole(&web, &Scope::Fleet, &started).await?;
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, format!("/api/v1/rollouts/{}", started.id))).json(shown))
}

/// Starts it, for programs and for people.
///
/// # Errors
/// As [`request::start`].
pub(in crate::web) async fn started(web: &Web, caller: &Caller, note: &Note, wanted: &Request) -> Result<fleet::Rollout> {
    note.target(wanted.release.chars().filter(|c| !c.is_control()).take(100).collect::<String>());
    let started = request::start(web.tools(), wanted, caller.principal.user.email.as_str()).await?;
    note.detail("rollout", started.id.text()).detail("members", started.members);
    told(web, started.id);
    Ok(started)
}

/// Wakes the watcher and whoever follows.
fn told(web: &Web, id: RolloutId) {
    web.app.signals.rollouts.notify_one();
    // Nobody may be listening.
    drop(web.app.signals.rollout_changed.send(id));
}

/// The rollout that a path names, where the caller may know of it.
///
/// # Errors
/// `NotFound`.
pub(in crate::web) async fn find(web: &Web, caller: &Caller, id: &str) -> Result<fleet::Rollout> {
    let id: RolloutId = id.parse().map_err(|_| Error::not_found("rollout"))?;
    store::rollouts::get(web.store(), &caller.principal.scope(), id).await
}

/// A rollout with its members.
async fn whole(web: &Web, scope: &Scope, rollout: &fleet::Rollout) -> Result<Rollout> {
    let members = store::rollouts::members(web.store(), scope, rollout.id).await?;
    let names = store::releases::names(web.store()).await?;
    let held = waiting::all(web.tools(), rollout, &members).await?;
    let mut counts: HashMap<MemberState, u32> = HashMap::new();
    for member in &members {
        *counts.entry(member.state).or_default() += 1;
    }
    let board = members.iter().map(|m| shapes::member(m, &names, &held)).collect();
    Ok(Rollout { board: Some(board), ..shapes::rollout(rollout, &counts) })
}

/// One rollout with its members, as far as the caller may know of them.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}", tag = "rollouts", params(("id" = String, Path, description = "The rollout's id")),
    responses((status = 200, description = "The rollout", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller, path: Path<String>) -> Answer {
    let found = find(&web, &caller, &path).await?;
    Ok(HttpResponse::Ok().json(whole(&web, &caller.principal.scope(), &found).await?))
}

struct History {
    scope: Scope,
    rollout: RolloutId,
    after: i64,
}

impl Followed for History {
    type Id = RolloutId;

    fn id(&self) -> RolloutId {
        self.rollout
    }

    async fn look(&mut self, web: &Web) -> Result<(String, bool)> {
        let rollout = store::rollouts::get(web.store(), &self.scope, self.rollout).await?;
        let events = store::rollouts::events_after(web.store(), &self.scope, self.rollout, self.after).await?;
        let all = events.len() <= PART;
        let mut piece = String::new();
        for event in events.into_iter().take(PART) {
            self.after = event.seq;
            piece.push_str(&message(Some(event.seq), "line", &shapes::line(event)));
        }
        // Read before the history was: a line that was written in between comes with the next look.
        let ended = rollout.state.is_final() && all;
        if ended {
            piece.push_str(&message(None, "end", &whole(web, &self.scope, &rollout).await?));
        }
        Ok((piece, ended))
    }
}

/// Follows a rollout: an event `line` for each line of its history, at its end an event `end` with the rollout.
///
/// `Last-Event-ID` goes on after that line, without it the stream starts at the first. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/events", tag = "rollouts",
    params(("id" = String, Path, description = "The rollout's id"), ("Last-Event-ID" = Option<i64>, Header, description = "Go on after this line")),
    responses((status = 200, description = "Server-sent events, each with a line as data", content_type = "text/event-stream", body = RolloutLine), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn events(web: Data<Web>, request: HttpRequest, caller: Caller, path: Path<String>) -> Answer {
    let changed = web.app.signals.rollout_changed.subscribe();
    let found = find(&web, &caller, &path).await?;
    let history = History { scope: caller.principal.scope(), rollout: found.id, after: events::after(&request) };
    Ok(events::follow(web, &request, changed, history))
}

/// Gives an order, for programs and for people.
///
/// # Errors
/// `NotFound`, and as [`orders::give`].
pub(in crate::web) async fn ordered(web: &Web, caller: &Caller, note: &Note, id: &str, order: Order) -> Result<fleet::Rollout> {
    note.target(id.chars().take(100).collect::<String>());
    let found = find(web, caller, id).await?;
    note.detail("release", found.release_name.clone());
    if let Order::Revert { lose_data } = order {
        note.detail("lose_data", lose_data);
    }
    let after = orders::give(web.tools(), found.id, order, caller.principal.user.email.as_str()).await?;
    told(web, found.id);
    Ok(after)
}

async fn order(web: &Web, caller: &Caller, note: &Note, id: &str, order: Order) -> Answer {
    let after = ordered(web, caller, note, id, order).await?;
    Ok(HttpResponse::Ok().json(whole(web, &caller.principal.scope(), &after).await?))
}

/// Pauses a rollout: nothing new is started; what is under way ends.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/pause", tag = "rollouts", params(("id" = String, Path, description = "The rollout's id")), request_body = Nothing,
    responses((status = 200, description = "The rollout", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn pause(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, _: Body<Nothing>) -> Answer {
    order(&web, &caller, &note, &path, Order::Pause).await
}

/// Lets a paused rollout go on, through the gate at which it waits.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/resume", tag = "rollouts", params(("id" = String, Path, description = "The rollout's id")), request_body = Nothing,
    responses((status = 200, description = "The rollout", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn resume(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, _: Body<Nothing>) -> Answer {
    order(&web, &caller, &note, &path, Order::Resume).await
}

/// Halts a rollout for good: nothing is ever started again; what is under way ends, and those that have the release keep it.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/halt", tag = "rollouts", params(("id" = String, Path, description = "The rollout's id")), request_body = Nothing,
    responses((status = 200, description = "The rollout", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn halt(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, _: Body<Nothing>) -> Answer {
    order(&web, &caller, &note, &path, Order::Halt).await
}

/// Takes everybody back. Where an update changed the data, going back loses what was written since, and is done only with `lose_data`.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/revert", tag = "rollouts", params(("id" = String, Path, description = "The rollout's id")), request_body = Revert,
    responses((status = 200, description = "The rollout", body = Rollout), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn revert(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Revert>) -> Answer {
    order(&web, &caller, &note, &path, Order::Revert { lose_data: body.0.lose_data }).await
}

/// The member that a path names.
///
/// # Errors
/// `NotFound`.
pub(in crate::web) async fn find_member(
    web: &Web,
    caller: &Caller,
    id: &str,
    slug: &str,
    environment: Option<&str>,
) -> Result<(fleet::Rollout, RolloutMember)> {
    let rollout = find(web, caller, id).await?;
    let wanted = environment.filter(|e| !e.is_empty()).map(str::parse::<Environment>).transpose()?;
    let members = store::rollouts::members(web.store(), &caller.principal.scope(), rollout.id).await?;
    let mut own: Vec<RolloutMember> = members.into_iter().filter(|m| m.slug.as_str() == slug).collect();
    own.sort_by_key(|m| m.environment);
    let found = own.into_iter().find(|m| wanted.is_none_or(|w| m.environment == w));
    Ok((rollout, found.ok_or_else(|| Error::not_found(format!("municipality `{}` in the rollout", slug.escape_debug())))?))
}

/// One instance of a rollout, with what speaks for and against its update, and what going back would lose.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}/members/{slug}", tag = "rollouts",
    params(("id" = String, Path, description = "The rollout's id"), ("slug" = String, Path, description = "The municipality's slug"), Which),
    responses((status = 200, description = "The instance in the rollout", body = MemberDetail), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn member(web: Data<Web>, caller: Caller, path: Path<(String, String)>, query: Params<Which>) -> Answer {
    let (rollout, member) = find_member(&web, &caller, &path.0, &path.1, query.0.environment.as_deref()).await?;
    Ok(HttpResponse::Ok().json(detail(&web, &rollout, member).await?))
}

/// What is known of a member, for programs and for people.
///
/// # Errors
/// When the store fails.
pub(in crate::web) async fn detail(web: &Web, rollout: &fleet::Rollout, member: RolloutMember) -> Result<MemberDetail> {
    let tools = web.tools();
    let names = store::releases::names(web.store()).await?;
    let held = waiting::all(tools, rollout, std::slice::from_ref(&member)).await?;
    Ok(MemberDetail {
        verdict: verdict(web, &member).await?,
        rehearsal: rehearsal(web, &member).await?,
        written: written(web, &member).await?,
        member: shapes::member(&member, &names, &held),
    })
}

/// What its last rehearsal left; none where there was none.
///
/// # Errors
/// When the store fails.
pub(in crate::web) async fn rehearsal(web: &Web, member: &RolloutMember) -> Result<Option<serde_json::Value>> {
    let rehearsals = store::operations::newest_of(web.store(), OperationKind::Rehearse, &[member.instance]).await?;
    Ok(match rehearsals.get(&member.instance) {
        Some(operation) => {
            let events = store::operations::events_after(web.store(), operation.id, 0).await?;
            let said = events.into_iter().rev().map(|e| e.evidence).find(|e| e.get("migration").is_some() && e.get("level").is_some());
            said.map(|mut said| {
                // Where the pages, side by side, can be looked at.
                said["operation"] = operation.id.text().into();
                said
            })
        }
        None => None,
    })
}

/// What the comparison of before and after says; none where there was none.
///
/// # Errors
/// When the files cannot be read.
pub(in crate::web) async fn verdict(web: &Web, member: &RolloutMember) -> Result<Option<Verdict>> {
    let Some(update) = member.update else { return Ok(None) };
    let before: Option<Look> = evidence::load(web.tools(), update, "before").await?;
    let after: Option<Look> = evidence::load(web.tools(), update, "after").await?;
    Ok(before.zip(after).map(|(before, after)| compare::compare(&before, &after)))
}

/// What going back would lose; none where it loses nothing or cannot be asked.
async fn written(web: &Web, member: &RolloutMember) -> Result<Option<Vec<shapes::WrittenSite>>> {
    let (Some(update), true) = (member.update, member.migrated()) else { return Ok(None) };
    if !member.state.is_new() && member.state != MemberState::NeedsApproval {
        return Ok(None);
    }
    let instance = match store::instances::get(web.store(), &Scope::Fleet, member.instance).await {
        Ok(instance) => instance,
        Err(Error::NotFound { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };
    let update = store::operations::get(web.store(), &Scope::Fleet, update).await?;
    match updates::written_since(web.tools(), &instance, &update).await {
        Ok(sites) => Ok(Some(sites.into_iter().map(shapes::written).collect())),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Gives an order about one instance, for programs and for people.
///
/// # Errors
/// `NotFound`, and as [`orders::give_member`].
pub(in crate::web) async fn ordered_member(
    web: &Web,
    caller: &Caller,
    note: &Note,
    (id, slug): (&str, &str),
    environment: Option<&str>,
    order: MemberOrder,
) -> Result<()> {
    note.target(slug.chars().take(100).collect::<String>());
    let (rollout, member) = find_member(web, caller, id, slug, environment).await?;
    note.municipality(member.municipality).detail("rollout", rollout.id.text()).detail("release", rollout.release_name.clone());
    orders::give_member(web.tools(), rollout.id, member.instance, order, caller.principal.user.email.as_str()).await?;
    told(web, rollout.id);
    Ok(())
}

async fn order_member(web: &Web, caller: &Caller, note: &Note, path: &(String, String), which: &Which, order: MemberOrder) -> Answer {
    let environment = which.environment.as_deref();
    ordered_member(web, caller, note, (&path.0, &path.1), environment, order).await?;
    let (rollout, member) = find_member(web, caller, &path.0, &path.1, environment).await?;
    let names = store::releases::names(web.store()).await?;
    let held = waiting::all(web.tools(), &rollout, std::slice::from_ref(&member)).await?;
    Ok(HttpResponse::Ok().json(shapes::member(&member, &names, &held)))
}

/// Agrees that an instance goes back though what was written since is lost.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/members/{slug}/approve", tag = "rollouts",
    params(("id" = String, Path, description = "The rollout's id"), ("slug" = String, Path, description = "The municipality's slug"), Which), request_body = Nothing,
    responses((status = 200, description = "The instance in the rollout", body = shapes::Member), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn approve(
    web: Data<Web>,
    caller: Caller,
    note: Note,
    path: Path<(String, String)>,
    which: Params<Which>,
    _: Body<Nothing>,
) -> Answer {
    order_member(&web, &caller, &note, &path, &which.0, MemberOrder::Approve).await
}

/// Leaves an instance out that has not had its turn.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/members/{slug}/skip", tag = "rollouts",
    params(("id" = String, Path, description = "The rollout's id"), ("slug" = String, Path, description = "The municipality's slug"), Which), request_body = Nothing,
    responses((status = 200, description = "The instance in the rollout", body = shapes::Member), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn skip(
    web: Data<Web>,
    caller: Caller,
    note: Note,
    path: Path<(String, String)>,
    which: Params<Which>,
    _: Body<Nothing>,
) -> Answer {
    order_member(&web, &caller, &note, &path, &which.0, MemberOrder::Skip).await
}

/// Gives an instance that failed or was left out another turn, while the rollout goes on.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/members/{slug}/retry", tag = "rollouts",
    params(("id" = String, Path, description = "The rollout's id"), ("slug" = String, Path, description = "The municipality's slug"), Which), request_body = Nothing,
    responses((status = 200, description = "The instance in the rollout", body = shapes::Member), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn retry(
    web: Data<Web>,
    caller: Caller,
    note: Note,
    path: Path<(String, String)>,
    which: Params<Which>,
    _: Body<Nothing>,
) -> Answer {
    order_member(&web, &caller, &note, &path, &which.0, MemberOrder::Retry).await
}
