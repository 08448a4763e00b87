// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an instance's container, network and route are made from. Pure.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use crate::{
    drivers::{
        gateway::{Route, Target},
        wordpress::site_host,
    },
    error::Result,
    fleet::{
        Contract, Desired, Domain, FleetSettings, Instance, InstanceId, InstanceState, NetworkKind, Release, Subnet,
        container::{Attachment, ContainerSpec, ContainerState, Mount, label},
    },
};

/// Where things are mounted in an instance.
pub mod place {
    /// The database server's socket folder.
    pub const DATABASE: &str = "/run/flotta/db";
    /// The secret files.
    pub const SECRETS: &str = "/run/secrets/flotta";
    /// The agent.
    pub const AGENT: &str = "/var/www/html/wp-content/mu-plugins/flotta-agent.php";
    /// Uploads.
    pub const UPLOADS: &str = "/var/www/html/wp-content/uploads";
}

/// Labels of everything that belongs to an instance.
#[must_use]
pub fn labels(settings: &FleetSettings, instance: &Instance, role: &str) -> BTreeMap<String, String> {
    [
        (label::FLEET, settings.fleet.to_string()),
        (label::ROLE, role.to_owned()),
        (label::MUNICIPALITY, instance.slug.to_string()),
        (label::INSTANCE, instance.id.text()),
    ]
    .into_iter()
    .map(|(k, v)| (k.to_owned(), v))
    .collect()
}

/// PHP that sets WordPress up for a kind of network at `host` (with its port where that is not 443).
#[must_use]
pub fn config_extra(kind: NetworkKind, host: &str, locale: &str) -> String {
    let mut lines = vec![
        "define('DISALLOW_FILE_MODS', true);".to_owned(),
        "define('AUTOMATIC_UPDATER_DISABLED', true);".to_owned(),
        "define('WP_AUTO_UPDATE_CORE', false);".to_owned(),
        format!("define('WPLANG', '{locale}');"),
    ];
    match kind {
        NetworkKind::Single => {
            lines.push(format!("define('WP_HOME', 'https://{host}');"));
            lines.push(format!("define('WP_SITEURL', 'https://{host}');"));
        }
        kind => {
            lines.push("define('WP_ALLOW_MULTISITE', true);".to_owned());
            lines.push("define('MULTISITE', true);".to_owned());
            lines.push(format!("define('SUBDOMAIN_INSTALL', {});", kind == NetworkKind::SubDomain));
            lines.push(format!("define('DOMAIN_CURRENT_SITE', '{host}');"));
            lines.push("define('PATH_CURRENT_SITE', '/');".to_owned());
            lines.push("define('SITE_ID_CURRENT_SITE', 1);".to_owned());
            lines.push("define('BLOG_ID_CURRENT_SITE', 1);".to_owned());
        }
    }
    lines.join("\n")
}

/// The container of an instance's present generation.
///
/// # Errors
/// When its slot lies outside the fleet's subnet.
pub fn container(settings: &FleetSettings, instance: &Instance, release: &Release, subnet: Subnet) -> Result<ContainerSpec> {
    let address = super::tools::address(instance, subnet)?;
    let mut labels = labels(settings, instance, "instance");
    labels.insert(label::GENERATION.to_owned(), instance.generation.to_string());
    Ok(ContainerSpec {
        name: settings.container(instance),
        image: release.image_id.clone(),
        command: Vec::new(),
        environment: environment(settings, instance, release.contract, &instance.schema()),
        labels,
        mounts: vec![
            bind(&settings.database_run(), place::DATABASE),
            bind(&settings.secrets_of(&instance.id.text()), place::SECRETS),
            bind(&settings.agent(), place::AGENT),
            Mount::Volume { name: settings.uploads(instance), target: place::UPLOADS.to_owned() },
            Mount::Tmpfs { target: "/tmp".to_owned(), size_mib: 256 },
            Mount::Tmpfs { target: "/run".to_owned(), size_mib: 16 },
        ],
        attachment: Attachment::Network { name: settings.network(), address },
        extra_hosts: Vec::new(),
        limits: Some(instance.limits),
        read_only_root: true,
        capabilities: Vec::new(),
        restart: true,
        stop_grace_seconds: 30,
        user: String::new(),
    })
}

/// Whether a running container has the address that it should have; nobody has taken it off its network.
#[must_use]
pub fn at_home(wanted: &ContainerSpec, found: &ContainerState) -> bool {
    match &wanted.attachment {
        Attachment::Network { address, .. } | Attachment::Sealed { address, .. } => found.address == Some(*address),
        Attachment::None | Attachment::Host => true,
    }
}

