// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Connections and the two doors, `read!` and `write!`.

use std::{path::PathBuf, time::Duration};

use diesel::{SqliteConnection, connection::AnsiTransactionManager as SyncTransactions};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, bb8},
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures::FutureExt;

use super::Fault;
use crate::error::{Error, FieldError, OutsideKind, Result};

/// A connection to SQLite; its work is done on tokio's blocking threads.
pub type Sqlite = SyncConnectionWrapper<SqliteConnection>;
type Pool<C> = bb8::Pool<C>;

/// How long a caller waits for a connection before it is told that the store is busy.
const WAIT: Duration = Duration::from_secs(10);
const SQLITE_READERS: u32 = 3;
const POSTGRES_CONNECTIONS: u32 = 8;

/// The fleet's store. Cheap to clone.
#[derive(Clone)]
pub struct Store(pub(super) Backend);

/// What is behind a store; only the two doors look inside.
#[derive(Clone)]
pub(super) enum Backend {
    Sqlite { read: Pool<Sqlite>, write: Pool<Sqlite> },
    Postgres(Pool<AsyncPgConnection>),
}

/// Where a store is: strictly by scheme, so that a mistyped address never becomes a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `sqlite:///absolute/path`.
    Sqlite(PathBuf),
    /// `postgres://…`.
    Postgres(String),
}

impl std::str::FromStr for Address {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        if let Some(path) = text.strip_prefix("sqlite://").filter(|p| p.starts_with('/')) {
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(FieldError::new(
            "store.address",
            "invalid-store-address",
            "the store's address has an unknown form",
            "write sqlite:///absolute/path/flotta.db or postgres://user:password@host/database",
        ))
    }
}

impl Store {
    /// Connects, without migrating. On SQLite the file is made, with mode 0600, where it does not exist.
    ///
    /// # Errors
    /// When the store cannot be reached or opened.
    pub async fn connect(address: &Address) -> Result<Self> {
        let backend = match address {
            Address::Sqlite(path) => {
                make_private(path)?;
                let url = path.to_string_lossy().into_owned();
                Backend::Sqlite { read: sqlite_pool(&url, SQLITE_READERS).await?, write: sqlite_pool(&url, 1).await? }
            }
            Address::Postgres(url) => {
                let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new(url);
                Backend::Postgres(
                    Pool::builder().max_size(POSTGRES_CONNECTIONS).connection_timeout(WAIT).build(manager).await.map_err(pool_error)?,
                )
            }
        };
        Ok(Self(backend))
    }

    /// `sqlite` or `postgres`, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Backend::Sqlite { .. } => "sqlite",
            Backend::Postgres(_) => "postgres",
        }
    }
}

pub(super) fn make_private(path: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|e| Error::outside("store", OutsideKind::Refused, format!("cannot open {}: {e}", path.display())))
}

pub(super) async fn sqlite_pool(url: &str, size: u32) -> Result<Pool<Sqlite>> {
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| {
        let url = url.to_owned();
        async move {
            let mut connection = Sqlite::establish(&url).await?;
            // One statement each and in this order: the first makes the others wait for a busy file instead of failing.
            for pragma in ["busy_timeout = 10000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"] {
                connection.batch_execute(&format!("PRAGMA {pragma}")).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            }
            Ok(connection)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::<Sqlite>::new_with_config(url, config);
    Pool::builder().max_size(size).connection_timeout(WAIT).build(manager).await.map_err(pool_error)
}

pub(super) fn pool_error(error: impl std::fmt::Display) -> Error {
    Error::outside("store", OutsideKind::Unreachable, error.to_string())
}

/// Begins a write: immediately on SQLite, since a deferred transaction that turns into a writer fails under others.
pub(super) async fn begin_sqlite(connection: &mut Sqlite) -> Result<(), Fault> {
    connection.spawn_blocking(|c| SyncTransactions::begin_transaction_sql(c, "BEGIN IMMEDIATE")).await.map_err(Fault::from)
}

/// Ends a write as its body says. Where the future is dropped instead, the pool sees the open transaction and closes the connection.
pub(super) async fn finish<C, T>(connection: &mut C, outcome: Result<T, Fault>) -> Result<T>
where
    C: AsyncConnection,
{
    match outcome {
        Ok(value) => {
            C::TransactionManager::commit_transaction(connection).await.map_err(Fault::from)?;
            Ok(value)
        }
        Err(fault) => {
            C::TransactionManager::rollback_transaction(connection).await.map_err(Fault::from)?;
            Err(fault.into())
        }
    }
}

/// Runs queries on a reading connection. The body is compiled once for each backend, so both keep all of diesel.
macro_rules! read {
    ($store:expr, |$connection:ident| $body:expr) => {{
        match &$store.0 {
            $crate::store::connection::Backend::Sqlite { read, .. } => {
                let mut guard = read.get().await.map_err($crate::store::connection::pool_error)?;
                let $connection = &mut *guard;
                let outcome: Result<_, $crate::store::Fault> = async { $body }.await;
                outcome.map_err($crate::error::Error::from)
            }
            $crate::store::connection::Backend::Postgres(pool) => {
                let mut guard = pool.get().await.map_err($crate::store::connection::pool_error)?;
                let $connection = &mut *guard;
                let outcome: Result<_, $crate::store::Fault> = async { $body }.await;
                outcome.map_err($crate::error::Error::from)
            }
        }
    }};
}

/// Runs queries in one writing transaction, committed when the body gives `Ok`, rolled back when it gives `Err`.
macro_rules! write {
    ($store:expr, |$connection:ident| $body:expr) => {{
        match &$store.0 {
            $crate::store::connection::Backend::Sqlite { write, .. } => {
                let mut guard = write.get().await.map_err($crate::store::connection::pool_error)?;
                let $connection = &mut *guard;
                $crate::store::connection::begin_sqlite($connection).await?;
                let outcome: Result<_, $crate::store::Fault> = async { $body }.await;
                $crate::store::connection::finish($connection, outcome).await
            }
            $crate::store::connection::Backend::Postgres(pool) => {
                use diesel_async::TransactionManager as _;
                let mut guard = pool.get().await.map_err($crate::store::connection::pool_error)?;
                let $connection = &mut *guard;
                diesel_async::AnsiTransactionManager::begin_transaction($connection).await.map_err($crate::store::Fault::from)?;
                let outcome: Result<_, $crate::store::Fault> = async { $body }.await;
                $crate::store::connection::finish($connection, outcome).await
            }
        }
    }};
}

/// Inside a `write!`: lets only one transaction at a time past this point for each `duty`, over all control planes, until it
/// ends. SQLite has one writer anyway; on PostgreSQL the row of the duty is locked. What is read afterwards is fresh.
macro_rules! one_at_a_time {
    ($connection:ident, $duty:literal) => {{
        use $crate::store::schema::lease;
        diesel::insert_into(lease::table)
            .values((lease::name.eq(concat!("lock:", $duty)), lease::owner.eq(""), lease::epoch.eq(1_i64), lease::until.eq(0_i64)))
            .on_conflict(lease::name)
            .do_update()
            .set(lease::epoch.eq(lease::epoch + 1))
            .execute($connection)
            .await?;
    }};
}
pub(super) use {one_at_a_time, read, write};
