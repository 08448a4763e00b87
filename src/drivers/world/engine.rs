// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the simulated engine holds, and how it changes.

use std::{collections::BTreeMap, net::Ipv4Addr};

use tokio::{sync::mpsc, time::Instant};

use super::{State, refused, sql};
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::container::{
        Attachment, ContainerSpec, ContainerState, EngineEvent, ExecOutput, ImageState, Mount, NetworkSpec, VolumeState, label,
    },
};

const SYSTEM: &str = "engine";
const CONTAINER_BYTES: u64 = 65_536;
const VOLUME_BYTES: u64 = 16_384;

#[derive(Clone, Default)]
pub(in crate::drivers) struct Engine {
    pub(in crate::drivers) images: BTreeMap<String, ImageState>,
    /// Files of images, by their id.
    pub(in crate::drivers) image_files: BTreeMap<String, super::image::Files>,
    pub(in crate::drivers) registry: BTreeMap<String, ImageState>,
    pub(in crate::drivers) crashing: Vec<String>,
    pub(in crate::drivers) networks: BTreeMap<String, NetworkSpec>,
    pub(in crate::drivers) volumes: BTreeMap<String, Volume>,
    pub(in crate::drivers) containers: BTreeMap<String, Container>,
    pub(in crate::drivers) answers: Vec<(String, ExecOutput)>,
    pub(in crate::drivers) listeners: Vec<(String, mpsc::UnboundedSender<Result<EngineEvent>>)>,
    containers_made: u64,
}

#[derive(Clone)]
pub(in crate::drivers) struct Volume {
    pub(in crate::drivers) state: VolumeState,
    pub(in crate::drivers) files: BTreeMap<String, Vec<u8>>,
    /// Whose container made the engine make it by itself, without labels.
    pub(in crate::drivers) implied_by: Option<String>,
    /// Whether the database server keeps its data in it.
    database: bool,
}

impl Volume {
    fn new(state: VolumeState) -> Self {
        Self { state, files: BTreeMap::new(), implied_by: None, database: false }
    }
}

#[derive(Clone)]
pub(in crate::drivers) struct Container {
    pub(in crate::drivers) state: ContainerState,
    pub(in crate::drivers) spec: ContainerSpec,
    pub(in crate::drivers) started: Option<Instant>,
    /// Stopped by someone who asked the engine for it, so the engine leaves it so.
    stopped_on_request: bool,
    pub(in crate::drivers) output: Vec<String>,
}

impl Container {
    pub(in crate::drivers) fn role(&self) -> &str {
        self.state.labels.get(label::ROLE).map_or("", String::as_str)
    }

    /// A variable of its environment, by the first of these names that is set.
    pub(in crate::drivers) fn variable(&self, names: &[&str]) -> Option<&str> {
        let value = |name: &&str| self.spec.environment.iter().find_map(|e| e.strip_prefix(*name)?.strip_prefix('='));
        names.iter().find_map(value)
    }
}

impl Engine {
    pub(super) fn bytes(&self) -> u64 {
        let files: usize = self.volumes.values().flat_map(|v| v.files.values()).map(Vec::len).sum();
        self.containers.len() as u64 * CONTAINER_BYTES + self.volumes.len() as u64 * VOLUME_BYTES + files as u64
    }

    pub(in crate::drivers) fn find_image(&self, reference: &str) -> Option<&ImageState> {
        self.images.get(reference).or_else(|| self.images.values().find(|i| i.id == reference))
    }

    /// The running container that has this address.
    pub(in crate::drivers) fn at_address(&self, address: Ipv4Addr) -> Option<&Container> {
        self.containers.values().find(|c| c.state.address == Some(address))
    }

    fn tell(&mut self, name: &str, action: &str) {
        let Some(container) = self.containers.get(name) else { return };
        let labels = &container.state.labels;
        let event = EngineEvent {
            container: name.to_owned(),
            role: container.role().to_owned(),
            instance: labels.get(label::INSTANCE).cloned(),
            action: action.to_owned(),
        };
        let fleet = labels.get(label::FLEET).cloned().unwrap_or_default();
        self.listeners.retain(|(of, sender)| *of != fleet || sender.send(Ok(event.clone())).is_ok());
    }
}

