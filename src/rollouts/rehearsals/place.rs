// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Where a rehearsal takes place: everything that is made for it, by names that follow from the instance. One instance has one
//! rehearsal at a time, so what is there is this one's or what an earlier one has left.

use std::{collections::BTreeMap, net::Ipv4Addr, path::PathBuf};

use secrecy::SecretString;

use super::Order;
use crate::{
    drivers::wordpress::Site,
    error::{Error, OutsideKind, Result},
    fleet::{
        Release, Subnet,
        container::{ContainerSpec, NetworkSpec, NetworkState, label},
    },
    instances::{Context, Target, spec},
    rollouts::pages::Eye,
    store,
};

/// Role of everything that is made for a rehearsal.
pub const ROLE: &str = "rehearsal";
/// What the copy's schema adds to the name of the instance's own.
pub const SUFFIX: &str = "_reh";
/// Addresses of a rehearsal's network: the host's, the present release's, the new one's.
const BITS: u8 = 29;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The present release.
    Old,
    /// The one that is tried.
    New,
}

/// Everything that is made for a rehearsal.
pub struct Place<'a> {
    target: &'a Target,
    operation: String,
}

impl<'a> Place<'a> {
    /// Of the context's operation.
    pub fn of(cx: &'a Context) -> Self {
        Self { target: &cx.target, operation: cx.operation.text() }
    }

    /// The copy's schema and user.
    pub fn schema(&self) -> String {
        format!("{}{SUFFIX}", self.target.instance.schema())
    }

    /// Whose secrets its containers have; the name of their folder.
    pub fn owner(&self) -> String {
        owner(&self.target.instance.id.text())
    }

    /// The folder of their files.
    pub fn secrets(&self) -> PathBuf {
        self.target.tools.settings.secrets_of(&self.owner())
    }

    /// The network.
    pub fn network(&self) -> String {
        self.target.tools.settings.rehearsal(&self.target.instance)
    }

    /// A container.
    pub fn container(&self, side: Side) -> String {
        format!("{}-{}", self.network(), if side == Side::Old { "old" } else { "new" })
    }

    /// Labels of everything.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = spec::labels(&self.target.tools.settings, &self.target.instance, ROLE);
        labels.insert(label::OPERATION.to_owned(), self.operation.clone());
        labels
    }

    /// Whether something with these labels was made for a rehearsal of this instance.
    pub fn is_ours(&self, labels: &BTreeMap<String, String>) -> bool {
        let wanted = self.labels();
        [label::FLEET, label::ROLE, label::INSTANCE].iter().all(|key| labels.get(*key) == wanted.get(*key))
    }

    /// The network as it is to be made, on addresses that nobody has.
    ///
    /// # Errors
    /// When every range is taken or the engine fails.
    pub async fn network_spec(&self) -> Result<NetworkSpec> {
        let tools = &self.target.tools;
        let taken = tools.engine.occupied_subnets().await?;
        let free = |range: &Subnet| *range != tools.subnet && !taken.iter().any(|cidr| range.overlaps(cidr));
        let range = Subnet::candidates(&tools.settings.fleet)
            .find(free)
            .ok_or_else(|| Error::outside("engine", OutsideKind::Full, "every range of 10.128.0.0/9 is taken on this host"))?;
        let gateway = range.gateway();
        Ok(NetworkSpec {
            name: self.network(),
            bridge: tools.settings.rehearsal_bridge(&self.target.instance),
            subnet: format!("{}/{BITS}", Ipv4Addr::from(u32::from(gateway) - 1)),
            gateway,
            sealed: true,
            labels: self.labels(),
        })
    }

    /// A side's address in the network that is there.
    fn address(network: &NetworkState, side: Side) -> Result<Ipv4Addr> {
        let first = network.subnets.first().and_then(|cidr| cidr.split('/').next()?.parse::<Ipv4Addr>().ok());
        let first =
            first.ok_or_else(|| Error::outside("engine", OutsideKind::Failed, format!("network {} has no subnet", network.name)))?;
        Ok(Ipv4Addr::from(u32::from(first) + if side == Side::Old { 2 } else { 3 }))
    }

    /// The release of a side.
    ///
    /// # Errors
    /// When it is gone or the store fails.
    pub async fn release(&self, order: &Order, side: Side) -> Result<Release> {
        store::releases::get(&self.target.tools.store, if side == Side::Old { order.from } else { order.release }).await
    }

    /// A side's container, on the network that is there.
    ///
    /// # Errors
    /// When the network is gone or the engine or the store fails.
    pub async fn container_spec(&self, order: &Order, side: Side) -> Result<ContainerSpec> {
        let tools = &self.target.tools;
        let network = tools.engine.network(&self.network()).await?;
        let network = network.ok_or_else(|| Error::outside("engine", OutsideKind::Failed, "the rehearsal's network is gone"))?;
        let release = self.release(order, side).await?;
        let copy = spec::Copy {
            name: self.container(side),
            schema: self.schema(),
            secrets: self.secrets(),
            network: self.network(),
            address: Self::address(&network, side)?,
            labels: self.labels(),
        };
        Ok(spec::copy(&tools.settings, &self.target.instance, &release, copy))
    }

    /// How to look at a side's pages.
    ///
    /// # Errors
    /// When its network or its key is gone.
    pub async fn eye(&self, side: Side) -> Result<Eye> {
        let tools = &self.target.tools;
        let network = tools.engine.network(&self.network()).await?;
        let network = network.ok_or_else(|| Error::outside("engine", OutsideKind::Failed, "the rehearsal's network is gone"))?;
        let site = Site {
            address: Self::address(&network, side)?,
            port: 80,
            domain: self.target.instance.domain.clone(),
            https_port: tools.settings.https_port,
        };
        Ok(Eye { wordpress: tools.wordpress.clone(), site, key: self.secret("agent_key")? })
    }

    /// One of its secrets, from its file: they live no longer than it.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn secret(&self, name: &str) -> Result<SecretString> {
        let path = self.secrets().join(name);
        let text =
            std::fs::read_to_string(&path).map_err(|e| Error::outside("files", OutsideKind::Failed, format!("{}: {e}", path.display())))?;
        Ok(text.trim().to_owned().into())
    }

    /// Removes a side's container.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn remove(&self, side: Side) -> Result<()> {
        let (engine, name) = (&self.target.tools.engine, self.container(side));
        match engine.container(&name).await? {
            Some(found) if self.is_ours(&found.labels) => engine.remove_container(&name).await,
            _ => Ok(()),
        }
    }

    /// Removes its network.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn remove_network(&self) -> Result<()> {
        let (engine, name) = (&self.target.tools.engine, self.network());
        match engine.network(&name).await? {
            Some(found) if self.is_ours(&found.labels) => engine.remove_network(&name).await,
            _ => Ok(()),
        }
    }

    /// Removes its secrets' files.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn remove_secrets(&self) -> Result<()> {
        remove_folder(&self.secrets())
    }
}

/// Whose secrets the containers of an instance's rehearsal have.
pub fn owner(instance: &str) -> String {
    format!("{instance}-rehearsal")
}

/// Removes a folder, if it is there.
pub fn remove_folder(folder: &std::path::Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::outside("files", OutsideKind::Failed, format!("{}: {e}", folder.display())))
        }
        _ => Ok(()),
    }
}
