// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Logging in and out, and whose token goes where.

use std::os::unix::fs::PermissionsExt;

use super::{
    flotta, run,
    server::{Server, json},
};

const PASSWORD: &str = "tre ankor i en damm";
const TOKEN: &str = "flt_abcdefghijklmnop";

fn plane() -> Server {
    Server::start(|asked, _| match asked.line().as_str() {
        "POST /api/v1/session" if asked.body.contains(PASSWORD) => {
            json(200, &format!(r#"{{"token":"{TOKEN}","expires_at":"2026-12-23T05:00:00Z"}}"#))
        }
        "POST /api/v1/session" => json(401, "{}"),
        "DELETE /api/v1/session" => json(204, ""),
        _ => json(200, r#"{"items":[],"page":1,"per_page":1,"total":0}"#),
    })
}

fn log_in(home: &std::path::Path, server: &Server, password: &str) -> super::Came {
    let args = ["login", "--url", &server.url, "--email", "anna@ale.se", "--password-file", "-"];
    run(flotta(home).args(args).write_stdin(format!("{password}\nnever read\n")))
}

#[test]
fn the_token_is_kept_privately_used_and_revoked() {
    let (home, server) = (tempfile::tempdir().unwrap(), plane());
    let file = home.path().join("credentials.toml");
    let came = log_in(home.path(), &server, PASSWORD);
    assert_eq!(came.status, 0, "{}", came.err);
    assert!(came.out.contains("anna@ale.se") && !came.out.contains(TOKEN) && !came.out.contains(PASSWORD), "{}", came.out);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(TOKEN) && !text.contains(PASSWORD), "{text}");

    assert_eq!(run(flotta(home.path()).args(["municipality", "list"])).status, 0);
    assert_eq!(server.asked().pop().unwrap().headers["authorization"], format!("Bearer {TOKEN}"));

    assert_eq!(run(flotta(home.path()).arg("logout")).out, "Logged out.\n");
    assert_eq!(server.lines().pop().unwrap(), "DELETE /api/v1/session");
    assert!(!file.exists());
    assert_eq!(run(flotta(home.path()).arg("logout")).out, "Nobody is logged in here.\n");
}

#[test]
fn a_wrong_password_leaves_nothing_behind() {
    let (home, server) = (tempfile::tempdir().unwrap(), plane());
    let came = log_in(home.path(), &server, "wrong password");
    assert_eq!(came.status, 1);
    assert!(came.err.contains("password is wrong") && !came.err.contains("wrong password"), "{}", came.err);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let (home, server) = (tempfile::tempdir().unwrap(), plane());
    let came = run(flotta(home.path()).args(["login", "--url", &server.url, "--email", "a@ale.se"]).write_stdin(""));
    assert!(came.status == 2 && came.err.contains("--password-file"), "{}", came.err);
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn a_token_from_a_file_goes_to_no_other_address() {
    let (home, server, other) = (tempfile::tempdir().unwrap(), plane(), plane());
    assert_eq!(log_in(home.path(), &server, PASSWORD).status, 0);
    run(flotta(home.path()).args(["municipality", "list", "--url", &other.url]));
    assert!(!other.asked().pop().unwrap().headers.contains_key("authorization"));
    run(flotta(home.path()).args(["municipality", "list"]).env("FLOTTA_URL", &other.url).env("FLOTTA_TOKEN", "flt_mine"));
    assert_eq!(other.asked().pop().unwrap().headers["authorization"], "Bearer flt_mine");
}

#[test]
fn a_credentials_file_that_others_can_read_is_refused() {
    let (home, server) = (tempfile::tempdir().unwrap(), plane());
    assert_eq!(log_in(home.path(), &server, PASSWORD).status, 0);
    std::fs::set_permissions(home.path().join("credentials.toml"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let came = run(flotta(home.path()).args(["municipality", "list"]));
    assert!(came.status == 2 && came.err.contains("chmod 600"), "{}", came.err);
}
