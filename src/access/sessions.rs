// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From what a request carries to who calls.

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::{PREFIX, SESSION_IDLE, after, secrets};
use crate::{
    error::{Error, Result},
    fleet::Principal,
    store::{self, Store},
};

/// What a request carries to say who calls.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API token, from `Authorization: Bearer …`.
    Token(SecretString),
    /// A session's secret, from the cookie.
    Session(SecretString),
}

/// Who calls, and by which session where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The session, where no token was used.
    pub session: Option<SessionInHand>,
}

/// What a handler needs to know of the session in use.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionInHand {
    /// SHA-256 of its secret; names it in the store.
    pub token_sha256: String,
    /// What every form must carry.
    pub csrf: String,
    /// When it ends even if it is used.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for SessionInHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionInHand").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Finds out who calls.
///
/// # Errors
/// `Unauthenticated` when the secret is unknown, expired, idle for too long or revoked, or its user is disabled.
pub async fn authenticate(store: &Store, credential: &Credential, now: Timestamp) -> Result<Caller> {
    match credential {
        Credential::Token(secret) => by_token(store, secret, now).await,
        Credential::Session(secret) => by_session(store, secret, now).await,
    }
}

async fn by_token(store: &Store, secret: &SecretString, now: Timestamp) -> Result<Caller> {
    let secret = secret.expose_secret();
    if !secret.starts_with(PREFIX) {
        return Err(Error::Unauthenticated);
    }
    let found = store::tokens::by_sha256(store, &secrets::sha256(secret)).await?;
    let token = found.filter(|t| t.revoked_at.is_none() && t.expires_at > now).ok_or(Error::Unauthenticated)?;
    let user = enabled(store::users::get(store, token.user).await)?;
    let hour = |at: Timestamp| at.as_second().div_euclid(3600);
    if token.last_used_at.is_none_or(|last| hour(last) != hour(now)) {
        let on_the_hour = Timestamp::from_second(hour(now) * 3600).unwrap_or(now);
        store::tokens::used(store, token.id, on_the_hour).await?;
    }
    Ok(Caller { principal: Principal { user, token: Some(token) }, session: None })
}

async fn by_session(store: &Store, secret: &SecretString, now: Timestamp) -> Result<Caller> {
    let sha256 = secrets::sha256(secret.expose_secret());
    let session = store::sessions::by_sha256(store, &sha256).await?.ok_or(Error::Unauthenticated)?;
    if session.expires_at <= now || after(session.seen_at, SESSION_IDLE) <= now {
        store::sessions::end(store, &sha256).await?;
        return Err(Error::Unauthenticated);
    }
    let user = enabled(store::users::get(store, session.user).await)?;
    // To the minute: a page with live parts would write for every request otherwise.
    if now.duration_since(session.seen_at) >= SignedDuration::from_mins(1) {
        store::sessions::seen(store, &sha256, now).await?;
    }
    let session = SessionInHand { token_sha256: sha256, csrf: session.csrf, expires_at: session.expires_at };
    Ok(Caller { principal: Principal { user, token: None }, session: Some(session) })
}

fn enabled(found: Result<crate::fleet::access::User>) -> Result<crate::fleet::access::User> {
    match found {
        Ok(user) if user.disabled_at.is_none() => Ok(user),
        Ok(_) | Err(Error::NotFound { .. }) => Err(Error::Unauthenticated),
        Err(other) => Err(other),
    }
}
