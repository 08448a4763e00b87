// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Answers to requests that may be repeated with the same `Idempotency-Key` and start no operation. (Those that do start one
//! are in `operations`.)

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::{SignedDuration, Timestamp};

use super::{
    Store,
    connection::{one_at_a_time, write},
    operations::Idempotency,
    rows,
    schema::idempotent_answer as answer,
};
use crate::error::{Error, FieldError, Result};

/// A request that has not been answered for so long was cut off, and may be made again.
const CUT_OFF: SignedDuration = SignedDuration::from_mins(5);

/// What was answered the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// Takes a key for a request, or gives the answer that the same request got before.
///
/// # Errors
/// `Conflict` when the key was used for another request, or the first one is still being worked on.
pub async fn claim(store: &Store, key: &Idempotency, now: Timestamp) -> Result<Option<Answer>> {
    type Found = (String, Option<i32>, Option<String>, Option<String>, i64);
    let refused = |code: &str, message: &str, fix: &str| Error::Conflict(FieldError::new("Idempotency-Key", code, message, fix));
    write!(store, |c| {
        one_at_a_time!(c, "idempotency");
        let found: Option<Found> = answer::table
            .filter(answer::user_id.eq(key.user.text()).and(answer::key.eq(&key.key)))
            .select((answer::request_sha256, answer::status, answer::location, answer::body, answer::created_at))
            .first(c)
            .await
            .optional()?;
        match found {
            None => {
                diesel::insert_into(answer::table)
                    .values((
                        answer::user_id.eq(key.user.text()),
                        answer::key.eq(&key.key),
                        answer::request_sha256.eq(&key.request_sha256),
                        answer::created_at.eq(rows::micros(now)),
                    ))
                    .execute(c)
                    .await?;
                Ok(None)
            }
            Some((sha, ..)) if sha != key.request_sha256 => Err(refused(
                "idempotency-key-reused",
                "this Idempotency-Key was used for another request",
                "send a new key with a new request",
            )
            .into()),
            Some((_, Some(status), location, body, _)) => {
                Ok(Some(Answer { status: u16::try_from(status).unwrap_or(200), location, body: body.unwrap_or_default() }))
            }
            Some((_, None, _, _, at)) if now.duration_since(rows::time("idempotent_answer.created_at", at)?) < CUT_OFF => Err(refused(
                "idempotency-key-busy",
                "the first request with this Idempotency-Key is still worked on",
                "wait a moment and ask again",
            )
            .into()),
            Some(_) => {
                diesel::update(answer::table.filter(answer::user_id.eq(key.user.text()).and(answer::key.eq(&key.key))))
                    .set(answer::created_at.eq(rows::micros(now)))
                    .execute(c)
                    .await?;
                Ok(None)
            }
        }
    })
}

/// Keeps the answer for repeats; where there is none to keep, the key is free again.
///
/// # Errors
/// When the store fails.
pub async fn settle(store: &Store, key: &Idempotency, given: Option<&Answer>) -> Result<()> {
    write!(store, |c| {
        let row = answer::table.filter(answer::user_id.eq(key.user.text()).and(answer::key.eq(&key.key)));
        match given {
            Some(given) => {
                diesel::update(row)
                    .set((
                        answer::status.eq(Some(i32::from(given.status))),
                        answer::location.eq(&given.location),
                        answer::body.eq(Some(&given.body)),
                    ))
                    .execute(c)
                    .await?;
            }
            None => {
                diesel::delete(row).execute(c).await?;
            }
        }
        Ok(())
    })
}

/// Forgets answers from before, and says how many.
///
/// # Errors
/// When the store fails.
pub async fn forget(store: &Store, before: Timestamp) -> Result<usize> {
    write!(store, |c| Ok(diesel::delete(answer::table.filter(answer::created_at.lt(rows::micros(before)))).execute(c).await?))
}
