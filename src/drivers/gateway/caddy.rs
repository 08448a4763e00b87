// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Caddy, by its administration on a unix socket. Caddy checks every change before it swaps, and keeps what it had if the
//! change is wrong.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, Method, StatusCode, header};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::{
    Gateway, GatewaySettings, Route,
    config::{self, ADMIN_HOST, ROUTES},
};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::InstanceId,
};

const ASK: Duration = Duration::from_secs(10);
const CHANGE: Duration = Duration::from_secs(60);
/// The largest answer read: 10,000 routes and more.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A Caddy gateway.
pub struct Caddy {
    socket: PathBuf,
    settings: GatewaySettings,
    client: OnceCell<Client>,
    /// Looking and changing must not interleave with another change from here; `If-Match` sees those from elsewhere.
    changes: Mutex<()>,
}

/// What Caddy answered.
struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Value,
}

impl Caddy {
    /// A handle on the gateway whose administration listens on this socket; nothing is asked of it yet.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, settings: GatewaySettings) -> Self {
        Self { socket: socket.into(), settings, client: OnceCell::new(), changes: Mutex::new(()) }
    }

    async fn client(&self) -> Result<&Client> {
        self.client
            .get_or_try_init(|| async {
                Client::builder()
                    .unix_socket(self.socket.clone())
                    // Every change of the configuration also restarts the administration: a kept connection would be a dead one.
                    .pool_max_idle_per_host(0)
                    .build()
                    .map_err(|cause| outside(OutsideKind::Failed, format!("no client: {cause}")))
            })
            .await
    }

    /// Sends a request and reads the answer, whatever its status.
    async fn send(&self, method: Method, path: &str, body: Option<&Value>, etag: Option<&str>) -> Result<Answer> {
        let limit = if method == Method::GET { ASK } else { CHANGE };
        let mut request = self.client().await?.request(method.clone(), format!("http://{ADMIN_HOST}/{path}")).timeout(limit);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(etag) = etag {
            request = request.header(header::IF_MATCH, etag);
        }
        let broken = |cause: reqwest::Error| {
            let why = if cause.is_timeout() { format!("no answer within {} s", limit.as_secs()) } else { chain(&cause) };
            outside(OutsideKind::Unreachable, format!("{method} /{path} on {}: {why}", self.socket.display()))
        };
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let etag = response.headers().get(header::ETAG).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > ANSWER_BYTES {
                return Err(outside(OutsideKind::Failed, format!("{method} /{path}: the answer is too large")));
            }
        }
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { status, etag, body })
    }

    /// The list of routes with its tag; `null` where there is none yet.
    async fn list(&self) -> Result<(Value, Option<String>)> {
        let answer = self.send(Method::GET, &format!("config/{ROUTES}"), None, None).await?;
        match answer.status {
            StatusCode::OK => Ok((answer.body, answer.etag)),
            // Part of the path is missing: it still has the configuration that its image brings.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => Ok((Value::Null, None)),
            _ => Err(refused("read the routes", &answer)),
        }
    }

    async fn swap(&self, routes: &[Route]) -> Result<()> {
        let wanted = config::whole(&self.settings, routes);
        let now = self.send(Method::GET, "config/", None, None).await?;
        if now.status == StatusCode::OK && now.body == wanted {
            return Ok(());
        }
        let answer = self.send(Method::POST, "load", Some(&wanted), None).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refused("load the configuration", &answer)) }
    }

    /// Changes the list by looking at it and saying what to do, again where somebody else was faster.
    async fn change(&self, what: &str, decide: impl Fn(&Value) -> Change + Send) -> Result<()> {
        let _alone = self.changes.lock().await;
        for _ in 0..5 {
            let (list, etag) = self.list().await?;
            let (method, path, body) = match decide(&list) {
                Change::Nothing => return Ok(()),
                Change::Everything(routes) => return self.swap(&routes).await,
                Change::Replace(index, entry) => (Method::PATCH, format!("config/{ROUTES}/{index}"), Some(entry)),
                Change::Insert(index, entry) => (Method::PUT, format!("config/{ROUTES}/{index}"), Some(entry)),
                Change::Delete(index) => (Method::DELETE, format!("config/{ROUTES}/{index}"), None),
            };
            let answer = self.send(method, &path, body.as_ref(), etag.as_deref()).await?;
            match answer.status {
                status if status.is_success() => return Ok(()),
                StatusCode::PRECONDITION_FAILED => {}
                _ => return Err(refused(what, &answer)),
            }
        }
        Err(outside(OutsideKind::Conflict, format!("{what}: somebody else keeps changing the configuration")))
    }
}

