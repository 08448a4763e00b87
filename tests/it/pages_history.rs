// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A site's page, a municipality's objective and its month, from samples to what a browser and a program get.

use flotta::{
    fleet::{
        Incident, Role, Scope,
        health::{Failure, Sample},
        incident::{Cause, CauseKind, Member},
    },
    health::{
        history::{Block, Ledger},
        watch::keeper,
    },
    store::{self, checks::Found, incidents::Change},
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::web::Plane;

/// Three hours of a site that failed in a tenth of the first, and of one that never did.
async fn seen(plane: &Plane) -> (i64, u32, u32) {
    let store = &plane.app.tools.store;
    let ale = store::instances::all(store, &Scope::Fleet).await.unwrap().into_iter().find(|i| i.slug.as_str() == "ale").unwrap();
    let now = Timestamp::now();
    let site = |blog: u64, path: &str| Found { blog, host: "ale.localhost".to_owned(), path: path.to_owned() };
    store::checks::sync(store, ale.municipality, ale.id, &[site(1, "/"), site(2, "/skola/")], now - SignedDuration::from_hours(3))
        .await
        .unwrap();
    let filter = store::checks::Filter { municipality: Some(ale.municipality), ..Default::default() };
    let checks = store::checks::list(store, &Scope::Fleet, &filter, store::PageRequest::default()).await.unwrap().items;
    let number = |path: &str| checks.iter().find(|check| check.path == path).unwrap().number;
    let (well, ill) = (number("/"), number("/skola/"));
    let present = Ledger::hour(u64::try_from(now.as_millisecond()).unwrap());
    let mut hours = Vec::new();
    for hour in present - 3..present {
        let mut block = Block::default();
        for minute in 0..60 {
            let fails = hour == present - 3 && minute < 6;
            block.put(ill, minute, if fails { Sample::Failed(Failure::Fatal) } else { Sample::Served(80) });
            block.put(well, minute, Sample::Served(120));
        }
        hours.push(((ale.municipality, hour), block.bytes()));
    }
    let history = plane.app.tools.history.clone().unwrap();
    history.put(&hours).await.unwrap();
    keeper::fold(&history, present, 2000).await.unwrap();
    let cause = Cause { kind: CauseKind::Check, of: ill.to_string() };
    let incident = Incident::opened(cause, "=SUM(A1),x".to_owned(), Some(ale.municipality), now);
    let member = Member {
        number: ill,
        municipality: ale.municipality,
        slug: None,
        label: "ale.localhost/skola/".to_owned(),
        failure: Failure::Fatal,
        since: now,
        until: None,
    };
    let id = incident.id;
    store::incidents::write(store, &[Change::Open(Box::new(incident)), Change::Join(id, Box::new(member))], now).await.unwrap();
    (present, well, ill)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_shown_as_it_was() {
    let plane = Plane::furnished().await;
    let (_, well, ill) = seen(&plane).await;
    let token = plane.token(Role::Administrator, None).await;

    for (range, points) in [("48h", 3), ("35d", 3)] {
        let history = plane.get(&format!("/api/v1/checks/{ill}/history?range={range}"), &token).await;
        assert_eq!(history["points"].as_array().unwrap().len(), points, "{history}");
        assert_eq!((&history["points"][0]["failed"], &history["points"][0]["failure"]), (&json!(6), &json!("fatal")));
        assert!((history["availability"].as_f64().unwrap() - 174.0 / 180.0).abs() < 1e-9, "{history}");
        assert_eq!(history["seconds_down"], 360);
    }
    let year = plane.get(&format!("/api/v1/checks/{ill}/history?range=400d"), &token).await;
    let served: u64 = year["points"].as_array().unwrap().iter().map(|point| point["served"].as_u64().unwrap()).sum();
    assert_eq!(served, 174);

    // Six of 360 minutes failed: at 99.9 % all that may fail is gone, at 90 % most is left.
    let place = "/api/v1/municipalities/ale/objective";
    let state = plane.get(place, &token).await;
    assert_eq!((&state["percent"], &state["days"]), (&json!(99.9), &json!(30)));
    assert!((state["availability"].as_f64().unwrap() - 354.0 / 360.0).abs() < 1e-9, "{state}");
    assert!(state["budget_left"].as_f64().unwrap() < 0.0, "{state}");
    let own = plane.token(Role::WebManager, None).await;
    let put = async |token: &str, body: Value| plane.request(Method::PUT, place).bearer_auth(token).json(&body).send().await.unwrap();
    let changed: Value = put(&own, json!({"percent": 90, "days": 7})).await.json().await.unwrap();
    assert!((changed["budget_left"].as_f64().unwrap() - (1.0 - 6.0 / 36.0)).abs() < 1e-9, "{changed}");
    assert_eq!(put(&plane.token(Role::Auditor, None).await, json!({"percent": 90})).await.status(), StatusCode::FORBIDDEN);

    let report = plane.get("/api/v1/municipalities/ale/report", &token).await;
    assert_eq!((&report["objective_met"], report["incidents"].as_array().map(Vec::len)), (&json!(true), Some(1)), "{report}");
    let sites = report["sites"].as_array().unwrap();
    let line = |number: u32| sites.iter().find(|line| line["number"] == number).unwrap();
    assert_eq!((&line(ill)["minutes_down"], &line(well)["minutes_down"]), (&json!(6), &json!(0)));
    // The minutes of this hour were not written yet, so nobody is known to have looked.
    assert_eq!(line(ill)["minutes_served"], 174);

    let csv = plane.request(Method::GET, "/api/v1/municipalities/ale/report.csv").bearer_auth(&token).send().await.unwrap();
    assert!(csv.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    let csv = csv.text().await.unwrap();
    assert!(csv.contains("\r\nsite,ale.localhost/skola/,96.6667,174,6,") && csv.contains("incident,\"'=SUM(A1),x\","), "{csv}");

    let metrics = plane.request(Method::GET, "/metrics").bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    // Figures are the process's, in which other tests may have an Ale of their own.
    assert!(metrics.contains("flotta_availability_ratio{municipality=\"ale\"}"), "{metrics}");
    assert!(metrics.contains("flotta_error_budget_burn_rate{municipality=\"ale\",window=\"3d\"}"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_it_in_pictures_and_numbers() {
    let plane = Plane::furnished().await;
    let (_, _, ill) = seen(&plane).await;
    let (cookie, csrf) = plane.log_in(Role::Administrator).await;
    let open = async |path: &str| {
        let request =
            plane.request(Method::GET, path).header("cookie", &cookie).header("accept", "text/html").header("accept-language", "sv");
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap().replace("&#x3D;", "="))
    };
    let (status, list) = open("/health/ale").await;
    assert!(
        status == 200 && list.contains(&format!("href=\"/health/ale/{ill}\"")) && list.contains("action=\"/health/ale/objective\""),
        "{list}"
    );
    let (status, page) = open(&format!("/health/ale/{ill}")).await;
    assert_eq!(status, 200, "{page}");
    for part in ["96,666 %", "class=\"failed\" fill=\"url(#hatch-48h)\" d=\"M", "PHP", "<title id=\"at-35d\">", "=SUM(A1),x"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // A check of somebody else, and none at all.
    assert_eq!(open(&format!("/health/mora/{ill}")).await.0, 404);
    assert_eq!(open("/health/ale/none").await.0, 404);
    assert_eq!(open("/health/ale/4000000000").await.0, 404);

    let send = async |percent: &str| {
        let fields = [("percent", percent), ("days", "30"), ("csrf", csrf.as_str())];
        let request = plane.request(Method::POST, "/health/ale/objective").header("cookie", &cookie).header("accept-language", "sv");
        request.form(&fields).send().await.unwrap()
    };
    assert_eq!(send("99,95").await.status(), StatusCode::SEE_OTHER);
    let wrong = send("lots").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("value=\"lots\"") && wrong.contains("id=\"e-percent\""), "{wrong}");
    assert!(open("/health/ale").await.1.contains("99,95 %"));

    let (status, report) = open("/health/ale/report").await;
    assert!(status == 200 && report.contains("Målet nåddes inte.") && report.contains("ale.localhost/skola/"), "{report}");
    assert_eq!(open("/health/ale/report?month=2999-01").await.0, 400);
    let (status, csv) = open("/health/ale/report.csv").await;
    assert!(status == 200 && csv.starts_with("\u{feff}kind,"));
}
