// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One municipality in a rollout: what speaks for and against its update, what going back would lose, and orders for it alone.

use actix_web::web::{Data, Form, Path, Query};
use serde::Deserialize;

use super::super::in_place;
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::{
        Rollout, Scope,
        access::Permission,
        rollout::{MemberState, RolloutMember, RolloutState},
        update::Written,
    },
    rollouts::{orders::MemberOrder, updates, waiting},
    store,
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::models::{RolloutMemberPage, command_line},
        visit::{Visit, see_other},
    },
};

/// Which of its instances; also the form that confirms.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Which {
    environment: String,
    confirm: String,
}

/// One municipality.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<(String, String)>, which: Query<Which>) -> Answer {
    let (rollout, member) = api::rollouts::find_member(&web, &caller, &path.0, &path.1, Some(&which.environment)).await?;
    visit.page(&web, &model(&web, &caller, &rollout, member).await?)
}

/// Agrees to what going back loses, when the slug was typed.
pub async fn approve(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<(String, String)>, form: Form<Which>) -> Answer {
    if form.confirm.trim() != path.1 {
        let said = format!("`{}` is not the slug", form.confirm.trim().escape_debug());
        let wrong = FieldError::new("confirm", "confirm-mismatch", said, format!("type `{}`", path.1.escape_debug()));
        return refuse(&web, visit, &caller, &note, &path, &form, wrong.into()).await;
    }
    order(&web, visit, &caller, &note, &path, &form, MemberOrder::Approve).await
}

/// Leaves it out.
pub async fn skip(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<(String, String)>, form: Form<Which>) -> Answer {
    order(&web, visit, &caller, &note, &path, &form, MemberOrder::Skip).await
}

/// Gives it another turn.
pub async fn retry(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<(String, String)>, form: Form<Which>) -> Answer {
    order(&web, visit, &caller, &note, &path, &form, MemberOrder::Retry).await
}

async fn order(
    web: &Web,
    visit: Visit,
    caller: &Caller,
    note: &Note,
    path: &(String, String),
    which: &Which,
    order: MemberOrder,
) -> Answer {
    let place = (path.0.as_str(), path.1.as_str());
    match api::rollouts::ordered_member(web, caller, note, place, Some(&which.environment), order).await {
        Ok(()) => Ok(see_other(&format!("/rollouts/{}", path.0))),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => refuse(web, visit, caller, note, path, which, refused).await,
    }
}

async fn refuse(
    web: &Web,
    mut visit: Visit,
    caller: &Caller,
    note: &Note,
    path: &(String, String),
    which: &Which,
    refused: Error,
) -> Answer {
    let (rollout, member) = api::rollouts::find_member(web, caller, &path.0, &path.1, Some(&which.environment)).await?;
    let (status, errors) = in_place::told(note, refused)?;
    let page = RolloutMemberPage { errors, confirm: which.confirm.clone(), ..model(web, caller, &rollout, member).await? };
    visit.shell.here = format!("/rollouts/{}/members/{}", path.0, path.1);
    visit.page_as(web, status, &page)
}

async fn model(web: &Web, caller: &Caller, rollout: &Rollout, member: RolloutMember) -> Result<RolloutMemberPage> {
    use MemberState as M;
    let names = store::releases::names(web.store()).await?;
    let held = waiting::all(web.tools(), rollout, std::slice::from_ref(&member)).await?;
    let held = held.get(&member.instance);
    let name = match store::municipalities::by_slug(web.store(), &caller.principal.scope(), &member.slug).await {
        Ok(found) => found.name,
        Err(Error::NotFound { .. }) => member.slug.to_string(),
        Err(other) => return Err(other),
    };
    let may = caller.principal.may(Permission::ManageRollouts);
    let goes_on = matches!(rollout.state, RolloutState::Running | RolloutState::Paused);
    let place = usize::try_from(member.wave).unwrap_or(usize::MAX);
    Ok(RolloutMemberPage {
        verdict: api::rollouts::verdict(web, &member).await?,
        written: losses(web, &member).await?,
        rehearsal: api::rollouts::rehearsal(web, &member).await?.and_then(|said| {
            let level = said["level"].as_str()?.parse().ok()?;
            Some((said["operation"].as_str()?.to_owned(), level))
        }),
        id: rollout.id.text(),
        release: rollout.release_name.clone(),
        name,
        environment: member.environment,
        wave: member.wave.saturating_add(1),
        wave_name: rollout.waves.get(place).cloned().unwrap_or_default(),
        placed: member.placed,
        state: member.state,
        blame: member.blame,
        reason: held.map(|(_, why)| why.clone()).filter(|why| !why.is_empty()).unwrap_or_else(|| member.reason.clone()),
        held: held.map(|(held, _)| *held),
        from: names.get(&member.from).cloned().unwrap_or_default(),
        migration: member.migration,
        update: member.update.map(|id| id.text()),
        operation: member.operation.map(|id| id.text()),
        exposed_at: member.exposed_at,
        may_approve: may && member.state == M::NeedsApproval && !member.approved,
        may_skip: may && goes_on && member.state == M::Pending,
        may_retry: may && goes_on && matches!(member.state, M::Unchanged | M::RolledBack | M::Skipped),
        confirm: String::new(),
        errors: Vec::new(),
        command: command_line(["flotta", "rollout", "show", &rollout.id.text(), member.slug.as_str()]),
        slug: member.slug.to_string(),
    })
}

/// What going back would lose at a member; none where it loses nothing, or cannot be asked.
pub(super) async fn losses(web: &Web, member: &RolloutMember) -> Result<Option<Vec<Written>>> {
    let (Some(update), true) = (member.update, member.migrated()) else { return Ok(None) };
    if !member.state.is_new() && member.state != MemberState::NeedsApproval {
        return Ok(None);
    }
    let asked = async {
        let instance = store::instances::get(web.store(), &Scope::Fleet, member.instance).await?;
        let update = store::operations::get(web.store(), &Scope::Fleet, update).await?;
        updates::written_since(web.tools(), &instance, &update).await
    };
    match asked.await {
        Ok(written) => Ok(Some(written)),
        Err(Error::NotFound { .. } | Error::Outside { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}
