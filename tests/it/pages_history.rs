// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A site's page, a municipality's objective and its month, from samples to what a browser and a program get.

use flotta::{
    fleet::{
        FindingKind, Incident, Role, Scope,
        facts::Facts,
        finding,
        health::{Failure, Sample},
        incident::{Cause, CauseKind, Member},
    },
    health::{
        history::{Block, Ledger},
        watch::keeper,
    },
    store::{self, checks::Found, facts::Kept, incidents::Change},
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

#[tokio::test(flavor = "multi_thread")]
async fn a_site_tells_of_its_insides_and_is_silenced_where_it_stands() {
    let plane = Plane::furnished().await;
    let (_, well, ill) = seen(&plane).await;
    let store = &plane.app.tools.store;
    let ale = store::instances::all(store, &Scope::Fleet).await.unwrap().into_iter().find(|i| i.slug.as_str() == "ale").unwrap();
    let now = Timestamp::now();
    let told = json!({
        "whole": {
            "wordpress": {"version": "6.8.3"},
            "php": "8.4.11",
            "plugins": [{"slug": "events", "file": "events/events.php", "name": "Kalendern", "version": "3.2"}, {"slug": "other", "file": "o.php"}],
            "themes": [{"slug": "kommun", "name": "Kommuntemat", "version": "2.1"}],
            "errors": [{"fingerprint": "ab12", "count": 1204, "first": now.as_second(), "last": now.as_second(), "message": "Uncaught <b>Error",
                "file": "wp-content/plugins/events/events.php", "line": 33, "kind": "plugin", "slug": "events", "blog": 2}],
        },
        "sites": [{"id": 2, "domain": "ale.localhost", "path": "/skola/", "plugins": ["events/events.php"], "theme": "kommun", "public": false,
            "administrators": ["anna"], "autoload": {"bytes": 912_000}, "cron": {"overdue": 4000}}],
    });
    let facts: Facts = serde_json::from_value(told).unwrap();
    let kept = Kept { mark: String::new(), administrators: Default::default(), collected_at: now };
    store::facts::keep(store, ale.municipality, ale.id, &kept, &facts).await.unwrap();
    let about = |blog: Option<u64>, subject: &str| finding::Found {
        kind: FindingKind::CronStuck,
        blog,
        subject: subject.to_owned(),
        evidence: json!({}),
    };
    let found = [about(Some(2), "the school's jobs"), about(Some(1), "the front's jobs")];
    let instance = finding::About::Instance(ale.id);
    store::findings::sync(store, ale.municipality, &instance, &[FindingKind::CronStuck], &found, now).await.unwrap();

    let (cookie, csrf) = plane.log_in(Role::Administrator).await;
    let open = async |path: &str| {
        let request =
            plane.request(Method::GET, path).header("cookie", &cookie).header("accept", "text/html").header("accept-language", "sv");
        request.send().await.unwrap().text().await.unwrap().replace("&#x3D;", "=").replace('\u{a0}', " ")
    };
    let (site, other) = (format!("/health/ale/{ill}"), format!("/health/ale/{well}"));
    let page = open(&site).await;
    for part in
        ["6.8.3", "8.4.11", "Kommuntemat 2.1", "Kalendern 3.2", "1 204", "Uncaught &lt;b&gt;Error", "för länge", "the school's jobs"]
    {
        assert!(page.contains(part) || page.contains(&part.replace('\'', "&#x27;")), "{part}: {page}");
    }
    assert!(!page.contains("the front") && !page.contains("o.php"), "{page}");
    assert!(!open(&other).await.contains("Kalendern"));

    let silence = async |until: &str, reason: &str| {
        let fields = [("until", until), ("reason", reason), ("csrf", csrf.as_str())];
        let request = plane.request(Method::POST, &format!("{site}/silence")).header("cookie", &cookie).header("accept-language", "sv");
        request.form(&fields).send().await.unwrap()
    };
    let wrong = silence("i morgon", "").await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("id=\"e-until\"") && wrong.contains("Kommuntemat"), "{wrong}");
    let until = (now + SignedDuration::from_hours(24)).strftime("%Y-%m-%dT%H:%M").to_string();
    let done = silence(&until, "servern byts").await;
    assert_eq!(
        (done.status(), done.headers()["location"].to_str().unwrap()),
        (StatusCode::SEE_OTHER, format!("{site}?notice=saved").as_str())
    );
    let incidents = store::incidents::open(store).await.unwrap();
    let incident = format!("/incidents/{}", incidents[0].0.id.text());
    for place in [&site, &incident] {
        assert!(open(place).await.contains("servern byts"), "{place}");
    }
    for place in [&other, "/health/ale"] {
        assert!(!open(place).await.contains("servern byts"), "{place}");
    }
}
