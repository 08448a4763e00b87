// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What benchmarks on the real engine have in common: the operator's own servers and gateway, arguments, figures.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::fleet::Fleet;

/// Runs the engine's command line, which must succeed.
pub fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().unwrap();
    assert!(out.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// The number after this argument.
pub fn argument(name: &str) -> Option<usize> {
    let all: Vec<String> = std::env::args().collect();
    all.iter().position(|a| a == name).and_then(|at| all.get(at + 1)).and_then(|v| v.parse().ok())
}

/// The value below which the share `p` lies.
pub fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let at = ((values.len() as f64 * p).ceil() as usize).clamp(1, values.len()) - 1;
    values[at]
}

/// Makes servers as a careful operator does by hand; gives the seconds of all and of each.
pub fn by_hand(fleet: &Fleet, image: &str, port: u16, slugs: &[String]) -> (f64, Vec<f64>) {
    script("by_hand.sh", &[], fleet, image, port, slugs)
}

/// Runs a script of this folder over these servers; gives the seconds of all and of each.
pub fn script(name: &str, verb: &[&str], fleet: &Fleet, image: &str, port: u16, slugs: &[String]) -> (f64, Vec<f64>) {
    let began = Instant::now();
    let out = Command::new("bash")
        .arg(format!("{}/benches/{name}", env!("CARGO_MANIFEST_DIR")))
        .args(verb)
        .args([fleet.home.to_str().unwrap(), fleet.app.config.fleet.fleet.as_str(), image, &port.to_string()])
        .args(slugs)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let each = String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok())
        .map(|ms| ms / 1000.0)
        .collect();
    (began.elapsed().as_secs_f64(), each)
}

/// The operator's own gateway: the same Caddy, with a plain configuration that starts empty.
pub fn gateway_by_hand(fleet: &Fleet, port: u16) {
    let id = fleet.app.config.fleet.fleet.as_str();
    let run = fleet.home.join("run/hand");
    std::fs::create_dir_all(&run).unwrap();
    let name = format!("{id}-hand-gateway");
    docker(&[
        "run",
        "-d",
        "--name",
        &name,
        "--label",
        &format!("se.flotta.fleet={id}"),
        "--label",
        "se.flotta.role=task",
        "--network",
        "host",
        "-v",
        &format!("{}:/run/flotta-gateway", run.display()),
        "flotta/gateway:2.6",
    ]);
    let config = serde_json::json!({
        "admin": {"listen": "unix//run/flotta-gateway/admin.sock", "origins": ["localhost"]},
        "apps": {"http": {"servers": {"hand": {"listen": [format!("127.0.0.1:{port}")], "routes": [], "automatic_https": {"disable": true}}}}},
    })
    .to_string();
    let over = Instant::now() + Duration::from_secs(30);
    loop {
        let done = Command::new("curl")
            .args([
                "-sf",
                "--unix-socket",
                run.join("admin.sock").to_str().unwrap(),
                "-H",
                "Host: localhost",
                "-H",
                "Content-Type: application/json",
                "http://localhost/load",
                "-d",
                &config,
            ])
            .status()
            .unwrap();
        if done.success() {
            return;
        }
        assert!(Instant::now() < over, "the operator's gateway did not start");
        std::thread::sleep(Duration::from_millis(100));
    }
}
