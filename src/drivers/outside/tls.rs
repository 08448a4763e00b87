// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A handshake of its own each time, whose certificate is judged and then read, also where it is bad.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::Digest;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tracing::warn;
use x509_parser::extensions::GeneralName;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Domain,
        health::Failure,
        outside::{Certificate, Trust},
    },
};

/// A handshake takes no longer.
const SHAKE: Duration = Duration::from_secs(5);
/// So many names of a certificate are kept.
const NAMES: usize = 100;
/// A name or an issuer is no longer, in characters.
const TEXT: usize = 253;

/// Makes handshakes.
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    /// None where this host knows no authority.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// Whether the gateway's own authority signs for every name, as it has no account with a public one.
    internal: bool,
}

impl Tls {
    /// Trusts the host's authorities and those of a file (PEM).
    pub(super) fn new(file: Option<&Path>, internal: bool) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        let own = rustls_native_certs::load_native_certs();
        for error in own.errors {
            warn!(%error, "one of this host's authorities cannot be read");
        }
        roots.add_parsable_certificates(own.certs);
        if let Some(path) = file {
            let failed = |e: String| Error::outside("files", OutsideKind::Refused, format!("outside.authorities: {}: {e}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| failed(e.to_string()))? {
                roots.add(certificate.map_err(|e| failed(e.to_string()))?).map_err(|e| failed(e.to_string()))?;
            }
        }
        let authorities = if roots.is_empty() {
            warn!("this host knows no certificate authority; install ca-certificates, or whether certificates are trusted is not judged");
            None
        } else {
            let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
            Some(built.map_err(|e| Error::Internal(e.to_string()))?)
        };
        Ok(Self { provider, authorities, internal })
    }

    /// A handshake with a name, and the certificate that was shown. `ours` is whether the fleet's gateway should answer.
    pub(super) async fn shake(
        &self,
        stream: TcpStream,
        name: &str,
        ours: bool,
        now: Timestamp,
    ) -> (Option<Certificate>, Result<TlsStream<TcpStream>, Failure>) {
        let Ok(server) = ServerName::try_from(name.to_owned()) else { return (None, Err(Failure::Name)) };
        let local = name.parse::<Domain>().is_ok_and(|domain| domain.is_local());
        let own = ours && (self.internal || local);
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let witness = Arc::new(Witness {
            provider: self.provider.clone(),
            authorities: self.authorities.clone(),
            now: UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            seen: Mutex::default(),
        });
        let builder = ClientConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions();
        let Ok(builder) = builder else { return (None, Err(Failure::Handshake)) };
        let mut config = builder.dangerous().with_custom_certificate_verifier(witness.clone()).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        let shaken = timeout(SHAKE, TlsConnector::from(Arc::new(config)).connect(server, stream)).await;
        let certificate = witness.take().and_then(|seen| self.read(&seen, own, now));
        let stream = match shaken {
            Err(_) => Err(Failure::TimedOut),
            Ok(Err(_)) => Err(Failure::Handshake),
            Ok(Ok(stream)) => Ok(stream),
        };
        (certificate, stream)
    }

    /// `own` is whether the gateway's own authority should have signed it.
    fn read(&self, seen: &Seen, own: bool, now: Timestamp) -> Option<Certificate> {
        let leaf = seen.chain.first()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).ok()?;
        let time = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).ok();
        let (begins, ends) = (time(parsed.validity().not_before)?, time(parsed.validity().not_after)?);
        let names = parsed.subject_alternative_name().ok().flatten().map(|names| &names.value.general_names);
        let name = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some(short(name)),
            _ => None,
        };
        let trust = match &seen.error {
            _ if now > ends => Trust::Expired,
            _ if now < begins => Trust::NotYet,
            // This host may trust the gateway's own authority too.
            None if own => Trust::Internal,
            None => Trust::Trusted,
            Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => Trust::Expired,
            Some(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => Trust::NotYet,
            Some(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => Trust::OtherName,
            Some(CertificateError::UnknownIssuer) if own => Trust::Internal,
            Some(_) => Trust::Untrusted,
        };
        Some(Certificate {
            fingerprint: sha2::Sha256::digest(leaf).iter().map(|byte| format!("{byte:02x}")).collect(),
            issuer: issuer(parsed.issuer()),
            names: names.into_iter().flatten().filter_map(name).take(NAMES).collect(),
            begins,
            ends,
            chain: u32::try_from(seen.chain.len()).unwrap_or(u32::MAX),
            trust,
        })
    }
}

/// `R11 (Let's Encrypt)`.
fn issuer(name: &x509_parser::x509::X509Name<'_>) -> String {
    let text = |part: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| part.and_then(|part| part.as_str().ok().map(short));
    match (text(name.iter_common_name().next()), text(name.iter_organization().next())) {
        (Some(common), Some(organization)) => format!("{common} ({organization})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => short(&name.to_string()),
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(TEXT).collect()
}

/// What a handshake showed.
#[derive(Debug)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    /// Why the certificate is not trusted.
    error: Option<CertificateError>,
}

/// Judges every certificate and lets the handshake go on all the same; whoever made it sees the judgement.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// The fleet's time.
    now: UnixTime,
    seen: Mutex<Option<Seen>>,
}

impl Witness {
    fn take(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.authorities.as_ref().map(|all| all.verify_server_cert(leaf, others, name, stapled, self.now));
        let error = match judged {
            None | Some(Ok(_)) => None,
            Some(Err(rustls::Error::InvalidCertificate(error))) => Some(error),
            Some(Err(_)) => Some(CertificateError::BadEncoding),
        };
        let chain = std::iter::once(leaf).chain(others).map(|one| one.clone().into_owned()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { chain, error });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
