// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A Docker engine. The only room that imports bollard.
//!
//! `build` makes images, `spec` says what to ask for, `state` what the answers mean, `failure` what refusals mean, `run` streams commands and
//! folders, `host` tells what the engine does not. Here is only who calls whom, and for how long.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use async_trait::async_trait;
use bollard::{
    API_DEFAULT_VERSION, Docker as Client,
    query_parameters::{
        CreateContainerOptions, CreateImageOptions, EventsOptions, ListContainersOptions, ListNetworksOptions, ListVolumesOptions,
        LogsOptions, RemoveContainerOptions, RemoveVolumeOptions, StartContainerOptions, StatsOptions, StopContainerOptions,
    },
};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
};

use self::failure::{Failure, error, found, late, timed};
use super::Engine;
use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{
        FleetId,
        container::{
            ContainerSpec, ContainerState, EngineEvent, EngineInfo, ExecOutput, ImageBuild, ImageState, NamedImage, NetworkSpec,
            NetworkState, VolumeState, label,
        },
    },
};

mod build;
mod failure;
mod host;
mod run;
mod spec;
mod state;

/// Where the engine is and how patient to be with it.
#[derive(Clone, Debug)]
pub struct DockerSettings {
    /// `/var/run/docker.sock`, `unix:///…` or `tcp://host:port`.
    pub address: String,
    /// The folder that holds the fleet's data, for the question of free disk.
    pub data_dir: PathBuf,
    /// How long each kind of call may take.
    pub time_outs: TimeOuts,
}

impl Default for DockerSettings {
    fn default() -> Self {
        Self { address: "/var/run/docker.sock".to_owned(), data_dir: "/var/lib/flotta".into(), time_outs: TimeOuts::default() }
    }
}

/// How long each kind of call may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeOuts {
    /// Questions.
    pub ask: Duration,
    /// Making, starting, removing.
    pub change: Duration,
    /// Fetching an image.
    pub pull: Duration,
    /// Building an image.
    pub build: Duration,
}

impl Default for TimeOuts {
    fn default() -> Self {
        Self {
            ask: Duration::from_secs(15),
            change: Duration::from_secs(60),
            pull: Duration::from_secs(1200),
            build: Duration::from_secs(3600),
        }
    }
}

/// A Docker engine, connected to when it is first needed. One handle serves any number of callers.
pub struct Docker {
    settings: DockerSettings,
    client: OnceCell<Client>,
    /// Networks have no unique names in older engines: look and make must not interleave.
    networks: tokio::sync::Mutex<()>,
}

/// What happens to containers that is worth hearing of.
const ACTIONS: [&str; 10] = ["die", "destroy", "stop", "kill", "oom", "start", "pause", "unpause", "rename", "update"];

impl Docker {
    /// A handle; nothing is asked of the engine yet.
    #[must_use]
    pub fn new(settings: DockerSettings) -> Self {
        Self { settings, client: OnceCell::new(), networks: tokio::sync::Mutex::new(()) }
    }

    /// The client, speaking the version of the API that both sides know.
    async fn client(&self) -> Result<&Client> {
        self.client
            .get_or_try_init(|| async {
                let address = self.settings.address.as_str();
                // bollard's own time-out ends only the wait for the first byte; ours end the whole call.
                let patience = 24 * 3600;
                let client = if address.starts_with('/') || address.starts_with("unix://") {
                    Client::connect_with_unix(address, patience, API_DEFAULT_VERSION)
                } else if address.starts_with("tcp://") || address.starts_with("http://") {
                    Client::connect_with_http(address, patience, API_DEFAULT_VERSION)
                } else {
                    return Err(FieldError::new(
                        "engine.address",
                        "invalid-address",
                        format!("`{address}` is no address of a Docker engine"),
                        "give a path such as /var/run/docker.sock, or tcp://host:port",
                    )
                    .into());
                };
                let client = client.map_err(|cause| failure::failure("connect", &cause))?;
                let what = format!("connect to {address}");
                Ok(timed(&what, self.settings.time_outs.ask, client.negotiate_version()).await?)
            })
            .await
    }

