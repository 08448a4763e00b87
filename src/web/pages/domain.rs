// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is known of a domain that someone types: whether it is one, is free, and leads here.

use std::{
    collections::BTreeSet,
    net::{IpAddr, UdpSocket},
    time::Duration,
};

use tokio::{net::lookup_host, time::timeout};
use url::Host;

use crate::{
    error::Result,
    fleet::Domain,
    store,
    web::{
        Web,
        view::models::{DomainCheck, DomainVerdict},
    },
};

/// How long a name server gets.
const LOOK_UP: Duration = Duration::from_secs(2);

/// Looks it up.
///
/// # Errors
/// When the store fails. A name server that does not answer means that the domain leads nowhere yet.
pub(super) async fn check(web: &Web, typed: &str) -> Result<DomainCheck> {
    let domain = match typed.parse::<Domain>() {
        Ok(domain) => domain,
        Err(error) => {
            let (domain, verdict) = (typed.trim().to_owned(), DomainVerdict::Invalid);
            return Ok(DomainCheck { domain, verdict, error: Some(error), resolves_to: Vec::new() });
        }
    };
    let told = |verdict, resolves_to| DomainCheck { domain: domain.display(), verdict, error: None, resolves_to };
    if store::instances::by_domain(web.store(), &domain).await?.is_some() {
        return Ok(told(DomainVerdict::Taken, Vec::new()));
    }
    if domain.is_local() {
        return Ok(told(DomainVerdict::Free, Vec::new()));
    }
    let (found, ours) = tokio::join!(addresses(domain.as_str()), own(web));
    let leads_here = found.iter().any(|ip| ours.contains(ip) || is_of_this_host(*ip));
    let verdict = if leads_here { DomainVerdict::Free } else { DomainVerdict::Elsewhere };
    Ok(told(verdict, found.iter().map(ToString::to_string).collect()))
}

/// What a name resolves to; nothing where it does not, or not in time.
async fn addresses(host: &str) -> BTreeSet<IpAddr> {
    match timeout(LOOK_UP, lookup_host((host, 443))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_canonical()).collect(),
        Ok(Err(_)) | Err(_) => BTreeSet::new(),
    }
}

/// Where Flotta's own address leads, which may be a machine in front of this one.
async fn own(web: &Web) -> BTreeSet<IpAddr> {
    let found = match web.app.config.public_url.host() {
        Some(Host::Domain(name)) => addresses(name).await,
        Some(Host::Ipv4(ip)) => BTreeSet::from([IpAddr::V4(ip)]),
        Some(Host::Ipv6(ip)) => BTreeSet::from([IpAddr::V6(ip)]),
        None => BTreeSet::new(),
    };
    found.into_iter().filter(|ip| !ip.is_loopback()).collect()
}

/// Whether this host has the address: only then can a socket be bound to it. Nobody else reaches its loopback addresses.
fn is_of_this_host(ip: IpAddr) -> bool {
    let ordinary = !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast();
    ordinary && UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_host_that_others_reach_count() {
        for elsewhere in ["127.0.0.1", "::1", "0.0.0.0", "192.0.2.1", "224.0.0.1", "2001:db8::1"] {
            assert!(!is_of_this_host(elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}
