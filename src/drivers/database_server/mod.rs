// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A MariaDB server that holds one schema and one user per instance.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use crate::{error::Result, fleet::contents::Contents};

pub mod mariadb;
pub mod simulated;

/// What is there of one instance in the database server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaState {
    /// Whether the schema exists.
    pub schema: bool,
    /// Whether the user exists with exactly its own rights.
    pub user: bool,
    /// Base tables in the schema.
    pub tables: u64,
    /// Bytes of data and indexes, as the server estimates.
    pub bytes: u64,
}

/// One database server. Every call has a time-out and is safe to repeat. Errors name the system "database server".
/// Schema and user names come from [`crate::fleet::Instance::schema`] and are checked (`a–z0–9_`, at most 64) before use.
#[async_trait]
pub trait DatabaseServer: Send + Sync + 'static {
    /// Whether it answers; its version.
    async fn ping(&self) -> Result<String>;
    /// For how long it has been up, in whole seconds.
    async fn up_for(&self) -> Result<Duration>;
    /// What is there under this name.
    async fn schema(&self, name: &str) -> Result<SchemaState>;
    /// Makes the schema (utf8mb4) and a user of the same name that sees only it; sets the password anew where the user exists.
    async fn create_schema(&self, name: &str, password: &SecretString) -> Result<()>;
    /// Removes the user and the schema with everything in it; whoever still works in it is sent away.
    async fn drop_schema(&self, name: &str) -> Result<()>;
    /// Every schema whose name starts with the prefix.
    async fn schemas(&self, prefix: &str) -> Result<Vec<String>>;
    /// Runs a script of statements in the schema, as the administrator, in order, stopping at the first error.
    async fn run_script(&self, schema: &str, script: &str) -> Result<()>;
    /// One row of text values from a query with bound values; none where nothing matched.
    async fn query_row(&self, schema: &str, query: &str, values: Vec<String>) -> Result<Option<Vec<Option<String>>>>;
    /// The number of rows of every table.
    async fn counts(&self, schema: &str) -> Result<std::collections::BTreeMap<String, u64>>;
    /// How many connections of this user are open: of an instance's user, the requests that are being worked on.
    async fn connections(&self, user: &str) -> Result<u64>;
    /// What the schema holds, in digests by table and, where rows have names, by name.
    async fn contents(&self, name: &str) -> Result<Contents>;
    /// A fingerprint of the schema: table names, row counts and `CHECKSUM TABLE` of each, to compare a restore with its origin.
    async fn fingerprint(&self, schema: &str) -> Result<std::collections::BTreeMap<String, String>>;
}
