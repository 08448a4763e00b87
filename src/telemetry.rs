// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Logs: lines for people, or one JSON object a line for programs; always on standard error.

use tracing_subscriber::EnvFilter;

/// What is logged unless `FLOTTA_LOG` says otherwise: what Flotta does, and only warnings of its libraries.
const DEFAULT: &str = "warn,flotta=info";

/// Starts logging. A second call changes nothing.
pub fn start(json: bool, colour: bool) {
    let filter = EnvFilter::try_from_env("FLOTTA_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json { lines.json().flatten_event(true).try_init() } else { lines.with_target(false).with_ansi(colour).try_init() };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
