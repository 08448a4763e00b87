// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! [`Outside`], for real.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::{HeaderMap, Request, header};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::{
    net::TcpStream,
    time::{timeout, timeout_at},
};

use super::{
    Outside, Unasked,
    names::Resolver,
    reach::may_ask,
    tls::Tls,
    way::{header_says_noindex, hsts, leads, page_says_noindex},
};
use crate::{
    drivers::probe::{
        Answer,
        kept::{read, shake},
    },
    error::Result,
    fleet::{
        GatewaySettings,
        health::Failure,
        outside::{Certificate, Hop, Look, NameState, Names, Plain, Subject, WayEnd},
        settings::OutsideSettings,
    },
};

/// A connection comes about in this time.
const CONNECT: Duration = Duration::from_secs(4);
/// An answer comes in this time, resolution and connection included.
const WHOLE: Duration = Duration::from_secs(10);
/// A look takes no longer than this.
const LOOK: Duration = Duration::from_secs(30);
/// So many redirects are followed in a look.
const HOPS: usize = 6;
/// So many addresses of a name are tried.
const TRIED: usize = 3;

/// See the module.
pub struct Public {
    names: Resolver,
    tls: Tls,
    settings: OutsideSettings,
    /// Where the gateway itself is reached.
    gateway: IpAddr,
    http_port: u16,
    https_port: u16,
}

/// An answer with what a look wants to know besides.
struct Page {
    answer: Answer,
    noindex: Vec<String>,
    hsts: Option<u64>,
}

/// Where a subject is asked.
struct Way {
    names: Names,
    targets: Vec<SocketAddr>,
}

impl Public {
    /// As a fleet is set to; `gateway` is the address at which this host reaches its gateway.
    ///
    /// # Errors
    /// When the file of authorities cannot be read.
    pub fn new(settings: &OutsideSettings, ports: &GatewaySettings, gateway: IpAddr) -> Result<Self> {
        Ok(Self {
            names: Resolver::new(&settings.resolvers),
            tls: Tls::new(settings.authorities.as_deref(), ports.acme_email.is_none())?,
            settings: settings.clone(),
            gateway,
            http_port: ports.http_port,
            https_port: ports.https_port,
        })
    }

    async fn way(&self, at: &Subject) -> Way {
        let (name, port) = (at.name(), at.port());
        if at.is_local() {
            // No name server knows it; browsers on this host come to the loopback address.
            let loopback = IpAddr::from([127, 0, 0, 1]);
            let target = if at.ours { Some(self.gateway) } else { Some(loopback).filter(|ip| may_ask(*ip, &self.settings.allowed_ranges)) };
            let state = if target.is_some() { NameState::Local } else { NameState::Refused };
            let names = Names { state, ..Names::default() };
            return Way { names, targets: target.map(|ip| SocketAddr::new(ip, port)).into_iter().collect() };
        }
        let mut names = self.names.resolve(name).await;
        let own = &self.settings.gateway_addresses;
        if at.ours && !own.is_empty() && names.state == NameState::Leads {
            names.here = Some(names.addresses.iter().all(|ip| own.contains(ip)));
        }
        let may = |ip: &&IpAddr| may_ask(**ip, &self.settings.allowed_ranges) || (at.ours && own.contains(ip));
        let mut targets: Vec<SocketAddr> = names.addresses.iter().filter(may).take(TRIED).map(|ip| SocketAddr::new(*ip, port)).collect();
        if at.ours && names.state == NameState::Leads && names.here != Some(false) {
            // Many hosts do not reach themselves by the address that others reach them by.
            targets.push(SocketAddr::new(self.gateway, port));
        }
        if targets.is_empty() && names.state == NameState::Leads {
            names.state = NameState::Refused;
        }
        Way { names, targets }
    }

    async fn connect(targets: &[SocketAddr]) -> Result<TcpStream, Failure> {
        let mut failure = Failure::Unreachable;
        for target in targets {
            match timeout(CONNECT, TcpStream::connect(target)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true).map_err(|_| Failure::Broken)?;
                    return Ok(stream);
                }
                Ok(Err(e)) if e.kind() == std::io::ErrorKind::ConnectionRefused => failure = Failure::Refused,
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Err(failure)
    }

    /// One page by a way that is known. Where the certificate is bad, visitors get no page, and neither is one asked for.
    async fn page(&self, way: &Way, at: &Subject, fresh: bool, now: Timestamp) -> (Option<Certificate>, Result<Page, Failure>) {
        let began = Instant::now();
        let until = tokio::time::Instant::now() + WHOLE;
        let stream = match timeout_at(until, Self::connect(&way.targets)).await {
            Err(_) => return (None, Err(Failure::Unreachable)),
            Ok(Err(failure)) => return (None, Err(failure)),
            Ok(Ok(stream)) => stream,
        };
        let request = Request::get(&at.path)
            .header(header::HOST, &at.host)
            .header(header::USER_AGENT, concat!("Flotta/", env!("CARGO_PKG_VERSION"), " (health)"))
            .header(header::ACCEPT, "text/html,*/*;q=0.5")
            .header(header::CONNECTION, "close");
        let request = if fresh { request.header(header::CACHE_CONTROL, "no-cache").header(header::PRAGMA, "no-cache") } else { request };
        let Ok(request) = request.body(Empty::new()) else { return (None, Err(Failure::Astray)) };
        if at.plain {
            let page = timeout_at(until, exchange(TokioIo::new(stream), request, fresh, began)).await;
            return (None, page.unwrap_or(Err(Failure::TimedOut)));
        }
        let (certificate, stream) = self.tls.shake(stream, at.name(), at.ours, now).await;
        let bad = certificate.as_ref().and_then(|certificate| certificate.trust.failure());
        let page = match (bad, stream) {
            (Some(failure), _) | (None, Err(failure)) => Err(failure),
            (None, Ok(stream)) => {
                let page = timeout_at(until, exchange(TokioIo::new(stream), request, fresh, began)).await;
                page.unwrap_or(Err(Failure::TimedOut))
            }
        };
        (certificate, page)
    }

