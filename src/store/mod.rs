// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the fleet remembers. The only room that imports diesel: one file per aggregate, each on SQLite and PostgreSQL.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use crate::error::{Error, OutsideKind};

pub mod advisories;
pub mod audit;
pub mod backups;
pub mod checks;
mod connection;
pub mod derived;
pub mod facts;
pub mod findings;
pub mod history;
pub mod idempotency;
pub mod incidents;
pub mod instances;
pub mod inventory;
pub mod leases;
pub mod migrate;
pub mod municipalities;
pub mod notices;
pub mod objectives;
pub mod operations;
pub mod outside;
pub mod overlays;
pub mod page;
pub mod policies;
pub mod receivers;
pub mod releases;
pub mod rollouts;
mod rows;
pub mod samples;
mod schema;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod silences;
pub mod status_pages;
pub mod throttle;
pub mod tokens;
pub mod users;

pub use connection::{Address, Store};
pub use page::{Page, PageRequest, every};

/// What can go wrong inside a transaction: diesel's error, or a domain error that ends it.
#[derive(Debug)]
pub(crate) enum Fault {
    Query(Diesel),
    Domain(Error),
}

impl From<Diesel> for Fault {
    fn from(error: Diesel) -> Self {
        Self::Query(error)
    }
}
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Domain(error) => error,
            Fault::Query(Diesel::DatabaseError(kind, info)) => {
                let treat = match kind {
                    DatabaseErrorKind::ClosedConnection => OutsideKind::Unreachable,
                    DatabaseErrorKind::SerializationFailure => OutsideKind::Failed,
                    _ if info.message().contains("disk is full") => OutsideKind::Full,
                    _ => OutsideKind::Failed,
                };
                Error::outside("store", treat, info.message().to_owned())
            }
            Fault::Query(other) => Error::outside("store", OutsideKind::Failed, other.to_string()),
        }
    }
}

/// Whether an insert failed because of a unique index, and which columns or constraint the database names.
pub(crate) fn unique_violation(error: &Diesel) -> Option<String> {
    match error {
        Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            Some(format!("{} {}", info.constraint_name().unwrap_or_default(), info.message()))
        }
        _ => None,
    }
}
