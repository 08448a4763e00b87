// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A whole fleet whose outside is simulated: the application as `main` builds it, with a store of its own, a clock that the
//! test turns, and operations that are driven turn by turn, each by a control plane of a new name.
//!
//! [`Simulated::save`] keeps everything (world, store, files) and [`Simulated::restore`] makes it so again, so that one fleet
//! serves hundreds of cells, each from the same start.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use flotta::{
    app::{App, Drivers},
    clock::{Clock, ManualClock},
    config::{self, Raw},
    drivers::{
        database_server::simulated::SimulatedDatabaseServer,
        gateway::simulated::SimulatedGateway,
        world::{Saved, World, image_id},
    },
    fleet::{Direction, Instance, InstanceId, Operation, OperationId, OperationState, Release, Scope, container::ImageState},
    onboarding::{self, Request},
    platform,
    releases::{self, Register},
    store::{self, Address, PageRequest},
    vault::{MasterKey, Vault},
    workflow::{
        interrupt::{Interrupt, Never, Point},
        runner::Turn,
    },
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{
    fixtures,
    store::{Kind, TestStore},
};

/// The fleet's name.
pub const FLEET: &str = "sim";
/// The image of the one release.
pub const IMAGE: &str = "flotta/wordpress:6.8";
/// Tables that are saved, parents first. The audit log is append-only, and no operation writes it.
const TABLES: [&str; 19] = [
    "setting",
    "municipality",
    "overlay",
    "\"release\"",
    "instance",
    "domain",
    "sample",
    "secret",
    "operation",
    "operation_event",
    "backup",
    "idempotency",
    "\"user\"",
    "user_municipality",
    "lease",
    "rollout",
    "rollout_member",
    "rollout_event",
    "rollout_policy",
];
/// More turns than any operation takes that is not stuck.
const TURNS: usize = 400;

/// One simulated fleet.
pub struct Simulated {
    /// The application.
    pub app: App,
    /// Its outside.
    pub world: World,
    /// Its time.
    pub clock: ManualClock,
    /// Its store.
    pub store: TestStore,
    home: tempfile::TempDir,
    saved: Option<(Saved, PathBuf, Timestamp)>,
}

impl Simulated {
    /// A fleet with its platform and one stable release; none where the backend is to be skipped.
    pub async fn start(kind: Kind) -> Option<Self> {
        let store = TestStore::open(kind).await?;
        let home = tempfile::tempdir().unwrap();
        let raw = Raw { home: home.path().join("home"), fleet: FLEET.to_owned(), ..Raw::default() };
        fs::create_dir_all(&raw.home).unwrap();
        let mut config = config::check(raw).unwrap();
        config.fleet.healthy_deadline = Duration::from_millis(5);
        config.store = store.address.clone();
        let (world, clock) = (World::new(), ManualClock::at(fixtures::now()));
        world.set_time_out(Some(Duration::from_millis(2)));
        let drivers = Drivers {
            database: Arc::new(SimulatedDatabaseServer::new(world.clone()).behind(&format!("{FLEET}-db-1"))),
            gateway: Arc::new(SimulatedGateway::new(world.clone()).behind(&format!("{FLEET}-gateway"))),
            ..Drivers::simulated(&world, config.fleet.https_port)
        };
        let vault = Vault::new(MasterKey::parse(MasterKey::generate().expose_secret()).unwrap(), Vec::new());
        let app = App::assemble(config, store.store.clone(), vault, Arc::new(clock.clone()), drivers).await.unwrap();
        platform::ensure(&app.tools).await.unwrap();
        let register = Register { image: IMAGE.to_owned(), name: Some("6.8-1".to_owned()), contract: None, stable: true };
        releases::register(&app.tools, &register).await.unwrap();
        Some(Self { app, world, clock, store, home, saved: None })
    }

