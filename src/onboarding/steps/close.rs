// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The gateway shows the page for suspended sites in place of the instance.

use async_trait::async_trait;

use super::{Context, route};
use crate::{
    drivers::gateway::Target,
    error::Result,
    fleet::Desired,
    workflow::{Observation, Step},
};

/// See the module.
pub struct Close;

/// Whether it was suspended before, so that there is nothing to go back to.
pub(super) fn suspended(cx: &Context) -> bool {
    cx.target.instance.desired == Desired::Suspended
}

#[async_trait]
impl Step<Context> for Close {
    fn name(&self) -> &'static str {
        "close"
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        route::observe(cx, Target::Suspended).await
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        route::show(cx, Target::Suspended).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        if suspended(cx) { Ok(()) } else { route::serve(cx).await }
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        // Seen from here, a route to the instance is "a route to something else".
        suspended(cx) || matches!(seen, Observation::Partial(_))
    }
}
