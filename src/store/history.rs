// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The history of checks: a file of its own beside the store, so that what is written every few minutes delays nothing else, and
//! that losing it loses nothing else. Each control plane keeps what it saw itself.
//!
//! Hours hold samples one by one; sheets hold what an hour or a day of a municipality came down to, and totals that of all its
//! sites. A file that turns out to be torn is put aside (`.broken`), and a new one begun; told once.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use tokio::sync::RwLock;

use super::{
    Fault,
    connection::{Sqlite, begin_sqlite, pool_error},
    rows,
};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::MunicipalityId,
};

mod file;
#[cfg(test)]
mod tests;

use file::Open;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    municipality_id: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    municipality_id: String,
    #[diesel(sql_type = BigInt)]
    at: i64,
}

#[derive(QueryableByName)]
struct TotalRow {
    #[diesel(sql_type = BigInt)]
    served: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    missed: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

/// One municipality's hour, counted from 1970.
pub type Key = (MunicipalityId, i64);
/// An hour with its samples.
pub type Hour = (Key, Vec<u8>);

/// What a sheet is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// An hour, counted from 1970.
    Hour,
    /// A day in universal time, counted from 1970.
    Day,
}

impl Span {
    const fn hours(self) -> i32 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }
}

/// What an hour or a day of a municipality came down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    /// Whether it is an hour or a day.
    pub span: Span,
    /// Which one, counted from 1970.
    pub at: i64,
    /// Its sites' figures, in the form of health's sheets.
    pub figures: Vec<u8>,
    /// Minutes of all its sites: served, failed, and not looked at.
    pub counts: (u64, u64, u64),
}

/// The counts of a municipality over some hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Minutes of all its sites: served, failed, and not looked at.
    pub counts: (u64, u64, u64),
    /// The last hour or day that was counted.
    pub last: Option<i64>,
}

/// The history's file. Cheap to clone.
#[derive(Clone)]
pub struct History(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// None while no file can be made; the next call tries again.
    open: RwLock<Option<Open>>,
}

/// Runs queries on a connection of this door, and puts the file aside where they show that it is torn.
macro_rules! on {
    ($self:ident, $door:ident, |$connection:ident| $body:expr) => {{
        $self.opened().await?;
        let (outcome, epoch): (Result<_, Fault>, u64) = {
            let open = $self.0.open.read().await;
            let Some(open) = open.as_ref() else { return Err(closed()) };
            let mut guard = open.$door.get().await.map_err(pool_error)?;
            let $connection = &mut *guard;
            (async { $body }.await, open.epoch)
        };
        $self.judged(outcome, epoch).await
    }};
}

impl History {
    /// Opens the file, making it where it is missing. One that cannot be read is put aside, and a new one begun.
    ///
    /// # Errors
    /// When no file can be made here.
    pub async fn open(path: &Path) -> Result<Self> {
        let open = match Open::at(path, 0).await {
            Ok(open) => open,
            // A disk that is full says nothing about the file.
            Err(error @ Error::Outside { kind: OutsideKind::Full, .. }) => return Err(error),
            Err(error) => {
                file::put_aside(path, &error.to_string());
                Open::at(path, 1).await?
            }
        };
        Ok(Self(Arc::new(Inner { path: path.to_owned(), open: RwLock::new(Some(open)) })))
    }

    async fn opened(&self) -> Result<()> {
        if self.0.open.read().await.is_none() {
            let mut open = self.0.open.write().await;
            if open.is_none() {
                *open = Some(Open::at(&self.0.path, u64::MAX).await?);
            }
        }
        Ok(())
    }

    async fn judged<T>(&self, outcome: Result<T, Fault>, epoch: u64) -> Result<T> {
        match outcome {
            Err(fault) if file::is_torn(&fault) => {
                let error = Error::from(fault);
                self.put_aside(epoch, &error.to_string()).await?;
                Err(error)
            }
            outcome => outcome.map_err(Error::from),
        }
    }

    async fn put_aside(&self, epoch: u64, why: &str) -> Result<()> {
        // Whoever reads or writes holds this lock too: nobody is using a connection now.
        let mut open = self.0.open.write().await;
        if open.as_ref().is_some_and(|open| open.epoch != epoch) {
            return Ok(());
        }
        drop(open.take());
        file::put_aside(&self.0.path, why);
        *open = Some(Open::at(&self.0.path, epoch.wrapping_add(1)).await?);
        Ok(())
    }