    fn ask(&self) -> Duration {
        self.settings.time_outs.ask
    }

    fn change(&self) -> Duration {
        self.settings.time_outs.change
    }

    async fn inspect(&self, name: &str) -> Result<Option<ContainerState>> {
        checked(name)?;
        let what = format!("look at container {name}");
        let seen = found(timed(&what, self.ask(), self.client().await?.inspect_container(name, None)).await)?;
        Ok(seen.map(state::container))
    }

    async fn start(&self, name: &str) -> Result<(), Failure> {
        let client = self.client().await.map_err(|error| Failure { status: None, error })?;
        timed(&format!("start container {name}"), self.change(), client.start_container(name, None::<StartContainerOptions>)).await
    }

    async fn unpause(&self, name: &str) -> Result<()> {
        let what = format!("unpause container {name}");
        match timed(&what, self.change(), self.client().await?.unpause_container(name)).await {
            Err(failure) => match self.inspect(name).await? {
                Some(seen) if seen.running && !seen.paused => Ok(()),
                _ => Err(failure.error),
            },
            Ok(()) => Ok(()),
        }
    }
}

/// Names go into addresses of the API, so nothing but what the engine itself allows.
fn checked(name: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(good) {
        return Ok(());
    }
    Err(error(OutsideKind::Refused, format!("`{}` names nothing in an engine", name.escape_debug())))
}

/// The same for images, which also have registries, folders, tags and digests.
fn checked_image(reference: &str) -> Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ':' | '@');
    if reference.starts_with(|c: char| c.is_ascii_alphanumeric()) && reference.chars().all(good) && !reference.contains("..") {
        return Ok(());
    }
    let message = format!("`{}` names no image", reference.escape_debug());
    Err(FieldError::new("image", "invalid-image", message, "write it as name:tag, registry/name:tag or name@sha256:…").into())
}

/// The label without which nothing is Flotta's.
fn fleet_of(labels: &std::collections::BTreeMap<String, String>) -> Option<&String> {
    labels.get(label::FLEET)
}

fn taken(kind: &str, name: &str, why: &str) -> Error {
    error(OutsideKind::Conflict, format!("{kind} {name} is there already, {why}; remove or rename it"))
}

fn by_label(fleet: &FleetId) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{}={fleet}", label::FLEET)])])
}

/// Labels of a volume that say whose it is; the operation and generation that made it may be others by now.
fn whose(volume: &VolumeState) -> Vec<Option<&String>> {
    [label::FLEET, label::ROLE, label::MUNICIPALITY, label::INSTANCE].iter().map(|k| volume.labels.get(*k)).collect()
}

/// Compares a network that is there with the one that was asked for.
fn same_network(seen: &NetworkState, spec: &NetworkSpec) -> Result<()> {
    if fleet_of(&seen.labels).is_none() || fleet_of(&seen.labels) != fleet_of(&spec.labels) {
        return Err(taken("network", &spec.name, "and belongs to something else"));
    }
    if seen.subnets != [spec.subnet.clone()] || seen.inter_container || seen.sealed != spec.sealed || seen.bridge != spec.bridge {
        return Err(taken("network", &spec.name, "made in another way"));
    }
    Ok(())
}

#[async_trait]
impl Engine for Docker {
    async fn info(&self) -> Result<EngineInfo> {
        let info = timed("ask what it is", self.ask(), self.client().await?.info()).await?;
        Ok(EngineInfo {
            version: info.server_version.unwrap_or_default(),
            memory_mib: info.mem_total.and_then(|b| u64::try_from(b).ok()).unwrap_or(0) / (1024 * 1024),
            cpus: info.ncpu.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        })
    }

    /// The lesser of what the fleet's own folder and the engine's (which holds the volumes) have, where both can be seen.
    async fn free_disk_bytes(&self) -> Result<u64> {
        let info = timed("ask where it keeps its data", self.ask(), self.client().await?.info()).await?;
        let mut places = vec![self.settings.data_dir.clone()];
        places.extend(info.docker_root_dir.map(PathBuf::from).filter(|p| p.exists()));
        let measure = move || places.iter().map(|p| host::free_bytes(p)).collect::<Result<Vec<_>>>();
        let free = tokio::time::timeout(self.ask(), tokio::task::spawn_blocking(measure))
            .await
            .map_err(|_| late("measure free disk", self.ask()))?
            .map_err(|cause| error(OutsideKind::Failed, format!("measure free disk: {cause}")))??;
        Ok(free.into_iter().min().unwrap_or(0))
    }

