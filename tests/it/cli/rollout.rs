// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts on the command line: what is asked, what people see, how it ends.

use serde_json::json;

use super::{
    against,
    server::{Asked, Server, json as answer, stream},
};

const ID: &str = "0197a3c2-5d1e-7c3b-9d4e-2f6a8b1c0d9e";

fn rollout(state: &str, why: &str, members: &[(&str, &str)]) -> String {
    let board: Vec<_> = members
        .iter()
        .map(|(slug, state)| {
            json!({"municipality": slug, "environment": "production", "wave": u32::from(*slug != "ale"), "state": state, "blame": null,
                "reason": if *state == "rolled-back" { "ale.se/: it shows an error" } else { "" }, "held": null, "migration": "data"})
        })
        .collect();
    let mut counts = serde_json::Map::new();
    for (_, state) in members {
        let n = counts.get(*state).and_then(serde_json::Value::as_u64).unwrap_or(0) + 1;
        counts.insert((*state).to_owned(), n.into());
    }
    json!({"id": ID, "release": "6.9-1", "state": state, "why": why, "waves": [{"name": "1"}, {"name": "100%"}], "gates": 1, "failures": 1,
        "budget": 3, "members": members.len(), "counts": counts, "requested_by": "anna@ale.se", "created_at": "2026-11-23T05:00:00Z",
        "finished_at": null, "board": board})
    .to_string()
}

fn line(seq: u32, kind: &str, slug: &str, word: &str, message: &str) -> String {
    let data =
        json!({"seq": seq, "kind": kind, "municipality": slug, "word": word, "by": "", "message": message, "evidence": {"why": "budget"}});
    format!("id: {seq}\nevent: line\ndata: {data}\n\n")
}

/// A control plane whose rollout ends like this; the stream breaks once on the way.
fn plane(end: &'static str, why: &'static str, members: &'static [(&'static str, &'static str)]) -> Server {
    Server::start(move |asked: &Asked, before| {
        if !asked.path.ends_with("/events") {
            return answer(if asked.method == "POST" { 202 } else { 200 }, &rollout("running", "started", members));
        }
        match (before, asked.headers.get("last-event-id").map(String::as_str)) {
            (0, None) => stream(&line(1, "member", "ale", "updating", "")),
            (_, Some("1")) => stream(&format!(
                "{}event: end\ndata: {}\n\n",
                line(2, "member", "ale", "rolled-back", "ale.se/: it shows an error"),
                rollout(end, why, members)
            )),
            _ => answer(500, ""),
        }
    })
}

#[test]
fn the_exit_status_tells_how_a_rollout_ended() {
    for (end, members, status) in [
        ("completed", &[("ale", "succeeded"), ("mora", "succeeded")][..], 0),
        ("completed", &[("ale", "rolled-back"), ("mora", "succeeded")], 3),
        ("halted", &[("ale", "rolled-back"), ("mora", "pending")], 1),
        ("revert-blocked", &[("ale", "needs-approval")], 1),
    ] {
        let server = plane(end, "over", members);
        let came = against(&server, &["rollout", "start", "6.9-1", "--soak", "10m", "--manual-gates"]);
        assert_eq!(came.status, status, "{end}: {} {}", came.out, came.err);
        assert_eq!(server.asked()[0].json(), json!({"release": "6.9-1", "knobs": {"soak_seconds": [600], "manual_gates": true}}));
        assert!(came.err.contains("ale: being updated\n") && came.err.contains("it shows an error"), "{}", came.err);
        assert!(came.out.contains("Rollout of 6.9-1") && came.out.contains("anna@ale.se"), "{}", came.out);
        assert!(!came.out.contains('\u{1b}') && !came.err.contains('\u{1b}'));
        // Watching it later ends alike, and programs get the API's own words.
        let watched = against(&plane(end, "over", members), &["rollout", "watch", ID, "--output", "json"]);
        assert_eq!((watched.status, watched.out.trim_end()), (status, rollout(end, "over", members).as_str()));
    }
}

#[test]
fn a_plan_is_told_in_words() {
    let plan = json!({"release": "6.9-1", "expected_seconds": 7500.0, "budget": 1,
        "waves": [{"name": "1", "members": 1, "soak_seconds": 600, "expected_seconds": 660.0}],
        "members": [{"municipality": "orsa", "environment": "trial", "wave": 0, "placed": "trial", "sites": 3, "held": "window", "detail": "Mon 22:00-04:00"}],
        "left_out": [{"municipality": "bor", "environment": "production", "why": "pinned"}]})
    .to_string();
    let server = Server::start(move |_, _| answer(200, &plan));
    let came = against(&server, &["rollout", "plan", "6.9-1", "--ring", "early=orsa", "--waves", "1,25%"]);
    assert_eq!(came.status, 0, "{}", came.err);
    assert_eq!(server.lines(), ["POST /api/v1/rollouts/plan"]);
    assert_eq!(server.asked()[0].json()["rings"], json!([{"name": "early", "municipalities": ["orsa"]}]));
    for text in
        ["2 h 5 min", "no public site", "its maintenance window: Mon 22:00-04:00", "is pinned to another release", "Nothing was started"]
    {
        assert!(came.out.contains(text), "{text}: {}", came.out);
    }
    let swedish = against(&server, &["rollout", "plan", "6.9-1", "--language", "sv"]);
    assert!(swedish.out.contains("ingen publik webbplats") && swedish.out.contains("Inget har startats"), "{}", swedish.out);
}

