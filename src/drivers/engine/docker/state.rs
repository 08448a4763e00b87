// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From what the engine answers to the fleet's own words. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use bollard::models::{
    ContainerInspectResponse, ContainerMemoryStats, ContainerStateStatusEnum, ContainerSummary, ContainerSummaryStateEnum,
    EndpointSettings, EventMessage, ImageInspect, Ipam, NetworkInspect, Volume,
};

use super::spec::{BRIDGE, ICC};
use crate::fleet::container::{ContainerState, EngineEvent, ImageState, NetworkState, VolumeState, label};

/// Labels in order.
fn ordered(labels: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    labels.unwrap_or_default().into_iter().collect()
}

/// Every subnet of a network.
pub(super) fn subnets(ipam: Option<Ipam>) -> Vec<String> {
    ipam.and_then(|i| i.config).unwrap_or_default().into_iter().filter_map(|c| c.subnet).collect()
}

/// A network.
pub(super) fn network(seen: NetworkInspect) -> NetworkState {
    let options = seen.options.unwrap_or_default();
    NetworkState {
        name: seen.name.unwrap_or_default(),
        subnets: subnets(seen.ipam),
        labels: ordered(seen.labels),
        sealed: seen.internal.unwrap_or(false),
        inter_container: options.get(ICC).is_none_or(|v| v != "false"),
        bridge: options.get(BRIDGE).cloned().unwrap_or_default(),
    }
}

/// A volume.
pub(super) fn volume(seen: Volume) -> VolumeState {
    VolumeState { name: seen.name, labels: seen.labels.into_iter().collect() }
}

/// An image.
pub(super) fn image(seen: ImageInspect) -> ImageState {
    let config = seen.config.unwrap_or_default();
    ImageState {
        id: seen.id.unwrap_or_default(),
        labels: ordered(config.labels),
        environment: config.env.unwrap_or_default(),
        user: config.user.unwrap_or_default(),
        layers: seen.root_fs.and_then(|root| root.layers).map_or(0, |layers| layers.len()),
    }
}

/// The first address in any network.
fn address(networks: Option<HashMap<String, EndpointSettings>>) -> Option<Ipv4Addr> {
    networks?.into_values().find_map(|e| e.ip_address?.parse().ok())
}

/// A container, from its own answer. One that the engine is about to start again does not run.
pub(super) fn container(seen: ContainerInspectResponse) -> ContainerState {
    let state = seen.state.unwrap_or_default();
    let restarting = state.restarting.unwrap_or(false);
    let running = state.running.unwrap_or(false) && !restarting;
    let ended = matches!(
        state.status,
        Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::RESTARTING)
    );
    ContainerState {
        id: seen.id.unwrap_or_default(),
        name: seen.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        labels: ordered(seen.config.and_then(|c| c.labels)),
        image: seen.image.unwrap_or_default(),
        running,
        paused: state.paused.unwrap_or(false),
        restarting,
        exit_code: if ended { state.exit_code } else { None },
        address: if running { seen.network_settings.and_then(|n| address(n.networks)) } else { None },
    }
}

/// A container, from a list. Lists tell the exit status only in words: `Exited (137) 3 minutes ago`.
pub(super) fn summary(seen: ContainerSummary) -> ContainerState {
    let running = matches!(seen.state, Some(ContainerSummaryStateEnum::RUNNING | ContainerSummaryStateEnum::PAUSED));
    let ended = matches!(
        seen.state,
        Some(ContainerSummaryStateEnum::EXITED | ContainerSummaryStateEnum::DEAD | ContainerSummaryStateEnum::RESTARTING)
    );
    let exit_code = seen.status.as_deref().filter(|_| ended).and_then(|text| text.split(['(', ')']).nth(1)?.parse().ok());
    let names = seen.names.unwrap_or_default();
    // A linked container would have further names with two slashes.
    let name = names.iter().map(|n| n.trim_start_matches('/')).find(|n| !n.contains('/')).unwrap_or_default().to_owned();
    ContainerState {
        id: seen.id.unwrap_or_default(),
        name,
        labels: ordered(seen.labels),
        image: seen.image_id.unwrap_or_default(),
        running,
        paused: matches!(seen.state, Some(ContainerSummaryStateEnum::PAUSED)),
        restarting: matches!(seen.state, Some(ContainerSummaryStateEnum::RESTARTING)),
        exit_code,
        address: if running { seen.network_settings.and_then(|n| address(n.networks)) } else { None },
    }
}

