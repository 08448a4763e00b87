// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Users.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{self, Listing, User};
use crate::{
    access::{self, Caller, NewUser, UserChange},
    error::{Error, FieldError, Result},
    fleet::{self, Role, UserId},
    store::{self, users::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Part of the log-in name.
    email: Option<String>,
    /// Only with this role.
    role: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// Log-in name.
    email: String,
    /// Name shown to others.
    name: String,
    /// `administrator`, `operator`, `release-manager`, `web-manager` or `auditor`.
    role: String,
    /// Slugs of the municipalities that a web manager is bound to.
    #[serde(default)]
    municipalities: Vec<String>,
    /// Language of pages: `sv` or `en`.
    language: Option<String>,
    /// The first password; made up and told once when left out.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Name shown to others.
    name: Option<String>,
    /// Role.
    role: Option<String>,
    /// Slugs of the municipalities that a web manager is bound to.
    municipalities: Option<Vec<String>>,
    /// Language of pages: `sv`, `en`, or empty for the browser's.
    language: Option<String>,
    /// Whether the account cannot be used. Disabling ends sessions and revokes tokens.
    disabled: Option<bool>,
}

/// A password for somebody else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The new one; made up and told once when left out.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// A user, with the password where one was made up.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithPassword {
    /// The user.
    #[serde(flatten)]
    user: User,
    /// The password that was made up. Told once.
    password: Option<String>,
}

/// The id in an address.
///
/// # Errors
/// `NotFound` when it is none.
pub fn id(text: &str) -> Result<UserId> {
    text.parse().map_err(|_| Error::not_found("user"))
}

/// A password that was made up, to be told once.
#[must_use]
pub fn told(password: Option<SecretString>) -> Option<String> {
    password.map(|p| p.expose_secret().to_owned())
}

/// Makes a user and notes what came of it; for the API and the page.
///
/// # Errors
/// As [`access::create_user`].
pub async fn created(web: &Web, note: &Note, wanted: &NewUser) -> Result<(fleet::access::User, Option<SecretString>)> {
    let (user, made_up) = access::create_user(web.store(), wanted, web.now()).await?;
    note.target(user.email.to_string()).detail("role", user.role.to_string());
    Ok((user, made_up))
}

/// Changes a user and notes what came of it; for the API and the page.
///
/// # Errors
/// As [`access::change_user`]; `Conflict` where somebody would disable the account in use, and be locked out by a slip.
pub async fn changed(web: &Web, caller: &Caller, note: &Note, id: UserId, wanted: &UserChange) -> Result<fleet::access::User> {
    let before = store::users::get(web.store(), id).await?;
    note.target(before.email.to_string());
    if let Some(role) = &wanted.role {
        note.detail("role", role.chars().take(40).collect::<String>());
    }
    if let Some(disabled) = wanted.disabled {
        note.detail("disabled", disabled);
    }
    if let Some(slugs) = &wanted.municipalities {
        note.detail("municipalities", slugs.len());
    }
    if wanted.disabled == Some(true) && id == caller.principal.user.id {
        let (what, fix) = ("nobody can disable the account in use", "let another administrator do it");
        return Err(Error::Conflict(FieldError::new("disabled", "own-account", what, fix)));
    }
    access::change_user(web.store(), id, wanted, web.now()).await
}

/// Gives a user another password and notes it; for the API and the page.
///
/// # Errors
/// As [`access::reset_password`].
pub async fn renewed(web: &Web, note: &Note, id: UserId, new: Option<SecretString>) -> Result<(fleet::access::User, Option<SecretString>)> {
    let before = store::users::get(web.store(), id).await?;
    note.target(before.email.to_string());
    access::reset_password(web.store(), id, new).await
}

/// Everybody who can log in.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(Query), responses((status = 200, description = "A page of users", body = Listing<User>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, query: Params<Query>) -> Answer {
    let Query { email, role, page, per_page } = query.0;
    let role = role.filter(|r| !r.is_empty()).map(|r| r.parse::<Role>()).transpose()?;
    let page = input::page(page.as_deref(), per_page.as_deref())?;
    let found = store::users::list(web.store(), &Filter { email, role }, page).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |u| shapes::user(u, &slugs))))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = Create,
    responses((status = 201, description = "The user", body = WithPassword), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn create(web: Data<Web>, note: Note, body: Body<Create>) -> Answer {
    let Create { email, name, role, municipalities, language, password } = body.0;
    let wanted = NewUser { email, name, role, municipalities, language, password };
    let (user, made_up) = created(&web, &note, &wanted).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    let place = format!("/api/v1/users/{}", user.id);
    let user = shapes::user(user, &slugs);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(WithPassword { user, password: told(made_up) }))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn show(web: Data<Web>, path: Path<String>) -> Answer {
    let user = store::users::get(web.store(), id(&path)?).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(shapes::user(user, &slugs)))
}

/// Changes a user.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path, description = "The user's id")), request_body = Change,
    responses((status = 200, description = "The user", body = User), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn change(web: Data<Web>, caller: Caller, note: Note, path: Path<String>, body: Body<Change>) -> Answer {
    let Change { name, role, municipalities, language, disabled } = body.0;
    let wanted = UserChange { name, role, municipalities, language, disabled };
    let user = changed(&web, &caller, &note, id(&path)?, &wanted).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(shapes::user(user, &slugs)))
}

/// Gives a user another password; ends all of the user's sessions.
#[utoipa::path(post, path = "/api/v1/users/{id}/password", tag = "users", params(("id" = String, Path, description = "The user's id")), request_body = Reset,
    responses((status = 200, description = "The user", body = WithPassword), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn password(web: Data<Web>, note: Note, path: Path<String>, body: Body<Reset>) -> Answer {
    let (user, made_up) = renewed(&web, &note, id(&path)?, body.0.password).await?;
    let slugs = store::municipalities::slugs(web.store()).await?;
    Ok(HttpResponse::Ok().json(WithPassword { user: shapes::user(user, &slugs), password: told(made_up) }))
}