#[test]
fn each_order_asks_for_what_its_api_says() {
    let server = Server::start(|_, _| answer(200, &rollout("paused", "operator", &[("ale", "pending")])));
    let cases: &[(&[&str], String)] = &[
        (&["pause", ID], format!("POST /api/v1/rollouts/{ID}/pause")),
        (&["resume", ID], format!("POST /api/v1/rollouts/{ID}/resume")),
        (&["approve", ID], format!("POST /api/v1/rollouts/{ID}/resume")),
        (&["halt", ID], format!("POST /api/v1/rollouts/{ID}/halt")),
        (&["skip", ID, "ale"], format!("POST /api/v1/rollouts/{ID}/members/ale/skip")),
        (&["retry", ID, "ale", "--environment", "trial"], format!("POST /api/v1/rollouts/{ID}/members/ale/retry?environment=trial")),
        (&["approve", ID, "ale", "--confirm", "ale"], format!("POST /api/v1/rollouts/{ID}/members/ale/approve")),
        (&["revert", ID, "--no-wait"], format!("POST /api/v1/rollouts/{ID}/revert")),
        (&["revert", ID, "--lose-data", "--confirm", "6.9-1", "--no-wait"], format!("POST /api/v1/rollouts/{ID}/revert")),
        (&["show", ID, "ale"], format!("GET /api/v1/rollouts/{ID}/members/ale")),
        (&["list", "--state", "paused"], "GET /api/v1/rollouts?state=paused&page=1&per_page=100".to_owned()),
    ];
    for (args, asked) in cases {
        let came = against(&server, &[&["rollout"], *args].concat());
        assert_eq!(came.status, 0, "{args:?}: {}", came.err);
        assert_eq!(&server.lines().pop().unwrap(), asked, "{args:?}");
    }
    let reverts: Vec<_> = server.asked().into_iter().filter(|a| a.path.ends_with("/revert")).map(|a| a.json()).collect();
    assert_eq!(reverts, [json!({"lose_data": false}), json!({"lose_data": true})]);
}

#[test]
fn nothing_is_lost_without_the_word() {
    let server = Server::start(|_, _| answer(200, &rollout("completed", "over", &[("ale", "succeeded")])));
    for args in [
        &["revert", ID, "--lose-data"][..],
        &["revert", ID, "--lose-data", "--confirm", "6.8"],
        &["approve", ID, "ale"],
        &["approve", ID, "ale", "--confirm", "mora"],
    ] {
        let came = against(&server, &[&["rollout"], args].concat());
        assert_eq!(came.status, 2, "{args:?}");
        assert!(came.err.contains("nothing was changed") && came.err.contains("--confirm"), "{}", came.err);
    }
    assert!(server.lines().iter().all(|l| l.starts_with("GET")), "{:?}", server.lines());
}

#[test]
fn a_hold_a_pin_and_a_window_leave_each_other_alone() {
    let policy = r#"{"municipality":"ale","environment":"production","hold":{"reason":"val","until":"2026-12-24T12:00:00Z","by":"a","since":"2026-11-23T05:00:00Z"},"pin":"6.8-1","window":"Mon 01:00-02:00"}"#;
    let server = Server::start(move |_, _| answer(200, policy));
    let hold = json!({"reason": "val", "until": "2026-12-24T12:00:00Z"});
    let cases: &[(&[&str], serde_json::Value)] = &[
        (&["unhold", "ale"], json!({"hold": null, "pin": "6.8-1", "window": "Mon 01:00-02:00"})),
        (&["pin", "ale", "--any"], json!({"hold": hold, "pin": null, "window": "Mon 01:00-02:00"})),
        (
            &["window", "ale", "tue 03:00-04:00", "--environment", "trial"],
            json!({"environment": "trial", "hold": hold, "pin": "6.8-1", "window": "Tue 03:00-04:00"}),
        ),
        (
            &["hold", "ale", "--reason", "jul", "--until", "2026-12-27T00:00:00Z"],
            json!({"hold": {"reason": "jul", "until": "2026-12-27T00:00:00Z"}, "pin": "6.8-1", "window": "Mon 01:00-02:00"}),
        ),
    ];
    for (args, body) in cases {
        let came = against(&server, &[&["municipality"], *args].concat());
        assert_eq!(came.status, 0, "{args:?}: {}", came.err);
        let last = server.asked().pop().unwrap();
        assert_eq!((last.line().as_str(), &last.json()), ("PUT /api/v1/municipalities/ale/policy", body), "{args:?}");
    }
    assert_eq!(against(&server, &["municipality", "window", "ale", "whenever"]).status, 2);
    assert_eq!(against(&server, &["municipality", "pin", "ale"]).status, 2);
}
