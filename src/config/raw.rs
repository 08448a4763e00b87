// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The configuration as it is written. Every key has a default; unknown keys are refused.

use std::path::PathBuf;

use serde::Deserialize;

pub use super::mail::{RawMail, RawNotices};
use crate::{
    error::FieldError,
    fleet::{
        Limits,
        outside::Subject,
        settings::{HealthSettings, OutsideSettings, Range, RehearsalSettings, UpdateSettings},
    },
};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raw {
    /// The fleet's folder on the host.
    pub home: PathBuf,
    /// The fleet's name.
    pub fleet: String,
    /// Where the API and the pages are served.
    pub listen: String,
    /// Their address as users see it.
    pub public_url: String,
    /// Where the engine listens.
    pub engine: String,
    /// Operations worked on at once.
    pub workers: usize,
    /// Seconds that an instance gets to become well after it was started.
    pub healthy_deadline_seconds: u64,
    /// Whether logs are JSON.
    pub log_json: bool,
    /// The store.
    pub store: RawStore,
    /// The images of platform services.
    pub images: RawImages,
    /// The gateway.
    pub gateway: RawGateway,
    /// The private network and the host's resources.
    pub network: RawNetwork,
    /// Limits of an instance that asks for none.
    pub limits: Limits,
    /// How releases are tried on copies.
    pub rehearsals: RawRehearsals,
    /// How much may go on at once.
    pub updates: RawUpdates,
    /// How sites are watched.
    pub health: RawHealth,
    /// How sites and addresses are looked at from outside.
    pub outside: RawOutside,
    /// The mail server.
    pub mail: RawMail,
    /// How people are told.
    pub notices: RawNotices,
    /// The master keys.
    pub secrets: RawSecrets,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            home: "/var/lib/flotta".into(),
            fleet: "flotta".into(),
            listen: "127.0.0.1:7700".into(),
            public_url: "http://127.0.0.1:7700".into(),
            engine: "unix:///var/run/docker.sock".into(),
            workers: 4,
            healthy_deadline_seconds: 60,
            log_json: false,
            store: RawStore::default(),
            images: RawImages::default(),
            gateway: RawGateway::default(),
            network: RawNetwork::default(),
            limits: Limits::default(),
            rehearsals: RawRehearsals::default(),
            updates: RawUpdates::default(),
            health: RawHealth::default(),
            outside: RawOutside::default(),
            mail: RawMail::default(),
            notices: RawNotices::default(),
            secrets: RawSecrets::default(),
        }
    }
}

/// `[store]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawStore {
    /// `sqlite:///…` or `postgres://…`; none means `flotta.db` in the home folder.
    pub address: Option<String>,
}

/// `[images]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawImages {
    /// The database server's.
    pub mariadb: String,
    /// The gateway's.
    pub gateway: String,
}

impl Default for RawImages {
    fn default() -> Self {
        Self { mariadb: "flotta/mariadb:11.8".into(), gateway: "flotta/gateway:2.6".into() }
    }
}

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawGateway {
    /// Addresses to listen on; none means all.
    pub bind: Vec<String>,
    /// Port for HTTP.
    pub http_port: u16,
    /// Port for HTTPS.
    pub https_port: u16,
    /// ACME account; without it, the local authority signs everything.
    pub acme_email: Option<String>,
    /// ACME directory.
    pub acme_directory: Option<String>,
}

impl Default for RawGateway {
    fn default() -> Self {
        Self { bind: Vec::new(), http_port: 80, https_port: 443, acme_email: None, acme_directory: None }
    }
}

/// `[network]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawNetwork {
    /// A private /20; none lets Flotta find a free one.
    pub subnet: Option<String>,
    /// Private ranges that instances may reach all the same.
    pub allowed_ranges: Vec<String>,
    /// Memory of the host that instances never get, in MiB.
    pub reserved_memory_mib: u64,
    /// How many times the rest may be promised.
    pub memory_overcommit: f64,
    /// Disk that must stay free, in MiB.
    pub reserved_disk_mib: u64,
    /// Buffer pool of the database server.
    pub buffer_pool: String,
}

