// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! WordPress by HTTP: pages as visitors see them, and the agent's verbs by signed requests.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Blog, Choice, Fetched, Invitation, Page, Pulse, Ran, Readiness, Site, Wordpress, html, report, signature};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{Domain, facts::Facts},
};

/// What is read of an answer.
const BODY_BYTES: usize = 2 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
const PAGE: Duration = Duration::from_secs(30);
const VERB: Duration = Duration::from_secs(30);
/// Above the agent's own limit for the same.
const UPGRADE: Duration = Duration::from_secs(630);
/// Above the agent's own limit for the same.
const JOBS: Duration = Duration::from_secs(130);

/// How visitors reach the gateway from here.
#[derive(Clone, Debug)]
pub struct WordpressSettings {
    /// The gateway's address; its own machine's is right where both share a network.
    pub gateway: IpAddr,
    /// The gateway's HTTPS port.
    pub https_port: u16,
}

impl WordpressSettings {
    /// The gateway on this machine.
    #[must_use]
    pub fn local(https_port: u16) -> Self {
        Self { gateway: Ipv4Addr::LOCALHOST.into(), https_port }
    }
}

/// Speaks HTTP with instances and, as a visitor, with the gateway.
pub struct Agent {
    settings: WordpressSettings,
    direct: OnceCell<Client>,
    public: OnceCell<Client>,
}

impl Agent {
    /// A handle; nothing is asked of anybody yet.
    #[must_use]
    pub fn new(settings: WordpressSettings) -> Self {
        Self { settings, direct: OnceCell::new(), public: OnceCell::new() }
    }

    async fn direct(&self) -> Result<&Client> {
        self.direct.get_or_try_init(|| async { finish(builder()) }).await
    }

    /// Every name leads to the gateway, so that nothing depends on DNS. Its certificate may come from its own authority, which
    /// this machine does not trust; whether public certificates are good is another check's question.
    async fn public(&self) -> Result<&Client> {
        self.public
            .get_or_try_init(|| async {
                let gateway = SocketAddr::new(self.settings.gateway, 0);
                finish(builder().dns_resolver(Arc::new(Fixed(gateway))).tls_danger_accept_invalid_certs(true))
            })
            .await
    }

    /// Asks the agent: the status and the answer, or `null` where the answer is not the agent's.
    async fn ask(&self, site: &Site, key: &SecretString, verb: &str, body: &Value) -> Result<(u16, Value)> {
        self.ask_at(site, "/", key, verb, body, VERB).await
    }

