// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Figures for Prometheus.

use std::{fmt::Write, sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::warn;

use crate::{
    fleet::{check::Tally, health::Health},
    health::watch::figures,
};

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting. A second call changes nothing.
pub fn start() {
    if HANDLE.get().is_some() {
        return;
    }
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &[0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0]);
        match builder.and_then(PrometheusBuilder::install_recorder) {
            Ok(handle) => Some(handle),
            Err(error) => {
                warn!(%error, "no figures are kept");
                None
            }
        }
    });
    figures::start();
}

/// One request answered.
pub fn answered(method: &str, route: &'static str, status: u16, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("flotta_http_requests_total", &labels).increment(1);
    metrics::histogram!("flotta_http_request_seconds", "route" => route).record(took);
}

/// How many follow the board.
pub fn followers(count: usize) {
    metrics::gauge!("flotta_health_followers").set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
}

/// How old what anybody may see is, in seconds.
pub fn public_age(seconds: f64) {
    metrics::gauge!("flotta_status_age_seconds").set(seconds);
}

/// One figure of the fleet.
pub fn set(name: &'static str, label: &'static str, word: String, value: f64) {
    metrics::gauge!(name, label => word).set(value);
}

/// Figures of each municipality, made anew each time: one that is gone leaves none behind.
pub fn municipalities(tallies: &[Tally]) -> String {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, value: &dyn Fn(&Tally) -> Option<f64>| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for tally in tallies {
            if let Some(value) = value(tally) {
                // A slug has no letter that a label would have to escape.
                let _ = writeln!(text, "{name}{{municipality=\"{}\"}} {value}", tally.slug);
            }
        }
    };
    let place = |health: Health| Health::ALL.iter().position(|one| *one == health).and_then(|at| u32::try_from(at).ok());
    family(
        "flotta_municipality_worst",
        "The worst state of its sites: 0 ok, 1 unknown, 2 slow, 3 suspect, 4 flapping, 5 down.",
        &|tally| place(tally.worst()).map(f64::from),
    );
    family("flotta_municipality_up_ratio", "Share of its sites whose state is known that serve.", &|tally| {
        let known: u32 = tally.states.iter().filter(|(health, _)| **health != Health::Unknown).map(|(_, count)| count).sum();
        let ill: u32 = tally.states.iter().filter(|(health, _)| health.is_ill()).map(|(_, count)| count).sum();
        (known > 0).then(|| 1.0 - f64::from(ill) / f64::from(known))
    });
    text
}

/// One figure of a municipality over a window of time.
pub fn set_of(name: &'static str, municipality: String, window: &'static str, value: f64) {
    metrics::gauge!(name, "municipality" => municipality, "window" => window).set(value);
}

/// All others, in Prometheus' text form.
pub fn text() -> String {
    HANDLE
        .get()
        .and_then(Option::as_ref)
        .map(|handle| {
            handle.run_upkeep();
            handle.render()
        })
        .unwrap_or_default()
}
