// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a site or an address is like from outside: its name, its certificate, where it leads.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Domain, finding::FindingKind, health::Failure};
use crate::error::FieldError;

/// An address is no longer than this, in bytes.
const ADDRESS: usize = 2000;

/// How an address that is no site's is asked, and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expects {
    /// Whether it is asked by `http`, without TLS.
    pub plain: bool,
    /// The status that it answers with; none is any from 200 to 299, after redirects.
    pub status: Option<u16>,
    /// A text that its answer holds; empty where none is known.
    pub keyword: String,
}

/// What is looked at from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its host, with the port where it is not the scheme's.
    pub host: String,
    /// Its path, beginning with a slash.
    pub path: String,
    /// Whether it is asked by `http`, without TLS.
    pub plain: bool,
    /// Whether the fleet's own gateway should serve it.
    pub ours: bool,
}

impl Subject {
    /// Reads a whole address, as a browser does; not one of the gateway's.
    ///
    /// # Errors
    /// What is wrong with it, as field `address`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let fix = "give a whole address such as https://e-tjanster.lund.se/";
        let bad = |why: &str| FieldError::new("address", "invalid-address", why, fix);
        if text.len() > ADDRESS {
            return Err(bad("the address is too long"));
        }
        let url = Url::parse(text).map_err(|_| bad("this is no address"))?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(bad("only https and http can be checked")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            let fix = "leave out what stands before `@`; what is checked must be open to everybody";
            return Err(FieldError::new("address", "address-credentials", "the address holds a user name or a password", fix));
        }
        let domain: Domain = url.host_str().unwrap_or_default().parse().map_err(|error: FieldError| error.at("address"))?;
        let host = url.port().map_or_else(|| domain.to_string(), |port| format!("{domain}:{port}"));
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let subject = Self { host, path: format!("{}{query}", url.path()), plain, ours: false };
        if !subject.has_fit_port() {
            return Err(bad("the port is none of pages: 80, 443 or one from 1024 on"));
        }
        Ok(subject)
    }

    /// Its host without the port.
    #[must_use]
    pub fn name(&self) -> &str {
        self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name)
    }

    /// Whether its name is one of this machine only (`*.localhost`), for which nobody has to be asked.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.name().parse::<Domain>().is_ok_and(|domain| domain.is_local())
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        let own = self.host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        own.unwrap_or(if self.plain { 80 } else { 443 })
    }

    /// Whether pages may be asked for at its port: below 1024 others than browsers talk.
    #[must_use]
    pub fn has_fit_port(&self) -> bool {
        matches!(self.port(), 80 | 443 | 1024..)
    }

    /// Its whole address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}{}", if self.plain { "http" } else { "https" }, self.host, self.path)
    }
}

/// What the domain name system says of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameState {
    /// It leads to addresses.
    Leads,
    /// A name for this machine only (`*.localhost`, `*.test`), which no name server knows and none has to.
    Local,
    /// There is no such name.
    Gone,
    /// The name is there, but leads to no address.
    Empty,
    /// Its zone's name servers fail.
    Broken,
    /// Flotta's own resolver does not answer: nothing is known.
    #[default]
    Unanswered,
    /// It leads only to addresses that Flotta may not ask (private ones).
    Refused,
}

impl NameState {
    /// How a visitor fails because of it.
    #[must_use]
    pub const fn failure(self) -> Option<Failure> {
        match self {
            Self::Gone | Self::Empty | Self::Broken | Self::Refused => Some(Failure::Name),
            Self::Leads | Self::Local | Self::Unanswered => None,
        }
    }
}

/// Where a name leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// What the domain name system says.
    pub state: NameState,
    /// The names that it leads through, in order (CNAME).
    pub aliases: Vec<String>,
    /// Its addresses (A, AAAA).
    pub addresses: Vec<IpAddr>,
    /// Whether they are the gateway's; none where that is not known, or it is not the gateway that should serve it.
    pub here: Option<bool>,
}

/// Whether a certificate is good for a name at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Every visitor's browser trusts it.
    Trusted,
    /// The fleet's own authority signed it, for a name that no public one can sign.
    Internal,
    /// It is past its end.
    Expired,
    /// It is not valid yet.
    NotYet,
    /// It is for other names.
    OtherName,
    /// Nobody who is trusted signed it, or the chain has a gap.
    Untrusted,
}

impl Trust {
    /// How a visitor fails because of it.
    #[must_use]
    pub const fn failure(self) -> Option<Failure> {
        match self {
            Self::Trusted | Self::Internal => None,
            Self::Expired | Self::NotYet => Some(Failure::CertificateExpired),
            Self::OtherName | Self::Untrusted => Some(Failure::CertificateWrong),
        }
    }
}

/// A certificate, as it was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// Who signed it, for people.
    pub issuer: String,
    /// The names that it is for; at most 100.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// Certificates that came with it, itself included.
    pub chain: u32,
    /// Whether it is good.
    pub trust: Trust,
}

