// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Brings a store's tables up to date. The migrations are in the binary; both backends have the same names.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Address;
use crate::error::{Error, OutsideKind, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Runs what is pending and returns its names. Needs tokio's multi-threaded runtime.
///
/// # Errors
/// When the store cannot be reached, or a migration fails; what was done before stays done.
pub async fn run(address: &Address) -> Result<Vec<String>> {
    let failed =
        |e: Box<dyn std::error::Error + Send + Sync>| Error::outside("store", OutsideKind::Refused, format!("migration failed: {e}"));
    match address.clone() {
        Address::Sqlite(path) => tokio::task::spawn_blocking(move || {
            let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(|e| failed(e.into()))?;
            connection.batch_execute("PRAGMA busy_timeout = 10000").map_err(|e| failed(e.into()))?;
            let done = connection.run_pending_migrations(SQLITE).map_err(failed)?;
            Ok(done.iter().map(ToString::to_string).collect())
        })
        .await
        .map_err(|e| Error::Internal(e.to_string()))?,
        Address::Postgres(url) => {
            let unreachable = |e: String| Error::outside("store", OutsideKind::Unreachable, e);
            let mut connection = AsyncPgConnection::establish(&url).await.map_err(|e| unreachable(e.to_string()))?;
            // Several control planes may start at once: one migrates, the others wait. Ends with the connection.
            connection.batch_execute("SELECT pg_advisory_lock(7700)").await.map_err(|e| unreachable(e.to_string()))?;
            // The harness blocks; `spawn_blocking` works on every runtime, unlike its own `block_in_place`.
            let handle = tokio::runtime::Handle::current();
            tokio::task::spawn_blocking(move || {
                let _entered = handle.enter();
                let mut harness = AsyncMigrationHarness::new(connection);
                let done = harness.run_pending_migrations(POSTGRES).map_err(failed)?;
                Ok(done.iter().map(ToString::to_string).collect())
            })
            .await
            .map_err(|e| Error::Internal(e.to_string()))?
        }
    }
}