    /// As [`Self::ask`], of the site at this path, with this time-out.
    async fn ask_at(&self, site: &Site, at: &str, key: &SecretString, verb: &str, body: &Value, limit: Duration) -> Result<(u16, Value)> {
        let what = what(site, verb);
        let path = format!("{}/.flotta/agent/{verb}", at.trim_end_matches('/'));
        checked(&path)?;
        let bytes = body.to_string().into_bytes();
        let signed = signature::sign(key, "POST", &path, &bytes);
        let request = as_gateway(self.direct().await?.post(format!("http://{}:{}{path}", site.address, site.port)), site)
            .timeout(limit)
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Flotta-Timestamp", signed.timestamp)
            .header("X-Flotta-Nonce", signed.nonce)
            .header("X-Flotta-Signature", signed.signature)
            .body(bytes);
        let response = request.send().await.map_err(|cause| broken(&what, &cause))?;
        let status = response.status().as_u16();
        let text = read(response).await.map_err(|cause| broken(&what, &cause))?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Asks the agent for something that it must be able to give.
    async fn verb(&self, site: &Site, key: &SecretString, verb: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.ask(site, key, verb, body).await?;
        if answer["ok"] == true { Ok(answer) } else { Err(refused(&what(site, verb), status, &answer)) }
    }

    /// Asks the agent of one site for something that it must be able to give.
    async fn of_blog(&self, site: &Site, key: &SecretString, blog: &Blog, verb: &str, body: &Value, limit: Duration) -> Result<Value> {
        let (status, answer) = self.ask_at(&blog.site(site)?, &blog.path, key, verb, body, limit).await?;
        if answer["ok"] != true {
            return Err(refused(&format!("ask the agent of {}{} for {verb}", blog.domain, blog.path), status, &answer));
        }
        // A path that leads to no site of its own is answered by the main one.
        if answer["blog"] != blog.id {
            return Err(outside(OutsideKind::Failed, format!("{}{} is answered by site {}", blog.domain, blog.path, answer["blog"])));
        }
        Ok(answer)
    }
}

/// The agent's word for a database that does not answer: nothing else that it says then means anything.
fn is_silence(reason: &Value) -> bool {
    reason.as_str().is_some_and(|text| text.contains("database does not answer"))
}

fn what(site: &Site, verb: &str) -> String {
    format!("ask the agent of {} for {verb}", site.domain)
}

/// What an answer without `"ok": true` means.
fn refused(what: &str, status: u16, answer: &Value) -> Error {
    let error = answer["error"].as_str().map(|e| match answer["fix"].as_str() {
        Some(fix) => format!("{e}; {fix}"),
        None => e.to_owned(),
    });
    let (kind, message) = match (status, error) {
        (500.., Some(error)) => (OutsideKind::Failed, error),
        (409, Some(error)) => (OutsideKind::Conflict, error),
        (_, Some(error)) => (OutsideKind::Refused, error),
        (404, None) => (OutsideKind::Refused, "no agent answers there; is it mounted, and does it have this key?".to_owned()),
        (500.., None) => (OutsideKind::Failed, "WordPress failed before the agent could answer".to_owned()),
        (_, None) => (OutsideKind::Failed, "the answer is not the agent's".to_owned()),
    };
    outside(kind, format!("{what}: {status}: {}", message.chars().take(600).collect::<String>()))
}

/// Leads every name to one address.
struct Fixed(SocketAddr);

impl Resolve for Fixed {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
    }
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("Flotta/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .no_proxy()
        // Instances come and go at the same addresses: a kept connection may lead to one that is gone.
        .pool_max_idle_per_host(0)
}

fn finish(builder: reqwest::ClientBuilder) -> Result<Client> {
    builder.build().map_err(|cause| outside(OutsideKind::Failed, format!("no client: {cause}")))
}

/// The headers with which the gateway would pass the request on.
fn as_gateway(request: reqwest::RequestBuilder, site: &Site) -> reqwest::RequestBuilder {
    request
        .header(header::HOST, site.host())
        .header("X-Forwarded-Host", site.host())
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-For", "127.0.0.1")
}

pub(super) fn outside(kind: OutsideKind, message: impl Into<String>) -> Error {
    Error::outside("wordpress", kind, message)
}

fn broken(what: &str, cause: &reqwest::Error) -> Error {
    if cause.is_timeout() {
        return outside(OutsideKind::Unreachable, format!("{what}: no answer in time"));
    }
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(cause);
    while let Some(below) = next {
        text = format!("{text}: {below}");
        next = below.source();
    }
    outside(OutsideKind::Unreachable, format!("{what}: no connection{text}"))
}

/// The beginning of a body, as text.
async fn read(mut response: Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(part) = response.chunk().await? {
        let room = BODY_BYTES - bytes.len();
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        if bytes.len() == BODY_BYTES {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn fetch(request: reqwest::RequestBuilder, what: &str) -> Result<Page> {
    Ok(fetch_whole(request, what).await?.page)
}

async fn fetch_whole(request: reqwest::RequestBuilder, what: &str) -> Result<Fetched> {
    let begun = Instant::now();
    let response = request.timeout(PAGE).send().await.map_err(|cause| broken(what, &cause))?;
    let status = response.status().as_u16();
    let location = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).map(ToOwned::to_owned);
    let text = read(response).await.map_err(|cause| broken(what, &cause))?;
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (title, language) = (html::title(&text), html::language(&text));
    let page = Page { status, location, title, language, broken: html::broken(status, &text), milliseconds };
    Ok(Fetched { page, body: text })
}

/// Paths come from inside, but end in an address.
fn checked(path: &str) -> Result<()> {
    if path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
        return Ok(());
    }
    Err(outside(OutsideKind::Refused, format!("`{}` is no path: begin with / and encode what is not ASCII", path.escape_debug())))
}

/// Without the cause, which would quote the answer.
pub(super) fn misread(verb: &str) -> Error {
    outside(OutsideKind::Failed, format!("the agent's answer to {verb} has another form; is it of this version of Flotta?"))
}

#[async_trait]
impl Wordpress for Agent {
    async fn page(&self, site: &Site, path: &str) -> Result<Page> {
        checked(path)?;
        let request = self.direct().await?.get(format!("http://{}:{}{path}", site.address, site.port));
        fetch(as_gateway(request, site), &format!("fetch {path} of {} from its container", site.domain)).await
    }

    async fn public_page(&self, domain: &Domain, path: &str) -> Result<Page> {
        checked(path)?;
        let port = self.settings.https_port;
        let request = self.public().await?.get(format!("https://{domain}:{port}{path}"));
        fetch(request, &format!("fetch {path} of {domain} through the gateway")).await
    }

    async fn ready(&self, site: &Site, key: &SecretString) -> Result<Readiness> {
        let (status, answer) = self.ask(site, key, "ready", &json!({})).await?;
        // "Not ready" comes with its reasons; among them, only what the database said can be relied on.
        let told = answer["ok"] == true || answer["reasons"].as_array().is_some_and(|r| r.iter().all(|r| !is_silence(r)));
        match serde_json::from_value(answer.clone()) {
            Ok(readiness) if told => Ok(readiness),
            Err(_) if told => Err(misread("ready")),
            _ => Err(refused(&what(site, "ready"), status, &answer)),
        }
    }

    async fn facts(&self, site: &Site, key: &SecretString) -> Result<Value> {
        let mut answer = self.verb(site, key, "facts", &json!({})).await?;
        if let Some(fields) = answer.as_object_mut() {
            fields.remove("ok");
        }
        Ok(answer)
    }

    async fn fetch(&self, site: &Site, path: &str) -> Result<Fetched> {
        checked(path)?;
        let request = self.direct().await?.get(format!("http://{}:{}{path}", site.address, site.port));
        fetch_whole(as_gateway(request, site), &format!("fetch {path} of {} from its container", site.domain)).await
    }

    async fn blogs(&self, site: &Site, key: &SecretString) -> Result<Vec<Blog>> {
        let mut answer = self.verb(site, key, "blogs", &json!({})).await?;
        serde_json::from_value(answer["blogs"].take()).map_err(|_| misread("blogs"))
    }

    async fn pulse(&self, site: &Site, key: &SecretString) -> Result<Pulse> {
        let answer = self.verb(site, key, "pulse", &json!({})).await?;
        serde_json::from_value(answer).map_err(|_| misread("pulse"))
    }

    async fn report(&self, site: &Site, key: &SecretString) -> Result<Facts> {
        let mut parts = report::Parts::default();
        while let Some(after) = parts.next() {
            parts.add(self.verb(site, key, "report", &json!({ "after": after })).await?)?;
        }
        Ok(parts.facts())
    }

    async fn run_jobs(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<Ran> {
        let answer = self.of_blog(site, key, blog, "cron", &json!({}), JOBS).await?;
        serde_json::from_value(answer).map_err(|_| misread("cron"))
    }

    async fn sample(&self, site: &Site, key: &SecretString, blog: &Blog, pages: u32, kept: &[String]) -> Result<Choice> {
        let asked = json!({ "pages": pages, "kept": kept });
        let answer = self.of_blog(site, key, blog, "sample", &asked, VERB).await?;
        serde_json::from_value(answer).map_err(|_| misread("sample"))
    }

    async fn upgrade(&self, site: &Site, key: &SecretString, blog: &Blog) -> Result<i64> {
        let answer = self.of_blog(site, key, blog, "upgrade", &json!({}), UPGRADE).await?;
        answer["db_version"].as_i64().ok_or_else(|| misread("upgrade"))
    }

    async fn invite(&self, site: &Site, key: &SecretString, login: &str) -> Result<Invitation> {
        let answer = self.verb(site, key, "invite", &json!({ "login": login })).await?;
        serde_json::from_value(answer).map_err(|_| misread("invite"))
    }
}
