// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Known weaknesses, and what has them.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse,
    web::{Data, Payload},
};
use futures::StreamExt;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::IntoParams;

use super::{
    build::SILENCE,
    shapes::Listing,
    shapes_findings::{Advisory, Imported},
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{self, FindingKind, Inventory, Scope, facts::ComponentKind},
    health::{advisories, watch},
    store::{self, PageRequest, findings::Filter},
    web::{
        Web,
        guard::Note,
        input::{self, Params},
        problem::{Answer, Problem},
    },
};

/// A file is no longer than this.
const LONGEST: usize = 128 << 20;

/// Which weaknesses.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// Only those of `core`, `theme` or `plugin`.
    kind: Option<String>,
    /// Only those of this component.
    slug: Option<String>,
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

/// Known weaknesses by component, and which releases have them. What instances have is told by findings.
#[utoipa::path(get, path = "/api/v1/advisories", tag = "health", params(Query),
    responses((status = 200, description = "A page of known weaknesses", body = Listing<Advisory>), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn list(web: Data<Web>, query: Params<Query>) -> Answer {
    let q = query.0;
    let page = input::page(q.page.as_deref(), q.per_page.as_deref())?;
    let kind = kind(q.kind.as_deref())?;
    let slug = q.slug.as_deref().filter(|text| !text.is_empty());
    let found = store::advisories::list(web.store(), kind, slug, page).await?;
    let releases = releases(&web).await?;
    Ok(HttpResponse::Ok().json(Listing::of(found, |it| shape(it, &releases))))
}

/// The kind of component that a filter names.
///
/// # Errors
/// Names `kind`.
pub fn kind(text: Option<&str>) -> Result<Option<ComponentKind>> {
    let kind = text.filter(|text| !text.is_empty()).map(str::parse::<ComponentKind>).transpose();
    kind.map_err(|error| error.at("kind").into())
}

/// What is in every release whose image was read, by component: names of releases with versions.
type InReleases = BTreeMap<(ComponentKind, String), Vec<(String, String)>>;

async fn releases(web: &Web) -> Result<InReleases> {
    let mut all = InReleases::new();
    for release in store::every(async |page| store::releases::list(web.store(), page).await).await? {
        let Some(Inventory { wordpress, themes, plugins, .. }) = store::releases::inventory(web.store(), release.id).await? else {
            continue;
        };
        let mut add = |kind, slug: &str, version: &str| {
            all.entry((kind, slug.to_lowercase())).or_default().push((release.name.clone(), version.to_owned()));
        };
        if let Some(core) = wordpress {
            add(ComponentKind::Core, "wordpress", &core.version);
        }
        themes.iter().for_each(|it| add(ComponentKind::Theme, &it.slug, &it.version));
        plugins.iter().for_each(|it| add(ComponentKind::Plugin, &it.slug, &it.version));
    }
    Ok(all)
}

fn shape(it: fleet::advisory::Advisory, releases: &InReleases) -> Advisory {
    let there = releases.get(&(it.kind, it.slug.clone())).into_iter().flatten();
    let releases = there.filter(|(_, version)| it.concerns(version)).map(|(name, _)| name.clone()).collect();
    Advisory {
        id: it.id,
        source: it.source,
        kind: it.kind.to_string(),
        slug: it.slug,
        title: it.title,
        severity: it.severity,
        reference: it.reference,
        releases,
        imported_at: it.imported_at,
    }
}

/// Whose list is imported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Importing {
    /// Its name, 1–40 of `a–z`, `0–9`, `-`; where left out the name of the file's form.
    source: Option<String>,
}

/// Imports a file of known weaknesses, in place of what was imported from the same source before, and looks who has them.
///
/// The body is the file, JSON in OSV's form or that of Wordfence Intelligence, at most 128 MiB. A file that is not understood changes
/// nothing.
#[utoipa::path(post, path = "/api/v1/advisories", tag = "health", params(Importing), request_body(content = String, content_type = "application/json"),
    responses((status = 200, description = "What was imported", body = Imported), (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub async fn import(web: Data<Web>, note: Note, query: Params<Importing>, payload: Payload) -> Answer {
    let source = query.0.source.filter(|text| !text.is_empty());
    let is_name = |text: &str| text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if source.as_deref().is_some_and(|text| !is_name(text)) {
        let fix = "use 1 to 40 of a–z, 0–9 and -";
        return Err(FieldError::new("source", "invalid-source", "that cannot name a source", fix).into());
    }
    let bytes = received(payload).await?;
    let (now, named) = (web.now(), source.clone());
    let read = tokio::task::spawn_blocking(move || advisories::read(&bytes, named.as_deref(), now));
    let read = read.await.map_err(|e| Error::Internal(e.to_string()))??;
    let source = source.unwrap_or_else(|| read.form.to_owned());
    store::advisories::replace(web.store(), &source, &read.advisories).await?;
    note.detail("source", source.as_str());
    note.detail("advisories", read.advisories.len().to_string());
    watch::tell_all(web.tools()).await?;
    let filter = Filter { open: Some(true), kind: Some(FindingKind::Vulnerable), ..Filter::default() };
    let open = store::findings::list(web.store(), &Scope::Fleet, &filter, PageRequest { page: 1, per_page: 1 }).await?.total;
    let advisories = u64::try_from(read.advisories.len()).unwrap_or(u64::MAX);
    Ok(HttpResponse::Ok().json(Imported { form: read.form.to_owned(), source, advisories, skipped: read.skipped, open_findings: open }))
}

async fn received(mut payload: Payload) -> Result<Vec<u8>> {
    let broken = |why: String| FieldError::new("file", "unreadable", format!("the file cannot be read: {why}"), "send it again");
    let mut bytes = Vec::new();
    loop {
        match timeout(SILENCE, payload.next()).await {
            Err(_) => return Err(broken(format!("nothing came for {} s", SILENCE.as_secs())).into()),
            Ok(None) => return Ok(bytes),
            Ok(Some(piece)) => {
                let piece = piece.map_err(|e| broken(e.to_string()))?;
                if bytes.len() + piece.len() > LONGEST {
                    let fix = "import a file of WordPress' weaknesses only";
                    return Err(FieldError::new("file", "too-long", format!("it is longer than {} MiB", LONGEST >> 20), fix).into());
                }
                bytes.extend_from_slice(&piece);
            }
        }
    }
}
