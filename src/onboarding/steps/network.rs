// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The fleet's network. It is shared, so this step only sees to it that it is there, and never removes it.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, unseen};
use crate::{
    error::Result,
    platform,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Network;

#[async_trait]
impl Step<Context> for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let tools = &cx.target.tools;
        let address = cx.target.address()?;
        unseen(platform::network::observe(tools).await, |seen| match seen {
            platform::network::Seen::Right => Observation::Present(json!({"network": tools.settings.network(), "address": address})),
            platform::network::Seen::Absent => Observation::Absent,
            platform::network::Seen::Wrong(what) => Observation::Foreign(what),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        platform::network::ensure(&cx.target.tools).await
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}
