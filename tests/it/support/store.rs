// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A migrated store of one's own for each test, on either backend.
//!
//! PostgreSQL needs `FLOTTA_TEST_POSTGRES`, the address of a server where databases may be made, such as
//! `postgres://postgres@127.0.0.1/postgres`. Without it the tests on PostgreSQL fail, unless
//! `FLOTTA_TEST_WITHOUT_POSTGRES=1` says that this is meant: then each writes a line `skipped: …` to standard error.

use std::io::Write;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use flotta::store::{Address, Store, migrate};

/// Which backend a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A store that is gone when this is dropped.
pub struct TestStore {
    pub store: Store,
    pub address: Address,
    _database: Option<Database>,
    _home: tempfile::TempDir,
}

/// A database of this test's own on the PostgreSQL server.
struct Database {
    admin: String,
    name: String,
}

impl TestStore {
    /// Opens one, or gives none where this test is to be skipped.
    pub async fn open(kind: Kind) -> Option<Self> {
        let blank = Self::blank(kind).await?;
        migrate::run(&blank.address).await.expect("migrations run");
        Some(blank)
    }

    /// One without any table.
    pub async fn blank(kind: Kind) -> Option<Self> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (address, database) = match kind {
            Kind::Sqlite => (Address::Sqlite(home.path().join("flotta.db")), None),
            Kind::Postgres => {
                let database = Database::create().await?;
                (database.address(), Some(database))
            }
        };
        let store = Store::connect(&address).await.expect("a store");
        Some(Self { store, address, _database: database, _home: home })
    }

    /// The same store through connections of its own, as another control plane has them, or this one after a restart.
    pub async fn again(&self) -> Store {
        Store::connect(&self.address).await.expect("the store again")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, statement) = (self.admin.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = AsyncPgConnection::establish(&admin).await.expect("the PostgreSQL server");
                connection.batch_execute(&statement).await.expect("the database goes");
            });
        });
        if done.join().is_err() {
            skip_line("a test database could not be removed");
        }
    }
}

impl Database {
    async fn create() -> Option<Self> {
        let Ok(admin) = std::env::var("FLOTTA_TEST_POSTGRES") else {
            if std::env::var("FLOTTA_TEST_WITHOUT_POSTGRES").is_ok_and(|v| v == "1") {
                let name = std::thread::current().name().unwrap_or("a test").to_owned();
                skip_line(&format!("skipped: {name} (FLOTTA_TEST_WITHOUT_POSTGRES=1)"));
                return None;
            }
            panic!(
                "this test needs PostgreSQL: set FLOTTA_TEST_POSTGRES to a server's address, such as \
                 postgres://postgres@127.0.0.1/postgres, or FLOTTA_TEST_WITHOUT_POSTGRES=1 to go without"
            );
        };
        let name = format!("flotta_test_{}", uuid::Uuid::now_v7().simple());
        let mut connection =
            AsyncPgConnection::establish(&admin).await.unwrap_or_else(|e| panic!("FLOTTA_TEST_POSTGRES does not answer: {e}"));
        connection.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.expect("a test database");
        Some(Self { admin, name })
    }

    fn address(&self) -> Address {
        let mut url = url::Url::parse(&self.admin).expect("FLOTTA_TEST_POSTGRES is an address");
        url.set_path(&self.name);
        Address::Postgres(url.to_string())
    }
}

/// Past the test harness, which keeps what a passing test prints.
/// On standard error, and in the file where `tests/run` counts what was skipped.
fn skip_line(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error");
    if let Some(path) = std::env::var_os("FLOTTA_TEST_SKIPS") {
        let mut file = std::fs::File::options().create(true).append(true).open(path).expect("the list of skipped tests");
        writeln!(file, "{text}").expect("the list of skipped tests");
    }
}