    /// What `http` does, where a site is served by `https`.
    async fn plain(&self, at: &Subject, way: &Way, now: Timestamp) -> Plain {
        let port = match at.port() {
            port if at.ours && port == self.https_port => self.http_port,
            443 => 80,
            _ => return Plain::Unseen,
        };
        let host = if port == 80 { at.name().to_owned() } else { format!("{}:{port}", at.name()) };
        let plain = Subject { host, plain: true, ..at.clone() };
        let targets = way.targets.iter().map(|target| SocketAddr::new(target.ip(), port)).collect();
        match self.page(&Way { names: way.names.clone(), targets }, &plain, true, now).await.1 {
            Err(Failure::Refused | Failure::Unreachable) => Plain::Closed,
            Err(_) => Plain::Unseen,
            Ok(Page { answer, .. }) => match (answer.status, answer.location.map(|to| leads(&plain, &to))) {
                (300..=399, Some(Ok(to))) if !to.plain => Plain::Redirects,
                (200..=399, _) => Plain::Serves,
                _ => Plain::Unseen,
            },
        }
    }

    async fn see(&self, look: &mut Look, at: &Subject, now: Timestamp) {
        let mut way = self.way(at).await;
        look.names = way.names.clone();
        look.failure = way.names.state.failure();
        if way.targets.is_empty() {
            return;
        }
        if !at.plain {
            look.plain = self.plain(at, &way, now).await;
        }
        let mut here = at.clone();
        loop {
            let (certificate, page) = self.page(&way, &here, true, now).await;
            if look.way.is_empty() {
                look.certificate = certificate;
            }
            let page = match page {
                Ok(page) => page,
                Err(failure) => {
                    look.failure = Some(failure);
                    return;
                }
            };
            look.way.push(Hop { url: here.url(), status: page.answer.status });
            if look.way.len() == 1 {
                look.hsts_seconds = page.hsts;
            }
            let Some(to) = page.answer.location.filter(|_| (300..=399).contains(&page.answer.status)) else {
                (look.end, look.noindex) = (WayEnd::Page, page.noindex);
                return;
            };
            match leads(&here, &to) {
                Err(end) => look.end = end,
                Ok(next) if look.way.iter().any(|hop| hop.url == next.url()) => look.end = WayEnd::Circle,
                Ok(_) if look.way.len() > HOPS => look.end = WayEnd::TooLong,
                Ok(next) => {
                    if next.host != here.host || next.plain != here.plain {
                        way = self.way(&next).await;
                    }
                    if !way.targets.is_empty() {
                        here = next;
                        continue;
                    }
                    look.end = WayEnd::Astray;
                }
            }
            return;
        }
    }
}

#[async_trait]
impl Outside for Public {
    async fn ask(&self, asked: &Subject, now: Timestamp) -> Result<Answer, Unasked> {
        let began = Instant::now();
        let way = self.way(asked).await;
        if let Some(failure) = way.names.state.failure() {
            return Err(Unasked::Failed(failure));
        }
        if way.names.state == NameState::Unanswered {
            return Err(Unasked::Blind);
        }
        let (_, page) = self.page(&way, asked, false, now).await;
        let milliseconds = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        page.map(|page| Answer { milliseconds, ..page.answer }).map_err(Unasked::Failed)
    }

    async fn resolves(&self) -> bool {
        self.names.answers().await
    }

    async fn look(&self, at: &Subject, now: Timestamp) -> Look {
        let mut look = Look::blank(now);
        if timeout(LOOK, self.see(&mut look, at, now)).await.is_err() {
            look.failure = look.failure.or(Some(Failure::TimedOut));
        }
        look
    }
}

/// One request over a connection, and its answer.
async fn exchange<S>(stream: TokioIo<S>, request: Request<Empty<Bytes>>, fresh: bool, began: Instant) -> Result<Page, Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let mut sender = shake(stream).await?;
    let response = sender.send_request(request).await.map_err(|_| Failure::Broken)?;
    let status = response.status().as_u16();
    let (location, mut noindex, hsts) = heads(response.headers());
    let (body, _) = read(response.into_body()).await?;
    if fresh && page_says_noindex(&body) {
        noindex.push("meta".to_owned());
    }
    let milliseconds = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok(Page { answer: Answer { status, location, body, milliseconds }, noindex, hsts })
}

fn heads(headers: &HeaderMap) -> (Option<String>, Vec<String>, Option<u64>) {
    let text = |value: &hyper::header::HeaderValue| value.to_str().ok().map(str::to_owned);
    let location = headers.get(header::LOCATION).and_then(text);
    let robots = headers.get_all("x-robots-tag").iter().filter_map(text).any(|value| header_says_noindex(&value));
    let hsts = headers.get(header::STRICT_TRANSPORT_SECURITY).and_then(text).and_then(|value| hsts(&value));
    (location, robots.then(|| "header".to_owned()).into_iter().collect(), hsts)
}
