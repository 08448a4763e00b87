// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is asked of an engine, and what it answers, as plain data.

use std::{collections::BTreeMap, net::Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::Limits;

/// Labels that Flotta puts on everything it makes; nothing without its own fleet's label is ever touched.
pub mod label {
    /// The fleet's id.
    pub const FLEET: &str = "se.flotta.fleet";
    /// `db`, `gateway`, `instance`, `rehearsal` or `task`.
    pub const ROLE: &str = "se.flotta.role";
    /// The municipality's slug.
    pub const MUNICIPALITY: &str = "se.flotta.municipality";
    /// The instance's id.
    pub const INSTANCE: &str = "se.flotta.instance";
    /// The operation that made it.
    pub const OPERATION: &str = "se.flotta.operation";
    /// The instance's generation.
    pub const GENERATION: &str = "se.flotta.generation";
    /// SHA-256 of the specification that it was made from; differs when something must be made anew.
    pub const SPEC: &str = "se.flotta.spec";
}

/// A bridge network whose members cannot reach each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// Its name.
    pub name: String,
    /// Name of the bridge on the host, at most 15 characters.
    pub bridge: String,
    /// The subnet in CIDR form, such as `10.201.0.0/20`.
    pub subnet: String,
    /// The host's own address in it.
    pub gateway: Ipv4Addr,
    /// Whether nothing leads out of it: the host reaches its members, and they reach nobody.
    pub sealed: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A network as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkState {
    /// Its name.
    pub name: String,
    /// Its subnets in CIDR form.
    pub subnets: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether members can reach each other.
    pub inter_container: bool,
    /// Whether nothing leads out of it.
    pub sealed: bool,
    /// Name of the bridge on the host; empty where the engine chose it.
    pub bridge: String,
}

/// A volume as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeState {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Where a container is attached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Attachment {
    /// To nothing at all.
    None,
    /// To the host's own network.
    Host,
    /// To a network, at a fixed address.
    Network {
        /// The network's name.
        name: String,
        /// The container's address in it.
        address: Ipv4Addr,
    },
    /// To a network from which nothing leads out, at a fixed address and without a name server: an engine's own may ask the
    /// world's for a container that cannot.
    Sealed {
        /// The network's name.
        name: String,
        /// The container's address in it.
        address: Ipv4Addr,
    },
}

/// Something mounted into a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Mount {
    /// A file or folder of the host.
    Bind {
        /// On the host.
        source: String,
        /// In the container.
        target: String,
        /// Whether the container cannot write it.
        read_only: bool,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: String,
        /// In the container.
        target: String,
    },
    /// A volume that the container cannot write.
    VolumeRead {
        /// Its name.
        name: String,
        /// In the container.
        target: String,
    },
    /// Memory.
    Tmpfs {
        /// In the container.
        target: String,
        /// At most this many MiB.
        size_mib: u32,
    },
}

/// Everything that a container is made from. Its hash (label `se.flotta.spec`) tells whether a container is still what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Its name.
    pub name: String,
    /// The image, by id (`sha256:…`).
    pub image: String,
    /// Replaces the image's command where not empty.
    pub command: Vec<String>,
    /// `KEY=value`, no secrets.
    pub environment: Vec<String>,
    /// Its labels, without the hash of the specification.
    pub labels: BTreeMap<String, String>,
    /// What is mounted.
    pub mounts: Vec<Mount>,
    /// Where it is attached.
    pub attachment: Attachment,
    /// Further names that it resolves, each to the host (`name:host-gateway`).
    pub extra_hosts: Vec<String>,
    /// Limits; none for platform services.
    pub limits: Option<Limits>,
    /// Whether the root file system cannot be written.
    pub read_only_root: bool,
    /// Capabilities kept; all others are dropped.
    pub capabilities: Vec<String>,
    /// Whether the engine starts it again when it ends or the host restarts.
    pub restart: bool,
    /// Seconds that it gets to stop.
    pub stop_grace_seconds: u32,
    /// User inside (`uid:gid` or name); empty for the image's own.
    pub user: String,
}

impl ContainerSpec {
    /// SHA-256 over the specification, in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        use sha2::Digest;
        // A struct of strings and numbers always serialises.
        let text = serde_json::to_vec(self).unwrap_or_default();
        sha2::Sha256::digest(&text).iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// A container as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerState {
    /// The engine's id.
    pub id: String,
    /// Its name, without a leading slash.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The image's id.
    pub image: String,
    /// Whether its process runs (paused counts as running).
    pub running: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether its process has died and the engine is about to start it again by itself.
    pub restarting: bool,
    /// Exit status of the last run, where it has ended.
    pub exit_code: Option<i64>,
    /// Its address, where it is attached to a network and runs.
    pub address: Option<Ipv4Addr>,
}

impl ContainerState {
    /// Whether the engine's end or somebody stopped or paused it. One whose process dies is started again by the engine.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.paused || !self.running && !self.restarting
    }
}

/// An image as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageState {
    /// `sha256:…`.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The environment that it declares, `KEY=value`.
    pub environment: Vec<String>,
    /// The user that its process runs as; empty for root.
    pub user: String,
    /// How many layers it has.
    pub layers: usize,
}

/// What an image is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBuild {
    /// The name that it gets.
    pub reference: String,
    /// The file that holds everything that the build may use, as an uncompressed tar with a `Dockerfile` in it.
    pub context: std::path::PathBuf,
    /// Labels that it gets besides its own.
    pub labels: BTreeMap<String, String>,
    /// Whether its steps may reach the network.
    pub network: bool,
}

/// An image that has a name in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedImage {
    /// Its name with the tag.
    pub reference: String,
    /// `sha256:…`.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub created: i64,
}

/// What a command in a container gave.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ExecOutput {
    /// Exit status.
    pub status: i64,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained of, at most the first 64 KiB.
    pub stderr: Vec<u8>,
}

/// The host behind an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// The engine's version.
    pub version: String,
    /// Memory of the host in MiB.
    pub memory_mib: u64,
    /// Cores of the host.
    pub cpus: u32,
}

/// Something that happened to a container of this fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineEvent {
    /// The container's name.
    pub container: String,
    /// Its role label.
    pub role: String,
    /// The instance label, where it has one.
    pub instance: Option<String>,
    /// What happened: `die`, `destroy`, `start`, `pause`, …
    pub action: String,
}
