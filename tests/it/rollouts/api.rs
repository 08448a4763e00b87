// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts over HTTP, on a whole control plane with its tasks: started, followed, seen by those who may; holds.

use std::time::{Duration, Instant};

use flotta::{
    fleet::Role,
    releases::{self, Register},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::web::{Plane, problem};

/// A control plane that works, with the municipalities Ale and Mora, everybody's users, and a second release.
async fn furnished() -> Plane {
    let mut plane = Plane::start(true).await;
    let mut begun = Vec::new();
    for slug in ["ale", "mora"] {
        begun.push(plane.admit(slug).await);
    }
    for role in Role::ALL {
        plane.add_user(role).await;
    }
    plane.app.signals.operations.notify_one();
    let token = plane.token(Role::Administrator, None).await;
    for id in begun {
        until(&plane, &format!("/api/v1/operations/{id}"), &token, |o| o["state"] == "done").await;
    }
    let register = Register { image: "flotta/wordpress:6.8".into(), name: Some("6.9".into()), contract: None, stable: true };
    releases::register(&plane.app.tools, &register).await.unwrap();
    plane
}

async fn until(plane: &Plane, path: &str, token: &str, is: impl Fn(&Value) -> bool) -> Value {
    let over = Instant::now() + Duration::from_secs(90);
    loop {
        let now = plane.get(path, token).await;
        if is(&now) {
            return now;
        }
        assert!(Instant::now() < over, "{now}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn asked(soak: u32) -> Value {
    json!({"release": "6.9", "waves": ["1", "100%"], "knobs": {"soak_seconds": [soak], "rehearse": "skip", "migration": "none"}})
}

/// Every event of a stream that ends: its kind and data.
async fn follow(plane: &Plane, place: &str, token: &str) -> Vec<(String, Value)> {
    let request = plane.request(Method::GET, &format!("{place}/events")).bearer_auth(token).timeout(Duration::from_secs(90));
    let text = request.send().await.unwrap().text().await.unwrap();
    let field = |block: &str, name: &str| block.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default().to_owned();
    let events = text.split("\n\n").filter(|block| block.contains("event: "));
    events.map(|block| (field(block, "event: "), serde_json::from_str(&field(block, "data: ")).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_is_started_once_and_followed_to_its_end() {
    let plane = furnished().await;
    let manager = plane.token(Role::ReleaseManager, None).await;
    let start = async || {
        let request = plane.request(Method::POST, "/api/v1/rollouts").bearer_auth(&manager).header("Idempotency-Key", "r1").json(&asked(0));
        request.send().await.unwrap()
    };
    let answer = start().await;
    assert_eq!(answer.status(), 202);
    let place = answer.headers()["location"].to_str().unwrap().to_owned();
    let begun: Value = answer.json().await.unwrap();
    assert_eq!(place, format!("/api/v1/rollouts/{}", begun["id"].as_str().unwrap()));
    let again = start().await;
    assert_eq!(
        (again.headers()["idempotency-replayed"].to_str().unwrap(), again.headers()["location"].to_str().unwrap()),
        ("true", &*place)
    );
    assert_eq!(again.json::<Value>().await.unwrap()["id"], begun["id"]);

    let events = follow(&plane, &place, &manager).await;
    let (last, lines) = events.split_last().unwrap();
    assert_eq!((last.0.as_str(), last.1["state"].as_str().unwrap()), ("end", "completed"), "{events:?}");
    assert_eq!(last.1["counts"]["succeeded"], 2);
    assert!(lines.iter().all(|(kind, _)| kind == "line"));
    let words: Vec<&str> = lines.iter().map(|(_, l)| l["word"].as_str().unwrap()).collect();
    assert_eq!((words.first(), words.last()), (Some(&"start"), Some(&"completed")), "{words:?}");
    assert_eq!(words.iter().filter(|w| **w == "updating").count(), 2);
    let municipality = plane.get("/api/v1/municipalities/mora", &manager).await;
    assert_eq!(municipality["instances"][0]["release"], "6.9");

    // A municipality's own people see theirs in it and nobody else's, and give no orders.
    let own = plane.token(Role::WebManager, None).await;
    let seen = plane.get(&place, &own).await;
    assert_eq!(seen["board"].as_array().unwrap().len(), 1);
    assert_eq!(seen["board"][0]["municipality"], "ale");
    let events = follow(&plane, &place, &own).await;
    assert!(events.iter().all(|(_, l)| l["municipality"] != "mora"), "{events:?}");
    assert_eq!(plane.request(Method::GET, &format!("{place}/members/mora")).bearer_auth(&own).send().await.unwrap().status(), 404);
    let detail = plane.get(&format!("{place}/members/ale"), &own).await;
    assert_eq!((detail["state"].as_str().unwrap(), detail["verdict"]["level"].as_str().unwrap()), ("succeeded", "pass"));
    assert_eq!(problem(plane.post(&format!("{place}/revert"), &own, &json!({})).await).await.0, 403);

    // Back again.
    let back = plane.post(&format!("{place}/revert"), &manager, &json!({})).await;
    assert_eq!(back.status(), 200);
    until(&plane, &place, &manager, |r| r["state"] == "reverted").await;
    assert_eq!(plane.get("/api/v1/municipalities/mora", &manager).await["instances"][0]["release"], "6.8");
    let audit = plane.get("/api/v1/audit?action=rollout", &plane.token(Role::Auditor, None).await).await;
    let actions: Vec<&str> = audit["items"].as_array().unwrap().iter().map(|l| l["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"rollout.start") && actions.contains(&"rollout.revert"), "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_manager_postpones_updates_for_a_while_and_no_more() {
    let plane = furnished().await;
    let (own, chief) = (plane.token(Role::WebManager, None).await, plane.token(Role::Operator, None).await);
    let put = async |token: &str, slug: &str, body: Value| {
        plane.request(Method::PUT, &format!("/api/v1/municipalities/{slug}/policy")).bearer_auth(token).json(&body).send().await.unwrap()
    };
    let days = |days: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).to_string();
    assert_eq!(put(&own, "mora", json!({})).await.status(), 404);
    let hold = |n: i64| json!({"hold": {"reason": "the election", "until": days(n)}});
    assert_eq!(put(&own, "ale", hold(7)).await.status(), 200);
    let (status, refused) = problem(put(&own, "ale", hold(15)).await).await;
    assert_eq!((status, refused["errors"][0]["code"].as_str().unwrap()), (400, "hold-too-long"));
    let endless = put(&own, "ale", json!({"hold": {"reason": "for ever"}})).await;
    assert_eq!(problem(endless).await.1["errors"][0]["field"], "hold.until");
    assert_eq!(problem(put(&own, "ale", json!({"pin": "6.8"})).await).await.0, 403);

    // What those decided who run rollouts stays when the hold changes.
    let window = put(&chief, "ale", json!({"window": "Mon-Sun 00:00-24:00", "hold": {"reason": "the election", "until": days(9)}})).await;
    assert_eq!(window.status(), 200);
    let after: Value = put(&own, "ale", hold(3)).await.json().await.unwrap();
    assert_eq!(after["window"], "Mon-Sun 00:00-24:00");

    // Held: the other one has it, and the rollout waits; then the hold ends.
    let started: Value = plane.post("/api/v1/rollouts", &chief, &asked(0)).await.json().await.unwrap();
    let place = format!("/api/v1/rollouts/{}", started["id"].as_str().unwrap());
    let held = until(&plane, &place, &chief, |r| r["counts"]["succeeded"] == 1).await;
    let ale = held["board"].as_array().unwrap().iter().find(|m| m["municipality"] == "ale").unwrap();
    assert_eq!((ale["held"].as_str().unwrap(), ale["reason"].as_str().unwrap()), ("hold", "the election"));
    assert_eq!(put(&own, "ale", json!({})).await.status(), 200);
    until(&plane, &place, &chief, |r| r["state"] == "completed").await;
}