/// What to do to the list of routes.
enum Change {
    Nothing,
    Everything(Vec<Route>),
    Replace(usize, Value),
    Insert(usize, Value),
    Delete(usize),
}

/// Decides how one route gets into the list.
fn to_put(settings: &GatewaySettings, list: &Value, route: &Route) -> Change {
    let wanted = config::route(settings, route);
    if list.is_null() {
        return Change::Everything(vec![route.clone()]);
    }
    match config::position(list, route.instance) {
        Some(at) if list[at] == wanted => Change::Nothing,
        // A wildcard stands elsewhere: taking out and putting in would leave a moment without the route.
        Some(at) if config::is_wildcard(&list[at]) != route.wildcard => {
            let mut all: Vec<Route> = config::parse(settings, list).into_iter().filter(|r| r.instance != route.instance).collect();
            all.push(route.clone());
            Change::Everything(all)
        }
        Some(at) => Change::Replace(at, wanted),
        None => Change::Insert(config::index_for(list, route), wanted),
    }
}

fn outside(kind: OutsideKind, message: impl Into<String>) -> Error {
    Error::outside("gateway", kind, message)
}

fn refused(what: &str, answer: &Answer) -> Error {
    let text = answer.body["error"].as_str().or_else(|| answer.body.as_str()).unwrap_or_default().trim();
    let text: String = text.chars().take(600).collect();
    let kind = match answer.status.as_u16() {
        _ if text.contains("address already in use") => OutsideKind::Conflict,
        _ if text.contains("no space left") => OutsideKind::Full,
        500.. => OutsideKind::Failed,
        _ => OutsideKind::Refused,
    };
    outside(kind, format!("{what}: {}: {text}", answer.status))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(below) = next {
        text = format!("{text}: {below}");
        next = below.source();
    }
    text
}

#[async_trait]
impl Gateway for Caddy {
    async fn ping(&self) -> Result<()> {
        // A leaf: small, whatever the number of routes.
        let answer = self.send(Method::GET, "config/admin", None, None).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refused("ping", &answer)) }
    }

    async fn routes(&self) -> Result<Vec<Route>> {
        Ok(config::parse(&self.settings, &self.list().await?.0))
    }

    async fn load(&self, routes: &[Route]) -> Result<()> {
        let _alone = self.changes.lock().await;
        self.swap(routes).await
    }

    async fn put(&self, route: &Route) -> Result<()> {
        self.change(&format!("route instance {}", route.instance), |list| to_put(&self.settings, list, route)).await
    }

    async fn remove(&self, instance: InstanceId) -> Result<()> {
        self.change(&format!("unroute instance {instance}"), |list| {
            config::position(list, instance).map_or(Change::Nothing, Change::Delete)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gateway_that_is_not_there_is_unreachable() {
        let settings = GatewaySettings {
            bind: vec![],
            http_port: 80,
            https_port: 443,
            acme_email: None,
            acme_directory: None,
            ask_url: String::new(),
        };
        match Caddy::new("/nowhere/admin.sock", settings).ping().await.unwrap_err() {
            Error::Outside { system: "gateway", kind: OutsideKind::Unreachable, message } => {
                assert!(message.contains("/nowhere/admin.sock"), "{message}");
            }
            other => panic!("{other}"),
        }
    }
}