    /// Registers a release of this name; labels of its image say how it behaves (see `drivers::world`).
    pub async fn release(&self, name: &str, labels: &[(&str, &str)]) -> Release {
        let image = format!("flotta/wordpress:{name}");
        let mut all: BTreeMap<String, String> = [("org.opencontainers.image.version", name), ("se.flotta.contract", "wordpress")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        all.extend(labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        self.world
            .add_image(&image, ImageState { id: image_id(&image), labels: all, environment: Vec::new(), user: String::new(), layers: 9 });
        let register = Register { image, name: Some(name.to_owned()), contract: None, stable: false };
        releases::register(&self.app.tools, &register).await.unwrap()
    }

    /// A request for a municipality of that slug at `slug.localhost`.
    pub fn request(slug: &str) -> Request {
        super::fleet::Fleet::request(slug)
    }

    /// Starts an onboarding.
    pub async fn begin(&self, slug: &str) -> Operation {
        onboarding::start(&self.app.tools, &Self::request(slug), "test", None).await.unwrap().operation
    }

    /// Onboards, undisturbed.
    pub async fn onboard(&self, slug: &str) -> Instance {
        let operation = self.begin(slug).await;
        self.done(operation.id).await;
        self.instance(operation.instance).await
    }

    /// The operation as it stands.
    pub async fn operation(&self, id: OperationId) -> Operation {
        store::operations::get(&self.app.tools.store, &Scope::Fleet, id).await.unwrap()
    }

    /// The instance as it stands; it must be there.
    pub async fn instance(&self, id: InstanceId) -> Instance {
        store::instances::get(&self.app.tools.store, &Scope::Fleet, id).await.unwrap()
    }

    /// One turn of a new control plane, when it is due.
    pub async fn turn(&self, id: OperationId, interrupt: Arc<dyn Interrupt>) -> Turn {
        let operation = self.operation(id).await;
        let due = operation.next_at.max(operation.lease_until);
        if let Ok(wait) = Duration::try_from(due.duration_since(self.clock.now())) {
            self.clock.advance(wait);
        }
        let mut runner = self.app.runner(interrupt);
        runner.owner = uuid::Uuid::now_v7().to_string();
        runner.run(id).await.unwrap()
    }

    /// Drives an operation until it has ended, or waits for what it cannot see longer than is sensible.
    pub async fn drive_with(&self, id: OperationId, interrupt: Arc<dyn Interrupt>) -> Operation {
        let mut waits = 0;
        for _ in 0..TURNS {
            match self.turn(id, interrupt.clone()).await {
                Turn::Ended(_) => break,
                Turn::Waits => waits += 1,
                Turn::NotOurs | Turn::Interrupted => {}
            }
            let operation = self.operation(id).await;
            if operation.state.is_final() {
                return operation;
            }
            // What cannot be seen is looked at every two seconds until the deadline: no need to live through all of it.
            if waits > 4 && operation.attempts == 0 {
                self.clock.advance(Duration::from_secs(600));
            }
            if waits > 60 {
                break;
            }
        }
        self.operation(id).await
    }

    /// Drives an operation, undisturbed by kills.
    pub async fn drive(&self, id: OperationId) -> Operation {
        self.drive_with(id, Arc::new(Never)).await
    }

    /// Drives an operation that must be done.
    pub async fn done(&self, id: OperationId) -> Operation {
        let operation = self.drive(id).await;
        assert_eq!(operation.state, OperationState::Done, "{}", self.journal(id).await);
        operation
    }

    /// An operation's journal as text.
    pub async fn journal(&self, id: OperationId) -> String {
        let operation = self.operation(id).await;
        let events = store::operations::events_after(&self.app.tools.store, id, 0).await.unwrap();
        let lines: String = events.iter().map(|e| format!("  {} {} {} {}\n", e.seq, e.step, e.kind, e.message)).collect();
        let calls: String = self
            .world
            .calls()
            .iter()
            .map(|c| format!("  {} {} {} {}\n", c.ordinal, c.name, c.subject, c.fault.map(|f| format!("{f:?}")).unwrap_or_default()))
            .collect();
        format!("{} {} at {}, {}\n{lines}{calls}", operation.kind, operation.state, operation.step, operation.error)
    }

    /// Everything that is there: of the world, of the fleet's files, and of the store's rows, without what differs from one
    /// run to the next (secrets' values, times, journals).
    pub async fn remains(&self) -> Vec<String> {
        let tools = &self.app.tools;
        let mut found = self.world.inventory();
        let home = &tools.settings.home;
        for folder in ["secrets", "archives"] {
            walk(home, &home.join(folder), &mut found);
        }
        let all = PageRequest::default();
        let filter = store::municipalities::Filter::default();
        let municipalities = store::municipalities::list(&tools.store, &Scope::Fleet, &filter, all).await.unwrap();
        found.extend(municipalities.items.iter().map(|m| format!("row municipality {}", m.slug)));
        for i in store::instances::all(&tools.store, &Scope::Fleet).await.unwrap() {
            let release = store::releases::get(&tools.store, i.release).await.unwrap().name;
            let paused = if i.paused { " paused" } else { "" };
            found.push(format!("row instance {} {} {} `{}` {release} {}{paused}", i.key(), i.desired, i.state, i.reason, i.generation));
            let secrets = store::secrets::of(&tools.store, &i.id.text()).await.unwrap();
            found.push(format!("row secrets {} {}", i.key(), secrets.len()));
        }
        found.extend(store::instances::domains(&tools.store).await.unwrap().iter().map(|(d, ..)| format!("row domain {d}")));
        let backups = store::backups::list(&tools.store, &Scope::Fleet, None, all).await.unwrap();
        found.extend(backups.items.iter().map(|b| format!("row backup {} {} proved {}", b.kind, b.path, b.verified_at.is_some())));
        found.extend(store::operations::live_instances(&tools.store).await.unwrap().iter().map(|i| format!("row live operation on {i}")));
        found.sort();
        found
    }

    /// Keeps everything as it is now.
    pub async fn save(&mut self) {
        let statements: String =
            TABLES.iter().map(|t| format!("DROP TABLE IF EXISTS {0}; CREATE TABLE {0} AS SELECT * FROM {t};", kept(t))).collect();
        self.raw(&statements).await;
        let files = self.home.path().join("saved");
        if files.exists() {
            fs::remove_dir_all(&files).unwrap();
        }
        copy(&self.app.tools.settings.home, &files);
        self.saved = Some((self.world.save(), files, self.clock.now()));
    }

    /// Makes everything what it was when it was saved.
    pub async fn restore(&self) {
        let (world, files, now) = self.saved.as_ref().expect("saved before");
        let mut statements: String = TABLES.iter().rev().map(|t| format!("DELETE FROM {t};")).collect();
        statements.extend(TABLES.iter().map(|t| format!("INSERT INTO {t} SELECT * FROM {};", kept(t))));
        self.raw(&statements).await;
        self.world.restore(world);
        self.clock.set(*now);
        let home = &self.app.tools.settings.home;
        // Templates stay: making one is a matter of its own tests.
        for folder in ["secrets", "archives", "evidence"] {
            if home.join(folder).exists() {
                fs::remove_dir_all(home.join(folder)).unwrap();
            }
            if files.join(folder).exists() {
                copy(&files.join(folder), &home.join(folder));
            }
        }
    }

    /// Forgets the release's template, so that the next onboarding makes it.
    pub fn forget_template(&self) {
        let folder = self.app.tools.settings.home.join("templates");
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
    }

    /// Runs statements behind the store's back, in one transaction.
    pub async fn raw(&self, statements: &str) {
        match &self.store.address {
            Address::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
                let all = format!("PRAGMA busy_timeout = 10000; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; {statements} COMMIT;");
                SimpleConnection::batch_execute(&mut connection, &all).unwrap();
            }
            Address::Postgres(url) => {
                let mut connection = AsyncPgConnection::establish(url).await.unwrap();
                connection.batch_execute(&format!("BEGIN; {statements} COMMIT;")).await.unwrap();
            }
        }
    }
}

fn kept(table: &str) -> String {
    format!("kept_{}", table.trim_matches('"'))
}

/// Every file and folder below `folder`, as `file` and its path below `home`.
pub fn walk(home: &Path, folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        found.push(format!("file {}", path.strip_prefix(home).unwrap().display()));
        if path.is_dir() {
            walk(home, &path, found);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Ends the runner at these steps and points, in turn, as `kill -9` would.
pub struct Kills(Mutex<VecDeque<(String, Point)>>);

impl Kills {
    /// At each of these, once, in this order.
    pub fn at(points: impl IntoIterator<Item = (String, Point)>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(points.into_iter().collect())))
    }

    /// Whether every kill has happened.
    pub fn spent(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

impl Interrupt for Kills {
    fn ends(&self, point: Point, _: &Operation, step: &str, _: Direction) -> bool {
        let mut left = self.0.lock().unwrap();
        let strikes = left.front().is_some_and(|(name, at)| name == step && *at == point);
        if strikes {
            left.pop_front();
        }
        strikes
    }
}
