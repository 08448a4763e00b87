// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The secrets of the rehearsal's containers: WordPress' keys and salts as the instance has them, since data may be sealed with
//! them; a password and an agent's key of its own, so that a container of the rehearsal opens nothing of the instance's.

use async_trait::async_trait;
use serde_json::json;

use crate::{
    error::Result,
    instances::{Context, INSTANCE_SECRETS},
    rollouts::rehearsals::place::Place,
    vault,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Keys;

const OWN: [&str; 2] = ["db_password", "agent_key"];

#[async_trait]
impl Step<Context> for Keys {
    fn name(&self) -> &'static str {
        "keys"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let folder = Place::of(cx).secrets();
        let there = INSTANCE_SECRETS.iter().filter(|name| folder.join(name).is_file()).count();
        Ok(match there {
            _ if !folder.exists() => Observation::Absent,
            there if there == INSTANCE_SECRETS.len() => Observation::Present(json!({"files": there})),
            there => Observation::Partial(format!("{there} of {} secrets", INSTANCE_SECRETS.len())),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let place = Place::of(cx);
        let mut secrets = cx.target.secrets().await?;
        for name in OWN {
            secrets.insert(name.to_owned(), vault::random_secret());
        }
        vault::write_files(&place.secrets(), &secrets)
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        Place::of(cx).remove_secrets()
    }
}
