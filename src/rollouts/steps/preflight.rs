// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Before anything is touched: the image is there, there is room, and what the instance serves now is looked at, so that it is
//! compared with itself later.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::{beside, kept, moved, or_the_ground, server_stood};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::evidence::{Look, Sampled},
    instances::{Context, Target, archive},
    onboarding::steps::Container,
    releases::overlay::derived,
    rollouts::{compare, evidence, pages},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Preflight;

/// What must be free: the snapshot, which is packed, is smaller than the schema. Beyond the fleet's reserve, unless archives have
/// a disk of their own.
async fn room(target: &Target) -> Result<()> {
    let tools = &target.tools;
    let needs = tools.database.schema(&target.instance.schema()).await?.bytes;
    let reserve = tools.settings.reserved_disk_mib << 20;
    let refuse = |message| Err(Error::outside("files", OutsideKind::Refused, message));
    let (place, there) = archive::room(tools).await?;
    if there < needs {
        let (there, needs) = (there >> 20, mib(needs));
        return refuse(format!(
            "no room for a snapshot in {}: {there} MiB are free, {needs} MiB are needed; make room there",
            place.display()
        ));
    }
    let free = tools.engine.free_disk_bytes().await?;
    if free < needs.saturating_add(reserve) {
        let (free, needs, reserve) = (free >> 20, mib(needs), mib(reserve));
        return refuse(format!(
            "no room for a snapshot: {free} MiB of disk are free, {needs} MiB are needed besides the reserve of {reserve} MiB; \
             make room, or set network.reserved_disk_mib"
        ));
    }
    Ok(())
}

/// So many MiB hold it.
fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

/// The image is there; one with an overlay is built now, unless a rehearsal did that.
async fn image(target: &Target) -> Result<()> {
    let release = &derived::made(&target.tools, target.release.id).await?;
    if target.tools.engine.image(&release.image_id).await?.is_some() {
        return Ok(());
    }
    let message = format!("the image of release `{}` is gone; register or build it again", release.name);
    Err(Error::outside("engine", OutsideKind::Refused, message))
}

#[async_trait]
impl Step<Context> for Preflight {
    fn name(&self) -> &'static str {
        "preflight"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let seen: Option<Look> = evidence::load(&cx.target.tools, cx.operation, kept::BEFORE).await?;
        Ok(seen.map_or(Observation::Absent, |look| {
            let ill = look.pages.iter().filter(|p| !compare::is_well(p)).count();
            Observation::Present(json!({"pages": look.pages.len(), "ill": ill}))
        }))
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (tools, moved) = (&cx.target.tools, moved(cx)?);
        image(&moved.to).await?;
        room(&moved.from).await?;
        if let Some(update) = moved.asked.reverts {
            // Where it goes back to is known already.
            let pages: Option<Vec<Sampled>> = evidence::load(tools, update, kept::PAGES).await?;
            let before: Option<Look> = evidence::load(tools, update, kept::BEFORE).await?;
            evidence::save(tools, cx.operation, kept::PAGES, &pages.unwrap_or_default()).await?;
            return evidence::save(tools, cx.operation, kept::BEFORE, &before.unwrap_or_default()).await;
        }
        let begun = Instant::now();
        if let Err(error) = beside::start_again(cx, &moved.from).await {
            // It runs the release that is left, so that it is not the new one's doing.
            return Err(match or_the_ground(cx, &moved.from, begun, error).await {
                Error::Outside { system: "release", kind, message } => Error::outside("instance", kind, message),
                other => other,
            });
        }
        match Container.observe(&cx.at(&moved.from)).await? {
            Observation::Present(_) => {}
            Observation::Unknown(why) => return Err(Error::outside("engine", OutsideKind::Unreachable, why)),
            Observation::Absent => {
                return Err(Error::outside("instance", OutsideKind::Refused, "it has no container; let it be repaired first"));
            }
            Observation::Partial(why) | Observation::Foreign(why) => {
                return Err(Error::outside("instance", OutsideKind::Refused, format!("it has {why}; let it be repaired first")));
            }
        }
        let pages = pages::sample(&moved.from).await?;
        let begun = Instant::now();
        // Twice: the first look wakes it, so that its times are those of a site that is in use.
        pages::look(&moved.from, &pages).await?;
        let look = pages::look(&moved.from, &pages).await?;
        if look.pages.iter().any(|p| !compare::is_well(p)) {
            // Ill for that moment is not ill before, which would excuse whatever the release does.
            server_stood(&moved.from, begun).await?;
        }
        evidence::save(tools, cx.operation, kept::PAGES, &pages).await?;
        evidence::save(tools, cx.operation, kept::BEFORE, &look).await
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        // What was seen is kept: it says why the update went no further.
        true
    }
}
