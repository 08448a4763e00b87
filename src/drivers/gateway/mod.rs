// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The reverse proxy in front of all sites.

use std::net::Ipv4Addr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

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

/// Ports, addresses and helpers of the gateway, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewaySettings {
    /// Addresses to listen on; empty means all.
    pub bind: Vec<std::net::IpAddr>,
    /// Port for HTTP.
    pub http_port: u16,
    /// Port for HTTPS.
    pub https_port: u16,
    /// ACME account address for public certificates; without it, none are asked for and the local authority signs.
    pub acme_email: Option<String>,
    /// ACME directory; none means the authority's default.
    pub acme_directory: Option<String>,
    /// Where the gateway asks whether a public certificate may be had for a name that it has a route for (the control plane): it
    /// adds `?domain=<name>`, and 200 means yes.
    pub ask_url: String,
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