    async fn network(&self, name: &str) -> Result<Option<NetworkState>> {
        checked(name)?;
        let what = format!("look at network {name}");
        let seen = found(timed(&what, self.ask(), self.client().await?.inspect_network(name, None)).await)?;
        // The engine also finds networks by the beginning of their ids.
        Ok(seen.map(state::network).filter(|n| n.name == name))
    }

    async fn networks(&self, fleet: &FleetId) -> Result<Vec<NetworkState>> {
        let options = ListNetworksOptions { filters: Some(by_label(fleet)) };
        let list = timed("list networks", self.ask(), self.client().await?.list_networks(Some(options))).await?;
        let names: Vec<String> = list.into_iter().filter_map(|n| n.name).collect();
        let mut networks = Vec::new();
        for name in names {
            networks.extend(self.network(&name).await?);
        }
        Ok(networks)
    }

    async fn occupied_subnets(&self) -> Result<Vec<String>> {
        let list = timed("list networks", self.ask(), self.client().await?.list_networks(None::<ListNetworksOptions>)).await?;
        let mut subnets: Vec<String> = list.into_iter().flat_map(|n| state::subnets(n.ipam)).collect();
        subnets.extend(host::routes(&host::route_table()));
        subnets.sort();
        subnets.dedup();
        Ok(subnets)
    }

    async fn create_network(&self, spec: &NetworkSpec) -> Result<()> {
        let _alone = self.networks.lock().await;
        if let Some(seen) = self.network(&spec.name).await? {
            return same_network(&seen, spec);
        }
        let what = format!("make network {}", spec.name);
        match timed(&what, self.change(), self.client().await?.create_network(spec::network(spec))).await {
            Ok(_) => Ok(()),
            // Another control plane may have been faster.
            Err(failure) => match self.network(&spec.name).await {
                Ok(Some(seen)) => same_network(&seen, spec),
                _ => Err(failure.error),
            },
        }
    }

    async fn remove_network(&self, name: &str) -> Result<()> {
        checked(name)?;
        let what = format!("remove network {name}");
        found(timed(&what, self.change(), self.client().await?.remove_network(name)).await).map(|_| ())
    }

    async fn volume(&self, name: &str) -> Result<Option<VolumeState>> {
        checked(name)?;
        let what = format!("look at volume {name}");
        Ok(found(timed(&what, self.ask(), self.client().await?.inspect_volume(name)).await)?.map(state::volume))
    }

    async fn create_volume(&self, volume: &VolumeState) -> Result<()> {
        checked(&volume.name)?;
        let request = bollard::models::VolumeCreateRequest {
            name: Some(volume.name.clone()),
            labels: Some(spec::unordered(&volume.labels)),
            ..Default::default()
        };
        // The engine answers with the volume that has this name, whoever made it.
        let what = format!("make volume {}", volume.name);
        let seen = state::volume(timed(&what, self.change(), self.client().await?.create_volume(request)).await?);
        if fleet_of(&seen.labels).is_none() || whose(&seen) != whose(volume) {
            return Err(taken("volume", &volume.name, "and belongs to something else"));
        }
        Ok(())
    }

    async fn remove_volume(&self, name: &str) -> Result<()> {
        checked(name)?;
        let what = format!("remove volume {name}");
        found(timed(&what, self.change(), self.client().await?.remove_volume(name, None::<RemoveVolumeOptions>)).await).map(|_| ())
    }

    async fn volumes(&self, fleet: &FleetId) -> Result<Vec<VolumeState>> {
        let options = ListVolumesOptions { filters: Some(by_label(fleet)) };
        let list = timed("list volumes", self.ask(), self.client().await?.list_volumes(Some(options))).await?;
        Ok(list.volumes.unwrap_or_default().into_iter().map(state::volume).collect())
    }

