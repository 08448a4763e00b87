// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The instance's secrets: made and sealed in the store before anything uses them, then written to the files that its container reads.

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::json;

use super::Context;
use crate::{
    error::{Error, OutsideKind, Result},
    instances::INSTANCE_SECRETS,
    store, vault,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Secrets;

#[async_trait]
impl Step<Context> for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let target = &cx.target;
        let stored = target.tools.vault.all(&target.tools.store, &target.instance.id.text()).await?;
        let folder = target.tools.settings.secrets_of(&target.instance.id.text());
        let there = INSTANCE_SECRETS
            .iter()
            .filter(|name| {
                stored.get(**name).is_some_and(|s| std::fs::read(folder.join(name)).is_ok_and(|file| file == s.expose_secret().as_bytes()))
            })
            .count();
        Ok(if there == INSTANCE_SECRETS.len() {
            Observation::Present(json!({"files": there}))
        } else if stored.is_empty() && !folder.exists() {
            Observation::Absent
        } else {
            Observation::Partial(format!("{there} of {} secrets", INSTANCE_SECRETS.len()))
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let target = &cx.target;
        vault::write_files(&target.tools.settings.secrets_of(&target.instance.id.text()), &target.secrets().await?)
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        let target = &cx.target;
        let owner = target.instance.id.text();
        let folder = target.tools.settings.secrets_of(&owner);
        match std::fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::outside("files", OutsideKind::Failed, format!("{}: {e}", folder.display())));
            }
            _ => {}
        }
        store::secrets::forget(&target.tools.store, &owner).await
    }
}