    /// Looks at every page of the file, and puts it aside where one is torn. Gives whether it was whole.
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub async fn look_over(&self) -> Result<bool> {
        let epoch = self.0.open.read().await.as_ref().map_or(0, |open| open.epoch);
        let wrong = match on!(self, read, |c| file::look_over(c).await) {
            // It was put aside already.
            Err(_) if self.0.open.read().await.as_ref().is_some_and(|open| open.epoch != epoch) => return Ok(false),
            wrong => wrong?,
        };
        match wrong {
            Some(wrong) => self.put_aside(epoch, &wrong).await.map(|()| false),
            None => Ok(true),
        }
    }

    /// Writes hours, in place of what was written of them before; all or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn put(&self, hours: &[Hour]) -> Result<()> {
        on!(self, write, |c| {
            begin_sqlite(c).await?;
            let written = put_all(c, hours).await;
            ended(c, written).await
        })
    }

    /// What was written of a municipality in these hours, both included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn of(&self, municipality: MunicipalityId, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        let found: Vec<Row> = on!(self, read, |c| {
            Ok(diesel::sql_query(
            "SELECT municipality_id, hour AS at, samples AS bytes FROM hour WHERE municipality_id = ? AND hour BETWEEN ? AND ? ORDER BY hour",
        )
        .bind::<Text, _>(municipality.text())
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .load(c)
        .await?)
        })?;
        Ok(found.into_iter().map(|row| (row.at, row.bytes)).collect())
    }

    /// What was written of every municipality in one hour.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn all_of(&self, hour: i64) -> Result<Vec<Hour>> {
        let found: Vec<Row> =
            on!(self, read, |c| Ok(diesel::sql_query("SELECT municipality_id, hour AS at, samples AS bytes FROM hour WHERE hour = ?")
                .bind::<BigInt, _>(hour)
                .load(c)
                .await?))?;
        found.into_iter().map(|row| Ok((key(&row.municipality_id, row.at)?, row.bytes))).collect()
    }

    /// The hours before one that were written since they were folded last, or never were.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn unfolded(&self, before: i64) -> Result<Vec<Key>> {
        let found: Vec<KeyRow> = on!(self, read, |c| Ok(diesel::sql_query(
            "SELECT municipality_id, hour AS at FROM hour WHERE hour < ? AND folded = 0 ORDER BY municipality_id, hour",
        )
        .bind::<BigInt, _>(before)
        .load(c)
        .await?))?;
        found.into_iter().map(|row| key(&row.municipality_id, row.at)).collect()
    }

    /// Municipalities and days of which there are hours, but no sheet yet; of days that end before an hour.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn unfolded_days(&self, before: i64) -> Result<Vec<Key>> {
        let found: Vec<KeyRow> = on!(self, read, |c| Ok(diesel::sql_query(
            "SELECT DISTINCT municipality_id, hour / 24 AS at FROM hour WHERE hour / 24 < ? / 24 AND NOT EXISTS (
                SELECT 1 FROM total WHERE span = 24 AND total.municipality_id = hour.municipality_id AND total.at = hour.hour / 24
            ) ORDER BY 1, 2",
        )
        .bind::<BigInt, _>(before)
        .load(c)
        .await?))?;
        found.into_iter().map(|row| key(&row.municipality_id, row.at)).collect()
    }

    /// Writes what hours and days of a municipality came down to, in place of what was written of them before, and that these
    /// hours are folded; all or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn fold(&self, municipality: MunicipalityId, sheets: &[Folded], hours: &[i64]) -> Result<()> {
        let of = municipality.text();
        on!(self, write, |c| {
            begin_sqlite(c).await?;
            let written = fold_all(c, &of, sheets, hours).await;
            ended(c, written).await
        })
    }

    /// The sheets of a municipality from one time to another, both included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn sheets(&self, municipality: MunicipalityId, span: Span, from: i64, to: i64) -> Result<Vec<(i64, Vec<u8>)>> {
        let found: Vec<Row> = on!(self, read, |c| {
            Ok(diesel::sql_query(
            "SELECT municipality_id, at, figures AS bytes FROM sheet WHERE municipality_id = ? AND span = ? AND at BETWEEN ? AND ? ORDER BY at",
        )
        .bind::<Text, _>(municipality.text())
        .bind::<Integer, _>(span.hours())
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .load(c)
        .await?)
        })?;
        Ok(found.into_iter().map(|row| (row.at, row.bytes)).collect())
    }

    /// The counts of a municipality from one time to another, both included, of what is folded.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn total(&self, municipality: MunicipalityId, span: Span, from: i64, to: i64) -> Result<Total> {
        let found: TotalRow = on!(self, read, |c| Ok(diesel::sql_query(
            "SELECT coalesce(sum(served), 0) AS served, coalesce(sum(failed), 0) AS failed, coalesce(sum(missed), 0) AS missed,
                max(at) AS last FROM total WHERE span = ? AND municipality_id = ? AND at BETWEEN ? AND ?",
        )
        .bind::<Integer, _>(span.hours())
        .bind::<Text, _>(municipality.text())
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(to)
        .get_result(c)
        .await?))?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        Ok(Total { counts: (count(found.served), count(found.failed), count(found.missed)), last: found.last })
    }

    /// Forgets samples before an hour, the figures of hours before another, and those of days before a day. What is not folded yet
    /// is kept. The room is used again: the file does not shrink, and grows no more.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn forget(&self, samples: i64, hours: i64, days: i64) -> Result<()> {
        on!(self, write, |c| {
            let old = "DELETE FROM hour WHERE hour < ? AND folded = 1";
            diesel::sql_query(old).bind::<BigInt, _>(samples).execute(c).await?;
            for table in ["sheet", "total"] {
                for (span, at) in [(Span::Hour, hours), (Span::Day, days)] {
                    let old = format!("DELETE FROM {table} WHERE span = ? AND at < ?");
                    diesel::sql_query(old).bind::<Integer, _>(span.hours()).bind::<BigInt, _>(at).execute(c).await?;
                }
            }
            Ok(())
        })
    }
}

