// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The database as it is before anything changes, read back to its end. Newer than the write pause, where there is one.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{moved, not_needed};
use crate::{
    error::Result,
    fleet::backup::BackupKind,
    instances::{Context, archive},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Snapshot;

/// A revert of code alone changes no data.
fn needed(cx: &Context) -> Result<bool> {
    let asked = &moved(cx)?.asked;
    Ok(asked.reverts.is_none() || asked.with_data)
}

#[async_trait]
impl Step<Context> for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        if !needed(cx)? {
            return Ok(not_needed());
        }
        let path = archive::relative(&cx.target, cx.operation);
        Ok(match archive::find(&cx.target, &path).await? {
            Some(backup) => Observation::Present(json!({"path": backup.path, "bytes": backup.size_bytes, "at": backup.created_at})),
            None if archive::exists(&cx.target, &path).await? => Observation::Partial("an unfinished snapshot".to_owned()),
            None => Observation::Absent,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        archive::make(&cx.target, cx.operation, BackupKind::Snapshot).await?;
        archive::readable(&cx.target, &archive::relative(&cx.target, cx.operation)).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        archive::discard(&cx.target, &archive::relative(&cx.target, cx.operation)).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        !needed(cx).unwrap_or(true) || matches!(seen, Observation::Absent)
    }
}