    async fn image(&self, reference: &str) -> Result<Option<ImageState>> {
        checked_image(reference)?;
        let what = format!("look at image {reference}");
        Ok(found(timed(&what, self.ask(), self.client().await?.inspect_image(reference)).await)?.map(state::image))
    }

    async fn pull_image(&self, reference: &str) -> Result<()> {
        checked_image(reference)?;
        // Without a tag the engine would fetch every tag there is.
        let last = reference.rsplit('/').next().unwrap_or_default();
        let full = if last.contains([':', '@']) { reference.to_owned() } else { format!("{reference}:latest") };
        let options = CreateImageOptions { from_image: Some(full), ..Default::default() };
        let client = self.client().await?;
        let fetch = client.create_image(Some(options), None, None).try_for_each(|_| async { Ok(()) });
        Ok(timed(&format!("fetch image {reference}"), self.settings.time_outs.pull, fetch).await?)
    }

    async fn build_image(&self, build: &ImageBuild, log: tokio::sync::mpsc::Sender<String>) -> Result<()> {
        checked_image(&build.reference)?;
        build::build(self.client().await?, build, &log, self.settings.time_outs.build).await
    }

    async fn remove_image(&self, reference: &str) -> Result<()> {
        checked_image(reference)?;
        build::remove(self.client().await?, reference, self.change()).await
    }

    async fn images_of(&self, repository: &str) -> Result<Vec<NamedImage>> {
        checked_image(repository)?;
        build::named(self.client().await?, repository, self.ask()).await
    }

    async fn container(&self, name: &str) -> Result<Option<ContainerState>> {
        // The engine also finds containers by the beginning of their ids.
        Ok(self.inspect(name).await?.filter(|c| c.name == name))
    }

    async fn containers(&self, fleet: &FleetId) -> Result<Vec<ContainerState>> {
        let options = ListContainersOptions { all: true, filters: Some(by_label(fleet)), ..Default::default() };
        let list = timed("list containers", self.ask(), self.client().await?.list_containers(Some(options))).await?;
        Ok(list.into_iter().map(state::summary).collect())
    }

    async fn create_container(&self, spec: &ContainerSpec) -> Result<()> {
        checked(&spec.name)?;
        let options = CreateContainerOptions { name: Some(spec.name.clone()), ..Default::default() };
        let what = format!("make container {}", spec.name);
        let made = timed(&what, self.change(), self.client().await?.create_container(Some(options), spec::container(spec))).await;
        let failure = match made {
            Ok(_) => return Ok(()),
            Err(failure) if failure.status == Some(409) => failure,
            Err(failure) => return Err(failure.error),
        };
        let Some(seen) = self.container(&spec.name).await? else { return Err(failure.error) };
        if fleet_of(&seen.labels).is_none() || fleet_of(&seen.labels) != fleet_of(&spec.labels) {
            return Err(taken("container", &spec.name, "and belongs to something else"));
        }
        if seen.labels.get(label::SPEC) != Some(&spec.hash()) {
            return Err(taken("container", &spec.name, "made from another specification"));
        }
        Ok(())
    }

    async fn start_container(&self, name: &str) -> Result<()> {
        checked(name)?;
        let Err(failure) = self.start(name).await else {
            // Starting what runs does nothing, also where it is paused.
            return match self.inspect(name).await? {
                Some(seen) if seen.paused => self.unpause(name).await,
                _ => Ok(()),
            };
        };
        match self.inspect(name).await {
            Ok(Some(seen)) if seen.paused => self.unpause(name).await,
            _ => Err(failure.error),
        }
    }

    async fn stop_container(&self, name: &str, grace_seconds: u32) -> Result<()> {
        let Some(seen) = self.inspect(name).await? else { return Ok(()) };
        if seen.paused {
            self.unpause(name).await?;
        }
        let options = StopContainerOptions { t: i32::try_from(grace_seconds).ok(), ..Default::default() };
        let limit = self.change() + Duration::from_secs(u64::from(grace_seconds));
        let what = format!("stop container {name}");
        found(timed(&what, limit, self.client().await?.stop_container(name, Some(options))).await).map(|_| ())
    }

