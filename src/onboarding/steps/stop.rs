// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The instance's container is stopped, after finishing its requests. It stays, and so does everything in it.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Context, is_ours, unseen};
use crate::{
    error::Result,
    workflow::{Observation, Step},
};

const GRACE_SECONDS: u32 = 30;

/// See the module.
pub struct Stop;

#[async_trait]
impl Step<Context> for Stop {
    fn name(&self) -> &'static str {
        "stop"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(u64::from(GRACE_SECONDS) + 30)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let name = cx.target.container();
        unseen(cx.target.tools.engine.container(&name).await, |seen| match seen {
            Some(found) if !is_ours(cx, &found.labels) => Observation::Foreign(format!("container {name}")),
            Some(found) if found.running => Observation::Absent,
            Some(_) => Observation::Present(json!({"container": name})),
            None => Observation::Present(json!({"container": null})),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (engine, name) = (&cx.target.tools.engine, cx.target.container());
        if engine.container(&name).await?.is_some_and(|found| found.paused) {
            engine.start_container(&name).await?;
        }
        engine.stop_container(&name, GRACE_SECONDS).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        if super::close::suspended(cx) { Ok(()) } else { super::Container.apply(cx).await }
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        super::close::suspended(cx) || matches!(seen, Observation::Absent)
    }
}
