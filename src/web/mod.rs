// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What people and programs reach over HTTP. The only room that imports actix and handlebars.
//!
//! ```text
//! request → trace → headers → routes ─┬─ guard: who calls, may they, is it their own form, is it a repeat ─ handler ─ audit
//!                                     └─ problem: whatever went wrong, as problem+json or as a page
//! ```
//!
//! [`routes`] has every route on one page, each with who may call it. Handlers of programs are in [`api`], of people in
//! [`pages`]; pages are made by [`view`], which knows no HTTP.

use std::{
    net::TcpListener,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use actix_web::{App as Actix, HttpServer, middleware, web};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

use crate::{
    app::App,
    error::{Error, OutsideKind, Result},
    instances::Tools,
    store::Store,
};

pub mod api;
mod auth;
mod cached;
mod crowd;
mod guard;
mod headers;
mod idempotency;
mod input;
mod metrics;
pub mod pages;
pub mod problem;
mod pulse;
pub mod routes;
mod trace;
pub mod view;
mod visit;

/// Requests with a body longer than this are refused; nothing of the API is that long.
const LONGEST_BODY: usize = 1024 * 1024;
/// How long open requests may take to end when the control plane stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// The application.
    pub app: App,
    /// Renders pages.
    pub views: Arc<view::Views>,
    /// Cancelled when the control plane stops: long answers end then.
    pub stop: CancellationToken,
    /// What followers of the board share.
    pub pulse: Arc<pulse::Pulse>,
    /// Who asked for what is open to anybody.
    pub crowd: Arc<crowd::Crowd>,
    /// When figures of objectives were counted last, in milliseconds since 1970.
    pub counted: Arc<AtomicU64>,
}

impl Web {
    /// Puts it together.
    ///
    /// # Errors
    /// A defect in a template.
    pub fn new(app: App, stop: CancellationToken) -> Result<Self> {
        metrics::start();
        let setup = view::Setup { fleet: app.config.fleet.fleet.to_string(), ..view::Setup::default() };
        let views = Arc::new(view::Views::new(setup, Arc::clone(&app.tools.clock))?);
        Ok(Self { app, views, stop, pulse: Arc::default(), crowd: Arc::default(), counted: Arc::default() })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.app.tools.store
    }

    /// What rooms act with.
    #[must_use]
    pub fn tools(&self) -> &Tools {
        &self.app.tools
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.app.tools.clock.now()
    }
}

/// Serves until `web.stop` is cancelled, then lets open requests end.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(web: Web, listener: TcpListener) -> Result<()> {
    let failed = |e: std::io::Error| Error::outside("web", OutsideKind::Refused, e.to_string());
    let stop = web.stop.clone();
    let data = web::Data::new(web);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(LONGEST_BODY))
            .app_data(web::FormConfig::default().limit(LONGEST_BODY).error_handler(input::form_error))
            .wrap(middleware::from_fn(guard::last))
            .wrap(middleware::Compress::default())
            .wrap(middleware::from_fn(headers::add))
            .wrap(TracingLogger::<trace::Requests>::new())
            .configure(routes::register)
    })
    .workers(std::thread::available_parallelism().map_or(2, usize::from).min(4))
    .client_request_timeout(Duration::from_secs(15))
    .keep_alive(Duration::from_secs(75))
    .max_connections(2048)
    .shutdown_timeout(LAST_REQUESTS.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(failed)?
    .run();
    let handle = server.handle();
    let stopper = tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
    let outcome = server.await.map_err(failed);
    stopper.abort();
    outcome
}
