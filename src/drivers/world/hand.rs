// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What happens behind Flotta's back, and what a test sees without a driver: no call is logged and no fault strikes.

use std::collections::BTreeMap;

use super::{State, World, engine::cidr};
use crate::{
    drivers::gateway::Route,
    error::{Error, OutsideKind, Result},
    fleet::{
        FleetId,
        container::{ContainerSpec, ContainerState, ExecOutput, ImageState, NetworkSpec, VolumeState, label},
    },
};

/// Set-up of the host.
impl World {
    /// Puts an image on the host.
    pub fn add_image(&self, reference: &str, image: ImageState) {
        self.lock().engine.images.insert(reference.to_owned(), image);
    }

    /// Takes an image off the host.
    pub fn remove_image(&self, reference: &str) {
        self.lock().engine.images.remove(reference);
    }

    /// Puts an image into the registry, from where it can be pulled.
    pub fn publish_image(&self, reference: &str, image: ImageState) {
        self.lock().engine.registry.insert(reference.to_owned(), image);
    }

    /// From now on, containers of this image (by id) end with status 1 as soon as they start.
    pub fn make_image_crash(&self, id: &str) {
        self.lock().engine.crashing.push(id.to_owned());
    }

    /// From now on, a command in a container whose text contains this answers so. The first of several wins.
    pub fn answer_exec(&self, part: &str, output: ExecOutput) {
        self.lock().engine.answers.push((part.to_owned(), output));
    }

    /// Sets the bytes that are free now.
    pub fn set_free_disk_bytes(&self, bytes: u64) {
        let mut state = self.lock();
        state.host.disk_bytes = state.used_bytes() + bytes;
    }

    /// Sets the host's memory.
    pub fn set_memory_mib(&self, memory_mib: u64) {
        self.lock().host.memory_mib = memory_mib;
    }

    /// Sets the host's cores.
    pub fn set_cpus(&self, cpus: u32) {
        self.lock().host.cpus = cpus;
    }

    /// Puts a route on the host that occupies this subnet.
    ///
    /// # Errors
    /// The subnet is not in CIDR form.
    pub fn occupy_subnet(&self, subnet: &str) -> Result<()> {
        cidr(subnet).ok_or_else(|| Error::Internal(format!("`{subnet}` is no subnet")))?;
        self.lock().host.routes.push(subnet.to_owned());
        Ok(())
    }
}

/// Meddling by hand.
impl World {
    /// Makes a network, as someone else would.
    ///
    /// # Errors
    /// As the engine's.
    pub fn create_network(&self, spec: NetworkSpec) -> Result<()> {
        self.lock().create_network(spec)
    }

    /// Makes a volume, as someone else would.
    ///
    /// # Errors
    /// As the engine's.
    pub fn create_volume(&self, volume: VolumeState) -> Result<()> {
        self.lock().create_volume(volume)
    }

    /// Makes and starts a container, as someone else would.
    ///
    /// # Errors
    /// As the engine's.
    pub fn run_container(&self, spec: ContainerSpec) -> Result<()> {
        let name = spec.name.clone();
        let mut state = self.lock();
        state.create_container(spec)?;
        state.start_container(&name)
    }

    /// `docker start` (also of a paused one).
    ///
    /// # Errors
    /// As the engine's.
    pub fn start(&self, container: &str) -> Result<()> {
        self.lock().start_container(container)
    }

    /// `docker stop`: the restart policy does not bring it back.
    ///
    /// # Errors
    /// There is no such container.
    pub fn stop(&self, container: &str) -> Result<()> {
        self.lock().stop_container(container)
    }

    /// `docker kill`: the restart policy does not bring it back.
    ///
    /// # Errors
    /// There is no such container.
    pub fn kill(&self, container: &str) -> Result<()> {
        self.lock().end_container(container, 137, true).map(|_| ())
    }

    /// Its process dies by itself: the restart policy brings it back at once.
    ///
    /// # Errors
    /// There is no such container, or it does not start again.
    pub fn crash(&self, container: &str) -> Result<()> {
        self.lock().end_container(container, 137, false).map(|_| ())
    }

