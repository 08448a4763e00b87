// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Public status pages, badges, the open directory and feeds: whose owner opened them, without a word of others, also while the
//! store is held.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use flotta::fleet::{Role, health::Health, incident::CauseKind};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{number, open, set, sites, within};
use crate::support::web::Plane;

async fn get(plane: &Plane, path: &str) -> Response {
    within(plane.request(Method::GET, path).send()).await.unwrap()
}

async fn put(plane: &Plane, slug: &str, token: &str, open: bool) -> Response {
    let path = format!("/api/v1/municipalities/{slug}/status-page");
    plane.request(Method::PUT, &path).bearer_auth(token).json(&json!({"open": open})).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_opened_is_seen_and_nothing_of_others() {
    let plane = Plane::furnished().await;
    let ale = sites(&plane, "ale", &["/", "/skola/"]).await;
    let mora = sites(&plane, "mora", &["/"]).await;
    assert_eq!(get(&plane, "/status/ale").await.status(), 503, "nothing was read yet");
    plane.app.status.renew(&plane.app.tools).await.unwrap();
    let manager = plane.token(Role::WebManager, None).await;
    assert_eq!(put(&plane, "mora", &manager, true).await.status(), 404, "it is not theirs");
    let auditor = plane.token(Role::Auditor, None).await;
    assert_eq!(put(&plane, "ale", &auditor, true).await.status(), 403);
    let opened: Value = put(&plane, "ale", &manager, true).await.json().await.unwrap();
    assert_eq!((&opened["open"], &opened["opened_by"]), (&true.into(), &"web-manager@flotta.test".into()));
    assert!(opened["snippet"].as_str().unwrap().contains("/status/ale/badge.svg"), "{opened}");

    // One that is closed and one that never was are the same.
    for (closed, nobody) in [
        ("/status/mora", "/status/nora"),
        ("/status/mora/badge.svg", "/status/nora/badge.svg"),
        ("/open/v1/municipalities/mora/feed.json", "/open/v1/municipalities/nora/feed.json"),
        ("/status/mora", "/status/Ej-slug"),
    ] {
        let ask = async |path: &str| within(plane.request(Method::GET, path).header("accept", "application/json").send()).await.unwrap();
        let (one, other) = (ask(closed).await, ask(nobody).await);
        assert_eq!((one.status().as_u16(), other.status().as_u16()), (404, 404));
        assert_eq!(one.headers()["cache-control"], other.headers()["cache-control"]);
        assert_eq!(one.text().await.unwrap(), other.text().await.unwrap());
    }

    let school = number(&plane, ale, "/skola/").await;
    set(&plane, school, Health::Down).await;
    let theirs = number(&plane, mora, "/").await;
    let both = [(school, ale, "ale.localhost/skola/"), (theirs, mora, "mora.localhost")];
    open(&plane, CauseKind::DatabaseServer, "db-17.internal", &both).await;
    plane.app.status.renew(&plane.app.tools).await.unwrap();
    let page = get(&plane, "/status/ale?lang=en").await;
    assert_eq!(page.status(), 200);
    assert!(page.headers()["cache-control"].to_str().unwrap().starts_with("public, max-age="));
    let mark = page.headers()["etag"].to_str().unwrap().to_owned();
    let html = page.text().await.unwrap();
    for part in [
        "lang=\"en\"",
        "Some of it does not work",
        "The platform’s database server",
        "ale.localhost/skola/",
        "Nothing has been checked yet",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    let page = plane.request(Method::GET, "/status/ale").header("accept-language", "sv").send().await.unwrap();
    assert!(page.text().await.unwrap().contains("Plattformens databasserver"));
    let again = plane.request(Method::GET, "/status/ale?lang=en").header("if-none-match", &mark).send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, mark.as_str()));

    let directory = get(&plane, "/open/v1/directory.json").await;
    assert_eq!(directory.headers()["access-control-allow-origin"], "*");
    assert_eq!(directory.headers()["cross-origin-resource-policy"], "cross-origin");
    let directory: Value = directory.json().await.unwrap();
    let [one] = &directory["municipalities"].as_array().unwrap()[..] else { panic!("{directory}") };
    assert_eq!((&one["slug"], &one["status"], one["sites"].as_array().unwrap().len()), (&"ale".into(), &"partly".into(), 2));
    assert_eq!((&one["incidents"][0]["cause"], &one["incidents"][0]["symptom"]), (&"database-server".into(), &"broken".into()));
    for path in ["/open/v1/feed.json?lang=sv", "/open/v1/municipalities/ale/feed.json?lang=sv"] {
        let feed = get(&plane, path).await;
        assert_eq!(feed.headers()["content-type"], "application/feed+json");
        let feed: Value = feed.json().await.unwrap();
        assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(feed["items"][0]["title"], "ale kommun – Plattformens databasserver: ett fel i stället för sidan");
        assert!(feed["items"][0]["id"].as_str().unwrap().contains("/status/ale#i-"), "{feed}");
        assert!(!feed.to_string().contains("mora") && !feed.to_string().contains("db-17"), "{feed}");
    }
    let badge = get(&plane, "/status/ale/badge.svg?lang=sv").await;
    assert_eq!(badge.headers()["content-type"], "image/svg+xml");
    let badge = badge.text().await.unwrap();
    // Nobody watches here, so nothing is claimed.
    assert!(badge.contains(">okänt</text>") && badge.contains("ale kommun"), "{badge}");
    for text in [html, directory.to_string(), badge] {
        for secret in ["mora", "db-17", &ale.text(), "webb@", "flotta.test"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }

    assert_eq!(put(&plane, "ale", &manager, false).await.status(), 200);
    assert_eq!(get(&plane, "/status/ale").await.status(), 404, "at once");
    assert_eq!(get(&plane, "/open/v1/directory.json").await.json::<Value>().await.unwrap()["municipalities"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_there_while_the_store_is_held() {
    let mut plane = Plane::start_with(true, |raw| raw.health.interval_seconds = 10).await;
    plane.admit("ale").await;
    plane.add_user(Role::Operator).await;
    let token = plane.token(Role::Operator, None).await;
    assert_eq!(put(&plane, "ale", &token, true).await.status(), 200);
    let (cookie, _) = plane.log_in(Role::Operator).await;
    // The watcher begins, and says so.
    within(async {
        while get(&plane, "/status/ale?lang=en").await.text().await.unwrap().contains("Nothing has been checked yet") {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
    let address = plane.app.tools.settings.home.join("flotta.db");
    let mut held = SqliteConnection::establish(address.to_str().unwrap()).unwrap();
    // Nobody can write, and whoever reads what the page is made of, or who looks, fails.
    for statement in [
        "PRAGMA busy_timeout = 10000",
        "ALTER TABLE session RENAME TO session_gone",
        "ALTER TABLE status_page RENAME TO status_page_gone",
        "ALTER TABLE lease RENAME TO lease_gone",
        "BEGIN IMMEDIATE",
    ] {
        held.batch_execute(statement).unwrap();
    }
    let inside = within(plane.request(Method::GET, "/api/v1/health").header("cookie", &cookie).send()).await.unwrap();
    assert!(inside.status().is_server_error(), "{}", inside.status());
    assert!(plane.app.status.renew(&plane.app.tools).await.is_err());
    let began = std::time::Instant::now();
    for path in ["/status/ale?lang=en", "/status/ale/badge.svg", "/open/v1/directory.json", "/open/v1/feed.json"] {
        let answer = within(plane.request(Method::GET, path).header("cookie", &cookie).send()).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    let page = get(&plane, "/status/ale?lang=en").await.text().await.unwrap();
    assert!(page.contains("As of <time"), "{page}");
    held.batch_execute("ROLLBACK").unwrap();
}
