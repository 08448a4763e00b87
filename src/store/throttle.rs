// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How often log-in has failed lately, for each name and each address.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{Store, connection::write, rows, schema::login_throttle};
use crate::error::Result;

/// What is known of one key: failures in a row, the last one's time, and until when no attempt is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Failures without a success between them.
    pub failures: u32,
    /// When the last one was.
    pub failed_at: Timestamp,
    /// Until when attempts are turned away.
    pub blocked_until: Timestamp,
}

/// Counts an attempt as failed on every key before its outcome is known, so that a hundred at once are a hundred failures.
/// `next` says what becomes of a key's standing. When any key is blocked at `now`, nothing is counted and the latest end of
/// the blocks is given.
///
/// # Errors
/// When the store fails.
pub async fn attempt(
    store: &Store,
    keys: &[String],
    now: Timestamp,
    next: impl Fn(&str, Option<Standing>) -> Standing + Send + Sync,
) -> Result<Option<Timestamp>> {
    let micros = rows::micros(now);
    write!(store, |c| {
        let mut standings = Vec::new();
        for key in keys {
            // The upsert locks the row where there are several writers.
            diesel::insert_into(login_throttle::table)
                .values((
                    login_throttle::key.eq(key),
                    login_throttle::failures.eq(0),
                    login_throttle::failed_at.eq(micros),
                    login_throttle::blocked_until.eq(0_i64),
                ))
                .on_conflict(login_throttle::key)
                .do_update()
                .set(login_throttle::failures.eq(login_throttle::failures))
                .execute(c)
                .await?;
            let (failures, failed_at, blocked_until): (i32, i64, i64) = login_throttle::table
                .filter(login_throttle::key.eq(key))
                .select((login_throttle::failures, login_throttle::failed_at, login_throttle::blocked_until))
                .first(c)
                .await?;
            standings.push(Standing {
                failures: rows::unsigned("login_throttle.failures", failures)?,
                failed_at: rows::time("login_throttle.failed_at", failed_at)?,
                blocked_until: rows::time("login_throttle.blocked_until", blocked_until)?,
            });
        }
        if let Some(until) = standings.iter().map(|s| s.blocked_until).filter(|until| *until > now).max() {
            return Ok(Some(until));
        }
        for (key, standing) in keys.iter().zip(standings) {
            let after = next(key, (standing.failures > 0).then_some(standing));
            diesel::update(login_throttle::table.filter(login_throttle::key.eq(key)))
                .set((
                    login_throttle::failures.eq(rows::signed("login_throttle.failures", after.failures)?),
                    login_throttle::failed_at.eq(rows::micros(after.failed_at)),
                    login_throttle::blocked_until.eq(rows::micros(after.blocked_until)),
                ))
                .execute(c)
                .await?;
        }
        Ok(None)
    })
}

/// Forgets the failures of `clear`, and takes back one of each of `forgive`: the attempt succeeded after all.
///
/// # Errors
/// When the store fails.
pub async fn succeeded(store: &Store, clear: &[String], forgive: &[String]) -> Result<()> {
    write!(store, |c| {
        diesel::delete(login_throttle::table.filter(login_throttle::key.eq_any(clear))).execute(c).await?;
        diesel::update(login_throttle::table.filter(login_throttle::key.eq_any(forgive).and(login_throttle::failures.gt(0))))
            .set((login_throttle::failures.eq(login_throttle::failures - 1), login_throttle::blocked_until.eq(0_i64)))
            .execute(c)
            .await?;
        Ok(())
    })
}

/// Forgets keys that have not failed since `before`, and says how many.
///
/// # Errors
/// When the store fails.
pub async fn forget(store: &Store, before: Timestamp) -> Result<usize> {
    write!(store, |c| Ok(diesel::delete(login_throttle::table.filter(login_throttle::failed_at.lt(rows::micros(before))))
        .execute(c)
        .await?))
}
