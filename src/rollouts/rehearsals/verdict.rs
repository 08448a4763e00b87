// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal that has ended says, read from its journal.

use serde::Deserialize;

use crate::{
    error::Result,
    fleet::{EventKind, Operation, OperationEvent, evidence::Level, update::Migration},
    instances::Tools,
    releases::overlay::derived,
    store::operations,
};

/// What a rehearsal found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rehearsed {
    /// What the release does to the instance's data.
    pub migration: Migration,
    /// Whether it works there.
    pub level: Level,
    /// The gravest that differs, for people.
    #[serde(default)]
    pub summary: String,
    /// Whether the municipality's own overlay is to blame, which does not go with the release: nothing was tried then.
    #[serde(skip)]
    pub own: bool,
}

/// What a rehearsal found; none where it could not be done.
///
/// # Errors
/// When the store fails.
pub async fn read(tools: &Tools, operation: &Operation) -> Result<Option<Rehearsed>> {
    let events = operations::events_after(&tools.store, operation.id, 0).await?;
    Ok(events.iter().rev().find_map(|e| Rehearsed::deserialize(&e.evidence).ok()).or_else(|| own(&events)))
}

/// An overlay that cannot be put on the release is a finding too.
fn own(events: &[OperationEvent]) -> Option<Rehearsed> {
    let last = events.iter().rev().find(|e| e.kind == EventKind::Failed)?;
    let said = |summary: String| Rehearsed { migration: Migration::Schema, level: Level::Fail, summary, own: true };
    (last.evidence["system"] == derived::SYSTEM).then(|| said(last.message.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verdict_is_read_from_what_a_rehearsal_leaves() {
        let said = Rehearsed::deserialize(&json!({"migration": "data", "level": "warn", "summary": "a title", "release": "x"})).unwrap();
        assert_eq!(said, Rehearsed { migration: Migration::Data, level: Level::Warn, summary: "a title".into(), own: false });
        assert!(Rehearsed::deserialize(&json!({"pages": 4, "migration": "none"})).is_err(), "an earlier step's evidence is no verdict");
    }
}
