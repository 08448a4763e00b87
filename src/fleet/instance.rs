// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One running WordPress network of a municipality.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Domain, InstanceId, MunicipalityId, ReleaseId, Slug};
use crate::error::FieldError;

/// One instance: desired and last known state, and everything that its containers are made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Whose it is.
    pub municipality: MunicipalityId,
    /// The municipality's slug, which names its containers.
    pub slug: Slug,
    /// The municipality's official name, which becomes the site's title.
    pub title: String,
    /// What it is for.
    pub environment: Environment,
    /// How its sites are laid out.
    pub network_kind: NetworkKind,
    /// Host name of its main site.
    pub domain: Domain,
    /// WordPress locale, such as `sv_SE`.
    pub locale: String,
    /// Log-in name of its first administrator.
    pub admin_login: String,
    /// That administrator's address.
    pub admin_email: String,
    /// What it runs.
    pub release: ReleaseId,
    /// What it should be doing.
    pub desired: Desired,
    /// What it is known to be doing.
    pub state: InstanceState,
    /// Why it is in that state, for people; empty where there is nothing to say.
    pub reason: String,
    /// Its place in the fleet's address plan; unique.
    pub slot: u32,
    /// Counts the containers that it has had; its parity picks one of the slot's two addresses.
    pub generation: u32,
    /// Whether the gateway holds its visitors back while an update changes its data.
    pub paused: bool,
    /// What it may use.
    pub limits: Limits,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Instance {
    /// `slug-environment`, unique in the fleet; stands in the names of its containers and volumes.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}-{}", self.slug, self.environment.as_str())
    }

    /// Its schema, and also the user that sees only this schema. The end of the id makes it this instance's alone, so that
    /// what is found under this name is never another's. At most 43 characters; MariaDB allows 64.
    #[must_use]
    pub fn schema(&self) -> String {
        Self::schema_of(&self.slug, self.id)
    }

    /// The same for an instance that only its slug and id are known of.
    #[must_use]
    pub fn schema_of(slug: &Slug, id: InstanceId) -> String {
        let id = id.text();
        format!("flt_{}_{}", slug.as_str().replace('-', "_"), &id[id.len() - 8..])
    }
}

/// What an instance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// The municipality's public sites.
    #[default]
    Production,
    /// A copy to try things on.
    Staging,
    /// For getting to know the fork.
    Trial,
}

impl Environment {
    /// Every value, in the order shown to people.
    pub const ALL: [Self; 3] = [Self::Production, Self::Staging, Self::Trial];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Trial => "trial",
        }
    }
}

/// How an instance's sites are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// One site, no network.
    Single,
    /// A network whose sites lie in folders: `domain/skola`.
    #[default]
    SubDirectory,
    /// A network whose sites lie in sub-domains: `skola.domain`.
    SubDomain,
}

impl NetworkKind {
    /// Every value, in the order shown to people.
    pub const ALL: [Self; 3] = [Self::Single, Self::SubDirectory, Self::SubDomain];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::SubDirectory => "sub-directory",
            Self::SubDomain => "sub-domain",
        }
    }
}

/// What an instance should be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Desired {
    /// Serving.
    Running,
    /// Stopped, with a friendly page in its place; everything kept.
    Suspended,
    /// Gone.
    Removed,
}

/// What an instance is known to be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstanceState {
    /// Being made.
    Onboarding,
    /// Serving.
    Running,
    /// Stopped on purpose.
    Suspended,
    /// Found different from what it should be, and being put right.
    Repairing,
    /// Being moved to another release, or back.
    Updating,
    /// Set aside for a person to look at; its visitors see the gateway's page.
    Quarantined,
    /// Being removed.
    Offboarding,
}

macro_rules! text_enum {
    ($type:ty, $field:literal, [$($variant:path => $text:literal),+ $(,)?]) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($variant => $text),+ })
            }
        }
        impl std::str::FromStr for $type {
            type Err = $crate::error::FieldError;
            fn from_str(text: &str) -> Result<Self, $crate::error::FieldError> {
                match text {
                    $($text => Ok($variant),)+
                    _ => Err($crate::error::FieldError::new(
                        $field,
                        concat!("invalid-", $field),
                        format!(concat!("`{}` is no ", $field), text.escape_debug()),
                        concat!("use one of", $(" ", $text),+),
                    )),
                }
            }
        }
    };
}
pub(crate) use text_enum;

text_enum!(Environment, "environment", [Environment::Production => "production", Environment::Staging => "staging", Environment::Trial => "trial"]);
text_enum!(NetworkKind, "network", [NetworkKind::Single => "single", NetworkKind::SubDirectory => "sub-directory", NetworkKind::SubDomain => "sub-domain"]);
text_enum!(Desired, "desired", [Desired::Running => "running", Desired::Suspended => "suspended", Desired::Removed => "removed"]);
text_enum!(InstanceState, "state", [
    InstanceState::Onboarding => "onboarding", InstanceState::Running => "running", InstanceState::Suspended => "suspended",
    InstanceState::Repairing => "repairing", InstanceState::Updating => "updating",
    InstanceState::Quarantined => "quarantined", InstanceState::Offboarding => "offboarding",
]);

/// What one instance may use of its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Memory in MiB; 96–65,536.
    pub memory_mib: u32,
    /// Processor time in thousandths of a core; 100–64,000.
    pub cpu_milli: u32,
    /// Processes and threads; 16–4,096.
    pub pids: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 512, cpu_milli: 1000, pids: 128 }
    }
}

impl Limits {
    /// Checks the ranges.
    ///
    /// # Errors
    /// One for each value out of its range.
    pub fn check(self) -> Result<Self, Vec<FieldError>> {
        let range = |field: &str, value: u32, low: u32, high: u32| {
            (!(low..=high).contains(&value))
                .then(|| FieldError::new(field, "out-of-range", format!("{value} is out of range"), format!("give {low} to {high}")))
        };
        let errors: Vec<_> = [
            range("memory_mib", self.memory_mib, 96, 65_536),
            range("cpu_milli", self.cpu_milli, 100, 64_000),
            range("pids", self.pids, 16, 4_096),
        ]
        .into_iter()
        .flatten()
        .collect();
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }
}

/// Checks a WordPress locale by its form: `sv_SE`, `en_US`, `fi`, `se_NO`, `de_DE_formal`.
///
/// # Errors
/// Names the field `locale`.
pub fn locale(text: &str) -> Result<String, FieldError> {
    let mut parts = text.split('_');
    let language = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = parts.all(|p| !p.is_empty() && p.len() <= 10 && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if language && rest && text.len() <= 20 {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        "locale",
        "invalid-locale",
        format!("`{}` is no WordPress locale", text.escape_debug()),
        "write it as sv_SE, en_US or fi",
    ))
}
