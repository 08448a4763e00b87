// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Lists and single things: what is asked of the API, what people see, what programs get.

use super::{
    against, flotta, run,
    server::{Server, json},
};

const MUNICIPALITIES: &str = r#"{"items": [{"slug":"ale","name":"Ale kommun","code":"1440","contact_email":"a@ale.se","created_at":"2026-11-23T05:00:00Z",
  "instances":[{"id":"i1","environment":"production","state":"running","desired":"running","reason":"","domain":"ale.se","address":"https://ale.se/","network":"sub-directory","locale":"sv_SE","release":"6.8-1","admin_login":"admin-ale","admin_email":"a@ale.se","limits":{"memory_mib":512,"cpu_milli":1000,"pids":128},"created_at":"2026-11-23T05:00:00Z"},
   {"environment":"trial","state":"suspended","address":"https://prov.ale.se/","release":"6.8-2"}]}],"page":1,"per_page":1,"total":290}"#;

#[test]
fn a_list_is_a_table_with_a_row_for_each_instance() {
    let server = Server::start(|_, _| json(200, MUNICIPALITIES));
    let came = against(&server, &["municipality", "list", "--search", "a&l e", "--state", "running", "--county", "14", "--per-page", "1"]);
    assert_eq!(came.status, 0, "{}", came.err);
    assert_eq!(server.lines(), ["GET /api/v1/municipalities?search=a%26l+e&state=running&county=14&page=1&per_page=1"]);
    assert_eq!(server.asked()[0].headers["authorization"], "Bearer flt_test");
    let rows: Vec<Vec<&str>> = came.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["SLUG", "NAME", "CODE", "ENVIRONMENT", "STATE", "RELEASE", "ADDRESS"]);
    assert_eq!(rows[1], ["ale", "Ale", "kommun", "1440", "production", "running", "6.8-1", "https://ale.se/"]);
    assert_eq!(rows[2][4..6], ["trial", "suspended"]);
    assert!(came.out.contains("--page 2"), "{}", came.out);
    assert!(!came.out.contains('\u{1b}'));
}

#[test]
fn json_is_the_apis_own_to_the_byte() {
    let server = Server::start(|_, _| json(200, MUNICIPALITIES));
    for args in
        [&["municipality", "list"][..], &["municipality", "show", "ale"], &["release", "list"], &["user", "list"], &["audit", "list"]]
    {
        let came = against(&server, &[args, &["--output", "json"]].concat());
        assert_eq!((came.status, came.out.trim_end()), (0, MUNICIPALITIES), "{args:?}");
    }
}

#[test]
fn headings_are_swedish_where_the_environment_is() {
    let server = Server::start(|_, _| json(200, MUNICIPALITIES));
    let home = tempfile::tempdir().unwrap();
    let args = ["municipality", "list", "--url", &server.url];
    assert!(run(flotta(home.path()).env("LANG", "sv_SE.UTF-8").args(args)).out.starts_with("KORTNAMN"));
    assert!(run(flotta(home.path()).env("LANG", "sv_SE.UTF-8").env("LC_ALL", "C").args(args)).out.starts_with("SLUG"));
    assert!(run(flotta(home.path()).args(args).args(["--language", "sv"])).out.starts_with("KORTNAMN"));
    assert_eq!(server.asked()[0].headers["accept-language"], "sv");
}

