// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Probes over connections that are kept: a connection for each probe would run out of ports (1,450 a second, each held in
//! `TIME_WAIT` for a minute), and a handshake costs more than the answer.
//!
//! All go to one gateway, so a connection serves every host; a gateway that wants another name in the handshake says so with 421
//! and is asked again over a connection of that host's own. Whether certificates are good is another check's question.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Answer, Asked, Probe};
use crate::fleet::health::Failure;

/// So much of a body is read.
pub const BODY: usize = 1024 * 1024;
/// A connection comes about in this time.
const CONNECT: Duration = Duration::from_secs(5);
/// An answer comes in this time, the connection included.
const WHOLE: Duration = Duration::from_secs(10);
/// A connection that was idle for longer may be one that the gateway is about to close.
const IDLE: Duration = Duration::from_secs(50);

pub(in crate::drivers) type Sender = http1::SendRequest<Empty<Bytes>>;

/// A prober of one gateway.
pub struct Kept {
    gateway: SocketAddr,
    /// None asks without TLS.
    tls: Option<TlsConnector>,
    /// The longest idle first.
    idle: Mutex<Vec<(Sender, Instant)>>,
    most_idle: usize,
    longest: Duration,
}

impl Kept {
    /// Asks a gateway by HTTPS, without asking who signed its certificates. Keeps at most so many connections that nobody uses.
    ///
    /// # Errors
    /// When TLS has no algorithms to work with.
    pub fn https(gateway: SocketAddr, most_idle: usize) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))), ..Self::http(gateway, most_idle) })
    }

    /// Asks by plain HTTP.
    #[must_use]
    pub fn http(gateway: SocketAddr, most_idle: usize) -> Self {
        Self { gateway, tls: None, idle: Mutex::default(), most_idle, longest: WHOLE }
    }

    fn take(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The one used last is the likeliest to be open, and the others get old and go.
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() >= IDLE {
                idle.clear();
            } else if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Option<Sender>) {
        let Some(sender) = sender.filter(|sender| self.most_idle > 0 && !sender.is_closed()) else { return };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= self.most_idle {
            idle.remove(0);
        }
        idle.push((sender, Instant::now()));
    }

    async fn connect(&self, host: &str) -> Result<Sender, Failure> {
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(self.gateway)).await.map_err(|_| Failure::Unreachable)?;
        let stream = stream.map_err(|e| match e.kind() {
            std::io::ErrorKind::ConnectionRefused => Failure::Refused,
            _ => Failure::Unreachable,
        })?;
        // Without it the last segment of a request may wait for an acknowledgement.
        stream.set_nodelay(true).map_err(|_| Failure::Broken)?;
        match &self.tls {
            None => shake(TokioIo::new(stream)).await,
            Some(tls) => {
                let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
                let name = ServerName::try_from(name).map_err(|_| Failure::Name)?;
                let stream = tokio::time::timeout(CONNECT, tls.connect(name, stream)).await.map_err(|_| Failure::TimedOut)?;
                shake(TokioIo::new(stream.map_err(|_| Failure::Handshake)?)).await
            }
        }
    }

    async fn once(&self, asked: &Asked) -> Result<Answer, Failure> {
        let began = Instant::now();
        let mut fresh = None;
        let kept = if asked.apart { None } else { self.take() };
        if let Some(sender) = kept {
            match exchange(sender, asked, began).await {
                Ok((answer, sender)) if answer.status != 421 => {
                    self.keep(sender);
                    return Ok(answer);
                }
                // A kept connection may be closed at the moment it is used; a new one tells the truth.
                _ => fresh = Some(self.connect(&asked.host).await?),
            }
        }
        let sender = match fresh {
            Some(sender) => sender,
            None => self.connect(&asked.host).await?,
        };
        let (answer, sender) = exchange(sender, asked, began).await?;
        self.keep(sender);
        Ok(answer)
    }
}

#[async_trait]
impl Probe for Kept {
    async fn ask(&self, asked: &Asked) -> Result<Answer, Failure> {
        tokio::time::timeout(self.longest, self.once(asked)).await.map_err(|_| Failure::TimedOut)?
    }
}

pub(in crate::drivers) async fn shake<S>(stream: TokioIo<S>) -> Result<Sender, Failure>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(stream).await.map_err(|_| Failure::Broken)?;
    // It ends when its sender is dropped; that it broke is told to whoever waits for an answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// One request and its answer; gives the connection back where it can be used again.
async fn exchange(mut sender: Sender, asked: &Asked, began: Instant) -> Result<(Answer, Option<Sender>), Failure> {
    let request = Request::get(&asked.path)
        .header(header::HOST, &asked.host)
        .header(header::USER_AGENT, concat!("Flotta/", env!("CARGO_PKG_VERSION"), " (health)"))
        .header(header::ACCEPT, "text/html,*/*;q=0.5")
        .body(Empty::new())
        .map_err(|_| Failure::Name)?;
    let response = sender.send_request(request).await.map_err(|_| Failure::Broken)?;
    let status = response.status().as_u16();
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (body, whole) = read(response.into_body()).await?;
    let milliseconds = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    Ok((Answer { status, location, body, milliseconds }, whole.then_some(sender)))
}

