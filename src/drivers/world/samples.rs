// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Small things to put into a world, for the drivers' own tests.

use std::{collections::BTreeMap, net::Ipv4Addr};

use super::{World, image_id};
use crate::{
    drivers::{
        engine::{Engine, simulated::SimulatedEngine},
        wordpress::Site,
    },
    fleet::{
        Limits,
        container::{Attachment, ContainerSpec, Mount, NetworkSpec, VolumeState, label},
    },
};

pub(in crate::drivers) fn labels(fleet: &str, role: &str) -> BTreeMap<String, String> {
    [(label::FLEET, fleet), (label::ROLE, role)].into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

pub(in crate::drivers) fn network() -> NetworkSpec {
    NetworkSpec {
        name: "t1-net".into(),
        bridge: "flt-t1".into(),
        subnet: "10.201.0.0/20".into(),
        gateway: Ipv4Addr::new(10, 201, 0, 1),
        sealed: false,
        labels: labels("t1", "network"),
    }
}

/// A world with the network of the fleet `t1`.
pub(in crate::drivers) fn world() -> World {
    let world = World::new();
    world.create_network(network()).unwrap();
    world
}

pub(in crate::drivers) fn volume(name: &str) -> VolumeState {
    VolumeState { name: name.into(), labels: labels("t1", "instance") }
}

pub(in crate::drivers) fn attached(high: u8, low: u8) -> Attachment {
    Attachment::Network { name: "t1-net".into(), address: Ipv4Addr::new(10, 201, high, low) }
}

/// The container `t1-SLUG` of WordPress, with its uploads in the volume `t1-SLUG-uploads` and its schema `flt_SLUG`.
pub(in crate::drivers) fn instance(slug: &str, host: u8) -> ContainerSpec {
    ContainerSpec {
        name: format!("t1-{slug}"),
        image: image_id("flotta/wordpress:6.8"),
        command: Vec::new(),
        environment: vec![format!("WORDPRESS_DB_NAME=flt_{slug}"), "WORDPRESS_CONFIG_EXTRA=define( 'MULTISITE', true );".into()],
        labels: labels("t1", "instance"),
        mounts: vec![Mount::Volume { name: format!("t1-{slug}-uploads"), target: "/var/www/html/wp-content/uploads".into() }],
        attachment: attached(0, host),
        extra_hosts: Vec::new(),
        limits: Some(Limits::default()),
        read_only_root: true,
        capabilities: Vec::new(),
        restart: true,
        stop_grace_seconds: 10,
        user: String::new(),
    }
}

/// The database server's container `t1-db-1`.
pub(in crate::drivers) fn database() -> ContainerSpec {
    ContainerSpec {
        name: "t1-db-1".into(),
        image: image_id("flotta/mariadb:11.8"),
        environment: Vec::new(),
        labels: labels("t1", "db"),
        mounts: vec![Mount::Volume { name: "t1-db-1".into(), target: "/var/lib/mysql".into() }],
        attachment: Attachment::None,
        ..instance("db", 0)
    }
}

pub(in crate::drivers) fn site(slug: &str, host: u8) -> Site {
    Site { address: Ipv4Addr::new(10, 201, 0, host), port: 80, domain: format!("{slug}.localhost").parse().unwrap(), https_port: 8443 }
}

pub(in crate::drivers) fn installation(slug: &str) -> String {
    serde_json::json!({
        "title": "Ale kommun", "domain": format!("{slug}.localhost:8443"), "path": "/", "scheme": "https",
        "network": "sub-directory", "admin_login": "anna", "admin_email": "anna@ale.se", "locale": "sv_SE",
    })
    .to_string()
}

pub(in crate::drivers) async fn install(world: &World, slug: &str) {
    let (engine, told) = (SimulatedEngine::new(world.clone()), installation(slug));
    let output = engine.exec(&format!("t1-{slug}"), &["php", "/flotta-agent.php", "install"], None, told.as_bytes(), 60).await.unwrap();
    assert_eq!(output.status, 0, "{}", String::from_utf8_lossy(&output.stdout));
}
