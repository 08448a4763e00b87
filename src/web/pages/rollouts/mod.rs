// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts: the list, the board, and orders for the whole.

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Form, Path},
};

use super::{asked, in_place};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{
        Rollout, RolloutId, Scope,
        access::Permission,
        known,
        rollout::{MemberState, RolloutEvent, RolloutEventKind, RolloutMember, RolloutState},
    },
    rollouts::{orders::Order, waiting},
    store::{self, PageRequest},
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::{
            Page,
            models::{
                GateRecord, HistoryLine, MemberTile, RolloutActions, RolloutPage, RolloutRow, RolloutsPage, WaveColumn, command_line,
            },
        },
        visit::{Visit, see_other},
    },
};

pub mod member;
pub mod plan;
pub mod revert;

/// Rows on one page of the list.
const ROWS: u32 = 50;
/// Lines of the history on the board.
const LINES: usize = 60;

/// Nothing but the secret.
#[derive(Debug, serde::Deserialize)]
pub struct Nothing {}

/// Rollouts, newest first.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    let page = asked::page(&request, ROWS)?;
    let (store, scope) = (web.store(), caller.principal.scope());
    let found = store::rollouts::list(store, &scope, None, page).await?;
    let ids: Vec<RolloutId> = found.items.iter().map(|r| r.id).collect();
    let counts = store::rollouts::counts(store, &scope, &ids).await?;
    let mut going = Vec::new();
    for state in [RolloutState::Running, RolloutState::Paused, RolloutState::Halting, RolloutState::Reverting] {
        let one = store::rollouts::list(store, &scope, Some(&state.to_string()), PageRequest::new(None, Some(1))?).await?;
        going.push((state, usize::try_from(one.total).unwrap_or(0)));
    }
    let none = HashMap::new();
    let model = RolloutsPage {
        rows: found.items.iter().map(|r| row(r, counts.get(&r.id).unwrap_or(&none))).collect(),
        live: going.iter().map(|(_, n)| n).sum(),
        waiting: going.iter().filter(|(state, _)| *state == RolloutState::Paused).map(|(_, n)| n).sum(),
        may_manage: caller.principal.may(Permission::ManageRollouts),
        has_choice: store::releases::list(store, PageRequest { page: 1, per_page: 1 }).await?.total > 1,
        pager: asked::pager(page, found.total, "/rollouts", &[]),
        command: "flotta rollout list".to_owned(),
    };
    visit.page(&web, &model)
}

/// Those that go on or wait for a person, newest first.
pub(super) async fn unfinished(web: &Web, scope: &Scope) -> Result<Vec<RolloutRow>> {
    use RolloutState as S;
    let mut found = Vec::new();
    for state in [S::RevertBlocked, S::Paused, S::Halting, S::Reverting, S::Running] {
        found.extend(store::rollouts::list(web.store(), scope, Some(&state.to_string()), PageRequest::new(None, Some(ROWS))?).await?.items);
    }
    let ids: Vec<RolloutId> = found.iter().map(|r| r.id).collect();
    let counts = store::rollouts::counts(web.store(), scope, &ids).await?;
    let none = HashMap::new();
    Ok(found.iter().map(|r| row(r, counts.get(&r.id).unwrap_or(&none))).collect())
}

fn failed(counts: &HashMap<MemberState, u32>) -> u32 {
    let of = |state| counts.get(&state).copied().unwrap_or(0);
    of(MemberState::Unchanged) + of(MemberState::RolledBack) + of(MemberState::NeedsApproval) + of(MemberState::Quarantined)
}

fn row(r: &Rollout, counts: &HashMap<MemberState, u32>) -> RolloutRow {
    RolloutRow {
        id: r.id.text(),
        release: r.release_name.clone(),
        state: r.state,
        why: r.why,
        done: counts.get(&MemberState::Succeeded).copied().unwrap_or(0),
        failed: failed(counts),
        total: counts.values().sum(),
        requested_by: r.requested_by.clone(),
        created_at: r.created_at,
    }
}

/// The board.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, &path).await?)
}