/// The body, and whether that is all of it.
pub(in crate::drivers) async fn read(mut body: Incoming) -> Result<(Bytes, bool), Failure> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|_| Failure::Broken)?.into_data() {
            let room = BODY - all.len();
            all.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                return Ok((all.freeze(), false));
            }
        }
    }
    Ok((all.freeze(), true))
}

/// Takes every certificate; the handshake itself is still checked.
#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl rustls::client::danger::ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signature: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    fn page(status: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    /// Answers each request on a connection with what the function makes of its head and of how many came before on it; `None`
    /// closes. Gives the address and how many connections came.
    async fn gateway(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&str, usize) -> Option<String> + Clone + Send + Sync + 'static,
    ) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let seen = count.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::SeqCst);
                let (tls, answer) = (tls.clone(), answer.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, answer).await;
                            }
                        }
                    }
                });
            }
        });
        (address, count)
    }

    async fn serve<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(mut stream: S, answer: impl Fn(&str, usize) -> Option<String>) {
        let mut head = Vec::new();
        let mut before = 0;
        while let Ok(byte) = stream.read_u8().await {
            head.push(byte);
            if head.ends_with(b"\r\n\r\n") {
                let Some(text) = answer(&String::from_utf8_lossy(&head), before) else { return };
                if stream.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
                head.clear();
                before += 1;
            }
        }
    }

    fn asked(host: &str) -> Asked {
        Asked { host: host.to_owned(), path: "/?a=b".to_owned(), apart: false }
    }

    fn acceptor() -> TlsAcceptor {
        let made = rcgen::generate_simple_self_signed(vec!["lund.localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    #[tokio::test]
    async fn one_connection_serves_every_host() {
        let echo = |head: &str, _| {
            let host = head.lines().find_map(|l| l.strip_prefix("host: ")).unwrap().to_owned();
            assert!(head.starts_with("GET /?a=b HTTP/1.1\r\n"), "{head}");
            Some(page("200 OK", &host))
        };
        for tls in [false, true] {
            let (address, count) = gateway(tls.then(acceptor), echo).await;
            let probe = if tls { Kept::https(address, 4).unwrap() } else { Kept::http(address, 4) };
            for host in ["lund.localhost", "ale.localhost:8443", "bor.localhost"] {
                let answer = probe.ask(&asked(host)).await.unwrap();
                assert_eq!((answer.status, &answer.body[..]), (200, host.as_bytes()));
            }
            assert_eq!(count.load(Ordering::SeqCst), 1);
            probe.ask(&Asked { apart: true, ..asked("lund.localhost") }).await.unwrap();
            assert_eq!(count.load(Ordering::SeqCst), 2);
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_closes_is_not_a_failure() {
        let (address, count) = gateway(None, |_, before| (before == 0).then(|| page("200 OK", "hej"))).await;
        let probe = Kept::http(address, 4);
        for _ in 0..3 {
            assert_eq!(probe.ask(&asked("lund.localhost")).await.unwrap().status, 200);
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_gateway_that_wants_the_name_gets_it() {
        let strict = |head: &str, before| {
            let own = before == 0 || head.contains("host: lund.");
            Some(if own { page("200 OK", "hej") } else { page("421 Misdirected Request", "") })
        };
        let (address, count) = gateway(None, strict).await;
        let probe = Kept::http(address, 4);
        for host in ["lund.localhost", "lund.localhost", "ale.localhost"] {
            assert_eq!(probe.ask(&asked(host)).await.unwrap().status, 200, "{host}");
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(Kept::http(nobody, 1).ask(&asked("lund.localhost")).await, Err(Failure::Refused));
        let (address, _) = gateway(None, |_, _| None).await;
        assert_eq!(Kept::http(address, 1).ask(&asked("lund.localhost")).await, Err(Failure::Broken));
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = plain.local_addr().unwrap();
        tokio::spawn(async move { plain.accept().await.unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await });
        assert_eq!(Kept::https(at, 1).unwrap().ask(&asked("lund.localhost")).await, Err(Failure::Handshake));
        let (address, _) = gateway(None, |_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhej".to_owned())).await;
        let probe = Kept { longest: Duration::from_millis(200), ..Kept::http(address, 1) };
        assert_eq!(probe.ask(&asked("lund.localhost")).await, Err(Failure::TimedOut));
        let (address, _) =
            gateway(None, |_, _| Some("HTTP/1.1 301 Moved\r\nLocation: /wp-admin/install.php\r\nContent-Length: 0\r\n\r\n".into())).await;
        let answer = Kept::http(address, 1).ask(&asked("lund.localhost")).await.unwrap();
        assert_eq!((answer.status, answer.location.as_deref()), (301, Some("/wp-admin/install.php")));
    }

    #[tokio::test]
    async fn a_huge_page_is_cut_and_its_connection_not_kept() {
        let (address, count) = gateway(None, |_, _| Some(page("200 OK", &"x".repeat(BODY + 1)))).await;
        let probe = Kept::http(address, 4);
        for _ in 0..2 {
            assert_eq!(probe.ask(&asked("lund.localhost")).await.unwrap().body.len(), BODY);
        }
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
