// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Services that all instances share: the network, the database server, the gateway, the firewall. The control plane makes
//! them, looks after them and puts them right, so that nothing but an engine has to be set up by hand.

use serde::Serialize;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::container::{ContainerSpec, ContainerState, label},
    instances::Tools,
};

pub mod database;
pub mod disks;
pub mod firewall;
pub mod gateway;
pub mod network;

/// How one service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// `engine`, `network`, `database server`, `gateway` or `firewall`.
    pub name: &'static str,
    /// Whether it works.
    pub well: bool,
    /// For people: its version, or what is wrong.
    pub detail: String,
}

/// Looks at every service, changing nothing.
pub async fn status(tools: &Tools) -> Vec<Service> {
    let (engine, network, database, gateway) =
        tokio::join!(tools.engine.info(), network::observe(tools), tools.database.ping(), tools.gateway.ping());
    let service = |name, seen: Result<String>| match seen {
        Ok(detail) => Service { name, well: true, detail },
        Err(error) => Service { name, well: false, detail: error.to_string() },
    };
    vec![
        service("engine", engine.map(|info| info.version)),
        service(
            "network",
            network.and_then(|seen| match seen {
                network::Seen::Right => Ok(format!("{} {}", tools.settings.network(), tools.subnet)),
                network::Seen::Absent => {
                    Err(Error::outside("engine", OutsideKind::Failed, "the fleet's network is missing; it is made within a minute"))
                }
                network::Seen::Wrong(what) => Err(Error::outside("engine", OutsideKind::Refused, what)),
            }),
        ),
        service("database server", database),
        service("gateway", gateway.map(|()| tools.settings.gateway())),
    ]
}

/// Sees to it that every service is there and right.
///
/// # Errors
/// The first that cannot be put right; the others are tried all the same.
pub async fn ensure(tools: &Tools) -> Result<()> {
    network::ensure(tools).await?;
    let firewall = firewall::ensure(tools).await;
    let (database, gateway) = tokio::join!(database::ensure(tools), gateway::ensure(tools));
    firewall.and(database).and(gateway)
}

/// Makes or mends a service's container: present, made from this specification, running. Gives whether anything was done.
async fn ensure_container(tools: &Tools, wanted: &ContainerSpec) -> Result<bool> {
    let engine = &tools.engine;
    let ours = |found: &ContainerState| found.labels.get(label::FLEET).is_some_and(|fleet| fleet == tools.settings.fleet.as_str());
    match engine.container(&wanted.name).await? {
        Some(found) if !ours(&found) => {
            return Err(Error::outside(
                "engine",
                OutsideKind::Refused,
                format!("container {} belongs to somebody else; rename it, or give this fleet another name", wanted.name),
            ));
        }
        Some(found) if found.labels.get(label::SPEC) == Some(&wanted.hash()) && found.running && !found.paused => return Ok(false),
        Some(found) if found.labels.get(label::SPEC) == Some(&wanted.hash()) => {}
        Some(found) => {
            if found.running {
                engine.stop_container(&wanted.name, wanted.stop_grace_seconds).await?;
            }
            engine.remove_container(&wanted.name).await?;
        }
        None => {}
    }
    engine.create_container(wanted).await?;
    engine.start_container(&wanted.name).await?;
    Ok(true)
}

/// Labels of a platform service.
fn labels(tools: &Tools, role: &str) -> std::collections::BTreeMap<String, String> {
    [(label::FLEET, tools.settings.fleet.to_string()), (label::ROLE, role.to_owned())].into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// Resolves an image's name to the id that the engine has, so that a service is made from exactly that.
async fn image(tools: &Tools, reference: &str) -> Result<String> {
    let found = tools.engine.image(reference).await?;
    found.map(|image| image.id).ok_or_else(|| {
        Error::outside(
            "engine",
            OutsideKind::Refused,
            format!("there is no image `{reference}`; build it with docker/images, or set it under [images]"),
        )
    })
}
