// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The database server's driver against a real MariaDB.

use std::time::{Duration, Instant};

use flotta::{
    drivers::{
        database_server::{DatabaseServer, SchemaState, mariadb::Mariadb},
        engine::Engine,
    },
    error::{Error, OutsideKind},
};
use secrecy::SecretString;

use crate::support::real::Real;

const ALE: &str = "flt_ale_production";
/// What `flt_ale_production` would match if its underscores stood for any character.
const NEAR: &str = "fltxale_production";

fn password() -> SecretString {
    "pAleAle0123456789".into()
}

#[track_caller]
fn message<T: std::fmt::Debug>(answer: Result<T, Error>, expected: OutsideKind) -> String {
    match answer.unwrap_err() {
        Error::Outside { system: "database server", kind, message } if kind == expected => message,
        other => panic!("{other:?}"),
    }
}

/// What the instance's own user sees, asked with MariaDB's own client in the container.
async fn as_user(real: &Real, user: &str, password: &str, sql: &str) -> (i64, String) {
    let argument = format!("-p{password}");
    let command = ["mariadb", "--no-defaults", "-S", "/run/mysqld/mysqld.sock", "-u", user, &argument, "-N", "-e", sql];
    let out = real.engine.exec(&real.name("db-1"), &command, None, b"", 30).await.unwrap();
    (out.status, format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

#[tokio::test]
async fn a_schema_and_its_user_come_and_go() {
    let real = Real::new().await;
    let server = real.database_server().await;
    assert!(server.ping().await.unwrap().contains("MariaDB"));
    assert_eq!(server.schema(ALE).await.unwrap(), SchemaState::default());

    server.create_schema(ALE, &password()).await.unwrap();
    assert_eq!(server.schema(ALE).await.unwrap(), SchemaState { schema: true, user: true, tables: 0, bytes: 0 });
    server.create_schema(NEAR, &"pNearNear0123456789".into()).await.unwrap();
    assert_eq!(server.schemas("flt_").await.unwrap(), [ALE]);
    assert_eq!(server.schemas("flt").await.unwrap(), [ALE, NEAR]);
    let row = server.query_row(ALE, "SELECT @@character_set_database", vec![]).await.unwrap().unwrap();
    assert_eq!(row, [Some("utf8mb4".to_owned())]);

    // The user sees its own schema and nothing else.
    let (status, seen) = as_user(&real, ALE, "pAleAle0123456789", "SHOW DATABASES").await;
    assert_eq!((status, seen.as_str()), (0, "flt_ale_production\ninformation_schema\n"));
    for forbidden in [
        "USE fltxale_production",
        "SELECT * FROM mysql.global_priv",
        "CREATE DATABASE x",
        "SHOW GRANTS FOR flotta@localhost",
        "SET GLOBAL max_connections = 1",
    ] {
        let (status, seen) = as_user(&real, ALE, "pAleAle0123456789", forbidden).await;
        assert!(status != 0 && seen.contains("denied"), "{forbidden}: {seen}");
    }
    let (status, _) = as_user(&real, ALE, "pAleAle0123456789", "CREATE TABLE flt_ale_production.t (id INT PRIMARY KEY)").await;
    assert_eq!(status, 0);

    // Made again with another password: the old one is no good any more, the data stays.
    server.create_schema(ALE, &"pNewNew0123456789".into()).await.unwrap();
    assert_ne!(as_user(&real, ALE, "pAleAle0123456789", "SELECT 1").await.0, 0);
    assert_eq!(as_user(&real, ALE, "pNewNew0123456789", "SELECT COUNT(*) FROM flt_ale_production.t").await.1, "0\n");

    // Rights that somebody widened or narrowed by hand are seen, and put right.
    for by_hand in [
        "GRANT SELECT ON `fltxale\\_production`.* TO `flt_ale_production`@`localhost`",
        "GRANT SELECT ON *.* TO `flt_ale_production`@`localhost`",
        "GRANT ALL ON `flt\\_ale\\_production`.* TO `flt_ale_production`@`localhost` WITH GRANT OPTION",
        "REVOKE DROP ON `flt\\_ale\\_production`.* FROM `flt_ale_production`@`localhost`",
    ] {
        server.run_script(ALE, by_hand).await.unwrap();
        let seen = server.schema(ALE).await.unwrap();
        assert!(seen.schema && !seen.user, "{by_hand}");
        server.create_schema(ALE, &"pNewNew0123456789".into()).await.unwrap();
        assert!(server.schema(ALE).await.unwrap().user, "{by_hand}");
    }

    server.drop_schema(ALE).await.unwrap();
    server.drop_schema(ALE).await.unwrap();
    assert_eq!(server.schema(ALE).await.unwrap(), SchemaState::default());
    assert!(server.schema(NEAR).await.unwrap().user);
}

#[tokio::test]
async fn scripts_run_in_order_and_stop_at_the_first_error() {
    let real = Real::new().await;
    let server = real.database_server().await;
    server.create_schema(ALE, &password()).await.unwrap();
    let script = "-- a comment; with a semicolon\n\
                  CREATE TABLE wp_options (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), value TEXT);\n\
                  INSERT INTO wp_options (name, value) VALUES ('a', 'x;y'), ('b', 'å ''citat''');\n\
                  SELECT * FROM wp_options;\n\
                  UPDATE wp_options SET value = NULL WHERE name = 'a';\n";
    server.run_script(ALE, script).await.unwrap();
    let row = server.query_row(ALE, "SELECT id, name, value FROM wp_options WHERE name = ?", vec!["a".into()]).await.unwrap();
    assert_eq!(row, Some(vec![Some("1".into()), Some("a".into()), None]));
    let row =
        server.query_row(ALE, "SELECT value, COUNT(*) FROM wp_options WHERE name = ? GROUP BY value", vec!["b".into()]).await.unwrap();
    assert_eq!(row, Some(vec![Some("å 'citat'".into()), Some("1".into())]));
    assert_eq!(server.query_row(ALE, "SELECT 1 FROM wp_options WHERE name = ?", vec!["' OR 1=1 -- ".into()]).await.unwrap(), None);

    let broken = "INSERT INTO wp_options (name) VALUES ('c'); INSERT INTO nothing VALUES (1); INSERT INTO wp_options (name) VALUES ('d')";
    let text = message(server.run_script(ALE, broken).await, OutsideKind::Refused);
    assert!(text.contains("statement 2") && text.contains("nothing"), "{text}");
    let row = server.query_row(ALE, "SELECT GROUP_CONCAT(name ORDER BY name) FROM wp_options", vec![]).await.unwrap().unwrap();
    assert_eq!(row, [Some("a,b,c".to_owned())]);
    // What a script set for its session does not reach the next one.
    server.run_script(ALE, "SET SESSION sql_mode = 'ANSI_QUOTES'; SET FOREIGN_KEY_CHECKS = 0").await.unwrap();
    let row = server.query_row(ALE, "SELECT @@foreign_key_checks, @@sql_mode", vec![]).await.unwrap().unwrap();
    assert_eq!(row[0].as_deref(), Some("1"));
    assert!(!row[1].as_deref().unwrap().contains("ANSI_QUOTES"), "{row:?}");

    let text = message(server.run_script(ALE, "ALTER USER x@localhost IDENTIFIED BY 'hemligt' NONSENSE").await, OutsideKind::Refused);
    assert!(!text.contains("hemligt"), "{text}");
    let text = message(server.run_script("flt_none", "SELECT 1").await, OutsideKind::Refused);
    assert!(text.contains("flt_none"), "{text}");
    message(server.schema("flt-ale`; DROP").await, OutsideKind::Refused);

    // A script of the size of an installed WordPress, 2 MB in 400 statements, in one go.
    let value = "x".repeat(5000);
    let large: String = (0..400).map(|n| format!("INSERT INTO wp_options (name, value) VALUES ('n{n}', '{value}');\n")).collect();
    server.run_script(ALE, &large).await.unwrap();
    let seen = server.schema(ALE).await.unwrap();
    assert_eq!(seen.tables, 1);
    assert!(seen.bytes > 16_000, "{seen:?}");
}

#[tokio::test]
async fn a_copy_has_the_same_fingerprint() {
    let real = Real::new().await;
    let server = real.database_server().await;
    let (one, two) = ("flt_one_trial", "flt_two_trial");
    let script = "CREATE TABLE a (id INT PRIMARY KEY, t TEXT); INSERT INTO a VALUES (1, 'å'), (2, NULL); CREATE TABLE empty (id INT); CREATE VIEW v AS SELECT 1";
    for name in [one, two] {
        server.create_schema(name, &password()).await.unwrap();
        server.run_script(name, script).await.unwrap();
    }
    let first = server.fingerprint(one).await.unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["a", "empty"]);
    assert!(first["a"].starts_with("rows 2 checksum "), "{first:?}");
    assert_eq!(first, server.fingerprint(two).await.unwrap());
    server.run_script(two, "UPDATE a SET t = 'ä' WHERE id = 1").await.unwrap();
    assert_ne!(first, server.fingerprint(two).await.unwrap());
}

#[tokio::test]
async fn it_connects_again_after_the_server_was_restarted() {
    let real = Real::new().await;
    let server = real.database_server().await;
    server.create_schema(ALE, &password()).await.unwrap();
    // Several connections in the pool, all dead after this.
    let (a, b, c) = tokio::join!(server.ping(), server.schema(ALE), server.schemas("flt"));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let name = real.name("db-1");
    real.engine.stop_container(&name, 30).await.unwrap();
    let text = message(server.schema(ALE).await, OutsideKind::Unreachable);
    assert!(text.contains("mysqld.sock"), "{text}");
    real.engine.start_container(&name).await.unwrap();
    let begun = Instant::now();
    real.until("it answers again", Duration::from_secs(60), &name, || server.ping()).await;
    println!("again after {} ms", begun.elapsed().as_millis());
    assert!(server.schema(ALE).await.unwrap().user);

    let wrong = Mariadb::new(&real.home().join("run/db-1/mysqld.sock"), &"wrongPassword0123".into());
    let text = message(wrong.ping().await, OutsideKind::Refused);
    assert!(!text.contains("wrongPassword0123"), "{text}");
}
