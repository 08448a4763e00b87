// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta serve`: the control plane itself.

use std::{
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use super::{
    failure::{Failure, Outcome},
    style,
};
use crate::{
    app,
    app::App,
    config, telemetry,
    web::{self, Web},
};

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
    // Taken before anything is begun, so that a port in use is told at once.
    let listener = listen(config.listen)?;
    let listening = config.listen;
    // From here on a signal is heard, even while the application is being put together.
    let cancel = CancellationToken::new();
    let mut signals = Signals::new()?;
    info!(version = env!("CARGO_PKG_VERSION"), fleet = %config.fleet.fleet, listen = %listening, "the control plane starts");
    let app = tokio::select! {
        app = App::build(config) => app?,
        name = signals.next() => {
            info!(signal = name, "stopped before it was up");
            return Ok(());
        }
    };
    let web = Web::new(app.clone(), cancel.clone())?;
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
        let served = web::serve(web, listener).await;
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

fn listen(address: SocketAddr) -> Outcome<TcpListener> {
    use std::io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
    let listener = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|e| {
        let fix = match e.kind() {
            AddrInUse => format!("stop what listens there (`ss -ltnp sport = :{}` names it), or change `listen`", address.port()),
            AddrNotAvailable => "this host has no such address; change `listen`".to_owned(),
            PermissionDenied => "ports below 1024 need root; change `listen`".to_owned(),
            _ => "change `listen` in the configuration".to_owned(),
        };
        Failure::failed(format!("{address} cannot be listened on: {e}"), fix)
    })
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
