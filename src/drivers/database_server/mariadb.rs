// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A MariaDB server, reached by its unix socket as the administrator `flotta`.

use std::{collections::BTreeMap, future::Future, path::Path, time::Duration};

mod contents;

use async_trait::async_trait;
use mysql_async::{Conn, Error as Cause, OptsBuilder, Pool, PoolConstraints, PoolOpts, Row, Value, prelude::Queryable};
use secrecy::{ExposeSecret, SecretString};

use super::{DatabaseServer, SchemaState};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::contents::Contents,
};

/// The administrator's name.
const ADMINISTRATOR: &str = "flotta";
/// Connections at most; the server makes a thread for each.
const CONNECTIONS: usize = 8;

const ASK: Duration = Duration::from_secs(15);
const CHANGE: Duration = Duration::from_secs(60);
const SCRIPT: Duration = Duration::from_secs(300);
const COMPARE: Duration = Duration::from_secs(600);

/// Error numbers of the server.
mod number {
    pub const NO_SUCH_THREAD: u16 = 1094;
    pub const NO_SUCH_GRANT: u16 = 1141;
    pub const DISK_FULL: [u16; 3] = [1021, 1114, 1041];
    pub const TRY_AGAIN: [u16; 6] = [1040, 1053, 1205, 1213, 1927, 4031];
}

/// A MariaDB server. Connects when it is first needed, and again after the server was restarted.
pub struct Mariadb {
    pool: Pool,
    socket: String,
}

impl Mariadb {
    /// A handle on the server behind this socket; nothing is asked of it yet.
    #[must_use]
    pub fn new(socket: &Path, password: &SecretString) -> Self {
        let socket = socket.to_string_lossy().into_owned();
        let constraints = PoolConstraints::new(0, CONNECTIONS).unwrap_or_default();
        let pool = PoolOpts::new().with_constraints(constraints).with_inactive_connection_ttl(Duration::from_secs(30));
        let options = OptsBuilder::default()
            .socket(Some(socket.clone()))
            .user(Some(ADMINISTRATOR))
            .pass(Some(password.expose_secret()))
            .stmt_cache_size(Some(0))
            .pool_opts(Some(pool));
        Self { pool: Pool::new(options), socket }
    }

    /// A connection that answers: those that a restart of the server left dead are thrown away.
    async fn connection(&self) -> Result<Conn, Cause> {
        for _ in 0..CONNECTIONS {
            let mut found = self.pool.get_conn().await?;
            if found.ping().await.is_ok() {
                return Ok(found);
            }
            drop(found.disconnect().await);
        }
        self.pool.get_conn().await
    }

    /// Does something with a connection, within the time.
    async fn with<T, F>(&self, what: &str, limit: Duration, work: impl FnOnce(Conn) -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T, Cause>> + Send,
    {
        let all = async { work(self.connection().await?).await };
        match tokio::time::timeout(limit, all).await {
            Ok(answer) => answer.map_err(|cause| self.explained(what, &cause)),
            Err(_) => Err(outside(OutsideKind::Unreachable, format!("{what}: no answer within {} s", limit.as_secs()))),
        }
    }

    fn explained(&self, what: &str, cause: &Cause) -> Error {
        let (kind, message) = match cause {
            Cause::Server(answer) => {
                let kind = match answer.code {
                    code if number::DISK_FULL.contains(&code) => OutsideKind::Full,
                    code if number::TRY_AGAIN.contains(&code) => OutsideKind::Failed,
                    _ => OutsideKind::Refused,
                };
                (kind, format!("error {} ({}): {}", answer.code, answer.state, safe(answer.code, &answer.message)))
            }
            Cause::Io(cause) => (OutsideKind::Unreachable, format!("{cause}; is the server running, with its socket at {}?", self.socket)),
            Cause::Driver(_) => (OutsideKind::Unreachable, "the connection broke".to_owned()),
            Cause::Other(_) | Cause::Url(_) => (OutsideKind::Failed, "the client failed".to_owned()),
        };
        outside(kind, format!("{what}: {message}"))
    }
}

fn outside(kind: OutsideKind, message: impl Into<String>) -> Error {
    Error::outside("database server", kind, message)
}

/// The server's words, without a part of the statement: syntax errors quote what stands near, which may be a secret.
fn safe(code: u16, message: &str) -> String {
    if matches!(code, 1064 | 1149 | 1372 | 1819) {
        return "it does not understand the statement".to_owned();
    }
    message.chars().take(200).collect()
}

/// Only names that can stand in a statement as they are.
fn checked(name: &str) -> Result<&str> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(good) {
        return Ok(name);
    }
    Err(outside(OutsideKind::Refused, format!("`{}` is no name of a schema: use 1 to 64 of a–z, 0–9 and _", name.escape_debug())))
}

