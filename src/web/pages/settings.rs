// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Configuration without its secrets, and the platform.

use actix_web::web::Data;
use url::Url;

use crate::{
    config::{self, Config, Raw},
    fleet::FleetSettings,
    platform::{self, Service},
    store::Address,
    web::{
        Web,
        problem::Answer,
        view::models::{PlatformPart, Setting, SettingSource, SettingsGroup, SettingsPage, Wellness, command_line},
        visit::Visit,
    },
};

/// What is shown where nothing is set.
const NOTHING: &str = "–";

/// Looks at the platform and shows what Flotta is set to.
pub async fn show(web: Data<Web>, visit: Visit) -> Answer {
    let services = platform::status(web.tools()).await;
    let mut platform: Vec<PlatformPart> = services.into_iter().map(|service| part(&web, service)).collect();
    platform.push(store_part(&web));
    let page = SettingsPage {
        unwell: platform.iter().filter(|p| p.state == Wellness::Unwell).count(),
        platform,
        groups: groups(&web.app.config),
        command: match &web.app.config.file {
            Some(file) if *file != config::default_path() => command_line(["flotta", "check-config", "--config", &file.to_string_lossy()]),
            _ => "flotta check-config".to_owned(),
        },
        file: web.app.config.file.as_ref().map(|f| f.display().to_string()).unwrap_or_default(),
    };
    visit.page(&web, &page)
}

fn part(web: &Web, service: Service) -> PlatformPart {
    let settings: &FleetSettings = &web.tools().settings;
    let Service { name, well, detail } = service;
    let (version, place, fix) = match name {
        "engine" => (
            detail.clone(),
            plain(&web.app.config.engine),
            "See to it that the engine runs, and that Flotta may use its socket.".to_owned(),
        ),
        "network" => (
            web.tools().subnet.to_string(),
            settings.network(),
            "It is put right within a minute; if it stays so, the log of the control plane says why.".to_owned(),
        ),
        "database server" => (detail.clone(), settings.database_server(), put_right(&settings.database_server())),
        "gateway" => (String::new(), settings.gateway(), put_right(&settings.gateway())),
        _ => (detail.clone(), String::new(), String::new()),
    };
    let (problem, fix) = if well { (String::new(), String::new()) } else { (sentence(&detail), fix) };
    PlatformPart {
        name: name.replace(' ', "-"),
        state: if well { Wellness::Well } else { Wellness::Unwell },
        version: if well { version } else { String::new() },
        place,
        problem,
        fix,
        seen_at: web.now(),
    }
}

/// Whoever sees this page was found in the store.
fn store_part(web: &Web) -> PlatformPart {
    PlatformPart {
        name: "store".to_owned(),
        state: Wellness::Well,
        version: if web.store().kind() == "sqlite" { "SQLite" } else { "PostgreSQL" }.to_owned(),
        place: store_address(&web.app.config.store),
        problem: String::new(),
        fix: String::new(),
        seen_at: web.now(),
    }
}

fn put_right(container: &str) -> String {
    format!("Its container is started again by itself; if it stays so, see `docker logs {container}`.")
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let capital: String = letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    if capital.ends_with('.') { capital } else { format!("{capital}.") }
}

fn groups(config: &Config) -> Vec<SettingsGroup> {
    let built_in = config::check(Raw { home: config.fleet.home.clone(), ..Raw::default() }).map(|c| values(&c)).unwrap_or_default();
    let home = Raw::default().home;
    let mut groups: Vec<SettingsGroup> = Vec::new();
    for (key, value) in values(config) {
        let same = match key {
            "home" => config.fleet.home == home,
            _ => built_in.contains(&(key, value.clone())),
        };
        let source = if std::env::var_os(variable(key)).is_some() {
            SettingSource::Environment
        } else if same {
            SettingSource::Default
        } else {
            SettingSource::File
        };
        let name = key.split_once('.').map_or("", |(group, _)| group);
        let value = if value.is_empty() { NOTHING.to_owned() } else { value };
        let setting = Setting { key: key.to_owned(), value, source };
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.settings.push(setting),
            None => groups.push(SettingsGroup { name: name.to_owned(), settings: vec![setting] }),
        }
    }
    groups
}

/// The environment variable that overrides a key.
fn variable(key: &str) -> String {
    format!("FLOTTA__{}", key.to_uppercase().replace('.', "__"))
}

