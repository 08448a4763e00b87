// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! API tokens.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::shapes::{self, Listing, Token};
use crate::{
    access::{self, Caller, NewToken},
    error::{Error, FieldError, Result},
    fleet::{
        TokenId, UserId,
        access::{ApiToken, Permission},
    },
    store,
    web::{
        Web,
        guard::Note,
        input::{self, Body, Params},
        problem::{Answer, Problem},
    },
};

/// Which tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Whose, by the user's id, or `all`; one's own when left out. Others' need the permission to read users.
    user: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// What it is for.
    name: String,
    /// What it may do; everything that its maker may when left out.
    permissions: Option<Vec<String>>,
    /// Days until it ends, 1–366; 90 when left out.
    expires_in_days: Option<i64>,
}

/// A token with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct WithSecret {
    /// About it.
    #[serde(flatten)]
    about: Token,
    /// The token itself. Told once.
    token: String,
}

/// The id in an address.
///
/// # Errors
/// `NotFound` when it is none.
pub fn id(text: &str) -> Result<TokenId> {
    text.parse().map_err(|_| Error::not_found("token"))
}

/// Makes a token and notes what came of it; for the API and the page.
///
/// # Errors
/// As [`access::create_token`].
pub async fn created(web: &Web, caller: &Caller, note: &Note, wanted: &NewToken) -> Result<(ApiToken, SecretString)> {
    let (token, secret) = access::create_token(web.store(), &caller.principal, wanted, web.now()).await?;
    note.target(token.prefix.clone()).detail("name", token.name.clone());
    Ok((token, secret))
}

/// Revokes a token and notes what came of it; for the API and the pages.
///
/// # Errors
/// As [`access::revoke_token`].
pub async fn revoked(web: &Web, caller: &Caller, note: &Note, id: TokenId) -> Result<ApiToken> {
    let token = access::revoke_token(web.store(), &caller.principal, id, web.now()).await?;
    note.target(token.prefix.clone()).detail("name", token.name.clone());
    Ok(token)
}

/// Tokens, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "account", params(Query), responses((status = 200, description = "A page of tokens", body = Listing<Token>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, caller: Caller, query: Params<Query>) -> Answer {
    let Query { user, page, per_page } = query.0;
    let page = input::page(page.as_deref(), per_page.as_deref())?;
    let own = caller.principal.user.id;
    let whose = match user.as_deref().filter(|u| !u.is_empty()) {
        None => Some(own),
        Some("all") => None,
        Some(text) => Some(text.parse::<UserId>().map_err(|e: FieldError| e.at("user"))?),
    };
    if whose != Some(own) && !caller.principal.may(Permission::ReadUsers) {
        return Err(Error::Forbidden { needs: format!("a role that may `{}`", Permission::ReadUsers) }.into());
    }
    let found = store::tokens::list(web.store(), whose, page).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, shapes::token)))
}

/// Makes a token for oneself.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "account", request_body = Create,
    responses((status = 201, description = "The token", body = WithSecret), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn create(web: Data<Web>, caller: Caller, note: Note, body: Body<Create>) -> Answer {
    let Create { name, permissions, expires_in_days } = body.0;
    let wanted = NewToken { name, permissions, expires_in_days };
    let (token, secret) = created(&web, &caller, &note, &wanted).await?;
    let place = format!("/api/v1/tokens/{}", token.id);
    let answer = WithSecret { about: shapes::token(token), token: secret.expose_secret().to_owned() };
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(answer))
}

/// Revokes a token: one's own, or anybody's for those who manage users.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "account", params(("id" = String, Path, description = "The token's id")),
    responses((status = 200, description = "The token", body = Token), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn revoke(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let id = id(&path)?;
    let token = revoked(&web, &caller, &note, id).await?;
    Ok(HttpResponse::Ok().json(shapes::token(token)))
}
