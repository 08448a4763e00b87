// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving one instance from a release to another: what is asked, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    OperationId, ReleaseId,
    instance::text_enum,
    rollout::{Outcome, RolloutId},
};

/// What a release does to an instance's data, as its rehearsal proved. Ordered: each asks more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Migration {
    /// Nothing but transients and counters: old and new code may serve side by side.
    None,
    /// Options, metadata or posts are rewritten; the old code may not understand them.
    Data,
    /// Tables change, or the version of the schema.
    Schema,
}

text_enum!(Migration, "migration", [Migration::None => "none", Migration::Data => "data", Migration::Schema => "schema"]);

impl Migration {
    /// Whether visitors must be held back while it happens.
    #[must_use]
    pub fn pauses(self) -> bool {
        self != Self::None
    }
}

/// What an instance's containers are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The release.
    pub release: ReleaseId,
    /// Counts the containers; picks the address.
    pub generation: u32,
}

/// What an update or a revert is asked. Part of the operation's input, so that it never changes on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// What serves before.
    pub from: Version,
    /// What is to serve.
    pub to: Version,
    /// What it does to the data.
    pub migration: Migration,
    /// For which rollout; none where a person moved this instance alone.
    #[serde(default)]
    pub rollout: Option<RolloutId>,
    /// The update that is taken back; reverts only.
    #[serde(default)]
    pub reverts: Option<OperationId>,
    /// Whether that update's snapshot is put back too; reverts only.
    #[serde(default)]
    pub with_data: bool,
    /// So long requests of the old container may take to end, in seconds.
    pub drain_seconds: u32,
}

impl Move {
    const KEY: &str = "move";

    /// Reads it from an operation's input.
    #[must_use]
    pub fn of(input: &serde_json::Value) -> Option<Self> {
        input.get(Self::KEY).and_then(|value| Self::deserialize(value).ok())
    }

    /// The input of an operation that is asked this.
    #[must_use]
    pub fn input(&self) -> serde_json::Value {
        serde_json::json!({ Self::KEY: self })
    }

    /// Whether visitors are held back on the way.
    #[must_use]
    pub fn pauses(&self) -> bool {
        if self.reverts.is_some() { self.with_data } else { self.migration.pauses() }
    }
}

/// How an update or a revert came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// In the rollout's terms.
    pub outcome: Outcome,
    /// Why, for people; empty where all is well.
    pub why: String,
    /// Since when the new version serves, where it does.
    pub exposed_at: Option<Timestamp>,
    /// What is wrong with it all the same, though it serves; such an update is not taken back by itself, since that would lose data.
    pub ill: Option<String>,
    /// How long visitors were held back, in milliseconds; none where they were not.
    pub paused_milliseconds: Option<u64>,
}

/// What was written on one site since a snapshot: what going back with the data would lose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The site's number.
    pub blog: u64,
    /// Its address without scheme.
    pub address: String,
    /// Titles of posts and pages that were added or changed, at most twenty.
    pub posts: Vec<String>,
    /// How many there are.
    pub post_count: u64,
    /// Comments added.
    pub comments: u64,
    /// Users added (counted on the main site).
    pub users: u64,
    /// Rows added to other tables, such as form entries: table and how many.
    pub rows: Vec<(String, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_back() {
        let version = |generation| Version { release: ReleaseId::generate(), generation };
        let asked = Move { from: version(1), to: version(2), migration: Migration::Data, rollout: None, reverts: None, with_data: false, drain_seconds: 10 };
        assert_eq!(Move::of(&asked.input()), Some(asked));
        assert_eq!(Move::of(&serde_json::json!({"before": {}})), None);
    }

    #[test]
    fn more_is_asked_of_whoever_changes_more() {
        assert!(Migration::Schema > Migration::Data && Migration::Data > Migration::None);
        assert!(!Migration::None.pauses() && Migration::Data.pauses() && Migration::Schema.pauses());
    }
}
