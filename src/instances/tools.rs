// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The stores and drivers that rooms work with, and one instance made ready to work on.

use std::{collections::BTreeMap, sync::Arc};

use secrecy::SecretString;

use super::spec;
use crate::{
    clock::Clock,
    drivers::{
        browser::Browser,
        database_server::DatabaseServer,
        engine::Engine,
        gateway::{Gateway, Route},
        outside::Outside,
        post::Post,
        probe::Probe,
        wordpress::{Site, Wordpress},
    },
    error::{Error, FieldError, Result},
    fleet::{
        FleetSettings, Instance, InstanceId, Release, Scope, Subnet,
        container::{ContainerState, label},
    },
    store::{self, Store, history::History},
    vault::Vault,
};

/// Everything that rooms act with. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    /// What the fleet remembers.
    pub store: Store,
    /// What runs containers.
    pub engine: Arc<dyn Engine>,
    /// What holds the schemas.
    pub database: Arc<dyn DatabaseServer>,
    /// What stands in front of the sites.
    pub gateway: Arc<dyn Gateway>,
    /// WordPress in the instances.
    pub wordpress: Arc<dyn Wordpress>,
    /// What takes pictures of pages.
    pub browser: Arc<dyn Browser>,
    /// What asks for pages as visitors do.
    pub probe: Arc<dyn Probe>,
    /// The public way to sites and addresses.
    pub outside: Arc<dyn Outside>,
    /// What takes messages to people.
    pub post: Arc<Post>,
    /// What checks gave; none where no file can be made for it.
    pub history: Option<History>,
    /// Opens and seals secrets.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names, places and images.
    pub settings: Arc<FleetSettings>,
    /// The fleet's addresses.
    pub subnet: Subnet,
    /// Held while a template is made.
    pub template: Arc<tokio::sync::Mutex<()>>,
    /// Held while an image is read, through the one container that there is for it.
    pub reading: Arc<tokio::sync::Mutex<()>>,
    /// Held while a release is built, and while images that nothing needs are removed.
    pub building: Arc<tokio::sync::Mutex<()>>,
    /// Health has changed: a check's state, or an incident.
    pub health_changed: tokio::sync::broadcast::Sender<()>,
    /// Held while a route is changed, and while all are compared and loaded, which would take back what changed in between.
    pub routing: Arc<tokio::sync::Mutex<()>>,
}

/// Names of the secrets that every instance has.
pub const INSTANCE_SECRETS: [&str; 10] = [
    "db_password",
    "agent_key",
    "auth_key",
    "secure_auth_key",
    "logged_in_key",
    "nonce_key",
    "auth_salt",
    "secure_auth_salt",
    "logged_in_salt",
    "nonce_salt",
];

/// One instance with everything that working on it needs.
#[derive(Clone)]
pub struct Target {
    /// The tools.
    pub tools: Tools,
    /// The instance.
    pub instance: Instance,
    /// What it runs.
    pub release: Release,
}

impl Tools {
    /// Loads an instance to work on.
    ///
    /// # Errors
    /// When it is gone or the store fails.
    pub async fn target(&self, id: InstanceId) -> Result<Target> {
        let instance = store::instances::get(&self.store, &Scope::Fleet, id).await?;
        let release = store::releases::get(&self.store, instance.release).await?;
        Ok(Target { tools: self.clone(), instance, release })
    }

    /// Removes a container of this fleet, if it is there. One of that name that belongs to somebody else is left alone.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn remove_own(&self, name: &str) -> Result<()> {
        let fleet = self.settings.fleet.as_str();
        match self.engine.container(name).await? {
            Some(found) if found.labels.get(label::FLEET).is_some_and(|of| of == fleet) => self.engine.remove_container(name).await,
            _ => Ok(()),
        }
    }

    /// The routes that the gateway should serve, from the store alone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn routes(&self) -> Result<Vec<Route>> {
        let instances = store::instances::all(&self.store, &Scope::Fleet).await?;
        let domains = store::instances::domains(&self.store).await?;
        instances.iter().filter_map(|i| spec::route(i, &domains, self.subnet).transpose()).collect()
    }
}

impl Target {
    /// What it runs. The image of a release with an overlay may have been built since this was loaded.
    ///
    /// # Errors
    /// When the release is gone or the store fails.
    pub async fn made(&self) -> Result<Release> {
        if self.release.image_id.is_empty() {
            return store::releases::get(&self.tools.store, self.release.id).await;
        }
        Ok(self.release.clone())
    }

    /// Its secrets, made where they are missing.
    ///
    /// # Errors
    /// When the store fails or a secret cannot be opened.
    pub async fn secrets(&self) -> Result<BTreeMap<String, SecretString>> {
        self.tools.vault.ensure(&self.tools.store, &self.instance.id.text(), &INSTANCE_SECRETS, self.tools.clock.now()).await
    }

    /// One of its secrets.
    ///
    /// # Errors
    /// As [`Self::secrets`].
    pub async fn secret(&self, name: &str) -> Result<SecretString> {
        self.secrets().await?.remove(name).ok_or_else(|| Error::Internal(format!("no secret `{name}`")))
    }

    /// How to reach it.
    ///
    /// # Errors
    /// When its slot lies outside the fleet's subnet.
    pub fn site(&self) -> Result<Site> {
        Ok(Site { address: self.address()?, port: 80, domain: self.instance.domain.clone(), https_port: self.tools.settings.https_port })
    }

    /// Its private address.
    ///
    /// # Errors
    /// When its slot lies outside the fleet's subnet.
    pub fn address(&self) -> Result<std::net::Ipv4Addr> {
        address(&self.instance, self.tools.subnet)
    }

    /// Its containers of every generation: the one that serves, and those that earlier updates have kept.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn containers(&self) -> Result<Vec<ContainerState>> {
        let id = self.instance.id.text();
        let all = self.tools.engine.containers(&self.tools.settings.fleet).await?;
        let is_own = |c: &ContainerState| {
            c.labels.get(label::INSTANCE).is_some_and(|of| *of == id) && c.labels.get(label::ROLE).is_some_and(|role| role == "instance")
        };
        Ok(all.into_iter().filter(is_own).collect())
    }

    /// Its container's name.
    #[must_use]
    pub fn container(&self) -> String {
        self.tools.settings.container(&self.instance)
    }
}

/// An instance's private address.
pub(super) fn address(instance: &Instance, subnet: Subnet) -> Result<std::net::Ipv4Addr> {
    subnet.address(instance.slot, instance.generation).ok_or_else(|| {
        Error::Conflict(FieldError::new(
            "network.subnet",
            "subnet-full",
            format!("the fleet's subnet holds {} instances, and all its addresses are taken", Subnet::CAPACITY),
            "offboard an instance, or run a second fleet",
        ))
    })
}
