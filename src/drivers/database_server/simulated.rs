// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The simulated database server.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::{DatabaseServer, SchemaState};
use crate::{
    drivers::world::{Call, State, World, refused, sql::Schema},
    error::Result,
    fleet::contents::Contents,
};

const SYSTEM: &str = "database server";

/// A [`DatabaseServer`] in a simulated world. There is one in each.
#[derive(Clone)]
pub struct SimulatedDatabaseServer(World);

impl SimulatedDatabaseServer {
    /// The database server of this world, answering whatever containers there are.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(world)
    }

    /// From now on it answers only while this container runs.
    #[must_use]
    pub fn behind(self, container: &str) -> Self {
        self.0.lock().database.container = Some(container.to_owned());
        self
    }
}

/// Only names that Flotta makes are let through, as the real driver does.
fn check(name: &str) -> Result<()> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(good) {
        return Ok(());
    }
    Err(refused(SYSTEM, format!("`{}` cannot name a schema", name.escape_debug())))
}

fn create(state: &mut State, name: &str, password: &SecretString) -> Result<()> {
    check(name)?;
    state.database()?;
    if !state.database.schemas.contains_key(name) {
        state.need_disk(SYSTEM, 65_536)?;
        state.database.schemas.insert(name.to_owned(), Schema::default());
        state.count(format!("schema created {name}"));
    }
    if state.halfway {
        return Ok(());
    }
    let old = state.database.users.insert(name.to_owned(), password.clone());
    match old {
        Some(old) if old.expose_secret() == password.expose_secret() => {}
        old => {
            let what = if old.is_none() { "created" } else { "changed" };
            state.count(format!("user {what} {name}"));
        }
    }
    Ok(())
}

fn remove(state: &mut State, name: &str) -> Result<()> {
    check(name)?;
    if state.database()?.users.remove(name).is_some() {
        state.count(format!("user removed {name}"));
    }
    if !state.halfway && state.database.schemas.remove(name).is_some() {
        state.count(format!("schema removed {name}"));
    }
    Ok(())
}

fn schema_of<'a>(state: &'a mut State, name: &str) -> Result<&'a Schema> {
    check(name)?;
    state.database()?.schemas.get(name).ok_or_else(|| refused(SYSTEM, format!("unknown database `{name}`")))
}

#[async_trait]
impl DatabaseServer for SimulatedDatabaseServer {
    async fn ping(&self) -> Result<String> {
        self.0.call(Call::new("database.ping", ""), |s| s.database().map(|_| "11.8.3-MariaDB-simulated".to_owned())).await
    }

    async fn up_for(&self) -> Result<Duration> {
        self.0.call(Call::new("database.up_for", ""), |s| s.database().map(|_| Duration::MAX)).await
    }

    async fn schema(&self, name: &str) -> Result<SchemaState> {
        let key = name.to_owned();
        self.0
            .call(Call::new("database.schema", name), move |s| {
                check(&key)?;
                let database = s.database()?;
                let schema = database.schemas.get(&key);
                Ok(SchemaState {
                    schema: schema.is_some(),
                    user: database.users.contains_key(&key),
                    tables: schema.map_or(0, |s| s.tables.len() as u64),
                    bytes: schema.map_or(0, Schema::bytes),
                })
            })
            .await
    }

    async fn create_schema(&self, name: &str, password: &SecretString) -> Result<()> {
        let (key, password) = (name.to_owned(), password.clone());
        self.0.call(Call::new("database.create_schema", name), move |s| create(s, &key, &password)).await
    }

    async fn drop_schema(&self, name: &str) -> Result<()> {
        let key = name.to_owned();
        self.0.call(Call::new("database.drop_schema", name), move |s| remove(s, &key)).await
    }

    async fn schemas(&self, prefix: &str) -> Result<Vec<String>> {
        let key = prefix.to_owned();
        self.0
            .call(Call::new("database.schemas", prefix), move |s| {
                Ok(s.database()?.schemas.keys().filter(|n| n.starts_with(&key)).cloned().collect())
            })
            .await
    }

    async fn run_script(&self, schema: &str, script: &str) -> Result<()> {
        let (key, script) = (schema.to_owned(), script.to_owned());
        self.0.call(Call::new("database.run_script", schema), move |s| s.run_script(&key, &script)).await
    }

