// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Onboarding and waiting: steps as they come, streams that break, ends of every kind.

use std::time::Duration;

use super::{
    Came, against,
    server::{Asked, Reply, Server, json, stream},
};

const ID: &str = "0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e";
const ARGS: [&str; 9] = ["municipality", "onboard", "ale", "--code", "1440", "--domain", "ale.se", "--admin-email", "a@ale.se"];

fn operation(state: &str, error: &str) -> String {
    format!(
        r#"{{"id":"{ID}","kind":"onboard","municipality":"ale","state":"{state}","step":"database","error":"{error}","steps":["secrets","database"]}}"#
    )
}

fn event(seq: u32, step: &str, kind: &str, second: u32) -> String {
    format!(
        "id: {seq}\nevent: step\ndata: {{\"seq\":{seq},\"at\":\"2026-11-23T05:00:0{second}Z\",\"step\":\"{step}\",\"kind\":\"{kind}\",\"message\":\"\",\"evidence\":null}}\n\n"
    )
}

fn end(state: &str, error: &str) -> String {
    format!("event: end\ndata: {}\n\n", operation(state, error))
}

fn instance(state: &str) -> String {
    format!(
        r#"{{"slug":"ale","name":"Ale kommun","instances":[{{"environment":"production","state":"{state}","reason":"no answer","address":"https://ale.se/","admin_login":"admin-ale"}}]}}"#
    )
}

