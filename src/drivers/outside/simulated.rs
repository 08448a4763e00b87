// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The outside of a simulated world.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Outside, Unasked};
use crate::{
    drivers::probe::{Answer, Asked, Probe, simulated::SimulatedProbe},
    fleet::{
        health::Failure,
        outside::{Hop, Look, NameState, Names, Plain, Subject, WayEnd},
    },
};

/// [`Outside`] of a simulated world: its sites are there under names of this machine only; there is nothing else.
#[derive(Clone)]
pub struct SimulatedOutside(SimulatedProbe);

impl SimulatedOutside {
    /// Of the world that this probe asks.
    #[must_use]
    pub fn new(probe: SimulatedProbe) -> Self {
        Self(probe)
    }
}

#[async_trait]
impl Outside for SimulatedOutside {
    async fn ask(&self, asked: &Subject, _: Timestamp) -> Result<Answer, Unasked> {
        if !asked.ours {
            return Err(Unasked::Failed(Failure::Name));
        }
        let asked = Asked { host: asked.host.clone(), path: asked.path.clone(), apart: true };
        self.0.ask(&asked).await.map_err(Unasked::Failed)
    }

    async fn resolves(&self) -> bool {
        true
    }

    async fn look(&self, at: &Subject, now: Timestamp) -> Look {
        let state = if at.ours { NameState::Local } else { NameState::Gone };
        let mut look = Look { names: Names { state, ..Names::default() }, failure: state.failure(), ..Look::blank(now) };
        if let Ok(answer) = self.ask(at, now).await {
            look.way = vec![Hop { url: at.url(), status: answer.status }];
            (look.end, look.plain) = (WayEnd::Page, Plain::Redirects);
        }
        look
    }
}
