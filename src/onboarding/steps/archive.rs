// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An archive of database and uploads: the first backup at onboarding, the final one at offboarding.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::Context;
use crate::{
    error::Result,
    fleet::backup::BackupKind,
    instances::archive,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Archive(pub BackupKind);

#[async_trait]
impl Step<Context> for Archive {
    fn name(&self) -> &'static str {
        match self.0 {
            BackupKind::Final => "final-archive",
            BackupKind::Onboarding | BackupKind::Manual | BackupKind::Snapshot => "backup",
        }
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let path = archive::relative(&cx.target, cx.operation);
        Ok(match archive::find(&cx.target, &path).await? {
            Some(backup) => {
                Observation::Present(json!({"path": backup.path, "bytes": backup.size_bytes, "manifest_sha256": backup.manifest_sha256}))
            }
            None if archive::exists(&cx.target, &path).await? => Observation::Partial("an unfinished archive".into()),
            None => Observation::Absent,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        archive::make(&cx.target, cx.operation, self.0).await.map(drop)
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        archive::discard(&cx.target, &archive::relative(&cx.target, cx.operation)).await
    }
}
