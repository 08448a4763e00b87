// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The instance's container: made from its specification and running.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, is_ours, unseen};
use crate::{
    error::Result,
    fleet::container::{ContainerSpec, ContainerState, label},
    instances::spec,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Container;

/// What is seen of one that is there and does not run, and that the engine is not about to start again.
pub const STOPPED: &str = "the container stopped";

/// Whether it was made from another specification or runs another image.
fn made_otherwise(wanted: &ContainerSpec, found: &ContainerState) -> bool {
    found.labels.get(label::SPEC) != Some(&wanted.hash()) || found.image != wanted.image
}

#[async_trait]
impl Step<Context> for Container {
    fn name(&self) -> &'static str {
        "container"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let target = &cx.target;
        let wanted = spec::container(&target.tools.settings, &target.instance, &target.made().await?, target.tools.subnet)?;
        unseen(target.tools.engine.container(&wanted.name).await, |seen| match seen {
            None => Observation::Absent,
            Some(found) if !is_ours(cx, &found.labels) => Observation::Foreign(format!("container {}", wanted.name)),
            Some(found) if made_otherwise(&wanted, &found) => Observation::Partial("a container made from another specification".into()),
            Some(found) if found.paused => Observation::Partial("the container paused".into()),
            Some(found) if found.restarting => Observation::Partial("the container dying and started again".into()),
            Some(found) if !found.running => Observation::Partial(STOPPED.into()),
            Some(found) if !spec::at_home(&wanted, &found) => Observation::Partial("the container away from its address".into()),
            Some(found) => {
                Observation::Present(json!({"container": found.name, "id": found.id, "image": found.image, "address": found.address}))
            }
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let target = &cx.target;
        let engine = &target.tools.engine;
        let wanted = spec::container(&target.tools.settings, &target.instance, &target.made().await?, target.tools.subnet)?;
        if let Some(found) = engine.container(&wanted.name).await?
            && is_ours(cx, &found.labels)
            && (made_otherwise(&wanted, &found) || found.running && !spec::at_home(&wanted, &found))
        {
            engine.stop_container(&wanted.name, wanted.stop_grace_seconds).await?;
            engine.remove_container(&wanted.name).await?;
        }
        engine.create_container(&wanted).await?;
        engine.start_container(&wanted.name).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        cx.target.tools.engine.remove_container(&cx.target.container()).await
    }
}
