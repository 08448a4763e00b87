// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The simulated engine.

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::Engine;
use crate::{
    drivers::world::{Call, Fault, World, refused},
    error::{Error, OutsideKind, Result},
    fleet::{
        FleetId,
        container::{
            ContainerSpec, ContainerState, EngineEvent, EngineInfo, ExecOutput, ImageBuild, ImageState, NamedImage, NetworkSpec,
            NetworkState, VolumeState, label,
        },
    },
};

/// An [`Engine`] on a simulated host.
#[derive(Clone)]
pub struct SimulatedEngine(World);

impl SimulatedEngine {
    /// The engine of this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(world)
    }
}

fn network_state(n: &NetworkSpec) -> NetworkState {
    NetworkState {
        name: n.name.clone(),
        subnets: vec![n.subnet.clone()],
        labels: n.labels.clone(),
        inter_container: false,
        sealed: n.sealed,
        bridge: n.bridge.clone(),
    }
}

async fn write(bytes: &[u8], sink: &mut (dyn AsyncWrite + Send + Unpin)) -> Result<()> {
    let failed = |error: std::io::Error| Error::outside("engine", OutsideKind::Failed, format!("cannot write what came: {error}"));
    sink.write_all(bytes).await.map_err(failed)?;
    sink.flush().await.map_err(failed)
}

/// Hands on what came, or half of it where the call broke halfway, and then the fault.
async fn stream(came: (Vec<u8>, Option<Fault>), sink: &mut (dyn AsyncWrite + Send + Unpin)) -> Result<()> {
    let (bytes, fault) = came;
    let length = if fault == Some(Fault::Halfway) { bytes.len() / 2 } else { bytes.len() };
    write(&bytes[..length], sink).await?;
    fault.map_or(Ok(()), |fault| Err(fault.error("engine")))
}

#[async_trait]
impl Engine for SimulatedEngine {
    async fn info(&self) -> Result<EngineInfo> {
        let call = Call::new("engine.info", "");
        self.0.call(call, |s| Ok(EngineInfo { version: "simulated".into(), memory_mib: s.host.memory_mib, cpus: s.host.cpus })).await
    }

    async fn free_disk_bytes(&self) -> Result<u64> {
        self.0.call(Call::new("engine.free_disk_bytes", ""), |s| Ok(s.free_bytes())).await
    }

