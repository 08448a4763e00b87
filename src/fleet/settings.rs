// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a fleet is set to, as its rooms need it.

use std::{net::Ipv4Addr, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{FleetId, Instance, Limits};
use crate::error::FieldError;

/// Names, places and images of one fleet.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// The fleet's name.
    pub fleet: FleetId,
    /// The fleet's folder on the host.
    pub home: PathBuf,
    /// Image of the database server.
    pub mariadb_image: String,
    /// Image of the gateway.
    pub gateway_image: String,
    /// Port of HTTP at the gateway.
    pub http_port: u16,
    /// Port of HTTPS at the gateway.
    pub https_port: u16,
    /// Limits of an instance that asks for none.
    pub limits: Limits,
    /// Memory of the host that instances never get, in MiB.
    pub reserved_memory_mib: u64,
    /// How many times the host's memory may be promised: most instances idle far below their limit.
    pub memory_overcommit: f64,
    /// Disk that must stay free, in MiB.
    pub reserved_disk_mib: u64,
    /// Buffer pool of the database server, such as `256M`.
    pub buffer_pool: String,
    /// How long an instance gets to become well after it was started.
    pub healthy_deadline: std::time::Duration,
    /// Private ranges that instances may reach all the same, in CIDR form.
    pub allowed_ranges: Vec<String>,
    /// How rehearsals are done.
    pub rehearsals: RehearsalSettings,
    /// How much may go on at once, whoever started it, and how long there is a way back.
    pub updates: UpdateSettings,
    /// How sites are watched.
    pub health: HealthSettings,
    /// How sites and addresses are looked at from outside.
    pub outside: OutsideSettings,
    /// How people are told.
    pub notices: NoticeSettings,
}

/// How sites and addresses are looked at from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideSettings {
    /// Name servers that are asked; none are the host's own.
    pub resolvers: Vec<std::net::SocketAddr>,
    /// Addresses at which visitors reach the gateway; none where it is not known.
    pub gateway_addresses: Vec<std::net::IpAddr>,
    /// Private ranges in which other addresses may be asked all the same.
    pub allowed_ranges: Vec<Range>,
    /// A file (PEM) of authorities that are trusted besides the host's own.
    pub authorities: Option<PathBuf>,
    /// So many hours pass between two looks at the same.
    pub look_hours: u32,
    /// So many other addresses a municipality may have.
    pub most_addresses: u32,
    /// Addresses that always answer, by which Flotta tells its own way out from theirs; none where that is not told apart.
    pub canaries: Vec<super::outside::Subject>,
}

impl Default for OutsideSettings {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            gateway_addresses: Vec::new(),
            allowed_ranges: Vec::new(),
            authorities: None,
            look_hours: 6,
            most_addresses: 50,
            canaries: Vec::new(),
        }
    }
}

/// A range of addresses in CIDR form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    base: std::net::IpAddr,
    bits: u8,
}

impl Range {
    /// Whether an address lies in it.
    #[must_use]
    pub fn holds(self, address: std::net::IpAddr) -> bool {
        use std::net::IpAddr::{V4, V6};
        match (self.base, address.to_canonical()) {
            (V4(base), V4(address)) => {
                let shift = 32 - u32::from(self.bits);
                u32::from(base).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (V6(base), V6(address)) => {
                let shift = 128 - u32::from(self.bits);
                u128::from(base).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl FromStr for Range {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let read = || {
            let (base, bits) = text.split_once('/')?;
            let (base, bits) = (base.parse::<std::net::IpAddr>().ok()?, bits.parse::<u8>().ok()?);
            let most = if base.is_ipv4() { 32 } else { 128 };
            (bits <= most).then_some(Self { base, bits })
        };
        read().ok_or_else(|| {
            FieldError::new("range", "invalid-range", format!("`{}` is no range", text.escape_debug()), "write ranges such as 10.1.2.0/24")
        })
    }
}

/// How people are told of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// The pages' address, for links.
    pub public_url: String,
    /// The mail server; none where no mail is sent.
    pub mail: Option<MailSettings>,
    /// Whether hooks may lead to this host, without TLS too, and those of municipalities into private ranges.
    pub local_hooks: bool,
}

/// The server that mail is handed over to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept private.
    pub security: MailSecurity,
    /// With which name Flotta logs in; none where it does not.
    pub user: Option<String>,
    /// File of the password.
    pub password_file: Option<PathBuf>,
    /// The sender.
    pub from: String,
}

/// How the connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// It begins in the open and must turn to TLS before anything is said.
    Starttls,
    /// TLS from the beginning.
    Tls,
    /// Not at all; only for a server on this host.
    None,
}

super::instance::text_enum!(MailSecurity, "security", [
    MailSecurity::Starttls => "starttls", MailSecurity::Tls => "tls", MailSecurity::None => "none",
]);

/// How sites are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthSettings {
    /// How often every site is checked, in seconds.
    pub interval_seconds: u32,
    /// From how many milliseconds on a site is slow.
    pub slow_milliseconds: u32,
    /// So many checks are under way at once.
    pub at_once: u32,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { interval_seconds: 60, slow_milliseconds: 3000, at_once: 256 }
    }
}

