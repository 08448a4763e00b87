// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal has seen.

use jiff::Timestamp;
use serde::Serialize;

use super::Model;
use crate::{
    fleet::{
        Operation, OperationId,
        evidence::{Finding, Level, SeenPage},
        update::Migration,
    },
    rollouts::rehearsals::evidence::{Evidence, Pair, Picture},
    web::view::Page,
};

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub struct FindingRow {
    /// How grave it is.
    pub level: Level,
    /// What it is about.
    pub about: String,
    /// What differs, by its fixed word.
    pub what: String,
    /// For people, in English.
    pub detail: String,
}

/// What one side gave of a page.
#[derive(Clone, Debug, Serialize)]
pub struct SideOfPage {
    /// HTTP status; none where no answer came.
    pub status: Option<u16>,
    /// Where it led to.
    pub location: Option<String>,
    /// Its title.
    pub title: String,
    /// Whether it shows an error.
    pub broken: bool,
    /// How long it took.
    pub milliseconds: u64,
    /// How many words.
    pub words: u32,
    /// Where its text begins.
    pub text: String,
}

/// One page on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct PageRow {
    /// Its address without scheme.
    pub address: String,
    /// What it stands for.
    pub kind: String,
    /// The gravest that was found on it.
    pub level: Level,
    /// What was found on it.
    pub findings: Vec<FindingRow>,
    /// Under the release that runs.
    pub old: SideOfPage,
    /// Under the one that was tried; none where that was not looked at.
    pub new: Option<SideOfPage>,
}

/// The pictures of one page.
#[derive(Clone, Debug, Serialize)]
pub struct PictureRow {
    /// Its address without scheme.
    pub address: String,
    /// Address of the picture under the release that runs.
    pub old: String,
    /// Of the one under the release that was tried.
    pub new: String,
    /// Of the one that shows where they differ.
    pub difference: String,
    /// Which share differs, in per cent with one decimal.
    pub changed: String,
}

/// The evidence, at `GET /operations/{id}/evidence`.
#[derive(Clone, Debug, Serialize)]
pub struct EvidencePage {
    /// The operation.
    pub id: OperationId,
    /// The municipality's name, or its slug where it is gone.
    pub name: String,
    /// The release that runs.
    pub from: String,
    /// The release that was tried.
    pub to: String,
    /// When the verdict was given.
    pub at: Timestamp,
    /// The verdict.
    pub level: Level,
    /// What the release does to the data.
    pub migration: Migration,
    /// What it changes in it.
    pub changes: Vec<String>,
    /// How many changes are not told.
    pub more_changes: usize,
    /// What was found that belongs to no page.
    pub findings: Vec<FindingRow>,
    /// Every page, the gravest first.
    pub pages: Vec<PageRow>,
    /// How many of them are as they were.
    pub pages_as_before: usize,
    /// The pictures.
    pub pictures: Vec<PictureRow>,
    /// Why there are none, or not of every site.
    pub without_pictures: String,
    /// The same by command.
    pub command: String,
}

impl Model for EvidencePage {
    const PAGE: Page = Page::Evidence;
}

impl EvidencePage {
    /// Of an operation's evidence. The municipality is called by its slug.
    #[must_use]
    pub fn new(operation: &Operation, found: &Evidence) -> Self {
        let mut pages: Vec<PageRow> = found.pages.iter().map(|pair| page(pair, &found.findings)).collect();
        pages.sort_by_key(|page| std::cmp::Reverse(page.level));
        let of_a_page = |finding: &Finding| pages.iter().any(|page| page.address == finding.about);
        Self {
            id: operation.id,
            name: operation.slug.to_string(),
            from: found.from.clone(),
            to: found.to.clone(),
            at: found.at,
            level: found.level,
            migration: found.migration,
            changes: found.changes.clone(),
            more_changes: found.change_count.saturating_sub(found.changes.len()),
            findings: found.findings.iter().filter(|finding| !of_a_page(finding)).map(row).collect(),
            pages_as_before: pages.iter().filter(|page| page.level == Level::Pass).count(),
            pages,
            pictures: found.pictures.iter().map(|picture| pictures(operation, picture)).collect(),
            without_pictures: found.without_pictures.clone(),
            command: String::new(),
        }
    }
}

fn row(finding: &Finding) -> FindingRow {
    let Finding { level, about, what, detail } = finding.clone();
    FindingRow { level, about, what, detail }
}

fn page(pair: &Pair, findings: &[Finding]) -> PageRow {
    let address = format!("{}{}", pair.old.page.host, pair.old.page.path);
    let findings: Vec<FindingRow> = findings.iter().filter(|finding| finding.about == address).map(row).collect();
    PageRow {
        level: findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Pass),
        kind: pair.old.page.kind.clone(),
        old: side(&pair.old),
        new: pair.new.as_ref().map(side),
        address,
        findings,
    }
}

fn side(seen: &SeenPage) -> SideOfPage {
    SideOfPage {
        status: Some(seen.status).filter(|status| *status != 0),
        location: seen.location.clone(),
        title: seen.title.clone(),
        broken: seen.broken,
        milliseconds: seen.milliseconds,
        words: seen.words.count,
        text: seen.text.clone(),
    }
}

fn pictures(operation: &Operation, picture: &Picture) -> PictureRow {
    let at = |file: &str| format!("/operations/{}/evidence/{file}", operation.id);
    PictureRow {
        address: format!("{}{}", picture.page.host, picture.page.path),
        old: at(&picture.old),
        new: at(&picture.new),
        difference: at(&picture.difference),
        changed: format!("{:.1}", picture.changed * 100.0),
    }
}