    /// `docker pause`.
    ///
    /// # Errors
    /// There is no such container.
    pub fn pause(&self, container: &str) -> Result<()> {
        self.lock().pause_container(container)
    }

    /// `docker rm --force`.
    pub fn remove_container(&self, container: &str) {
        self.lock().remove_container(container);
    }

    /// Removes a container and makes and starts another of that name, changed (so its label `se.flotta.spec` differs).
    ///
    /// # Errors
    /// There is no such container, or as the engine's.
    pub fn replace_container(&self, container: &str, change: impl FnOnce(&mut ContainerSpec)) -> Result<()> {
        let mut state = self.lock();
        let mut spec = state
            .engine
            .containers
            .get(container)
            .map(|c| c.spec.clone())
            .ok_or_else(|| Error::outside("engine", OutsideKind::Refused, format!("no such container: {container}")))?;
        state.remove_container(container);
        change(&mut spec);
        let name = spec.name.clone();
        state.create_container(spec)?;
        state.start_container(&name)
    }

    /// `docker network disconnect`: it runs on without an address.
    pub fn disconnect(&self, container: &str) {
        if let Some(container) = self.lock().engine.containers.get_mut(container) {
            container.state.address = None;
        }
    }

    /// Makes it run another image, labels and all else kept, as one who makes it again with the same options does.
    pub fn change_image(&self, container: &str, reference: &str) {
        let mut state = self.lock();
        let Some(image) = state.engine.find_image(reference).map(|image| image.id.clone()) else { return };
        if let Some(container) = state.engine.containers.get_mut(container) {
            container.state.image = image;
        }
    }

    /// `docker volume rm`.
    ///
    /// # Errors
    /// A container uses it.
    pub fn remove_volume(&self, volume: &str) -> Result<()> {
        self.lock().remove_volume(volume)
    }

    /// `docker network rm`.
    ///
    /// # Errors
    /// A running container is attached.
    pub fn remove_network(&self, network: &str) -> Result<()> {
        self.lock().remove_network(network)
    }

    /// Puts a file into a volume; nothing happens where there is no such volume.
    pub fn put_file(&self, volume: &str, path: &str, bytes: &[u8]) {
        if let Some(volume) = self.lock().engine.volumes.get_mut(volume) {
            volume.files.insert(path.to_owned(), bytes.to_vec());
        }
    }

    /// The host restarts; every listener for events loses its connection.
    pub fn restart_host(&self) {
        self.lock().restart_host();
    }

    /// Every listener for events gets an error, and then its end.
    pub fn break_events(&self) {
        for (_, listener) in self.lock().engine.listeners.drain(..) {
            // A listener that has gone away needs no telling.
            let _gone = listener.send(Err(Error::outside("engine", OutsideKind::Unreachable, "simulated: the connection broke")));
        }
    }

    /// Makes an empty schema without a user, as someone else would.
    pub fn create_schema(&self, name: &str) {
        self.lock().database.schemas.entry(name.to_owned()).or_default();
    }

    /// Removes a schema with everything in it, but not its user.
    pub fn drop_schema(&self, name: &str) {
        self.lock().database.schemas.remove(name);
    }

    /// Removes a user of the database server, but not its schema.
    pub fn drop_user(&self, name: &str) {
        self.lock().database.users.remove(name);
    }

    /// Runs a script in a schema.
    ///
    /// # Errors
    /// As the database server's.
    pub fn run_script(&self, schema: &str, script: &str) -> Result<()> {
        self.lock().run_script(schema, script)
    }

    /// The gateway loses its whole configuration.
    pub fn forget_routes(&self) {
        self.lock().gateway.routes.clear();
    }
}

