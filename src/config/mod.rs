// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The configuration: one TOML file, overridden by environment variables (`FLOTTA__GATEWAY__HTTPS_PORT=8443`). Every mistake
//! is reported at once, each with its fix; nothing starts with a wrong configuration.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use url::Url;

use crate::{
    error::{Error, FieldError, Result},
    fleet::{Email, FleetSettings, GatewaySettings, Subnet, settings::NoticeSettings},
    store::Address,
    vault::{MasterKey, Vault},
};

mod mail;
mod raw;

pub use raw::Raw;

/// Everything that the control plane is set to.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file that it was read from, if from one.
    pub file: Option<PathBuf>,
    /// The fleet.
    pub fleet: FleetSettings,
    /// The gateway.
    pub gateway: GatewaySettings,
    /// Where the API and the pages are served.
    pub listen: SocketAddr,
    /// Their address as users see it.
    pub public_url: Url,
    /// Where the store is.
    pub store: Address,
    /// Where the engine listens: `unix:///var/run/docker.sock` or `tcp://…`.
    pub engine: String,
    /// The fleet's subnet, where it is not left to Flotta.
    pub subnet: Option<Subnet>,
    /// Operations worked on at once.
    pub workers: usize,
    /// Files of the master keys, the present one first.
    pub key_files: Vec<PathBuf>,
    /// Whether logs are JSON.
    pub log_json: bool,
}

/// Where the configuration is looked for when no path is given: `$FLOTTA_CONFIG`, then the default home.
#[must_use]
pub fn default_path() -> PathBuf {
    std::env::var_os("FLOTTA_CONFIG").map_or_else(|| PathBuf::from("/var/lib/flotta/flotta.toml"), PathBuf::from)
}

/// Reads and checks the configuration.
///
/// # Errors
/// Every mistake at once, each naming its key and the fix.
pub fn load(path: &Path) -> Result<Config> {
    let sources = config::Config::builder()
        .add_source(config::File::from(path).format(config::FileFormat::Toml))
        .add_source(config::Environment::with_prefix("FLOTTA").prefix_separator("__").separator("__").try_parsing(true));
    let raw: Raw = sources.build().and_then(config::Config::try_deserialize).map_err(|e| {
        Error::field(FieldError::new(
            "config",
            "unreadable-config",
            format!("{}: {e}", path.display()),
            "correct it, or let `docker/up` write a new one; docs/configuration.md lists every key",
        ))
    })?;
    Ok(Config { file: Some(path.to_owned()), ..check(raw)? })
}

