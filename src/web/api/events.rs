// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What happens, as server-sent events: an operation's journal as it grows, and whatever else has a history.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data, Path},
};
use futures::stream;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, timeout_at},
};
use tracing::warn;

use super::{operations, shapes};
use crate::{
    access::{self, Caller, Credential},
    error::Result,
    fleet::{OperationId, Scope, access::Permission},
    store,
    web::{
        Web,
        problem::{Answer, Problem},
    },
};

/// Says that the connection lives, and keeps proxies from closing it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Other control planes work on the same store and signal nothing here: their changes are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// A reader that falls behind gets the journal in parts of this size.
pub(super) const PART: usize = 200;

/// Something whose history is followed.
pub(super) trait Followed: 'static {
    /// What its signals name.
    type Id: Copy + PartialEq + 'static;

    /// Which one.
    fn id(&self) -> Self::Id;

    /// What was not sent yet, as pieces of the stream, and whether that is all there will be.
    async fn look(&mut self, web: &Web) -> Result<(String, bool)>;
}

struct Follower<F: Followed> {
    web: Data<Web>,
    credential: Option<Credential>,
    followed: F,
    changed: broadcast::Receiver<F::Id>,
    ended: bool,
    /// What the reader might see when the stream began.
    scope: Scope,
    /// When it is asked next whether the reader is still welcome.
    beat: Instant,
}

/// Answers with a stream of what happens. `changed` was subscribed to before the first look, so that nothing is missed.
pub(super) fn follow<F: Followed>(web: Data<Web>, request: &HttpRequest, changed: broadcast::Receiver<F::Id>, followed: F) -> HttpResponse {
    let credential = request.extensions().get::<Credential>().cloned();
    let scope = request.extensions().get::<Caller>().map_or_else(|| Scope::Municipalities(Vec::new()), |caller| caller.principal.scope());
    let follower = Follower { credential, followed, changed, ended: false, scope, beat: Instant::now() + HEARTBEAT, web };
    let pieces = stream::unfold(follower, |mut follower| async move {
        let piece = follower.next().await?;
        Some((Ok::<_, actix_web::Error>(Bytes::from(piece)), follower))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        // Compressed, events would wait for a block to fill.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .streaming(pieces)
}

/// After which line the reader goes on.
pub(super) fn after(request: &HttpRequest) -> i64 {
    let last = request.headers().get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse::<i64>().ok());
    last.unwrap_or(0).max(0)
}

struct Journal {
    scope: Scope,
    operation: OperationId,
    after: i64,
}

impl Followed for Journal {
    type Id = OperationId;

    fn id(&self) -> OperationId {
        self.operation
    }

    async fn look(&mut self, web: &Web) -> Result<(String, bool)> {
        let store = web.store();
        let operation = store::operations::get(store, &self.scope, self.operation).await?;
        let events = store::operations::events_after(store, self.operation, self.after).await?;
        let whole = events.len() <= PART;
        let mut piece = String::new();
        for event in events.into_iter().take(PART) {
            self.after = event.seq;
            piece.push_str(&message(Some(event.seq), "step", &shapes::event(event)));
        }
        // Read before the journal was: a line that was written in between comes with the next look.
        let ended = operation.state.is_final() && whole;
        if ended {
            piece.push_str(&message(None, "end", &shapes::operation(&operation)));
        }
        Ok((piece, ended))
    }
}

/// Follows an operation: an event `step` for each line of its journal, at the end an event `end` with the operation.
///
/// `Last-Event-ID` goes on after that line, without it the stream starts at the first. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/api/v1/operations/{id}/events", tag = "operations",
    params(("id" = String, Path, description = "The operation's id"), ("Last-Event-ID" = Option<i64>, Header, description = "Go on after this line")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn stream(web: Data<Web>, request: HttpRequest, caller: Caller, path: Path<String>) -> Answer {
    let changed = web.app.signals.changed.subscribe();
    let operation = operations::find(&web, &caller, &path).await?;
    let journal = Journal { scope: caller.principal.scope(), operation: operation.id, after: after(&request) };
    Ok(follow(web, &request, changed, journal))
}

impl<F: Followed> Follower<F> {
    /// The next piece of the stream; none at its end.
    async fn next(&mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        loop {
            // Also where there is always something to tell.
            if Instant::now() >= self.beat {
                self.beat = Instant::now() + HEARTBEAT;
                return self.still_welcome().await.then(|| ": still here\n\n".to_owned());
            }
            match self.followed.look(&self.web).await {
                Ok((piece, ended)) => {
                    self.ended = ended;
                    if !piece.is_empty() {
                        return Some(piece);
                    }
                }
                Err(error) => {
                    // The reader asks again after its last event.
                    warn!(%error, "a follower is let go");
                    return None;
                }
            }
            if !self.wait().await {
                return None;
            }
        }
    }

    /// Waits until what is followed may have changed, or for the next heartbeat. False when the control plane stops.
    async fn wait(&mut self) -> bool {
        let until = if self.web.store().kind() == "postgres" { self.beat.min(Instant::now() + LOOK) } else { self.beat };
        loop {
            let signal = tokio::select! {
                () = self.web.stop.cancelled() => return false,
                signal = timeout_at(until, self.changed.recv()) => signal,
            };
            match signal {
                Ok(Ok(id)) if id != self.followed.id() => {}
                // Changed, too many changes to tell, or time is up: look again.
                Ok(Ok(_) | Err(RecvError::Lagged(_))) | Err(_) => return true,
                Ok(Err(RecvError::Closed)) => return false,
            }
        }
    }

    /// A session that has ended meanwhile, or a token that was revoked, follows nothing; nor does whoever may see something else now.
    async fn still_welcome(&self) -> bool {
        let Some(credential) = &self.credential else { return false };
        let caller = access::authenticate(self.web.store(), credential, self.web.now()).await;
        caller.is_ok_and(|caller| caller.principal.may(Permission::ReadFleet) && caller.principal.scope() == self.scope)
    }
}

/// One event of a stream.
pub(super) fn message(id: Option<i64>, kind: &str, data: &impl serde::Serialize) -> String {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // JSON on one line: no line break can end the field.
    format!("{id}event: {kind}\ndata: {}\n\n", serde_json::to_string(data).unwrap_or_default())
}
