// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What runs containers.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{
    error::Result,
    fleet::{
        FleetId,
        container::{
            ContainerSpec, ContainerState, EngineEvent, EngineInfo, ExecOutput, ImageBuild, ImageState, NamedImage, NetworkSpec,
            NetworkState, VolumeState,
        },
    },
};

pub mod docker;
pub mod simulated;

/// One engine. Every call has a time-out of its own and is safe to repeat: making what is there already with the same
/// labels succeeds, and so does removing what is not there.
///
/// Errors are [`crate::error::Error::Outside`] with `system` "engine": `Unreachable` when no answer came (the call may have
/// had its effect), `Conflict` when a name or address is taken by something else, `Full` when there is no room.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// Whether it answers, and what it is.
    async fn info(&self) -> Result<EngineInfo>;

    /// Free bytes on the file system that holds the fleet's data.
    async fn free_disk_bytes(&self) -> Result<u64>;

    /// The network of that name.
    async fn network(&self, name: &str) -> Result<Option<NetworkState>>;
    /// Every network of the fleet.
    async fn networks(&self, fleet: &FleetId) -> Result<Vec<NetworkState>>;
    /// Every subnet that any network of the engine or any route of the host occupies, in CIDR form.
    async fn occupied_subnets(&self) -> Result<Vec<String>>;
    /// Makes a network.
    async fn create_network(&self, spec: &NetworkSpec) -> Result<()>;
    /// Removes a network.
    async fn remove_network(&self, name: &str) -> Result<()>;

    /// The volume of that name.
    async fn volume(&self, name: &str) -> Result<Option<VolumeState>>;
    /// Makes a volume.
    async fn create_volume(&self, volume: &VolumeState) -> Result<()>;
    /// Removes a volume with everything in it.
    async fn remove_volume(&self, name: &str) -> Result<()>;
    /// Every volume of the fleet.
    async fn volumes(&self, fleet: &FleetId) -> Result<Vec<VolumeState>>;

    /// The image of that name or id.
    async fn image(&self, reference: &str) -> Result<Option<ImageState>>;
    /// Fetches an image from its registry.
    async fn pull_image(&self, reference: &str) -> Result<()>;

    /// Builds an image and hands every line of its log to `log`. Where the caller stops waiting, the build is stopped.
    /// A step that fails is `Refused`: the same context would fail again.
    async fn build_image(&self, build: &ImageBuild, log: tokio::sync::mpsc::Sender<String>) -> Result<()>;
    /// Removes a name from an image, and the image with it where it has no other and no container is made from it.
    async fn remove_image(&self, reference: &str) -> Result<()>;
    /// Every image that has a name in this repository.
    async fn images_of(&self, repository: &str) -> Result<Vec<NamedImage>>;

    /// The container of that name.
    async fn container(&self, name: &str) -> Result<Option<ContainerState>>;
    /// Every container of the fleet, running or not.
    async fn containers(&self, fleet: &FleetId) -> Result<Vec<ContainerState>>;
    /// Makes a container, without starting it; adds the label `se.flotta.spec`.
    async fn create_container(&self, spec: &ContainerSpec) -> Result<()>;
    /// Starts a container (and unpauses it where it is paused).
    async fn start_container(&self, name: &str) -> Result<()>;
    /// Stops a container, giving it `grace_seconds` to finish.
    async fn stop_container(&self, name: &str, grace_seconds: u32) -> Result<()>;
    /// Removes a container, running or not.
    async fn remove_container(&self, name: &str) -> Result<()>;
    /// The last lines of a container's output, for error reports.
    async fn logs(&self, name: &str, lines: u32) -> Result<String>;

    /// Runs a command in a running container, writes `stdin` to it, and waits for its end, at most `timeout_seconds`.
    async fn exec(&self, name: &str, command: &[&str], user: Option<&str>, stdin: &[u8], timeout_seconds: u64) -> Result<ExecOutput>;
    /// Runs a command in a running container and hands its output to `sink` as it comes; its exit status must be 0.
    async fn exec_to(
        &self,
        name: &str,
        command: &[&str],
        user: Option<&str>,
        sink: &mut (dyn tokio::io::AsyncWrite + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<()>;
    /// Runs a command in a running container, feeds it from `source`, and waits for its end.
    async fn exec_from(
        &self,
        name: &str,
        command: &[&str],
        user: Option<&str>,
        source: &mut (dyn tokio::io::AsyncRead + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<ExecOutput>;
    /// A folder of a container, running or not, as an uncompressed tar stream written to `sink`.
    async fn copy_out(
        &self,
        name: &str,
        path: &str,
        sink: &mut (dyn tokio::io::AsyncWrite + Send + Unpin),
        timeout_seconds: u64,
    ) -> Result<()>;

    /// Resident memory of a running container in bytes, without the page cache.
    async fn memory_bytes(&self, name: &str) -> Result<u64>;

    /// What happens to the fleet's containers, from now on. Ends with an error when the connection breaks.
    async fn events(&self, fleet: &FleetId) -> Result<BoxStream<'static, Result<EngineEvent>>>;
}