/// Memory that would not be given back by dropping clean pages: everything the control group is charged with (processes,
/// shared memory such as OPcache's, the kernel's own) without the page cache and without reclaimable slabs. `docker stats`
/// subtracts only the *inactive* part of the page cache, so that its figure depends on how recently files were read.
pub(super) fn memory(stats: &ContainerMemoryStats) -> Option<u64> {
    let usage = stats.usage?;
    let detail = stats.stats.as_ref()?;
    let get = |name: &str| detail.get(name).copied();
    // Both versions of control groups count shared memory as cache; it is not.
    let cache = match (get("total_cache"), get("file")) {
        (Some(cache), _) => cache.saturating_sub(get("total_shmem").unwrap_or(0)),
        (None, Some(file)) => file.saturating_sub(get("shmem").unwrap_or(0)) + get("slab_reclaimable").unwrap_or(0),
        (None, None) => 0,
    };
    Some(usage.saturating_sub(cache))
}

/// An event of a container; none for what is not about one.
pub(super) fn event(seen: EventMessage) -> Option<EngineEvent> {
    let mut attributes = seen.actor?.attributes?;
    Some(EngineEvent {
        container: attributes.remove("name")?,
        role: attributes.remove(label::ROLE).unwrap_or_default(),
        instance: attributes.remove(label::INSTANCE),
        action: seen.action?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_restarting_container_does_not_run() {
        let seen: ContainerInspectResponse = serde_json::from_value(json!({
            "Id": "1", "Name": "/a", "Image": "sha256:x",
            "State": { "Status": "restarting", "Running": true, "Restarting": true, "Paused": false, "ExitCode": 3 },
            "NetworkSettings": { "Networks": { "n": { "IPAddress": "" } } }
        }))
        .unwrap();
        let state = container(seen);
        assert_eq!((state.name.as_str(), state.running, state.exit_code, state.address), ("a", false, Some(3), None));
        assert!(state.restarting);
    }

    #[test]
    fn a_list_tells_the_exit_status_in_words() {
        let of = |state: &str, status: &str| {
            let seen: ContainerSummary = serde_json::from_value(json!({
                "Id": "1", "Names": ["/a"], "ImageID": "sha256:x", "State": state, "Status": status, "Labels": { "k": "v" },
                "NetworkSettings": { "Networks": { "n": { "IPAddress": "10.0.0.2" } } }
            }))
            .unwrap();
            summary(seen)
        };
        let running = of("running", "Up 3 seconds (healthy)");
        assert_eq!((running.running, running.exit_code, running.address), (true, None, Some([10, 0, 0, 2].into())));
        let paused = of("paused", "Up 3 seconds (Paused)");
        assert!(paused.running && paused.paused);
        assert_eq!(of("exited", "Exited (137) 3 minutes ago").exit_code, Some(137));
        assert_eq!(of("created", "Created").exit_code, None);
    }

    #[test]
    fn page_cache_does_not_count_but_shared_memory_does() {
        let stats = |usage: u64, detail: &[(&str, u64)]| ContainerMemoryStats {
            usage: Some(usage),
            stats: Some(detail.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()),
            ..Default::default()
        };
        assert_eq!(memory(&stats(100, &[("total_cache", 60), ("total_shmem", 20)])), Some(60));
        assert_eq!(memory(&stats(100, &[("file", 60), ("shmem", 20), ("slab_reclaimable", 5)])), Some(55));
        assert_eq!(memory(&ContainerMemoryStats::default()), None);
    }
}