/// Names and places of a container that runs on a copy of an instance's data.
pub struct Copy {
    /// Its name.
    pub name: String,
    /// The copy's schema and user.
    pub schema: String,
    /// Host folder of its secret files.
    pub secrets: PathBuf,
    /// The network, from which nothing leads out.
    pub network: String,
    /// Its address there.
    pub address: Ipv4Addr,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A container that runs a release on a copy of an instance's data, with the instance's uploads to read, and without any effect
/// on others.
#[must_use]
pub fn copy(settings: &FleetSettings, instance: &Instance, release: &Release, copy: Copy) -> ContainerSpec {
    let mut environment = environment(settings, instance, release.contract, &copy.schema);
    environment.push("FLOTTA_REHEARSAL=1".to_owned());
    ContainerSpec {
        name: copy.name,
        image: release.image_id.clone(),
        command: Vec::new(),
        environment,
        labels: copy.labels,
        mounts: vec![
            bind(&settings.database_run(), place::DATABASE),
            bind(&copy.secrets, place::SECRETS),
            bind(&settings.agent(), place::AGENT),
            Mount::VolumeRead { name: settings.uploads(instance), target: place::UPLOADS.to_owned() },
            Mount::Tmpfs { target: "/tmp".to_owned(), size_mib: 256 },
            Mount::Tmpfs { target: "/run".to_owned(), size_mib: 16 },
        ],
        attachment: Attachment::Sealed { name: copy.network, address: copy.address },
        extra_hosts: Vec::new(),
        limits: Some(instance.limits),
        read_only_root: true,
        capabilities: Vec::new(),
        restart: false,
        stop_grace_seconds: 1,
        user: String::new(),
    }
}

fn environment(settings: &FleetSettings, instance: &Instance, contract: Contract, schema: &str) -> Vec<String> {
    let socket = format!("localhost:{}/mysqld.sock", place::DATABASE);
    let agent = [format!("FLOTTA_INSTANCE={}", instance.id), format!("FLOTTA_AGENT_KEY_FILE={}/agent_key", place::SECRETS)];
    let own = match contract {
        Contract::Wordpress => {
            let mut own = vec![
                format!("WORDPRESS_DB_HOST={socket}"),
                format!("WORDPRESS_DB_USER={schema}"),
                format!("WORDPRESS_DB_NAME={schema}"),
                format!("WORDPRESS_DB_PASSWORD_FILE={}/db_password", place::SECRETS),
                "WORDPRESS_TABLE_PREFIX=wp_".to_owned(),
                format!(
                    "WORDPRESS_CONFIG_EXTRA={}",
                    config_extra(instance.network_kind, &site_host(&instance.domain, settings.https_port), &instance.locale)
                ),
            ];
            for name in [
                "AUTH_KEY",
                "SECURE_AUTH_KEY",
                "LOGGED_IN_KEY",
                "NONCE_KEY",
                "AUTH_SALT",
                "SECURE_AUTH_SALT",
                "LOGGED_IN_SALT",
                "NONCE_SALT",
            ] {
                own.push(format!("WORDPRESS_{name}_FILE={}/{}", place::SECRETS, name.to_lowercase()));
            }
            own
        }
        Contract::Municipio => Vec::new(),
    };
    own.into_iter().chain(agent).collect()
}

fn bind(source: &Path, target: &str) -> Mount {
    Mount::Bind { source: source.to_string_lossy().into_owned(), target: target.to_owned(), read_only: true }
}

/// The instance's entry in the gateway; none while it has no route yet or no more.
///
/// # Errors
/// When its slot lies outside the fleet's subnet.
pub fn route(instance: &Instance, domains: &[(Domain, InstanceId, bool)], subnet: Subnet) -> Result<Option<Route>> {
    let target = match (instance.desired, instance.state) {
        (Desired::Removed, _) | (_, InstanceState::Onboarding | InstanceState::Offboarding) => return Ok(None),
        (_, InstanceState::Quarantined) => Target::Unavailable,
        (Desired::Suspended, _) => Target::Suspended,
        (Desired::Running, _) if instance.paused => Target::Paused,
        (Desired::Running, _) => Target::Instance { address: super::tools::address(instance, subnet)?, port: 80 },
    };
    Ok(Some(route_to(instance, domains, target)))
}

/// The instance's entry in the gateway with the given target.
#[must_use]
pub fn route_to(instance: &Instance, domains: &[(Domain, InstanceId, bool)], target: Target) -> Route {
    let own = || domains.iter().filter(|(_, id, _)| *id == instance.id);
    let mut names: Vec<Domain> = own().map(|(name, ..)| name.clone()).collect();
    names.sort_by_key(|name| (*name != instance.domain, name.clone()));
    Route { instance: instance.id, wildcard: own().any(|(_, _, wildcard)| *wildcard), domains: names, target }
}

/// The target of an instance that serves.
#[must_use]
pub fn serving(address: Ipv4Addr) -> Target {
    Target::Instance { address, port: 80 }
}