/// A control plane whose stream breaks after two events, is away for a moment, and then goes on.
fn plane(ending: (&'static str, &'static str), health: &'static str) -> Server {
    Server::start(move |asked: &Asked, before| -> Reply {
        match asked.line().as_str() {
            "POST /api/v1/municipalities" => json(202, &operation("live", "")),
            line if line == format!("GET /api/v1/operations/{ID}/events") => match before {
                0 => stream(&format!(": hello\n\n{}{}data: cut he", event(1, "secrets", "intent", 0), event(2, "secrets", "done", 1))),
                1 => json(503, "{}"),
                // One that was seen before comes again.
                _ => stream(&format!(
                    "{}{}{}{}",
                    event(2, "secrets", "done", 1),
                    event(3, "database", "intent", 1),
                    event(4, "database", "done", 4),
                    end(ending.0, ending.1)
                )),
            },
            "GET /api/v1/municipalities/ale" => json(200, &instance(health)),
            "POST /api/v1/municipalities/ale/invitation" => {
                json(200, r#"{"url":"https://ale.se/wp-login.php?action=rp&key=k&login=admin-ale","expires_at":"2026-11-24T05:00:00Z"}"#)
            }
            other => json(404, &format!("{{\"detail\":\"{other}\"}}")),
        }
    })
}

fn onboard(server: &Server, more: &[&str]) -> Came {
    against(server, &[&ARGS[..], more].concat())
}

#[test]
fn the_steps_are_followed_over_a_restart_and_the_link_is_handed_over() {
    let server = plane(("done", ""), "running");
    let came = onboard(&server, &["--idempotency-key", "once"]);
    assert_eq!(came.status, 0, "{}{}", came.out, came.err);
    let lines: Vec<&str> = came.err.lines().collect();
    assert_eq!(lines[..2], ["[1/2] Secrets …", "[1/2] Secrets: done (1.0 s)"]);
    assert!(lines[2].contains("does not answer"), "{lines:?}");
    assert_eq!(lines[3..], ["[2/2] Database …", "[2/2] Database: done (3.0 s)"]);
    for text in ["Ale kommun is on board.", "https://ale.se/", "admin-ale", "wp-login.php?action=rp&key=k", "2026-11-24 05:00 UTC"] {
        assert!(came.out.contains(text), "{text}: {}", came.out);
    }
    let asked = server.asked();
    assert_eq!(asked[0].headers["idempotency-key"], "once");
    assert_eq!(asked[0].json(), serde_json::json!({"slug":"ale","code":"1440","domain":"ale.se","admin_email":"a@ale.se"}));
    assert!(!asked[1].headers.contains_key("last-event-id"));
    assert_eq!((asked[2].headers["last-event-id"].as_str(), asked[3].headers["last-event-id"].as_str()), ("2", "2"));
}

#[test]
fn progress_and_result_are_swedish_too() {
    let came = onboard(&plane(("done", ""), "running"), &["--language", "sv"]);
    assert!(came.err.contains("[2/2] Databas: klart (3,0 s)"), "{}", came.err);
    assert!(came.out.contains("Ale kommun är ansluten."), "{}", came.out);
}

#[test]
fn programs_get_the_operation_as_it_ended_and_no_link() {
    let server = plane(("done", ""), "running");
    let came = onboard(&server, &["--output", "json"]);
    assert_eq!((came.status, came.out.trim_end()), (0, operation("done", "").as_str()));
    assert!(!server.lines().iter().any(|line| line.contains("invitation")));
}

#[test]
fn what_is_done_but_not_well_gives_3() {
    let came = onboard(&plane(("done", ""), "quarantined"), &[]);
    assert_eq!(came.status, 3);
    assert!(came.err.contains("quarantined") && came.err.contains("no answer"), "{}", came.err);
    assert_eq!(onboard(&plane(("done", ""), "quarantined"), &["--output", "json"]).status, 3);
}

#[test]
fn what_was_undone_or_failed_gives_1_and_says_why() {
    let came = onboard(&plane(("undone", "the disk is full"), ""), &[]);
    assert_eq!(came.status, 1);
    assert!(came.err.contains("nothing is left of it: the disk is full") && came.err.contains(ID), "{}", came.err);
    let came = onboard(&plane(("failed", "no answer from outside"), ""), &[]);
    assert_eq!(came.status, 1);
    assert!(
        came.err.contains("at the step Database: no answer from outside") && came.err.contains("flotta operation retry"),
        "{}",
        came.err
    );
}

#[test]
fn without_waiting_the_operation_is_named() {
    let server = plane(("done", ""), "running");
    let came = onboard(&server, &["--no-wait"]);
    assert_eq!((came.status, came.out.trim_end()), (0, format!("The work goes on. Watch it with: flotta operation watch {ID}").as_str()));
    assert_eq!(server.lines(), ["POST /api/v1/municipalities"]);
}

#[test]
fn a_dry_run_asks_for_the_preview_only() {
    let preview = r#"{"slug":"ale","name":"Ale kommun","address":"https://ale.se/","release":"6.8-1","environment":"production","network":"sub-directory","steps":["secrets","database"],"memory_promised_mib":512,"memory_capacity_mib":9000}"#;
    let server = Server::start(move |_, _| json(200, preview));
    let came = onboard(&server, &["--dry-run"]);
    assert_eq!(came.status, 0);
    assert_eq!(server.lines(), ["POST /api/v1/municipalities/preview"]);
    assert!(
        came.out.contains("secrets, database") && came.out.contains("512 / 9000") && came.out.contains("Nothing was changed"),
        "{}",
        came.out
    );
    assert_eq!(onboard(&server, &["--dry-run", "--output", "json"]).out.trim_end(), preview);
}

#[test]
fn an_operation_can_be_watched_and_a_stop_of_the_watching_says_how_to_go_on() {
    use std::process::{Command, Stdio};
    let server = Server::start(|asked, _| {
        if asked.path.ends_with("/events") {
            Reply { linger: Duration::from_secs(30), ..stream(&event(1, "secrets", "intent", 0)) }
        } else {
            json(200, &operation("live", ""))
        }
    });
    let home = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_flotta"))
        .args(["operation", "watch", ID, "--url", &server.url])
        .env_clear()
        .env("HOME", home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.lines().len() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The handler stands before the stream is opened; a moment more lets the first event through.
    std::thread::sleep(Duration::from_millis(500));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{err}");
    assert!(err.contains("Secrets …") && err.contains(&format!("flotta operation watch {ID}")), "{err}");
}
