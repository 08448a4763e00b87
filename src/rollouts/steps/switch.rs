// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The new container takes over: first in the store, then at the gateway. From here on the new release is public.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{beside, held, is_at, moved, now, until_idle};
use crate::{
    drivers::gateway::Target as Shown,
    error::Result,
    fleet::backup::BackupKind,
    instances::{Context, archive, spec},
    onboarding::steps::{Container, route},
    store,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Switch;

/// Where what was written between the switch and its undoing is kept, before the data goes back.
fn lost_and_found(cx: &Context) -> String {
    format!("{}-written-meanwhile", archive::relative(&cx.target, cx.operation))
}

#[async_trait]
impl Step<Context> for Switch {
    fn name(&self) -> &'static str {
        "switch"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let moved = moved(cx)?;
        let instance = now(cx).await?;
        if !is_at(&instance, moved.asked.to) {
            return Ok(Observation::Absent);
        }
        if instance.paused {
            return Ok(Observation::Partial("visitors held back".to_owned()));
        }
        Ok(match route::observe(cx, spec::serving(moved.to.address()?)).await? {
            Observation::Present(_) => {
                Observation::Present(json!({"release": moved.to.release.name, "generation": moved.asked.to.generation}))
            }
            Observation::Absent => Observation::Partial("no route".to_owned()),
            other => other,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let moved = moved(cx)?;
        let id = cx.target.instance.id;
        // Nobody is led to one that no longer runs.
        beside::start_again(cx, &moved.to).await?;
        store::instances::switch(&cx.target.tools.store, held(cx), id, moved.asked.from, moved.asked.to, false).await?;
        route::show(cx, spec::serving(moved.to.address()?)).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let (tools, moved) = (&cx.target.tools, moved(cx)?);
        let (id, asked) = (cx.target.instance.id, &moved.asked);
        let pauses = asked.pauses();
        Container.apply(&cx.at(&moved.from)).await?;
        beside::until_ready(&moved.from).await?;
        if pauses {
            store::instances::set_paused(&tools.store, held(cx), id, true).await?;
            route::show(cx, Shown::Paused).await?;
            until_idle(&cx.target, Duration::from_secs(u64::from(asked.drain_seconds))).await?;
            let path = lost_and_found(cx);
            if archive::find(&cx.target, &path).await?.is_none() {
                archive::make_at(&cx.target, path, BackupKind::Snapshot).await?;
            }
        } else {
            route::show(cx, spec::serving(moved.from.address()?)).await?;
        }
        store::instances::switch(&tools.store, held(cx), id, asked.to, asked.from, pauses).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        // The store is written last on the way back, so that it says so only when the gateway does too.
        matches!(seen, Observation::Absent) && cx.moved.is_some()
    }
}