impl Certificate {
    /// Who stands behind the issuer: an authority changes its signing keys often, and its name seldom.
    #[must_use]
    pub fn signer(&self) -> &str {
        let organization = self.issuer.strip_suffix(')').and_then(|text| text.rsplit_once(" (")).map(|(_, name)| name);
        organization.unwrap_or(&self.issuer)
    }

    /// What it is called: its first name, or who signed it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.names.first().unwrap_or(&self.issuer)
    }
}

/// Who signed before, where that changed lately.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Earlier {
    /// The name.
    pub signer: String,
    /// When the change was seen.
    pub seen_at: Timestamp,
}

/// How a page, asked as visitors do, ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayEnd {
    /// With a page, or what was expected.
    Page,
    /// It leads in a circle.
    Circle,
    /// It leads on more often than anybody follows.
    TooLong,
    /// It leads to an address that cannot be read, or that Flotta may not ask.
    Astray,
    /// It leads from `https` back to `http`.
    Downgrade,
    /// It was not seen.
    #[default]
    Unseen,
}

/// One address on a way, and what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The address.
    pub url: String,
    /// Its status.
    pub status: u16,
}

/// What `http` does where `https` is the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plain {
    /// It leads to `https`.
    Redirects,
    /// It serves pages that anybody on the way can read and change.
    Serves,
    /// Nobody answers.
    Closed,
    /// It was not asked.
    #[default]
    Unseen,
}

/// Everything that one look from outside saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Where the name leads.
    pub names: Names,
    /// The certificate; none by `http`, and where none came.
    pub certificate: Option<Certificate>,
    /// The addresses that were asked, the first first.
    pub way: Vec<Hop>,
    /// How that ends.
    pub end: WayEnd,
    /// What `http` does.
    pub plain: Plain,
    /// By what search engines are asked to stay away: `header`, `meta`.
    pub noindex: Vec<String>,
    /// For how many seconds browsers are told to come by `https` only; none where they are not.
    pub hsts_seconds: Option<u64>,
    /// How a visitor fails; none where they are served, or nothing is known.
    pub failure: Option<Failure>,
    /// Whether the name led somewhere in this look or in an earlier one.
    #[serde(default)]
    pub led: bool,
    /// Who signed the certificate before.
    #[serde(default)]
    pub earlier: Option<Earlier>,
}

/// Something about a look that needs somebody, though visitors may be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Remark {
    /// The certificate ends within so many days: 30, 14 or 3.
    CertificateEnds {
        /// The step.
        within_days: u16,
    },
    /// The certificate is not good.
    CertificateBad {
        /// Why.
        trust: Trust,
    },
    /// Another authority signs than before.
    IssuerChanged {
        /// Who did.
        from: String,
        /// Who does.
        to: String,
    },
    /// The name leads nowhere.
    NameGone {
        /// How.
        state: NameState,
    },
    /// The name leads to other addresses than the gateway's.
    NameElsewhere,
    /// Search engines are asked to stay away.
    NoIndex,
    /// The way to the page does not end with one.
    WayWrong {
        /// How it ends.
        end: WayEnd,
    },
    /// Pages are served without TLS too.
    PlainServed,
}

impl Remark {
    /// Every kind of finding that a look can give.
    pub const KINDS: [FindingKind; 8] = [
        FindingKind::CertificateBad,
        FindingKind::CertificateEnds,
        FindingKind::IssuerChanged,
        FindingKind::NameGone,
        FindingKind::NameElsewhere,
        FindingKind::NotIndexed,
        FindingKind::RedirectsWrong,
        FindingKind::PlainServed,
    ];

    /// As which finding it is kept.
    #[must_use]
    pub const fn kind(&self) -> FindingKind {
        match self {
            Self::CertificateEnds { .. } => FindingKind::CertificateEnds,
            Self::CertificateBad { .. } => FindingKind::CertificateBad,
            Self::IssuerChanged { .. } => FindingKind::IssuerChanged,
            Self::NameGone { .. } => FindingKind::NameGone,
            Self::NameElsewhere => FindingKind::NameElsewhere,
            Self::NoIndex => FindingKind::NotIndexed,
            Self::WayWrong { .. } => FindingKind::RedirectsWrong,
            Self::PlainServed => FindingKind::PlainServed,
        }
    }
}

/// An address that is to be checked besides the sites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAddress {
    /// Its host, with the port where it is not the scheme's.
    pub host: String,
    /// Its path, beginning with a slash.
    pub path: String,
    /// Its name for people; may be empty.
    pub label: String,
    /// How it is asked.
    pub expects: Expects,
}

impl Look {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn blank(at: Timestamp) -> Self {
        Self {
            at,
            names: Names::default(),
            certificate: None,
            way: Vec::new(),
            end: WayEnd::Unseen,
            plain: Plain::Unseen,
            noindex: Vec::new(),
            hsts_seconds: None,
            failure: None,
            led: false,
            earlier: None,
        }
    }

    /// Whether nothing can be said, as Flotta's own resolver did not answer.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.names.state == NameState::Unanswered
    }
}