impl Default for RawNetwork {
    fn default() -> Self {
        // An idle instance takes a thirtieth of its limit (docs/benchmarks.md), so ten times is careful.
        Self {
            subnet: None,
            allowed_ranges: Vec::new(),
            reserved_memory_mib: 1024,
            memory_overcommit: 10.0,
            reserved_disk_mib: 2048,
            buffer_pool: "256M".into(),
        }
    }
}

/// `[rehearsals]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawRehearsals {
    /// So many at once in the whole fleet.
    pub at_once: u32,
    /// The browser that takes pictures; an empty text where none are wanted.
    pub chromium: PathBuf,
    /// So many sites of an instance have their picture taken.
    pub pictures: u32,
}

impl Default for RawRehearsals {
    fn default() -> Self {
        let RehearsalSettings { at_once, chromium, pictures } = RehearsalSettings::default();
        Self { at_once, chromium: chromium.unwrap_or_default(), pictures }
    }
}

impl RawRehearsals {
    /// What was written, as it is used; adds its mistakes.
    pub(super) fn check(self, errors: &mut Vec<FieldError>) -> RehearsalSettings {
        for (field, value, low, high) in [("at_once", self.at_once, 1, 16), ("pictures", self.pictures, 0, 50)] {
            if !(low..=high).contains(&value) {
                let field = format!("rehearsals.{field}");
                errors.push(FieldError::new(&field, "out-of-range", format!("{value} is out of range"), format!("give {low} to {high}")));
            }
        }
        if !self.chromium.as_os_str().is_empty() && !self.chromium.is_absolute() {
            errors.push(FieldError::new(
                "rehearsals.chromium",
                "relative-path",
                "the browser's path is not absolute",
                "write it from the root, such as /usr/bin/chromium, or leave it empty for no pictures",
            ));
        }
        let chromium = Some(self.chromium).filter(|path| !path.as_os_str().is_empty());
        RehearsalSettings { at_once: self.at_once, chromium, pictures: self.pictures }
    }
}

/// `[updates]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawUpdates {
    /// Instances of one database server that are worked on before no rollout starts another.
    pub per_database_server: u32,
    /// The same of one node.
    pub per_node: u32,
    /// Days for which an old container and the snapshot of its data are kept after an update.
    pub rollback_days: u32,
}

impl Default for RawUpdates {
    fn default() -> Self {
        let UpdateSettings { per_database_server, per_node, rollback_days } = UpdateSettings::default();
        Self { per_database_server, per_node, rollback_days }
    }
}

impl RawUpdates {
    /// What was written, as it is used; adds its mistakes.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) -> UpdateSettings {
        let Self { per_database_server, per_node, rollback_days } = *self;
        for (field, value, most) in
            [("per_database_server", per_database_server, 64), ("per_node", per_node, 64), ("rollback_days", rollback_days, 90)]
        {
            if !(1..=most).contains(&value) {
                let field = format!("updates.{field}");
                errors.push(FieldError::new(&field, "out-of-range", format!("{value} is out of range"), format!("give 1 to {most}")));
            }
        }
        UpdateSettings { per_database_server, per_node, rollback_days }
    }
}

/// `[health]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawHealth {
    /// How often every site is checked, in seconds.
    pub interval_seconds: u32,
    /// From how many milliseconds on a site is slow.
    pub slow_milliseconds: u32,
    /// So many checks are under way at once.
    pub at_once: u32,
}

impl Default for RawHealth {
    fn default() -> Self {
        let HealthSettings { interval_seconds, slow_milliseconds, at_once } = HealthSettings::default();
        Self { interval_seconds, slow_milliseconds, at_once }
    }
}

impl RawHealth {
    /// What was written, as it is used; adds its mistakes.
    pub(super) fn check(&self, errors: &mut Vec<FieldError>) -> HealthSettings {
        let Self { interval_seconds, slow_milliseconds, at_once } = *self;
        for (field, value, low, high) in [
            ("interval_seconds", interval_seconds, 10, 3600),
            ("slow_milliseconds", slow_milliseconds, 100, 15_000),
            ("at_once", at_once, 4, 4096),
        ] {
            if !(low..=high).contains(&value) {
                let field = format!("health.{field}");
                errors.push(FieldError::new(&field, "out-of-range", format!("{value} is out of range"), format!("give {low} to {high}")));
            }
        }
        HealthSettings { interval_seconds, slow_milliseconds, at_once }
    }
}

