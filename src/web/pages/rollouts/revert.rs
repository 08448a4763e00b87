// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Going back: what it loses, and the word to type where it loses something.

use actix_web::web::{Data, Form, Path};
use serde::Deserialize;

use super::{super::in_place, member::losses};
use crate::{
    access::Caller,
    error::{Error, FieldError, Result},
    fleet::rollout::{MemberState, RolloutMember},
    rollouts::orders::Order,
    store,
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::models::{Loss, RolloutRevertPage, command_line},
        visit::{Visit, see_other},
    },
};

/// What is lost is shown for so many.
const SHOWN: usize = 20;

/// The form, sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    lose_data: String,
    confirm: String,
}

/// What it loses.
pub async fn form(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    visit.page(&web, &model(&web, &caller, &path, &Sent::default()).await?)
}

/// Goes back.
pub async fn send(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, sent: Form<Sent>) -> Answer {
    let lose_data = !sent.lose_data.is_empty();
    let page = model(&web, &caller, &path, &sent).await?;
    let refused = if lose_data && sent.confirm.trim() != page.release {
        let said = format!("`{}` is not the release's name", sent.confirm.trim().escape_debug());
        FieldError::new("confirm", "confirm-release", said, format!("type `{}`", page.release)).into()
    } else {
        match api::rollouts::ordered(&web, &caller, &note, &path, Order::Revert { lose_data }).await {
            Ok(rollout) => return Ok(see_other(&format!("/rollouts/{}", rollout.id))),
            Err(refused @ Error::NotFound { .. }) => return Err(refused.into()),
            Err(refused) => refused,
        }
    };
    let (status, errors) = in_place::told(&note, refused)?;
    visit.page_as(&web, status, &RolloutRevertPage { errors, ..page })
}

async fn model(web: &Web, caller: &Caller, id: &str, sent: &Sent) -> Result<RolloutRevertPage> {
    let rollout = api::rollouts::find(web, caller, id).await?;
    let members = store::rollouts::members(web.store(), &caller.principal.scope(), rollout.id).await?;
    let back = |m: &&RolloutMember| m.state.is_new() || matches!(m.state, MemberState::Updating | MemberState::NeedsApproval);
    let (losing, free): (Vec<&RolloutMember>, Vec<&RolloutMember>) = members.iter().filter(back).partition(|m| m.migrated());
    let mut told = Vec::new();
    for member in losing.iter().take(SHOWN) {
        told.push(Loss { slug: member.slug.to_string(), written: losses(web, member).await?.unwrap_or_default() });
    }
    let lose_data = !sent.lose_data.is_empty();
    let mut command = vec!["flotta", "rollout", "revert", id];
    if !losing.is_empty() {
        command.extend(["--lose-data", "--confirm", &rollout.release_name]);
    }
    Ok(RolloutRevertPage {
        command: command_line(command),
        id: rollout.id.text(),
        free: free.len(),
        losing: losing.len(),
        losses: told,
        lose_data,
        confirm: sent.confirm.clone(),
        errors: Vec::new(),
        release: rollout.release_name,
    })
}
