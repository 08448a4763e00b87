// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who may come in, and what they may do there: every route with every role.

use std::time::Duration;

use flotta::{
    fleet::{Role, access::Permission},
    web::routes::{Access, Entry, table},
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::web::{PASSWORD, Plane, problem};

/// What stands in a path's parts.
struct Parts<'a> {
    slug: &'a str,
    operation: &'a str,
}

fn path(entry: &Entry, parts: &Parts) -> String {
    let nobody = "00000000-0000-7000-8000-000000000000";
    let id = if entry.path.contains("/operations/") { parts.operation } else { nobody };
    entry
        .path
        .replace("{slug}", parts.slug)
        .replace("{id}", id)
        .replace("{name}", "6.8")
        .replace("{file}", "none.css")
        .replace("{number}", "7")
}

/// Calls a route with a body that no handler accepts, so that nothing is changed by those who may.
async fn call(plane: &Plane, entry: &Entry, parts: &Parts<'_>, token: Option<&str>) -> Response {
    let mut request = plane.request(entry.method.as_str().parse().unwrap(), &path(entry, parts)).timeout(Duration::from_secs(5));
    if entry.method != "GET" {
        request = request.json(&json!({"no such field": 1}));
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap()
}

fn is_page(entry: &Entry) -> bool {
    !["/api/", "/open/", "/internal/", "/healthz", "/readyz", "/metrics"].iter().any(|p| entry.path.starts_with(p))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_as_the_table_says() {
    let plane = Plane::furnished().await;
    let operation =
        plane.get("/api/v1/operations?municipality=ale", &plane.token(Role::Auditor, None).await).await["items"][0]["id"].clone();
    let parts = Parts { slug: "ale", operation: operation.as_str().unwrap() };
    let mut checked = 0;
    for entry in table() {
        if entry.path.ends_with("/events") {
            continue; // it does not end; its own test calls it
        }
        let (needed, whole_fleet) = match entry.access {
            Access::Public | Access::Open | Access::Local => (None, false),
            Access::May(p) => (Some(p), false),
            Access::Fleet(p) | Access::LocalOr(p) => (Some(p), true),
        };
        let answer = call(&plane, &entry, &parts, None).await;
        let status = answer.status().as_u16();
        match entry.access {
            Access::May(_) | Access::Fleet(_) if is_page(&entry) => {
                assert_eq!(status, 303, "{entry:?}");
                assert!(answer.headers()["location"].to_str().unwrap().starts_with("/login"), "{entry:?}");
            }
            Access::May(_) | Access::Fleet(_) => {
                assert_eq!(status, 401, "{entry:?}");
                assert_eq!(answer.headers()["www-authenticate"], "Bearer");
                problem(answer).await;
            }
            // A log-in without a name is a wrong one.
            _ => assert!(status != 401 && status != 403 || entry.path == "/login", "{entry:?} {status}"),
        }
        for role in Role::ALL {
            // Anew each time: some routes end the token that they are called with.
            let token = plane.token(role, None).await;
            let status = call(&plane, &entry, &parts, Some(&token)).await.status().as_u16();
            let may = needed.is_none_or(|p| role.may(p)) && !(whole_fleet && role == Role::WebManager);
            assert_ne!(status, 401, "{entry:?} {role}");
            assert_eq!(status != 403, may, "{entry:?} {role}: {status}");
            checked += 1;
        }
        // A token that may do everything but this.
        if let Some(needed) = needed {
            let others: Vec<String> = Permission::ALL.iter().filter(|p| **p != needed).map(ToString::to_string).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let token = plane.token(Role::Administrator, Some(&others)).await;
            let answer = call(&plane, &entry, &parts, Some(&token)).await;
            assert_eq!(answer.status(), 403, "{entry:?} without {needed}");
            if !is_page(&entry) {
                assert!(problem(answer).await.1["detail"].as_str().unwrap().contains(&needed.to_string()));
            }
        }
    }
    assert!(checked > 200, "{checked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_municipality_outside_of_the_scope_is_not_there() {
    let plane = Plane::furnished().await;
    let all = plane.token(Role::Administrator, None).await;
    let operation_of = async |slug: &str| {
        plane.get(&format!("/api/v1/operations?municipality={slug}"), &all).await["items"][0]["id"].as_str().unwrap().to_owned()
    };
    let (ale, mora) = (operation_of("ale").await, operation_of("mora").await);
    let own = plane.token(Role::WebManager, None).await;
    let mut hidden = 0;
    for entry in table().into_iter().filter(|e| e.path.contains("{slug}") || e.path.contains("/operations/")) {
        if entry.access == Access::Open {
            continue; // it shows the same to everybody, and only what was opened
        }
        let Access::May(needed) = entry.access else { panic!("{entry:?}: who may call it must depend on the municipality") };
        let there = call(&plane, &entry, &Parts { slug: "mora", operation: &mora }, Some(&own)).await;
        let nowhere = call(&plane, &entry, &Parts { slug: "nora", operation: "00000000-0000-7000-8000-000000000001" }, Some(&own)).await;
        assert_eq!(there.status(), nowhere.status(), "{entry:?}");
        let is_page = is_page(&entry);
        if Role::WebManager.may(needed) && entry.method == "GET" {
            assert_eq!(there.status(), 404, "{entry:?}");
            hidden += 1;
        }
        if !is_page && there.status() == 404 {
            let (there, nowhere) = (problem(there).await.1.to_string(), problem(nowhere).await.1.to_string());
            assert_eq!(there.replace("mora", "nora"), nowhere, "{entry:?}");
        }
    }
    assert!(hidden >= 4, "{hidden}");
    // A change that a web manager may make: found for the own municipality, not for another.
    let invite = async |slug: &str| plane.post(&format!("/api/v1/municipalities/{slug}/invitation"), &own, &json!({})).await;
    assert_eq!(problem(invite("ale").await).await.1["code"], "not-running");
    assert_eq!(invite("mora").await.status(), 404);
    // Lists hold only what is the caller's.
    assert_eq!(plane.get("/api/v1/municipalities", &own).await["total"], 1);
    assert_eq!(plane.get("/api/v1/municipalities?search=mora", &own).await["total"], 0);
    let operations = plane.get("/api/v1/operations", &own).await;
    assert_eq!((&operations["total"], operations["items"][0]["id"].as_str().unwrap()), (&json!(1), ale.as_str()));
    assert_eq!(plane.get("/api/v1/operations?municipality=mora", &own).await["total"], 0);
    assert_eq!(plane.get("/api/v1/releases/6.8", &own).await["instances"], 1);
    assert_eq!(plane.get("/api/v1/releases/6.8", &all).await["instances"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_this_host_is_closed_to_others() {
    let plane = Plane::furnished().await;
    let from = |path: &str| plane.request(Method::GET, path).header("x-forwarded-for", "203.0.113.9");
    let ask = "/internal/tls-ask?domain=ale.localhost";
    assert_eq!(plane.request(Method::GET, ask).send().await.unwrap().status(), 200);
    assert_eq!(plane.request(Method::GET, "/internal/tls-ask?domain=evil.localhost").send().await.unwrap().status(), 404);
    assert_eq!(plane.request(Method::GET, "/internal/tls-ask?domain=x").send().await.unwrap().status(), 400);
    assert_eq!(from(ask).send().await.unwrap().status(), 403);
    assert_eq!(plane.request(Method::GET, "/metrics").send().await.unwrap().status(), 200);
    assert_eq!(from("/metrics").send().await.unwrap().status(), 401);
    let web_manager = plane.token(Role::WebManager, None).await;
    assert_eq!(from("/metrics").bearer_auth(web_manager).send().await.unwrap().status(), 403);
    let auditor = plane.token(Role::Auditor, None).await;
    let figures = from("/metrics").bearer_auth(auditor).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("flotta_instances{state=\"onboarding\"} 2"), "{figures}");
    assert!(figures.contains("flotta_checks{health=\"down\"} 0"), "{figures}");
    assert!(figures.contains("flotta_incidents_open{cause=\"gateway\"} 0"), "{figures}");
    assert!(figures.contains("flotta_http_requests_total"), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_sends_only_its_own_forms() {
    let plane = Plane::furnished().await;
    let (cookie, csrf) = plane.log_in(Role::Operator).await;
    let (_, others) = plane.log_in(Role::Administrator).await;
    let change = |csrf: Option<&str>| {
        let request = plane.request(Method::PATCH, "/api/v1/account").header("cookie", &cookie).json(&json!({"name": "Anna"}));
        if let Some(csrf) = csrf { request.header("x-csrf-token", csrf) } else { request }
    };
    for wrong in [None, Some(""), Some("nonsense"), Some(others.as_str())] {
        let (status, refused) = problem(change(wrong).send().await.unwrap()).await;
        assert_eq!((status, refused["code"].as_str().unwrap()), (400, "wrong-csrf"), "{wrong:?}");
    }
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let refused = change(Some(&csrf)).header(name, value).send().await.unwrap();
        assert_eq!(problem(refused).await.0, 403, "{name}: {value}");
    }
    let own = format!("http://{}", plane.address);
    let done = change(Some(&csrf)).header("origin", own).header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(done.json::<Value>().await.unwrap()["name"], "Anna");

    // A log-in may not be sent from elsewhere either, and a form carries the token in a field.
    let form = [("email", "operator@flotta.test"), ("password", PASSWORD)];
    let elsewhere = plane.request(Method::POST, "/login").form(&form).header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(elsewhere.status(), 403);
    let log_out = |csrf: &str| plane.request(Method::POST, "/logout").header("cookie", &cookie).form(&[("csrf", csrf)]).send();
    assert_eq!(log_out(&others).await.unwrap().status(), 400);
    assert_eq!(plane.request(Method::GET, "/login").header("cookie", &cookie).send().await.unwrap().status(), 303);
    let out = log_out(&csrf).await.unwrap();
    assert_eq!((out.status().as_u16(), out.headers()["location"].to_str().unwrap()), (303, "/login?notice=logged-out"));
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let after = plane.request(Method::GET, "/api/v1/account").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(after.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let mut plane = Plane::start_with(false, |raw| raw.public_url = "https://flotta.example.se".into()).await;
    plane.add_user(Role::Operator).await;
    let form = [("email", "operator@flotta.test"), ("password", PASSWORD), ("next", "//evil.example/")];
    let answer = plane.request(Method::POST, "/login").form(&form).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    for part in ["__Host-flotta_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert_eq!(answer.headers()["location"], "/");
    assert!(answer.headers()["strict-transport-security"].to_str().unwrap().contains("max-age="));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_held_back_and_the_answers_do_not_tell_who_exists() {
    let plane = Plane::furnished().await;
    let guess = async |email: &str| {
        plane.request(Method::POST, "/api/v1/session").json(&json!({"email": email, "password": "guess"})).send().await.unwrap()
    };
    let mut bodies = Vec::new();
    for email in ["operator@flotta.test", "nobody@flotta.test"] {
        for _ in 0..6 {
            let (status, wrong) = problem(guess(email).await).await;
            assert_eq!(status, 401);
            bodies.push(wrong);
        }
        let held = guess(email).await;
        assert!(held.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
        assert_eq!(problem(held).await.0, 429);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    let form = [("email", "operator@flotta.test"), ("password", PASSWORD)];
    let page = plane.request(Method::POST, "/login").form(&form).send().await.unwrap();
    assert_eq!(page.status(), 429);
    assert!(page.text().await.unwrap().contains("<form method=\"post\" action=\"/login\""));
    // Attempts that were looked at are in the audit log; those that were turned away are not.
    let auditor = plane.token(Role::Auditor, None).await;
    let lines = plane.get("/api/v1/audit?action=session.create&result=refused", &auditor).await;
    assert_eq!(lines["total"], 12);
    assert_eq!((&lines["items"][0]["actor"], &lines["items"][0]["target"]), (&json!("anonymous"), &json!("nobody@flotta.test")));
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_in_from_the_command_line_gives_a_token_and_out_takes_it() {
    let plane = Plane::furnished().await;
    let answer = plane
        .request(Method::POST, "/api/v1/session")
        .json(&json!({"email": "Web-Manager@flotta.test", "password": PASSWORD}))
        .send()
        .await
        .unwrap();
    assert!(answer.headers().get("set-cookie").is_none());
    let session: Value = answer.json().await.unwrap();
    let token = session["token"].as_str().unwrap();
    let account = plane.get("/api/v1/account", token).await;
    assert_eq!((&account["role"], &account["municipalities"]), (&json!("web-manager"), &json!(["ale"])));
    let tokens = plane.get("/api/v1/tokens", token).await;
    assert_eq!((&tokens["total"], &tokens["items"][0]["name"]), (&json!(1), &json!("cli")));
    assert!(!tokens.to_string().contains(token));
    let out = plane.request(Method::DELETE, "/api/v1/session").bearer_auth(token).send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert_eq!(plane.request(Method::GET, "/api/v1/account").bearer_auth(token).send().await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_written_down_also_when_the_client_goes_away() {
    use tokio::io::AsyncWriteExt;
    let plane = Plane::furnished().await;
    let chief = plane.token(Role::Administrator, None).await;
    let audit = async |query: &str| plane.get(&format!("/api/v1/audit?{query}"), &chief).await;
    let user = json!({"email": "eva@ale.se", "name": "Eva", "role": "web-manager", "municipalities": ["ale"]});
    let made = plane.post("/api/v1/users", &chief, &user).await;
    assert_eq!(made.status(), 201);
    assert_eq!(plane.post("/api/v1/users", &chief, &user).await.status(), 409);
    let operator = plane.token(Role::Operator, None).await;
    assert_eq!(plane.post("/api/v1/users", &operator, &user).await.status(), 403);
    let lines = audit("action=user.create").await;
    let seen: Vec<_> =
        lines["items"].as_array().unwrap().iter().map(|l| (l["actor"].as_str().unwrap(), l["result"].as_str().unwrap())).collect();
    assert_eq!(
        seen,
        [("operator@flotta.test", "refused"), ("administrator@flotta.test", "refused"), ("administrator@flotta.test", "done")]
    );
    assert_eq!((&lines["items"][2]["target"], &lines["items"][2]["address"]), (&json!("eva@ale.se"), &json!("127.0.0.1")));
    assert_eq!(lines["items"][1]["detail"]["errors"][0], json!({"field": "email", "code": "email-taken"}));
    assert_eq!(lines["items"][0]["detail"]["by_token"].as_str().unwrap(), &operator[..10]);

    // Sent, and gone before the answer came.
    let body = json!({"email": "gone@ale.se", "name": "Gone", "role": "auditor"}).to_string();
    let mut raw = tokio::net::TcpStream::connect(plane.address).await.unwrap();
    let head = format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {chief}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    raw.write_all(head.as_bytes()).await.unwrap();
    drop(raw);
    let over = tokio::time::Instant::now() + Duration::from_secs(10);
    while audit("action=user.create&target=gone@ale.se&result=done").await["total"] != 1 {
        assert!(tokio::time::Instant::now() < over, "the change is not in the audit log");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nothing secret is in it.
    let all = audit("per_page=500").await.to_string();
    for secret in [PASSWORD, &chief, &operator, made.json::<Value>().await.unwrap()["password"].as_str().unwrap()] {
        assert!(!all.contains(secret));
    }
}

#[test]
fn every_route_that_changes_something_has_a_name_in_the_audit_log() {
    let questions = ["/api/v1/municipalities/preview", "/api/v1/rollouts/plan", "/language", "/theme", "/municipalities/new/check"];
    for entry in table() {
        let changes = !matches!(entry.method.as_str(), "GET") && !questions.contains(&entry.path);
        assert_eq!(entry.action.is_some(), changes, "{entry:?}");
        if let Access::Public = entry.access {
            assert!(!changes || entry.action == Some("session.create"), "{entry:?}: anybody may change something");
        }
    }
}
