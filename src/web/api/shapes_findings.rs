// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of findings, facts and known weaknesses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{fleet, store};

/// One thing that is not down but needs somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// Its id.
    pub id: String,
    /// What was found: `vulnerable`, `administrator-added`, `cron-stuck` and others; see the documentation.
    pub kind: String,
    /// Slug of its municipality.
    pub municipality: String,
    /// What it is about, for people.
    pub subject: String,
    /// WordPress's number of the site it is about; null where it is not of one site.
    pub blog: Option<u64>,
    /// The number of the check it is about; null where it is not of one check.
    pub check: Option<u32>,
    /// What was seen last; its fields depend on the kind.
    pub evidence: Value,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// Whether somebody has put it aside.
    pub muted: bool,
    /// Until when; null is until it is over.
    pub muted_until: Option<Timestamp>,
    /// Who did.
    pub muted_by: Option<String>,
    /// Why.
    pub reason: String,
}

/// Putting a finding aside.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mute {
    /// Why, for others to read; at most 500 characters.
    pub reason: String,
    /// Until when; where left out until it is over.
    pub until: Option<Timestamp>,
}

/// What a municipality's instances told of their insides last.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactsOf {
    /// Its instances; those that have told nothing yet are left out.
    pub instances: Vec<InstanceFacts>,
}

/// What one instance told.
#[derive(Debug, Serialize, ToSchema)]
pub struct InstanceFacts {
    /// `production`, `staging` or `trial`.
    pub environment: String,
    /// When it told.
    pub collected_at: Timestamp,
    /// What is not of one site: versions, plugins, themes, debug flags, fatal errors since the container was started.
    pub whole: Value,
    /// Its sites: address, plugins, theme, administrators, jobs, accessibility statement.
    pub sites: Vec<Value>,
}

/// One known weakness of one component.
#[derive(Debug, Serialize, ToSchema)]
pub struct Advisory {
    /// Its id, such as `CVE-2021-24276`.
    pub id: String,
    /// Whose list it is from.
    pub source: String,
    /// `core`, `theme` or `plugin`.
    pub kind: String,
    /// Which one.
    pub slug: String,
    /// What it is, in a line.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or empty.
    pub severity: String,
    /// Where more is written; may be empty.
    pub reference: String,
    /// Releases that have it, by name.
    pub releases: Vec<String>,
    /// When it was imported.
    pub imported_at: Timestamp,
}

/// What an import gave.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imported {
    /// In which form the file was: `osv` or `wordfence`.
    pub form: String,
    /// Whose list it is; what was imported from it before is replaced.
    pub source: String,
    /// How many weaknesses of components it told.
    pub advisories: u64,
    /// How many entries were of something else, or withdrawn.
    pub skipped: u32,
    /// How many findings of this kind are open now.
    pub open_findings: i64,
}

/// One finding, at this time.
#[must_use]
pub fn finding(finding: fleet::Finding, now: Timestamp) -> Finding {
    Finding {
        muted: finding.is_muted(now),
        id: finding.id.text(),
        kind: finding.kind.to_string(),
        municipality: finding.slug.to_string(),
        subject: finding.subject,
        blog: finding.blog,
        check: finding.check,
        evidence: finding.evidence,
        opened_at: finding.opened_at,
        resolved_at: finding.resolved_at,
        muted_until: finding.muted_until,
        muted_by: Some(finding.muted_by).filter(|who| !who.is_empty()),
        reason: finding.reason,
    }
}

/// One instance's facts.
#[must_use]
pub fn facts(environment: fleet::Environment, kept: &store::facts::Kept, facts: &fleet::facts::Facts) -> InstanceFacts {
    InstanceFacts {
        environment: environment.to_string(),
        collected_at: kept.collected_at,
        whole: json(&facts.whole),
        sites: facts.sites.iter().map(json).collect(),
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    // Plain structures always serialise.
    serde_json::to_value(value).unwrap_or_default()
}