/// Turns what was written into what it means.
///
/// # Errors
/// Every mistake at once.
pub fn check(raw: Raw) -> Result<Config> {
    let mut errors = Vec::new();
    let fleet = raw.fleet.parse().map_err(|e: FieldError| errors.push(e)).ok();
    let listen = parsed(&mut errors, "listen", &raw.listen, "write address and port, such as 127.0.0.1:7700");
    let public_url = parsed::<Url>(&mut errors, "public_url", &raw.public_url, "write an address such as http://127.0.0.1:7700");
    let store = match &raw.store.address {
        Some(address) => address.parse().map_err(|e: FieldError| errors.push(e)).ok(),
        None => Some(Address::Sqlite(raw.home.join("flotta.db"))),
    };
    let subnet = raw.network.subnet.as_deref().and_then(|text| text.parse::<Subnet>().map_err(|e| errors.push(e)).ok());
    let limits = raw
        .limits
        .check()
        .map_err(|all| {
            errors.extend(all.into_iter().map(|e| {
                let key = format!("limits.{}", e.field);
                e.at(&key)
            }))
        })
        .unwrap_or_default();
    let mut bind: Vec<IpAddr> = Vec::new();
    for text in &raw.gateway.bind {
        bind.extend(parsed::<IpAddr>(&mut errors, "gateway.bind", text, "write addresses of this host, or none for all"));
    }
    if raw.gateway.http_port == raw.gateway.https_port {
        errors.push(FieldError::new("gateway.https_port", "same-port", "HTTP and HTTPS have the same port", "give two different ports"));
    }
    if let Some(email) = &raw.gateway.acme_email
        && let Err(error) = email.parse::<Email>()
    {
        errors.push(error.at("gateway.acme_email"));
    }
    for range in &raw.network.allowed_ranges {
        let good = range.split_once('/').is_some_and(|(base, bits)| {
            base.parse::<std::net::Ipv4Addr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| (1..=32).contains(&bits))
        });
        if !good {
            errors.push(FieldError::new(
                "network.allowed_ranges",
                "invalid-range",
                format!("`{range}` is no range"),
                "write ranges such as 10.1.2.0/24",
            ));
        }
    }
    let pool = raw.network.buffer_pool.trim_end_matches(['M', 'G']);
    if pool.is_empty() || !pool.bytes().all(|b| b.is_ascii_digit()) {
        errors.push(FieldError::new(
            "network.buffer_pool",
            "invalid-size",
            format!("`{}` is no size", raw.network.buffer_pool),
            "write one such as 256M or 4G",
        ));
    }
    if !raw.home.is_absolute() {
        errors.push(FieldError::new(
            "home",
            "relative-path",
            "the home folder is not an absolute path",
            "write it from the root, such as /var/lib/flotta",
        ));
    }
    if !(1..=3600).contains(&raw.healthy_deadline_seconds) {
        errors.push(FieldError::new(
            "healthy_deadline_seconds",
            "out-of-range",
            format!("{} seconds", raw.healthy_deadline_seconds),
            "give 1 to 3600",
        ));
    }
    if !(1..=64).contains(&raw.workers) {
        errors.push(FieldError::new("workers", "out-of-range", format!("{} workers", raw.workers), "give 1 to 64"));
    }
    if !(1.0..=100.0).contains(&raw.network.memory_overcommit) {
        errors.push(FieldError::new("network.memory_overcommit", "out-of-range", "memory_overcommit is out of range", "give 1 to 100"));
    }
    let rehearsals = raw.rehearsals.check(&mut errors);
    let updates = raw.updates.check(&mut errors);
    let health = raw.health.check(&mut errors);
    let outside = raw.outside.check(&mut errors);
    let mail = raw.mail.check(&mut errors);
    let key_files = std::iter::once(raw.secrets.key_file.clone().unwrap_or_else(|| raw.home.join("master.key")))
        .chain(raw.secrets.previous_key_files)
        .collect();
    match (fleet, listen, public_url, store) {
        (Some(fleet), Some(listen), Some(public_url), Some(store)) if errors.is_empty() => Ok(Config {
            file: None,
            gateway: GatewaySettings {
                bind,
                http_port: raw.gateway.http_port,
                https_port: raw.gateway.https_port,
                acme_email: raw.gateway.acme_email,
                acme_directory: raw.gateway.acme_directory,
                ask_url: ask_url(listen),
            },
            fleet: FleetSettings {
                fleet,
                home: raw.home,
                mariadb_image: raw.images.mariadb,
                gateway_image: raw.images.gateway,
                http_port: raw.gateway.http_port,
                https_port: raw.gateway.https_port,
                limits,
                reserved_memory_mib: raw.network.reserved_memory_mib,
                memory_overcommit: raw.network.memory_overcommit,
                reserved_disk_mib: raw.network.reserved_disk_mib,
                buffer_pool: raw.network.buffer_pool,
                healthy_deadline: std::time::Duration::from_secs(raw.healthy_deadline_seconds),
                allowed_ranges: raw.network.allowed_ranges,
                rehearsals,
                updates,
                health,
                outside,
                notices: NoticeSettings { public_url: public_url.to_string(), mail, local_hooks: raw.notices.local_hooks },
            },
            listen,
            public_url,
            store,
            engine: raw.engine,
            subnet,
            workers: raw.workers,
            key_files,
            log_json: raw.log_json,
        }),
        _ => Err(Error::Invalid(errors)),
    }
}

