// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Building releases through the API, on the simulated engine: what is answered, noted and left.

use std::time::Duration;

use flotta::{
    drivers::world::{Fault, Rule},
    fleet::Role,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::web::Plane;

/// A tar with these files.
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

fn theme(version: &str) -> Vec<u8> {
    let style = format!("/*\nTheme Name: Helsingborg\nVersion: {version}\n*/");
    tar(&[("themes/hbg/style.css", &style), ("themes/hbg/index.php", "<?php")])
}

async fn send(plane: &Plane, token: &str, query: &str, body: Vec<u8>) -> Response {
    let request = plane.request(Method::POST, &format!("/api/v1/releases/build?{query}")).bearer_auth(token);
    request.header("content-type", "application/x-tar").body(body).send().await.unwrap()
}

/// The log, and the last line.
async fn build(plane: &Plane, token: &str, query: &str, body: Vec<u8>) -> (Vec<String>, Value) {
    let answer = send(plane, token, query, body).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    let mut lines: Vec<Value> = text.lines().filter(|l| !l.is_empty()).map(|l| serde_json::from_str(l).unwrap()).collect();
    let last = lines.pop().unwrap();
    (lines.iter().map(|l| l["log"].as_str().unwrap().to_owned()).collect(), last)
}

async fn noted(plane: &Plane, chief: &str) -> Vec<String> {
    let page = plane.get("/api/v1/audit?action=release.build", chief).await;
    let line = |l: &Value| format!("{} {} {}", l["target"].as_str().unwrap(), l["result"].as_str().unwrap(), l["detail"]["code"]);
    page["items"].as_array().unwrap().iter().rev().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_built_once_and_noted() {
    let plane = Plane::furnished().await;
    let (keeper, chief) = (plane.token(Role::ReleaseManager, None).await, plane.token(Role::Administrator, None).await);
    let (log, last) = build(&plane, &keeper, "base=6.8", theme("1.0")).await;
    assert!(log[0].starts_with("Step 1 : FROM sha256:"), "{log:?}");
    assert_eq!(last["release"]["name"], "6.8+hbg-1.0", "{last}");
    let (log, again) = build(&plane, &keeper, "base=6.8", theme("1.0")).await;
    assert!(log.is_empty() && again == last, "{log:?} {again}");
    let other = tar(&[("themes/hbg/style.css", "/* Theme Name: X\nVersion: 1.0 */")]);
    let refused = send(&plane, &keeper, "base=6.8", other).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "release-taken");
    let refused = send(&plane, &keeper, "base=nope", theme("1.0")).await;
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json::<Value>().await.unwrap()["errors"][0]["field"], "base");
    assert_eq!(send(&plane, &chief, "base=6.8&stable=maybe", theme("1.0")).await.status(), 422);
    assert_eq!(send(&plane, &keeper, "bse=6.8", theme("1.0")).await.status(), 400);
    let said = noted(&plane, &chief).await;
    assert_eq!(
        said,
        [
            "6.8+hbg-1.0 done null",
            " refused \"release-taken\"",
            " refused \"unknown-release\"",
            " refused \"wrong-type\"",
            " refused \"unknown-field\"",
        ]
    );
    let told = plane.get("/api/v1/releases/6.8+hbg-1.0/difference", &keeper).await;
    assert_eq!((&told["before"], &told["words"]["en"]), (&"6.8".into(), &json!(["Theme Helsingborg added 1.0"])));
    let document = plane.get("/api/v1/releases/6.8+hbg-1.0/inventory?format=cyclonedx", &keeper).await;
    assert_eq!(document["specVersion"], "1.6");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_is_told_in_its_last_line_and_leaves_nothing() {
    let plane = Plane::furnished().await;
    let keeper = plane.token(Role::ReleaseManager, None).await;
    for (dockerfile, code, status) in [
        ("FROM flotta/wordpress:6.8\nRUN exit 1\n", "build-failed", 422),
        ("FROM scratch\n", "no-contract", 422),
        ("FROM scratch\nLABEL se.flotta.contract=wordpress\n", "no-wordpress", 422),
    ] {
        let (_, last) = build(&plane, &keeper, "name=bad", tar(&[("Dockerfile", dockerfile)])).await;
        assert_eq!((&last["problem"]["code"], &last["problem"]["status"]), (&json!(code), &json!(status)), "{last}");
    }
    plane.world.inject(Rule::on("engine.copy_out", Fault::Fail500).until(1));
    let (_, last) = build(&plane, &keeper, "base=6.8&name=broken", theme("1.0")).await;
    assert_eq!(last["problem"]["status"], 502, "{last}");
    let made = |what: &str| plane.world.effects().iter().filter(|(e, _)| e.starts_with(what)).map(|(_, n)| n).sum::<u64>();
    assert_eq!(made("image built"), made("image removed"), "{:?}", plane.world.effects());
    assert_eq!(made("container created flotta-inventory"), made("container removed flotta-inventory"));
    assert_eq!(std::fs::read_dir(plane.app.tools.settings.home.join("builds")).unwrap().count(), 0);
    let (_, last) = build(&plane, &keeper, "name=good", tar(&[("Dockerfile", "FROM flotta/wordpress:6.8\n")])).await;
    assert_eq!(last["release"]["name"], "good");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_needs_goes_and_what_is_needed_stays() {
    let plane = Plane::furnished().await;
    let keeper = plane.token(Role::ReleaseManager, None).await;
    for version in ["1.0", "1.1"] {
        build(&plane, &keeper, "base=6.8", theme(version)).await;
    }
    let delete = async |path: &str| {
        let answer = plane.request(Method::DELETE, &format!("/api/v1/releases/{path}")).bearer_auth(&keeper).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap_or_default())
    };
    let (status, problem) = delete("6.8?confirm=6.8").await;
    assert_eq!((status, &problem["code"]), (409, &json!("release-in-use")));
    assert!(problem["detail"].as_str().unwrap().contains("the production instance of ale, the production instance of mora"), "{problem}");
    assert_eq!(delete("6.8+hbg-1.0").await.0, 400);
    assert_eq!(delete("6.8+hbg-1.0?confirm=6.8%2Bhbg-1.0").await.0, 204);
    assert_eq!(delete("6.8+hbg-1.0?confirm=6.8%2Bhbg-1.0").await.0, 404);
    let images = async || plane.app.tools.engine.images_of("flotta-release").await.unwrap();
    assert_eq!(images().await.len(), 1);
    // Forgotten behind Flotta's back: the image goes with the next pruning, and only it.
    let kept = images().await.remove(0);
    let release = flotta::store::releases::by_name(&plane.app.tools.store, "6.8+hbg-1.1").await.unwrap();
    flotta::releases::prune(&plane.app.tools).await.unwrap();
    assert_eq!(images().await, [kept]);
    flotta::store::releases::delete(&plane.app.tools.store, release.id).await.unwrap();
    flotta::releases::prune(&plane.app.tools).await.unwrap();
    assert!(images().await.is_empty());
    assert!(plane.app.tools.engine.image("flotta/wordpress:6.8").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_ends_its_build() {
    let plane = Plane::furnished().await;
    let (keeper, chief) = (plane.token(Role::ReleaseManager, None).await, plane.token(Role::Administrator, None).await);
    plane.world.inject(Rule::on("engine.build_image", Fault::NeverBefore));
    let answer = send(&plane, &keeper, "base=6.8", theme("1.0")).await;
    assert_eq!(answer.status(), 200);
    drop(answer);
    let over = std::time::Instant::now() + Duration::from_secs(30);
    while noted(&plane, &chief).await.is_empty() {
        assert!(std::time::Instant::now() < over, "the build goes on though nobody waits for it");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(noted(&plane, &chief).await, ["6.8+hbg-1.0 failed \"caller-gone\""]);
    plane.world.clear_faults();
    let (_, last) = build(&plane, &keeper, "base=6.8", theme("1.0")).await;
    assert_eq!(last["release"]["name"], "6.8+hbg-1.0");
}
