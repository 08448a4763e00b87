// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The rehearsal's network: the host reaches what is on it, and that reaches nobody.

use async_trait::async_trait;
use serde_json::json;

use super::unseen;
use crate::{
    error::Result,
    instances::Context,
    rollouts::rehearsals::place::Place,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Network;

#[async_trait]
impl Step<Context> for Network {
    fn name(&self) -> &'static str {
        "sealed-network"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let place = Place::of(cx);
        unseen(cx.target.tools.engine.network(&place.network()).await, |seen| match seen {
            None => Observation::Absent,
            Some(found) if !place.is_ours(&found.labels) => Observation::Foreign(format!("network {}", found.name)),
            Some(found) if !found.sealed => Observation::Partial("a network with a way out".to_owned()),
            Some(found) => Observation::Present(json!({"network": found.name, "subnets": found.subnets})),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let place = Place::of(cx);
        if let Some(found) = cx.target.tools.engine.network(&place.network()).await?
            && place.is_ours(&found.labels)
        {
            place.remove_network().await?;
        }
        cx.target.tools.engine.create_network(&place.network_spec().await?).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        Place::of(cx).remove_network().await
    }
}
