// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the fleet decided once and must keep.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Store, connection::write, schema::setting};
use crate::error::Result;

/// The value of that name; `first` becomes it where there is none yet.
///
/// # Errors
/// When the store fails.
pub async fn keep(store: &Store, name: &str, first: &str) -> Result<String> {
    write!(store, |c| {
        diesel::insert_into(setting::table)
            .values((setting::name.eq(name), setting::value.eq(first)))
            .on_conflict_do_nothing()
            .execute(c)
            .await?;
        Ok(setting::table.filter(setting::name.eq(name)).select(setting::value).first(c).await?)
    })
}

/// The value of that name, if there is one.
///
/// # Errors
/// When the store fails.
pub async fn get(store: &Store, name: &str) -> Result<Option<String>> {
    super::connection::read!(store, |c| Ok(setting::table
        .filter(setting::name.eq(name))
        .select(setting::value)
        .first(c)
        .await
        .optional()?))
}
