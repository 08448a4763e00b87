// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rehearsals as programs and people ask for them.

use std::time::Duration;

use flotta::fleet::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::web::Plane;

/// A control plane with Ale and Mora onboarded, and a rehearsal of Ale done; gives its id.
async fn rehearsed() -> (Plane, String) {
    let mut plane = Plane::start(true).await;
    let mut onboarded = Vec::new();
    for slug in ["ale", "mora"] {
        onboarded.push(plane.admit(slug).await);
    }
    for role in Role::ALL {
        plane.add_user(role).await;
    }
    let token = plane.token(Role::Operator, None).await;
    for operation in onboarded {
        ended(&plane, &token, &operation).await;
    }
    let answer = plane.post("/api/v1/municipalities/ale/rehearsals", &token, &json!({"release": "6.8"})).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let begun: Value = answer.json().await.unwrap();
    assert_eq!(begun["kind"], "rehearse");
    let id = begun["id"].as_str().unwrap().to_owned();
    ended(&plane, &token, &id).await;
    (plane, id)
}

async fn ended(plane: &Plane, token: &str, operation: &str) {
    let over = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let now = plane.get(&format!("/api/v1/operations/{operation}"), token).await;
        if now["state"] == "done" {
            return;
        }
        assert!(now["state"] == "live" && std::time::Instant::now() < over, "{now:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_told_to_those_who_may_know() {
    let (plane, id) = rehearsed().await;
    let token = plane.token(Role::Operator, None).await;
    let place = format!("/api/v1/operations/{id}/evidence");
    let found = plane.get(&place, &token).await;
    let picture = found["pictures"][0]["new"].as_str().unwrap().to_owned();
    for (key, value) in [("operation", id.as_str()), ("municipality", "ale"), ("from", "6.8"), ("to", "6.8"), ("level", "pass")] {
        assert_eq!(found[key], value, "{found:#}");
    }
    assert_eq!((&found["migration"], &found["findings"], &found["without_pictures"]), (&json!("none"), &json!([]), &json!("")));
    let kinds: Vec<_> = found["pages"].as_array().unwrap().iter().map(|p| (&p["kind"], &p["old"]["status"], &p["new"]["status"])).collect();
    assert_eq!(kinds, [(&json!("home"), &json!(200), &json!(200)), (&json!("log-in"), &json!(200), &json!(200))]);

    let answer = plane.request(Method::GET, &format!("{place}/{picture}")).bearer_auth(&token).send().await.unwrap();
    assert_eq!((answer.status(), answer.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "image/png"));
    assert!(answer.bytes().await.unwrap().starts_with(b"\x89PNG"));
    for other in ["rehearsal.json", "..%2F..%2Fmaster.key", "again-1.png", "old-1.PNG", "%2e%2e"] {
        let answer = plane.request(Method::GET, &format!("{place}/{other}")).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{other}");
    }
    // An operation without evidence; and somebody who may know of Ale only sees Ale's.
    let all = plane.get("/api/v1/operations?kind=onboard", &token).await;
    let onboarding = all["items"][0]["id"].as_str().unwrap();
    let answer = plane.request(Method::GET, &format!("/api/v1/operations/{onboarding}/evidence")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let ale = plane.token(Role::WebManager, None).await;
    plane.get(&place, &ale).await;
    let answer = plane.post("/api/v1/municipalities/mora/rehearsals", &token, &json!({"release": "6.8"})).await;
    let mora = answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    ended(&plane, &token, &mora).await;
    for path in [format!("/api/v1/operations/{mora}/evidence"), format!("/api/v1/operations/{mora}/evidence/{picture}")] {
        let answer = plane.request(Method::GET, &path).bearer_auth(&ale).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_orders_are_refused_field_by_field() {
    let (plane, _) = rehearsed().await;
    let token = plane.token(Role::Operator, None).await;
    for (body, status, field) in [
        (json!({"release": "nope"}), 400, "release"),
        (json!({"release": "6.8", "pages": 0}), 400, "pages"),
        (json!({"release": "6.8", "pages": 51}), 400, "pages"),
    ] {
        let answer = plane.post("/api/v1/municipalities/ale/rehearsals", &token, &body).await;
        let got = answer.status().as_u16();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((got, problem["errors"][0]["field"].as_str()), (status, Some(field)), "{problem:#}");
    }
    let reader = plane.token(Role::Auditor, None).await;
    let answer = plane.post("/api/v1/municipalities/ale/rehearsals", &reader, &json!({"release": "6.8"})).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_shows_both_sides() {
    let (plane, id) = rehearsed().await;
    let (cookie, _) = plane.log_in(Role::Operator).await;
    let page = async |path: String| {
        let answer = plane.request(Method::GET, &path).header("cookie", &cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    };
    let operation = page(format!("/operations/{id}")).await;
    assert!(operation.contains(&format!("/operations/{id}/evidence")), "{operation}");
    let evidence = page(format!("/operations/{id}/evidence")).await;
    for text in ["ale.localhost/wp-login.php", &format!("/operations/{id}/evidence/new-1.png"), "tone-ok"] {
        assert!(evidence.contains(text), "{text}: {evidence}");
    }
    let answer =
        plane.request(Method::GET, &format!("/operations/{id}/evidence/new-1.png")).header("cookie", &cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}
