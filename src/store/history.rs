// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The history of checks: a file of its own beside the store, so that what is written every few minutes delays nothing else, and
//! that losing it loses nothing else. Each control plane keeps what it saw itself.

use std::path::{Path, PathBuf};

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection, pooled_connection::bb8};
use tracing::warn;

use super::{
    Fault,
    connection::{Sqlite, begin_sqlite, finish, make_private, pool_error, sqlite_pool},
    rows,
};
use crate::{error::Result, fleet::MunicipalityId};

/// Rows are small and many: one block is found by its municipality and hour.
const TABLES: &str = "CREATE TABLE IF NOT EXISTS hour (
    municipality_id TEXT NOT NULL,
    hour BIGINT NOT NULL,
    samples BLOB NOT NULL,
    PRIMARY KEY (municipality_id, hour)
) WITHOUT ROWID";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    municipality_id: String,
    #[diesel(sql_type = BigInt)]
    hour: i64,
    #[diesel(sql_type = Binary)]
    samples: Vec<u8>,
}

/// One municipality's hour, counted from 1970, with its samples.
pub type Hour = ((MunicipalityId, i64), Vec<u8>);

/// The history's file. Cheap to clone.
#[derive(Clone)]
pub struct History(bb8::Pool<Sqlite>);

impl History {
    /// Opens the file, making it where it is missing. One that cannot be read is put aside, and a new one begun.
    ///
    /// # Errors
    /// When no file can be made here.
    pub async fn open(path: &Path) -> Result<Self> {
        match Self::try_open(path).await {
            Ok(history) => Ok(history),
            Err(error) => {
                warn!(%error, file = %path.display(), "the history of checks cannot be read; it is put aside, and a new one begun");
                for ending in ["", "-wal", "-shm"] {
                    let old = with(path, ending);
                    // What is not there need not be moved.
                    drop(std::fs::rename(&old, with(path, &format!("{ending}.broken"))));
                }
                Self::try_open(path).await
            }
        }
    }

    async fn try_open(path: &Path) -> Result<Self> {
        make_private(path)?;
        let pool = sqlite_pool(&path.to_string_lossy(), 1).await?;
        let mut connection = pool.get().await.map_err(pool_error)?;
        connection.batch_execute(TABLES).await.map_err(Fault::from)?;
        // Reads the pages that lead to all others.
        connection.batch_execute("SELECT count(*) FROM hour WHERE hour < 0; PRAGMA quick_check(1)").await.map_err(Fault::from)?;
        drop(connection);
        Ok(Self(pool))
    }

    /// Writes hours, in place of what was written of them before; all or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn put(&self, hours: &[Hour]) -> Result<()> {
        let mut guard = self.0.get().await.map_err(pool_error)?;
        let connection = &mut *guard;
        begin_sqlite(connection).await?;
        let outcome = async {
            for ((of, hour), samples) in hours {
                diesel::sql_query("INSERT OR REPLACE INTO hour (municipality_id, hour, samples) VALUES (?, ?, ?)")
                    .bind::<Text, _>(of.text())
                    .bind::<BigInt, _>(*hour)
                    .bind::<Binary, _>(samples)
                    .execute(connection)
                    .await?;
            }
            Ok(())
        }
        .await;
        finish(connection, outcome).await
    }

    /// What was written of a municipality in these hours, both included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn of(&self, municipality: MunicipalityId, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        let query = diesel::sql_query(
            "SELECT municipality_id, hour, samples FROM hour WHERE municipality_id = ? AND hour BETWEEN ? AND ? ORDER BY hour",
        )
        .bind::<Text, _>(municipality.text())
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to);
        let mut connection = self.0.get().await.map_err(pool_error)?;
        let found: Vec<Row> = query.load(&mut *connection).await.map_err(Fault::from)?;
        Ok(found.into_iter().map(|row| (row.hour, row.samples)).collect())
    }

    /// What was written of every municipality in one hour.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn all_of(&self, hour: i64) -> Result<Vec<Hour>> {
        let query = diesel::sql_query("SELECT municipality_id, hour, samples FROM hour WHERE hour = ?").bind::<BigInt, _>(hour);
        let mut connection = self.0.get().await.map_err(pool_error)?;
        let found: Vec<Row> = query.load(&mut *connection).await.map_err(Fault::from)?;
        found.into_iter().map(|row| Ok(((rows::parse("hour.municipality_id", &row.municipality_id)?, row.hour), row.samples))).collect()
    }

    /// Forgets the hours before one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget_before(&self, hour: i64) -> Result<()> {
        let mut connection = self.0.get().await.map_err(pool_error)?;
        let query = diesel::sql_query("DELETE FROM hour WHERE hour < ?").bind::<BigInt, _>(hour);
        query.execute(&mut *connection).await.map(drop).map_err(|error| Fault::from(error).into())
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hours_are_written_again_read_and_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("history.db")).await.unwrap();
        let (ale, bor) = (MunicipalityId::generate(), MunicipalityId::generate());
        history.put(&[((ale, 10), vec![1]), ((ale, 11), vec![2]), ((bor, 11), vec![3])]).await.unwrap();
        history.put(&[((ale, 11), vec![4])]).await.unwrap();
        assert_eq!(history.of(ale, 10, 11).await.unwrap(), [(10, vec![1]), (11, vec![4])]);
        assert_eq!(history.all_of(11).await.unwrap().len(), 2);
        history.forget_before(11).await.unwrap();
        assert_eq!(history.of(ale, 0, 100).await.unwrap(), [(11, vec![4])]);
    }

    #[tokio::test]
    async fn a_broken_file_is_put_aside_and_stops_nobody() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.db");
        let of = MunicipalityId::generate();
        std::fs::write(&path, b"SQLite format 3\0 and then something else entirely").unwrap();
        let history = History::open(&path).await.unwrap();
        history.put(&[((of, 1), vec![1])]).await.unwrap();
        assert_eq!(history.of(of, 1, 1).await.unwrap(), [(1, vec![1])]);
        assert!(home.path().join("history.db.broken").exists());
    }
}
