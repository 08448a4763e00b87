// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The reverse proxy in front of all sites.

use std::net::Ipv4Addr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use crate::fleet::GatewaySettings;
use crate::{
    error::Result,
    fleet::{Domain, InstanceId},
};

pub mod caddy;
pub mod config;
pub mod simulated;
mod table;

/// One instance's entry in the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Which instance.
    pub instance: InstanceId,
    /// Every host name that leads to it, the main one first.
    pub domains: Vec<Domain>,
    /// Whether every sub-domain of the main name leads to it too.
    pub wildcard: bool,
    /// What visitors get.
    pub target: Target,
}

/// What visitors of a route get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Target {
    /// The instance.
    Instance {
        /// Its address.
        address: Ipv4Addr,
        /// Its port.
        port: u16,
    },
    /// A page that says that the sites are closed for now (503).
    Suspended,
    /// A page that says that the sites are back in a moment (503 with `Retry-After`).
    Paused,
    /// A page that says that something is wrong and being looked at (503).
    Unavailable,
}

/// One gateway. Every call has a time-out and is safe to repeat. Errors name the system "gateway".
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Whether it answers.
    async fn ping(&self) -> Result<()>;
    /// The routes that it serves now, as it tells them itself.
    async fn routes(&self) -> Result<Vec<Route>>;
    /// Makes it have its settings and exactly these routes. New settings are checked first and swapped at once; where it has
    /// them already, and for routes in any case, no connection is touched.
    async fn load(&self, routes: &[Route]) -> Result<()>;
    /// Adds or changes one route, leaving the others alone.
    async fn put(&self, route: &Route) -> Result<()>;
    /// Removes one route.
    async fn remove(&self, instance: InstanceId) -> Result<()>;
}
