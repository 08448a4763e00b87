// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every route's answer as it was agreed on: a change of any is seen here first, as a difference to `snapshots/`. What differs
//! from run to run (ids, times, secrets, durations) is masked.

use std::{collections::BTreeSet, time::Duration};

use flotta::{
    fleet::{
        FindingKind, Incident, IncidentId, Role, Scope,
        facts::Facts,
        finding::About,
        health::{Failure, Health},
        incident::{Cause, CauseKind, Member},
    },
    store::{
        self,
        checks::{Found, Remembered},
        facts::Kept,
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
        let text = answer.text().await.unwrap().replace(&self.plane.address.to_string(), "flotta.test");
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
            let secret = matches!(name, "password" | "prefix" | "url" | "signing_key" | "request" | "manifest_sha256")
                || name == "token" && text.starts_with("flt_");
            if let Some(at) = key_of_incident(name, text) {
                text.replace_range(at.., "[key]");
            } else if secret {
                "[secret]".clone_into(text);
            } else if text.parse::<jiff::Timestamp>().is_ok() {
                "[time]".clone_into(text);
            } else {
                *text = without_ids(text);
            }
        }
        Value::Number(_)
            if matches!(
                name,
                "elapsed_seconds" | "seconds" | "milliseconds" | "size_bytes" | "bytes" | "free_bytes" | "first" | "last"
            ) =>
        {
            *value = json!("[number]");
        }
        _ => {}
    }
}

