// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A municipality's sites and addresses from outside, and certificates.

use actix_web::{
    HttpRequest,
    web::{Data, Form, Path},
};
use jiff::SignedDuration;
use serde::Deserialize;

use super::{asked, in_place};
use crate::{
    access::Caller,
    error::{Error, Result},
    fleet::{Check, access::Permission, outside::Look},
    health::outside::judge::remarks,
    store::{self, PageRequest, checks, outside::Filter},
    web::{
        Web,
        api::{self, addresses, shapes_outside::AddressRequest},
        guard::Note,
        input,
        problem::Answer,
        view::models::{AddressForm, CertificateLine, CertificatesPage, Notice, OutsidePage, OutsideRow},
        visit::{Visit, see_other_with},
    },
};

/// Rows on one page of a list.
const ROWS: u32 = 100;
/// Within so many days certificates are asked for at first.
const WITHIN: u32 = 30;

/// The sites and addresses of a municipality.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>, request: HttpRequest) -> Answer {
    visit.page(&web, &model(&web, &caller, &path, asked::page(&request, ROWS)?).await?)
}

async fn model(web: &Web, caller: &Caller, slug: &str, page: PageRequest) -> Result<OutsidePage> {
    let found = api::municipalities::find(web, caller, slug).await?;
    let filter = checks::Filter { municipality: Some(found.id), ..checks::Filter::default() };
    let all = checks::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    let mut rows = Vec::new();
    for check in all.items {
        let known = store::outside::get(web.store(), check.number).await?;
        rows.push(row(web, check, known.look));
    }
    let place = format!("/health/{}/outside", found.slug);
    Ok(OutsidePage {
        remarked: u32::try_from(rows.iter().filter(|row| !row.remarks.is_empty()).count()).unwrap_or(u32::MAX),
        rows,
        pager: asked::pager(page, all.total, &place, &[]),
        may_manage: caller.principal.may(Permission::ManageAddresses),
        form: AddressForm::default(),
        errors: Vec::new(),
        command: format!("flotta address list {}", found.slug),
        slug: found.slug.to_string(),
        name: found.name,
    })
}

pub(super) fn row(web: &Web, check: Check, look: Option<Look>) -> OutsideRow {
    let is_address = check.expects.is_some();
    let remarks = look.as_ref().map(|look| remarks(look, !is_address, web.now())).unwrap_or_default();
    let certificate = look.as_ref().and_then(|look| look.certificate.as_ref());
    OutsideRow {
        number: check.number,
        address: if is_address { check.subject().url() } else { check.address() },
        is_address,
        health: check.health,
        name: look.as_ref().map(|look| look.names.state),
        ends_at: certificate.map(|certificate| certificate.ends),
        issuer: certificate.map(|certificate| certificate.issuer.clone()).unwrap_or_default(),
        trust: certificate.map(|certificate| certificate.trust),
        remarks: remarks.iter().map(crate::fleet::outside::Remark::kind).collect(),
        looked_at: look.map(|look| look.at),
        label: check.label,
    }
}

/// The form that adds an address, sent.
#[derive(Debug, Deserialize)]
pub struct Adding {
    #[serde(default)]
    address: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    keyword: String,
}

/// Adds an address.
pub async fn add(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<Adding>) -> Answer {
    let Adding { address, label, status, keyword } = form.into_inner();
    let added = async {
        let wanted = AddressRequest {
            address: address.clone(),
            label: label.clone(),
            status: input::number("status", Some(status.trim()))?,
            keyword: keyword.clone(),
        };
        addresses::added(&web, &caller, &note, &path, &wanted).await
    };
    let place = format!("/health/{}/outside", path.chars().take(100).collect::<String>());
    match added.await {
        Ok(_) => Ok(see_other_with(&place, Notice::Saved)),
        Err(refused @ Error::NotFound { .. }) => Err(refused.into()),
        Err(refused) => {
            let (status_code, errors) = in_place::told(&note, refused)?;
            let form = AddressForm { address, label, status, keyword };
            let page = OutsidePage { errors, form, ..model(&web, &caller, &path, asked::first(ROWS)?).await? };
            visit.shell.here = place;
            visit.page_as(&web, status_code, &page)
        }
    }
}

/// Ends the checking of an address.
pub async fn remove(web: Data<Web>, caller: Caller, note: Note, path: Path<(String, String)>) -> Answer {
    let (slug, number) = path.into_inner();
    addresses::removed(&web, &caller, &note, &slug, &number).await?;
    Ok(see_other_with(&format!("/health/{slug}/outside"), Notice::Saved))
}

/// Certificates by their end.
pub async fn certificates(web: Data<Web>, visit: Visit, caller: Caller, request: HttpRequest) -> Answer {
    let (page, now) = (asked::page(&request, ROWS)?, web.now());
    let within = asked::value(&request, "within").and_then(|text| text.parse().ok()).unwrap_or(WITHIN).min(3650);
    let ends_before = (within > 0).then(|| now + SignedDuration::from_hours(i64::from(within) * 24));
    let filter = Filter { municipality: None, ends_before };
    let all = store::outside::certificates(web.store(), &caller.principal.scope(), &filter, page).await?;
    let line = |(check, look): (Check, Look)| {
        let certificate = look.certificate?;
        Some(CertificateLine {
            slug: check.slug.to_string(),
            address: check.address(),
            ends_at: certificate.ends,
            days: certificate.ends.duration_since(now).as_secs().div_euclid(86_400),
            issuer: certificate.issuer,
            trust: certificate.trust,
        })
    };
    let text = within.to_string();
    let model = CertificatesPage {
        within,
        pager: asked::pager(page, all.total, "/certificates", &[("within", &text)]),
        rows: all.items.into_iter().filter_map(line).collect(),
        command: if within > 0 { format!("flotta certificate list --ends-in {within}d") } else { "flotta certificate list".to_owned() },
    };
    visit.page(&web, &model)
}
