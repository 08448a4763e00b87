// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Everything that was made for the rehearsal goes.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::unseen;
use crate::{
    error::Result,
    instances::Context,
    rollouts::rehearsals::place::{Place, Side},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Clear;

#[async_trait]
impl Step<Context> for Clear {
    fn name(&self) -> &'static str {
        "clear"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(300)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        unseen(left(cx).await, |left| if left { Observation::Absent } else { Observation::Present(json!({"removed": "all"})) })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let place = Place::of(cx);
        place.remove(Side::Old).await?;
        place.remove(Side::New).await?;
        place.remove_network().await?;
        cx.target.tools.database.drop_schema(&place.schema()).await?;
        place.remove_secrets()
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}

/// Whether anything is left.
async fn left(cx: &Context) -> Result<bool> {
    let (place, tools) = (Place::of(cx), &cx.target.tools);
    for side in [Side::Old, Side::New] {
        let found = tools.engine.container(&place.container(side)).await?;
        if found.is_some_and(|found| place.is_ours(&found.labels)) {
            return Ok(true);
        }
    }
    let network = tools.engine.network(&place.network()).await?;
    let there = tools.database.schema(&place.schema()).await?;
    Ok(network.is_some_and(|found| place.is_ours(&found.labels)) || there.schema || there.user || place.secrets().exists())
}
