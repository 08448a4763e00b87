// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was seen of an instance's pages, and what differs between two such looks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::instance::text_enum;

/// One page that is looked at before and after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sampled {
    /// The site's number.
    pub blog: u64,
    /// What it stands for: `home`, `log-in`, `newest`, `archive`, `search`, `form`.
    pub kind: String,
    /// The site's host name, without a port.
    pub host: String,
    /// Its path and query, beginning with a slash.
    pub path: String,
}

/// What such a page gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPage {
    /// Which page.
    pub page: Sampled,
    /// HTTP status; 0 where none came.
    pub status: u16,
    /// Where it led to, without host, where it did.
    pub location: Option<String>,
    /// Its title.
    pub title: String,
    /// Whether its text holds a PHP error or WordPress's page for one.
    pub broken: bool,
    /// Time until the last byte, in milliseconds.
    pub milliseconds: u64,
}

/// Everything seen of an instance at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Its pages.
    pub pages: Vec<SeenPage>,
    /// Version of the tables of every site.
    pub db_versions: BTreeMap<u64, i64>,
}

/// How grave something is. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As before, or better.
    Pass,
    /// Different; a person may want to look.
    Warn,
    /// Broken where it was well.
    Fail,
}

text_enum!(Level, "level", [Level::Pass => "pass", Level::Warn => "warn", Level::Fail => "fail"]);

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave it is.
    pub level: Level,
    /// The page's address without scheme, or what else it is about.
    pub about: String,
    /// What differs, by a fixed word: `status`, `redirect`, `title`, `broken`, `slow`, `gone`, `db-version`.
    pub what: String,
    /// What it was and is, for people.
    pub detail: String,
}

/// What a comparison says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The gravest of its findings.
    pub level: Level,
    /// The findings, the gravest first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// A verdict of these findings.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|f| std::cmp::Reverse(f.level));
        Self { level: findings.first().map_or(Level::Pass, |f| f.level), findings }
    }

    /// The gravest findings in one line, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let told: Vec<String> =
            self.findings.iter().filter(|f| f.level == self.level).take(3).map(|f| format!("{}: {}", f.about, f.detail)).collect();
        told.join("; ")
    }
}