impl State {
    pub(in crate::drivers) fn create_network(&mut self, spec: NetworkSpec) -> Result<()> {
        if let Some(there) = self.engine.networks.get(&spec.name) {
            let same = there.labels == spec.labels && there.subnet == spec.subnet;
            return if same { Ok(()) } else { Err(conflict(format!("network {} exists already", spec.name))) };
        }
        let bounds = cidr(&spec.subnet).ok_or_else(|| refused(SYSTEM, format!("invalid subnet {}", spec.subnet)))?;
        if !(bounds.0..=bounds.1).contains(&u32::from(spec.gateway)) {
            return Err(refused(SYSTEM, format!("gateway {} is not in {}", spec.gateway, spec.subnet)));
        }
        if spec.bridge.len() > 15 {
            return Err(refused(SYSTEM, format!("bridge name {} is too long", spec.bridge)));
        }
        for other in self.engine.networks.values() {
            if cidr(&other.subnet).is_some_and(|(low, high)| low <= bounds.1 && bounds.0 <= high) {
                return Err(conflict("pool overlaps with other one on this address space"));
            }
            if !spec.bridge.is_empty() && other.bridge == spec.bridge {
                return Err(conflict(format!("bridge {} is in use by network {}", spec.bridge, other.name)));
            }
        }
        self.count(format!("network created {}", spec.name));
        self.engine.networks.insert(spec.name.clone(), spec);
        Ok(())
    }

    pub(in crate::drivers) fn remove_network(&mut self, name: &str) -> Result<()> {
        let attached = |a: &Attachment| matches!(a, Attachment::Network { name: n, .. } | Attachment::Sealed { name: n, .. } if n == name);
        if self.engine.containers.values().any(|c| c.state.running && attached(&c.spec.attachment)) {
            return Err(conflict(format!("network {name} has active endpoints")));
        }
        if self.engine.networks.remove(name).is_some() {
            self.count(format!("network removed {name}"));
        }
        Ok(())
    }

    pub(in crate::drivers) fn create_volume(&mut self, volume: VolumeState) -> Result<()> {
        if let Some(there) = self.engine.volumes.get(&volume.name) {
            let same = there.state.labels == volume.labels;
            return if same { Ok(()) } else { Err(conflict(format!("volume {} exists already", volume.name))) };
        }
        self.need_disk(SYSTEM, VOLUME_BYTES)?;
        self.count(format!("volume created {}", volume.name));
        self.engine.volumes.insert(volume.name.clone(), Volume::new(volume));
        Ok(())
    }

    pub(in crate::drivers) fn remove_volume(&mut self, name: &str) -> Result<()> {
        let mounts = |c: &&Container| {
            c.spec.mounts.iter().any(|m| matches!(m, Mount::Volume { name: n, .. } | Mount::VolumeRead { name: n, .. } if n == name))
        };
        if let Some(user) = self.engine.containers.values().find(mounts) {
            return Err(conflict(format!("volume {name} is in use by {}", user.spec.name)));
        }
        if let Some(gone) = self.engine.volumes.remove(name) {
            self.count(format!("volume removed {name}"));
            if gone.database {
                self.database.schemas.clear();
                self.database.users.clear();
            }
        }
        Ok(())
    }

    pub(in crate::drivers) fn pull_image(&mut self, reference: &str) -> Result<()> {
        let image = self.engine.registry.get(reference).cloned();
        let image = image.ok_or_else(|| refused(SYSTEM, format!("manifest for {reference} not found")))?;
        self.need_disk(SYSTEM, VOLUME_BYTES)?;
        self.count(format!("image pulled {reference}"));
        self.engine.images.insert(reference.to_owned(), image);
        Ok(())
    }

