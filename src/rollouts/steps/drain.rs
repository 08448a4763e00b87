// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The old container ends its requests and is stopped. It is kept, so that going back is a matter of seconds.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{beside, moved};
use crate::{
    error::Result,
    instances::Context,
    onboarding::steps::{Container, is_ours, unseen},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Drain;

/// Between the gateway's look-up of an address and its request to it.
const SETTLE: Duration = Duration::from_millis(500);

#[async_trait]
impl Step<Context> for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(3700)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let name = moved(cx)?.from.container();
        unseen(cx.target.tools.engine.container(&name).await, |seen| match seen {
            Some(found) if !is_ours(cx, &found.labels) => Observation::Present(json!({"kept": null})),
            Some(found) if found.running => Observation::Absent,
            Some(_) => Observation::Present(json!({"kept": name})),
            None => Observation::Present(json!({"kept": null})),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let moved = moved(cx)?;
        let (engine, name) = (&cx.target.tools.engine, moved.from.container());
        tokio::time::sleep(SETTLE).await;
        if engine.container(&name).await?.is_some_and(|found| found.paused) {
            engine.start_container(&name).await?;
        }
        engine.stop_container(&name, moved.asked.drain_seconds).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let from = &moved(cx)?.from;
        Container.apply(&cx.at(from)).await?;
        beside::until_ready(from).await
    }

    fn is_undone(&self, _: &Context, seen: &Observation) -> bool {
        matches!(seen, Observation::Absent)
    }
}
