// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Logging in from the command line, and logging out.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    access::{self, Caller, NewToken},
    error::Error,
    fleet::{Email, Principal},
    web::{
        Web,
        auth::{self, Peer},
        guard::Note,
        input::Body,
        problem::{Answer, Problem},
    },
};

/// Days that a token from a log-in lives.
const DAYS: i64 = 30;

/// A log-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Log-in name.
    pub email: String,
    /// Password.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// What a log-in gives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// An API token with everything that the user may do. Told once.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Logs in: gives an API token for the command line, which ends after 30 days.
#[utoipa::path(post, path = "/api/v1/session", tag = "account", security(()), request_body = LogIn,
    responses((status = 200, description = "Logged in", body = Session), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn create(web: Data<Web>, note: Note, peer: Peer, body: Body<LogIn>) -> Answer {
    let LogIn { email, password } = body.0;
    attempted(&note, &email);
    let login = access::log_in(web.store(), &email, password, peer.0, web.now()).await?;
    note.actor(login.user.email.to_string());
    // The session itself is of no use to a program.
    access::log_out(web.store(), &login.secret).await?;
    let wanted = NewToken { name: "cli".to_owned(), permissions: None, expires_in_days: Some(DAYS) };
    let maker = Principal { user: login.user, token: None };
    let (token, secret) = access::create_token(web.store(), &maker, &wanted, web.now()).await?;
    Ok(HttpResponse::Ok().json(Session { token: secret.expose_secret().to_owned(), expires_at: token.expires_at }))
}

/// Logs out: revokes the token in use, or ends the session.
#[utoipa::path(delete, path = "/api/v1/session", tag = "account", responses((status = 204, description = "Logged out"), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn end(web: Data<Web>, request: HttpRequest, caller: Caller, note: Note) -> Answer {
    note.target(caller.principal.user.email.to_string());
    if let Some(token) = &caller.principal.token {
        access::revoke_token(web.store(), &caller.principal, token.id, web.now()).await?;
    } else if let Some(secret) = auth::session_secret(&request, &web) {
        access::log_out(web.store(), &secret).await?;
    } else {
        return Err(Error::Unauthenticated.into());
    }
    Ok(HttpResponse::NoContent().cookie(auth::no_cookie(&web)).finish())
}

/// Notes as whom somebody tries to log in. What is no address is not noted: people type their password there by mistake.
pub fn attempted(note: &Note, email: &str) {
    note.target(email.trim().parse::<Email>().map_or_else(|_| "(no e-mail address)".to_owned(), |e| e.to_string()));
}
