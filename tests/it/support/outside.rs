// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A small Internet on the loopback address: a name server that answers as it is told, a certificate authority, and servers with
//! certificates as bad as wanted.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::Engine;
use hickory_resolver::proto::{
    op::{Message, OpCode, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{A, CNAME},
    },
};
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};
use tokio_rustls::TlsAcceptor;

/// What the name server says of a name.
#[derive(Clone, Debug)]
pub enum Says {
    /// These addresses.
    Leads(Vec<IpAddr>),
    /// Another name.
    Alias(String),
    /// There is no such name.
    Gone,
    /// The name servers of the zone fail.
    Fails,
    /// Nothing.
    Silent,
}

/// A name server, and what it says; names below a zone are as the zone where they are not named themselves.
#[derive(Clone)]
pub struct Names {
    /// Where it listens.
    pub address: SocketAddr,
    zone: Arc<Mutex<HashMap<String, Says>>>,
}

impl Names {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let names = Self { address: socket.local_addr().unwrap(), zone: Arc::default() };
        let serving = names.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                if let Some(answer) = serving.answer(&buffer[..length]) {
                    drop(socket.send_to(&answer, from).await);
                }
            }
        });
        names
    }

    /// What it says from now on.
    pub fn say(&self, name: &str, says: Says) {
        self.zone.lock().unwrap().insert(name.to_owned(), says);
    }

    fn says(&self, name: &str) -> Says {
        let zone = self.zone.lock().unwrap();
        let parts = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent));
        parts.into_iter().find_map(|name| zone.get(name).cloned()).unwrap_or(Says::Gone)
    }

    fn answer(&self, asked: &[u8]) -> Option<Vec<u8>> {
        let asked = Message::from_vec(asked).ok()?;
        let query = asked.queries.first()?.clone();
        let mut answer = Message::response(asked.metadata.id, OpCode::Query);
        (answer.metadata.recursion_desired, answer.metadata.recursion_available) = (true, true);
        let mut name = query.name().clone();
        for _ in 0..8 {
            match self.says(name.to_string().trim_end_matches('.')) {
                Says::Silent => return None,
                Says::Gone => answer.metadata.response_code = ResponseCode::NXDomain,
                Says::Fails => answer.metadata.response_code = ResponseCode::ServFail,
                Says::Alias(to) => {
                    let to: hickory_resolver::proto::rr::Name = format!("{to}.").parse().unwrap();
                    answer.add_answer(Record::from_rdata(name, 60, RData::CNAME(CNAME(to.clone()))));
                    name = to;
                    continue;
                }
                Says::Leads(addresses) if query.query_type() == RecordType::A => {
                    for address in addresses {
                        if let IpAddr::V4(address) = address {
                            answer.add_answer(Record::from_rdata(name.clone(), 60, RData::A(A(address))));
                        }
                    }
                }
                Says::Leads(_) => {}
            }
            break;
        }
        answer.add_query(query);
        answer.to_vec().ok()
    }
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new(organization: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("{organization} Root"));
        params.distinguished_name.push(DnType::OrganizationName, organization);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let text = base64::engine::general_purpose::STANDARD.encode(certificate.der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Writes its certificate into a file.
    pub fn write(&self, path: &Path) {
        std::fs::write(path, &self.pem).unwrap();
    }

    /// A certificate for names, from a time to a time.
    pub fn sign(&self, names: &[&str], begins: Timestamp, ends: Timestamp) -> Arc<CertifiedKey> {
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let at = |time: Timestamp| epoch + Duration::from_secs(u64::try_from(time.as_second()).unwrap());
        (params.not_before, params.not_after) = (at(begins), at(ends));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        Arc::new(CertifiedKey::from_der(chain, private, &provider).unwrap())
    }
}

/// Which certificate is shown for which name; names below are as the one above.
#[derive(Clone, Default)]
pub struct Shows(Arc<Mutex<HashMap<String, Arc<CertifiedKey>>>>);

impl std::fmt::Debug for Shows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shows")
    }
}

impl Shows {
    pub fn show(&self, name: &str, key: Arc<CertifiedKey>) {
        self.0.lock().unwrap().insert(name.to_owned(), key);
    }
}

impl ResolvesServerCert for Shows {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let all = self.0.lock().unwrap();
        let name = hello.server_name()?;
        all.get(name).or_else(|| all.get(name.split_once('.')?.1)).cloned()
    }
}

/// A page: the head without the status line's version, and the body.
pub fn page(status: &str, head: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{head}\r\n{body}", body.len())
}

/// Serves by TLS with these certificates; pages are what the function makes of host and path, and an empty one is never sent.
pub async fn serve(shows: &Shows, answer: impl Fn(&str, &str) -> String + Clone + Send + Sync + 'static) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_cert_resolver(Arc::new(shows.clone()));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    talk(stream, answer).await;
                }
            });
        }
    });
    address
}

/// The same without TLS.
pub async fn serve_plain(answer: impl Fn(&str, &str) -> String + Clone + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, answer.clone()));
        }
    });
    address
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: impl Fn(&str, &str) -> String) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&head).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default();
            let host = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            let page = answer(host.split(':').next().unwrap_or_default(), path);
            if page.is_empty() {
                std::future::pending::<()>().await;
            }
            drop(stream.write_all(page.as_bytes()).await);
            drop(stream.shutdown().await);
            return;
        }
    }
}