/// The gateway runs on the host's network, so it reaches the control plane on the loopback address.
fn ask_url(listen: SocketAddr) -> String {
    let address = if listen.ip().is_unspecified() { SocketAddr::new(IpAddr::from([127, 0, 0, 1]), listen.port()) } else { listen };
    format!("http://{address}/internal/tls-ask")
}

fn parsed<T: std::str::FromStr>(errors: &mut Vec<FieldError>, key: &str, text: &str, fix: &str) -> Option<T> {
    text.parse().map_err(|_| errors.push(FieldError::new(key, "unreadable", format!("`{text}` cannot be read"), fix))).ok()
}

impl Config {
    /// Opens the vault: the key from the environment (`FLOTTA_MASTER_KEY`) or the first key file, older keys from the others.
    ///
    /// # Errors
    /// When a file is missing, unreadable, open to others, or holds no key.
    pub fn vault(&self) -> Result<Vault> {
        let mut keys = Vec::new();
        if let Ok(text) = std::env::var("FLOTTA_MASTER_KEY") {
            keys.push(MasterKey::parse(&text)?);
        }
        for (at, path) in self.key_files.iter().enumerate() {
            if at == 0 && !keys.is_empty() {
                continue;
            }
            keys.push(MasterKey::parse(&read_private(path)?)?);
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or_else(|| Error::Internal("no master key".into()))?;
        Ok(Vault::new(current, keys.collect()))
    }
}

impl Config {
    /// The mail server's password, where one is set.
    ///
    /// # Errors
    /// Names `mail.password_file` when it cannot be read or its mode is too open.
    pub fn mail_password(&self) -> Result<Option<SecretString>> {
        let Some(path) = self.fleet.notices.mail.as_ref().and_then(|mail| mail.password_file.as_ref()) else { return Ok(None) };
        let at = |error| match error {
            Error::Invalid(all) => Error::Invalid(all.into_iter().map(|e| e.at("mail.password_file")).collect()),
            other => other,
        };
        let text = read_private(path).map_err(at)?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned().into()))
    }
}

/// Reads a file that nobody but its owner may read.
///
/// # Errors
/// Names `secrets.key_file` when it cannot be read or its mode is too open.
pub fn read_private(path: &Path) -> Result<zeroize::Zeroizing<String>> {
    use std::os::unix::fs::PermissionsExt;
    let bad = |why: String, fix: &str| {
        Error::field(FieldError::new("secrets.key_file", "unreadable-key", format!("{}: {why}", path.display()), fix))
    };
    let meta = std::fs::metadata(path)
        .map_err(|e| bad(e.to_string(), "restore the file from the backup of the control plane; without it no secret can be opened"))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(bad(format!("mode {:o} lets others read it", meta.permissions().mode() & 0o777), "run chmod 600 on it"));
    }
    std::fs::read_to_string(path).map(zeroize::Zeroizing::new).map_err(|e| bad(e.to_string(), "make it readable for this user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let raw = Raw { fleet: "No!".into(), listen: "x".into(), workers: 0, home: "relative".into(), ..Raw::default() };
        let Err(Error::Invalid(errors)) = check(raw) else { panic!("accepted") };
        let fields: Vec<_> = errors.iter().map(|e| e.field.as_str()).collect();
        for field in ["fleet", "listen", "workers", "home"] {
            assert!(fields.contains(&field), "{fields:?}");
        }
        assert!(errors.iter().all(|e| !e.fix.is_empty()));
    }

    #[test]
    fn the_defaults_are_good() {
        let config = check(Raw::default()).unwrap();
        assert_eq!(config.gateway.ask_url, "http://127.0.0.1:7700/internal/tls-ask");
        assert_eq!(config.fleet.network(), "flotta-net");
    }
}