    pub(in crate::drivers) fn create_container(&mut self, spec: ContainerSpec) -> Result<()> {
        let mut labels = spec.labels.clone();
        labels.insert(label::SPEC.to_owned(), spec.hash());
        if let Some(there) = self.engine.containers.get(&spec.name) {
            let same = there.state.labels == labels;
            return if same { Ok(()) } else { Err(conflict(format!("the name {} is in use", spec.name))) };
        }
        let image = self.engine.find_image(&spec.image).ok_or_else(|| refused(SYSTEM, format!("no such image {}", spec.image)))?;
        let image = image.id.clone();
        self.need_disk(SYSTEM, CONTAINER_BYTES)?;
        let database = labels.get(label::ROLE).is_some_and(|r| r == "db");
        for mount in &spec.mounts {
            if let Mount::Volume { name, .. } | Mount::VolumeRead { name, .. } = mount {
                let fleet = labels.get(label::FLEET).cloned();
                let volume = self.engine.volumes.entry(name.clone()).or_insert_with(|| Volume {
                    implied_by: fleet,
                    ..Volume::new(VolumeState { name: name.clone(), labels: BTreeMap::new() })
                });
                volume.database |= database;
            }
        }
        self.engine.containers_made += 1;
        let name = spec.name.clone();
        let state = ContainerState {
            id: format!("{:064x}", self.engine.containers_made),
            name: name.clone(),
            labels,
            image,
            running: false,
            paused: false,
            restarting: false,
            exit_code: None,
            address: None,
        };
        self.count(format!("container created {name}"));
        let container = Container { state, spec, started: None, stopped_on_request: false, output: Vec::new() };
        self.engine.containers.insert(name.clone(), container);
        self.engine.tell(&name, "create");
        Ok(())
    }

    fn container(&mut self, name: &str) -> Result<&mut Container> {
        self.engine.containers.get_mut(name).ok_or_else(|| refused(SYSTEM, format!("no such container: {name}")))
    }

    pub(in crate::drivers) fn start_container(&mut self, name: &str) -> Result<()> {
        let container = self.container(name)?;
        if container.state.paused {
            container.state.paused = false;
            self.engine.tell(name, "unpause");
            return Ok(());
        }
        if container.state.running {
            return Ok(());
        }
        let attachment = container.spec.attachment.clone();
        let image = container.state.image.clone();
        let address = match &attachment {
            Attachment::Network { name: network, address } | Attachment::Sealed { name: network, address } => {
                let spec = self.engine.networks.get(network).ok_or_else(|| refused(SYSTEM, format!("network {network} not found")))?;
                let within = cidr(&spec.subnet).is_some_and(|(low, high)| (low..=high).contains(&u32::from(*address)));
                if !within {
                    return Err(refused(SYSTEM, format!("address {address} is not in {}", spec.subnet)));
                }
                if spec.gateway == *address || self.engine.at_address(*address).is_some() {
                    return Err(conflict(format!("address {address} is already in use")));
                }
                Some(*address)
            }
            Attachment::None | Attachment::Host => None,
        };
        let crashes = self.engine.crashing.contains(&image);
        let container = self.container(name)?;
        // A task with a command of its own does it and ends.
        let once = container.role() == "task" && !container.spec.command.is_empty();
        container.stopped_on_request = false;
        container.started = Some(Instant::now());
        container.output.push(format!("simulated: {name} started"));
        container.state.running = !crashes && !once;
        container.state.exit_code = if crashes { Some(1) } else { once.then_some(0) };
        container.state.address = address.filter(|_| !crashes && !once);
        if crashes {
            container.output.push("simulated: fatal error at start".to_owned());
        }
        self.count(format!("container started {name}"));
        self.engine.tell(name, "start");
        if crashes || once {
            self.engine.tell(name, "die");
        }
        Ok(())
    }

