// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The browser's only door: HTTPS on the loopback address, behind it one container by HTTP, as the gateway would ask it. It lives
//! as long as a picture takes, lets reading requests for the instance's own hosts through, and answers all others itself.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    drivers::wordpress::Site,
    error::{Error, OutsideKind, Result},
    fleet::Domain,
};

/// A longer head of a request is none of a browser's.
const HEAD: usize = 64 * 1024;
/// One request takes no longer.
const LONGEST: Duration = Duration::from_secs(30);
const NOT_HERE: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// An open door. It closes when it is dropped.
pub(super) struct Door {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Door {
    /// Opens a door to a container.
    pub(super) async fn open(site: &Site, hosts: &[Domain]) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(certificate()?));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| failed(&e))?;
        let port = listener.local_addr().map_err(|e| failed(&e))?.port();
        let to = SocketAddr::from((site.address, site.port));
        let hosts: Arc<[Domain]> = hosts.into();
        let task = tokio::spawn(async move {
            // Requests end with the door.
            let mut requests = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, hosts) = (acceptor.clone(), hosts.clone());
                requests.spawn(tokio::time::timeout(LONGEST, async move {
                    // A request that breaks is one that the browser has given up.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        drop(pass(stream, to, &hosts).await);
                    }
                }));
                while requests.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, task })
    }

    /// Its port on the loopback address.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::outside("browser", OutsideKind::Failed, format!("no door for it: {error}"))
}

/// A certificate of its own, which the browser takes as it is.
fn certificate() -> Result<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["flotta.invalid".to_owned()]).map_err(|e| failed(&e))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .map_err(|e| failed(&e))
}

/// Passes one request on, and its answer back.
async fn pass(mut from: impl AsyncRead + AsyncWrite + Unpin, to: SocketAddr, hosts: &[Domain]) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > HEAD || from.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    match asked(&head, hosts) {
        None => from.write_all(NOT_HERE).await?,
        Some(request) => {
            let mut container = TcpStream::connect(to).await?;
            container.write_all(request.as_bytes()).await?;
            tokio::io::copy(&mut container, &mut from).await?;
        }
    }
    from.shutdown().await
}

/// The request as the gateway would pass it on; none where it is not for one of these hosts or would change something.
fn asked(head: &[u8], hosts: &[Domain]) -> Option<String> {
    let text = std::str::from_utf8(head).ok()?.split("\r\n\r\n").next()?;
    let mut lines = text.split("\r\n");
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    if !matches!(method, "GET" | "HEAD") || !path.starts_with('/') || path.contains("/.flotta/") {
        return None;
    }
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"))?.1.trim();
    let name = host.split(':').next().unwrap_or_default();
    if !hosts.iter().any(|own| own.as_str().eq_ignore_ascii_case(name)) {
        return None;
    }
    let ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("x-forwarded-") || matches!(name.as_str(), "connection" | "keep-alive" | "upgrade" | "forwarded")
    };
    let kept = headers.iter().filter(|(name, _)| !ours(name)).map(|(name, value)| format!("{name}:{value}\r\n"));
    Some(format!(
        "{first}\r\n{}X-Forwarded-Host: {host}\r\nX-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n",
        kept.collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_of(head: &str) -> Option<String> {
        asked(head.as_bytes(), &["ale.localhost".parse().unwrap(), "skola.ale.localhost".parse().unwrap()])
    }

    #[test]
    fn own_pages_are_asked_for_as_the_gateway_does() {
        let got = asked_of("GET /a?b HTTP/1.1\r\nHost: Skola.ale.localhost:8443\r\nConnection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\nAccept: */*\r\n\r\n").unwrap();
        assert_eq!(
            got,
            "GET /a?b HTTP/1.1\r\nHost: Skola.ale.localhost:8443\r\nAccept: */*\r\nX-Forwarded-Host: Skola.ale.localhost:8443\r\n\
             X-Forwarded-Proto: https\r\nX-Forwarded-For: 127.0.0.1\r\nConnection: close\r\n\r\n"
        );
    }

    #[test]
    fn nothing_else_is_let_through() {
        for head in [
            "GET / HTTP/1.1\r\nHost: fonts.example.com\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: ale.localhost\r\n\r\n",
            "GET http://ale.localhost/ HTTP/1.1\r\nHost: ale.localhost\r\n\r\n",
            "GET /.flotta/agent/facts HTTP/1.1\r\nHost: ale.localhost\r\n\r\n",
            "nonsense\r\n\r\n",
        ] {
            assert_eq!(asked_of(head), None, "{head}");
        }
    }
}
