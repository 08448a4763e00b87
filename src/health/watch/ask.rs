// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One check: a page asked for, and what it says.

use std::sync::Arc;

use super::{Came, Watcher};
use crate::{
    drivers::{
        probe::{Asked, Probe},
        wordpress,
    },
    fleet::{
        Check,
        health::{Failure, Sample},
    },
    health::{
        monitor::Ask,
        reading::{Reading, Seen, read},
    },
};

/// So often a page that leads to another one is followed.
const LEADS: usize = 3;
/// What every page that WordPress finished ends with.
const END: &str = "</html>";

impl Watcher {
    /// Asks beside the turn.
    pub(super) fn ask(&self, ask: Ask) {
        let Some(checked) = self.checks.get(&ask.number) else { return };
        let (probe, check, limit) = (self.probe.clone(), checked.check.clone(), checked.limit.clone());
        let (together, sender, disturbances) = (self.together.clone(), self.sender.clone(), self.disturbances);
        tokio::spawn(async move {
            // Neither is ever closed.
            let (Ok(_own), Ok(_all)) = (limit.acquire().await, together.acquire().await) else { return };
            let sample = sample(&probe, &check, ask.again).await;
            // Nobody listens any more where the watcher has ended.
            drop(sender.send(Came::Sample(ask, sample, disturbances)));
        });
    }
}

/// Asks for a check's page, and for those that it leads to.
pub(super) async fn sample(probe: &Arc<dyn Probe>, check: &Check, apart: bool) -> Sample {
    let mut asked = Asked { host: check.host.clone(), path: check.path.clone(), apart };
    let has = if check.blog.is_some() { END } else { "" };
    let mut took = 0_u32;
    for _ in 0..=LEADS {
        let answer = match probe.ask(&asked).await {
            Ok(answer) => answer,
            Err(failure) => return Sample::Failed(failure),
        };
        took = took.saturating_add(answer.milliseconds);
        let seen = Seen {
            host: &asked.host,
            status: answer.status,
            location: answer.location.as_deref(),
            body: &answer.body,
            says: wordpress::complaint(answer.status, &answer.body),
            milliseconds: took,
        };
        match read(&seen, has) {
            Reading::Tells(sample) => return sample,
            Reading::Leads(path) => asked.path = path,
        }
    }
    Sample::Failed(Failure::Astray)
}
