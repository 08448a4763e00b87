// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is watched: a server on loopback that answers a small page for every site, in clear and by TLS, and fails on demand.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

/// A page of some kilobytes, as a small front page is.
const WORDS: &str = "Välkommen till kommunen. Här finns nyheter, kontaktuppgifter och e-tjänster för alla som bor och verkar hos oss. ";

/// What the server is told and what it saw.
#[derive(Default)]
pub struct State {
    /// Sites that answer with an error, and since when, in milliseconds of the wall clock.
    pub down: Mutex<HashMap<String, u64>>,
    /// So many requests of a million fail by chance.
    pub chance: AtomicU32,
    /// Requests by second of the wall clock.
    pub seconds: Mutex<HashMap<u64, u32>>,
    /// All requests.
    pub asked: AtomicU64,
    /// Those that failed by chance.
    pub failed: AtomicU64,
    /// The highest number of a site that was asked for.
    pub newest: AtomicU32,
}

/// Milliseconds of the wall clock.
pub fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The server; it ends with the runtime.
pub struct Target {
    pub state: Arc<State>,
    pub plain: u16,
    pub tls: u16,
}

impl Target {
    pub async fn start() -> Self {
        let state = Arc::new(State::default());
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self { state: state.clone(), plain: plain.local_addr().unwrap().port(), tls: tls.local_addr().unwrap().port() };
        let acceptor = acceptor();
        let page = Arc::new(page());
        let (of_plain, of_tls) = ((state.clone(), page.clone()), (state, page));
        tokio::spawn(async move {
            loop {
                let (stream, _) = plain.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::spawn(serve(stream, of_plain.0.clone(), of_plain.1.clone()));
            }
        });
        tokio::spawn(async move {
            loop {
                let (stream, _) = tls.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (acceptor, state, page) = (acceptor.clone(), of_tls.0.clone(), of_tls.1.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(stream, state, page).await;
                    }
                });
            }
        });
        target
    }
}

fn acceptor() -> TlsAcceptor {
    // As most certificates of today: ECDSA on P-256.
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    // Nobody resumes: each handshake is a whole one.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    TlsAcceptor::from(Arc::new(config))
}

fn page() -> Vec<u8> {
    let body = format!("<!doctype html><html lang=\"sv\"><title>Kommun</title><h1>Kommun</h1><p>{}</p></html>", WORDS.repeat(20));
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, state: Arc<State>, page: Arc<Vec<u8>>) {
    const ERROR: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nerror";
    let mut buffer = Vec::with_capacity(1024);
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read_buf(&mut buffer).await {
                Ok(n) if n > 0 => {}
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
        buffer.drain(..end);
        let path = head.split(' ').nth(1).unwrap_or("/");
        let host = head.lines().find_map(|l| l.strip_prefix("host: ")).unwrap_or("").split(':').next().unwrap_or("");
        let site = path.trim_matches('/').strip_prefix('s').and_then(|n| n.parse().ok());
        state.newest.fetch_max(site.unwrap_or(0), Ordering::Relaxed);
        let asked = state.asked.fetch_add(1, Ordering::Relaxed);
        *state.seconds.lock().unwrap().entry(now() / 1000).or_default() += 1;
        let is_down = state.down.lock().unwrap().contains_key(&format!("{host}{path}"));
        // Spread by a multiplicative hash: as good as chance here, and the same in each run.
        let by_chance = (asked.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) % 1_000_000 < u64::from(state.chance.load(Ordering::Relaxed));
        if by_chance {
            state.failed.fetch_add(1, Ordering::Relaxed);
        }
        let answer: &[u8] = if is_down || by_chance { ERROR } else { &page };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// Seconds of processor time of a process so far, from the kernel's own count.
pub fn processor(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // After the name, which may hold anything: fields 14 and 15 of proc(5), in hundredths.
    let rest: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (rest[11].parse::<f64>().unwrap() + rest[12].parse::<f64>().unwrap()) / 100.0
}

/// Megabytes that a process holds in memory, now and at most so far.
pub fn resident(pid: u32) -> (f64, f64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Waits until something holds; false where it does not in time.
pub async fn until(at_most: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !holds() {
        if began.elapsed() > at_most {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    true
}
