// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The instance's uploads volume.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, is_ours, unseen};
use crate::{
    error::Result,
    fleet::container::VolumeState,
    instances::spec,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Volume;

#[async_trait]
impl Step<Context> for Volume {
    fn name(&self) -> &'static str {
        "volume"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let name = cx.target.tools.settings.uploads(&cx.target.instance);
        unseen(cx.target.tools.engine.volume(&name).await, |seen| match seen {
            None => Observation::Absent,
            Some(volume) if is_ours(cx, &volume.labels) => Observation::Present(json!({"volume": name})),
            Some(_) => Observation::Foreign(format!("volume {name}")),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let settings = &cx.target.tools.settings;
        let labels = spec::labels(settings, &cx.target.instance, "instance");
        cx.target.tools.engine.create_volume(&VolumeState { name: settings.uploads(&cx.target.instance), labels }).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        cx.target.tools.engine.remove_volume(&cx.target.tools.settings.uploads(&cx.target.instance)).await
    }
}
