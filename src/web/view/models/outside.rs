// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Sites and addresses from outside, and certificates.

use jiff::Timestamp;
use serde::Serialize;

use super::{Model, Pager};
use crate::{
    error::FieldError,
    fleet::{
        finding::FindingKind,
        health::Health,
        outside::{NameState, Trust},
    },
    web::view::Page,
};

/// One site or address.
#[derive(Clone, Debug, Serialize)]
pub struct OutsideRow {
    /// The check's number.
    pub number: u32,
    /// Its address.
    pub address: String,
    /// Its name for people; may be empty.
    pub label: String,
    /// Whether it is an address besides the sites, which can be removed.
    pub is_address: bool,
    /// In which state it is.
    pub health: Health,
    /// Where its name leads; none where it was not looked at yet.
    pub name: Option<NameState>,
    /// When its certificate ends.
    pub ends_at: Option<Timestamp>,
    /// Who signed it.
    pub issuer: String,
    /// Whether it is good.
    pub trust: Option<Trust>,
    /// What needs somebody.
    pub remarks: Vec<FindingKind>,
    /// When it was looked at.
    pub looked_at: Option<Timestamp>,
}

/// What was typed to add an address.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AddressForm {
    /// The whole address.
    pub address: String,
    /// Its name for people.
    pub label: String,
    /// The status expected.
    pub status: String,
    /// The text expected.
    pub keyword: String,
}

/// A municipality's sites and addresses from outside, at `GET /health/{slug}/outside`.
#[derive(Clone, Debug, Serialize)]
pub struct OutsidePage {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its sites and addresses.
    pub rows: Vec<OutsideRow>,
    /// How many of those shown need somebody.
    pub remarked: u32,
    /// Where the list stands.
    pub pager: Pager,
    /// Whether addresses can be added and removed.
    pub may_manage: bool,
    /// What was typed.
    pub form: AddressForm,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for OutsidePage {
    const PAGE: Page = Page::Outside;
}

/// One certificate.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateLine {
    /// Slug of its municipality.
    pub slug: String,
    /// The address that showed it.
    pub address: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Days until then.
    pub days: i64,
    /// Who signed it.
    pub issuer: String,
    /// Whether it is good.
    pub trust: Trust,
}

/// Certificates by their end, at `GET /certificates`.
#[derive(Clone, Debug, Serialize)]
pub struct CertificatesPage {
    /// Within how many days; 0 is all.
    pub within: u32,
    /// What ends first first.
    pub rows: Vec<CertificateLine>,
    /// Where the list stands.
    pub pager: Pager,
    /// The same by command.
    pub command: String,
}

impl Model for CertificatesPage {
    const PAGE: Page = Page::Certificates;
}