/// So many canaries say whether the way out works.
const MOST_CANARIES: usize = 5;

/// `[outside]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawOutside {
    /// Name servers to ask, with their port; none are the host's own.
    pub resolvers: Vec<String>,
    /// Addresses at which visitors reach the gateway.
    pub gateway_addresses: Vec<String>,
    /// Private ranges in which other addresses may be asked all the same.
    pub allowed_ranges: Vec<String>,
    /// A file (PEM) of authorities that are trusted besides the host's own.
    pub authorities: Option<PathBuf>,
    /// Hours between two looks at the same.
    pub look_hours: u32,
    /// Other addresses that a municipality may have.
    pub most_addresses: u32,
    /// Addresses that always answer.
    pub canaries: Vec<String>,
}

impl Default for RawOutside {
    fn default() -> Self {
        let OutsideSettings { authorities, look_hours, most_addresses, .. } = OutsideSettings::default();
        Self {
            resolvers: Vec::new(),
            gateway_addresses: Vec::new(),
            allowed_ranges: Vec::new(),
            authorities,
            look_hours,
            most_addresses,
            canaries: Vec::new(),
        }
    }
}

impl RawOutside {
    /// What was written, as it is used; adds its mistakes.
    pub(super) fn check(self, errors: &mut Vec<FieldError>) -> OutsideSettings {
        for (field, value, most) in [("look_hours", self.look_hours, 48), ("most_addresses", self.most_addresses, 1000)] {
            if !(1..=most).contains(&value) {
                let field = format!("outside.{field}");
                errors.push(FieldError::new(&field, "out-of-range", format!("{value} is out of range"), format!("give 1 to {most}")));
            }
        }
        let mut resolvers = Vec::new();
        for text in &self.resolvers {
            let fix = "write address and port, such as 127.0.0.53:53";
            resolvers.extend(super::parsed::<std::net::SocketAddr>(errors, "outside.resolvers", text, fix));
        }
        let mut gateway_addresses = Vec::new();
        for text in &self.gateway_addresses {
            let fix = "write the addresses that the sites' names lead to, such as 192.0.2.10";
            gateway_addresses.extend(super::parsed::<std::net::IpAddr>(errors, "outside.gateway_addresses", text, fix));
        }
        let mut allowed_ranges = Vec::new();
        for text in &self.allowed_ranges {
            match text.parse::<Range>() {
                Ok(range) => allowed_ranges.push(range),
                Err(error) => errors.push(error.at("outside.allowed_ranges")),
            }
        }
        if self.authorities.as_ref().is_some_and(|path| !path.is_absolute()) {
            errors.push(FieldError::new(
                "outside.authorities",
                "relative-path",
                "the file of authorities has no absolute path",
                "write it from the root, such as /etc/flotta/authorities.pem",
            ));
        }
        if self.canaries.len() > MOST_CANARIES {
            let fix = format!("name {MOST_CANARIES} at most, by different operators");
            errors.push(FieldError::new("outside.canaries", "too-many", "there are too many canaries", fix));
        }
        let mut canaries = Vec::new();
        for text in &self.canaries {
            match Subject::parse(text) {
                Ok(canary) => canaries.push(canary),
                Err(error) => errors.push(error.at("outside.canaries")),
            }
        }
        let Self { authorities, look_hours, most_addresses, .. } = self;
        OutsideSettings { resolvers, gateway_addresses, allowed_ranges, authorities, look_hours, most_addresses, canaries }
    }
}

/// `[secrets]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawSecrets {
    /// File of the present master key; none means `master.key` in the home folder.
    pub key_file: Option<PathBuf>,
    /// Files of earlier ones, while `flotta secret rotate` has not run.
    pub previous_key_files: Vec<PathBuf>,
}
