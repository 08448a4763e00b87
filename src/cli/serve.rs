// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta serve`: the control plane itself.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{
    failure::{Failure, Outcome},
    style,
};
use crate::{app, app::App, config, error::Result, telemetry};

/// Background tasks may take so long to come to a stop; what they leave, the journal has.
const STOP: Duration = Duration::from_secs(30);

/// Which configuration.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  flotta serve
  flotta serve --config /etc/flotta/flotta.toml

Stops at SIGTERM or SIGINT: requests are finished, operations go on at the next start. FLOTTA_LOG sets what is logged,
such as FLOTTA_LOG=flotta=debug. Stopping it never touches a serving site.")]
pub struct Serve {
    /// The configuration file; without it, $FLOTTA_CONFIG, then /var/lib/flotta/flotta.toml.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
}

/// Runs until it is told to stop.
///
/// # Errors
/// When the configuration is wrong, another control plane runs here, or the port is taken.
pub async fn run(args: Serve) -> Outcome {
    let config = config::load(&args.config.unwrap_or_else(config::default_path))?;
    telemetry::start(config.log_json, style::colour_on(&std::io::stderr()));
    let _alone = app::lock(&config)?;
    let listen = config.listen;
    // From here on a signal is heard, even while the application is being put together.
    let cancel = CancellationToken::new();
    let mut signals = Signals::new()?;
    info!(version = env!("CARGO_PKG_VERSION"), fleet = %config.fleet.fleet, %listen, "the control plane starts");
    let app = tokio::select! {
        app = App::build(config) => app?,
        name = signals.next() => {
            info!(signal = name, "stopped before it was up");
            return Ok(());
        }
    };
    let tracker = TaskTracker::new();
    app.start_tasks(&tracker, &cancel).await?;
    let asked = async {
        tokio::select! {
            name = signals.next() => info!(signal = name, "the control plane stops: requests are finished first"),
            () = cancel.cancelled() => {}
        }
        cancel.cancel();
    };
    let serving = async {
        let served = web_serve(app.clone(), cancel.clone()).await;
        cancel.cancel();
        served
    };
    let (served, ()) = tokio::join!(serving, asked);
    tracker.close();
    let stopped = tokio::select! {
        stopped = tokio::time::timeout(STOP, tracker.wait()) => stopped.is_ok(),
        _ = signals.next() => false,
    };
    if !stopped {
        warn!("background tasks were cut off; operations go on from their journal at the next start");
    }
    served?;
    info!("the control plane has stopped");
    Ok(())
}

/// PLACEHOLDER until branch `access` is merged: replace the one call above by `crate::web::serve` and delete this.
async fn web_serve(_app: App, cancel: CancellationToken) -> Result<()> {
    cancel.cancelled().await;
    Ok(())
}

/// The signals that ask for a stop.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Outcome<Self> {
        let failed = |e: std::io::Error| Failure::failed(format!("signals cannot be waited for: {e}"), "");
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
