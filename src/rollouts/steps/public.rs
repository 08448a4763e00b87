// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The sites' front pages, through the gateway, as visitors see them now.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;

use super::{beside, kept, moved, or_the_ground};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::evidence::{Look, Sampled},
    instances::Context,
    rollouts::{compare, evidence},
    workflow::{Observation, Step},
};

/// See the module.
pub struct PublicCheck;

/// How long the gateway may take to show what it was told.
const WAIT: Duration = Duration::from_secs(15);
const BETWEEN: Duration = Duration::from_millis(200);

/// What is wrong with a front page that was well before; none where all are well.
async fn complaint(cx: &Context) -> Result<Option<String>> {
    let tools = &cx.target.tools;
    let before: Look = evidence::load(tools, cx.operation, kept::BEFORE).await?.unwrap_or_default();
    let well = |page: &Sampled| before.pages.iter().any(|p| p.page == *page && compare::is_well(p));
    let all: Vec<Sampled> = evidence::load(tools, cx.operation, kept::PAGES).await?.unwrap_or_default();
    for page in all.into_iter().filter(|p| p.kind == "home" && well(p)) {
        let Ok(domain) = page.host.parse() else { continue };
        let what = match tools.wordpress.public_page(&domain, &page.path).await {
            Ok(seen) if !seen.broken && seen.status < 500 => continue,
            Ok(seen) => format!("answers {}", seen.status),
            Err(error) => format!("does not answer: {error}"),
        };
        return Ok(Some(format!("{}{} {what} (through the gateway)", page.host, page.path)));
    }
    Ok(None)
}

/// Going back would lose what was written since: a person decides, and the site stays as it is.
fn is_final(cx: &Context) -> Result<bool> {
    Ok(moved(cx)?.asked.pauses())
}

#[async_trait]
impl Step<Context> for PublicCheck {
    fn name(&self) -> &'static str {
        "public-check"
    }

    fn budget(&self) -> Duration {
        Duration::from_secs(900)
    }

    async fn observe(&self, cx: &Context) -> Result<Observation> {
        Ok(match complaint(cx).await? {
            None => Observation::Present(json!({"well": true})),
            Some(why) => match evidence::load::<String>(&cx.target.tools, cx.operation, "ill").await? {
                Some(ill) => Observation::Present(json!({"well": false, "ill": ill})),
                None => Observation::Partial(why),
            },
        })
    }

    async fn apply(&self, cx: &Context) -> Result<()> {
        let (begun, to) = (Instant::now(), &moved(cx)?.to);
        let wait = WAIT.min(cx.target.tools.settings.healthy_deadline);
        let (mut over, mut started) = (begun + wait, false);
        loop {
            let Some(why) = complaint(cx).await? else { return Ok(()) };
            // It has its whole time again, once.
            if !started && beside::start_again(cx, to).await.is_ok_and(|again| again) {
                (over, started) = (Instant::now() + wait, true);
            }
            if Instant::now() >= over {
                if is_final(cx)? {
                    return evidence::save(&cx.target.tools, cx.operation, "ill", &why).await;
                }
                return Err(or_the_ground(cx, to, begun, Error::outside("release", OutsideKind::Refused, why)).await);
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    async fn undo(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    fn is_undone(&self, _: &Context, _: &Observation) -> bool {
        true
    }
}
