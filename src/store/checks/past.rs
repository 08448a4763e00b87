// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Checks as history shows them: also those that are gone.

use super::*;

/// A check that there is, or was: its number, address, when it was begun, and when it ended.
pub type Once = (u32, String, Timestamp, Option<Timestamp>);

/// Every check that a municipality ever had, by number.
///
/// # Errors
/// When the store fails.
pub async fn ever(store: &Store, scope: &Scope, of: MunicipalityId) -> Result<Vec<Once>> {
    if !scope.covers(of) {
        return Ok(Vec::new());
    }
    let id = of.text();
    let found: Vec<(i32, String, String, i64, Option<i64>)> = read!(store, |c| Ok(check::table
        .filter(check::municipality_id.eq(&id))
        .order(check::number.asc())
        .select((check::number, check::host, check::path, check::created_at, check::gone_at))
        .load(c)
        .await?))?;
    let one = |(number, host, path, since, until): (i32, String, String, i64, Option<i64>)| {
        Ok((
            rows::unsigned("health_check.number", number)?,
            if path == "/" { host } else { format!("{host}{path}") },
            rows::time("health_check.created_at", since)?,
            rows::maybe_time("health_check.gone_at", until)?,
        ))
    };
    found.into_iter().map(one).collect()
}
