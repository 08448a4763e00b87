// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The write pause: the gateway holds visitors back with a page that says "in a moment", and requests under way come to their
//! end. Only where data changes. WordPress's own `.maintenance` would end by itself after ten minutes.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{held, moved, not_needed, now, until_idle};
use crate::{
    drivers::gateway::Target as Shown,
    error::Result,
    instances::{Context, spec},
    onboarding::steps::route,
    store,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Quiesce;

/// Whether store and gateway both hold visitors back.
pub(super) async fn is_paused(cx: &Context) -> Result<Observation> {
    if !now(cx).await?.paused {
        return Ok(Observation::Absent);
    }
    Ok(match route::observe(cx, Shown::Paused).await? {
        Observation::Absent => Observation::Partial("no route".to_owned()),
        seen => seen,
    })
}

#[async_trait]
impl Step<Context> for Quiesce {
    fn name(&self) -> &'static str {
        "quiesce"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        if !moved(cx)?.asked.pauses() {
            return Ok(not_needed());
        }
        Ok(match is_paused(cx).await? {
            Observation::Present(_) => match cx.target.tools.database.connections(&cx.target.instance.schema()).await {
                Ok(0) => Observation::Present(json!({"paused": true})),
                Ok(open) => Observation::Partial(format!("{open} requests under way")),
                Err(error) => Observation::Unknown(error.to_string()),
            },
            seen => seen,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let asked = &moved(cx)?.asked;
        store::instances::set_paused(&cx.target.tools.store, held(cx), cx.target.instance.id, true).await?;
        route::show(cx, Shown::Paused).await?;
        until_idle(&cx.target, Duration::from_secs(u64::from(asked.drain_seconds))).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let moved = moved(cx)?;
        if !moved.asked.pauses() {
            return Ok(());
        }
        route::show(cx, spec::serving(moved.from.address()?)).await?;
        store::instances::set_paused(&cx.target.tools.store, held(cx), cx.target.instance.id, false).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        // Absent: the store holds nobody back, which is written after the gateway was told.
        cx.moved.as_ref().is_some_and(|m| !m.asked.pauses()) || matches!(seen, Observation::Absent)
    }
}