/// A password that can stand between quotes as it is. Flotta makes passwords of letters and digits.
fn checked_password(password: &SecretString) -> Result<&str> {
    let text = password.expose_secret();
    if text.len() >= 8 && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\'' | b'\\' | b'"' | b'`')) {
        return Ok(text);
    }
    Err(outside(OutsideKind::Refused, "a password is too short or holds quotes, spaces or other than ASCII"))
}

/// The right to everything in one schema, in the server's own words. `_` would stand for any character.
fn right(name: &str) -> String {
    format!("GRANT ALL PRIVILEGES ON `{}`.* TO `{name}`@`localhost`", name.replace('_', "\\_"))
}

/// Whether these are the user's only rights: to log in, and everything in its own schema.
fn exactly_its_own(name: &str, grants: &[String]) -> bool {
    let login = format!("GRANT USAGE ON *.* TO `{name}`@`localhost` IDENTIFIED BY PASSWORD ");
    let [first, second] = grants else { return false };
    let rest = first.strip_prefix(&login);
    rest.is_some_and(|hash| !hash.contains(" WITH ") && !hash.contains(" REQUIRE ")) && *second == right(name)
}

/// What the user may do; none where there is no such user.
async fn grants(connection: &mut Conn, name: &str) -> Result<Option<Vec<String>>, Cause> {
    match connection.query::<String, _>(format!("SHOW GRANTS FOR `{name}`@`localhost`")).await {
        Ok(lines) => Ok(Some(lines)),
        Err(Cause::Server(answer)) if answer.code == number::NO_SUCH_GRANT => Ok(None),
        Err(other) => Err(other),
    }
}

/// Sends a script at once and reads the answer to each of its statements: the server stops at the first that fails.
async fn run_all(connection: &mut Conn, script: &str) -> Result<(), (usize, Cause)> {
    let mut at = 0;
    let mut answers = connection.query_iter(script).await.map_err(|cause| (at, cause))?;
    while !answers.is_empty() {
        answers.for_each(drop).await.map_err(|cause| (at, cause))?;
        at += 1;
    }
    // The client calls an answer empty that holds nothing but an error; this gives the error.
    answers.drop_result().await.map_err(|cause| (at, cause))
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Date(y, mo, d, h, mi, s, us) => {
            let fraction = if us == 0 { String::new() } else { format!(".{us:06}") };
            Some(format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}{fraction}"))
        }
        Value::Time(negative, d, h, mi, s, us) => {
            let (sign, hours) = (if negative { "-" } else { "" }, d * 24 + u32::from(h));
            let fraction = if us == 0 { String::new() } else { format!(".{us:06}") };
            Some(format!("{sign}{hours:02}:{mi:02}:{s:02}{fraction}"))
        }
    }
}

#[async_trait]
impl DatabaseServer for Mariadb {
    async fn ping(&self) -> Result<String> {
        let answer: Option<String> = self.with("ping", ASK, |mut c| async move { c.query_first("SELECT VERSION()").await }).await?;
        answer.ok_or_else(|| outside(OutsideKind::Failed, "ping: it gave no version"))
    }

    async fn up_for(&self) -> Result<Duration> {
        let answer: Option<(String, u64)> = self
            .with("ask since when it is up", ASK, |mut c| async move { c.query_first("SHOW GLOBAL STATUS LIKE 'Uptime'").await })
            .await?;
        let (_, seconds) = answer.ok_or_else(|| outside(OutsideKind::Failed, "ask since when it is up: it does not say"))?;
        Ok(Duration::from_secs(seconds))
    }