    async fn query_row(&self, schema: &str, query: &str, values: Vec<String>) -> Result<Option<Vec<Option<String>>>> {
        let (key, query) = (schema.to_owned(), query.to_owned());
        let call = Call::new("database.query_row", schema).detail(query.clone());
        self.0.call(call, move |s| schema_of(s, &key)?.query(&key, &query, values)).await
    }

    async fn counts(&self, schema: &str) -> Result<BTreeMap<String, u64>> {
        let key = schema.to_owned();
        self.0
            .call(Call::new("database.counts", schema), move |s| {
                Ok(schema_of(s, &key)?.tables.iter().map(|(name, table)| (name.clone(), table.rows.len() as u64)).collect())
            })
            .await
    }

    async fn connections(&self, user: &str) -> Result<u64> {
        // A simulated request takes no time.
        self.0.call(Call::new("database.connections", user), |_| Ok(0)).await
    }

    async fn contents(&self, name: &str) -> Result<Contents> {
        let key = name.to_owned();
        self.0.call(Call::new("database.contents", name), move |s| Ok(schema_of(s, &key)?.contents())).await
    }

    async fn fingerprint(&self, schema: &str) -> Result<BTreeMap<String, String>> {
        let key = schema.to_owned();
        self.0.call(Call::new("database.fingerprint", schema), move |s| Ok(schema_of(s, &key)?.fingerprint())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        drivers::world::{Fault, Rule, samples},
        error::{Error, OutsideKind},
    };

    const SCRIPT: &str = "
        -- a fresh site; with a quote ' in a comment
        /*!40101 SET NAMES utf8mb4 */;
        SET @host = 'mall.localhost';
        CREATE TABLE `wp_options` (`option_name` varchar(191) NOT NULL, `option_value` longtext, PRIMARY KEY (`option_name`)) ENGINE=InnoDB;
        INSERT INTO `wp_options` VALUES ('home', CONCAT('https://', @host)), ('blogname','Ale\\'s; \"kommun\"'), ('empty', NULL);
        INSERT INTO wp_options (option_value, option_name) VALUES ('1', 'blog_public');
        UPDATE wp_options SET option_value = REPLACE(option_value, 'mall.localhost', 'ale.localhost') WHERE option_name IN ('home', 'siteurl');
    ";

    fn refusal<T>(result: Result<T>) -> bool {
        matches!(result, Err(Error::Outside { system: "database server", kind: OutsideKind::Refused, .. }))
    }

    #[tokio::test]
    async fn schemas_and_users_come_and_go_together() {
        let world = World::new();
        let database = SimulatedDatabaseServer::new(world.clone());
        let password = SecretString::from("p");
        for _ in 0..2 {
            database.create_schema("flt_ale", &password).await.unwrap();
        }
        assert_eq!(database.schema("flt_ale").await.unwrap(), SchemaState { schema: true, user: true, tables: 0, bytes: 0 });
        assert_eq!(database.schemas("flt_").await.unwrap(), ["flt_ale"]);
        assert_eq!((world.effect("schema created flt_ale"), world.effect("user changed flt_ale")), (1, 0));
        assert_eq!(world.leftovers(&"t1".parse().unwrap()), ["schema flt_ale", "user flt_ale"]);
        world.drop_user("flt_ale");
        assert!(!database.schema("flt_ale").await.unwrap().user);
        for _ in 0..2 {
            database.drop_schema("flt_ale").await.unwrap();
        }
        assert_eq!(database.schema("flt_ale").await.unwrap(), SchemaState::default());
        assert!(refusal(database.create_schema("flt`; DROP", &password).await));
    }

    #[tokio::test]
    async fn halves_are_left_where_a_call_breaks() {
        let world = World::new();
        let database = SimulatedDatabaseServer::new(world.clone());
        let password = SecretString::from("p");
        for call in ["database.create_schema", "database.drop_schema", "database.run_script"] {
            world.inject(Rule::on(call, Fault::Halfway).nth(1));
        }
        assert!(database.create_schema("flt_ale", &password).await.is_err());
        let state = database.schema("flt_ale").await.unwrap();
        assert_eq!((state.schema, state.user), (true, false));
        database.create_schema("flt_ale", &password).await.unwrap();
        assert!(database.run_script("flt_ale", SCRIPT).await.is_err());
        assert_eq!(database.schema("flt_ale").await.unwrap().tables, 1);
        assert!(refusal(database.run_script("flt_ale", SCRIPT).await), "the table exists already");
        assert!(database.drop_schema("flt_ale").await.is_err());
        let state = database.schema("flt_ale").await.unwrap();
        assert_eq!((state.schema, state.user), (true, false));
    }

    #[tokio::test]
    async fn scripts_and_queries_see_the_same_rows() {
        let world = World::new();
        let database = SimulatedDatabaseServer::new(world.clone());
        world.create_schema("flt_ale");
        database.run_script("flt_ale", SCRIPT).await.unwrap();
        let value = async |name: &str| {
            let query = "SELECT option_value FROM wp_options WHERE option_name = ? LIMIT 1";
            database.query_row("flt_ale", query, vec![name.to_owned()]).await.unwrap().map(|mut row| row.remove(0))
        };
        assert_eq!(value("home").await, Some(Some("https://ale.localhost".into())));
        assert_eq!(value("blogname").await, Some(Some("Ale's; \"kommun\"".into())));
        assert_eq!(value("empty").await, Some(None));
        assert_eq!(value("nothing").await, None);
        let count =
            async |query: &str, values: Vec<String>| database.query_row("flt_ale", query, values).await.unwrap().unwrap()[0].clone();
        assert_eq!(count("SELECT COUNT(*) FROM `wp_options` WHERE option_name LIKE 'b%'", vec![]).await.as_deref(), Some("2"));
        let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE 'wp\\_%'";
        assert_eq!(count(tables, vec!["flt_ale".into()]).await.as_deref(), Some("1"));
        assert_eq!(count("SELECT 1", vec![]).await.as_deref(), Some("1"));

        for bad in [
            "INSERT INTO wp_options (option_name) VALUES ('home')",
            "INSERT INTO wp_options VALUES (1)",
            "UPDATE nowhere SET a = 1",
            "FROBNICATE",
            "UPDATE wp_options SET option_value = 'open",
            "DELETE FROM wp_options WHERE LENGTH(option_name) > 3",
            "CREATE TABLE IF",
            "INSERT INTO x VALUES",
            "DROP TABLE",
            "DROP TABLE IF",
            "UPDATE wp_options SET",
            "UPDATE",
            "TRUNCATE",
            "DELETE FROM",
            "CREATE TABLE x )",
            "CREATE TABLE x",
            "INSERT INTO value VALUES",
            "REPLACE INTO ON VALUES ()",
            "INSERT INTO wp_options (option_name VALUES (1)",
            "INSERT INTO wp_options VALUES",
        ] {
            assert!(refusal(database.run_script("flt_ale", bad).await), "{bad}");
        }
        database
            .run_script("flt_ale", "INSERT IGNORE INTO wp_options VALUES ('home','x'); DELETE FROM wp_options WHERE option_name <> 'home'")
            .await
            .unwrap();
        assert_eq!(count("SELECT COUNT(*) FROM wp_options", vec![]).await.as_deref(), Some("1"));
        assert!(refusal(database.run_script("flt_other", "SELECT 1").await));
    }

    #[tokio::test]
    async fn its_data_lives_and_dies_with_its_container_and_volume() {
        let world = samples::world();
        let database = SimulatedDatabaseServer::new(world.clone()).behind("t1-db-1");
        assert!(matches!(database.ping().await, Err(Error::Outside { kind: OutsideKind::Unreachable, .. })));
        world.run_container(samples::database()).unwrap();
        database.create_schema("flt_ale", &SecretString::from("p")).await.unwrap();
        world.remove_container("t1-db-1");
        assert!(database.ping().await.is_err());
        world.run_container(samples::database()).unwrap();
        assert_eq!(database.schemas("flt_").await.unwrap().len(), 1);
        world.remove_container("t1-db-1");
        world.remove_volume("t1-db-1").unwrap();
        world.run_container(samples::database()).unwrap();
        assert!(database.schemas("flt_").await.unwrap().is_empty());
    }
}
