// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One's own account.

use actix_web::{HttpResponse, web::Data};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::{self, User};
use crate::{
    access::{self, Caller, UserChange},
    error::Result,
    fleet, store,
    web::{
        Web,
        auth::Peer,
        guard::Note,
        input::Body,
        problem::{Answer, Problem},
    },
};

/// What is to change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Name shown to others.
    pub name: Option<String>,
    /// Language of pages: `sv`, `en`, or empty for the browser's.
    pub language: Option<String>,
    /// A new password.
    pub password: Option<NewPassword>,
}

/// A new password. The user's other sessions end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present one.
    #[schema(value_type = String, format = Password)]
    pub current: SecretString,
    /// The new one, at least 12 characters.
    #[schema(value_type = String, format = Password)]
    pub new: SecretString,
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/v1/account", tag = "account", responses((status = 200, description = "The user", body = User), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, caller: Caller) -> Answer {
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(shapes::user(caller.principal.user, &slugs)))
}

/// Changes one's own name, language or password.
#[utoipa::path(patch, path = "/api/v1/account", tag = "account", request_body = Change,
    responses((status = 200, description = "The user", body = User), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn change(web: Data<Web>, caller: Caller, note: Note, peer: Peer, body: Body<Change>) -> Answer {
    let user = changed(&web, &caller, &note, peer, body.0).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(shapes::user(user, &slugs)))
}

/// Changes the caller's own account and notes what; for the API and the page.
///
/// # Errors
/// As [`access::change_own_password`] and [`access::change_user`].
pub async fn changed(web: &Web, caller: &Caller, note: &Note, peer: Peer, change: Change) -> Result<fleet::access::User> {
    let user = &caller.principal.user;
    note.target(user.email.to_string());
    let Change { name, language, password } = change;
    for (field, given) in [("name", name.is_some()), ("language", language.is_some()), ("password", password.is_some())] {
        if given {
            note.detail(field, "changed");
        }
    }
    if let Some(NewPassword { current, new }) = password {
        access::change_own_password(web.store(), caller, current, new, peer.0, web.now()).await?;
    }
    let wanted = UserChange { name, language, ..UserChange::default() };
    access::change_user(web.store(), user.id, &wanted, web.now()).await
}
