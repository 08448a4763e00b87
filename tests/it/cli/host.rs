// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What runs on the control plane's host without the API: configuration, migration, master keys.

use std::os::unix::fs::PermissionsExt;

use flotta::{
    config,
    store::{Store, secrets},
};

use super::{flotta, run};

#[test]
fn every_mistake_of_a_configuration_is_told_at_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("flotta.toml");
    std::fs::write(
        &path,
        "home = 'relative'\nfleet = 'No!'\nlisten = 'x'\nworkers = 0\n[gateway]\nhttp_port = 80\nhttps_port = 80\n[limits]\npids = 1\n",
    )
    .unwrap();
    let check = |more: &[&str]| run(flotta(home.path()).args(["check-config", "--config"]).arg(&path).args(more));
    let came = check(&[]);
    assert_eq!(came.status, 2);
    for field in ["home", "fleet", "listen", "workers", "gateway.https_port", "limits.pids"] {
        assert!(came.err.contains(&format!("\n  {field}: ")), "{field}: {}", came.err);
    }
    assert!(came.err.contains("6 mistakes") && came.err.matches("fix: ").count() == 6, "{}", came.err);
    let json: serde_json::Value = serde_json::from_str(&check(&["--output", "json"]).out).unwrap();
    assert_eq!((json["ok"].as_bool(), json["errors"].as_array().unwrap().len()), (Some(false), 6));
    assert!(check(&["--language", "sv"]).err.contains("6 fel"));
}

#[test]
fn an_unknown_key_a_missing_file_and_an_open_key_are_mistakes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("flotta.toml");
    let check = || run(flotta(home.path()).args(["check-config", "--config"]).arg(&path));
    assert_eq!(check().status, 2);
    std::fs::write(&path, "colour = 'blue'").unwrap();
    let came = check();
    assert!(came.status == 2 && came.err.contains("colour"), "{}", came.err);
    std::fs::write(&path, format!("home = '{}'", home.path().display())).unwrap();
    assert!(check().err.contains("master.key"));
    let key = home.path().join("master.key");
    assert_eq!(run(flotta(home.path()).args(["secret", "new-key", "--to"]).arg(&key)).status, 0);
    assert_eq!(check().status, 0);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let came = check();
    assert!(came.status == 2 && came.err.contains("chmod 600"), "{}", came.err);
}

#[test]
fn a_new_key_is_printed_or_written_but_never_over_another() {
    let home = tempfile::tempdir().unwrap();
    let printed = run(flotta(home.path()).args(["secret", "new-key"])).out;
    assert!(printed.trim_end().len() == 64 && printed.trim_end().chars().all(|c| c.is_ascii_hexdigit()));
    let path = home.path().join("k");
    let make = || run(flotta(home.path()).args(["secret", "new-key", "--to"]).arg(&path));
    let came = make();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(came.status == 0 && !came.out.contains(text.trim()), "{}", came.out);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(make().status, 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn migrating_twice_does_nothing_the_second_time_and_a_running_plane_is_respected() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("flotta.toml");
    std::fs::write(&path, format!("home = '{}'", home.path().display())).unwrap();
    let migrate = || run(flotta(home.path()).args(["migrate", "--config"]).arg(&path));
    let first = migrate();
    assert!(first.status == 0 && first.out.starts_with("Done: "), "{}{}", first.out, first.err);
    assert_eq!(migrate().out, "The store is up to date.\n");
    let _running = flotta::app::lock(&config::load(&path).unwrap()).unwrap();
    let came = migrate();
    assert!(came.status == 2 && came.err.contains("another control plane runs"), "{}", came.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_sealed_anew_with_the_present_key() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("flotta.toml");
    assert_eq!(run(flotta(home.path()).args(["init", "--home"]).arg(home.path())).status, 0);
    let before = config::load(&path).unwrap();
    let store = Store::connect(&before.store).await.unwrap();
    before.vault().unwrap().ensure(&store, "platform", &["one", "two"], jiff::Timestamp::now()).await.unwrap();

    let new = home.path().join("new.key");
    assert_eq!(run(flotta(home.path()).args(["secret", "new-key", "--to"]).arg(&new)).status, 0);
    let text = std::fs::read_to_string(&path).unwrap() + &format!("key_file = '{}'\n", new.display());
    let rotate = || run(flotta(home.path()).args(["secret", "rotate", "--config"]).arg(&path));
    std::fs::write(&path, &text).unwrap();
    let came = rotate();
    assert!(came.status == 1 && came.err.contains("previous_key_files"), "{}", came.err);

    std::fs::write(&path, text + &format!("previous_key_files = ['{}']\n", home.path().join("master.key").display())).unwrap();
    let came = rotate();
    assert!(came.status == 0 && came.out.starts_with("2 secrets"), "{}{}", came.out, came.err);
    assert!(rotate().out.starts_with("0 secrets"));
    let after = config::load(&path).unwrap().vault().unwrap();
    for sealed in secrets::all(&store).await.unwrap() {
        after.open(&sealed).unwrap();
    }
}
