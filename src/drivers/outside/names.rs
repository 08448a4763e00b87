// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The domain name system, asked anew each time: a cache would hide for hours that a name is gone.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};
use tokio::time::timeout;
use tracing::warn;

use crate::fleet::outside::{NameState, Names};

/// A name server answers in this time, or is asked once more.
const ANSWER: Duration = Duration::from_secs(2);
/// A resolution takes no longer.
const WHOLE: Duration = Duration::from_secs(6);
/// So many addresses and aliases of a name are looked at.
const MOST: usize = 16;

/// Resolves names.
pub struct Resolver(Option<TokioResolver>);

impl Resolver {
    /// Asks these name servers; where none are named, the host's own. Where those cannot be found out, nothing is known of any name.
    #[must_use]
    pub fn new(servers: &[SocketAddr]) -> Self {
        match Self::build(servers) {
            Ok(resolver) => Self(Some(resolver)),
            Err(error) => {
                warn!(%error, "this host's name servers cannot be found out; write them into outside.resolvers");
                Self(None)
            }
        }
    }

    fn build(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let named = servers.iter().map(|server| {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                NameServerConfig::new(server.ip(), true, connections.into())
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), named.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts, options.cache_size) = (ANSWER, 2, 0);
        options.use_hosts_file = ResolveHosts::Never;
        options.preserve_intermediates = true;
        builder.build()
    }

    /// Whether a name server answers at all: it is asked for the root's own, which every one knows or refuses to tell.
    pub async fn answers(&self) -> bool {
        let Some(resolver) = &self.0 else { return false };
        match timeout(WHOLE, resolver.lookup(".", RecordType::NS)).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => state(&error) != NameState::Unanswered,
            Err(_) => false,
        }
    }

    /// Where a name leads.
    pub async fn resolve(&self, name: &str) -> Names {
        let Some(resolver) = &self.0 else { return Names::default() };
        // The final dot keeps the host's search list out.
        let name = format!("{}.", name.trim_end_matches('.'));
        let both = async { tokio::join!(resolver.lookup(name.as_str(), RecordType::A), resolver.lookup(name.as_str(), RecordType::AAAA)) };
        let Ok((v4, v6)) = timeout(WHOLE, both).await else { return Names::default() };
        let mut names = Names::default();
        let mut states = Vec::new();
        for found in [v4, v6] {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    states.push(state(&error));
                    continue;
                }
            };
            for record in found.answers() {
                let address = match &record.data {
                    RData::A(address) => Some(IpAddr::V4(address.0)),
                    RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                    _ => None,
                };
                if let RData::CNAME(alias) = &record.data {
                    let alias = alias.to_string().trim_end_matches('.').to_lowercase();
                    if !names.aliases.contains(&alias) && names.aliases.len() < MOST {
                        names.aliases.push(alias);
                    }
                }
                names.addresses.extend(address.filter(|address| names.addresses.len() < MOST && !names.addresses.contains(address)));
            }
            states.push(NameState::Empty);
        }
        names.state = if names.addresses.is_empty() { together(&states) } else { NameState::Leads };
        names
    }
}

/// What two answers without addresses say together.
fn together(states: &[NameState]) -> NameState {
    // What is not known may be what the other one denies.
    let order = [NameState::Unanswered, NameState::Broken, NameState::Gone, NameState::Empty];
    order.into_iter().find(|state| states.contains(state)).unwrap_or_default()
}

fn state(error: &NetError) -> NameState {
    if error.is_nx_domain() {
        return NameState::Gone;
    }
    match error {
        NetError::Dns(DnsError::NoRecordsFound(found)) if found.response_code == hickory_resolver::proto::op::ResponseCode::NoError => {
            NameState::Empty
        }
        NetError::Dns(_) | NetError::Proto(_) => NameState::Broken,
        _ => NameState::Unanswered,
    }
}
