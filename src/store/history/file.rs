// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The history's file: its tables, and what becomes of it when it cannot be read.

use std::path::{Path, PathBuf};

use diesel::{
    QueryableByName,
    result::Error as Diesel,
    sql_types::{BigInt, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection, pooled_connection::bb8};
use tracing::warn;

use super::super::{
    Fault,
    connection::{Sqlite, make_private, pool_error, sqlite_pool},
};
use crate::error::Result;

/// The tables as they are now; a file from before knows hours only.
const VERSION: i64 = 1;
/// Hours are found by municipality; so are sheets, which lie in the order in which they came so that small ones share a page.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS hour (
    municipality_id TEXT NOT NULL,
    hour BIGINT NOT NULL,
    samples BLOB NOT NULL,
    PRIMARY KEY (municipality_id, hour)
) WITHOUT ROWID;
ALTER TABLE hour ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX hour_by_time ON hour (hour, folded);
CREATE TABLE sheet (
    id INTEGER PRIMARY KEY,
    municipality_id TEXT NOT NULL,
    span INTEGER NOT NULL,
    at BIGINT NOT NULL,
    figures BLOB NOT NULL,
    UNIQUE (municipality_id, span, at)
);
CREATE INDEX sheet_by_time ON sheet (span, at);
CREATE TABLE total (
    span INTEGER NOT NULL,
    municipality_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    served BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    missed BIGINT NOT NULL,
    PRIMARY KEY (span, municipality_id, at)
) WITHOUT ROWID;
PRAGMA user_version = 1;";

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = BigInt)]
    user_version: i64,
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Connections to one file.
pub(super) struct Open {
    pub(super) read: bb8::Pool<Sqlite>,
    pub(super) write: bb8::Pool<Sqlite>,
    /// Counts the files that were begun since the start.
    pub(super) epoch: u64,
}

impl Open {
    /// Opens a file, or begins it.
    pub(super) async fn at(path: &Path, epoch: u64) -> Result<Self> {
        make_private(path)?;
        let write = sqlite_pool(&path.to_string_lossy(), 1).await?;
        let mut connection = write.get().await.map_err(pool_error)?;
        let version: Version = diesel::sql_query("PRAGMA user_version").get_result(&mut *connection).await.map_err(Fault::from)?;
        if version.user_version < VERSION {
            let made = format!("BEGIN IMMEDIATE;{TABLES}COMMIT");
            connection.batch_execute(&made).await.map_err(Fault::from)?;
        }
        // Reads the pages that lead to all others.
        connection
            .batch_execute("SELECT count(*) FROM hour WHERE municipality_id = ''; SELECT max(id) FROM sheet")
            .await
            .map_err(Fault::from)?;
        drop(connection);
        Ok(Self { read: sqlite_pool(&path.to_string_lossy(), 2).await?, write, epoch })
    }
}

/// Whether every page of the file is whole; what is wrong otherwise.
pub(super) async fn look_over(connection: &mut Sqlite) -> Result<Option<String>, Fault> {
    let found: Verdict = diesel::sql_query("PRAGMA quick_check(1)").get_result(connection).await?;
    Ok(Some(found.quick_check).filter(|said| said != "ok"))
}

/// Whether a failure means that the file is torn, not that it is busy or that the disk is full.
pub(super) fn is_torn(fault: &Fault) -> bool {
    let Fault::Query(Diesel::DatabaseError(_, info)) = fault else { return false };
    ["malformed", "not a database"].iter().any(|words| info.message().contains(words))
}

/// Puts a file aside, in place of one that was put aside before. Nobody may have it open.
pub(super) fn put_aside(path: &Path, why: &str) {
    warn!(why, file = %path.display(), "the history of checks cannot be read; it is put aside, and a new one begun");
    for ending in ["", "-wal", "-shm"] {
        // SQLite's own tools find the parts together under these names. What is not there need not be moved.
        drop(std::fs::rename(with(path, ending), with(path, &format!(".broken{ending}"))));
    }
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
