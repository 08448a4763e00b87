// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Waits until fewer rehearsals than may be are under way: those that have had their turn, and those that were asked for before.

use async_trait::async_trait;
use serde_json::json;

use crate::{
    error::Result,
    fleet::OperationKind,
    instances::Context,
    store::operations,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Turn;

const NAME: &str = "turn";

#[async_trait]
impl Step<Context> for Turn {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let live = operations::live_of(&cx.target.tools.store, OperationKind::Rehearse).await?;
        let waits = |step: &str| step.is_empty() || step == NAME;
        let ahead = live.iter().filter(|other| other.id != cx.operation && (!waits(&other.step) || other.id < cx.operation)).count();
        let most = usize::try_from(cx.target.tools.settings.rehearsals.at_once).unwrap_or(usize::MAX);
        Ok(if ahead < most {
            Observation::Present(json!({"others": ahead}))
        } else {
            Observation::Unknown("it waits for its turn: as many rehearsals as may be are under way".to_owned())
        })
    }

    async fn apply(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}
