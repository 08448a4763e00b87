// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Tells people of incidents. One control plane does at a time; another takes over where it is gone.

use std::{collections::BTreeSet, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    fleet::ReceiverId,
    health::notices::send::{decide_now, send},
    instances::Tools,
    store,
    workflow::decide::later,
};

const LEASE: Duration = Duration::from_secs(30);
/// How often the lease is kept.
const KEEP: Duration = Duration::from_secs(10);
/// How often it is looked what is to be told.
const EVERY: Duration = Duration::from_secs(1);
/// So many notices are looked at in one turn.
const MOST: i64 = 400;
/// So many are under way at once, each to another receiver.
const AT_ONCE: usize = 16;

/// Runs until cancelled. What is under way then is sent again by whoever comes next, unless it ends in time.
pub async fn run(tools: Tools, owner: String, cancel: CancellationToken) {
    let mut held: Option<Instant> = None;
    let mut under_way: JoinSet<ReceiverId> = JoinSet::new();
    let mut busy: BTreeSet<ReceiverId> = BTreeSet::new();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            () = sleep(EVERY) => {}
        }
        while let Some(done) = under_way.try_join_next() {
            match done {
                Ok(receiver) => {
                    busy.remove(&receiver);
                }
                // Which one it was is not known; those that are under way still are in the store's care.
                Err(error) => {
                    warn!(%error, "a notice's sending broke off");
                    busy.clear();
                }
            }
        }
        if held.is_none_or(|at| at.elapsed() >= KEEP) {
            held = holds(&tools, &owner).await.then(Instant::now);
        }
        if held.is_none() {
            continue;
        }
        if let Err(error) = decide_now(&tools).await {
            warn!(%error, "what is to be told could not be decided, trying again");
        }
        let due = match store::notices::due(&tools.store, tools.clock.now(), MOST).await {
            Ok(due) => due,
            Err(error) => {
                warn!(%error, "what is to be told could not be read, trying again");
                continue;
            }
        };
        for notice in due {
            if under_way.len() >= AT_ONCE || !busy.insert(notice.receiver) {
                continue;
            }
            let tools = tools.clone();
            under_way.spawn(async move {
                if let Err(error) = send(&tools, &notice).await {
                    warn!(%error, "a notice could not be handled, trying again");
                }
                notice.receiver
            });
        }
    }
    let now = tools.clock.now();
    if let Err(error) = store::leases::hold(&tools.store, "notices", &owner, now, now).await {
        warn!(%error, "the lease of notices could not be given up");
    }
}

async fn holds(tools: &Tools, owner: &str) -> bool {
    let now = tools.clock.now();
    match store::leases::hold(&tools.store, "notices", owner, now, later(now, LEASE)).await {
        Ok(held) => held,
        Err(error) => {
            warn!(%error, "the lease of notices could not be had");
            false
        }
    }
}