/// The part of the board that changes while the rollout goes on.
pub async fn live_part(web: Data<Web>, mut visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let model = model(&web, &caller, &path).await?;
    visit.shell.here = format!("/rollouts/{}", model.id);
    let html = web.views.render(Page::RolloutLive, &visit.shell, &model)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

/// Starts nothing new.
pub async fn pause(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, _: Form<Nothing>) -> Answer {
    order(&web, visit, &caller, &note, &path, Order::Pause).await
}

/// Lets it go on.
pub async fn resume(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, _: Form<Nothing>) -> Answer {
    order(&web, visit, &caller, &note, &path, Order::Resume).await
}

/// Stops it for good.
pub async fn halt(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, _: Form<Nothing>) -> Answer {
    order(&web, visit, &caller, &note, &path, Order::Halt).await
}

async fn order(web: &Web, mut visit: Visit, caller: &Caller, note: &Note, id: &str, order: Order) -> Answer {
    match api::rollouts::ordered(web, caller, note, id, order).await {
        Ok(rollout) => Ok(see_other(&format!("/rollouts/{}", rollout.id))),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => {
            let (status, errors) = in_place::told(note, refused)?;
            let page = RolloutPage { errors, ..model(web, caller, id).await? };
            visit.shell.here = format!("/rollouts/{}", page.id);
            visit.page_as(web, status, &page)
        }
    }
}

/// What is shown of a rollout.
async fn model(web: &Web, caller: &Caller, id: &str) -> Result<RolloutPage> {
    let (store, scope) = (web.store(), caller.principal.scope());
    let rollout = api::rollouts::find(web, caller, id).await?;
    let members = store::rollouts::members(store, &scope, rollout.id).await?;
    let events = store::rollouts::events_after(store, &scope, rollout.id, 0).await?;
    let held = waiting::all(web.tools(), &rollout, &members).await?;
    let names = names(web, caller).await?;
    let mut counts: HashMap<MemberState, u32> = HashMap::new();
    for member in &members {
        *counts.entry(member.state).or_default() += 1;
    }
    let tile = |m: &RolloutMember| MemberTile {
        slug: m.slug.to_string(),
        name: names.get(m.slug.as_str()).cloned().unwrap_or_else(|| m.slug.to_string()),
        environment: m.environment,
        state: m.state,
        held: held.get(&m.instance).map(|(held, _)| *held),
    };
    let waves = (0..).zip(&rollout.waves).map(|(at, name): (u32, _)| {
        let own: Vec<&RolloutMember> = members.iter().filter(|m| m.wave == at).collect();
        WaveColumn {
            nth: usize::try_from(at).unwrap_or(usize::MAX).saturating_add(1),
            name: name.clone(),
            open: at <= rollout.gates,
            turns: own.iter().filter(|m| m.state.is_over()).count(),
            soak_seconds: rollout.knobs.soak(at),
            gate: gate(&events, at),
            tiles: own.into_iter().map(tile).collect(),
        }
    });
    let end = rollout.finished_at.unwrap_or_else(|| web.now());
    Ok(RolloutPage {
        waves: waves.filter(|w| !w.tiles.is_empty()).collect(),
        id: rollout.id.text(),
        release: rollout.release_name.clone(),
        state: rollout.state,
        why: rollout.why,
        over: rollout.state.is_final(),
        done: counts.get(&MemberState::Succeeded).copied().unwrap_or(0),
        failed: failed(&counts),
        total: counts.values().sum(),
        turns: counts.iter().filter(|(state, _)| state.is_over()).map(|(_, n)| n).sum(),
        failures: rollout.failures,
        budget: rollout.budget,
        in_flight: rollout.knobs.in_flight,
        requested_by: rollout.requested_by.clone(),
        created_at: rollout.created_at,
        finished_at: rollout.finished_at,
        elapsed_seconds: end.duration_since(rollout.created_at).as_secs_f64().max(0.0),
        expected_seconds: rollout.expected_seconds,
        history: events.iter().rev().take(LINES).map(line).collect(),
        may: actions(&rollout, caller.principal.may(Permission::ManageRollouts)),
        errors: Vec::new(),
        command: command_line(["flotta", "rollout", "watch", &rollout.id.text()]),
    })
}

/// Everyday names by slug, where the code tells one; else official ones.
async fn names(web: &Web, caller: &Caller) -> Result<HashMap<String, String>> {
    let all = store::municipalities::all(web.store(), &caller.principal.scope()).await?;
    let name = |m: crate::fleet::Municipality| {
        let short = m.code.as_ref().and_then(|code| known::by_code(code.as_str())).map(|k| k.short.to_owned());
        (m.slug.to_string(), short.unwrap_or(m.name))
    };
    Ok(all.into_iter().map(name).collect())
}

fn gate(events: &[RolloutEvent], wave: u32) -> Option<GateRecord> {
    let passed = events.iter().find(|e| e.kind == RolloutEventKind::Gate && e.word == wave.to_string())?;
    let number = |name: &str| passed.evidence[name].as_u64().unwrap_or(0);
    Some(GateRecord {
        at: passed.at,
        succeeded: number("succeeded"),
        failed: number("failed"),
        waiting: number("waiting"),
        agreed: passed.evidence["agreed"] == true,
    })
}

fn line(e: &RolloutEvent) -> HistoryLine {
    HistoryLine {
        at: e.at,
        kind: e.kind,
        slug: e.slug.clone(),
        word: e.word.clone(),
        why: e.evidence["why"].as_str().unwrap_or_default().to_owned(),
        by: e.by.clone(),
        message: e.message.clone(),
    }
}

fn actions(rollout: &Rollout, may: bool) -> RolloutActions {
    use RolloutState as S;
    RolloutActions {
        pause: may && rollout.state == S::Running,
        resume: may && rollout.state == S::Paused,
        halt: may && matches!(rollout.state, S::Running | S::Paused),
        revert: may && !matches!(rollout.state, S::Reverting | S::Reverted),
    }
}
