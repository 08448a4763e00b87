// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta health` and `flotta incident`: what is asked, what people see, exit statuses.

use super::{
    against,
    server::{Server, json, stream},
};

const BOARD: &str = r#"{"worst":"down","checks":4,"states":{"ok":3,"down":1},"open_incidents":1,"items":[
  {"municipality":"ale","name":"Ale kommun","worst":"down","checks":3,"states":{"ok":2,"down":1}},
  {"municipality":"bor","name":"Bor kommun","worst":"ok","checks":1,"states":{"ok":1}}],"page":1,"per_page":100,"total":2}"#;
const CHECKS: &str = r#"{"items":[{"number":7,"municipality":"ale","kind":"site","address":"ale.se/skola/","blog":2,"health":"HEALTH",
  "failure":"no-database","since":"2026-11-23T05:00:00Z","created_at":"2026-11-23T05:00:00Z"}],"page":1,"per_page":100,"total":1}"#;
const INCIDENT: &str = r#"{"id":"0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e","cause":"database-server","label":"flotta-db-1","failure":"no-database",
  "certain":true,"opened_at":"2026-11-23T05:00:00Z","resolved_at":null,"acknowledged_at":null,"acknowledged_by":null,"note":"","merged_into":null,
  "members":1,"failing":1,"checks":[{"number":7,"municipality":"ale","address":"ale.se/skola/","failure":"no-database",
  "since":"2026-11-23T05:00:00Z","until":null}],"events":[{"seq":1,"at":"2026-11-23T05:00:00Z","kind":"opened","by":"","message":""}]}"#;
const ID: &str = "0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e";

#[test]
fn the_board_says_what_is_down_and_exits_with_three() {
    let server = Server::start(|_, _| json(200, BOARD));
    let came = against(&server, &["health", "show"]);
    assert_eq!(came.status, 3, "{}", came.err);
    assert_eq!(server.lines(), ["GET /api/v1/health?page=1&per_page=100"]);
    let rows: Vec<Vec<&str>> = came.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["ale", "down", "3", "1", "down,", "2", "ok"]);
    assert!(came.out.contains("4 checks, 1 open incident\n"), "{}", came.out);
    let came = against(&server, &["health", "show", "--output", "json"]);
    assert_eq!((came.status, came.out.trim_end()), (3, BOARD));
}

#[test]
fn a_site_that_only_is_slow_is_no_failure() {
    for (health, status) in [("ok", 0), ("slow", 0), ("suspect", 0), ("down", 3), ("flapping", 3)] {
        let server = Server::start(move |_, _| json(200, &CHECKS.replace("HEALTH", health)));
        let came = against(&server, &["health", "show", "ale"]);
        assert_eq!(came.status, status, "{health} {}", came.err);
        assert!(came.out.contains("ale.se/skola/") && came.out.contains(health), "{}", came.out);
        assert_eq!(server.lines(), ["GET /api/v1/checks?municipality=ale&page=1&per_page=100"]);
    }
}

