// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What was saved of an instance.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupId, InstanceId, MunicipalityId, Slug, instance::text_enum};

/// One archive of an instance's database and uploads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its id.
    pub id: BackupId,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// The municipality's slug, kept after the municipality is gone.
    pub slug: Slug,
    /// Of which instance.
    pub instance: InstanceId,
    /// Why it was made.
    pub kind: BackupKind,
    /// Where it lies, relative to the archive folder of the fleet's home.
    pub path: String,
    /// Bytes of all its files.
    pub size_bytes: i64,
    /// SHA-256 of its manifest, in hex.
    pub manifest_sha256: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a restore of it was last proved.
    pub verified_at: Option<Timestamp>,
}

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackupKind {
    /// The first one, at onboarding.
    Onboarding,
    /// The last one, at offboarding.
    Final,
    /// Asked for by a person.
    Manual,
    /// Taken by an update before anything is switched: the database alone.
    Snapshot,
}

text_enum!(BackupKind, "backup-kind", [BackupKind::Onboarding => "onboarding", BackupKind::Final => "final", BackupKind::Manual => "manual", BackupKind::Snapshot => "snapshot"]);
