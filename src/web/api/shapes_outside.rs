// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of addresses and of what was seen from outside.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    fleet::{self, outside},
    health::outside::judge::remarks,
    store::outside::Known,
};

/// An address that is checked besides the sites.
#[derive(Debug, Serialize, ToSchema)]
pub struct Address {
    /// Its number, as a check.
    pub number: u32,
    /// Slug of its municipality.
    pub municipality: String,
    /// The whole address.
    pub address: String,
    /// Its name for people; may be empty.
    pub label: String,
    /// The status that is expected; null is any that means success.
    pub status: Option<u16>,
    /// A text that the page must hold; empty where none is known.
    pub keyword: String,
    /// `ok`, `unknown`, `slow`, `suspect`, `flapping` or `down`.
    pub health: String,
    /// How it fails, while it is not well.
    pub failure: Option<String>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// Since when it is checked.
    pub created_at: Timestamp,
}

/// An address to check.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AddressRequest {
    /// The whole address, such as `https://e-tjanster.lund.se/`.
    pub address: String,
    /// Its name for people, at most 100 characters.
    pub label: String,
    /// The status that is expected, 200–599; without it any that means success, after redirects.
    pub status: Option<u32>,
    /// A text that the page must hold, at most 200 characters.
    pub keyword: String,
}

/// What is to be looked at.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LookRequest {
    /// Only the check of this number; without it, all of the municipality's.
    pub check: Option<u32>,
}

/// What will be looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Looks {
    /// How many checks.
    pub checks: u32,
}

/// What a check is like from outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outside {
    /// The check's number.
    pub number: u32,
    /// Slug of its municipality.
    pub municipality: String,
    /// Its address, without the scheme.
    pub address: String,
    /// When it was looked at; null where it was not yet.
    pub looked_at: Option<Timestamp>,
    /// When somebody asked for a look that was not made yet.
    pub wanted_at: Option<Timestamp>,
    /// `leads`, `local`, `gone`, `empty`, `broken`, `unanswered` or `refused`.
    pub name: Option<String>,
    /// Names that its own leads through.
    pub aliases: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Whether they are the gateway's; null where that is not known.
    pub leads_here: Option<bool>,
    /// Its certificate; null where none was shown.
    pub certificate: Option<SeenCertificate>,
    /// The addresses on the way to the page.
    pub way: Vec<Hop>,
    /// `page`, `circle`, `too-long`, `astray`, `downgrade` or `unseen`.
    pub end: Option<String>,
    /// What `http` does: `redirects`, `serves`, `closed` or `unseen`.
    pub plain: Option<String>,
    /// By what search engines are asked to stay away: `header`, `meta`.
    pub noindex: Vec<String>,
    /// For how many seconds browsers are told to come by `https` only.
    pub hsts_seconds: Option<u64>,
    /// How visitors fail.
    pub failure: Option<String>,
    /// What needs somebody.
    pub remarks: Vec<Value>,
}

/// A certificate, as it was shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeenCertificate {
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// Who signed it.
    pub issuer: String,
    /// The names that it is for; at most 100.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub begins_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Certificates that came with it, itself included.
    pub chain: u32,
    /// `trusted`, `internal` (the fleet's own authority), `expired`, `not-yet`, `other-name` or `untrusted`.
    pub trust: String,
}

/// One address on a way, and what it answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hop {
    /// The address.
    pub url: String,
    /// Its status.
    pub status: u16,
}

/// A certificate in the list of all.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateRow {
    /// The check's number.
    pub number: u32,
    /// Slug of its municipality.
    pub municipality: String,
    /// Its address, without the scheme.
    pub address: String,
    /// Days until it ends, rounded down; negative where it has ended.
    pub days_left: i64,
    /// The certificate.
    pub certificate: SeenCertificate,
}

/// A word as programs see it.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// One address.
#[must_use]
pub fn address(check: &fleet::Check) -> Address {
    let expects = check.expects.clone().unwrap_or_default();
    Address {
        number: check.number,
        municipality: check.slug.to_string(),
        address: check.subject().url(),
        label: check.label.clone(),
        status: expects.status,
        keyword: expects.keyword,
        health: check.health.to_string(),
        failure: check.failure.map(|failure| failure.to_string()),
        since: check.since,
        created_at: check.created_at,
    }
}

fn certificate(certificate: &outside::Certificate) -> SeenCertificate {
    SeenCertificate {
        fingerprint: certificate.fingerprint.clone(),
        issuer: certificate.issuer.clone(),
        names: certificate.names.clone(),
        begins_at: certificate.begins,
        ends_at: certificate.ends,
        chain: certificate.chain,
        trust: word(certificate.trust),
    }
}

/// One check from outside.
#[must_use]
pub fn outside(check: &fleet::Check, known: &Known, now: Timestamp) -> Outside {
    let look = known.look.as_ref();
    let remarks = look.map(|look| remarks(look, check.expects.is_none(), now)).unwrap_or_default();
    Outside {
        number: check.number,
        municipality: check.slug.to_string(),
        address: check.address(),
        looked_at: look.map(|look| look.at),
        wanted_at: known.wanted_at,
        name: look.map(|look| word(look.names.state)),
        aliases: look.map(|look| look.names.aliases.clone()).unwrap_or_default(),
        addresses: look.into_iter().flat_map(|look| &look.names.addresses).map(ToString::to_string).collect(),
        leads_here: look.and_then(|look| look.names.here),
        certificate: look.and_then(|look| look.certificate.as_ref()).map(certificate),
        way: look.into_iter().flat_map(|look| &look.way).map(|hop| Hop { url: hop.url.clone(), status: hop.status }).collect(),
        end: look.map(|look| word(look.end)),
        plain: look.map(|look| word(look.plain)),
        noindex: look.map(|look| look.noindex.clone()).unwrap_or_default(),
        hsts_seconds: look.and_then(|look| look.hsts_seconds),
        failure: look.and_then(|look| look.failure).map(|failure| failure.to_string()),
        remarks: remarks.iter().map(|remark| serde_json::to_value(remark).unwrap_or_default()).collect(),
    }
}

/// One certificate of the list; none where the look showed none.
#[must_use]
pub fn row(check: &fleet::Check, look: &outside::Look, now: Timestamp) -> Option<CertificateRow> {
    let seen = look.certificate.as_ref()?;
    Some(CertificateRow {
        number: check.number,
        municipality: check.slug.to_string(),
        address: check.address(),
        days_left: seen.ends.duration_since(now).as_secs().div_euclid(86_400),
        certificate: certificate(seen),
    })
}
