// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the engine's refusals mean, and how long it may take to answer.

use std::{future::Future, time::Duration};

use bollard::errors::Error as Cause;

use crate::error::{Error, OutsideKind, Result};

/// A call that did not work out: the engine's status, where it gave one, and the error to show.
#[derive(Debug)]
pub(super) struct Failure {
    /// HTTP status of the engine's answer.
    pub status: Option<u16>,
    /// The error.
    pub error: Error,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// An error that names the engine.
pub(super) fn error(kind: OutsideKind, message: impl Into<String>) -> Error {
    Error::outside("engine", kind, message)
}

/// Waits for an answer, at most `limit`.
pub(super) async fn timed<T>(what: &str, limit: Duration, call: impl Future<Output = Result<T, Cause>>) -> Result<T, Failure> {
    match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(|cause| failure(what, &cause)),
        Err(_) => Err(Failure { status: None, error: late(what, limit) }),
    }
}

/// No answer in time.
pub(super) fn late(what: &str, limit: Duration) -> Error {
    error(OutsideKind::Unreachable, format!("{what}: no answer within {} s", limit.as_secs_f32()))
}

/// Turns "not found" into nothing.
pub(super) fn found<T>(answer: Result<T, Failure>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(Failure { status: Some(404), .. }) => Ok(None),
        Err(other) => Err(other.error),
    }
}

/// Turns a cause into an error that says what was tried.
pub(super) fn failure(what: &str, cause: &Cause) -> Failure {
    let (status, kind, message) = match cause {
        Cause::DockerResponseServerError { status_code, message } => (Some(*status_code), kind(*status_code, message), message.clone()),
        Cause::DockerStreamError { error } => (None, kind(500, error), error.clone()),
        Cause::JsonDataError { .. } | Cause::JsonSerdeError { .. } | Cause::StrParseError { .. } | Cause::APIVersionParseError {} => {
            (None, OutsideKind::Failed, "its answer could not be understood".to_owned())
        }
        Cause::SocketNotFoundError(path) => (
            None,
            OutsideKind::Unreachable,
            format!("there is no socket at {path}; install and start Docker Engine, or set the engine's address"),
        ),
        other => (None, OutsideKind::Unreachable, chain(other)),
    };
    let message: String = message.trim().chars().take(600).collect();
    Failure { status, error: error(kind, format!("{what}: {message}")) }
}

/// What an answer means for the caller.
fn kind(status: u16, message: &str) -> OutsideKind {
    let text = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if says(&["no space left", "disk quota exceeded", "no available ipv4 addresses", "cannot allocate memory", "exchange full"]) {
        return OutsideKind::Full;
    }
    if says(&[
        "address already in use",
        "already allocated",
        "pool overlaps",
        "active endpoints",
        "conflicts with network",
        "already exists",
    ]) {
        return OutsideKind::Conflict;
    }
    match status {
        409 => OutsideKind::Conflict,
        507 => OutsideKind::Full,
        500.. => OutsideKind::Failed,
        _ => OutsideKind::Refused,
    }
}

/// An error with everything below it: "client error (Connect): Permission denied (os error 13)".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(below) = next {
        let more = below.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = below.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, message: &str) -> OutsideKind {
        let cause = Cause::DockerResponseServerError { status_code: status, message: message.to_owned() };
        match failure("start container a", &cause).error {
            Error::Outside { kind, system, message } => {
                assert_eq!(system, "engine");
                assert!(message.starts_with("start container a: "));
                kind
            }
            other => panic!("{other}"),
        }
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(of(409, "Conflict. The container name is in use"), OutsideKind::Conflict);
        assert_eq!(of(403, "Pool overlaps with other one on this address space"), OutsideKind::Conflict);
        assert_eq!(of(403, "network a has active endpoints"), OutsideKind::Conflict);
        assert_eq!(of(500, "mkdir /var/lib/docker/x: no space left on device"), OutsideKind::Full);
        assert_eq!(of(500, "driver failed"), OutsideKind::Failed);
        assert_eq!(of(503, ""), OutsideKind::Failed);
        assert_eq!(of(400, "invalid mount config"), OutsideKind::Refused);
        assert_eq!(of(404, "No such image: a"), OutsideKind::Refused);
    }

    #[test]
    fn what_is_missing_is_nothing() {
        let cause = Cause::DockerResponseServerError { status_code: 404, message: "No such container".to_owned() };
        assert!(found::<()>(Err(failure("x", &cause))).unwrap().is_none());
        let cause = Cause::DockerResponseServerError { status_code: 500, message: "boom".to_owned() };
        assert!(found::<()>(Err(failure("x", &cause))).is_err());
    }

    #[tokio::test]
    async fn silence_is_unreachable() {
        let answer = timed::<()>("ping", Duration::from_millis(10), std::future::pending()).await;
        assert!(matches!(answer.unwrap_err().error, Error::Outside { kind: OutsideKind::Unreachable, .. }));
    }
}