/// Looking.
impl World {
    /// The container of that name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<ContainerState> {
        self.lock().engine.containers.get(name).map(|c| c.state.clone())
    }

    /// What the container of that name was made from.
    #[must_use]
    pub fn container_spec(&self, name: &str) -> Option<ContainerSpec> {
        self.lock().engine.containers.get(name).map(|c| c.spec.clone())
    }

    /// The names of all containers, sorted.
    #[must_use]
    pub fn container_names(&self) -> Vec<String> {
        self.lock().engine.containers.keys().cloned().collect()
    }

    /// The files of a volume; none where there is no such volume.
    #[must_use]
    pub fn files(&self, volume: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        self.lock().engine.volumes.get(volume).map(|v| v.files.clone())
    }

    /// The routes that the gateway has.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        self.lock().gateway.routes.clone()
    }

    /// The tables of a schema, sorted; none where there is no such schema.
    #[must_use]
    pub fn tables(&self, schema: &str) -> Option<Vec<String>> {
        self.lock().database.schemas.get(schema).map(|s| s.tables.keys().cloned().collect())
    }

    /// The whole schema as the script that makes it again; none where there is no such schema.
    #[must_use]
    pub fn dump(&self, schema: &str) -> Option<String> {
        self.lock().database.schemas.get(schema).map(super::sql::Schema::dump)
    }

    /// Everything there is, whosever it is, sorted and with its state, but without what changes at every making (ids, rows).
    #[must_use]
    pub fn inventory(&self) -> Vec<String> {
        let state = self.lock();
        let State { engine, database, gateway, .. } = &*state;
        let doing = |c: &super::engine::Container| match (c.state.running, c.state.paused) {
            (true, true) => "paused",
            (true, false) => "running",
            (false, _) => "stopped",
        };
        let labels = |labels: &BTreeMap<String, String>| labels.iter().map(|(k, v)| format!(" {k}={v}")).collect::<String>();
        let mut found: Vec<String> = Vec::new();
        found.extend(engine.containers.values().map(|c| format!("container {} {}{}", c.state.name, doing(c), labels(&c.state.labels))));
        found.extend(engine.networks.values().map(|n| format!("network {} {}{}", n.name, n.subnet, labels(&n.labels))));
        found
            .extend(engine.volumes.values().map(|v| format!("volume {} {} files{}", v.state.name, v.files.len(), labels(&v.state.labels))));
        found.extend(database.schemas.iter().map(|(name, schema)| format!("schema {name} {} tables", schema.tables.len())));
        found.extend(database.users.keys().map(|name| format!("user {name}")));
        found.extend(gateway.routes.iter().map(|r| format!("route {} {:?} {:?}", r.instance, r.domains, r.target)));
        found.sort();
        found
    }

    /// Everything that is there of a fleet, sorted: containers, networks and volumes that carry its label, volumes that the
    /// engine made by itself for its containers, and every schema and user `flt_…` and every route.
    #[must_use]
    pub fn leftovers(&self, fleet: &FleetId) -> Vec<String> {
        let state = self.lock();
        let mine = |labels: &BTreeMap<String, String>| labels.get(label::FLEET).is_some_and(|f| f == fleet.as_str());
        let State { engine, database, gateway, .. } = &*state;
        let mut found: Vec<String> = Vec::new();
        found.extend(engine.containers.values().filter(|c| mine(&c.state.labels)).map(|c| format!("container {}", c.state.name)));
        found.extend(engine.networks.values().filter(|n| mine(&n.labels)).map(|n| format!("network {}", n.name)));
        let implied = |by: &Option<String>| by.as_deref() == Some(fleet.as_str());
        let volumes = engine.volumes.values().filter(|v| mine(&v.state.labels) || implied(&v.implied_by));
        found.extend(volumes.map(|v| format!("volume {}", v.state.name)));
        for name in state.schema_names().into_iter().filter(|n| n.starts_with("flt_")) {
            found.extend(database.schemas.contains_key(name).then(|| format!("schema {name}")));
            found.extend(database.users.contains_key(name).then(|| format!("user {name}")));
        }
        found.extend(gateway.routes.iter().map(|r| format!("route {}", r.instance)));
        found.sort();
        found
    }
}
