// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The new container, started beside the one that serves, at the slot's other address. No page is asked for yet.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{moved, or_the_ground};
use crate::{
    drivers::wordpress::Readiness,
    error::{Error, OutsideKind, Result},
    instances::{Context, Target},
    onboarding::steps::{Container, STOPPED, is_ours},
    workflow::{Observation, Step},
};

/// See the module.
pub struct Beside;

/// Above the longest deadline that can be configured.
const MOST: Duration = Duration::from_secs(3700);
const BETWEEN: Duration = Duration::from_millis(50);
/// So long the agent may take to answer once; a paused container never does.
const LOOK: Duration = Duration::from_secs(10);

async fn ready(to: &Target) -> Result<Readiness> {
    let (site, key) = (to.site()?, to.secret("agent_key").await?);
    match tokio::time::timeout(LOOK, to.tools.wordpress.ready(&site, &key)).await {
        Ok(answer) => answer,
        Err(_) => Err(Error::outside("wordpress", OutsideKind::Unreachable, format!("no answer within {} s", LOOK.as_secs()))),
    }
}

/// What keeps the container from being taken for started.
async fn complaint(cx: &Context) -> Result<Option<String>> {
    Ok(match ready(&moved(cx)?.to).await {
        Err(error) => Some(error.to_string()),
        Ok(ready) if !ready.installed => Some("WordPress says that it is not installed".to_owned()),
        Ok(ready) => changes_too_much(cx, &ready)?,
    })
}

/// Waits until a container answers.
pub(super) async fn until_ready(target: &Target) -> Result<()> {
    let wait = target.tools.settings.healthy_deadline;
    let over = Instant::now() + wait;
    loop {
        let why = match ready(target).await {
            Ok(ready) if ready.installed => return Ok(()),
            Ok(_) => "WordPress says that it is not installed".to_owned(),
            Err(error) => error.to_string(),
        };
        if Instant::now() >= over {
            // The release's: other systems say so themselves.
            return Err(Error::outside("release", OutsideKind::Refused, format!("it does not answer after {} s: {why}", wait.as_secs())));
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

/// Starts a container that was stopped from outside, as all are when the engine ends: while an operation works on the instance,
/// the keeper leaves it alone. Gives whether it had to be started.
pub(super) async fn start_again(cx: &Context, target: &Target) -> Result<bool> {
    if !stopped(cx, target).await? {
        return Ok(false);
    }
    Container.apply(&cx.at(target)).await?;
    until_ready(target).await?;
    Ok(true)
}

/// Whether its container is there, and was stopped from outside.
pub(super) async fn stopped(cx: &Context, target: &Target) -> Result<bool> {
    let found = target.tools.engine.container(&target.container()).await?;
    Ok(found.is_some_and(|found| is_ours(cx, &found.labels) && found.was_stopped()))
}

/// A release that was rehearsed as changing nothing must not want other tables.
fn changes_too_much(cx: &Context, ready: &Readiness) -> Result<Option<String>> {
    let asked = &moved(cx)?.asked;
    if asked.reverts.is_some() || asked.migration.pauses() {
        return Ok(None);
    }
    Ok(match (ready.db_version, ready.wanted_db_version) {
        (Some(there), Some(wanted)) if there != wanted => {
            Some(format!("its code wants tables of version {wanted}, which are at {there}: rehearse it again, it changes the schema"))
        }
        _ => None,
    })
}

/// Nothing of the container that was to serve runs any more. One that an update has kept for going back is kept on.
pub(super) async fn take_away(cx: &Context) -> Result<()> {
    let moved = moved(cx)?;
    let cx = cx.at(&moved.to);
    if moved.asked.reverts.is_none() {
        return Container.undo(&cx).await;
    }
    match Container.observe(&cx).await? {
        Observation::Absent | Observation::Foreign(_) => Ok(()),
        Observation::Unknown(why) => Err(Error::outside("engine", OutsideKind::Unreachable, why)),
        _ => cx.target.tools.engine.stop_container(&cx.target.container(), moved.asked.drain_seconds).await,
    }
}

#[async_trait]
impl Step<Context> for Beside {
    fn name(&self) -> &'static str {
        "start"
    }

    fn budget(&self) -> Duration {
        MOST
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        let seen = Container.observe(&cx.at(&moved(cx)?.to)).await?;
        Ok(match seen {
            Observation::Present(what) => match complaint(cx).await? {
                None => Observation::Present(what),
                Some(why) => Observation::Partial(why),
            },
            other => other,
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let to = &moved(cx)?.to;
        let begun = Instant::now();
        Container.apply(&cx.at(to)).await?;
        if let Err(error) = until_ready(to).await {
            return Err(or_the_ground(cx, to, begun, error).await);
        }
        match changes_too_much(cx, &ready(to).await?)? {
            None => Ok(()),
            Some(why) => Err(Error::outside("release", OutsideKind::Refused, why)),
        }
    }

    async fn undo(&self, cx: &Context) -> Result<()> {
        take_away(cx).await
    }

    fn is_undone(&self, cx: &Context, seen: &Observation) -> bool {
        let kept = cx.moved.as_ref().is_some_and(|m| m.asked.reverts.is_some());
        matches!(seen, Observation::Absent) || kept && matches!(seen, Observation::Partial(what) if what == STOPPED)
    }
}
