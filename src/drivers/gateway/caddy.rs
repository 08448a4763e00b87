// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Caddy: its settings by its administration on a unix socket, its routes by files. Caddy checks a configuration before it
//! swaps, and keeps what it had if the new one is wrong.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::{
    Gateway, GatewaySettings, Route,
    config::{self, ADMIN_HOST},
    table::Table,
};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::InstanceId,
};

const ASK: Duration = Duration::from_secs(10);
const CHANGE: Duration = Duration::from_secs(60);
/// The largest answer read.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A Caddy gateway.
pub struct Caddy {
    socket: PathBuf,
    table: Arc<Table>,
    wanted: Value,
    client: OnceCell<Client>,
    /// Changes must not interleave.
    changes: Mutex<()>,
}

/// What Caddy answered.
struct Answer {
    status: StatusCode,
    body: Value,
}

impl Caddy {
    /// A handle on the gateway whose administration listens on this socket, and whose table of routes is the folder `routes`
    /// beside it; nothing is asked of it yet.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, settings: GatewaySettings) -> Self {
        let socket = socket.into();
        let table = Arc::new(Table::new(socket.with_file_name("routes")));
        Self { socket, table, wanted: config::whole(&settings), client: OnceCell::new(), changes: Mutex::new(()) }
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
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let limit = if method == Method::GET { ASK } else { CHANGE };
        let mut request = self.client().await?.request(method.clone(), format!("http://{ADMIN_HOST}/{path}")).timeout(limit);
        if let Some(body) = body {
            request = request.json(body);
        }
        let broken = |cause: reqwest::Error| {
            let why = if cause.is_timeout() { format!("no answer within {} s", limit.as_secs()) } else { chain(&cause) };
            outside(OutsideKind::Unreachable, format!("{method} /{path} on {}: {why}", self.socket.display()))
        };
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > ANSWER_BYTES {
                return Err(outside(OutsideKind::Failed, format!("{method} /{path}: the answer is too large")));
            }
        }
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer { status, body })
    }

    /// Whether it has the configuration that it should have.
    async fn is_configured(&self) -> Result<bool> {
        let now = self.send(Method::GET, "config/", None).await?;
        if now.status.is_success() { Ok(now.body == self.wanted) } else { Err(refused("read the configuration", &now)) }
    }

    /// Gives it the configuration that it should have.
    async fn configure(&self) -> Result<()> {
        // First, as a look-up in a folder that is not there would be a host that nobody has.
        self.table(|table| table.prepare()).await?;
        if self.is_configured().await? {
            return Ok(());
        }
        let answer = self.send(Method::POST, "load", Some(&self.wanted)).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refused("load the configuration", &answer)) }
    }

    /// Does something with the table, off the threads that serve others.
    async fn table<T: Send + 'static>(&self, work: impl FnOnce(&Table) -> io::Result<T> + Send + 'static) -> Result<T> {
        let table = self.table.clone();
        let done = tokio::time::timeout(ASK, tokio::task::spawn_blocking(move || work(&table))).await;
        match done {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(cause))) => {
                let full = matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
                let kind = if full { OutsideKind::Full } else { OutsideKind::Failed };
                Err(outside(kind, format!("the table of routes beside {}: {cause}", self.socket.display())))
            }
            Ok(Err(cause)) => Err(outside(OutsideKind::Failed, format!("the table of routes: {cause}"))),
            Err(_) => Err(outside(OutsideKind::Unreachable, "the table of routes: the disk does not answer")),
        }
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
        let answer = self.send(Method::GET, "config/admin", None).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refused("ping", &answer)) }
    }

    /// None while it has another configuration, as then it serves none of them.
    async fn routes(&self) -> Result<Vec<Route>> {
        if self.is_configured().await? { self.table(Table::routes).await } else { Ok(Vec::new()) }
    }

    async fn load(&self, routes: &[Route]) -> Result<()> {
        let _alone = self.changes.lock().await;
        self.configure().await?;
        let routes = routes.to_vec();
        self.table(move |table| table.set(&routes)).await
    }

    async fn put(&self, route: &Route) -> Result<()> {
        let _alone = self.changes.lock().await;
        self.configure().await?;
        let route = route.clone();
        self.table(move |table| table.put(&route)).await
    }

    /// Also while it does not answer: the route will not be there when it does.
    async fn remove(&self, instance: InstanceId) -> Result<()> {
        let _alone = self.changes.lock().await;
        self.table(move |table| table.remove(instance)).await
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
