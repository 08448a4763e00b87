// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Whether the instance serves: seen from beside it, and through the gateway as a visitor.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::{Container, Context};
use crate::{
    drivers::wordpress::Page,
    error::{Error, OutsideKind, Result},
    workflow::{Observation, Step},
};

/// Above the longest deadline that can be configured.
const MOST: Duration = Duration::from_secs(3700);
const BETWEEN: Duration = Duration::from_millis(40);

/// The front page and the agent answer, straight from the container.
pub struct PrivateHealth;
/// The front page answers through the gateway.
pub struct PublicHealth;

/// What is wrong with a front page, if anything is.
fn complaint(page: &Page) -> Option<String> {
    if page.status != 200 {
        let to = page.location.as_ref().map(|l| format!(" to {l}")).unwrap_or_default();
        Some(format!("the front page answers {}{to}", page.status))
    } else if page.broken {
        Some("the front page shows an error".to_owned())
    } else {
        None
    }
}

fn evidence(page: &Page) -> Observation {
    Observation::Present(json!({"status": page.status, "title": page.title, "language": page.language, "milliseconds": page.milliseconds}))
}

/// A look that takes no longer than this, so that a paused container is told from a store or engine that cannot be asked.
const LOOK: Duration = Duration::from_secs(10);
/// How often the engine is asked meanwhile: a paused container takes a request and never answers it.
const GLANCE: Duration = Duration::from_millis(500);

async fn bounded(cx: &Context, look: impl Future<Output = Result<Observation>>) -> Result<Observation> {
    let bounded = tokio::time::timeout(LOOK, look);
    tokio::select! {
        seen = bounded => seen.unwrap_or_else(|_| Ok(Observation::Partial(format!("no answer within {} s", LOOK.as_secs())))),
        why = disturbed(cx) => Ok(Observation::Partial(why)),
    }
}

/// Ends when the container is no longer there and running.
async fn disturbed(cx: &Context) -> String {
    loop {
        tokio::time::sleep(GLANCE).await;
        match Container.observe(cx).await {
            Ok(Observation::Absent) => return "there is no container".to_owned(),
            Ok(Observation::Partial(why)) => return why,
            Ok(_) | Err(_) => {}
        }
    }
}

async fn private(cx: &Context) -> Result<Observation> {
    bounded(cx, look_privately(cx)).await
}

async fn public(cx: &Context) -> Result<Observation> {
    bounded(cx, look_publicly(cx)).await
}

async fn look_privately(cx: &Context) -> Result<Observation> {
    let site = cx.target.site()?;
    let key = cx.target.secret("agent_key").await?;
    let ready = match cx.target.tools.wordpress.ready(&site, &key).await {
        Ok(ready) => ready,
        Err(error) => return Ok(Observation::Partial(error.to_string())),
    };
    if !ready.installed {
        return Ok(Observation::Partial("WordPress says that it is not installed".into()));
    }
    match cx.target.tools.wordpress.page(&site, "/").await {
        Ok(page) => Ok(complaint(&page).map_or_else(|| evidence(&page), Observation::Partial)),
        Err(error) => Ok(Observation::Partial(error.to_string())),
    }
}

async fn look_publicly(cx: &Context) -> Result<Observation> {
    match cx.target.tools.wordpress.public_page(&cx.target.instance.domain, "/").await {
        Ok(page) => Ok(complaint(&page).map_or_else(|| evidence(&page), Observation::Partial)),
        Err(error) => Ok(Observation::Partial(error.to_string())),
    }
}

async fn until_well<F: Future<Output = Result<Observation>>>(cx: &Context, look: impl Fn() -> F) -> Result<()> {
    let wait = cx.target.tools.settings.healthy_deadline;
    let over = tokio::time::Instant::now() + wait;
    loop {
        match look().await? {
            Observation::Present(_) => return Ok(()),
            Observation::Partial(why) if tokio::time::Instant::now() >= over => {
                return Err(Error::outside("wordpress", OutsideKind::Failed, format!("not well after {} s: {why}", wait.as_secs())));
            }
            _ => {}
        }
        // Whoever stops or pauses it meanwhile keeps it from ever becoming well.
        match Container.observe(cx).await? {
            Observation::Absent | Observation::Partial(_) => Container.apply(cx).await?,
            Observation::Foreign(what) => return Err(Error::outside("engine", OutsideKind::Refused, format!("{what} is in the way"))),
            Observation::Present(_) | Observation::Unknown(_) => {}
        }
        // Also after a start: one that ends as soon as it starts must not keep the engine busy.
        tokio::time::sleep(BETWEEN).await;
    }
}

#[async_trait]
impl Step<Context> for PrivateHealth {
    fn name(&self) -> &'static str {
        "private-health"
    }
    fn budget(&self) -> Duration {
        MOST
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        private(cx).await
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        until_well(cx, || private(cx)).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}

#[async_trait]
impl Step<Context> for PublicHealth {
    fn name(&self) -> &'static str {
        "public-health"
    }
    fn budget(&self) -> Duration {
        MOST
    }
    async fn observe(&self, cx: &Context) -> Result<Observation> {
        public(cx).await
    }
    async fn apply(&self, cx: &Context) -> Result<()> {
        // A gateway that was made anew since the route step has lost the route.
        super::route::serve(cx).await?;
        until_well(cx, || public(cx)).await
    }
    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }
    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}
