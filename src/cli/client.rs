// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The client of the HTTP API.

use std::time::Duration;

use reqwest::{Method, Response, header};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    credentials::{self, Target},
    failure::{Failure, Outcome, Refusal},
    language::Language,
};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take. Registering a release may fetch its image first.
const ANSWER: Duration = Duration::from_secs(120);
/// How long a long body may take to be sent and checked.
const UPLOAD: Duration = Duration::from_secs(1800);
/// The event stream says something every 15 seconds; after three silent ones it is taken for dead.
const SILENCE: Duration = Duration::from_secs(45);

/// Speaks to one control plane as one user.
pub struct Client {
    http: reqwest::Client,
    target: Target,
    language: Language,
}

/// A successful answer, as it came.
#[derive(Debug)]
pub struct Answer {
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The body as data.
    ///
    /// # Errors
    /// When it is something else than this version of the command line knows.
    pub fn read<T: DeserializeOwned>(&self) -> Outcome<T> {
        serde_json::from_str(&self.text).map_err(|e| {
            Failure::failed(
                format!("the control plane's answer cannot be read: {e}"),
                "use the `flotta` of the same version as the control plane; `flotta version` and `flotta platform show` tell both",
            )
        })
    }
}

impl Client {
    /// A client of this control plane.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(target: Target, language: Language) -> Outcome<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("flotta/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        if credentials::is_local(&target.url) {
            // A proxy of the environment cannot reach this very host.
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|e| Failure::failed(format!("no HTTP client can be had: {e}"), ""))?;
        Ok(Self { http, target, language })
    }

    /// Where it calls, and as whom.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Reads something. Empty values of the query are left out.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> Outcome<Answer> {
        let request = self.request(Method::GET, path, query).timeout(ANSWER);
        self.send(request).await
    }

    /// Asks for work or makes something. The same key twice gives the same; a lost answer is asked for again with it.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn post(&self, path: &[&str], body: &Value, key: Option<&str>) -> Outcome<Answer> {
        self.post_with(path, &[], body, key).await
    }

    /// As [`Self::post`], to an address with a query.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn post_with(&self, path: &[&str], query: &[(&str, String)], body: &Value, key: Option<&str>) -> Outcome<Answer> {
        let key = key.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
        let request = || self.request(Method::POST, path, query).header("Idempotency-Key", &key).json(body).timeout(ANSWER);
        match self.send(request()).await {
            Err(Failure::Unreachable { refused: false, .. }) => self.send(request()).await,
            other => other,
        }
    }

    /// Makes something whose answer holds a secret: a repeat would not hold it, so a lost answer is not asked for again.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn post_once(&self, path: &[&str], body: &Value) -> Outcome<Answer> {
        let key = uuid::Uuid::now_v7().to_string();
        self.send(self.request(Method::POST, path, &[]).header("Idempotency-Key", key).json(body).timeout(ANSWER)).await
    }

    /// Changes something.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn patch(&self, path: &[&str], body: &Value) -> Outcome<Answer> {
        self.send(self.request(Method::PATCH, path, &[]).json(body).timeout(ANSWER)).await
    }

    /// Decides something anew; doing it twice is the same as doing it once.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn put(&self, path: &[&str], body: &Value) -> Outcome<Answer> {
        self.send(self.request(Method::PUT, path, &[]).json(body).timeout(ANSWER)).await
    }

    /// Ends something. Empty values of the query are left out.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn delete(&self, path: &[&str], query: &[(&str, String)]) -> Outcome<Answer> {
        self.send(self.request(Method::DELETE, path, query).timeout(ANSWER)).await
    }

    /// Opens an operation's event stream after the given event.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn events(&self, operation: &str, after: i64) -> Outcome<Response> {
        let after = (after > 0).then(|| after.to_string());
        self.stream(&["api", "v1", "operations", operation, "events"], after.as_deref()).await
    }

    /// Opens an event stream after the given event.
    ///
    /// # Errors
    /// When the control plane does not answer, or says no.
    pub async fn stream(&self, path: &[&str], after: Option<&str>) -> Outcome<Response> {
        let mut request = self.request(Method::GET, path, &[]);
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        // No limit on the whole: the stream lasts as long as the operation.
        let opening = request.header(header::ACCEPT, "text/event-stream").send();
        let response = tokio::time::timeout(SILENCE, opening).await.map_err(|_| self.silent())?.map_err(|e| self.unreachable(&e))?;
        self.checked(response).await
    }

    /// Sends a file as the body and opens the stream that is the answer. Not sent again: the answer tells what came of it.
    ///
    /// # Errors
    /// When the file cannot be read, the control plane does not answer, or says no.
    pub async fn upload(&self, path: &[&str], query: &[(&str, String)], body: &std::path::Path) -> Outcome<Response> {
        let failed = |e: std::io::Error| Failure::failed(format!("{}: {e}", body.display()), "");
        let file = tokio::fs::File::open(body).await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        let pieces = tokio_util::io::ReaderStream::with_capacity(file, 256 * 1024);
        let request = self
            .request(Method::POST, path, query)
            .header(header::CONTENT_TYPE, "application/x-tar")
            .header(header::CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(pieces));
        let opening = tokio::time::timeout(UPLOAD, request.send());
        let response = opening.await.map_err(|_| self.silent())?.map_err(|e| self.unreachable(&e))?;
        self.checked(response).await
    }

    /// The next piece of a stream; none at its end.
    ///
    /// # Errors
    /// When the stream breaks or falls silent.
    pub async fn piece(&self, stream: &mut Response) -> Outcome<Option<bytes::Bytes>> {
        tokio::time::timeout(SILENCE, stream.chunk()).await.map_err(|_| self.silent())?.map_err(|e| self.unreachable(&e))
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, String)]) -> reqwest::RequestBuilder {
        let mut url = self.target.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            // Each part is escaped, so that no slug or name becomes another path.
            segments.pop_if_empty().extend(path);
        }
        for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = self.http.request(method, url).header(header::ACCEPT_LANGUAGE, self.language.code());
        if let Some(token) = &self.target.token {
            request = request.bearer_auth(token.expose_secret());
        }
        request
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Outcome<Answer> {
        let response = request.send().await.map_err(|e| self.unreachable(&e))?;
        let response = self.checked(response).await?;
        Ok(Answer { text: response.text().await.map_err(|e| self.unreachable(&e))? })
    }

    async fn checked(&self, response: Response) -> Outcome<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            let to = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or("another address").to_owned();
            return Err(Failure::failed(
                format!("{} sends the caller on to {to}", self.target.url),
                "give that address with --url or FLOTTA_URL",
            ));
        }
        let body = tokio::time::timeout(ANSWER, response.text()).await.map_err(|_| self.silent())?.map_err(|e| self.unreachable(&e))?;
        Err(Failure::Api(Box::new(Refusal::new(status.as_u16(), body))))
    }

    fn silent(&self) -> Failure {
        Failure::Unreachable { url: self.target.url.to_string(), why: "no answer in time".to_owned(), refused: false }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let mut why = error.to_string();
        let mut refused = false;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            why = cause.to_string();
            refused |= cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused);
            source = cause.source();
        }
        let why = if error.is_timeout() { "no answer in time".to_owned() } else { why };
        Failure::Unreachable { url: self.target.url.to_string(), why, refused }
    }
}
