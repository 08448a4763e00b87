// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The new container's pages, looked at privately and compared with what the instance served before. It warms the container too.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::{beside, kept, moved, or_the_ground};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        evidence::{Level, Look, Sampled, Verdict},
        update::Migration,
    },
    instances::Context,
    rollouts::{
        compare, evidence,
        pages::{self, Eye},
    },
    workflow::{Observation, Step},
};

/// See the module.
pub struct Verify;

async fn verdict(cx: &Context) -> Result<Option<Verdict>> {
    let tools = &cx.target.tools;
    let before: Option<Look> = evidence::load(tools, cx.operation, kept::BEFORE).await?;
    let after: Option<Look> = evidence::load(tools, cx.operation, kept::AFTER).await?;
    Ok(before.zip(after).map(|(before, after)| compare::compare(&before, &after)))
}

/// Looks, and keeps what was seen.
async fn looked_at(cx: &Context) -> Result<()> {
    let (tools, to) = (&cx.target.tools, &moved(cx)?.to);
    beside::start_again(cx, to).await?;
    let pages: Vec<Sampled> = evidence::load(tools, cx.operation, kept::PAGES).await?.unwrap_or_default();
    // The first look fills the caches; only the second is judged.
    pages::look(to, &pages).await?;
    let mut look = pages::look(to, &pages).await?;
    if let Some(before) = evidence::load(tools, cx.operation, kept::BEFORE).await? {
        pages::again(to, &before, &mut look).await?;
        let moved = moved(cx)?;
        if compare::compare(&before, &look).may_be_well() && moved.asked.migration == Migration::None && moved.asked.reverts.is_none() {
            // The container before still serves; over data that was migrated it must not be asked.
            pages::in_turn(&Eye::on(&moved.from).await?, &Eye::on(to).await?, &before, &mut look).await;
        }
    }
    evidence::save(tools, cx.operation, kept::AFTER, &look).await?;
    match verdict(cx).await? {
        Some(verdict) if verdict.level == Level::Fail => Err(Error::outside("release", OutsideKind::Refused, verdict.summary())),
        _ => Ok(()),
    }
}

#[async_trait]
impl Step<Context> for Verify {
    fn name(&self) -> &'static str {
        "verify"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        Ok(match verdict(cx).await? {
            None => Observation::Absent,
            Some(verdict) if verdict.level == Level::Fail => Observation::Partial(verdict.summary()),
            Some(verdict) => Observation::Present(json!({"level": verdict.level, "summary": verdict.summary()})),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let begun = Instant::now();
        match looked_at(cx).await {
            Ok(()) => Ok(()),
            Err(error) => Err(or_the_ground(cx, &moved(cx)?.to, begun, error).await),
        }
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        // What was seen is kept as the reason.
        true
    }
}