/// Where the name of an incident on a public page begins, which is another for each.
fn key_of_incident(name: &str, text: &str) -> Option<usize> {
    let at = text.len().checked_sub(16).filter(|at| text.is_char_boundary(*at))?;
    let is_key = name == "id" && text[at..].bytes().all(|b| b.is_ascii_hexdigit());
    (is_key && (at == 0 || text[..at].ends_with("#i-"))).then_some(at)
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
    let (route, path) = ("/api/v1/municipalities/{slug}/status-page", "/api/v1/municipalities/ale/status-page");
    book.ask(get.clone(), route, path, None).await;
    book.ask(Method::PUT, route, path, Some(json!({}))).await;
    book.ask(Method::PUT, route, path, Some(json!({"open": true}))).await;
    for route in ["/open/v1/directory.json", "/open/v1/feed.json"] {
        book.ask(get.clone(), route, &format!("{route}?lang=en"), None).await;
    }
    let route = "/open/v1/municipalities/{slug}/feed.json";
    book.ask(get.clone(), route, "/open/v1/municipalities/ale/feed.json?lang=sv", None).await;
    book.ask(get.clone(), route, "/open/v1/municipalities/bor/feed.json", None).await;
    book.ask(Method::PUT, "/api/v1/municipalities/{slug}/status-page", path, Some(json!({"open": false}))).await;
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
    addresses(&mut book).await;
    book.ask(get.clone(), "/api/v1/incidents", "/api/v1/incidents?state=ended", None).await;
    let place = format!("/api/v1/incidents/{incident}");
    let (route, path) = ("/api/v1/incidents/{id}/acknowledge", format!("{place}/acknowledge"));
    book.ask(post.clone(), route, &path, Some(json!({"note": "å".repeat(501)}))).await;
    book.ask(post.clone(), route, &path, Some(json!({"note": "the host is being replaced"}))).await;
    store::incidents::write(&plane.app.tools.store, &[Change::Resolve(incident)], jiff::Timestamp::now()).await.unwrap();
    book.ask(get.clone(), "/api/v1/incidents/{id}", &place, None).await;
    book.ask(post.clone(), route, &path, Some(json!({}))).await;
    insta::assert_json_snapshot!("health", book.take());
    let finding = one_found(book.plane).await;
    book.ask(get.clone(), "/api/v1/findings", "/api/v1/findings?state=open&kind=not-indexed&muted=false&municipality=ale", None).await;
    book.ask(get.clone(), "/api/v1/findings", "/api/v1/findings?kind=unheard-of", None).await;
    book.ask(get.clone(), "/api/v1/findings/{id}", "/api/v1/findings/none", None).await;
    let place = format!("/api/v1/findings/{finding}");
    book.ask(get.clone(), "/api/v1/findings/{id}", &place, None).await;
    for (route, path, body) in [
        ("/api/v1/findings/{id}/mute", format!("{place}/mute"), json!({"reason": " "})),
        ("/api/v1/findings/{id}/mute", format!("{place}/mute"), json!({"reason": "it opens in May", "until": "2020-01-01T00:00:00Z"})),
        ("/api/v1/findings/{id}/mute", format!("{place}/mute"), json!({"reason": "it opens in May"})),
        ("/api/v1/findings/{id}/unmute", format!("{place}/unmute"), json!({})),
    ] {
        book.ask(post.clone(), route, &path, Some(body)).await;
    }
    book.ask(get.clone(), "/api/v1/municipalities/{slug}/facts", "/api/v1/municipalities/ale/facts", None).await;
    let osv = json!([{"id": "X-1", "summary": "Bad", "affected": [{"package": {"ecosystem": "WordPress:Plugin", "name": "events"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.3"}]}]}]}]);
    book.ask(post.clone(), "/api/v1/advisories", "/api/v1/advisories", Some(osv)).await;
    book.ask(post.clone(), "/api/v1/advisories", "/api/v1/advisories?source=own", Some(json!({"a": 1}))).await;
    book.ask(get.clone(), "/api/v1/advisories", "/api/v1/advisories?kind=plugin&slug=events", None).await;
    book.ask(get.clone(), "/api/v1/inventory", "/api/v1/inventory?kind=plugin", None).await;
    book.ask(get.clone(), "/api/v1/inventory", "/api/v1/inventory?kind=module", None).await;
    book.get("/api/v1/inventory/errors").await;
    book.get("/api/v1/inventory/growth").await;
    insta::assert_json_snapshot!("findings", book.take());
    notices(&mut book).await;
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
        "GET /api/v1/health/events",
        "GET /api/v1/rollouts/{id}/events",
        "POST /api/v1/releases/build",
        "POST /api/v1/municipalities/{slug}/overlay",
        "POST /api/v1/municipalities/{slug}/rehearsals",
        "GET /api/v1/operations/{id}/evidence",
        "GET /api/v1/operations/{id}/evidence/{file}",
        // No JSON.
        "GET /api/v1/municipalities/{slug}/report.csv",
    ];
    let all: BTreeSet<String> = table()
        .iter()
        .filter(|e| e.path.starts_with("/api/") || e.path.starts_with("/open/"))
        .map(|e| format!("{} {}", e.method, e.path))
        .collect();
    let left: Vec<_> = all.iter().filter(|route| !book.asked.contains(*route) && !others.contains(&route.as_str())).collect();
    assert!(left.is_empty(), "no answer of these is held: {left:?}");
}

/// Who is told, and when nobody is. Nobody listens at port 1.
async fn notices(book: &mut Book<'_>) {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let route = "/api/v1/receivers";
    let wanted = json!({"kind": "webhook", "address": "https://127.0.0.1:1/x?token=hemligt", "language": "en"});
    let receiver = id(&book.ask(post.clone(), route, route, Some(wanted)).await);
    let wrong = json!({"kind": "webhook", "address": "http://example.org/", "municipality": "ale", "after_minutes": 99999});
    book.ask(post.clone(), route, route, Some(wrong)).await;
    book.ask(post.clone(), route, route, Some(json!({"kind": "mail", "address": "webb@ale.se"}))).await;
    book.get(route).await;
    let place = format!("{route}/{receiver}");
    book.ask(get.clone(), "/api/v1/receivers/{id}", &place, None).await;
    for verb in ["test", "key"] {
        book.ask(post.clone(), &format!("{route}/{{id}}/{verb}"), &format!("{place}/{verb}"), Some(json!({}))).await;
    }
    book.ask(get.clone(), "/api/v1/receivers/{id}/notices", &format!("{place}/notices"), None).await;
    for _ in 0..2 {
        book.ask(delete.clone(), "/api/v1/receivers/{id}", &place, None).await;
    }
    let route = "/api/v1/silences";
    let until = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2)).to_string();
    let wanted = json!({"municipality": "ale", "until": until, "reason": "they move"});
    let silence = id(&book.ask(post.clone(), route, route, Some(wanted)).await);
    let past = json!({"check": 1, "from": "2026-01-01T00:00:00Z", "until": "2026-01-01T01:00:00Z", "reason": ""});
    book.ask(post.clone(), route, route, Some(past)).await;
    book.get(route).await;
    for _ in 0..2 {
        book.ask(post.clone(), "/api/v1/silences/{id}/end", &format!("{route}/{silence}/end"), Some(json!({}))).await;
    }
    insta::assert_json_snapshot!("notices", book.take());
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

/// Ale's facts as somebody could have told them, and what follows; gives the finding that its second site is hidden.
async fn one_found(plane: &Plane) -> String {
    let (store, now) = (&plane.app.tools.store, jiff::Timestamp::now());
    let ale = store::instances::all(store, &Scope::Fleet).await.unwrap().into_iter().find(|i| i.slug.as_str() == "ale").unwrap();
    // What it tells by itself comes first.
    let over = std::time::Instant::now() + Duration::from_secs(60);
    while store::facts::of(store, ale.id).await.unwrap().is_none() {
        assert!(std::time::Instant::now() < over, "no facts");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = json!({
        "whole": {
            "wordpress": {"version": "6.8.3", "code_db_version": 60421},
            "plugins": [{"slug": "events", "file": "events/events.php", "name": "Events", "version": "3.2"}],
            "errors": [{"fingerprint": "ab12", "count": 3, "first": now.as_second(), "last": now.as_second(), "message": "Uncaught Error",
                "file": "wp-content/plugins/events/events.php", "line": 33, "kind": "plugin", "slug": "events", "blog": 1}],
        },
        "sites": [{"id": 2, "domain": "ale.localhost", "path": "/skola/", "plugins": ["events/events.php"], "public": false,
            "db_version": 60421, "administrators": ["anna"], "statement": {"title": "Tillgänglighetsredogörelse", "at": "2026-03-01"}}],
    });
    let facts: Facts = serde_json::from_value(told).unwrap();
    let kept = Kept { mark: String::new(), administrators: std::collections::BTreeMap::new(), collected_at: now };
    store::facts::keep(store, ale.municipality, ale.id, &kept, &facts).await.unwrap();
    store::facts::keep_sizes(store, ale.id, i32::try_from(now.as_second() / 86_400).unwrap(), &[(0, 1_000_000, None)]).await.unwrap();
    let found: Vec<_> = flotta::health::findings::found("ale-production", &facts, &kept.administrators, &[], now)
        .into_iter()
        .filter(|found| found.kind == FindingKind::NotIndexed)
        .collect();
    let about = About::Instance(ale.id);
    let changes = store::findings::sync(store, ale.municipality, &about, &[FindingKind::NotIndexed], &found, now).await.unwrap();
    changes.opened[0].text()
}

/// Ale gets an address that is checked besides its sites, and loses it again.
async fn addresses(book: &mut Book<'_>) {
    let (route, place) = ("/api/v1/municipalities/{slug}/addresses", "/api/v1/municipalities/ale/addresses");
    let before = std::mem::take(&mut book.pages);
    let wanted = json!({"address": "https://E-tjanster.ale.se/?a=b", "label": "E-tjänster", "status": 200, "keyword": "Logga in"});
    let added = book.ask(Method::POST, route, place, Some(wanted.clone())).await;
    let number = added["number"].as_u64().unwrap();
    let outside = format!("/api/v1/checks/{number}/outside");
    book.ask(Method::GET, "/api/v1/checks/{number}/outside", &outside, None).await;
    book.ask(Method::GET, "/api/v1/checks/{number}/outside", "/api/v1/checks/99/outside", None).await;
    book.ask(Method::POST, route, place, Some(wanted)).await;
    let wrong = json!({"address": "https://anna:secret@10.0.0.1/", "status": 99, "keyword": "x".repeat(300)});
    book.ask(Method::POST, route, place, Some(wrong)).await;
    book.ask(Method::GET, route, place, None).await;
    let (look, at) = ("/api/v1/municipalities/{slug}/look", "/api/v1/municipalities/ale/look");
    for body in [json!({"check": number}), json!({"check": 99}), json!({})] {
        book.ask(Method::POST, look, at, Some(body)).await;
    }
    book.ask(Method::GET, "/api/v1/certificates", "/api/v1/certificates?ends_in_days=30&municipality=ale", None).await;
    book.ask(Method::GET, "/api/v1/certificates", "/api/v1/certificates?ends_in_days=0", None).await;
    let (one, place) = ("/api/v1/municipalities/{slug}/addresses/{number}", format!("{place}/{number}"));
    for _ in 0..2 {
        book.ask(Method::DELETE, one, &place, None).await;
    }
    insta::assert_json_snapshot!("addresses", book.take());
    book.pages = before;
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
