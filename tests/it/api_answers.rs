// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every route's answer as it was agreed on: a change of any is seen here first, as a difference to `snapshots/`. What differs
//! from run to run (ids, times, secrets, durations) is masked.

use std::{collections::BTreeSet, time::Duration};

use flotta::{
    fleet::{
        Incident, IncidentId, Role, Scope,
        health::{Failure, Health},
        incident::{Cause, CauseKind, Member},
    },
    store::{
        self,
        checks::{Found, Remembered},
        incidents::Change,
    },
    web::routes::table,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::web::{PASSWORD, Plane};

/// What was asked for and answered, for one noun.
struct Book<'a> {
    plane: &'a Plane,
    token: String,
    asked: BTreeSet<String>,
    pages: Vec<Value>,
}

impl Book<'_> {
    /// Asks, and notes the answer under the route's own path.
    async fn ask(&mut self, method: Method, route: &str, path: &str, body: Option<Value>) -> Value {
        self.asked.insert(format!("{method} {route}"));
        let mut request = self.plane.request(method.clone(), path).bearer_auth(&self.token);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        let (kind, place) = (header("content-type"), header("location"));
        let text = answer.text().await.unwrap();
        let answered: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        let mut page = json!({"ask": format!("{method} {path}"), "status": status, "answer": answered});
        for (name, value) in [("send", body), ("location", place.map(Value::from)), ("content-type", kind.map(Value::from))] {
            if let Some(value) = value {
                page[name] = value;
            }
        }
        mask("", &mut page);
        self.pages.push(page);
        answered
    }

    async fn get(&mut self, route: &str) -> Value {
        self.ask(Method::GET, route, route, None).await
    }

    /// The pages since the last time.
    fn take(&mut self) -> Value {
        Value::Array(std::mem::take(&mut self.pages))
    }
}

fn mask(name: &str, value: &mut Value) {
    match value {
        Value::Object(all) => all.iter_mut().for_each(|(name, value)| mask(name, value)),
        Value::Array(all) => all.iter_mut().for_each(|value| mask(name, value)),
        Value::String(text) => {
            let secret = matches!(name, "password" | "prefix" | "url" | "request" | "manifest_sha256")
                || name == "token" && text.starts_with("flt_");
            if secret {
                "[secret]".clone_into(text);
            } else if text.parse::<jiff::Timestamp>().is_ok() {
                "[time]".clone_into(text);
            } else {
                *text = without_ids(text);
            }
        }
        Value::Number(_) if matches!(name, "elapsed_seconds" | "seconds" | "milliseconds" | "size_bytes" | "bytes" | "free_bytes") => {
            *value = json!("[number]");
        }
        _ => {}
    }
}

