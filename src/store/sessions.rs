// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Sessions: only the SHA-256 of what the browser holds is kept.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::session,
};
use crate::{
    error::{Error, Result},
    fleet::UserId,
};

/// One log-in of one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256, in hex, of the secret in the cookie.
    pub token_sha256: String,
    /// Who is logged in.
    pub user: UserId,
    /// What every form of this session must carry.
    pub csrf: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends even if it is used.
    pub expires_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = session)]
struct Row {
    token_sha256: String,
    user_id: String,
    csrf: String,
    created_at: i64,
    seen_at: i64,
    expires_at: i64,
}

impl TryFrom<Row> for Session {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            token_sha256: row.token_sha256,
            user: rows::parse("session.user_id", &row.user_id)?,
            csrf: row.csrf,
            created_at: rows::time("session.created_at", row.created_at)?,
            seen_at: rows::time("session.seen_at", row.seen_at)?,
            expires_at: rows::time("session.expires_at", row.expires_at)?,
        })
    }
}

/// Adds a session.
///
/// # Errors
/// When the store fails.
pub async fn insert(store: &Store, new: &Session) -> Result<()> {
    let row = Row {
        token_sha256: new.token_sha256.clone(),
        user_id: new.user.text(),
        csrf: new.csrf.clone(),
        created_at: rows::micros(new.created_at),
        seen_at: rows::micros(new.seen_at),
        expires_at: rows::micros(new.expires_at),
    };
    write!(store, |c| Ok(diesel::insert_into(session::table).values(&row).execute(c).await.map(drop)?))
}

/// The session of that secret's SHA-256, expired or not.
///
/// # Errors
/// When the store fails.
pub async fn by_sha256(store: &Store, sha256: &str) -> Result<Option<Session>> {
    let row: Option<Row> = read!(store, |c| Ok(session::table
        .filter(session::token_sha256.eq(sha256))
        .select(Row::as_select())
        .first(c)
        .await
        .optional()?))?;
    row.map(Session::try_from).transpose()
}

/// Notes that a session is in use.
///
/// # Errors
/// When the store fails.
pub async fn seen(store: &Store, sha256: &str, at: Timestamp) -> Result<()> {
    write!(store, |c| Ok(diesel::update(session::table.filter(session::token_sha256.eq(sha256)))
        .set(session::seen_at.eq(rows::micros(at)))
        .execute(c)
        .await
        .map(drop)?))
}

/// Ends a session; one that is not there is ended already.
///
/// # Errors
/// When the store fails.
pub async fn end(store: &Store, sha256: &str) -> Result<()> {
    write!(store, |c| Ok(diesel::delete(session::table.filter(session::token_sha256.eq(sha256))).execute(c).await.map(drop)?))
}

/// Forgets sessions that are past their end, or not used since `idle_since`, and says how many.
///
/// # Errors
/// When the store fails.
pub async fn forget(store: &Store, now: Timestamp, idle_since: Timestamp) -> Result<usize> {
    let (now, idle) = (rows::micros(now), rows::micros(idle_since));
    write!(store, |c| Ok(diesel::delete(session::table.filter(session::expires_at.le(now).or(session::seen_at.le(idle))))
        .execute(c)
        .await?))
}