/// How much rollouts may add to what goes on already, and how long there is a way back. A fleet has one database server and one
/// node today, so that the lesser of both counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateSettings {
    /// Instances of one database server that are worked on at once.
    pub per_database_server: u32,
    /// Instances of one node that are.
    pub per_node: u32,
    /// So many days an old container and the snapshot of its data are kept after an update.
    pub rollback_days: u32,
}

impl Default for UpdateSettings {
    fn default() -> Self {
        Self { per_database_server: 8, per_node: 16, rollback_days: 7 }
    }
}

impl UpdateSettings {
    /// So many instances are worked on at once before no rollout starts another.
    #[must_use]
    pub fn together(self) -> u32 {
        self.per_database_server.min(self.per_node)
    }
}

/// How rehearsals are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsalSettings {
    /// So many at once in the whole fleet.
    pub at_once: u32,
    /// The browser that takes pictures; none where none are wanted.
    pub chromium: Option<PathBuf>,
    /// So many sites of an instance have their picture taken.
    pub pictures: u32,
}

impl Default for RehearsalSettings {
    fn default() -> Self {
        Self { at_once: 2, chromium: Some("/usr/bin/chromium".into()), pictures: 5 }
    }
}

/// The first bytes of a text's digest, in hex.
fn digits(text: &str, bytes: usize) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

impl FleetSettings {
    /// The network's name.
    #[must_use]
    pub fn network(&self) -> String {
        format!("{}-net", self.fleet)
    }
    /// The bridge's name on the host: at most 15 characters, hence a digest of longer fleets.
    #[must_use]
    pub fn bridge(&self) -> String {
        let plain = format!("fl-{}", self.fleet);
        if plain.len() <= 15 { plain } else { format!("fl-{}", digits(self.fleet.as_str(), 4)) }
    }
    /// How the names of all rehearsals' bridges begin; no other bridge's name does.
    #[must_use]
    pub fn rehearsal_bridges(&self) -> String {
        format!("fr-{}", digits(self.fleet.as_str(), 3))
    }
    /// The bridge of an instance's rehearsal.
    #[must_use]
    pub fn rehearsal_bridge(&self, instance: &Instance) -> String {
        format!("{}{}", self.rehearsal_bridges(), digits(&instance.id.text(), 3))
    }
    /// The network of an instance's rehearsal, also the beginning of its containers' names.
    #[must_use]
    pub fn rehearsal(&self, instance: &Instance) -> String {
        format!("{}-{}-rehearsal", self.fleet, instance.key())
    }
    /// The database server's container and volume.
    #[must_use]
    pub fn database_server(&self) -> String {
        format!("{}-db-1", self.fleet)
    }
    /// The gateway's container.
    #[must_use]
    pub fn gateway(&self) -> String {
        format!("{}-gateway", self.fleet)
    }
    /// Host folder of the database server's socket.
    #[must_use]
    pub fn database_run(&self) -> PathBuf {
        self.home.join("run/db-1")
    }
    /// Host folder of the gateway's admin socket.
    #[must_use]
    pub fn gateway_run(&self) -> PathBuf {
        self.home.join("run/gateway")
    }
    /// Host folder of an instance's secret files.
    #[must_use]
    pub fn secrets_of(&self, owner: &str) -> PathBuf {
        self.home.join("secrets").join(owner)
    }
    /// Host folder of all archives.
    #[must_use]
    pub fn archives(&self) -> PathBuf {
        self.home.join("archives")
    }
    /// Host folder of what updates and rehearsals have seen.
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.home.join("evidence")
    }
    /// The agent's file on the host.
    #[must_use]
    pub fn agent(&self) -> PathBuf {
        self.home.join("agent/flotta-agent.php")
    }
    /// Name of an instance's container of its present generation.
    #[must_use]
    pub fn container(&self, instance: &Instance) -> String {
        format!("{}-{}-{}", self.fleet, instance.key(), instance.generation)
    }
    /// Name of an instance's uploads volume.
    #[must_use]
    pub fn uploads(&self, instance: &Instance) -> String {
        format!("{}-{}-uploads", self.fleet, instance.key())
    }
}

