// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What instances may reach: the gateway on the host, name servers, and the internet; not the host's other services, not the
//! private networks behind it, not the cloud's metadata address, not each other. Rehearsals reach nothing at all. A table of nftables of the fleet's own,
//! loaded by a container that ends at once, since the control plane itself may live in a container without such rights.

use std::time::Duration;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        FleetSettings,
        container::{Attachment, ContainerSpec},
    },
    instances::Tools,
};

/// Ranges that are not the internet (RFC 1918, RFC 6598, RFC 3927, and loopback).
const PRIVATE: &str = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8";

/// The fleet's rules. A drop in any table is final, so the engine's own rules stay as they are.
#[must_use]
pub fn rules(settings: &FleetSettings) -> String {
    let (table, bridge) = (format!("flotta_{}", settings.fleet), settings.bridge());
    // The bridges of all rehearsals, also of those that are yet to come.
    let sealed = format!("{}*", settings.rehearsal_bridges());
    let allowed = if settings.allowed_ranges.is_empty() {
        String::new()
    } else {
        format!("    iifname \"{bridge}\" ip daddr {{ {} }} accept\n", settings.allowed_ranges.join(", "))
    };
    format!(
        "add table inet {table}\ndelete table inet {table}\ntable inet {table} {{\n  chain input {{\n    type filter hook input priority -5; policy accept;\n    iifname \"{sealed}\" ct state established,related accept\n    iifname \"{sealed}\" drop\n    iifname \"{bridge}\" ct state established,related accept\n    iifname \"{bridge}\" tcp dport {{ {http}, {https} }} accept\n    iifname \"{bridge}\" drop\n  }}\n  chain forward {{\n    type filter hook forward priority -5; policy accept;\n    iifname \"{sealed}\" drop\n    oifname \"{sealed}\" drop\n    iifname \"{bridge}\" ct state established,related accept\n    iifname \"{bridge}\" oifname \"{bridge}\" drop\n    iifname \"{bridge}\" ip daddr 169.254.0.0/16 drop\n    iifname \"{bridge}\" meta l4proto {{ tcp, udp }} th dport 53 accept\n{allowed}    iifname \"{bridge}\" ip daddr {{ {PRIVATE} }} drop\n  }}\n}}\n",
        http = settings.http_port,
        https = settings.https_port,
    )
}

/// Loads the rules.
///
/// # Errors
/// When the engine fails or the host's kernel refuses them.
pub async fn ensure(tools: &Tools) -> Result<()> {
    run(tools, &rules(&tools.settings)).await
}

async fn run(tools: &Tools, rules: &str) -> Result<()> {
    let name = format!("{}-firewall", tools.settings.fleet);
    let engine = &tools.engine;
    tools.remove_own(&name).await?;
    let spec = ContainerSpec {
        name: name.clone(),
        image: super::image(tools, &tools.settings.gateway_image).await?,
        command: ["sh", "-c", "printf '%s' \"$RULES\" | nft -f -"].map(str::to_owned).to_vec(),
        environment: vec![format!("RULES={rules}")],
        labels: super::labels(tools, "task"),
        mounts: Vec::new(),
        attachment: Attachment::Host,
        extra_hosts: Vec::new(),
        limits: None,
        read_only_root: true,
        capabilities: vec!["NET_ADMIN".to_owned()],
        restart: false,
        stop_grace_seconds: 1,
        user: "0:0".to_owned(),
    };
    engine.create_container(&spec).await?;
    engine.start_container(&name).await?;
    let over = tokio::time::Instant::now() + Duration::from_secs(20);
    let outcome = loop {
        match engine.container(&name).await? {
            Some(state) if !state.running => break state.exit_code,
            None => break None,
            Some(_) if tokio::time::Instant::now() > over => break None,
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let said = if outcome == Some(0) { String::new() } else { engine.logs(&name, 5).await.unwrap_or_default() };
    engine.remove_container(&name).await?;
    if outcome == Some(0) {
        return Ok(());
    }
    Err(Error::outside("firewall", OutsideKind::Refused, format!("the rules could not be loaded: {}", said.trim())))
}
