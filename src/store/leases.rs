// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Leases of background duties: one holder over all control planes.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use jiff::Timestamp;

use super::{
    Store,
    connection::{read, write},
    rows,
    schema::lease,
};
use crate::error::Result;

/// Takes or keeps a duty until `until`. Gives false while another holds it.
///
/// # Errors
/// When the store fails.
pub async fn hold(store: &Store, name: &str, owner: &str, now: Timestamp, until: Timestamp) -> Result<bool> {
    let (now, until) = (rows::micros(now), rows::micros(until));
    write!(store, |c| {
        let kept = diesel::update(lease::table)
            .filter(lease::name.eq(name).and(lease::owner.eq(owner).or(lease::until.le(now))))
            .set((lease::owner.eq(owner), lease::epoch.eq(lease::epoch + 1), lease::until.eq(until)))
            .execute(c)
            .await?;
        if kept == 1 {
            return Ok(true);
        }
        let made = diesel::insert_into(lease::table)
            .values((lease::name.eq(name), lease::owner.eq(owner), lease::epoch.eq(1_i64), lease::until.eq(until)))
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
        Ok(made == 1)
    })
}

/// Until when a duty is held; none where nobody ever held it, or this control plane's start ended it.
///
/// # Errors
/// When the store fails.
pub async fn until(store: &Store, name: &str) -> Result<Option<Timestamp>> {
    let until: Option<i64> =
        read!(store, |c| Ok(lease::table.filter(lease::name.eq(name)).select(lease::until).first(c).await.optional()?))?;
    until.filter(|until| *until > 0).map(|until| rows::time("lease.until", until)).transpose()
}

/// Ends every lease. Only for a store that no other control plane shares, at start: whoever held one is gone.
///
/// # Errors
/// When the store fails.
pub async fn release_all(store: &Store) -> Result<()> {
    write!(store, |c| Ok(diesel::update(lease::table).set(lease::until.eq(0_i64)).execute(c).await.map(drop)?))
}