    /// Ends the process: `on_request` by a call to the engine, else by itself, and then its restart policy holds.
    pub(in crate::drivers) fn end_container(&mut self, name: &str, code: i64, on_request: bool) -> Result<bool> {
        let container = self.container(name)?;
        container.stopped_on_request |= on_request;
        if !container.state.running {
            return Ok(false);
        }
        container.state.running = false;
        container.state.paused = false;
        container.state.exit_code = Some(code);
        container.state.address = None;
        let again = container.spec.restart && !container.stopped_on_request;
        if on_request {
            self.engine.tell(name, "kill");
        }
        self.engine.tell(name, "die");
        if again {
            self.start_container(name)?;
        }
        Ok(true)
    }

    pub(in crate::drivers) fn stop_container(&mut self, name: &str) -> Result<()> {
        if self.end_container(name, 0, true)? {
            self.count(format!("container stopped {name}"));
            self.engine.tell(name, "stop");
        }
        Ok(())
    }

    pub(in crate::drivers) fn pause_container(&mut self, name: &str) -> Result<()> {
        let container = self.container(name)?;
        if container.state.running && !container.state.paused {
            container.state.paused = true;
            self.engine.tell(name, "pause");
        }
        Ok(())
    }

    pub(in crate::drivers) fn remove_container(&mut self, name: &str) {
        // Only a container that is not there cannot be ended, and then there is nothing to remove.
        if self.end_container(name, 137, true).is_ok() {
            self.engine.tell(name, "destroy");
            self.engine.containers.remove(name);
            self.count(format!("container removed {name}"));
        }
    }

    /// The whole host restarts: what has a restart policy and was not stopped on request runs again.
    pub(in crate::drivers) fn restart_host(&mut self) {
        self.engine.listeners.clear();
        let names: Vec<String> = self.engine.containers.values().filter(|c| c.state.running).map(|c| c.spec.name.clone()).collect();
        for name in names {
            if let Some(container) = self.engine.containers.get_mut(&name) {
                container.state.running = false;
                container.state.paused = false;
                container.state.exit_code = Some(137);
                container.state.address = None;
                if container.spec.restart && self.start_container(&name).is_err() {
                    tracing::warn!(container = name, "simulated: does not start again");
                }
            }
        }
    }

    /// What a command in a container gives.
    pub(in crate::drivers) fn exec(&mut self, name: &str, command: &[String], stdin: &[u8]) -> Result<ExecOutput> {
        let container = self.container(name)?;
        if !container.state.running || container.state.paused {
            return Err(conflict(format!("container {name} is not running")));
        }
        let database = container.role() == "db";
        let text = command.join(" ");
        if let Some((_, answer)) = self.engine.answers.iter().find(|(part, _)| text.contains(part.as_str())) {
            return Ok(answer.clone());
        }
        if text.contains("flotta-agent.php") && text.ends_with(" install") {
            return Ok(self.install(name, stdin));
        }
        if !database {
            return Ok(ExecOutput::default());
        }
        let segment = |part: &str| text.split(['|', '>', '<']).find(|s| s.split_whitespace().any(|w| base(w) == part)).map(last_name);
        if let (Some(from), Some(into)) = (segment("mariadb-dump"), segment("mariadb"))
            && text.contains(" | ")
        {
            let dump = self.database.schemas.get(&from).map(sql::Schema::dump);
            let loaded = dump
                .ok_or_else(|| format!("Unknown database '{from}'"))
                .and_then(|d| self.run_script(&into, &d).map_err(|e| e.to_string()));
            return Ok(loaded.map_or_else(|message| failure(1, &message), |()| ExecOutput::default()));
        }
        if let Some(schema) = segment("mariadb-dump") {
            let Some(found) = self.database.schemas.get(&schema) else {
                return Ok(failure(2, &format!("mariadb-dump: Got error: 1049: Unknown database '{schema}'")));
            };
            let dump = found.dump().into_bytes();
            return Ok(match text.contains("zstd") {
                true => zstd::encode_all(dump.as_slice(), 3)
                    .map_or_else(|e| failure(1, &e.to_string()), |stdout| ExecOutput { stdout, ..ExecOutput::default() }),
                false => ExecOutput { stdout: dump, ..ExecOutput::default() },
            });
        }
        if let Some(schema) = segment("mariadb") {
            let script = if text.contains("zstd") { zstd::decode_all(stdin) } else { Ok(stdin.to_vec()) };
            let script = script.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            return Ok(match script.map_err(|e| e.to_string()).and_then(|s| self.run_script(&schema, &s).map_err(|e| e.to_string())) {
                Ok(()) => ExecOutput::default(),
                Err(message) => failure(1, &message),
            });
        }
        Ok(ExecOutput::default())
    }