/// Ports, addresses and helpers of the gateway, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewaySettings {
    /// Addresses to listen on; empty means all.
    pub bind: Vec<std::net::IpAddr>,
    /// Port for HTTP.
    pub http_port: u16,
    /// Port for HTTPS.
    pub https_port: u16,
    /// ACME account address for public certificates; without it, none are asked for and the local authority signs.
    pub acme_email: Option<String>,
    /// ACME directory; none means the authority's default.
    pub acme_directory: Option<String>,
    /// Where the gateway asks whether a public certificate may be had for a name that it has a route for (the control plane): it
    /// adds `?domain=<name>`, and 200 means yes.
    pub ask_url: String,
}

/// The fleet's private addresses: one /20, of which every instance has two, so that a new container can start beside the old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet(Ipv4Addr);

impl Subnet {
    /// Bits of the network part.
    pub const BITS: u8 = 20;
    /// Addresses before the first instance's: network, host, and some to spare.
    const FIRST: u32 = 16;
    /// How many instances fit.
    pub const CAPACITY: u32 = ((1 << (32 - Self::BITS as u32)) - Self::FIRST - 1) / 2;

    /// Every /20 of 10.128.0.0/9, in an order that depends on the fleet, so that two fleets seldom try the same one first.
    pub fn candidates(fleet: &FleetId) -> impl Iterator<Item = Self> + use<> {
        const COUNT: u32 = 1 << (Subnet::BITS as u32 - 9);
        let start = fleet.as_str().bytes().fold(0_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b)));
        (0..COUNT).map(move |n| Self(Ipv4Addr::from(0x0a80_0000 + ((start.wrapping_add(n) % COUNT) << (32 - Subnet::BITS)))))
    }

    /// The host's address in it.
    #[must_use]
    pub fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0) + 1)
    }

    /// An instance's address: the slot's first or second, by turns of the generation. None where the slot lies outside.
    #[must_use]
    pub fn address(self, slot: u32, generation: u32) -> Option<Ipv4Addr> {
        (slot < Self::CAPACITY).then(|| Ipv4Addr::from(u32::from(self.0) + Self::FIRST + 2 * slot + (generation & 1)))
    }

    /// Whether it shares an address with a range in CIDR form. What cannot be read overlaps nothing.
    #[must_use]
    pub fn overlaps(self, cidr: &str) -> bool {
        let Some((base, bits)) = cidr.split_once('/') else { return false };
        let (Ok(base), Ok(bits)) = (base.parse::<Ipv4Addr>(), bits.parse::<u8>()) else { return false };
        let bits = bits.min(Self::BITS);
        // A default route (0.0.0.0/0) says nothing about what is taken.
        if bits == 0 {
            return false;
        }
        let mask = u32::MAX << (32 - bits);
        u32::from(base) & mask == u32::from(self.0) & mask
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0, Self::BITS)
    }
}

impl FromStr for Subnet {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        text.strip_suffix("/20")
            .and_then(|base| base.parse::<Ipv4Addr>().ok())
            .filter(|base| base.is_private() && u32::from(*base) % (1 << (32 - Self::BITS)) == 0)
            .map(Self)
            .ok_or_else(|| {
                FieldError::new(
                    "network.subnet",
                    "invalid-subnet",
                    format!("`{text}` is no private /20"),
                    "write one such as 10.201.16.0/20",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_distinct_and_inside() {
        let subnet: Subnet = "10.201.16.0/20".parse().unwrap();
        assert_eq!(subnet.gateway(), Ipv4Addr::new(10, 201, 16, 1));
        let mut seen = std::collections::BTreeSet::new();
        for slot in 0..Subnet::CAPACITY {
            for generation in 1..3 {
                let address = subnet.address(slot, generation).unwrap();
                assert!(subnet.overlaps(&format!("{address}/32")));
                assert!(seen.insert(address));
            }
        }
        assert!(subnet.address(Subnet::CAPACITY, 0).is_none());
        assert!(!seen.contains(&Ipv4Addr::new(10, 201, 31, 255)));
    }

    #[test]
    fn overlap_is_seen_both_ways() {
        let subnet: Subnet = "10.201.16.0/20".parse().unwrap();
        assert!(subnet.overlaps("10.201.0.0/16") && subnet.overlaps("10.201.17.0/24") && subnet.overlaps("10.0.0.0/8"));
        assert!(!subnet.overlaps("10.201.32.0/20") && !subnet.overlaps("0.0.0.0/0") && !subnet.overlaps("172.17.0.0/16"));
    }

    #[test]
    fn candidates_are_all_there() {
        let all: std::collections::BTreeSet<_> = Subnet::candidates(&"flotta".parse().unwrap()).map(|s| s.to_string()).collect();
        assert_eq!(all.len(), 2048);
    }
}
