// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Logging in and out in a browser.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form, Query},
};
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    access::{self, Caller},
    error::{Error, FieldError},
    web::{
        Web, api,
        auth::{self, Peer},
        guard::Note,
        problem::Answer,
        view::models::{LogInPage, Notice},
        visit::{Visit, own_path, see_other, see_other_with},
    },
};

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// The log-in form, sent.
#[derive(Deserialize)]
pub struct LogIn {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// The log-in form; whoever is logged in already goes on.
pub async fn form(web: Data<Web>, visit: Visit, query: Query<Next>) -> Answer {
    let next = own_path(&query.next).unwrap_or("/").to_owned();
    if visit.caller.is_some() {
        return Ok(see_other(&next));
    }
    visit.page(&web, &LogInPage { next, ..LogInPage::default() })
}

/// Logs in.
pub async fn log_in(web: Data<Web>, visit: Visit, note: Note, peer: Peer, form: Form<LogIn>) -> Answer {
    let LogIn { email, password, next } = form.into_inner();
    let next = own_path(&next).unwrap_or("/").to_owned();
    api::session::attempted(&note, &email);
    let again = LogInPage { email: email.chars().take(100).collect(), next: next.clone(), ..LogInPage::default() };
    if email.trim().is_empty() {
        let missing = FieldError::new("email", "missing", "the e-mail address is missing", "write the address that you log in with");
        return visit.page_as(&web, StatusCode::BAD_REQUEST, &LogInPage { errors: vec![missing], ..again });
    }
    match access::log_in(web.store(), &email, password, peer.0, web.now()).await {
        Ok(login) => {
            note.actor(login.user.email.to_string());
            let mut answer = see_other(&next);
            answer.add_cookie(&auth::session_cookie(&web, &login, web.now())).map_err(|e| Error::Internal(e.to_string()))?;
            Ok(answer)
        }
        Err(Error::Unauthenticated) => visit.page_as(&web, StatusCode::UNAUTHORIZED, &LogInPage { wrong: true, ..again }),
        Err(Error::Throttled { retry_after_seconds }) => {
            let page = LogInPage { wait_seconds: Some(retry_after_seconds), ..again };
            visit.page_as(&web, StatusCode::TOO_MANY_REQUESTS, &page)
        }
        Err(other) => Err(other.into()),
    }
}

/// Logs out.
pub async fn log_out(web: Data<Web>, request: HttpRequest, caller: Caller, note: Note) -> Answer<HttpResponse> {
    note.target(caller.principal.user.email.to_string());
    if let Some(secret) = auth::session_secret(&request, &web) {
        access::log_out(web.store(), &secret).await?;
    }
    let mut answer = see_other_with("/login", Notice::LoggedOut);
    answer.add_cookie(&auth::no_cookie(&web)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}
