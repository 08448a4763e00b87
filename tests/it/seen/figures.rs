// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What dashboard and alert rules ask for is there, and the figures do not grow with the sites. The rules themselves are tried by
//! promtool where it is installed.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command, time::Duration};

use flotta::fleet::Role;
use reqwest::Method;
use serde_json::Value;

use super::{sites, within};
use crate::support::web::Plane;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docker/monitoring")
}

/// The figures that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !letter(c)).filter(|word| word.starts_with("flotta_"));
    words.map(|word| word.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count").to_owned()).collect()
}

async fn figures(plane: &Plane) -> String {
    within(plane.request(Method::GET, "/metrics").send()).await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dashboard_and_rules_name_is_there_and_bounded() {
    let mut plane = Plane::start_with(true, |raw| raw.health.interval_seconds = 10).await;
    plane.add_user(Role::Administrator).await;
    let token = plane.token(Role::Administrator, None).await;
    let wanted = serde_json::json!({"slug": "ale", "domain": "ale.localhost", "name": "Ale", "admin_email": "webb@ale.se"});
    assert_eq!(plane.post("/api/v1/municipalities", &token, &wanted).await.status(), 202);
    let over = tokio::time::Instant::now() + Duration::from_secs(60);
    let text = loop {
        let text = figures(&plane).await;
        let wanted =
            ["flotta_watcher_lateness_seconds_bucket", "flotta_municipality_up_ratio{municipality=\"ale\"} 1", "flotta_status_age_seconds"];
        if wanted.iter().all(|one| text.contains(one)) {
            break text;
        }
        assert!(tokio::time::Instant::now() < over, "{text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let there = named(&text);
    for file in ["grafana-dashboard.json", "alerts.yml"] {
        let asked = named(&fs::read_to_string(folder().join(file)).unwrap());
        assert!(asked.len() > 5, "{file}: {asked:?}");
        let missing: Vec<_> = asked.iter().filter(|name| **name != "flotta_" && !there.contains(*name)).collect();
        assert!(missing.is_empty(), "{file}: nobody gives {missing:?}");
    }
    assert!(text.contains("flotta_watcher_watching 1") && text.contains("flotta_municipality_worst{municipality=\"ale\"} 0"), "{text}");
    // Nothing for each site.
    let many: Vec<String> = (0..200).map(|i| format!("/s{i}/")).collect();
    let many: Vec<&str> = std::iter::once("/").chain(many.iter().map(String::as_str)).collect();
    sites(&plane, "ale", &many).await;
    let count = |text: &str| text.lines().filter(|line| line.starts_with("flotta_") && !line.starts_with("flotta_http")).count();
    let after = figures(&plane).await;
    assert!(count(&after) <= count(&text) + 20, "{} and {}", count(&text), count(&after));
    assert!(!after.contains("s199"));
}

/// As Grafana reads it: what a panel needs, and a source that is chosen where it is loaded.
#[test]
fn the_dashboard_has_what_grafana_needs() {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(folder().join("grafana-dashboard.json")).unwrap()).unwrap();
    assert!(dashboard["uid"].as_str().unwrap().len() <= 40 && dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(place("x") + place("w") <= 24 && place("h") > 0 && !panel["title"].as_str().unwrap().is_empty(), "{panel}");
        if panel["type"] == "row" {
            continue;
        }
        assert!(["stat", "timeseries", "table"].contains(&panel["type"].as_str().unwrap()), "{panel}");
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}");
            assert!(target["expr"].as_str().unwrap().contains("flotta_") && target["refId"].is_string(), "{panel}");
        }
    }
}

#[test]
fn the_rules_load_and_fire_as_they_should() {
    let Ok(found) = Command::new("promtool").arg("--version").output() else {
        eprintln!("promtool is not installed (Debian: prometheus); the rules were not tried");
        return;
    };
    assert!(found.status.success());
    for arguments in [["check", "rules", "alerts.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]] {
        let out = Command::new("promtool").args(arguments).current_dir(folder()).output().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    }
}
