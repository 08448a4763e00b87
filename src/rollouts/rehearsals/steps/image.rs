// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The image that is tried: where the municipality has an overlay, it is built now, unless somebody needed it before.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{order, unseen};
use crate::{
    error::Result,
    instances::Context,
    releases::overlay::derived,
    store,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Image;

#[async_trait]
impl Step<Context> for Image {
    fn name(&self) -> &'static str {
        "image"
    }

    /// Another build may go before.
    fn budget(&self) -> Duration {
        Duration::from_secs(2 * 3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let tools = &cx.target.tools;
        let release = store::releases::get(&tools.store, order(cx)?.release).await?;
        unseen(derived::is_made(tools, &release).await, |made| {
            if made { Observation::Present(json!({ "release": release.name })) } else { Observation::Absent }
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        derived::made(&cx.target.tools, order(cx)?.release).await.map(drop)
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        // It is not this rehearsal's alone; what nothing needs is removed by itself.
        true
    }
}