    pub(in crate::drivers) fn run_script(&mut self, schema: &str, script: &str) -> Result<()> {
        self.need_disk("database server", script.len() as u64)?;
        let halfway = self.halfway;
        let found = self.database()?.schemas.get_mut(schema);
        found.ok_or_else(|| refused("database server", format!("unknown database `{schema}`")))?.run(script, halfway)?;
        if !halfway {
            self.count(format!("script run {schema}"));
        }
        Ok(())
    }

    /// The volume's files below a container's folder, as a tar.
    pub(in crate::drivers) fn copy_out(&self, name: &str, path: &str) -> Result<Vec<u8>> {
        let container = self.engine.containers.get(name).ok_or_else(|| refused(SYSTEM, format!("no such container: {name}")))?;
        let path = path.trim_end_matches('/');
        let below = |target: &str| path.strip_prefix(target).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let found = container.spec.mounts.iter().find_map(|mount| match mount {
            Mount::Volume { name, target } | Mount::VolumeRead { name, target } => {
                Some((name, below(target.trim_end_matches('/'))?.trim_start_matches('/')))
            }
            _ => None,
        });
        let Some((volume, inside)) = found else { return self.copy_of_image(&container.state.image, name, path) };
        let empty = BTreeMap::new();
        let files = self.engine.volumes.get(volume).map_or(&empty, |v| &v.files);
        tar(base(path), inside, files).map_err(|error| Error::Internal(error.to_string()))
    }

    /// A file of the image by itself, or a folder of it.
    fn copy_of_image(&self, image: &str, name: &str, path: &str) -> Result<Vec<u8>> {
        let empty = BTreeMap::new();
        let (files, inside) = (self.engine.image_files.get(image).unwrap_or(&empty), path.trim_start_matches('/'));
        let packed = match files.get(inside) {
            Some(bytes) => single(base(path), bytes),
            None if files.keys().any(|file| file.strip_prefix(inside).is_some_and(|rest| rest.starts_with('/'))) => {
                tar(base(path), inside, files)
            }
            None => return Err(refused(SYSTEM, format!("no such file or folder in {name}: {path}"))),
        };
        packed.map_err(|error| Error::Internal(error.to_string()))
    }
}

fn single(name: &str, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, name, bytes)?;
    archive.into_inner()
}

fn tar(top: &str, inside: &str, files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o755);
    header.set_size(0);
    archive.append_data(&mut header, format!("{top}/"), std::io::empty())?;
    for (path, bytes) in files {
        let rest = if inside.is_empty() { Some(path.as_str()) } else { path.strip_prefix(inside).and_then(|r| r.strip_prefix('/')) };
        if let Some(rest) = rest {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, format!("{top}/{rest}"), bytes.as_slice())?;
        }
    }
    archive.into_inner()
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The last word of a command line that is no option.
fn last_name(segment: &str) -> String {
    let last = segment.split_whitespace().rfind(|w| !w.starts_with('-')).unwrap_or("");
    last.trim_matches(['\'', '"', '`']).to_owned()
}

pub(super) fn failure(status: i64, message: &str) -> ExecOutput {
    ExecOutput { status, stdout: Vec::new(), stderr: message.as_bytes().to_vec() }
}

fn conflict(message: impl Into<String>) -> Error {
    Error::outside(SYSTEM, OutsideKind::Conflict, message)
}

/// First and last address of a subnet.
pub(in crate::drivers) fn cidr(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
    let low = u32::from(address) & mask;
    Some((low, low | !mask))
}