#[test]
fn wrong_input_is_told_before_anybody_is_asked() {
    let server = Server::start(|_, _| json(200, BOARD));
    for (args, said) in [
        (&["health", "show", "Ale!"][..], "slug"),
        (&["health", "show", "ale", "--health", "ill"], "use one of"),
        (&["health", "show", "--health", "down"], "required"),
        (&["incident", "show", "7"], "id"),
        (&["incident", "list", "--state", "ended"], "possible values"),
    ] {
        let came = against(&server, args);
        assert_eq!(came.status, 2, "{args:?} {}", came.err);
        assert!(came.err.contains(said), "{args:?} {}", came.err);
    }
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn incidents_are_listed_shown_and_taken_on() {
    let server = Server::start(|_, _| json(200, INCIDENT));
    let came = against(&server, &["incident", "show", ID]);
    assert_eq!(came.status, 0, "{}", came.err);
    for part in ["flotta-db-1", "database-server", "ale.se/skola/", "opened"] {
        assert!(came.out.contains(part), "{part}: {}", came.out);
    }
    let came = against(&server, &["incident", "acknowledge", ID, "--note", "disken byts"]);
    assert_eq!(came.status, 0, "{}", came.err);
    against(&server, &["incident", "list", "--municipality", "ale"]);
    let lines = server.lines();
    assert_eq!(lines[0], format!("GET /api/v1/incidents/{ID}"));
    assert_eq!(lines[1], format!("POST /api/v1/incidents/{ID}/acknowledge"));
    assert_eq!(lines[2], "GET /api/v1/incidents?state=open&municipality=ale&page=1&per_page=100");
}

#[test]
fn watching_goes_on_where_the_stream_broke_off() {
    const FIRST: &str = "id: aa\nevent: board\ndata: {\"at\":\"2026-11-23T05:00:00Z\",\"tiles\":[\
        {\"municipality\":\"ale\",\"name\":\"Ale\",\"worst\":\"ok\",\"checks\":1,\"states\":{\"ok\":1},\"cause\":null},\
        {\"municipality\":\"bor\",\"name\":\"Bor\",\"worst\":\"down\",\"checks\":1,\"states\":{\"down\":1},\"cause\":\"gateway\"}],\"incidents\":[]}\n\n: still\n\n\
        id: bb\nevent: tile\ndata: {\"municipality\":\"ale\",\"worst\":\"slow\",\"checks\":1,\"states\":{\"slow\":1},\"cause\":null}\n\n";
    // Another board: what differs from what is known is told, and only that.
    const SECOND: &str = "id: cc\nevent: board\ndata: {\"tiles\":[\
        {\"municipality\":\"ale\",\"worst\":\"slow\",\"checks\":1,\"states\":{\"slow\":1},\"cause\":null},\
        {\"municipality\":\"bor\",\"worst\":\"ok\",\"checks\":1,\"states\":{\"ok\":1},\"cause\":null}],\"incidents\":[]}\n\n";
    let server = Server::start(|_, before| match before {
        0 => stream(FIRST),
        1 => json(503, r#"{"title":"Not available right now","code":"outside-failed","errors":[]}"#),
        2 => stream(SECOND),
        _ => json(401, r#"{"title":"Not logged in","code":"not-logged-in","errors":[]}"#),
    });
    let came = against(&server, &["health", "watch"]);
    assert_ne!(came.status, 0);
    let told: Vec<&str> = came.out.lines().filter_map(|line| line.split_once("  ").map(|(_, said)| said)).collect();
    assert_eq!(told, ["bor: down (1 down), gateway", "ale: slow (1 slow)", "bor: ok (1 ok)"], "{}{}", came.out, came.err);
    let lasts: Vec<Option<String>> = server.asked().iter().map(|asked| asked.headers.get("last-event-id").cloned()).collect();
    assert_eq!(lasts, [None, Some("bb".to_owned()), Some("bb".to_owned()), Some("cc".to_owned())]);
}

#[test]
fn a_status_page_is_opened_and_closed() {
    const PAGE: &str = r#"{"municipality":"ale","open":true,"opened_by":"a@ale.se","opened_at":"2026-11-23T05:00:00Z",
      "url":"https://f.se/status/ale","badge":"https://f.se/status/ale/badge.svg","snippet":"<a href=x>"}"#;
    let server = Server::start(|_, _| json(200, PAGE));
    for (args, line, body) in [
        (&["municipality", "status-page", "ale"][..], "GET", ""),
        (&["municipality", "status-page", "ale", "--open"], "PUT", r#"{"open":true}"#),
        (&["municipality", "status-page", "ale", "--close"], "PUT", r#"{"open":false}"#),
    ] {
        let came = against(&server, args);
        assert_eq!(came.status, 0, "{}", came.err);
        assert!(came.out.contains("https://f.se/status/ale"), "{}", came.out);
        let asked = server.asked();
        let last = asked.last().unwrap();
        assert_eq!((last.line(), last.body.as_str()), (format!("{line} /api/v1/municipalities/ale/status-page"), body));
    }
    assert_eq!(against(&server, &["municipality", "status-page", "ale", "--open", "--close"]).status, 2);
}