async fn put_all(c: &mut Sqlite, hours: &[Hour]) -> Result<(), Fault> {
    for ((of, hour), samples) in hours {
        diesel::sql_query("INSERT OR REPLACE INTO hour (municipality_id, hour, samples, folded) VALUES (?, ?, ?, 0)")
            .bind::<Text, _>(of.text())
            .bind::<BigInt, _>(*hour)
            .bind::<Binary, _>(samples)
            .execute(c)
            .await?;
    }
    Ok(())
}

async fn fold_all(c: &mut Sqlite, of: &str, sheets: &[Folded], hours: &[i64]) -> Result<(), Fault> {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    for sheet in sheets {
        let replace = "INSERT INTO sheet (municipality_id, span, at, figures) VALUES (?, ?, ?, ?)
            ON CONFLICT (municipality_id, span, at) DO UPDATE SET figures = excluded.figures";
        diesel::sql_query(replace)
            .bind::<Text, _>(of)
            .bind::<Integer, _>(sheet.span.hours())
            .bind::<BigInt, _>(sheet.at)
            .bind::<Binary, _>(&sheet.figures)
            .execute(c)
            .await?;
        let (served, failed, missed) = sheet.counts;
        diesel::sql_query("INSERT OR REPLACE INTO total (span, municipality_id, at, served, failed, missed) VALUES (?, ?, ?, ?, ?, ?)")
            .bind::<Integer, _>(sheet.span.hours())
            .bind::<Text, _>(of)
            .bind::<BigInt, _>(sheet.at)
            .bind::<BigInt, _>(signed(served))
            .bind::<BigInt, _>(signed(failed))
            .bind::<BigInt, _>(signed(missed))
            .execute(c)
            .await?;
    }
    for hour in hours {
        diesel::sql_query("UPDATE hour SET folded = 1 WHERE municipality_id = ? AND hour = ?")
            .bind::<Text, _>(of)
            .bind::<BigInt, _>(*hour)
            .execute(c)
            .await?;
    }
    Ok(())
}

/// Ends a write as its body says. Of a full disk SQLite may have taken it back itself, so what went wrong first is told.
async fn ended(c: &mut Sqlite, outcome: Result<(), Fault>) -> Result<(), Fault> {
    type Transactions = <Sqlite as AsyncConnection>::TransactionManager;
    match outcome {
        Ok(()) => Transactions::commit_transaction(c).await.map_err(Fault::from),
        Err(fault) => {
            drop(Transactions::rollback_transaction(c).await);
            Err(fault)
        }
    }
}

fn key(municipality: &str, at: i64) -> Result<Key> {
    Ok((rows::parse("history.municipality_id", municipality)?, at))
}

fn closed() -> Error {
    Error::outside("history", OutsideKind::Failed, "the history of checks cannot be opened; see the log")
}
