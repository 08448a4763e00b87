// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One check: a page asked for, and what it says.

use std::sync::Arc;

use super::{Came, Target, Watcher};
use crate::{
    clock::Clock,
    drivers::{
        outside::{Outside, Unasked},
        probe::{Asked, Probe},
        wordpress,
    },
    fleet::{
        health::{Failure, Sample},
        outside::Expects,
    },
    health::{
        monitor::Ask,
        outside::{judge::conclude, reading},
        reading::{Reading, Seen, read},
    },
};

/// So often a page that leads to another one is followed.
const LEADS: usize = 3;
/// The same at an address that somebody else runs; log-ins lead far.
const LEADS_OUTSIDE: usize = 6;
/// What every page that WordPress finished ends with.
const END: &str = "</html>";

impl Watcher {
    /// Asks beside the turn.
    pub(super) fn ask(&self, ask: Ask) {
        let Some(checked) = self.checks.get(&ask.number) else { return };
        let (probe, check, limit) = (self.probe.clone(), checked.check.clone(), checked.limit.clone());
        let (together, sender, disturbances) = (self.together.clone(), self.sender.clone(), self.disturbances);
        let (outside, clock) = (self.tools.outside.clone(), self.tools.clock.clone());
        // Where visitors do not come through from outside, whether they do now is looked at each time.
        let before = self.eye.ill(ask.number);
        tokio::spawn(async move {
            let mut seen = None;
            if let Some(before) = before.filter(|_| check.expects.is_none()) {
                // A look takes nothing of the instance, so that its limit does not count.
                let Ok(_all) = together.acquire().await else { return };
                let look = outside.look(&check.subject(), clock.now()).await;
                let failure = conclude(look.clone(), &before, true).failure;
                seen = failure.map(Sample::Failed).or(look.is_blind().then_some(Sample::Missed));
                drop(sender.send(Came::Looked(ask.number, Box::new(look), disturbances)));
            }
            let sample = if let Some(seen) = seen {
                seen
            } else {
                // Neither is ever closed.
                let (Ok(_own), Ok(_all)) = (limit.acquire().await, together.acquire().await) else { return };
                match &check.expects {
                    Some(expects) => address(&*outside, &check, expects, &*clock).await,
                    None => sample(&probe, &check, ask.again).await,
                }
            };
            // Nobody listens any more where the watcher has ended.
            drop(sender.send(Came::Sample(ask, sample, disturbances)));
        });
    }
}

/// Asks for an address that is no site's, by the public way, and for those that it leads to.
async fn address(outside: &dyn Outside, check: &Target, expects: &Expects, clock: &dyn Clock) -> Sample {
    let mut asked = check.subject();
    let mut took = 0_u32;
    for _ in 0..=LEADS_OUTSIDE {
        let answer = match outside.ask(&asked, clock.now()).await {
            Ok(answer) => answer,
            Err(Unasked::Failed(failure)) => return Sample::Failed(failure),
            Err(Unasked::Blind) => return Sample::Missed,
        };
        took = took.saturating_add(answer.milliseconds);
        match reading::read(&asked, &answer, took, expects) {
            reading::Reading::Tells(sample) => return sample,
            reading::Reading::Leads(to) => asked = to,
        }
    }
    Sample::Failed(Failure::Astray)
}

/// Asks for a check's page, and for those that it leads to.
pub(super) async fn sample(probe: &Arc<dyn Probe>, check: &Target, apart: bool) -> Sample {
    let mut asked = Asked { host: check.host().to_owned(), path: check.path().to_owned(), apart };
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
