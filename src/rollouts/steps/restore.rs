// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A revert puts the update's snapshot back. What is there is kept as this operation's own snapshot, so that nothing is lost for good.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{beside, kept, moved, not_needed};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::OperationId,
    instances::{Context, archive},
    rollouts::evidence,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Restore;

/// The update whose snapshot is put back, where one is.
fn wanted(cx: &Context) -> Result<Option<OperationId>> {
    let asked = &moved(cx)?.asked;
    Ok(asked.reverts.filter(|_| asked.with_data))
}

#[async_trait]
impl Step<Context> for Restore {
    fn name(&self) -> &'static str {
        "restore"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let Some(update) = wanted(cx)? else { return Ok(not_needed()) };
        let tools = &cx.target.tools;
        if evidence::load::<bool>(tools, cx.operation, kept::RESTORED).await?.is_some() {
            return Ok(Observation::Present(json!({"snapshot_of": update})));
        }
        let begun = evidence::load::<bool>(tools, cx.operation, kept::RESTORING).await?;
        Ok(begun.map_or(Observation::Absent, |_| Observation::Partial("a database that may be put back in part".to_owned())))
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let Some(update) = wanted(cx)? else { return Ok(()) };
        let tools = &cx.target.tools;
        let path = archive::relative(&cx.target, update);
        if archive::find(&cx.target, &path).await?.is_none() {
            return Err(Error::outside("archive", OutsideKind::Refused, "the snapshot of that update is gone"));
        }
        evidence::save(tools, cx.operation, kept::RESTORING, &true).await?;
        archive::restore(&cx.target, &path).await?;
        evidence::save(tools, cx.operation, kept::RESTORED, &true).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let tools = &cx.target.tools;
        if evidence::load::<bool>(tools, cx.operation, kept::RESTORING).await?.is_some() {
            // The old code must not write while its data is taken away.
            beside::take_away(cx).await?;
            archive::restore(&cx.target, &archive::relative(&cx.target, cx.operation)).await?;
        }
        evidence::forget(tools, cx.operation, kept::RESTORED).await?;
        evidence::forget(tools, cx.operation, kept::RESTORING).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        wanted(cx).is_ok_and(|w| w.is_none()) || matches!(seen, Observation::Absent)
    }
}
