// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From a specification to what the engine is asked for. Pure.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig, Ipam, IpamConfig, Mount as EngineMount,
    MountType, NetworkCreateRequest, NetworkingConfig, RestartPolicy, RestartPolicyNameEnum,
};

use crate::fleet::container::{Attachment, ContainerSpec, Mount, NetworkSpec, label};

/// Option of the bridge driver: whether members reach each other.
pub(super) const ICC: &str = "com.docker.network.bridge.enable_icc";
/// Option of the bridge driver: the bridge's name on the host.
pub(super) const BRIDGE: &str = "com.docker.network.bridge.name";

const MIB: i64 = 1024 * 1024;

/// What to ask the engine for a container.
pub(super) fn container(spec: &ContainerSpec) -> ContainerCreateBody {
    let mut labels: HashMap<String, String> = unordered(&spec.labels);
    labels.insert(label::SPEC.to_owned(), spec.hash());
    let mut dns = None;
    if matches!(spec.attachment, Attachment::Sealed { .. }) {
        // Its own loopback address, where nobody answers.
        dns = Some(vec!["127.0.0.1".to_owned()]);
    }
    let (network_mode, networking_config) = match &spec.attachment {
        Attachment::None => ("none".to_owned(), None),
        Attachment::Host => ("host".to_owned(), None),
        Attachment::Network { name, address } | Attachment::Sealed { name, address } => {
            let ipam = EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..Default::default() };
            let endpoint = EndpointSettings { ipam_config: Some(ipam), ..Default::default() };
            let config = NetworkingConfig { endpoints_config: Some(HashMap::from([(name.clone(), endpoint)])) };
            (name.clone(), Some(config))
        }
    };
    let mut mounts = Vec::new();
    let mut tmpfs = HashMap::new();
    for mount in &spec.mounts {
        match mount {
            Mount::Bind { source, target, read_only } => mounts.push(EngineMount {
                typ: Some(MountType::BIND),
                source: Some(source.clone()),
                target: Some(target.clone()),
                read_only: Some(*read_only),
                ..Default::default()
            }),
            Mount::Volume { name, target } => mounts.push(EngineMount {
                typ: Some(MountType::VOLUME),
                source: Some(name.clone()),
                target: Some(target.clone()),
                ..Default::default()
            }),
            Mount::VolumeRead { name, target } => mounts.push(EngineMount {
                typ: Some(MountType::VOLUME),
                source: Some(name.clone()),
                target: Some(target.clone()),
                read_only: Some(true),
                ..Default::default()
            }),
            // Older runtimes (runc 1.1) take the mode of the image's folder where it has one, whatever is asked for.
            Mount::Tmpfs { target, size_mib } => {
                tmpfs.insert(target.clone(), format!("rw,nosuid,nodev,noexec,size={size_mib}m,mode=1777"));
            }
        }
    }
    let memory = spec.limits.map(|l| i64::from(l.memory_mib) * MIB);
    let host = HostConfig {
        network_mode: Some(network_mode),
        mounts: Some(mounts),
        tmpfs: Some(tmpfs),
        memory,
        // The same figure as memory: nothing goes to swap.
        memory_swap: memory,
        nano_cpus: spec.limits.map(|l| i64::from(l.cpu_milli) * 1_000_000),
        pids_limit: spec.limits.map(|l| i64::from(l.pids)),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(spec.capabilities.clone()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        readonly_rootfs: Some(spec.read_only_root),
        init: Some(false),
        dns,
        extra_hosts: Some(spec.extra_hosts.clone()),
        restart_policy: Some(RestartPolicy {
            name: Some(if spec.restart { RestartPolicyNameEnum::UNLESS_STOPPED } else { RestartPolicyNameEnum::NO }),
            maximum_retry_count: None,
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([("max-size".to_owned(), "10m".to_owned()), ("max-file".to_owned(), "3".to_owned())])),
        }),
        ..Default::default()
    };
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        cmd: (!spec.command.is_empty()).then(|| spec.command.clone()),
        env: Some(spec.environment.clone()),
        labels: Some(labels),
        user: (!spec.user.is_empty()).then(|| spec.user.clone()),
        stop_timeout: Some(i64::from(spec.stop_grace_seconds)),
        host_config: Some(host),
        networking_config,
        ..Default::default()
    }
}

/// What to ask the engine for a network.
pub(super) fn network(spec: &NetworkSpec) -> NetworkCreateRequest {
    let pool = IpamConfig { subnet: Some(spec.subnet.clone()), gateway: Some(spec.gateway.to_string()), ..Default::default() };
    NetworkCreateRequest {
        name: spec.name.clone(),
        driver: Some("bridge".to_owned()),
        ipam: Some(Ipam { config: Some(vec![pool]), ..Default::default() }),
        options: Some(HashMap::from([(ICC.to_owned(), "false".to_owned()), (BRIDGE.to_owned(), spec.bridge.clone())])),
        internal: spec.sealed.then_some(true),
        labels: Some(unordered(&spec.labels)),
        ..Default::default()
    }
}

/// The same labels in the engine's kind of map.
pub(super) fn unordered(labels: &BTreeMap<String, String>) -> HashMap<String, String> {
    labels.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Limits;

    #[test]
    fn everything_asked_for_is_in_the_request() {
        let spec = ContainerSpec {
            name: "flotta-ale-production-1".into(),
            image: "sha256:abc".into(),
            command: vec![],
            environment: vec!["A=b".into()],
            labels: BTreeMap::from([(label::FLEET.to_owned(), "flotta".to_owned())]),
            mounts: vec![
                Mount::Bind { source: "/srv/run".into(), target: "/run/flotta/db".into(), read_only: true },
                Mount::Volume { name: "flotta-ale-production-uploads".into(), target: "/uploads".into() },
                Mount::Tmpfs { target: "/tmp".into(), size_mib: 64 },
            ],
            attachment: Attachment::Network { name: "flotta-net".into(), address: [10, 201, 0, 5].into() },
            extra_hosts: vec!["ale.localhost:host-gateway".into()],
            limits: Some(Limits { memory_mib: 256, cpu_milli: 1500, pids: 64 }),
            read_only_root: true,
            capabilities: vec![],
            restart: true,
            stop_grace_seconds: 20,
            user: String::new(),
        };
        let value = serde_json::to_value(container(&spec)).unwrap();
        insta::assert_json_snapshot!(value, { ".Labels[\"se.flotta.spec\"]" => "[hash]" });
    }

    #[test]
    fn a_network_keeps_its_members_apart() {
        let spec = NetworkSpec {
            name: "flotta-net".into(),
            bridge: "fl-flotta".into(),
            subnet: "10.201.0.0/20".into(),
            gateway: [10, 201, 0, 1].into(),
            sealed: false,
            labels: BTreeMap::from([(label::FLEET.to_owned(), "flotta".to_owned())]),
        };
        insta::assert_json_snapshot!(serde_json::to_value(network(&spec)).unwrap());
    }
}