    async fn remove_container(&self, name: &str) -> Result<()> {
        checked(name)?;
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        let what = format!("remove container {name}");
        match timed(&what, self.change(), self.client().await?.remove_container(name, Some(options))).await {
            // Somebody else is removing it: wait for the end of that.
            Err(Failure { status: Some(409), error }) => {
                let deadline = tokio::time::Instant::now() + self.change();
                while self.container(name).await?.is_some() {
                    if tokio::time::Instant::now() > deadline {
                        return Err(error);
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Ok(())
            }
            other => found(other).map(|_| ()),
        }
    }

    async fn logs(&self, name: &str, lines: u32) -> Result<String> {
        checked(name)?;
        let options = LogsOptions { stdout: true, stderr: true, tail: lines.to_string(), ..Default::default() };
        let gather = self.client().await?.logs(name, Some(options)).try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part.into_bytes());
            Ok(all)
        });
        let all = timed(&format!("read the output of container {name}"), self.ask(), gather).await?;
        Ok(String::from_utf8_lossy(&all).into_owned())
    }

    async fn exec(&self, name: &str, command: &[&str], user: Option<&str>, stdin: &[u8], timeout_seconds: u64) -> Result<ExecOutput> {
        checked(name)?;
        let command = run::Command { container: name, words: command, user, stdin };
        run::exec(self.client().await?, &command, Duration::from_secs(timeout_seconds)).await
    }

    async fn exec_to(
        &self,
        name: &str,
        command: &[&str],
        user: Option<&str>,
        sink: &mut (dyn AsyncWrite + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<()> {
        checked(name)?;
        let command = run::Command { container: name, words: command, user, stdin: b"" };
        run::exec_to(self.client().await?, &command, sink, Duration::from_secs(timeout_seconds)).await
    }

    async fn exec_from(
        &self,
        name: &str,
        command: &[&str],
        user: Option<&str>,
        source: &mut (dyn AsyncRead + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<ExecOutput> {
        checked(name)?;
        let command = run::Command { container: name, words: command, user, stdin: b"" };
        run::exec_from(self.client().await?, &command, source, Duration::from_secs(timeout_seconds)).await
    }

    async fn copy_out(&self, name: &str, path: &str, sink: &mut (dyn AsyncWrite + Send + Unpin), timeout_seconds: u64) -> Result<()> {
        checked(name)?;
        run::copy_out(self.client().await?, name, path, sink, Duration::from_secs(timeout_seconds)).await
    }

    async fn memory_bytes(&self, name: &str) -> Result<u64> {
        checked(name)?;
        let options = StatsOptions { stream: false, one_shot: true };
        let what = format!("measure container {name}");
        let client = self.client().await?;
        let stats = timed(&what, self.ask(), async { client.stats(name, Some(options)).boxed().try_next().await }).await?;
        let bytes = stats.and_then(|s| s.memory_stats).and_then(|m| state::memory(&m));
        bytes.ok_or_else(|| error(OutsideKind::Refused, format!("{what}: it does not run")))
    }

    async fn events(&self, fleet: &FleetId) -> Result<BoxStream<'static, Result<EngineEvent>>> {
        // The stream asks only when it is first read; by naming the moment, nothing in between is missed.
        let now = jiff::Timestamp::now();
        let client = self.client().await?.clone();
        timed("listen for events", self.ask(), client.ping()).await?;
        let mut filters = by_label(fleet);
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        filters.insert("event".to_owned(), ACTIONS.map(ToOwned::to_owned).to_vec());
        let since = Some(format!("{}.{:09}", now.as_second(), now.subsec_nanosecond()));
        let heard = client.events(Some(EventsOptions { since, until: None, filters: Some(filters) }));
        let heard = heard.filter_map(|part| async {
            match part {
                Ok(message) => state::event(message).map(Ok),
                Err(cause) => Some(Err(failure::failure("listen for events", &cause).error)),
            }
        });
        let end = futures::stream::once(async { Err(error(OutsideKind::Unreachable, "listen for events: the connection was closed")) });
        Ok(heard.chain(end).boxed())
    }
}
