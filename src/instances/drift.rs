// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What differs between what an instance should be and what the engine has. Pure: the tasks look and act.

use std::collections::{BTreeMap, HashMap};

use crate::{
    error::Result,
    fleet::{
        Desired, FleetSettings, Instance, InstanceId, InstanceState, Release, ReleaseId, Subnet,
        container::{ContainerState, label},
    },
};

/// Why an instance must be put right, for people.
pub type Drift = BTreeMap<InstanceId, String>;

/// Finds the instances that must be put right. Those that an operation works on, and those set aside for a person, are left out.
///
/// # Errors
/// When an instance's slot lies outside the fleet's subnet.
pub fn find(
    settings: &FleetSettings,
    subnet: Subnet,
    instances: &[Instance],
    releases: &HashMap<ReleaseId, Release>,
    containers: &[ContainerState],
    busy: &dyn Fn(InstanceId) -> bool,
) -> Result<Drift> {
    let by_name: HashMap<&str, &ContainerState> = containers.iter().map(|c| (c.name.as_str(), c)).collect();
    let mut drift = Drift::new();
    for instance in instances {
        let watched = matches!(instance.state, InstanceState::Running | InstanceState::Repairing) && instance.desired == Desired::Running;
        let Some(release) = releases.get(&instance.release).filter(|_| watched && !busy(instance.id)) else { continue };
        let wanted = super::spec::container(settings, instance, release, subnet)?;
        let why = match by_name.get(wanted.name.as_str()) {
            None => Some("its container is gone"),
            Some(found) if found.paused => Some("its container is paused"),
            Some(found) if !found.running => Some("its container has stopped"),
            Some(found) if found.labels.get(label::SPEC) != Some(&wanted.hash()) => {
                Some("its container is made from another specification")
            }
            Some(found) if found.image != wanted.image => Some("its container runs another image"),
            Some(found) if !super::spec::at_home(&wanted, found) => Some("its container is away from its address"),
            Some(_) => None,
        };
        if let Some(why) = why {
            drift.insert(instance.id, why.to_owned());
        }
    }
    Ok(drift)
}
