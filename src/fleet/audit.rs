// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who did what: the lines of the append-only audit log.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, MunicipalityId, instance::text_enum};

/// Identifies a line of the audit log.
pub type AuditId = Id<AuditEntry>;

/// One line of the audit log; never changed once written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// Who: a log-in name, or `system`, or `anonymous`.
    pub actor: String,
    /// What, as noun and verb: `municipality.onboard`, `session.create`.
    pub action: String,
    /// On what: a slug, a log-in name, a release's name.
    pub target: String,
    /// Which municipality it concerns, where it concerns one.
    pub municipality: Option<MunicipalityId>,
    /// From which address; empty for what the control plane does by itself.
    pub address: String,
    /// What came of it.
    pub result: AuditResult,
    /// More, as data, without secrets.
    pub detail: serde_json::Value,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    /// It was done, or work on it has begun.
    Done,
    /// It was refused: wrong input, wrong password, not allowed.
    Refused,
    /// It was allowed but did not succeed.
    Failed,
}

text_enum!(AuditResult, "result", [AuditResult::Done => "done", AuditResult::Refused => "refused", AuditResult::Failed => "failed"]);
