// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The fleet's network: one bridge on which instances cannot reach each other (docs/decisions/0002).

use crate::{
    error::{Error, FieldError, OutsideKind, Result},
    fleet::{
        FleetId, Subnet,
        container::{NetworkSpec, label},
    },
    instances::Tools,
    store::{Store, settings},
};

const SETTING: &str = "network.subnet";

/// What is found of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// As it should be.
    Right,
    /// Nothing.
    Absent,
    /// Something by that name that is not what it should be.
    Wrong(String),
}

/// The subnet that the fleet has: the configured one, the one it chose before, or a free one that it keeps from now on.
///
/// # Errors
/// When all are taken, or the configured one is not the one that instances live in already.
pub async fn choose_subnet(
    store: &Store,
    engine: &dyn crate::drivers::engine::Engine,
    fleet: &FleetId,
    configured: Option<Subnet>,
) -> Result<Subnet> {
    if let Some(kept) = settings::get(store, SETTING).await? {
        let kept: Subnet = kept.parse()?;
        if configured.is_some_and(|configured| configured != kept) {
            return Err(FieldError::new(
                SETTING,
                "subnet-changed",
                format!("the fleet lives in {kept}"),
                "set that, or remove the key; moving a fleet to another subnet is not possible",
            )
            .into());
        }
        return Ok(kept);
    }
    let first = if let Some(configured) = configured {
        configured
    } else {
        let taken = engine.occupied_subnets().await?;
        Subnet::candidates(fleet).find(|candidate| !taken.iter().any(|cidr| candidate.overlaps(cidr))).ok_or_else(|| {
            FieldError::new(SETTING, "no-subnet", "every /20 of 10.128.0.0/9 is taken on this host", "set one that is free")
        })?
    };
    settings::keep(store, SETTING, &first.to_string()).await?.parse().map_err(Error::from)
}

fn spec(tools: &Tools) -> NetworkSpec {
    NetworkSpec {
        name: tools.settings.network(),
        bridge: tools.settings.bridge(),
        subnet: tools.subnet.to_string(),
        gateway: tools.subnet.gateway(),
        sealed: false,
        labels: super::labels(tools, "network"),
    }
}

/// Looks at the network.
///
/// # Errors
/// When the engine does not answer.
pub async fn observe(tools: &Tools) -> Result<Seen> {
    let wanted = spec(tools);
    Ok(match tools.engine.network(&wanted.name).await? {
        None => Seen::Absent,
        Some(found) if found.labels.get(label::FLEET) != Some(&tools.settings.fleet.to_string()) => {
            Seen::Wrong(format!("network {} belongs to somebody else", wanted.name))
        }
        Some(found) if found.inter_container => Seen::Wrong(format!("network {} lets its members reach each other", wanted.name)),
        Some(found) if found.subnets != [wanted.subnet.clone()] => {
            Seen::Wrong(format!("network {} has the subnet {} in place of {}", wanted.name, found.subnets.join(" "), wanted.subnet))
        }
        Some(_) => Seen::Right,
    })
}

/// Makes the network where there is none.
///
/// # Errors
/// When something else has its name, or the engine fails.
pub async fn ensure(tools: &Tools) -> Result<()> {
    match observe(tools).await? {
        Seen::Right => Ok(()),
        Seen::Absent => tools.engine.create_network(&spec(tools)).await,
        Seen::Wrong(what) => {
            Err(Error::outside("engine", OutsideKind::Refused, format!("{what}; remove it by hand when nothing is attached to it")))
        }
    }
}
