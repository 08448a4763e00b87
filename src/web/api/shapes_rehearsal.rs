// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of rehearsals.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    fleet::{self, evidence::SeenPage},
    rollouts::{pages, rehearsals::evidence},
};

/// What is to be rehearsed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rehearse {
    /// Release by name.
    pub release: String,
    /// Pages of each site at most, 1–50; 8 where left out.
    #[serde(default = "usual_pages")]
    pub pages: u32,
    /// Which instance, where the municipality has several.
    #[serde(default)]
    pub environment: Option<String>,
}

fn usual_pages() -> u32 {
    pages::PER_SITE
}

/// What a rehearsal has seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct Evidence {
    /// The rehearsal.
    pub operation: String,
    /// The municipality's slug.
    pub municipality: String,
    /// The release that runs, by name.
    pub from: String,
    /// The release that was tried, by name.
    pub to: String,
    /// When the verdict was given.
    pub at: Timestamp,
    /// The verdict: `pass`, `warn` or `fail`.
    pub level: String,
    /// The gravest findings in one line; empty where there are none.
    pub summary: String,
    /// What the release does to the data: `none`, `data` or `schema`.
    pub migration: String,
    /// What it changes in the data, the first of them.
    pub changes: Vec<String>,
    /// How many changes there are.
    pub change_count: usize,
    /// What differs, the gravest first.
    pub findings: Vec<Finding>,
    /// Every page, old and new.
    pub pages: Vec<Pair>,
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// Why there are no pictures, or not of every site; empty where there are.
    pub without_pictures: String,
}

/// One difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// How grave: `pass`, `warn` or `fail`.
    pub level: String,
    /// What it is about: a page's address, a site, a file.
    pub about: String,
    /// What differs, by a fixed word.
    pub what: String,
    /// What it was and is, for people.
    pub detail: String,
}

/// One page on both sides.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pair {
    /// The site's number.
    pub site: u64,
    /// What it stands for: `home`, `log-in`, `newest`, `page`, `archive`, `search` or `form`.
    pub kind: String,
    /// Its address without scheme.
    pub address: String,
    /// Under the release that runs.
    pub old: Seen,
    /// Under the release that was tried; none where that could not be looked at.
    pub new: Option<Seen>,
}

/// What a page gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct Seen {
    /// HTTP status; 0 where none came.
    pub status: u16,
    /// Where it led to.
    pub location: Option<String>,
    /// Its title.
    pub title: String,
    /// Whether its text shows an error.
    pub broken: bool,
    /// Time until the last byte, in milliseconds.
    pub milliseconds: u64,
    /// How many words visitors read.
    pub words: u32,
    /// Where its text begins.
    pub text: String,
    /// How many there are of `main`, `nav`, `h1`, `form` and the like.
    pub landmarks: BTreeMap<String, u32>,
    /// PHP's complaints in its text.
    pub complaints: Vec<String>,
}

/// The pictures of one page, as files under the evidence's address.
#[derive(Debug, Serialize, ToSchema)]
pub struct Picture {
    /// The page's address without scheme.
    pub address: String,
    /// The picture under the release that runs.
    pub old: String,
    /// The picture under the release that was tried.
    pub new: String,
    /// Where they differ.
    pub difference: String,
    /// Which share of it differs, in per cent, without what differs by itself.
    pub changed_percent: f64,
    /// Which share differs by itself, in per cent.
    pub unsteady_percent: f64,
}

/// The evidence as programs see it.
#[must_use]
pub fn evidence(operation: &fleet::Operation, found: &evidence::Evidence) -> Evidence {
    Evidence {
        operation: operation.id.text(),
        municipality: operation.slug.to_string(),
        from: found.from.clone(),
        to: found.to.clone(),
        at: found.at,
        level: found.level.to_string(),
        summary: found.summary.clone(),
        migration: found.migration.to_string(),
        changes: found.changes.clone(),
        change_count: found.change_count,
        findings: found.findings.iter().map(finding).collect(),
        pages: found.pages.iter().map(pair).collect(),
        pictures: found.pictures.iter().map(picture).collect(),
        without_pictures: found.without_pictures.clone(),
    }
}

fn finding(finding: &fleet::evidence::Finding) -> Finding {
    let fleet::evidence::Finding { level, about, what, detail } = finding.clone();
    Finding { level: level.to_string(), about, what, detail }
}

fn pair(pair: &evidence::Pair) -> Pair {
    let page = &pair.old.page;
    Pair {
        site: page.blog,
        kind: page.kind.clone(),
        address: format!("{}{}", page.host, page.path),
        old: seen(&pair.old),
        new: pair.new.as_ref().map(seen),
    }
}

fn seen(page: &SeenPage) -> Seen {
    Seen {
        status: page.status,
        location: page.location.clone(),
        title: page.title.clone(),
        broken: page.broken,
        milliseconds: page.milliseconds,
        words: page.words.count,
        text: page.text.clone(),
        landmarks: page.landmarks.clone(),
        complaints: page.complaints.clone(),
    }
}

fn picture(picture: &evidence::Picture) -> Picture {
    let percent = |share: f64| (share * 10_000.0).round() / 100.0;
    Picture {
        address: format!("{}{}", picture.page.host, picture.page.path),
        old: picture.old.clone(),
        new: picture.new.clone(),
        difference: picture.difference.clone(),
        changed_percent: percent(picture.changed),
        unsteady_percent: percent(picture.unsteady),
    }
}