fn without_ids(text: &str) -> String {
    let is_id = |part: &str| {
        part.len() == 36
            && part.bytes().enumerate().all(|(i, b)| if [8, 13, 18, 23].contains(&i) { b == b'-' } else { b.is_ascii_hexdigit() })
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_id) {
            out.push_str("[id]");
            rest = &rest[36..];
        } else if let Some(after) = rest.strip_prefix("flt_") {
            // A token's first characters, or a schema, which ends with some of its instance's id.
            out.push_str("flt_[id]");
            rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id: {answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines)] // the API, told in order
async fn every_answer_is_as_agreed() {
    let mut plane = Plane::start_with(true, |raw| raw.health.interval_seconds = 10).await;
    plane.add_user(Role::Administrator).await;
    let token = plane.token(Role::Administrator, None).await;
    let mut book = Book { plane: &plane, token, asked: BTreeSet::new(), pages: Vec::new() };
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);

    let wanted = json!({"slug": "ale", "code": "1440", "domain": "ale.localhost", "admin_email": "webb@ale.se"});
    book.ask(post.clone(), "/api/v1/municipalities/preview", "/api/v1/municipalities/preview", Some(wanted.clone())).await;
    let begun = book.ask(post.clone(), "/api/v1/municipalities", "/api/v1/municipalities", Some(wanted.clone())).await;
    ended(book.plane, &book.token, &id(&begun)).await;
    // What was done so far is held with the municipalities.
    let begun = std::mem::take(&mut book.pages);
    let incident = one_down(book.plane, &book.token).await;
    book.get("/api/v1/health").await;
    book.ask(get.clone(), "/api/v1/checks", "/api/v1/checks?municipality=ale&health=down", None).await;
    book.ask(get.clone(), "/api/v1/checks/{number}", "/api/v1/checks/1", None).await;
    book.ask(get.clone(), "/api/v1/checks/{number}", "/api/v1/checks/99", None).await;
    book.ask(get.clone(), "/api/v1/checks/{number}/history", "/api/v1/checks/1/history?range=400d", None).await;
    book.ask(get.clone(), "/api/v1/checks/{number}/history", "/api/v1/checks/1/history?range=1h", None).await;
    let (route, path) = ("/api/v1/municipalities/{slug}/objective", "/api/v1/municipalities/ale/objective");
    book.ask(Method::PUT, route, path, Some(json!({"percent": 100.0, "days": 0}))).await;
    book.ask(Method::PUT, route, path, Some(json!({"percent": 99.5, "days": 7}))).await;
    book.ask(get.clone(), route, path, None).await;
    let (route, path) = ("/api/v1/municipalities/{slug}/report", "/api/v1/municipalities/ale/report");
    book.ask(get.clone(), route, &format!("{path}?month=2026-01"), None).await;
    book.ask(get.clone(), route, &format!("{path}?month=2999-01"), None).await;
    book.ask(get.clone(), "/api/v1/incidents", "/api/v1/incidents?state=open", None).await;
    book.ask(get.clone(), "/api/v1/incidents", "/api/v1/incidents?state=ended", None).await;
    let place = format!("/api/v1/incidents/{incident}");
    let (route, path) = ("/api/v1/incidents/{id}/acknowledge", format!("{place}/acknowledge"));
    book.ask(post.clone(), route, &path, Some(json!({"note": "å".repeat(501)}))).await;
    book.ask(post.clone(), route, &path, Some(json!({"note": "the host is being replaced"}))).await;
    store::incidents::write(&plane.app.tools.store, &[Change::Resolve(incident)], jiff::Timestamp::now()).await.unwrap();
    book.ask(get.clone(), "/api/v1/incidents/{id}", &place, None).await;
    book.ask(post.clone(), route, &path, Some(json!({}))).await;
    insta::assert_json_snapshot!("health", book.take());
    book.pages = begun;

    book.ask(post.clone(), "/api/v1/municipalities", "/api/v1/municipalities", Some(wanted)).await;
    book.ask(post.clone(), "/api/v1/municipalities", "/api/v1/municipalities", Some(json!({"slug": "Ä", "domain": "x..y", "color": 1})))
        .await;
    book.get("/api/v1/municipalities").await;
    book.ask(get.clone(), "/api/v1/municipalities/{slug}", "/api/v1/municipalities/ale", None).await;
    book.ask(get.clone(), "/api/v1/municipalities/{slug}", "/api/v1/municipalities/nowhere", None).await;
    book.ask(get.clone(), "/api/v1/municipalities/{slug}/backups", "/api/v1/municipalities/ale/backups", None).await;
    book.ask(post.clone(), "/api/v1/municipalities/{slug}/invitation", "/api/v1/municipalities/ale/invitation", Some(json!({}))).await;
    for (verb, body) in [("suspend", json!({})), ("resume", json!({})), ("offboard", json!({"confirm": "ale"}))] {
        let route = format!("/api/v1/municipalities/{{slug}}/{verb}");
        let begun = book.ask(post.clone(), &route, &format!("/api/v1/municipalities/ale/{verb}"), Some(body)).await;
        ended(book.plane, &book.token, &id(&begun)).await;
    }
    insta::assert_json_snapshot!("municipalities", book.take());

    let operations = book.get("/api/v1/operations").await;
    let first = operations["items"].as_array().unwrap().last().unwrap().clone();
    let place = format!("/api/v1/operations/{}", id(&first));
    book.ask(get.clone(), "/api/v1/operations/{id}", &place, None).await;
    book.ask(post.clone(), "/api/v1/operations/{id}/retry", &format!("{place}/retry"), Some(json!({}))).await;
    insta::assert_json_snapshot!("operations", book.take());

    book.get("/api/v1/releases").await;
    let image = json!({"image": "flotta/wordpress:6.8", "name": "6.9"});
    book.ask(post.clone(), "/api/v1/releases", "/api/v1/releases", Some(image)).await;
    book.ask(post.clone(), "/api/v1/releases", "/api/v1/releases", Some(json!({"image": ""}))).await;
    book.ask(get.clone(), "/api/v1/releases/{name}", "/api/v1/releases/6.9", None).await;
    for verb in ["promote", "retire"] {
        let route = format!("/api/v1/releases/{{name}}/{verb}");
        book.ask(post.clone(), &route, &format!("/api/v1/releases/6.9/{verb}"), Some(json!({}))).await;
    }
    for part in ["inventory", "difference"] {
        book.ask(get.clone(), &format!("/api/v1/releases/{{name}}/{part}"), &format!("/api/v1/releases/6.9/{part}"), None).await;
    }
    book.ask(get.clone(), "/api/v1/releases/{name}/inventory", "/api/v1/releases/6.9/inventory?format=xml", None).await;
    for confirm in ["", "?confirm=6.9"] {
        book.ask(delete.clone(), "/api/v1/releases/{name}", &format!("/api/v1/releases/6.9{confirm}"), None).await;
    }
    insta::assert_json_snapshot!("releases", book.take());

    // The municipality is held, so that nothing happens by itself meanwhile.
    let wanted = json!({"slug": "bor", "name": "Bors kommun", "domain": "bor.localhost", "admin_email": "webb@bor.se"});
    let begun = book.ask(post.clone(), "/api/v1/municipalities", "/api/v1/municipalities", Some(wanted)).await;
    ended(book.plane, &book.token, &id(&begun)).await;
    let image = json!({"image": "flotta/wordpress:6.8", "name": "7.0", "stable": true});
    book.ask(post.clone(), "/api/v1/releases", "/api/v1/releases", Some(image)).await;
    book.pages.clear();
    let (route, place) = ("/api/v1/municipalities/{slug}/policy", "/api/v1/municipalities/bor/policy");
    let hold = json!({"hold": {"reason": "the election", "until": "2126-01-01T00:00:00Z"}, "window": "mon-thu 22:00-04:00"});
    book.ask(Method::PUT, route, place, Some(hold)).await;
    book.ask(Method::PUT, route, place, Some(json!({"hold": {"reason": ""}, "pin": "nope", "window": "x"}))).await;
    book.ask(get.clone(), route, place, None).await;
    let policies = book.take();

    let (route, place) = ("/api/v1/municipalities/{slug}/overlay", "/api/v1/municipalities/bor/overlay");
    book.ask(get.clone(), route, place, None).await;
    book.ask(get.clone(), &format!("{route}/versions"), &format!("{place}/versions"), None).await;
    for (verb, body) in [
        ("remove", json!({"plugins": ["nope"], "constants": ["NOPE"]})),
        ("restore", json!({"version": 1})),
        ("apply", json!({"despite_failed_rehearsal": true})),
    ] {
        book.ask(post.clone(), &format!("{route}/{verb}"), &format!("{place}/{verb}"), Some(body)).await;
    }
    insta::assert_json_snapshot!("overlays", book.take());
    book.pages = policies.as_array().unwrap().clone();

    let wanted = json!({"release": "7.0", "waves": ["100%"], "knobs": {"rehearse": "skip", "migration": "none"}});
    book.ask(post.clone(), "/api/v1/rollouts/plan", "/api/v1/rollouts/plan", Some(wanted.clone())).await;
    book.ask(post.clone(), "/api/v1/rollouts", "/api/v1/rollouts", Some(json!({"release": "nope", "waves": ["all"]}))).await;
    let rollout = id(&book.ask(post.clone(), "/api/v1/rollouts", "/api/v1/rollouts", Some(wanted)).await);
    book.get("/api/v1/rollouts").await;
    let place = format!("/api/v1/rollouts/{rollout}");
    book.ask(post.clone(), "/api/v1/rollouts/{id}/pause", &format!("{place}/pause"), Some(json!({}))).await;
    book.ask(get.clone(), "/api/v1/rollouts/{id}", &place, None).await;
    book.ask(get.clone(), "/api/v1/rollouts/{id}/members/{slug}", &format!("{place}/members/bor"), None).await;
    for verb in ["skip", "retry", "approve"] {
        let route = format!("/api/v1/rollouts/{{id}}/members/{{slug}}/{verb}");
        book.ask(post.clone(), &route, &format!("{place}/members/bor/{verb}"), Some(json!({}))).await;
    }
    for verb in ["resume", "halt", "revert", "resume"] {
        let route = format!("/api/v1/rollouts/{{id}}/{verb}");
        book.ask(post.clone(), &route, &format!("{place}/{verb}"), Some(json!({}))).await;
        // What is ordered is done a moment later, and the next answer says which it is.
        let over = std::time::Instant::now() + Duration::from_secs(30);
        while matches!(plane.get(&place, &book.token).await["state"].as_str(), Some("halting" | "reverting")) {
            assert!(std::time::Instant::now() < over);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    insta::assert_json_snapshot!("rollouts", book.take());

    book.ask(get.clone(), "/api/v1/known-municipalities", "/api/v1/known-municipalities?search=helsingb", None).await;
    book.get("/api/v1/platform").await;
    insta::assert_json_snapshot!("known_and_platform", book.take());

    let new = json!({"email": "maja@flotta.test", "name": "Maja", "role": "auditor"});
    let user = id(&book.ask(post.clone(), "/api/v1/users", "/api/v1/users", Some(new)).await);
    let place = format!("/api/v1/users/{user}");
    book.get("/api/v1/users").await;
    book.ask(get.clone(), "/api/v1/users/{id}", &place, None).await;
    book.ask(patch.clone(), "/api/v1/users/{id}", &place, Some(json!({"disabled": true}))).await;
    book.ask(post.clone(), "/api/v1/users/{id}/password", &format!("{place}/password"), Some(json!({}))).await;
    insta::assert_json_snapshot!("users", book.take());

    book.get("/api/v1/account").await;
    book.ask(patch.clone(), "/api/v1/account", "/api/v1/account", Some(json!({"language": "sv"}))).await;
    let made =
        book.ask(post.clone(), "/api/v1/tokens", "/api/v1/tokens", Some(json!({"name": "nightly", "permissions": ["read-fleet"]}))).await;
    book.get("/api/v1/tokens").await;
    book.ask(delete.clone(), "/api/v1/tokens/{id}", &format!("/api/v1/tokens/{}", id(&made)), None).await;
    book.ask(get.clone(), "/api/v1/audit", "/api/v1/audit?action=token&per_page=2", None).await;
    insta::assert_json_snapshot!("account_tokens_and_audit", book.take());

    let who = json!({"email": "administrator@flotta.test", "password": PASSWORD});
    book.ask(post.clone(), "/api/v1/session", "/api/v1/session", Some(who)).await;
    book.ask(post.clone(), "/api/v1/session", "/api/v1/session", Some(json!({"email": "a@b.se", "password": "wrong"}))).await;
    book.ask(delete.clone(), "/api/v1/session", "/api/v1/session", None).await;
    insta::assert_json_snapshot!("session", book.take());

    // Streams and rehearsals have tests of their own.
    let others = [
        "GET /api/v1/openapi.json",
        "GET /api/v1/operations/{id}/events",
        "GET /api/v1/rollouts/{id}/events",
        "POST /api/v1/releases/build",
        "POST /api/v1/municipalities/{slug}/overlay",
        "POST /api/v1/municipalities/{slug}/rehearsals",
        "GET /api/v1/operations/{id}/evidence",
        "GET /api/v1/operations/{id}/evidence/{file}",
        // No JSON.
        "GET /api/v1/municipalities/{slug}/report.csv",
    ];
    let all: BTreeSet<String> =
        table().iter().filter(|e| e.path.starts_with("/api/")).map(|e| format!("{} {}", e.method, e.path)).collect();
    let left: Vec<_> = all.iter().filter(|route| !book.asked.contains(*route) && !others.contains(&route.as_str())).collect();
    assert!(left.is_empty(), "no answer of these is held: {left:?}");
}

/// Ale gets a second site, which is down; gives the incident.
async fn one_down(plane: &Plane, token: &str) -> IncidentId {
    let over = std::time::Instant::now() + Duration::from_secs(60);
    while plane.get("/api/v1/checks?municipality=ale", token).await["items"][0]["health"] != "ok" {
        assert!(std::time::Instant::now() < over, "{}", plane.get("/api/v1/checks", token).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (store, now) = (&plane.app.tools.store, jiff::Timestamp::now());
    let ale = store::instances::all(store, &Scope::Fleet).await.unwrap().into_iter().find(|i| i.slug.as_str() == "ale").unwrap();
    let found = |blog: u64, path: &str| Found { blog, host: "ale.localhost".to_owned(), path: path.to_owned() };
    store::checks::sync(store, ale.municipality, ale.id, &[found(1, "/"), found(2, "/skola/")], now).await.unwrap();
    let down =
        Remembered { number: 1, health: Health::Down, failure: Some(Failure::ServerError), since: Some(now), standing: String::new() };
    store::checks::remember(store, &[down]).await.unwrap();
    let cause = Cause { kind: CauseKind::Check, of: "1".to_owned() };
    let incident = Incident::opened(cause, "ale.localhost/skola/".to_owned(), Some(ale.municipality), now);
    let member = Member {
        number: 1,
        municipality: ale.municipality,
        slug: None,
        label: incident.label.clone(),
        failure: Failure::ServerError,
        since: now,
        until: None,
    };
    let id = incident.id;
    let changes = [Change::Open(Box::new(incident)), Change::Join(id, Box::new(member))];
    // A second time changes nothing.
    for _ in 0..2 {
        store::incidents::write(store, &changes, now).await.unwrap();
    }
    id
}

async fn ended(plane: &Plane, token: &str, operation: &str) {
    let over = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let now = plane.get(&format!("/api/v1/operations/{operation}"), token).await;
        if now["state"] == "done" {
            return;
        }
        assert!(now["state"] == "live" && std::time::Instant::now() < over, "{now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
