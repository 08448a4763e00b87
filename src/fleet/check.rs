// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is checked: sites of instances, and other addresses of municipalities.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    InstanceId, MunicipalityId, Slug,
    health::{Failure, Health},
    outside::{Expects, Subject},
};

/// One thing that is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its number: its row in its municipality's history, and its place in the minute.
    pub number: u32,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// The municipality's slug.
    pub slug: Slug,
    /// The instance that serves it; none for an address that is somewhere else.
    pub instance: Option<InstanceId>,
    /// WordPress's number of the site; none for an address that is somewhere else.
    pub blog: Option<u64>,
    /// Its host, with the port where it is not the scheme's.
    pub host: String,
    /// Its path, beginning with a slash.
    pub path: String,
    /// Its name for people; empty where it is known by its address only.
    pub label: String,
    /// How it is asked; none for a site, which the gateway serves.
    pub expects: Option<Expects>,
    /// In which state it is.
    pub health: Health,
    /// How it fails, while it is not well.
    pub failure: Option<Failure>,
    /// Since when it is in this state.
    pub since: Option<Timestamp>,
    /// Since when it is checked.
    pub created_at: Timestamp,
}

impl Check {
    /// Its address for people, without the scheme.
    #[must_use]
    pub fn address(&self) -> String {
        if self.path == "/" { self.host.clone() } else { format!("{}{}", self.host, self.path) }
    }

    /// What there is to look at from outside.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let plain = self.expects.as_ref().is_some_and(|expects| expects.plain);
        Subject { host: self.host.clone(), path: self.path.clone(), plain, ours: self.blog.is_some() }
    }
}

/// How many of a municipality's checks are in each state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Whose they are.
    pub municipality: MunicipalityId,
    /// The municipality's slug.
    pub slug: Slug,
    /// The municipality's official name.
    pub name: String,
    /// How many are in which state; those that occur.
    pub states: std::collections::BTreeMap<Health, u32>,
}

impl Tally {
    /// The worst state that occurs.
    #[must_use]
    pub fn worst(&self) -> Health {
        self.states.keys().next_back().copied().unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn checks(&self) -> u32 {
        self.states.values().sum()
    }
}
