// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may see of a municipality.

use super::before;
use crate::{
    fleet::{
        health::Health,
        incident::CauseKind,
        status::{DAYS, Place, Symptom, Told, Verdict, Window},
    },
    web::view::models::{StatusCard, StatusModel},
};

fn place(address: &str, label: &str, health: Health) -> Place {
    Place { address: address.to_owned(), label: label.to_owned(), is_site: label.is_empty(), health, since: Some(before(7_200)) }
}

fn told(key: &str, cause: CauseKind, over: bool, addresses: &[&str]) -> Told {
    Told {
        key: key.to_owned(),
        cause,
        symptom: Some(Symptom::Broken),
        opened_at: before(7_000),
        resolved_at: over.then(|| before(600)),
        addresses: addresses.iter().map(ToString::to_string).collect(),
        touched: addresses.len() + 70,
    }
}

pub(super) fn partly() -> StatusModel {
    StatusModel {
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        verdict: Verdict::Partly,
        as_of: Some(before(56)),
        is_old: false,
        places: vec![
            place("ale.se/en-mycket-lang-adress-som-inte-far-bryta-sidan-pa-en-smal-skarm/", "", Health::Down),
            place("bygglov.ale.se", "E-tjänst för bygglov", Health::Slow),
            place("ale.se", "", Health::Ok),
        ],
        open: vec![told("a1", CauseKind::DatabaseServer, false, &["ale.se/skola/"]), told("a2", CauseKind::Gateway, false, &[])],
        over: vec![told("a3", CauseKind::Check, true, &["ale.se"])],
        windows: vec![Window { from: before(-86_400), until: before(-90_000) }],
        days: DAYS,
    }
}

pub(super) fn well() -> StatusModel {
    let places = vec![place("ale.se", "", Health::Ok)];
    StatusModel { verdict: Verdict::Well, places, open: vec![], over: vec![], windows: vec![], ..partly() }
}

pub(super) fn old() -> StatusModel {
    StatusModel { verdict: Verdict::Unknown, as_of: None, is_old: true, places: vec![], ..well() }
}

pub(super) fn card(open: bool) -> StatusCard {
    let url = "https://flotta.example.se/status/ale".to_owned();
    let snippet = format!("<a href=\"{url}\"><img src=\"{url}/badge.svg\" alt=\"Driftstatus\" height=\"24\"></a>");
    StatusCard { open, by: "anna.akesson@helsingborg.se".to_owned(), url, snippet, may: true }
}
