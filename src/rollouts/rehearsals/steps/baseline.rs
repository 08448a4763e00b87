// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The present release on the copy: which pages are looked at, what they give, twice, and what being looked at does to the data.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{order, side};
use crate::{
    error::{Error, OutsideKind, Result},
    instances::Context,
    rollouts::{
        evidence::{load, save},
        rehearsals::{
            album::Album,
            evidence::{self, kept},
            place::{Place, Side},
        },
    },
    workflow::{Observation, Step},
};

/// See the module.
pub struct Baseline;

#[async_trait]
impl Step<Context> for Baseline {
    fn name(&self) -> &'static str {
        "baseline"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let seen: Option<evidence::Baseline> = load(&cx.target.tools, cx.operation, kept::BASELINE).await?;
        let kept = seen.map(|seen| json!({"pages": seen.looks.0.pages.len(), "sites": seen.sites.len()}));
        side::observed(cx, Side::Old, kept).await
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, place, order) = (&cx.target.tools, Place::of(cx), order(cx)?);
        let schema = place.schema();
        let eye = side::start(cx, &order, Side::Old).await?;
        if let Err(why) = side::answers(cx, &eye, Side::Old).await? {
            let message = format!("the present release does not run on a copy of the data: {why}");
            return Err(Error::outside("wordpress", OutsideKind::Failed, message));
        }
        let before = tools.database.contents(&schema).await?;
        let pages = eye.sample(&tools.store, cx.target.instance.id, order.pages).await?;
        let first = eye.look(&pages).await?;
        let second = eye.look(&pages).await?;
        let sites = side::states(&eye.blogs().await?);
        let output = side::output(cx, Side::Old).await?;
        let contents = (before, tools.database.contents(&schema).await?);
        // The browser comes last: it asks for more than the pages.
        let (pictured, without_pictures) = Album::new(tools, cx.operation, &eye, &first).before(&first).await;
        let seen = evidence::Baseline { looks: (first, second), sites, output, pictured, without_pictures };
        save(tools, cx.operation, kept::CONTENTS, &contents).await?;
        save(tools, cx.operation, kept::BASELINE, &seen).await?;
        place.remove(Side::Old).await
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        Place::of(cx).remove(Side::Old).await?;
        evidence::discard(&cx.target.tools, cx.operation)
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        matches!(seen, Observation::Absent) && !evidence::folder(&cx.target.tools, cx.operation).exists()
    }
}
