// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Simulated probes.

use async_trait::async_trait;

use super::{Answer, Asked, Probe};
use crate::{
    drivers::{
        wordpress::{Wordpress, simulated::SimulatedWordpress},
        world::World,
    },
    fleet::{Domain, health::Failure},
};

/// [`Probe`] of the sites of a simulated world, through its gateway.
#[derive(Clone)]
pub struct SimulatedProbe(SimulatedWordpress);

impl SimulatedProbe {
    /// Probes of this world, behind a gateway with this HTTPS port.
    #[must_use]
    pub fn new(world: World, https_port: u16) -> Self {
        Self(SimulatedWordpress::new(world, https_port))
    }
}

#[async_trait]
impl Probe for SimulatedProbe {
    async fn ask(&self, asked: &Asked) -> Result<Answer, Failure> {
        let host = asked.host.split(':').next().unwrap_or_default();
        let domain: Domain = host.parse().map_err(|_| Failure::Name)?;
        let page = self.0.public_page(&domain, &asked.path).await.map_err(|_| Failure::Refused)?;
        let trouble = if page.broken { "<b>Fatal error</b>: Uncaught Error in /var/www/html/index.php on line 1" } else { "" };
        let body = format!("<html lang=\"{}\"><title>{1}</title><h1>{1}</h1>{trouble}</html>", page.language, page.title);
        let milliseconds = u32::try_from(page.milliseconds).unwrap_or(u32::MAX);
        Ok(Answer { status: page.status, location: page.location, body: body.into(), milliseconds })
    }
}
