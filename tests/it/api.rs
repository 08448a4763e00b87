// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The HTTP API: what it answers, what it refuses, what it promises in its document.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use flotta::{fleet::Role, web::routes::table};
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::web::{PASSWORD, Plane, problem};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_name_the_field_and_the_fix() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    let send = async |path: &str, body: &str, kind: &str| {
        let request = plane.request(Method::POST, path).bearer_auth(&chief).header("content-type", kind).body(body.to_owned());
        problem(request.send().await.unwrap()).await
    };
    let json = "application/json";
    for (path, body, field, code) in [
        ("/api/v1/municipalities", "{", "body", "invalid-json"),
        ("/api/v1/municipalities", "[1]", "body", "wrong-type"),
        ("/api/v1/municipalities", r#"{"sulg":"x"}"#, "sulg", "unknown-field"),
        ("/api/v1/municipalities", r#"{"memory_mib":"much"}"#, "memory_mib", "wrong-type"),
        ("/api/v1/municipalities/ale/offboard", "{}", "confirm", "not-confirmed"),
        ("/api/v1/municipalities/ale/suspend", r#"{"environment":"moon"}"#, "environment", "invalid-environment"),
        ("/api/v1/municipalities/ale/suspend", r#"{"environment":"trial"}"#, "environment", "no-such-environment"),
        ("/api/v1/releases", "{}", "image", "invalid-image"),
        ("/api/v1/users", "", "email", "missing"),
        ("/api/v1/tokens", r#"{"name":"x","expires_in_days":0}"#, "expires_in_days", "out-of-range"),
        ("/api/v1/session", r#"{"email":"x"}"#, "password", "missing"),
    ] {
        let (status, wrong) = send(path, body, json).await;
        assert_eq!(status, 400, "{path} {body}: {wrong}");
        assert_eq!(
            (wrong["errors"][0]["field"].as_str().unwrap(), wrong["errors"][0]["code"].as_str().unwrap()),
            (field, code),
            "{path} {body}"
        );
    }
    let (_, many) = send("/api/v1/municipalities", r#"{"slug":"X","domain":"http://x","admin_email":"x"}"#, json).await;
    let fields: BTreeSet<_> = many["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, BTreeSet::from(["slug", "domain", "admin_email", "name"]));
    assert_eq!(send("/api/v1/users", "email=x", FORM).await.0, 415);
    let (status, long) = send("/api/v1/users", &" ".repeat(1024 * 1024 + 1), json).await;
    assert_eq!((status, &long["code"]), (400, &json!("too-long")));
    for (query, field) in [
        ("page=0", "page"),
        ("per_page=501", "per_page"),
        ("page=x", "page"),
        ("colour=red", "colour"),
        ("state=asleep", "state"),
        ("county=1", "county"),
        ("search=%00", "query"),
    ] {
        let refused = plane.request(Method::GET, &format!("/api/v1/municipalities?{query}")).bearer_auth(&chief).send().await.unwrap();
        let (status, wrong) = problem(refused).await;
        assert_eq!((status, wrong["errors"][0]["field"].as_str().unwrap()), (400, field), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_says_so_in_the_form_that_was_asked_for() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    for path in [
        "/api/v1/nothing",
        "/api/v1/municipalities/nora",
        "/api/v1/municipalities/NO",
        "/api/v1/municipalities/a%00b",
        "/api/v1/municipalities/..%2f..%2fetc",
        "/api/v1/operations/1",
        "/api/v1/users/x",
        "/api/v1/releases/9.9",
        "/api/v1/releases/%F0%9F%98%80",
    ] {
        let answer = plane.request(Method::GET, path).bearer_auth(&chief).send().await.unwrap();
        assert_eq!(problem(answer).await.0, 404, "{path}");
    }
    let wrong = plane.request(Method::DELETE, "/api/v1/municipalities").bearer_auth(&chief).send().await.unwrap();
    assert_eq!(wrong.headers()["allow"], "GET, HEAD, POST");
    assert_eq!(problem(wrong).await.0, 405);
    let page = plane.request(Method::GET, "/nothing").header("accept", "text/html").header("accept-language", "sv").send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["content-type"].to_str().unwrap()), (404, "text/html; charset=utf-8"));
    let text = page.text().await.unwrap();
    assert!(text.contains("<html lang=\"sv\""), "{text}");
    let head = plane.request(Method::HEAD, "/api/v1/account").bearer_auth(&chief).send().await.unwrap();
    assert_eq!(head.status(), 200);
    // An address that leads to the log-in page comes back after it.
    let answer = plane.request(Method::POST, "/logout").send().await.unwrap();
    assert_eq!(answer.headers()["location"], "/login");
}

fn check_headers(headers: &HeaderMap, path: &str) {
    let policy = headers["content-security-policy"].to_str().unwrap();
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{path}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(headers[name], value, "{path}");
    }
    assert!(headers.contains_key("permissions-policy") && headers.contains_key("x-request-id"), "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_security_headers_and_is_not_kept() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    for path in ["/login", "/api/v1/account", "/api/v1/nothing", "/nothing", "/healthz", "/readyz", "/api/v1/openapi.json"] {
        let answer = plane.request(Method::GET, path).bearer_auth(&chief).send().await.unwrap();
        check_headers(answer.headers(), path);
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
    let page = plane.request(Method::GET, "/login").send().await.unwrap().text().await.unwrap();
    let style =
        page.split("href=\"").find_map(|part| part.split('"').next().filter(|p| p.starts_with("/assets/") && p.ends_with(".css"))).unwrap();
    let asset = plane.request(Method::GET, style).send().await.unwrap();
    check_headers(asset.headers(), style);
    assert!(asset.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    assert!(asset.headers()["content-type"].to_str().unwrap().starts_with("text/css"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_true_to_the_routes() {
    let plane = Plane::start(false).await;
    let document: Value = plane.request(Method::GET, "/api/v1/openapi.json").send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut promised: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            promised.entry(path.clone()).or_default().insert(method.to_uppercase());
            let parts: BTreeSet<&str> = path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')).collect();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named: BTreeSet<&str> = parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
            assert_eq!(parts, named, "{method} {path}");
            assert_eq!(method == "post", parameters.iter().any(|p| p["name"] == "Idempotency-Key"), "{method} {path}");
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} says nothing of itself");
        }
    }
    let mut served: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in table().into_iter().filter(|e| e.path.starts_with("/api/") || e.path.starts_with("/open/")) {
        served.entry(entry.path.to_owned()).or_default().insert(entry.method.to_string());
        let public = matches!(entry.access, flotta::web::routes::Access::Public | flotta::web::routes::Access::Open);
        let operation = &document["paths"][entry.path][entry.method.as_str().to_lowercase()];
        let open =
            operation["security"].as_array().is_some_and(|s| s.is_empty() || s.iter().all(|one| one.as_object().unwrap().is_empty()));
        assert_eq!(public, open, "{entry:?}");
    }
    assert_eq!(promised, served);
    // Every reference leads somewhere.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).map(|part| part.split('"').next().unwrap()) {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_the_same_key_is_done_once() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    let send = async |path: &str, key: &str, body: &Value| {
        plane.request(Method::POST, path).bearer_auth(&chief).header("idempotency-key", key).json(body).send().await.unwrap()
    };
    // Work: the same operation.
    let request = json!({"slug": "nora", "name": "Nora kommun", "domain": "nora.localhost", "admin_email": "webb@nora.se"});
    let first = send("/api/v1/municipalities", "k-1", &request).await;
    assert_eq!(first.status(), 202);
    let place = first.headers()["location"].to_str().unwrap().to_owned();
    let second = send("/api/v1/municipalities", "k-1", &request).await;
    assert_eq!((second.status().as_u16(), second.headers()["location"].to_str().unwrap()), (202, place.as_str()));
    assert_eq!(second.headers()["idempotency-replayed"], "true");
    let other = json!({"slug": "sala", "name": "Sala kommun", "domain": "sala.localhost", "admin_email": "webb@sala.se"});
    let reused = send("/api/v1/municipalities", "k-1", &other).await;
    assert_eq!(problem(reused).await.1["errors"][0]["field"], "Idempotency-Key");
    assert_eq!(plane.get(&place, &chief).await["municipality"], "nora");

    // Answers: the same, without the secret.
    let token = json!({"name": "nightly", "permissions": ["read-fleet"]});
    let (a, b) = tokio::join!(send("/api/v1/tokens", "k-2", &token), send("/api/v1/tokens", "k-2", &token));
    assert!([a.status().as_u16(), b.status().as_u16()].contains(&201));
    let again = send("/api/v1/tokens", "k-2", &token).await;
    assert_eq!((again.status().as_u16(), again.headers()["idempotency-replayed"].to_str().unwrap()), (201, "true"));
    let again: Value = again.json().await.unwrap();
    assert_eq!((&again["token"], &again["name"]), (&Value::Null, &json!("nightly")));
    let mine = plane.get("/api/v1/tokens", &chief).await;
    assert_eq!(mine["items"].as_array().unwrap().iter().filter(|t| t["name"] == "nightly").count(), 1);
    // A mistake takes no key.
    assert_eq!(send("/api/v1/tokens", "k-3", &json!({"name": ""})).await.status(), 400);
    assert_eq!(send("/api/v1/tokens", "k-3", &token).await.status(), 201);
    assert_eq!(send("/api/v1/tokens", "k-3", &json!({"name": "x"})).await.status(), 409);
    assert_eq!(problem(send("/api/v1/tokens", "a b", &token).await).await.1["errors"][0]["field"], "Idempotency-Key");
}

/// Reads a stream of events to its end; gives each event's id, kind and data.
async fn follow(plane: &Plane, place: &str, token: &str, after: Option<i64>) -> Vec<(String, String, Value)> {
    let mut request = plane.request(Method::GET, &format!("{place}/events")).bearer_auth(token).timeout(Duration::from_secs(60));
    if let Some(after) = after {
        request = request.header("last-event-id", after.to_string());
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let text = answer.text().await.unwrap();
    let field = |event: &str, name: &str| event.lines().find_map(|l| l.strip_prefix(&format!("{name}: "))).unwrap_or_default().to_owned();
    text.split("\n\n")
        .filter(|event| event.contains("data: "))
        .map(|event| (field(event, "id"), field(event, "event"), serde_json::from_str(&field(event, "data")).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_onboarding_is_followed_to_its_end_and_the_municipality_lives_on() {
    let mut plane = Plane::start(true).await;
    for role in [Role::Administrator, Role::Operator, Role::Auditor] {
        plane.add_user(role).await;
    }
    let operator = plane.token(Role::Operator, None).await;
    let request = json!({"slug": "ale", "code": "1440", "domain": "ale.localhost", "admin_email": "webb@ale.se"});
    let preview: Value = plane.post("/api/v1/municipalities/preview", &operator, &request).await.json().await.unwrap();
    assert_eq!((&preview["name"], &preview["release"]), (&json!("Ale kommun"), &json!("6.8")));
    let started = plane.post("/api/v1/municipalities", &operator, &request).await;
    assert_eq!(started.status(), 202);
    let place = started.headers()["location"].to_str().unwrap().to_owned();

    let events = follow(&plane, &place, &operator, None).await;
    let (last, steps) = events.split_last().unwrap();
    assert_eq!((last.1.as_str(), &last.2["state"]), ("end", &json!("done")), "{last:?}");
    let ids: Vec<String> = (1..=steps.len()).map(|n| n.to_string()).collect();
    assert_eq!(steps.iter().map(|e| e.0.clone()).collect::<Vec<_>>(), ids);
    assert!(steps.iter().all(|e| e.1 == "step" && e.2["seq"].as_u64().map(|n| n.to_string()).as_ref() == Some(&e.0)));
    let rest = follow(&plane, &place, &operator, Some(3)).await;
    assert_eq!(rest, events[3..]);
    let shown = plane.get(&place, &operator).await;
    assert_eq!(shown["events"].as_array().unwrap().len(), steps.len());
    assert_eq!(shown["steps"], last.2["steps"]);

    let ale = plane.get("/api/v1/municipalities/ale", &operator).await;
    assert_eq!((&ale["instances"][0]["state"], &ale["instances"][0]["address"]), (&json!("running"), &json!("https://ale.localhost/")));
    assert_eq!(plane.get("/api/v1/municipalities/ale/backups", &operator).await["total"], 1);
    let invited = plane.post("/api/v1/municipalities/ale/invitation", &operator, &json!({})).await;
    assert_eq!(invited.status(), 200);
    let invited: Value = invited.json().await.unwrap();
    assert!(invited["url"].as_str().unwrap().starts_with("https://ale.localhost/"), "{invited}");
    let done = async |verb: &str, body: Value| {
        let answer = plane.post(&format!("/api/v1/municipalities/ale/{verb}"), &operator, &body).await;
        assert_eq!(answer.status(), 202, "{verb}");
        let place = answer.headers()["location"].to_str().unwrap().to_owned();
        let events = follow(&plane, &place, &operator, None).await;
        assert_eq!(events.last().unwrap().2["state"], "done", "{verb}: {events:?}");
        place
    };
    done("suspend", json!({})).await;
    let again = plane.post("/api/v1/municipalities/ale/suspend", &operator, &json!({})).await;
    assert_eq!(problem(again).await.1["code"], "already-suspended");
    done("resume", json!({})).await;
    let retried = plane.post(&format!("{place}/retry"), &operator, &json!({})).await;
    assert_eq!(problem(retried).await.1["code"], "cannot-retry");
    let offboarded = done("offboard", json!({"confirm": "ale", "keep_backups": true})).await;
    assert_eq!(plane.request(Method::GET, "/api/v1/municipalities/ale").bearer_auth(&operator).send().await.unwrap().status(), 404);
    assert_eq!(plane.get(&offboarded, &operator).await["state"], "done");
    // What was kept is still listed, and so is what was done.
    assert!(plane.get("/api/v1/municipalities/ale/backups", &operator).await["total"].as_i64().unwrap() >= 1);
    let auditor = plane.token(Role::Auditor, None).await;
    let lines = plane.get("/api/v1/audit?municipality=ale&result=done", &auditor).await;
    let actions: Vec<_> = lines["items"].as_array().unwrap().iter().map(|l| l["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        ["municipality.offboard", "municipality.resume", "municipality.suspend", "municipality.invite", "municipality.onboard"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_is_let_go_when_the_control_plane_stops() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    let id = plane.get("/api/v1/operations", &chief).await["items"][0]["id"].as_str().unwrap().to_owned();
    let answer = plane.request(Method::GET, &format!("/api/v1/operations/{id}/events")).bearer_auth(&chief).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let address = plane.address;
    drop(plane);
    let ended = tokio::time::timeout(Duration::from_secs(5), answer.bytes()).await;
    assert!(ended.is_ok(), "the stream goes on");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "the port is still served");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_tokens_are_managed() {
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    let made: Value = plane
        .post("/api/v1/users", &chief, &json!({"email": "Eva@Ale.se", "name": "Eva", "role": "web-manager", "municipalities": ["ale"]}))
        .await
        .json()
        .await
        .unwrap();
    let (id, password) = (made["id"].as_str().unwrap(), made["password"].as_str().unwrap());
    assert_eq!((&made["email"], &made["municipalities"]), (&json!("eva@ale.se"), &json!(["ale"])));
    let log_in = async |password: &str| {
        plane.request(Method::POST, "/api/v1/session").json(&json!({"email": "eva@ale.se", "password": password})).send().await.unwrap()
    };
    let eva = log_in(password).await.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned();
    let own = |body: Value| plane.request(Method::PATCH, "/api/v1/account").bearer_auth(&eva).json(&body).send();
    let changed = own(json!({"language": "sv", "password": {"current": password, "new": PASSWORD}})).await.unwrap();
    assert_eq!(changed.json::<Value>().await.unwrap()["language"], "sv");
    assert_eq!(log_in(password).await.status(), 401);
    assert_eq!(log_in(PASSWORD).await.status(), 200);
    let reset: Value = plane.post(&format!("/api/v1/users/{id}/password"), &chief, &json!({})).await.json().await.unwrap();
    assert_eq!(log_in(PASSWORD).await.status(), 401);
    assert_eq!(log_in(reset["password"].as_str().unwrap()).await.status(), 200);
    let patch = |id: &str, body: Value| plane.request(Method::PATCH, &format!("/api/v1/users/{id}")).bearer_auth(&chief).json(&body).send();
    let disabled: Value = patch(id, json!({"disabled": true})).await.unwrap().json().await.unwrap();
    assert!(disabled["disabled_at"].is_string());
    assert_eq!(plane.request(Method::GET, "/api/v1/account").bearer_auth(&eva).send().await.unwrap().status(), 401);
    let myself = plane.users["administrator"].id.text();
    assert_eq!(problem(patch(&myself, json!({"role": "auditor"})).await.unwrap()).await.1["code"], "last-administrator");
    assert_eq!(plane.get("/api/v1/users?role=web-manager", &chief).await["total"], 2);

    let auditor = plane.token(Role::Auditor, None).await;
    let operator = plane.token(Role::Operator, None).await;
    assert!(plane.get("/api/v1/tokens?user=all", &auditor).await["total"].as_i64().unwrap() >= 4);
    let others = plane.request(Method::GET, "/api/v1/tokens?user=all").bearer_auth(&operator).send().await.unwrap();
    let expected = if Role::Operator.may(flotta::fleet::access::Permission::ReadUsers) { 200 } else { 403 };
    assert_eq!(others.status(), expected);
    let known = plane.get("/api/v1/known-municipalities?search=helsing&limit=1", &operator).await;
    assert_eq!(
        known["items"],
        json!([{"code": "1283", "name": "Helsingborgs kommun", "short": "Helsingborg", "county_code": "12", "county": "Skåne län", "suggested_slug": "helsingborg"}])
    );
}
