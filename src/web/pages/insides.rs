// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a site told of its insides, and what about it needs somebody, for its page.

use jiff::Timestamp;

use super::findings::row;
use crate::{
    access::Caller,
    error::Result,
    fleet::{
        Check,
        facts::{Component, LATE, Noted},
    },
    store::{
        self, PageRequest,
        findings::{Filter, Spot},
    },
    web::{
        Web,
        view::models::{ErrorRow, FoundRow, InUse, SiteInsides},
    },
};

/// So many errors, and so many findings, stand on the page.
const MOST: u32 = 20;

/// The insides of a site.
pub(super) async fn of(web: &Web, check: &Check) -> Result<Option<SiteInsides>> {
    let Some((instance, blog)) = check.instance.zip(check.blog) else { return Ok(None) };
    let Some(site) = store::facts::site(web.store(), instance, blog).await? else { return Ok(None) };
    let errors = store::facts::errors_of(web.store(), instance, blog, MOST).await?;
    let (whole, own) = (&site.whole, site.own);
    let part = |found: &Component| InUse { name: name(found).to_owned(), version: found.version.clone() };
    let theme = whole.themes.iter().find(|theme| theme.slug == own.theme).map(part);
    let active = whole.plugins.iter().filter(|plugin| plugin.network || own.plugins.contains(&plugin.file));
    Ok(Some(SiteInsides {
        told_at: site.collected_at,
        core: whole.wordpress.version.clone(),
        php: whole.php.clone(),
        plugins: active.map(part).collect(),
        theme: theme.unwrap_or(InUse { name: own.theme, version: String::new() }),
        administrators: own.administrators.len(),
        overdue: site.overdue,
        late: site.overdue >= LATE,
        autoload: own.autoload.bytes,
        database: site.database_bytes,
        uploads: site.uploads_bytes,
        public: own.public,
        statement: own.statement,
        errors: errors.into_iter().map(error).collect(),
    }))
}

fn name(component: &Component) -> &str {
    if component.name.is_empty() { &component.slug } else { &component.name }
}

fn error(noted: Noted) -> ErrorRow {
    ErrorRow {
        message: noted.message,
        place: format!("{}:{}", noted.file, noted.line),
        kind: noted.kind,
        component: noted.slug,
        count: noted.count,
        last_at: Timestamp::from_second(noted.last).ok(),
    }
}

/// What about a site or an address needs somebody.
pub(super) async fn findings(web: &Web, caller: &Caller, check: &Check) -> Result<Vec<FoundRow>> {
    let spot = Spot { number: check.number, site: check.instance.zip(check.blog) };
    let filter = Filter { open: Some(true), about: Some(spot), ..Filter::default() };
    let page = PageRequest { page: 1, per_page: MOST };
    let all = store::findings::list(web.store(), &caller.principal.scope(), &filter, page).await?;
    Ok(all.items.into_iter().map(|found| row(web, found)).collect())
}
