// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Building a release: the body is what it is built from, the answer its log as it comes, and at the end what came of it.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data, Payload},
};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tracing::error;
use utoipa::ToSchema;

use super::shapes::{self, Release};
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{self, AuditEntry, AuditResult},
    releases::{
        build::{self, Build, Plan},
        upload::Upload,
    },
    store,
    web::{
        Web,
        guard::{self, Note},
        input::Params,
        problem::{self, Answer, Problem},
    },
};

/// Says that the build goes on, and finds out whether anybody still listens: a build that nobody waits for is stopped.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a sender may say nothing.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// Lines that may wait for a slow reader.
const LINES: usize = 256;

/// One line of the answer. Empty lines come in between; they only say that the build goes on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BuildLine {
    /// A line of the build's log.
    Log(String),
    /// The last line of a build that succeeded: the release, or the one that had this name and content already.
    Release(Release),
    /// The last line of a build that failed.
    Problem(Problem),
}

/// Builds a release.
///
/// The body is an uncompressed tar of at most 512 MiB. With `base`, it holds `themes/NAME/…` and `plugins/NAME/…`, which are
/// put on that release. Without, it holds the fork's folder with a `Dockerfile` at its top. What is wrong with it is answered
/// with 422 before anything is built. Closing the connection stops the build, and nothing of it stays.
#[utoipa::path(post, path = "/api/v1/releases/build", tag = "releases", params(Build),
    request_body(content = String, content_type = "application/x-tar", description = "What the release is built from"),
    responses((status = 200, description = "A JSON document on each line; the last one tells what came of it", content_type = "application/x-ndjson", body = BuildLine), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn build(web: Data<Web>, note: Note, request: HttpRequest, query: Params<Build>, payload: Payload) -> Answer {
    let wanted = query.0;
    note.target(wanted.name.as_deref().unwrap_or_default().chars().take(100).collect::<String>());
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-tar" {
        let why = "the body must be a tar; send it with Content-Type: application/x-tar";
        return Ok(problem::of_status(415, "wrong-media-type", why));
    }
    let prepared = async {
        let upload = received(&web, payload).await?;
        build::prepare(web.tools(), &wanted, upload).await
    };
    let plan = match prepared.await {
        Ok(plan) => plan,
        Err(refused) => return Ok(problem::respond_content(&refused)),
    };
    let (log, lines) = mpsc::channel(LINES);
    let (name, work) = match plan {
        Plan::There(release) => {
            note.nothing();
            drop(log);
            (release.name.clone(), tokio::spawn(async move { Ok(*release) }))
        }
        Plan::Ready(ready) => {
            let tools = web.tools().clone();
            (ready.name.clone(), tokio::spawn(async move { build::run(&tools, *ready, log).await }))
        }
    };
    let written = !note.is_nothing();
    let mut entry = guard::line_for_later(&web, &request, "release.build", &name);
    if let Some(base) = &wanted.base {
        entry.detail["base"] = json!(base);
    }
    note.nothing();
    let building = Building { web: web.into_inner(), lines, work, entry: written.then_some(entry), ended: false };
    let pieces = stream::unfold(building, |mut building| async move {
        let piece = building.next().await?;
        Some((Ok::<_, actix_web::Error>(Bytes::from(piece)), building))
    });
    Ok(HttpResponse::Ok()
        .content_type("application/x-ndjson")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        // Compressed, lines would wait for a block to fill.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(pieces))
}

/// Writes the body to a file as it comes.
pub(super) async fn received(web: &Web, mut payload: Payload) -> Result<Upload> {
    let broken =
        |why: String| Error::field(FieldError::new("body", "unreadable", format!("the body cannot be read: {why}"), "send it again"));
    let mut upload = Upload::begin(web.tools()).await?;
    loop {
        match timeout(SILENCE, payload.next()).await {
            Err(_) => return Err(broken(format!("nothing came for {} s", SILENCE.as_secs()))),
            Ok(None) => break,
            Ok(Some(piece)) => upload.add(&piece.map_err(|e| broken(e.to_string()))?).await?,
        }
    }
    upload.end().await?;
    Ok(upload)
}

/// A build that goes on while its answer is read.
struct Building {
    web: std::sync::Arc<Web>,
    lines: mpsc::Receiver<String>,
    work: JoinHandle<Result<fleet::Release>>,
    entry: Option<AuditEntry>,
    ended: bool,
}

impl Building {
    /// The next piece of the answer; none at its end.
    async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        let heard = tokio::select! {
            () = self.web.stop.cancelled() => {
                self.work.abort();
                let stopping = Error::outside("web", OutsideKind::Unreachable, "the control plane stops; build it again");
                return Some(self.end(Err(stopping)).await);
            }
            heard = timeout_at(Instant::now() + HEARTBEAT, self.lines.recv()) => heard,
        };
        Some(match heard {
            Err(_) => "\n".to_owned(),
            Ok(Some(line)) => text(&BuildLine::Log(line)),
            Ok(None) => {
                let outcome = match (&mut self.work).await {
                    Ok(outcome) => outcome,
                    Err(e) => Err(Error::Internal(format!("a build stopped: {e}"))),
                };
                self.end(outcome).await
            }
        })
    }

    async fn end(&mut self, outcome: Result<fleet::Release>) -> String {
        self.ended = true;
        let mut entry = self.entry.take();
        let line = match outcome {
            Ok(release) => {
                if let Some(entry) = &mut entry {
                    entry.detail["image_id"] = json!(release.image_id);
                    entry.detail["channel"] = json!(release.channel.to_string());
                }
                BuildLine::Release(shapes::release(release, &[]))
            }
            Err(failure) => {
                if let Error::Internal(why) = &failure {
                    error!(why, "internal error");
                }
                let problem = problem::of_content(&failure);
                if let Some(entry) = &mut entry {
                    entry.result = if problem.status < 500 { AuditResult::Refused } else { AuditResult::Failed };
                    entry.detail["code"] = json!(problem.code);
                }
                BuildLine::Problem(problem)
            }
        };
        if let Some(entry) = entry {
            append(&self.web, entry).await;
        }
        text(&line)
    }
}

impl Drop for Building {
    fn drop(&mut self) {
        self.work.abort();
        if let Some(mut entry) = self.entry.take() {
            entry.result = AuditResult::Failed;
            entry.detail["code"] = json!("caller-gone");
            let web = std::sync::Arc::clone(&self.web);
            tokio::spawn(async move { append(&web, entry).await });
        }
    }
}

async fn append(web: &Web, entry: AuditEntry) {
    if let Err(error) = store::audit::append(web.store(), &entry).await {
        error!(%error, action = entry.action, target = entry.target, "a line of the audit log could not be written");
    }
}

fn text(line: &BuildLine) -> String {
    // Strings and numbers always serialise.
    format!("{}\n", serde_json::to_string(line).unwrap_or_default())
}
