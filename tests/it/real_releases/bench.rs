// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A control plane on the real engine, whose other outside is simulated, and the command line to call it with.

use std::{
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use flotta::{
    access::{self, NewToken, NewUser},
    app::{App, Drivers},
    clock::SystemClock,
    config::{self, Raw},
    drivers::{engine::docker::Docker, world::World},
    fleet::{Principal, Role},
    releases::{self, Register},
    store::{Address, Store, migrate},
    vault::{MasterKey, Vault},
    web::{self, Web},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::real::{Real, WORDPRESS, settings};

/// A control plane with the release `base`.
pub struct Bench {
    pub real: Real,
    pub app: App,
    pub url: String,
    pub token: String,
    stop: CancellationToken,
}

/// What a command gave.
#[derive(Debug)]
pub struct Came {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Came {
    /// Its output as data; it must have succeeded.
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Bench {
    pub async fn start() -> Self {
        let real = Real::new().await;
        let home = real.folder("home");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut raw = Raw { home: home.clone(), fleet: real.fleet.to_string(), public_url: url.clone(), ..Raw::default() };
        raw.network.reserved_disk_mib = 64;
        let config = config::check(raw).unwrap();
        let address = Address::Sqlite(home.join("flotta.db"));
        let store = Store::connect(&address).await.unwrap();
        migrate::run(&address).await.unwrap();
        let world = World::new();
        let engine = Arc::new(Docker::new(settings(&home)));
        let drivers = Drivers { engine, ..Drivers::simulated(&world, config.gateway.https_port) };
        let key = MasterKey::parse(MasterKey::generate().expose_secret()).unwrap();
        let app = App::assemble(config, store, Vault::new(key, Vec::new()), Arc::new(SystemClock), drivers).await.unwrap();
        real.image(WORDPRESS).await;
        let register = Register { image: WORDPRESS.into(), name: Some("base".into()), contract: None, stable: true };
        releases::register(&app.tools, &register).await.unwrap();
        let wanted = NewUser {
            email: "maja@flotta.test".into(),
            name: "Maja".into(),
            role: Role::ReleaseManager.to_string(),
            municipalities: Vec::new(),
            language: None,
            password: Some("sju röda flottar".into()),
        };
        let (user, _) = access::create_user(&app.tools.store, &wanted, Timestamp::now()).await.unwrap();
        let wanted = NewToken { name: "test".into(), permissions: None, expires_in_days: None };
        let (_, secret) =
            access::create_token(&app.tools.store, &Principal { user, token: None }, &wanted, Timestamp::now()).await.unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(web::serve(Web::new(app.clone(), stop.clone()).unwrap(), listener));
        Self { real, app, url, token: secret.expose_secret().to_owned(), stop }
    }

    /// The command, ready to be started.
    pub fn command(&self, args: &[&str]) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flotta"));
        command.args(args).env("FLOTTA_URL", &self.url).env("FLOTTA_TOKEN", &self.token).env("HOME", self.real.home());
        command.env("LANG", "C").env_remove("LC_ALL").stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command of the command line.
    pub async fn flotta(&self, args: &[&str]) -> Came {
        let out = self.command(args).output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Came { status: out.status.code().unwrap_or(-1), out: text(out.stdout), err: text(out.stderr) }
    }

    /// Runs one whose answer is data.
    pub async fn ask(&self, args: &[&str]) -> Value {
        self.flotta(&[args, &["--output", "json"]].concat()).await.json()
    }

    /// Makes a folder with these files.
    pub fn folder(&self, name: &str, files: &[(&str, &str)]) -> String {
        let folder = self.real.folder(name);
        for (path, text) in files {
            write(&folder.join(path), text);
        }
        folder.to_string_lossy().into_owned()
    }

    /// Makes a zip with these files.
    pub fn zip(&self, name: &str, files: &[(&str, &str)]) -> String {
        let path = self.real.home().join(name);
        let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        for (name, text) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        path.to_string_lossy().into_owned()
    }

    /// What this fleet has built and still has.
    pub async fn built(&self) -> Vec<String> {
        let all = self.app.tools.engine.images_of(&format!("{}-release", self.real.fleet)).await.unwrap();
        all.into_iter().map(|image| image.reference).collect()
    }

    /// What is left of uploads.
    pub fn uploads(&self) -> Vec<PathBuf> {
        let place = self.real.home().join("home/builds");
        std::fs::read_dir(place).map(|all| all.map(|e| e.unwrap().path()).collect()).unwrap_or_default()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