#[test]
fn an_empty_list_teaches_the_first_step() {
    let server = Server::start(|_, _| json(200, r#"{"items":[],"page":1,"per_page":100,"total":0}"#));
    assert!(against(&server, &["municipality", "list"]).out.contains("flotta municipality onboard --help"));
    assert!(against(&server, &["release", "list"]).out.contains("flotta release register --help"));
    assert_eq!(against(&server, &["municipality", "list", "--search", "x"]).out, "None fits.\n");
}

#[test]
fn one_municipality_is_shown_with_its_instances() {
    let one = r#"{"slug":"ale","name":"Ale kommun","code":null,"contact_email":"a@ale.se","created_at":"2026-11-23T05:00:00Z","instances":[{"environment":"production","state":"quarantined","reason":"no answer from outside","address":"https://ale.se/","limits":{"memory_mib":512}}]}"#;
    let server = Server::start(move |_, _| json(200, one));
    let came = against(&server, &["municipality", "show", "ale"]);
    for text in ["Ale kommun", "2026-11-23 05:00 UTC", "quarantined", "no answer from outside", "512"] {
        assert!(came.out.contains(text), "{text}: {}", came.out);
    }
    assert!(!came.out.contains("Code:"), "what is not known is left out: {}", came.out);
}

#[test]
fn each_command_asks_for_what_its_api_says() {
    let id = "0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e";
    let user = format!(r#"{{"items":[{{"id":"{id}","email":"anna@ale.se"}}],"page":1,"per_page":500,"total":1}}"#);
    let server = Server::start(
        move |asked, _| if asked.path.starts_with("/api/v1/users?") { json(200, &user) } else { json(200, r#"{"items":[]}"#) },
    );
    let cases: &[(&[&str], &str, serde_json::Value)] = &[
        (
            &["release", "register", "img:1", "--name", "6.8-1", "--stable"],
            "POST /api/v1/releases",
            serde_json::json!({"image":"img:1","stable":true,"name":"6.8-1"}),
        ),
        (&["release", "show", "6.8-1"], "GET /api/v1/releases/6.8-1", serde_json::Value::Null),
        (&["release", "promote", "6.8+1"], "POST /api/v1/releases/6.8+1/promote", serde_json::json!({})),
        (&["release", "retire", "6.8-1"], "POST /api/v1/releases/6.8-1/retire", serde_json::json!({})),
        (&["release", "show", "6.8-1", "--inventory"], "GET /api/v1/releases/6.8-1/inventory", serde_json::Value::Null),
        (&["release", "show", "6.8-1", "--cyclonedx"], "GET /api/v1/releases/6.8-1/inventory?format=cyclonedx", serde_json::Value::Null),
        (&["release", "diff", "6.8-2", "6.8-1"], "GET /api/v1/releases/6.8-2/difference?to=6.8-1", serde_json::Value::Null),
        (&["release", "delete", "6.8-1", "--confirm", "6.8-1"], "DELETE /api/v1/releases/6.8-1?confirm=6.8-1", serde_json::Value::Null),
        (
            &["operation", "list", "--state", "live", "--municipality", "ale", "--kind", "onboard"],
            "GET /api/v1/operations?municipality=ale&state=live&kind=onboard&page=1&per_page=100",
            serde_json::Value::Null,
        ),
        (&["operation", "show", id], "GET /api/v1/operations/0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e", serde_json::Value::Null),
        (
            &["operation", "retry", id, "--no-wait"],
            "POST /api/v1/operations/0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e/retry",
            serde_json::json!({}),
        ),
        (
            &["municipality", "suspend", "ale", "--environment", "trial", "--no-wait"],
            "POST /api/v1/municipalities/ale/suspend",
            serde_json::json!({"environment":"trial"}),
        ),
        (&["municipality", "resume", "ale", "--no-wait"], "POST /api/v1/municipalities/ale/resume", serde_json::json!({})),
        (
            &["municipality", "offboard", "ale", "--confirm", "ale", "--keep-backup", "--no-wait"],
            "POST /api/v1/municipalities/ale/offboard",
            serde_json::json!({"confirm":"ale","keep_backups":true}),
        ),
        (&["municipality", "invite", "ale"], "POST /api/v1/municipalities/ale/invitation", serde_json::json!({})),
        (&["municipality", "known", "göte"], "GET /api/v1/known-municipalities?search=g%C3%B6te&limit=20", serde_json::Value::Null),
        (&["backup", "list", "ale"], "GET /api/v1/municipalities/ale/backups?page=1&per_page=100", serde_json::Value::Null),
        (
            &["audit", "list", "--actor", "anna@ale.se"],
            "GET /api/v1/audit?actor=anna%40ale.se&page=1&per_page=100",
            serde_json::Value::Null,
        ),
        (
            &["token", "create", "report", "--permission", "read-fleet", "--days", "7"],
            "POST /api/v1/tokens",
            serde_json::json!({"name":"report","permissions":["read-fleet"],"expires_in_days":7}),
        ),
        (&["token", "revoke", id], "DELETE /api/v1/tokens/0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e", serde_json::Value::Null),
        (
            &["user", "create", "bo@ale.se", "--name", "Bo", "--role", "web-manager", "--municipality", "ale"],
            "POST /api/v1/users",
            serde_json::json!({"email":"bo@ale.se","name":"Bo","role":"web-manager","municipalities":["ale"]}),
        ),
        (
            &["user", "disable", "Anna@ale.se"],
            "PATCH /api/v1/users/0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e",
            serde_json::json!({"disabled":true}),
        ),
        (&["user", "enable", id], "PATCH /api/v1/users/0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e", serde_json::json!({"disabled":false})),
    ];
    for (args, line, body) in cases {
        let came = against(&server, args);
        assert_eq!(came.status, 0, "{args:?}: {}", came.err);
        let last = server.asked().pop().unwrap();
        assert_eq!(last.line(), *line, "{args:?}");
        if !body.is_null() {
            assert_eq!(last.json(), *body, "{args:?}");
        }
        assert_eq!(last.headers.contains_key("idempotency-key"), last.method == "POST", "{args:?}");
    }
}

#[test]
fn offboarding_is_not_begun_without_the_slug() {
    let server = Server::start(|_, _| json(500, ""));
    for confirm in [&[][..], &["--confirm", "alee"], &["--confirm", ""]] {
        let came = against(&server, &[&["municipality", "offboard", "ale"], confirm].concat());
        assert_eq!(came.status, 2, "{confirm:?}");
        assert!(came.err.contains("--confirm ale") && came.err.contains("nothing was changed"), "{}", came.err);
    }
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn a_release_is_not_deleted_without_its_name() {
    let server = Server::start(|_, _| json(500, ""));
    for confirm in [&[][..], &["--confirm", "6.8"], &["--confirm", ""]] {
        let came = against(&server, &[&["release", "delete", "6.8-1"], confirm].concat());
        assert_eq!(came.status, 2, "{confirm:?}");
        assert!(came.err.contains("--confirm 6.8-1") && came.err.contains("nothing was changed"), "{}", came.err);
    }
    assert_eq!(server.lines(), [""; 0]);
}

#[test]
fn a_difference_is_told_in_the_language_asked_for() {
    let told = r#"{"release":"6.8-2","before":"6.8-1","changes":[],"words":{"en":["Theme Helsingborg 1.0 → 1.1"],"sv":["Temat Helsingborg 1.0 → 1.1"]}}"#;
    let server = Server::start(move |_, _| json(200, told));
    assert_eq!(against(&server, &["release", "diff", "6.8-2"]).out, "6.8-1 → 6.8-2\n  Theme Helsingborg 1.0 → 1.1\n");
    assert!(against(&server, &["release", "diff", "6.8-2", "--language", "sv"]).out.contains("Temat Helsingborg"));
    let first = Server::start(|_, _| json(200, r#"{"release":"6.8-1","before":null,"changes":[],"words":{"en":[],"sv":[]}}"#));
    assert!(against(&first, &["release", "diff", "6.8-1"]).out.contains("no release before 6.8-1"));
}