    async fn network(&self, name: &str) -> Result<Option<NetworkState>> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.network", name), move |s| Ok(s.engine.networks.get(&key).map(network_state))).await
    }

    async fn occupied_subnets(&self) -> Result<Vec<String>> {
        let call = Call::new("engine.occupied_subnets", "");
        self.0.call(call, |s| Ok(s.engine.networks.values().map(|n| n.subnet.clone()).chain(s.host.routes.iter().cloned()).collect())).await
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<()> {
        let spec = spec.clone();
        self.0.call(Call::new("engine.create_network", spec.name.clone()), move |s| s.create_network(spec)).await
    }

    async fn remove_network(&self, name: &str) -> Result<()> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.remove_network", name), move |s| s.remove_network(&key)).await
    }

    async fn networks(&self, fleet: &FleetId) -> Result<Vec<NetworkState>> {
        let fleet = fleet.to_string();
        self.0
            .call(Call::new("engine.networks", fleet.clone()), move |s| {
                let all = s.engine.networks.values();
                Ok(all.filter(|n| n.labels.get(label::FLEET) == Some(&fleet)).map(network_state).collect())
            })
            .await
    }

    async fn volume(&self, name: &str) -> Result<Option<VolumeState>> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.volume", name), move |s| Ok(s.engine.volumes.get(&key).map(|v| v.state.clone()))).await
    }

    async fn create_volume(&self, volume: &VolumeState) -> Result<()> {
        let volume = volume.clone();
        self.0.call(Call::new("engine.create_volume", volume.name.clone()), move |s| s.create_volume(volume)).await
    }

    async fn remove_volume(&self, name: &str) -> Result<()> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.remove_volume", name), move |s| s.remove_volume(&key)).await
    }

    async fn volumes(&self, fleet: &FleetId) -> Result<Vec<VolumeState>> {
        let fleet = fleet.to_string();
        self.0
            .call(Call::new("engine.volumes", fleet.clone()), move |s| {
                let all = s.engine.volumes.values().map(|v| &v.state);
                Ok(all.filter(|v| v.labels.get(label::FLEET) == Some(&fleet)).cloned().collect())
            })
            .await
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageState>> {
        let key = reference.to_owned();
        self.0.call(Call::new("engine.image", reference), move |s| Ok(s.engine.find_image(&key).cloned())).await
    }

    async fn pull_image(&self, reference: &str) -> Result<()> {
        let key = reference.to_owned();
        self.0.call(Call::new("engine.pull_image", reference), move |s| s.pull_image(&key)).await
    }

    async fn build_image(&self, build: &ImageBuild, log: mpsc::Sender<String>) -> Result<()> {
        let unreadable = |e: std::io::Error| Error::outside("engine", OutsideKind::Failed, format!("{}: {e}", build.context.display()));
        let context = tokio::fs::read(&build.context).await.map_err(unreadable)?;
        let wanted = build.clone();
        let said = self.0.call(Call::new("engine.build_image", build.reference.clone()), move |s| s.build_image(&wanted, &context)).await?;
        for line in said {
            log.send(line).await.map_err(|_| refused("engine", "the build was stopped: nobody waits for it any more"))?;
        }
        Ok(())
    }

    async fn remove_image(&self, reference: &str) -> Result<()> {
        let key = reference.to_owned();
        self.0.call(Call::new("engine.remove_image", reference), move |s| s.remove_image(&key)).await
    }

    async fn images_of(&self, repository: &str) -> Result<Vec<NamedImage>> {
        let key = repository.to_owned();
        self.0.call(Call::new("engine.images_of", repository), move |s| Ok(s.images_of(&key))).await
    }

    async fn container(&self, name: &str) -> Result<Option<ContainerState>> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.container", name), move |s| Ok(s.engine.containers.get(&key).map(|c| c.state.clone()))).await
    }

    async fn containers(&self, fleet: &FleetId) -> Result<Vec<ContainerState>> {
        let fleet = fleet.to_string();
        self.0
            .call(Call::new("engine.containers", fleet.clone()), move |s| {
                let all = s.engine.containers.values().map(|c| &c.state);
                Ok(all.filter(|c| c.labels.get(label::FLEET) == Some(&fleet)).cloned().collect())
            })
            .await
    }

    async fn create_container(&self, spec: &ContainerSpec) -> Result<()> {
        let spec = spec.clone();
        self.0.call(Call::new("engine.create_container", spec.name.clone()), move |s| s.create_container(spec)).await
    }

    async fn start_container(&self, name: &str) -> Result<()> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.start_container", name), move |s| s.start_container(&key)).await
    }

    async fn stop_container(&self, name: &str, _grace_seconds: u32) -> Result<()> {
        let key = name.to_owned();
        self.0.call(Call::new("engine.stop_container", name), move |s| s.stop_container(&key)).await
    }

    async fn remove_container(&self, name: &str) -> Result<()> {
        let key = name.to_owned();
        self.0
            .call(Call::new("engine.remove_container", name), move |s| {
                s.remove_container(&key);
                Ok(())
            })
            .await
    }

    async fn logs(&self, name: &str, lines: u32) -> Result<String> {
        let key = name.to_owned();
        self.0
            .call(Call::new("engine.logs", name), move |s| {
                let container = s.engine.containers.get(&key).ok_or_else(|| refused("engine", format!("no such container: {key}")))?;
                let from = container.output.len().saturating_sub(lines as usize);
                Ok(container.output[from..].join("\n"))
            })
            .await
    }

    async fn exec(&self, name: &str, command: &[&str], _user: Option<&str>, stdin: &[u8], _timeout_seconds: u64) -> Result<ExecOutput> {
        let (key, stdin) = (name.to_owned(), stdin.to_vec());
        let command: Vec<String> = command.iter().map(|&w| w.to_owned()).collect();
        let call = Call::new("engine.exec", name).detail(command.join(" "));
        self.0.call(call, move |s| s.exec(&key, &command, &stdin)).await
    }

    async fn exec_to(
        &self,
        name: &str,
        command: &[&str],
        _user: Option<&str>,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        _timeout_seconds: u64,
    ) -> Result<()> {
        let key = name.to_owned();
        let command: Vec<String> = command.iter().map(|&w| w.to_owned()).collect();
        let call = Call::new("engine.exec_to", name).detail(command.join(" "));
        let came = self.0.outcome(call, move |s| {
            let output = s.exec(&key, &command, &[])?;
            if output.status == 0 {
                return Ok(output.stdout);
            }
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(refused("engine", format!("the command in {key} ended with status {}: {complaint}", output.status)))
        });
        stream(came.await?, sink).await
    }

    async fn exec_from(
        &self,
        name: &str,
        command: &[&str],
        user: Option<&str>,
        source: &mut (dyn AsyncRead + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<ExecOutput> {
        let mut stdin = Vec::new();
        source.read_to_end(&mut stdin).await.map_err(|cause| refused("engine", cause.to_string()))?;
        self.exec(name, command, user, &stdin, timeout_seconds).await
    }

    async fn copy_out(&self, name: &str, path: &str, sink: &mut (dyn AsyncWrite + Send + Unpin), _timeout_seconds: u64) -> Result<()> {
        let (key, folder) = (name.to_owned(), path.to_owned());
        let call = Call::new("engine.copy_out", name).detail(path);
        stream(self.0.outcome(call, move |s| s.copy_out(&key, &folder)).await?, sink).await
    }

    async fn memory_bytes(&self, name: &str) -> Result<u64> {
        let key = name.to_owned();
        self.0
            .call(Call::new("engine.memory_bytes", name), move |s| {
                let running = s.engine.containers.get(&key).filter(|c| c.state.running);
                let mib = match running.ok_or_else(|| refused("engine", format!("container {key} is not running")))?.role() {
                    "db" => 107,
                    "gateway" => 40,
                    _ => 12,
                };
                Ok(mib << 20)
            })
            .await
    }

    async fn events(&self, fleet: &FleetId) -> Result<BoxStream<'static, Result<EngineEvent>>> {
        let fleet = fleet.to_string();
        let call = Call::new("engine.events", fleet.clone());
        let receiver = self.0.call(call, move |s| {
            let (sender, receiver) = mpsc::unbounded_channel();
            s.engine.listeners.push((fleet, sender));
            Ok(receiver)
        });
        Ok(Box::pin(UnboundedReceiverStream::new(receiver.await?)))
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::drivers::{
        database_server::{DatabaseServer, simulated::SimulatedDatabaseServer},
        world::{Rule, samples},
    };

    fn kind<T>(result: Result<T>) -> Option<OutsideKind> {
        match result {
            Err(Error::Outside { system: "engine", kind, .. }) => Some(kind),
            _ => None,
        }
    }

    #[tokio::test]
    async fn making_and_removing_are_safe_to_repeat() {
        let world = World::new();
        let engine = SimulatedEngine::new(world.clone());
        let (network, volume, mut spec) = (samples::network(), samples::volume("t1-ale-uploads"), samples::instance("ale", 10));
        for _ in 0..2 {
            engine.create_network(&network).await.unwrap();
            engine.create_volume(&volume).await.unwrap();
            engine.create_container(&spec).await.unwrap();
            engine.start_container("t1-ale").await.unwrap();
        }
        let fleet: FleetId = "t1".parse().unwrap();
        assert_eq!(world.leftovers(&fleet), ["container t1-ale", "network t1-net", "volume t1-ale-uploads"]);
        assert!(world.effects().values().all(|count| *count == 1), "{:?}", world.effects());
        let state = engine.container("t1-ale").await.unwrap().unwrap();
        assert_eq!(state.labels.get(label::SPEC), Some(&spec.hash()));
        assert_eq!((state.running, state.address), (true, Some(samples::site("ale", 10).address)));
        assert_eq!((engine.containers(&fleet).await.unwrap().len(), engine.volumes(&fleet).await.unwrap().len()), (1, 1));
        assert!(engine.containers(&"t2".parse().unwrap()).await.unwrap().is_empty());

        spec.stop_grace_seconds += 1;
        assert_eq!(kind(engine.create_container(&spec).await), Some(OutsideKind::Conflict));
        let foreign = NetworkSpec { labels: samples::labels("t2", "network"), ..network.clone() };
        assert_eq!(kind(engine.create_network(&foreign).await), Some(OutsideKind::Conflict));
        let foreign = VolumeState { labels: samples::labels("t2", "instance"), ..volume.clone() };
        assert_eq!(kind(engine.create_volume(&foreign).await), Some(OutsideKind::Conflict));
        assert_eq!(kind(engine.remove_network("t1-net").await), Some(OutsideKind::Conflict));
        assert_eq!(kind(engine.remove_volume("t1-ale-uploads").await), Some(OutsideKind::Conflict));

        for _ in 0..2 {
            engine.stop_container("t1-ale", 10).await.unwrap();
        }
        for _ in 0..2 {
            engine.remove_container("t1-ale").await.unwrap();
            engine.remove_volume("t1-ale-uploads").await.unwrap();
            engine.remove_network("t1-net").await.unwrap();
        }
        assert!(world.leftovers(&fleet).is_empty());
        assert_eq!(kind(engine.start_container("t1-ale").await), Some(OutsideKind::Refused));
    }

    #[tokio::test]
    async fn an_address_belongs_to_one_running_container() {
        let world = samples::world();
        let engine = SimulatedEngine::new(world.clone());
        world.run_container(samples::instance("ale", 10)).unwrap();
        engine.create_container(&samples::instance("bor", 10)).await.unwrap();
        assert_eq!(kind(engine.start_container("t1-bor").await), Some(OutsideKind::Conflict));
        world.stop("t1-ale").unwrap();
        engine.start_container("t1-bor").await.unwrap();
        assert_eq!(kind(engine.start_container("t1-ale").await), Some(OutsideKind::Conflict));
        engine.create_container(&samples::instance("gate", 1)).await.unwrap();
        assert_eq!(kind(engine.start_container("t1-gate").await), Some(OutsideKind::Conflict));
        let overlapping = NetworkSpec { name: "x".into(), bridge: "x".into(), subnet: "10.201.0.0/16".into(), ..samples::network() };
        assert_eq!(kind(engine.create_network(&overlapping).await), Some(OutsideKind::Conflict));
        world.occupy_subnet("192.168.0.0/24").unwrap();
        assert_eq!(engine.occupied_subnets().await.unwrap(), ["10.201.0.0/20", "192.168.0.0/24"]);
    }

    #[tokio::test]
    async fn events_tell_what_happens_to_the_fleet() {
        let world = samples::world();
        let engine = SimulatedEngine::new(world.clone());
        let mut events = engine.events(&"t1".parse().unwrap()).await.unwrap();
        let mut other = engine.events(&"t2".parse().unwrap()).await.unwrap();
        world.run_container(samples::instance("ale", 10)).unwrap();
        world.crash("t1-ale").unwrap();
        assert!(world.container("t1-ale").unwrap().running, "the restart policy brings it back");
        world.pause("t1-ale").unwrap();
        world.start("t1-ale").unwrap();
        world.kill("t1-ale").unwrap();
        assert_eq!(world.container("t1-ale").unwrap().exit_code, Some(137));
        world.start("t1-ale").unwrap();
        world.stop("t1-ale").unwrap();
        world.remove_container("t1-ale");
        world.break_events();
        let mut seen = Vec::new();
        let mut broken = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    assert_eq!((event.container.as_str(), event.role.as_str()), ("t1-ale", "instance"));
                    seen.push(event.action);
                }
                Err(_) => broken = true,
            }
        }
        assert!(broken);
        let all = "create start die start pause unpause kill die start kill die stop destroy";
        assert_eq!(seen.join(" "), all);
        assert!(other.next().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_restarted_host_starts_what_was_not_stopped_on_request() {
        let world = samples::world();
        world.run_container(samples::instance("ale", 10)).unwrap();
        world.run_container(samples::instance("bor", 11)).unwrap();
        world.run_container(ContainerSpec { restart: false, ..samples::instance("task", 12) }).unwrap();
        world.stop("t1-bor").unwrap();
        world.restart_host();
        let running = |name| world.container(name).unwrap().running;
        assert_eq!((running("t1-ale"), running("t1-bor"), running("t1-task")), (true, false, false));
        let engine = SimulatedEngine::new(world.clone());
        world.make_image_crash(&crate::drivers::world::image_id("flotta/wordpress:6.8"));
        engine.start_container("t1-bor").await.unwrap();
        assert_eq!(world.container("t1-bor").unwrap().exit_code, Some(1));
        assert!(engine.logs("t1-bor", 1).await.unwrap().contains("fatal"));
        assert_eq!(kind(engine.exec("t1-bor", &["true"], None, b"", 5).await), Some(OutsideKind::Conflict));
        assert!(engine.memory_bytes("t1-ale").await.unwrap() > 0 && engine.memory_bytes("t1-bor").await.is_err());
    }

    #[tokio::test]
    async fn a_full_disk_takes_nothing_more() {
        let world = samples::world();
        let engine = SimulatedEngine::new(world.clone());
        let database = SimulatedDatabaseServer::new(world.clone());
        world.set_free_disk_bytes(1000);
        assert_eq!(engine.free_disk_bytes().await.unwrap(), 1000);
        assert_eq!(kind(engine.create_volume(&samples::volume("t1-ale-uploads")).await), Some(OutsideKind::Full));
        assert_eq!(kind(engine.create_container(&samples::instance("ale", 10)).await), Some(OutsideKind::Full));
        assert!(database.create_schema("flt_ale", &"p".to_owned().into()).await.is_err());
        assert_eq!(world.leftovers(&"t1".parse().unwrap()), ["network t1-net"]);
        world.set_free_disk_bytes(1 << 20);
        engine.create_container(&samples::instance("ale", 10)).await.unwrap();
        assert!(engine.free_disk_bytes().await.unwrap() < 1 << 20);
        let leftovers = world.leftovers(&"t1".parse().unwrap());
        assert_eq!(leftovers, ["container t1-ale", "network t1-net", "volume t1-ale-uploads"], "the engine made the volume by itself");
        assert!(engine.volume("t1-ale-uploads").await.unwrap().unwrap().labels.is_empty());
    }

    #[tokio::test]
    async fn dumps_and_files_come_out_whole_or_half() {
        let world = samples::world();
        let engine = SimulatedEngine::new(world.clone());
        let database = SimulatedDatabaseServer::new(world.clone()).behind("t1-db-1");
        world.run_container(samples::database()).unwrap();
        database.create_schema("flt_ale", &"p".to_owned().into()).await.unwrap();
        database.create_schema("flt_copy", &"p".to_owned().into()).await.unwrap();
        world.run_container(samples::instance("ale", 10)).unwrap();
        samples::install(&world, "ale").await;

        let dump = ["mariadb-dump", "--single-transaction", "flt_ale"];
        let mut text = Vec::new();
        engine.exec_to("t1-db-1", &dump, None, &mut text, 60).await.unwrap();
        let mut packed = Vec::new();
        engine.exec_to("t1-db-1", &["sh", "-c", "mariadb-dump flt_ale | zstd -3"], None, &mut packed, 60).await.unwrap();
        assert_eq!(zstd::decode_all(packed.as_slice()).unwrap(), text);
        let origin = database.fingerprint("flt_ale").await.unwrap();
        assert_eq!(origin.len(), 18);
        database.run_script("flt_copy", std::str::from_utf8(&text).unwrap()).await.unwrap();
        assert_eq!(database.fingerprint("flt_copy").await.unwrap(), origin);
        let restore = engine.exec("t1-db-1", &["mariadb", "flt_copy"], None, &text, 60).await.unwrap();
        assert_eq!((restore.status, database.fingerprint("flt_copy").await.unwrap()), (0, origin));
        assert!(engine.exec_to("t1-db-1", &["mariadb-dump", "nothing"], None, &mut Vec::new(), 60).await.is_err());
        assert_eq!(engine.exec("t1-db-1", &["nft", "list"], None, b"", 5).await.unwrap(), ExecOutput::default());

        world.inject(Rule::on("engine.exec_to", Fault::Halfway));
        let mut half = Vec::new();
        assert!(engine.exec_to("t1-db-1", &dump, None, &mut half, 60).await.is_err());
        assert_eq!(half.len(), text.len() / 2);

        world.put_file("t1-ale-uploads", "2026/11/a.txt", b"hej");
        world.put_file("t1-ale-uploads", "b.txt", b"");
        let uploads = "/var/www/html/wp-content/uploads";
        let mut packed = Vec::new();
        engine.copy_out("t1-ale", uploads, &mut packed, 60).await.unwrap();
        let mut archive = tar::Archive::new(packed.as_slice());
        let names: Vec<String> = archive.entries().unwrap().map(|e| e.unwrap().path().unwrap().display().to_string()).collect();
        assert_eq!(names, ["uploads/", "uploads/2026/11/a.txt", "uploads/b.txt"]);
        assert_eq!(kind(engine.copy_out("t1-ale", "/etc", &mut Vec::new(), 60).await), Some(OutsideKind::Refused));
    }

    #[tokio::test]
    async fn images_come_from_the_host_or_the_registry() {
        let world = World::new();
        let engine = SimulatedEngine::new(world.clone());
        let there = engine.image("flotta/wordpress:6.8").await.unwrap().unwrap();
        assert_eq!(engine.image(&there.id).await.unwrap(), Some(there.clone()));
        assert_eq!(engine.image("x:1").await.unwrap(), None);
        assert_eq!(kind(engine.pull_image("x:1").await), Some(OutsideKind::Refused));
        world.publish_image("x:1", there.clone());
        engine.pull_image("x:1").await.unwrap();
        assert_eq!(engine.image("x:1").await.unwrap(), Some(there));
        assert_eq!(engine.info().await.unwrap().cpus, 8);
    }
}