    async fn schema(&self, name: &str) -> Result<SchemaState> {
        let name = checked(name)?;
        self.with(&format!("look at schema {name}"), ASK, |mut c| async move {
            let there: Option<u64> =
                c.query_first(format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{name}'")).await?;
            let sizes: Option<(u64, u64)> = c
                .query_first(format!(
                    "SELECT COUNT(*), CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) FROM information_schema.tables \
                     WHERE table_schema = '{name}' AND table_type = 'BASE TABLE'"
                ))
                .await?;
            let user = grants(&mut c, name).await?.is_some_and(|lines| exactly_its_own(name, &lines));
            let (tables, bytes) = sizes.unwrap_or_default();
            Ok(SchemaState { schema: there == Some(1), user, tables, bytes })
        })
        .await
    }

    async fn create_schema(&self, name: &str, password: &SecretString) -> Result<()> {
        let (name, password) = (checked(name)?, checked_password(password)?);
        self.with(&format!("make schema {name}"), CHANGE, |mut c| async move {
            let mut script = format!(
                "CREATE SCHEMA IF NOT EXISTS `{name}` CHARACTER SET utf8mb4;\n\
                 CREATE USER IF NOT EXISTS `{name}`@`localhost` IDENTIFIED BY '{password}';\n\
                 ALTER USER `{name}`@`localhost` IDENTIFIED BY '{password}';\n"
            );
            // A user that is right already keeps its rights throughout: the instance may be serving.
            if !grants(&mut c, name).await?.is_some_and(|lines| exactly_its_own(name, &lines)) {
                script.push_str(&format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM `{name}`@`localhost`;\n{};\n", right(name)));
            }
            run_all(&mut c, &script).await.map_err(|(_, cause)| match cause {
                // Nothing of what the server says about a statement with a password in it.
                Cause::Server(mut answer) => {
                    answer.message = "the server refused it".to_owned();
                    Cause::Server(answer)
                }
                other => other,
            })
        })
        .await
    }

    async fn drop_schema(&self, name: &str) -> Result<()> {
        let name = checked(name)?;
        self.with(&format!("remove schema {name}"), CHANGE, |mut c| async move {
            // The user first: from then on nobody new can fill the schema. Then those who are in it, such as a copy whose asker was
            // killed: it would go on filling a schema of the same name that is made anew.
            c.query_drop(format!("DROP USER IF EXISTS `{name}`@`localhost`")).await?;
            let at_work: Vec<u64> =
                c.query(format!("SELECT id FROM information_schema.processlist WHERE db = '{name}' AND id <> CONNECTION_ID()")).await?;
            for id in at_work {
                match c.query_drop(format!("KILL {id}")).await {
                    Err(Cause::Server(answer)) if answer.code == number::NO_SUCH_THREAD => {}
                    other => other?,
                }
            }
            c.query_drop(format!("DROP SCHEMA IF EXISTS `{name}`")).await
        })
        .await
    }

    async fn schemas(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = if prefix.is_empty() { "" } else { checked(prefix)? };
        let pattern = prefix.replace('_', "\\_");
        let query = format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{pattern}%'");
        let mut names: Vec<String> = self.with("list schemas", ASK, |mut c| async move { c.query(query).await }).await?;
        names.sort();
        Ok(names)
    }

    async fn run_script(&self, schema: &str, script: &str) -> Result<()> {
        let schema = checked(schema)?;
        let what = format!("run a script in schema {schema}");
        let failed = self
            .with(&what, SCRIPT, |mut c| async move {
                match run_all(&mut c, &format!("USE `{schema}`;\n{script}")).await {
                    Ok(()) => Ok(None),
                    // Statement 0 is ours.
                    Err((at, Cause::Server(answer))) => Ok(Some((at, answer))),
                    Err((_, other)) => Err(other),
                }
            })
            .await?;
        match failed {
            None => Ok(()),
            Some((0, answer)) => Err(self.explained(&what, &Cause::Server(answer))),
            Some((at, answer)) => Err(self.explained(&format!("{what}: statement {at}"), &Cause::Server(answer))),
        }
    }

    async fn query_row(&self, schema: &str, query: &str, values: Vec<String>) -> Result<Option<Vec<Option<String>>>> {
        let schema = checked(schema)?;
        let what = format!("ask schema {schema}");
        self.with(&what, ASK, |mut c| async move {
            c.query_drop(format!("USE `{schema}`")).await?;
            let row: Option<Row> =
                c.exec_first(query, mysql_async::Params::Positional(values.into_iter().map(Value::from).collect())).await?;
            Ok(row.map(|r| r.unwrap_raw().into_iter().map(|v| v.and_then(text)).collect()))
        })
        .await
    }

    async fn counts(&self, schema: &str) -> Result<BTreeMap<String, u64>> {
        let schema = checked(schema)?;
        self.with(&format!("count the rows of schema {schema}"), COMPARE, |mut c| async move {
            c.query_drop(format!("USE `{schema}`")).await?;
            let tables: Vec<String> = c
                .query(format!(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' AND table_type = 'BASE TABLE'"
                ))
                .await?;
            let mut counts = BTreeMap::new();
            for table in tables {
                let rows: Option<u64> = c.query_first(format!("SELECT COUNT(*) FROM `{}`", table.replace('`', "``"))).await?;
                counts.insert(table, rows.unwrap_or(0));
            }
            Ok(counts)
        })
        .await
    }

    async fn connections(&self, user: &str) -> Result<u64> {
        let user = checked(user)?;
        self.with(&format!("count connections of {user}"), ASK, |mut c| async move {
            let count: Option<u64> =
                c.query_first(format!("SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'")).await?;
            Ok(count.unwrap_or(0))
        })
        .await
    }

    async fn contents(&self, name: &str) -> Result<Contents> {
        let name = checked(name)?;
        self.with(&format!("look into schema {name}"), COMPARE, |mut c| async move { contents::read(&mut c, name).await }).await
    }

    async fn fingerprint(&self, schema: &str) -> Result<BTreeMap<String, String>> {
        let schema = checked(schema)?;
        self.with(&format!("compare schema {schema}"), COMPARE, |mut c| async move {
            c.query_drop(format!("USE `{schema}`")).await?;
            let tables: Vec<String> = c
                .query(format!(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}' AND table_type = 'BASE TABLE'"
                ))
                .await?;
            let mut prints = BTreeMap::new();
            for table in tables {
                let quoted = table.replace('`', "``");
                let rows: Option<u64> = c.query_first(format!("SELECT COUNT(*) FROM `{quoted}`")).await?;
                let sum: Option<(String, Option<u64>)> = c.query_first(format!("CHECKSUM TABLE `{quoted}`")).await?;
                let sum = sum.and_then(|(_, s)| s).map_or_else(|| "none".to_owned(), |s| s.to_string());
                prints.insert(table, format!("rows {} checksum {sum}", rows.unwrap_or(0)));
            }
            Ok(prints)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_reach_a_statement() {
        assert!(checked("flt_ale_production").is_ok());
        for bad in ["", "a-b", "A", "a`b", "a b", "å", "a'", "a;", &"a".repeat(65)] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_that_could_end_a_quote_are_refused_and_not_shown() {
        assert!(checked_password(&"aB3xyz90QQ".into()).is_ok());
        for bad in ["kort1", "secret'secret", "secret\\secret", "secret secret", "hemligtlösen"] {
            let error = checked_password(&SecretString::from(bad)).unwrap_err().to_string();
            assert!(!error.contains(bad), "{error}");
        }
    }

    #[test]
    fn rights_must_be_exactly_its_own() {
        let login = "GRANT USAGE ON *.* TO `flt_a`@`localhost` IDENTIFIED BY PASSWORD '*00'".to_owned();
        let own = "GRANT ALL PRIVILEGES ON `flt\\_a`.* TO `flt_a`@`localhost`".to_owned();
        assert_eq!(right("flt_a"), own);
        let ok = |lines: &[&String]| exactly_its_own("flt_a", &lines.iter().map(|l| (*l).clone()).collect::<Vec<_>>());
        assert!(ok(&[&login, &own]));
        assert!(!ok(&[&login]));
        assert!(!ok(&[&own, &login]));
        assert!(!ok(&[&login, &"GRANT ALL PRIVILEGES ON `flt_a`.* TO `flt_a`@`localhost`".to_owned()]));
        assert!(!ok(&[&format!("{login} WITH GRANT OPTION"), &own]));
        assert!(!ok(&[&"GRANT ALL PRIVILEGES ON *.* TO `flt_a`@`localhost` IDENTIFIED BY PASSWORD '*00'".to_owned(), &own]));
        assert!(!ok(&[&login, &own, &"GRANT SELECT ON `flt\\_b`.* TO `flt_a`@`localhost`".to_owned()]));
    }

    #[test]
    fn a_syntax_error_does_not_quote_the_statement() {
        assert!(!safe(1064, "You have an error near 'IDENTIFIED BY 'hemligt'").contains("hemligt"));
        assert_eq!(safe(1146, "Table 'a.b' doesn't exist"), "Table 'a.b' doesn't exist");
    }

    #[test]
    fn values_become_text() {
        assert_eq!(text(Value::NULL), None);
        assert_eq!(text(Value::from("å")).as_deref(), Some("å"));
        assert_eq!(text(Value::from(-3)).as_deref(), Some("-3"));
        assert_eq!(text(Value::Date(2026, 2, 3, 4, 5, 6, 0)).as_deref(), Some("2026-02-03 04:05:06"));
        assert_eq!(text(Value::Time(true, 1, 2, 3, 4, 5)).as_deref(), Some("-26:03:04.000005"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable() {
        let server = Mariadb::new(Path::new("/nowhere/mysqld.sock"), &"password1".into());
        match server.ping().await.unwrap_err() {
            Error::Outside { kind, message, system } => {
                assert_eq!((kind, system), (OutsideKind::Unreachable, "database server"));
                assert!(message.contains("/nowhere/mysqld.sock") && !message.contains("password1"), "{message}");
            }
            other => panic!("{other}"),
        }
    }
}
