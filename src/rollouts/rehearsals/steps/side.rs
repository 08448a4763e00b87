// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What both sides have in common: their container on the copy, and what is seen of it.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    drivers::wordpress::{Blog, Readiness},
    error::Result,
    instances::Context,
    rollouts::{
        pages::Eye,
        rehearsals::{
            Order,
            evidence::SiteState,
            place::{Place, Side},
        },
    },
    workflow::Observation,
};

/// So many lines of a container's output are looked through.
const LINES: u32 = 2000;
/// Of which so much is kept.
const OUTPUT: usize = 64 * 1024;
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Makes and starts a side's container, anew where there is one. Gives how to look at it.
pub(super) async fn start(cx: &Context, order: &Order, side: Side) -> Result<Eye> {
    let place = Place::of(cx);
    // What an interrupted try has left may be in any state.
    place.remove(Side::Old).await?;
    place.remove(Side::New).await?;
    beside(cx, order, side).await
}

/// The same beside the other side's, which stays.
pub(super) async fn beside(cx: &Context, order: &Order, side: Side) -> Result<Eye> {
    let (place, engine) = (Place::of(cx), &cx.target.tools.engine);
    place.remove(side).await?;
    let spec = place.container_spec(order, side).await?;
    engine.create_container(&spec).await?;
    engine.start_container(&spec.name).await?;
    place.eye(side).await
}

/// Waits until the agent in it answers; gives what it says, or why there is no hope.
pub(super) async fn answers(cx: &Context, eye: &Eye, side: Side) -> Result<std::result::Result<Readiness, String>> {
    let tools = &cx.target.tools;
    let name = Place::of(cx).container(side);
    let over = Instant::now() + tools.settings.healthy_deadline;
    loop {
        let why = match eye.wordpress.ready(&eye.site, &eye.key).await {
            Ok(readiness) if readiness.installed => return Ok(Ok(readiness)),
            Ok(_) => "WordPress finds nothing installed in the copy".to_owned(),
            Err(error) => error.to_string(),
        };
        match tools.engine.container(&name).await? {
            Some(found) if found.running => {}
            found => {
                let code = found.and_then(|f| f.exit_code).map_or_else(String::new, |code| format!(" with status {code}"));
                return Ok(Err(format!("its container has ended{code}")));
            }
        }
        if Instant::now() > over {
            // Where the database server is gone, nobody could answer.
            tools.database.ping().await?;
            return Ok(Err(format!("it does not answer as it should within {} s: {why}", tools.settings.healthy_deadline.as_secs())));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The end of a side's output.
pub(super) async fn output(cx: &Context, side: Side) -> Result<String> {
    let text = cx.target.tools.engine.logs(&Place::of(cx).container(side), LINES).await?;
    let mut from = text.len().saturating_sub(OUTPUT);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    Ok(text[from..].to_owned())
}

/// The sites as what is kept of them.
pub(super) fn states(blogs: &[Blog]) -> BTreeMap<u64, SiteState> {
    let state = |blog: &Blog| SiteState {
        address: format!("{}{}", blog.domain.split(':').next().unwrap_or_default(), blog.path),
        db_version: blog.db_version,
        versions: blog.versions.clone(),
        locks: blog.locks.clone(),
    };
    blogs.iter().map(|blog| (blog.id, state(blog))).collect()
}

/// What an observer says: `kept` is what the side gave, once it is written; its container goes last.
pub(super) async fn observed(cx: &Context, side: Side, kept: Option<serde_json::Value>) -> Result<Observation> {
    let place = Place::of(cx);
    super::unseen(cx.target.tools.engine.container(&place.container(side)).await, |seen| match (seen, kept) {
        (Some(found), _) if !place.is_ours(&found.labels) => Observation::Foreign(format!("container {}", found.name)),
        (Some(_), _) => Observation::Partial("a container of an interrupted try".to_owned()),
        (None, Some(evidence)) => Observation::Present(evidence),
        (None, None) => Observation::Absent,
    })
}
