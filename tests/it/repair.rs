// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Containers changed by hand on the real engine are put right; what is not the fleet's own stays as it is.

use std::{process::Command, time::Duration};

use flotta::fleet::OperationState;

use crate::support::fleet::Fleet;

fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().unwrap();
    assert!(out.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_hand_is_put_right_and_strangers_are_left_alone() {
    let fleet = Fleet::start().await;
    let tools = &fleet.app.tools;
    let operation = fleet.onboard(&Fleet::request("ale")).await.unwrap();
    assert_eq!(operation.state, OperationState::Done, "{}", fleet.journal(operation.id).await);
    let container = tools.target(operation.instance).await.unwrap().container();
    let stranger = format!("stranger-{}", tools.settings.fleet);
    docker(&["run", "-d", "--rm", "--name", &stranger, "--network", "none", "flotta/base:trixie", "sleep", "600"]);
    let well = || async {
        match fleet.visit("ale.localhost", "/").await {
            (200, page) if page.contains("ale kommun") => Ok(()),
            (status, page) => Err(format!("{status} {}", page.chars().take(200).collect::<String>())),
        }
    };
    for harm in [
        vec!["kill", &container],
        vec!["stop", "-t", "1", &container],
        vec!["pause", &container],
        vec!["rm", "-f", &container],
        vec!["rm", "-f", &tools.settings.gateway()],
        vec!["kill", &tools.settings.database_server()],
    ] {
        let began = std::time::Instant::now();
        docker(&harm);
        // The harm must be seen first, or the page of before proves nothing.
        tokio::time::sleep(Duration::from_millis(300)).await;
        fleet.until(&format!("serving again after docker {harm:?}"), Duration::from_secs(60), well).await;
        eprintln!("docker {harm:?}: serving again after {:?}", began.elapsed());
    }
    let running = docker(&["inspect", "-f", "{{.State.Running}}", &stranger]);
    docker(&["rm", "-f", &stranger]);
    assert_eq!(running, "true");
}
