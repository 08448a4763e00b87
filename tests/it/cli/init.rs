// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta init`: what it writes, that it never writes over it, and that a run that was cut off is finished by the next.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path};

use flotta::{
    access::{self, Credential},
    config,
    store::Store,
};

use super::{Came, flotta, run};

fn init(home: &Path, more: &[&str]) -> Came {
    run(flotta(home).args(["init", "--home"]).arg(home).args(more))
}

fn files(home: &Path) -> BTreeMap<String, String> {
    ["flotta.toml", "master.key", "credentials.toml"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::fs::read_to_string(home.join(name)).ok()?)))
        .collect()
}

async fn token_works(home: &Path) -> bool {
    let table: toml::Table = toml::from_str(&files(home)["credentials.toml"]).unwrap();
    let store = Store::connect(&config::load(&home.join("flotta.toml")).unwrap().store).await.unwrap();
    let credential = Credential::Token(table["token"].as_str().unwrap().to_owned().into());
    access::authenticate(&store, &credential, jiff::Timestamp::now()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_made_once_privately_and_works() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("fleet");
    let args = ["--fleet", "t3", "--listen", "0.0.0.0:7799", "--https-port", "8443", "--http-port", "8080", "--bind", "127.0.0.1"];
    let came =
        init(&home, &[&args[..], &["--image-mariadb", "sha256:aa", "--image-gateway", "sha256:bb", "--admin-email", "it@ale.se"]].concat());
    assert_eq!(came.status, 0, "{}{}", came.out, came.err);
    let made = files(&home);
    for (name, text) in &made {
        assert_eq!(std::fs::metadata(home.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(!text.is_empty());
    }
    assert_eq!((made.len(), made["master.key"].trim().len()), (3, 64));
    assert_eq!(std::fs::metadata(&home).unwrap().permissions().mode() & 0o777, 0o700);

    let config = config::load(&home.join("flotta.toml")).unwrap();
    assert_eq!((config.fleet.fleet.as_str(), config.fleet.https_port, config.fleet.mariadb_image.as_str()), ("t3", 8443, "sha256:aa"));
    let table: toml::Table = toml::from_str(&made["credentials.toml"]).unwrap();
    let text = |key: &str| table[key].as_str().unwrap();
    assert_eq!((text("url"), text("email")), ("http://127.0.0.1:7799", "it@ale.se"));
    for secret in [text("password"), text("token"), made["master.key"].trim()] {
        assert!(!came.out.contains(secret) && !came.err.contains(secret));
    }
    assert!(token_works(&home).await);
    let store = Store::connect(&config.store).await.unwrap();
    let now = jiff::Timestamp::now();
    access::log_in(&store, "it@ale.se", text("password").to_owned().into(), None, now).await.unwrap();

    let again = init(&home, &[]);
    assert_eq!((again.status, files(&home)), (0, made.clone()));
    assert!(again.out.ends_with("Nothing was changed.\n"), "{}", again.out);
    assert!(init(&home, &["--https-port", "9443"]).err.contains("no effect"));
    assert_eq!(files(&home), made);
    let json: serde_json::Value = serde_json::from_str(&init(&home, &["--output", "json"]).out).unwrap();
    assert_eq!(json, serde_json::json!({"flotta.toml": "kept", "master.key": "kept", "credentials.toml": "kept"}));
}

#[test]
fn wrong_choices_are_told_at_once_and_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("fleet");
    let came = init(&home, &["--fleet", "No!", "--listen", "x", "--https-port", "80", "--admin-email", "nobody"]);
    assert_eq!(came.status, 2);
    for field in ["fleet", "listen", "gateway.https_port", "admin_email"] {
        assert!(came.err.contains(&format!("\n  {field}: ")), "{field}: {}", came.err);
    }
    assert!(!home.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(init(home, &[]).status, 0);
    let credentials = home.join("credentials.toml");
    let whole = files(home)["credentials.toml"].clone();
    // Cut off before the token was made: password only.
    let cut: String = whole.lines().filter(|l| !l.starts_with("token") && !l.starts_with("expires_at")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&credentials, &cut).unwrap();
    assert_eq!(init(home, &[]).status, 0);
    assert!(token_works(home).await);
    let password = |text: &str| text.lines().find(|l| l.starts_with("password")).map(str::to_owned);
    assert_eq!(password(&files(home)["credentials.toml"]), password(&whole));
    // Cut off before the administrator was made: the store knows nobody.
    std::fs::remove_file(home.join("flotta.db")).unwrap();
    std::fs::write(&credentials, &cut).unwrap();
    assert_eq!(init(home, &[]).status, 0);
    assert!(token_works(home).await);
    // The file is gone, the users are not: nothing is made up.
    std::fs::remove_file(&credentials).unwrap();
    let came = init(home, &[]);
    assert!(came.status == 0 && came.out.contains("flotta login"), "{}", came.out);
    assert!(!credentials.exists());
}

#[test]
fn a_password_can_be_given_and_a_weak_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let with = |password: &str| run(flotta(home).args(["init", "--password-file", "-", "--home"]).arg(home).write_stdin(password));
    let came = with("kort\n");
    assert!(came.status == 2 && came.err.contains("at least 12"), "{}", came.err);
    assert!(!home.join("credentials.toml").exists());
    assert_eq!(with("tre ankor i en damm\n").status, 0);
    assert!(files(home)["credentials.toml"].contains("tre ankor i en damm"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_is_never_replaced_while_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(init(home, &[]).status, 0);
    let config = config::load(&home.join("flotta.toml")).unwrap();
    let store = Store::connect(&config.store).await.unwrap();
    config.vault().unwrap().ensure(&store, "platform", &["one"], jiff::Timestamp::now()).await.unwrap();
    std::fs::remove_file(home.join("master.key")).unwrap();
    let came = init(home, &[]);
    assert!(came.status == 2 && came.err.contains("restore it"), "{}", came.err);
    assert!(!home.join("master.key").exists());
}

#[test]
fn beside_a_running_control_plane_it_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    assert_eq!(init(home, &[]).status, 0);
    let _running = flotta::app::lock(&config::load(&home.join("flotta.toml")).unwrap()).unwrap();
    let came = init(home, &[]);
    assert!(came.status == 0 && came.out.ends_with("Nothing was changed.\n"), "{}{}", came.out, came.err);
}
