// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Overlays through the API, the pages and the command line, on the simulated outside.

use std::time::Duration;

use flotta::fleet::{Role, container::ImageState};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::web::{PASSWORD, Plane};

const OVERLAY: &str = "/api/v1/municipalities/ale/overlay";

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

const EVENTS: &str = "<?php\n/* Plugin Name: Events\nVersion: 2.3 */";

/// A control plane that works, with Ale running.
async fn running() -> Plane {
    let mut plane = Plane::start(true).await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::WebManager) {
        plane.add_user(role).await;
    }
    let chief = plane.token(Role::Administrator, None).await;
    let operation = plane.admit("ale").await;
    ended(&plane, &chief, &operation).await;
    plane
}

async fn ended(plane: &Plane, token: &str, operation: &str) -> Value {
    let over = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let now = plane.get(&format!("/api/v1/operations/{operation}"), token).await;
        if now["state"] != "live" {
            return now;
        }
        assert!(std::time::Instant::now() < over, "{now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn send(plane: &Plane, token: &str, query: &str, body: Vec<u8>) -> Response {
    let request = plane.request(Method::POST, &format!("{OVERLAY}{query}")).bearer_auth(token);
    request.header("content-type", "application/x-tar").body(body).send().await.unwrap()
}

async fn post(plane: &Plane, token: &str, verb: &str, body: Value) -> (u16, Value) {
    let answer = plane.request(Method::POST, &format!("{OVERLAY}/{verb}")).bearer_auth(token).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlay_is_added_rehearsed_applied_and_taken_back() {
    let plane = running().await;
    let (keeper, chief) = (plane.token(Role::ReleaseManager, None).await, plane.token(Role::Administrator, None).await);
    let none = plane.get(OVERLAY, &keeper).await;
    assert_eq!((&none["version"], &none["instances"][0]["applied"]), (&json!(0), &json!(true)));

    let body = tar(&[("plugins/events/events.php", EVENTS), ("constants.json", r#"{"WP_POST_REVISIONS": 5}"#)]);
    let answer = send(&plane, &keeper, "", body.clone()).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let added: Value = answer.json().await.unwrap();
    assert_eq!(
        (&added["version"], &added["plugins"][0]["slug"], &added["constants"]),
        (&json!(1), &json!("events"), &json!({"WP_POST_REVISIONS": 5}))
    );
    let instance = &added["instances"][0];
    assert_eq!(instance["words"]["en"], json!(["Plugin Events added 2.3", "Constant WP_POST_REVISIONS = 5"]));
    assert_eq!((&instance["applied"], &instance["runs"], &instance["release"]), (&json!(false), &Value::Null, &json!("6.8")));
    let rehearsal = ended(&plane, &keeper, instance["rehearsal"].as_str().unwrap()).await;
    assert_eq!(rehearsal["state"], "done", "{rehearsal}");
    let level = plane.get(OVERLAY, &keeper).await["instances"][0]["level"].clone();
    assert!(level == "pass" || level == "warn", "{level}");

    let (status, update) = post(&plane, &keeper, "apply", json!({})).await;
    assert_eq!(status, 202, "{update}");
    assert_eq!(ended(&plane, &keeper, update["id"].as_str().unwrap()).await["state"], "done");
    let ale = plane.get("/api/v1/municipalities/ale", &keeper).await;
    assert_eq!((&ale["instances"][0]["release"], &ale["instances"][0]["overlay"]), (&json!("6.8"), &json!(1)));
    let release = plane.get("/api/v1/releases/6.8", &keeper).await;
    assert_eq!(release["instances"], 1, "it runs the release, with something on top");
    assert_eq!(plane.get("/api/v1/releases", &keeper).await["total"], 1);
    let hidden = plane.request(Method::GET, "/api/v1/releases/6.8+ale.1").bearer_auth(&keeper).send().await.unwrap();
    assert_eq!(hidden.status(), 404);

    // Taken out, piece by piece, and put back.
    let (status, left) = post(&plane, &keeper, "remove", json!({"plugins": ["events"]})).await;
    assert_eq!((status, &left["version"], left["plugins"].as_array().unwrap().len()), (200, &json!(2), 0), "{left}");
    let (status, refused) = post(&plane, &keeper, "remove", json!({"plugins": ["events"], "mu_plugins": ["x"]})).await;
    assert_eq!((status, refused["errors"].as_array().unwrap().len()), (400, 2), "{refused}");
    let (status, back) = post(&plane, &keeper, "restore", json!({"version": 1})).await;
    assert_eq!((status, &back["version"], &back["plugins"][0]["version"]), (200, &json!(3), &json!("2.3")), "{back}");
    assert_eq!(post(&plane, &keeper, "restore", json!({"version": 9})).await.0, 404);
    let history = plane.get(&format!("{OVERLAY}/versions?per_page=2"), &keeper).await;
    assert_eq!((&history["total"], &history["items"][0]["version"]), (&json!(3), &json!(3)));

    // What was done stands in the audit log, and only those may do it who keep releases.
    let page = plane.get("/api/v1/audit?action=overlay", &chief).await;
    let said: Vec<String> = page["items"].as_array().unwrap().iter().rev().map(|l| format!("{} {}", l["action"], l["result"])).collect();
    let expected = ["add", "apply", "remove", "remove", "restore", "restore"].map(|verb| format!("\"overlay.{verb}\""));
    assert!(said.iter().zip(&expected).all(|(said, verb)| said.starts_with(verb)) && said.len() == 6, "{said:?}");
    let operator = plane.token(Role::Operator, None).await;
    assert_eq!(send(&plane, &operator, "", body).await.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_overlay_is_refused_and_changes_nothing() {
    let plane = running().await;
    let keeper = plane.token(Role::ReleaseManager, None).await;
    let needs = "<?php\n/* Plugin Name: Events\nRequires PHP: 99 */";
    for (files, query, status, code) in [
        (vec![("plugins/events/readme.txt", "x")], "", 422, "no-plugin"),
        (vec![("plugins/events/events.php", needs)], "", 422, "needs-newer-php"),
        (vec![("themes/x/style.css", "x")], "", 422, "bad-entry"),
        (vec![("constants.json", r#"{"AUTH_KEY": "x"}"#)], "", 422, "fixed-constant"),
        (vec![("constants.json", r#"{"SMTP_PASSWORD": "x"}"#)], "", 422, "secret-constant"),
        (vec![("mu-plugins/parts/a.php", "<?php")], "", 422, "no-mu-plugin"),
        (vec![], "", 422, "nothing-added"),
        (vec![("plugins/events/events.php", EVENTS)], "?replace=maybe", 400, "wrong-type"),
        (vec![("plugins/events/events.php", EVENTS)], "?other=1", 400, "unknown-field"),
    ] {
        let answer = send(&plane, &keeper, query, tar(&files)).await;
        let (got, problem) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
        assert_eq!((got, problem["code"].as_str().unwrap()), (status, code), "{problem}");
        assert!(!problem["errors"][0]["fix"].as_str().unwrap().is_empty(), "{problem}");
    }
    assert_eq!(send(&plane, &keeper, "", b"no tar at all".to_vec()).await.status(), 422);
    let json = plane.request(Method::POST, OVERLAY).bearer_auth(&keeper).json(&json!({})).send().await.unwrap();
    assert_eq!(json.status(), 415);
    assert_eq!(plane.get(OVERLAY, &keeper).await["version"], 0);
    assert_eq!(std::fs::read_dir(plane.app.tools.settings.home.join("builds")).unwrap().count(), 0);
    assert!(!plane.app.tools.settings.home.join("overlays").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_without_room_for_layers_is_refused_before_anything_is_built() {
    let plane = Plane::furnished().await;
    let keeper = plane.token(Role::ReleaseManager, None).await;
    let full = plane.app.tools.engine.image("flotta/wordpress:6.8").await.unwrap().unwrap();
    let id = flotta::drivers::world::image_id("flotta/wordpress:full");
    plane.world.add_image("flotta/wordpress:full", ImageState { id, layers: 126, ..full });
    let register = json!({"image": "flotta/wordpress:full", "name": "full"});
    let made = plane.request(Method::POST, "/api/v1/releases").bearer_auth(&keeper).json(&register).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let theme = tar(&[("themes/hbg/style.css", "/* Theme Name: Hbg\nVersion: 1.0 */"), ("themes/hbg/index.php", "<?php")]);
    let request = plane.request(Method::POST, "/api/v1/releases/build?base=full").bearer_auth(&keeper);
    let answer = request.header("content-type", "application/x-tar").body(theme).send().await.unwrap();
    let (status, problem) = (answer.status().as_u16(), answer.json::<Value>().await.unwrap());
    assert_eq!((status, &problem["code"], &problem["errors"][0]["field"]), (422, &json!("too-many-layers"), &json!("base")), "{problem}");
    assert!(plane.world.effects().iter().all(|(effect, _)| !effect.starts_with("image built")));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_page_shows_the_overlay_and_goes_back() {
    let plane = running().await;
    let keeper = plane.token(Role::ReleaseManager, None).await;
    for version in ["1.0", "1.1"] {
        let text = EVENTS.replace("2.3", version);
        let answer = send(&plane, &keeper, "", tar(&[("plugins/events/events.php", &text)])).await;
        let added: Value = answer.json().await.unwrap();
        if let Some(rehearsal) = added["instances"][0]["rehearsal"].as_str() {
            ended(&plane, &keeper, rehearsal).await;
        }
    }
    let client = reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let at = |path: &str| format!("http://{}{path}", plane.address);
    let who = [("email", "release-manager@flotta.test"), ("password", PASSWORD)];
    assert_eq!(client.post(at("/login")).form(&who).send().await.unwrap().status(), 303);
    let page = client.get(at("/municipalities/ale")).header("accept-language", "sv").send().await.unwrap().text().await.unwrap();
    for text in ["Påbyggnad", "Events 1.1", "Ta påbyggnaden i drift", "Återställ version 1"] {
        assert!(page.contains(text), "`{text}` is not in {page}");
    }
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let form = [("csrf", csrf), ("version", "1")];
    let answer = client.post(at("/municipalities/ale/overlay/restore")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let again = client.post(at("/municipalities/ale/overlay/restore")).form(&form).send().await.unwrap();
    assert_eq!(again.status(), 409);
    let bad = [("csrf", csrf), ("version", "x")];
    assert_eq!(client.post(at("/municipalities/ale/overlay/restore")).form(&bad).send().await.unwrap().status(), 400);
    assert_eq!(plane.get(OVERLAY, &keeper).await["plugins"][0]["version"], "1.0");
}
