// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Before a repair: schema and uploads are there. Where one is gone, nothing is made in its place, since that would hide the loss.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, is_ours};
use crate::{
    error::{Error, OutsideKind, Result},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Intact;

async fn missing(cx: &Context) -> Result<Option<&'static str>> {
    let tools = &cx.target.tools;
    let volume = tools.engine.volume(&tools.settings.uploads(&cx.target.instance)).await?;
    if !volume.is_some_and(|v| is_ours(cx, &v.labels)) {
        return Ok(Some("its uploads volume is gone"));
    }
    let schema = tools.database.schema(&cx.target.instance.schema()).await?;
    Ok((!schema.schema || schema.tables == 0).then_some("its database schema is gone"))
}

#[async_trait]
impl Step<Context> for Intact {
    fn name(&self) -> &'static str {
        "intact"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        super::unseen(missing(cx).await, |missing| missing.map_or(Observation::Present(json!({})), |_| Observation::Absent))
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        match missing(cx).await? {
            None => Ok(()),
            Some(what) => Err(Error::outside("instance", OutsideKind::Refused, format!("{what}; restore it from a backup"))),
        }
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}
