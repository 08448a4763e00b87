// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Figures of the watching for Prometheus: none for each site, so that their number stays the same however large the fleet is.

use crate::fleet::health::Sample;

/// Makes all of them known, so that they are there before the first check.
pub fn start() {
    for result in ["served", "failed"] {
        metrics::counter!("flotta_probes_total", "result" => result).increment(0);
    }
    metrics::counter!("flotta_probes_missed_total").increment(0);
    metrics::counter!("flotta_watcher_disturbed_total").increment(0);
    watching(false, 0);
}

/// Whether this control plane watches, and how much.
pub fn watching(does: bool, checks: usize) {
    metrics::gauge!("flotta_watcher_watching").set(if does { 1.0 } else { 0.0 });
    metrics::gauge!("flotta_watcher_checks").set(f64::from(u32::try_from(checks).unwrap_or(u32::MAX)));
}

/// A check was begun so many milliseconds after its time.
pub(super) fn begun(late: u64) {
    let seconds = f64::from(u32::try_from(late).unwrap_or(u32::MAX)) / 1000.0;
    metrics::histogram!("flotta_watcher_lateness_seconds").record(seconds);
}

/// A check gave something.
pub(super) fn came(sample: Sample) {
    match sample {
        Sample::Served(_) => metrics::counter!("flotta_probes_total", "result" => "served").increment(1),
        Sample::Failed(_) => metrics::counter!("flotta_probes_total", "result" => "failed").increment(1),
        Sample::Missed => missed(),
    }
}

/// A check was not made in time.
pub(super) fn missed() {
    metrics::counter!("flotta_probes_missed_total").increment(1);
}

/// The machine slept, the clock was set, or the process was held up.
pub(super) fn disturbed() {
    metrics::counter!("flotta_watcher_disturbed_total").increment(1);
}
