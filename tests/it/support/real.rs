// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A fleet of its own for one test, on the real engine: unique id, subnet, ports and home folder. Whatever the test leaves
//! behind is removed by its label when the value is dropped, also after a panic.
//!
//! `FLOTTA_TEST_ENGINE` gives another engine's address. Without an engine, or without an image, a test fails and says how
//! to get it; nothing is skipped in silence.

use std::{
    collections::BTreeMap,
    future::Future,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use flotta::{
    drivers::{
        database_server::{DatabaseServer, mariadb::Mariadb},
        engine::{
            Engine,
            docker::{Docker, DockerSettings},
        },
        gateway::{Gateway, GatewaySettings, caddy::Caddy},
    },
    fleet::{
        FleetId,
        container::{Attachment, ContainerSpec, Mount, NetworkSpec, VolumeState, label},
    },
};
use rand::RngExt;

/// The database server's image.
pub const MARIADB: &str = "flotta/mariadb:11.8";
/// The gateway's image.
pub const GATEWAY: &str = "flotta/gateway:2.6";
/// The release's image.
pub const WORDPRESS: &str = "flotta/wordpress:0.1.0";
/// Anything with a shell.
pub const BASE: &str = "flotta/base:trixie";

/// The database administrator's password in tests.
pub const ADMIN_PASSWORD: &str = "testAdministrator0123456789";

/// One test's own fleet.
pub struct Real {
    /// Its id: `t` and six hex digits.
    pub fleet: FleetId,
    /// The engine.
    pub engine: Docker,
    home: tempfile::TempDir,
}

/// The engine's address and patience in tests.
pub fn settings(data_dir: &Path) -> DockerSettings {
    let mut settings = DockerSettings { data_dir: data_dir.to_owned(), ..DockerSettings::default() };
    if let Ok(address) = std::env::var("FLOTTA_TEST_ENGINE") {
        settings.address = address;
    }
    settings
}

impl Real {
    /// A new fleet with nothing in it.
    pub async fn new() -> Self {
        let prefix = std::env::var("FLOTTA_TEST_PREFIX").unwrap_or_else(|_| "t".to_owned());
        let fleet = format!("{prefix}{:06x}", rand::rng().random_range(0..0x100_0000)).parse().unwrap();
        let home = tempfile::Builder::new().prefix("flotta-test-").tempdir().unwrap();
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let engine = Docker::new(settings(home.path()));
        if let Err(error) = engine.info().await {
            panic!("this test needs a Docker engine ({error}); start it (docker/up does) or set FLOTTA_TEST_ENGINE");
        }
        Self { fleet, engine, home }
    }

    /// The fleet's folder on the host.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A folder in it, made with its parents.
    pub fn folder(&self, path: &str) -> PathBuf {
        let folder = self.home.path().join(path);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A file in it, readable for every user of the host, as containers run under their own.
    pub fn file(&self, path: &str, text: &str) -> PathBuf {
        let file = self.home.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        file
    }

    /// `<fleet>-<rest>`.
    pub fn name(&self, rest: &str) -> String {
        format!("{}-{rest}", self.fleet)
    }

    /// The fleet's label and a role.
    pub fn labels(&self, role: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(label::FLEET.to_owned(), self.fleet.to_string()), (label::ROLE.to_owned(), role.to_owned())])
    }

    /// The id of an image that must be there.
    pub async fn image(&self, reference: &str) -> String {
        match self.engine.image(reference).await.unwrap() {
            Some(image) => image.id,
            None => panic!("this test needs the image {reference}; build it with docker/images (docker/up does)"),
        }
    }

    /// A container that does nothing, attached to nothing.
    pub async fn idle(&self, rest: &str) -> ContainerSpec {
        ContainerSpec {
            name: self.name(rest),
            image: self.image(BASE).await,
            command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"].map(ToOwned::to_owned).to_vec(),
            environment: vec![],
            labels: self.labels("task"),
            mounts: vec![],
            attachment: Attachment::None,
            extra_hosts: vec![],
            limits: None,
            read_only_root: true,
            capabilities: vec![],
            restart: false,
            stop_grace_seconds: 5,
            user: String::new(),
        }
    }

    /// Makes and starts a container.
    pub async fn run(&self, spec: &ContainerSpec) {
        self.engine.create_container(spec).await.unwrap();
        self.engine.start_container(&spec.name).await.unwrap();
    }

    /// Makes the fleet's network on a subnet (/24) that nothing uses.
    pub async fn network(&self) -> NetworkSpec {
        for _ in 0..20 {
            let (b, c) = { (rand::rng().random_range(128..=250_u8), rand::rng().random_range(0..=255_u8)) };
            let subnet = format!("10.{b}.{c}.0/24");
            let taken = self.engine.occupied_subnets().await.unwrap();
            if taken.iter().any(|t| overlap(t, &subnet)) {
                continue;
            }
            let spec = NetworkSpec {
                name: self.name("net"),
                bridge: format!("fl-{}", self.fleet),
                subnet,
                gateway: Ipv4Addr::new(10, b, c, 1),
                sealed: false,
                labels: self.labels("network"),
            };
            if self.engine.create_network(&spec).await.is_ok() {
                return spec;
            }
        }
        panic!("no free subnet found in 20 tries");
    }

    /// Starts the fleet's database server and waits until it answers.
    pub async fn database_server(&self) -> Mariadb {
        let name = self.name("db-1");
        let run = self.folder("run/db-1");
        let password = self.file("secrets/db_admin_password", ADMIN_PASSWORD);
        self.engine.create_volume(&VolumeState { name: name.clone(), labels: self.labels("db") }).await.unwrap();
        let spec = ContainerSpec {
            name: name.clone(),
            image: self.image(MARIADB).await,
            command: vec![],
            environment: vec!["DB_BUFFER_POOL=32M".into(), "DB_FLUSH_LOG=0".into()],
            labels: self.labels("db"),
            mounts: vec![
                Mount::Volume { name: name.clone(), target: "/var/lib/mysql".into() },
                Mount::Bind { source: text(&run), target: "/run/mysqld".into(), read_only: false },
                Mount::Bind { source: text(&password), target: "/run/secrets/db_admin_password".into(), read_only: true },
            ],
            attachment: Attachment::None,
            extra_hosts: vec![],
            limits: None,
            read_only_root: false,
            capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"].map(ToOwned::to_owned).to_vec(),
            restart: true,
            stop_grace_seconds: 30,
            user: String::new(),
        };
        self.run(&spec).await;
        let server = Mariadb::new(&run.join("mysqld.sock"), &ADMIN_PASSWORD.into());
        self.until("the database server answers", Duration::from_secs(90), &name, || async { server.ping().await.map(|_| ()) }).await;
        server
    }

    /// Starts the fleet's gateway on free ports of this machine and waits until it answers.
    pub async fn gateway(&self, change: impl FnOnce(&mut GatewaySettings)) -> (Caddy, GatewaySettings) {
        let mut settings = GatewaySettings {
            bind: vec![Ipv4Addr::LOCALHOST.into()],
            http_port: free_port(),
            https_port: free_port(),
            acme_email: None,
            acme_directory: None,
            ask_url: "http://127.0.0.1:9/".to_owned(),
        };
        change(&mut settings);
        let name = self.name("gateway");
        let (run, data) = (self.folder("run/gateway"), self.folder("gateway"));
        let spec = ContainerSpec {
            name: name.clone(),
            image: self.image(GATEWAY).await,
            command: vec![],
            environment: vec![],
            labels: self.labels("gateway"),
            mounts: vec![
                Mount::Bind { source: text(&run), target: "/run/flotta-gateway".into(), read_only: false },
                Mount::Bind { source: text(&data), target: "/data".into(), read_only: false },
                Mount::Tmpfs { target: "/tmp".into(), size_mib: 16 },
            ],
            attachment: Attachment::Host,
            extra_hosts: vec![],
            limits: None,
            read_only_root: true,
            capabilities: vec!["NET_BIND_SERVICE".into()],
            restart: true,
            stop_grace_seconds: 10,
            user: String::new(),
        };
        self.run(&spec).await;
        let gateway = Caddy::new(run.join("admin.sock"), settings.clone());
        self.until("the gateway answers", Duration::from_secs(30), &name, || gateway.ping()).await;
        (gateway, settings)
    }

    /// Waits for something; shows the container's last words where it does not happen.
    pub async fn until<F, T>(&self, what: &str, limit: Duration, container: &str, mut attempt: impl FnMut() -> F) -> T
    where
        F: Future<Output = flotta::error::Result<T>>,
    {
        let begun = Instant::now();
        loop {
            match attempt().await {
                Ok(value) => return value,
                Err(error) if begun.elapsed() > limit => {
                    let logs = self.engine.logs(container, 40).await.unwrap_or_default();
                    panic!("waited {} s until {what}: {error}\n{container} said:\n{logs}", limit.as_secs());
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // Another thread with a runtime of its own: this one may be unwinding inside a runtime that cannot block.
        let (fleet, settings) = (self.fleet.clone(), settings(self.home.path()));
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let engine = Docker::new(settings);
                for container in engine.containers(&fleet).await.unwrap() {
                    engine.remove_container(&container.name).await.unwrap();
                }
                engine.remove_network(&format!("{fleet}-net")).await.unwrap();
                for image in engine.images_of(&format!("{fleet}-release")).await.unwrap() {
                    engine.remove_image(&image.reference).await.unwrap();
                }
                for volume in engine.volumes(&fleet).await.unwrap() {
                    engine.remove_volume(&volume.name).await.unwrap();
                }
            });
        });
        if cleaner.join().is_err() && !std::thread::panicking() {
            panic!("something of fleet {} is left; remove what has the label {}={}", self.fleet, label::FLEET, self.fleet);
        }
    }
}

/// A path as text.
pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A port that nothing on this machine listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn overlap(a: &str, b: &str) -> bool {
    let parse = |cidr: &str| -> Option<(u32, u32)> {
        let (address, length) = cidr.split_once('/')?;
        let length: u32 = length.parse().ok()?;
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        Some((u32::from(address.parse::<Ipv4Addr>().ok()?) & mask, mask))
    };
    match (parse(a), parse(b)) {
        (Some((a, am)), Some((b, bm))) => a & bm == b & am & bm && a & am & bm == b & am,
        _ => false,
    }
}
