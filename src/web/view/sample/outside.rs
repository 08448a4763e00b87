// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Sites and addresses from outside, and certificates.

use super::*;
use crate::fleet::{
    finding::FindingKind,
    outside::{NameState, Trust},
};

pub(super) fn outside() -> OutsidePage {
    let row = |number, address: &str, health, name, trust: Option<Trust>, remarks: Vec<FindingKind>| OutsideRow {
        number,
        address: address.to_owned(),
        label: if address.contains("e-tjanster") { "E-tjänster".to_owned() } else { String::new() },
        is_address: address.starts_with("https"),
        health,
        name,
        ends_at: trust.map(|_| before(-86_400 * 12)),
        issuer: trust.map(|_| "R11 (Let's Encrypt)".to_owned()).unwrap_or_default(),
        trust,
        remarks,
        looked_at: name.map(|_| before(7_200)),
    };
    OutsidePage {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        rows: vec![
            row(1, "ale.se", Health::Ok, Some(NameState::Leads), Some(Trust::Trusted), vec![]),
            row(2, "ale.se/skola/", Health::Unknown, None, None, vec![]),
            row(
                3,
                "https://e-tjanster.ale.se/",
                Health::Down,
                Some(NameState::Leads),
                Some(Trust::Expired),
                vec![FindingKind::CertificateBad, FindingKind::NotIndexed],
            ),
            row(4, "https://borta.ale.se/", Health::Down, Some(NameState::Gone), None, vec![FindingKind::NameGone]),
        ],
        remarked: 2,
        pager: Pager::of(1, 100, 4, "/health/ale/outside", &[]),
        may_manage: true,
        form: AddressForm { address: "e-tjanster.ale.se".to_owned(), ..AddressForm::default() },
        errors: vec![FieldError::new("address", "invalid-address", "this is no address", "give a whole address")],
        command: "flotta address list ale".to_owned(),
    }
}

pub(super) fn certificates() -> CertificatesPage {
    let line = |slug: &str, days: i64, trust| CertificateLine {
        slug: slug.to_owned(),
        address: format!("{slug}.se"),
        ends_at: before(-86_400 * days),
        days,
        issuer: "R11 (Let's Encrypt)".to_owned(),
        trust,
    };
    CertificatesPage {
        within: 30,
        rows: vec![line("ale", -2, Trust::Expired), line("bor", 12, Trust::Trusted)],
        pager: Pager::of(1, 100, 2, "/certificates", &[]),
        command: "flotta certificate list --ends-in 30d".to_owned(),
    }
}