/// Every key with its value as it is in force, in the order of the file. Master keys are only named by their files.
fn values(c: &Config) -> Vec<(&'static str, String)> {
    let list = |all: Vec<String>| all.join(", ");
    let (fleet, gateway) = (&c.fleet, &c.gateway);
    let mut keys = c.key_files.iter().map(|path| path.display().to_string());
    vec![
        ("home", fleet.home.display().to_string()),
        ("fleet", fleet.fleet.to_string()),
        ("listen", c.listen.to_string()),
        ("public_url", plain(c.public_url.as_str())),
        ("engine", plain(&c.engine)),
        ("workers", c.workers.to_string()),
        ("healthy_deadline_seconds", fleet.healthy_deadline.as_secs().to_string()),
        ("log_json", c.log_json.to_string()),
        ("store.address", store_address(&c.store)),
        ("images.mariadb", fleet.mariadb_image.clone()),
        ("images.gateway", fleet.gateway_image.clone()),
        ("gateway.bind", list(gateway.bind.iter().map(ToString::to_string).collect())),
        ("gateway.http_port", gateway.http_port.to_string()),
        ("gateway.https_port", gateway.https_port.to_string()),
        ("gateway.acme_email", gateway.acme_email.clone().unwrap_or_default()),
        ("gateway.acme_directory", gateway.acme_directory.as_deref().map(plain).unwrap_or_default()),
        ("network.subnet", c.subnet.map(|s| s.to_string()).unwrap_or_default()),
        ("network.allowed_ranges", list(fleet.allowed_ranges.clone())),
        ("network.reserved_memory_mib", fleet.reserved_memory_mib.to_string()),
        ("network.memory_overcommit", fleet.memory_overcommit.to_string()),
        ("network.reserved_disk_mib", fleet.reserved_disk_mib.to_string()),
        ("network.buffer_pool", fleet.buffer_pool.clone()),
        ("limits.memory_mib", fleet.limits.memory_mib.to_string()),
        ("limits.cpu_milli", fleet.limits.cpu_milli.to_string()),
        ("limits.pids", fleet.limits.pids.to_string()),
        ("rehearsals.at_once", fleet.rehearsals.at_once.to_string()),
        ("rehearsals.chromium", fleet.rehearsals.chromium.as_ref().map(|path| path.display().to_string()).unwrap_or_default()),
        ("rehearsals.pictures", fleet.rehearsals.pictures.to_string()),
        ("secrets.key_file", keys.next().unwrap_or_default()),
        ("secrets.previous_key_files", list(keys.collect())),
    ]
}

fn store_address(address: &Address) -> String {
    match address {
        Address::Sqlite(path) => format!("sqlite://{}", path.display()),
        Address::Postgres(url) => plain(url),
    }
}

/// An address without what may be secret in it: the password, and whatever stands after `?`.
fn plain(address: &str) -> String {
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    let Ok(url) = Url::parse(address).map_err(drop).and_then(|url| if url.cannot_be_a_base() { Err(()) } else { Ok(url) }) else {
        return format!("{scheme}://…");
    };
    let password = if url.password().is_some() { ":…" } else { "" };
    let user = if url.username().is_empty() && password.is_empty() { String::new() } else { format!("{}{password}@", url.username()) };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let rest = if url.query().is_some() { "?…" } else { "" };
    format!("{}://{user}{}{port}{}{rest}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_tell_no_secret() {
        for (address, shown) in [
            ("postgres://flotta:hemligt@db.internal/flotta", "postgres://flotta:…@db.internal/flotta"),
            ("postgres://:hemligt@db.internal:5433/flotta?password=hemligt&x=1", "postgres://:…@db.internal:5433/flotta?…"),
            ("postgres://flotta:hem ligt/@[db", "postgres://…"),
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("tcp://[::1]:2375", "tcp://[::1]:2375"),
            ("flotta:hemligt@db", "://…"),
        ] {
            let told = plain(address);
            assert!(!told.contains("hemligt"), "{told}");
            assert_eq!(told, shown);
        }
    }

    #[test]
    fn every_key_is_shown_with_where_it_comes_from() {
        let mut raw = Raw { home: "/srv/flotta".into(), workers: 7, ..Raw::default() };
        raw.gateway.https_port = 8443;
        let groups = groups(&config::check(raw).unwrap());
        let find = |key: &str| groups.iter().flat_map(|g| &g.settings).find(|s| s.key == key).unwrap();
        for key in ["home", "workers", "gateway.https_port"] {
            assert_eq!(find(key).source, SettingSource::File, "{key}");
        }
        for key in ["store.address", "secrets.key_file", "limits.memory_mib", "gateway.http_port", "network.subnet"] {
            assert_eq!(find(key).source, SettingSource::Default, "{key}");
        }
        assert_eq!(find("network.subnet").value, NOTHING);
        let names: Vec<_> = groups.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["", "store", "images", "gateway", "network", "limits", "rehearsals", "secrets"]);
        assert_eq!(variable("gateway.https_port"), "FLOTTA__GATEWAY__HTTPS_PORT");
    }
}
