// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! API tokens: only the SHA-256 of what the caller holds is kept.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Page, PageRequest, Store,
    connection::{read, write},
    rows,
    schema::api_token,
};
use crate::{
    error::{Error, Result},
    fleet::{
        TokenId, UserId,
        access::{ApiToken, Permission},
    },
};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_token)]
struct Row {
    id: String,
    user_id: String,
    name: String,
    prefix: String,
    token_sha256: String,
    permissions: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for ApiToken {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let permissions: Vec<&str> = row.permissions.split_whitespace().collect();
        Ok(Self {
            id: rows::parse("api_token.id", &row.id)?,
            user: rows::parse("api_token.user_id", &row.user_id)?,
            name: row.name,
            prefix: row.prefix,
            permissions: permissions.iter().map(|p| rows::parse::<Permission>("api_token.permissions", p)).collect::<Result<_>>()?,
            created_at: rows::time("api_token.created_at", row.created_at)?,
            expires_at: rows::time("api_token.expires_at", row.expires_at)?,
            last_used_at: rows::maybe_time("api_token.last_used_at", row.last_used_at)?,
            revoked_at: rows::maybe_time("api_token.revoked_at", row.revoked_at)?,
        })
    }
}

/// Adds a token with the SHA-256, in hex, of its secret.
///
/// # Errors
/// When the store fails.
pub async fn insert(store: &Store, new: &ApiToken, sha256: &str) -> Result<()> {
    let row = Row {
        id: new.id.text(),
        user_id: new.user.text(),
        name: new.name.clone(),
        prefix: new.prefix.clone(),
        token_sha256: sha256.to_owned(),
        permissions: new.permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        created_at: rows::micros(new.created_at),
        expires_at: rows::micros(new.expires_at),
        last_used_at: new.last_used_at.map(rows::micros),
        revoked_at: new.revoked_at.map(rows::micros),
    };
    write!(store, |c| Ok(diesel::insert_into(api_token::table).values(&row).execute(c).await.map(drop)?))
}

/// The token of that secret's SHA-256, expired and revoked ones too.
///
/// # Errors
/// When the store fails.
pub async fn by_sha256(store: &Store, sha256: &str) -> Result<Option<ApiToken>> {
    let row: Option<Row> = read!(store, |c| Ok(api_token::table
        .filter(api_token::token_sha256.eq(sha256))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.map(ApiToken::try_from).transpose()
}

/// The token of that id.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn get(store: &Store, id: TokenId) -> Result<ApiToken> {
    let row: Option<Row> =
        read!(store, |c| Ok(api_token::table.filter(api_token::id.eq(id.text())).select(Row::as_select()).first(c).await.optional()?))?;
    row.ok_or_else(|| Error::not_found("token"))?.try_into()
}

/// A page of tokens, newest first; of one user where given.
///
/// # Errors
/// When the store fails.
pub async fn list(store: &Store, user: Option<UserId>, page: PageRequest) -> Result<Page<ApiToken>> {
    let (found, total) = read!(store, |c| {
        let query = || {
            let mut query = api_token::table.into_boxed();
            if let Some(user) = user {
                query = query.filter(api_token::user_id.eq(user.text()));
            }
            query
        };
        let rows: Vec<Row> = query()
            .select(Row::as_select())
            .order((api_token::created_at.desc(), api_token::id.desc()))
            .offset(page.offset())
            .limit(page.limit())
            .load(c)
            .await?;
        let total: i64 = query().count().get_result(c).await?;
        Ok((rows, total))
    })?;
    Ok(Page::new(found.into_iter().map(ApiToken::try_from).collect::<Result<_>>()?, page, total))
}

/// How many tokens of each user work now; users without one are left out.
///
/// # Errors
/// When the store fails.
pub async fn working(store: &Store, now: Timestamp) -> Result<HashMap<UserId, i64>> {
    let found: Vec<(String, i64)> = read!(store, |c| Ok(api_token::table
        .filter(api_token::revoked_at.is_null().and(api_token::expires_at.gt(rows::micros(now))))
        .group_by(api_token::user_id)
        .select((api_token::user_id, diesel::dsl::count_star()))
        .load(c)
        .await?))?;
    found.into_iter().map(|(user, count)| Ok((rows::parse("api_token.user_id", &user)?, count))).collect()
}

/// Notes that a token was used.
///
/// # Errors
/// When the store fails.
pub async fn used(store: &Store, id: TokenId, at: Timestamp) -> Result<()> {
    write!(store, |c| Ok(diesel::update(api_token::table.filter(api_token::id.eq(id.text())))
        .set(api_token::last_used_at.eq(rows::micros(at)))
        .execute(c)
        .await
        .map(drop)?))
}

/// Ends a token. One that was revoked before keeps its time.
///
/// # Errors
/// `NotFound` when there is none of that id.
pub async fn revoke(store: &Store, id: TokenId, at: Timestamp) -> Result<ApiToken> {
    write!(store, |c| Ok(diesel::update(api_token::table.filter(api_token::id.eq(id.text()).and(api_token::revoked_at.is_null())))
        .set(api_token::revoked_at.eq(rows::micros(at)))
        .execute(c)
        .await
        .map(drop)?))?;
    get(store, id).await
}
