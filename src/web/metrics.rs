// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Figures for Prometheus.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::warn;

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts counting. A second call changes nothing.
pub fn start() {
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
}

/// One request answered.
pub fn answered(method: &str, route: &'static str, status: u16, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("flotta_http_requests_total", &labels).increment(1);
    metrics::histogram!("flotta_http_request_seconds", "route" => route).record(took);
}

/// One figure of the fleet.
pub fn set(name: &'static str, label: &'static str, word: String, value: f64) {
    metrics::gauge!(name, label => word).set(value);
}

/// One figure of a municipality over a window of time.
pub fn set_of(name: &'static str, municipality: String, window: &'static str, value: f64) {
    metrics::gauge!(name, "municipality" => municipality, "window" => window).set(value);
}

/// All of them, in Prometheus' text form.
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
