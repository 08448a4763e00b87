// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Proves that the archive of this operation can be restored.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Context, unseen};
use crate::{
    error::{Error, Result},
    instances::archive,
    workflow::{Observation, Step},
};

/// See the module.
pub struct RestoreCheck;

#[async_trait]
impl Step<Context> for RestoreCheck {
    fn name(&self) -> &'static str {
        "restore-check"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let found = archive::find(&cx.target, &archive::relative(&cx.target, cx.operation)).await?;
        let scratch = cx.target.tools.database.schema(&archive::scratch(&cx.target)).await;
        unseen(scratch, |scratch| match found.and_then(|backup| backup.verified_at) {
            _ if scratch.schema || scratch.user => Observation::Partial("the schema of an unfinished check".into()),
            Some(at) => Observation::Present(json!({"verified_at": at.to_string()})),
            None => Observation::Absent,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let found = archive::find(&cx.target, &archive::relative(&cx.target, cx.operation)).await?;
        archive::prove(&cx.target, &found.ok_or_else(|| Error::not_found("the archive to check"))?).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        cx.target.tools.database.drop_schema(&archive::scratch(&cx.target)).await
    }

    fn is_undone(&self, _: &Context, seen: &Observation) -> bool {
        // That an archive was proved is nothing to take back; the archive itself goes with its own step.
        matches!(seen, Observation::Absent | Observation::Present(_))
    }
}
