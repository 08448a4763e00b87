// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! API tokens: made by users for programs.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

use super::{after, secrets};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Principal, TokenId,
        access::{ApiToken, Permission},
    },
    store::{self, Store},
};

/// Every token starts so: people and secret scanners recognise it.
pub const PREFIX: &str = "flt_";
const DEFAULT_DAYS: i64 = 90;
const LONGEST_DAYS: i64 = 366;

/// A token that somebody wants, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do; everything that its maker may when left out.
    pub permissions: Option<Vec<String>>,
    /// Days until it ends, 1–366; 90 when left out.
    pub expires_in_days: Option<i64>,
}

/// Makes a token for the caller and gives its secret, once.
///
/// A token made with a token never does more and never lives longer than that one.
///
/// # Errors
/// `Invalid` naming `name`, `permissions` or `expires_in_days`.
pub async fn create_token(store: &Store, maker: &Principal, wanted: &NewToken, now: Timestamp) -> Result<(ApiToken, SecretString)> {
    let mut errors = Vec::new();
    let name = wanted.name.trim().to_owned();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        errors.push(FieldError::new(
            "name",
            "invalid-name",
            "the name must have 1 to 60 visible characters",
            "say what the token is for, such as `nightly report`",
        ));
    }
    let permissions = permissions(maker, wanted.permissions.as_deref(), &mut errors);
    let expires_at = expiry(maker, wanted.expires_in_days, now, &mut errors);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let secret = format!("{PREFIX}{}", secrets::random());
    let token = ApiToken {
        id: TokenId::generate(),
        user: maker.user.id,
        name,
        prefix: secret.chars().take(PREFIX.len() + 6).collect(),
        permissions,
        created_at: now,
        expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    store::tokens::insert(store, &token, &secrets::sha256(&secret)).await?;
    Ok((token, secret.into()))
}

fn permissions(maker: &Principal, wanted: Option<&[String]>, errors: &mut Vec<FieldError>) -> Vec<Permission> {
    let Some(wanted) = wanted else { return Permission::ALL.into_iter().filter(|p| maker.may(*p)).collect() };
    let mut given = Vec::new();
    for text in wanted {
        match text.parse::<Permission>() {
            Err(e) => errors.push(e.at("permissions")),
            Ok(p) if !maker.may(p) => {
                errors.push(FieldError::new(
                    "permissions",
                    "beyond-own",
                    format!("you may not `{p}` yourself"),
                    "leave it out, or let an administrator make the token",
                ));
            }
            Ok(p) if given.contains(&p) => {}
            Ok(p) => given.push(p),
        }
    }
    if wanted.is_empty() {
        errors.push(FieldError::new(
            "permissions",
            "empty",
            "a token that may do nothing is of no use",
            "name at least one permission, such as read-fleet",
        ));
    }
    given
}

fn expiry(maker: &Principal, days: Option<i64>, now: Timestamp, errors: &mut Vec<FieldError>) -> Timestamp {
    if days.is_some_and(|days| !(1..=LONGEST_DAYS).contains(&days)) {
        errors.push(FieldError::new("expires_in_days", "out-of-range", "a token lives 1 to 366 days", "give a number from 1 to 366"));
        return now;
    }
    let wanted = after(now, SignedDuration::from_hours(24 * days.unwrap_or(DEFAULT_DAYS)));
    match &maker.token {
        Some(token) if wanted > token.expires_at && days.is_some() => {
            errors.push(FieldError::new(
                "expires_in_days",
                "beyond-own",
                format!("the token in use ends on {}, and the new one would live longer", token.expires_at),
                "ask for fewer days, or log in with a password to make the token",
            ));
            now
        }
        Some(token) => wanted.min(token.expires_at),
        None => wanted,
    }
}

/// Revokes a token: one's own, or anybody's for those who manage users. Revoking twice changes nothing.
///
/// # Errors
/// `NotFound` when there is none, or the caller may not know of it.
pub async fn revoke_token(store: &Store, caller: &Principal, id: TokenId, now: Timestamp) -> Result<ApiToken> {
    let token = store::tokens::get(store, id).await?;
    if token.user != caller.user.id && !caller.may(Permission::ManageUsers) {
        return Err(if caller.may(Permission::ReadUsers) {
            Error::Forbidden { needs: "role administrator, for somebody else's token".to_owned() }
        } else {
            Error::not_found("token")
        });
    }
    store::tokens::revoke(store, id, now).await
}
