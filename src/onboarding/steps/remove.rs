// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The steps that take an instance away, once its final archive was proved. None is ever undone.

use async_trait::async_trait;
use serde_json::json;

use super::{Context, is_ours, unseen};
use crate::{
    error::Result,
    fleet::Backup,
    instances::archive,
    store,
    workflow::{Observation, Step},
};

/// The gateway forgets its host names.
pub struct Unroute;
/// Its container goes.
pub struct RemoveContainer;
/// Its uploads go.
pub struct RemoveVolume;
/// Its schema and user go.
pub struct DropSchema;
/// Its earlier archives go, unless they were asked to be kept; the final one, which was proved, stays.
pub struct ForgetBackups;
/// Its secrets go, from the files and the store.
pub struct ForgetSecrets;

/// What a removal sees: `Present` means removed.
fn gone(there: bool, what: &str) -> Observation {
    if there { Observation::Absent } else { Observation::Present(json!({"removed": what})) }
}

#[async_trait]
impl Step<Context> for Unroute {
    fn name(&self) -> &'static str {
        "unroute"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        unseen(cx.target.tools.gateway.routes().await, |routes| gone(routes.iter().any(|r| r.instance == cx.target.instance.id), "route"))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        super::route::forget(cx).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Step<Context> for RemoveContainer {
    fn name(&self) -> &'static str {
        "remove-container"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let name = cx.target.container();
        unseen(cx.target.containers().await, |seen| gone(!seen.is_empty(), &name))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        for container in cx.target.containers().await? {
            cx.target.tools.engine.remove_container(&container.name).await?;
        }
        Ok(())
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Step<Context> for RemoveVolume {
    fn name(&self) -> &'static str {
        "remove-volume"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let name = cx.target.tools.settings.uploads(&cx.target.instance);
        unseen(cx.target.tools.engine.volume(&name).await, |seen| gone(seen.is_some_and(|found| is_ours(cx, &found.labels)), &name))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        cx.target.tools.engine.remove_volume(&cx.target.tools.settings.uploads(&cx.target.instance)).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Step<Context> for DropSchema {
    fn name(&self) -> &'static str {
        "drop-schema"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let schema = cx.target.instance.schema();
        unseen(cx.target.tools.database.schema(&schema).await, |seen| gone(seen.schema || seen.user, &schema))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        cx.target.tools.database.drop_schema(&cx.target.instance.schema()).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

/// The archives that are to go.
async fn earlier(cx: &Context) -> Result<Vec<Backup>> {
    if cx.input.get("keep_backups").and_then(serde_json::Value::as_bool) != Some(false) {
        return Ok(Vec::new());
    }
    let last = archive::relative(&cx.target, cx.operation);
    let all = store::backups::of(&cx.target.tools.store, cx.target.instance.id).await?;
    Ok(all.into_iter().filter(|backup| backup.path != last).collect())
}

#[async_trait]
impl Step<Context> for ForgetBackups {
    fn name(&self) -> &'static str {
        "forget-backups"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        Ok(gone(!earlier(cx).await?.is_empty(), "earlier backups"))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        for backup in earlier(cx).await? {
            archive::remove(&cx.target, &backup.path).await?;
        }
        Ok(())
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Step<Context> for ForgetSecrets {
    fn name(&self) -> &'static str {
        "forget-secrets"
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        Ok(gone(super::Secrets.observe(cx).await? != Observation::Absent, "secrets"))
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        super::Secrets.undo(cx).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}
