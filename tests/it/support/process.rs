// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The real binary as a process on the real engine, with a fleet of its own, that can be killed at a chosen step.
//!
//! Nothing in the binary helps with that. The test opens the same SQLite file and adds a trigger: whoever is about to write
//! that the step is done never finishes writing it. So the step is caught for sure, however fast it is: killed as soon as its
//! intent is seen, or when the process hangs in the trigger, with the step's effect there and no word of it in the journal.

mod rollouts;

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use flotta::{
    fleet::{Direction, EventKind, Instance, InstanceId, Operation, OperationEvent, OperationId, OperationKind, Scope},
    store::{self, Address, PageRequest, Store, operations::Filter},
};
use serde_json::Value;

use super::fleet::{Cleanup, RELEASE_IMAGE, free_port, visit};

/// Longer than anything takes that is not stuck, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Nobody holds the store's only lock for so long, unless it hangs in the trigger.
const HANGS: Duration = Duration::from_millis(250);

/// How long after its intent a step is in the middle of its effect.
const MOMENT: Duration = Duration::from_millis(40);

/// Where in a step the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// When the step is at hand, before anything is written about it.
    BeforeIntent,
    /// As soon as the intent is in the journal.
    AfterIntent,
    /// A moment later.
    Within,
    /// When the step is done and was seen to be, before that is written.
    AfterEffect,
}

/// One fleet, whose control plane is a process.
pub struct Process {
    /// The fleet's home.
    pub home: PathBuf,
    /// The fleet's name.
    pub fleet: String,
    /// Keys of the configuration that it is started with, as variables of the environment.
    pub set: Vec<(&'static str, String)>,
    /// Its store, beside the process.
    pub store: Store,
    http_port: u16,
    https_port: u16,
    url: String,
    token: String,
    http: reqwest::Client,
    database: SqliteConnection,
    /// Journal lines up to this one are of earlier lives.
    since: i64,
    child: Option<Child>,
    heard: Child,
    _cleanup: Cleanup,
}

/// The binary, without what this environment would tell it.
fn flotta(home: &Path) -> Command {
    let binary = home.join("flotta");
    if !binary.exists() {
        // Of its own, since another may be built while this one is killed and started again.
        std::fs::copy(env!("CARGO_BIN_EXE_flotta"), &binary).unwrap();
    }
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("FLOTTA_")) {
        command.env_remove(name);
    }
    command.env("FLOTTA__NETWORK__BUFFER_POOL", "64M").env("FLOTTA__REHEARSALS__PICTURES", "0");
    command
}

/// What the docker client prints.
pub fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().expect("the docker client is installed");
    assert!(out.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

impl Process {
    /// A new fleet, prepared by `flotta init`; nothing runs yet.
    pub async fn init() -> Self {
        let cleanup = Cleanup::new();
        let (home, fleet) = (cleanup.home(), cleanup.fleet().to_owned());
        let (listen, http_port, https_port) = (format!("127.0.0.1:{}", free_port()), free_port(), free_port());
        let mut command = flotta(&home);
        command.args(["init", "--fleet", &fleet, "--listen", &listen, "--bind", "127.0.0.1", "--home"]).arg(&home);
        command.args(["--https-port", &https_port.to_string(), "--http-port", &http_port.to_string()]);
        if let Ok(address) = std::env::var("FLOTTA_TEST_ENGINE") {
            command.args(["--engine", &address]);
        }
        let out = command.output().unwrap();
        assert!(out.status.success(), "flotta init: {}", String::from_utf8_lossy(&out.stderr));
        let credentials: toml::Table = toml::from_str(&std::fs::read_to_string(home.join("credentials.toml")).unwrap()).unwrap();
        let path = home.join("flotta.db");
        let store = Store::connect(&Address::Sqlite(path.clone())).await.unwrap();
        let mut database = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
        database.batch_execute("PRAGMA busy_timeout = 0").unwrap();
        // What the engine does to containers, as it says itself: that nothing is done twice.
        let heard = Command::new("docker")
            .args(["events", "--filter", &format!("label=se.flotta.fleet={fleet}"), "--filter", "type=container"])
            .args(["--filter", "event=create", "--filter", "event=destroy", "--format", "{{.Action}} {{.Actor.Attributes.name}}"])
            .stdout(File::create(home.join("heard")).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            store,
            http_port,
            https_port,
            url: format!("http://{listen}"),
            token: credentials["token"].as_str().expect("a token").to_owned(),
            http: reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap(),
            database,
            since: 0,
            child: None,
            heard,
            home,
            fleet,
            set: Vec::new(),
            _cleanup: cleanup,
        }
    }

    /// A new fleet that is up, with one stable release.
    pub async fn up() -> Self {
        let mut process = Self::init().await;
        process.start();
        process.ready().await;
        process.register().await;
        process
    }

    /// Registers the release that tests run.
    pub async fn register(&self) {
        self.post("releases", &serde_json::json!({"image": RELEASE_IMAGE, "name": "test-1", "stable": true})).await;
    }

    /// Starts the binary.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = || OpenOptions::new().create(true).append(true).open(self.home.join("serve.log")).unwrap();
        let mut command = flotta(&self.home);
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        command.arg("serve").arg("--config").arg(self.home.join("flotta.toml"));
        self.child = Some(command.stdin(Stdio::null()).stdout(log()).stderr(log()).spawn().unwrap());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        assert!(child.try_wait().unwrap().is_none(), "it had ended by itself\n{}", self.log());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// After a kill: lets go of the step and starts the binary again.
    pub async fn restart(&mut self) {
        self.let_go().await;
        self.start();
        self.ready().await;
    }

    /// Waits until everything answers.
    pub async fn ready(&mut self) {
        let over = Instant::now() + PATIENCE;
        loop {
            if let Some(ended) = self.child.as_mut().expect("it runs").try_wait().unwrap() {
                panic!("it ended by itself: {ended}\n{}", self.log());
            }
            match self.http.get(format!("{}/readyz", self.url)).send().await {
                Ok(answer) if answer.status() == 200 => return,
                _ => assert!(Instant::now() < over, "not ready\n{}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.home.join("serve.log")).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Whether a line begins like that in what the engine has said of containers so far.
    pub fn has_heard(&self, beginning: &str) -> bool {
        std::fs::read_to_string(self.home.join("heard")).unwrap().lines().any(|l| l.starts_with(beginning))
    }

    /// How often the engine did that to a container of that name.
    pub fn heard(&self, action: &str, container: &str) -> usize {
        let line = format!("{action} {container}");
        std::fs::read_to_string(self.home.join("heard")).unwrap().lines().filter(|l| *l == line).count()
    }

    /// Asks its API for something.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token).json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// As [`Self::post`], for what begins an operation.
    pub async fn begin(&self, path: &str, body: &Value) -> OperationId {
        self.post(path, body).await["id"].as_str().expect("an id").parse().unwrap()
    }

    /// Where the gateway listens.
    pub fn https_port(&self) -> u16 {
        self.https_port
    }

    /// What a visitor gets through the gateway: status and text.
    pub async fn visit(&self, host: &str) -> (u16, String) {
        visit(self.https_port, host, "/").await
    }

    /// What a visitor gets without encryption: a name that leads nowhere has no certificate.
    pub async fn visit_plainly(&self, host: &str) -> u16 {
        let address = format!("http://127.0.0.1:{}/", self.http_port);
        self.http.get(address).header("Host", host).send().await.unwrap().status().as_u16()
    }

    /// The operation as it stands.
    pub async fn operation(&self, id: OperationId) -> Operation {
        store::operations::get(&self.store, &Scope::Fleet, id).await.unwrap()
    }

    /// Its journal.
    pub async fn journal(&self, id: OperationId) -> Vec<OperationEvent> {
        store::operations::events_after(&self.store, id, 0).await.unwrap()
    }

    /// Its journal as text, for a message.
    pub async fn told(&self, id: OperationId) -> String {
        let operation = self.operation(id).await;
        let lines: String =
            self.journal(id).await.iter().map(|e| format!("  {} {} {} {} {}\n", e.seq, e.at, e.step, e.kind, e.message)).collect();
        format!(
            "{} of {}: {} at {} {}\n{lines}{}",
            operation.kind,
            operation.slug,
            operation.state,
            operation.step,
            operation.error,
            self.log()
        )
    }

    /// Waits until an operation has ended.
    pub async fn ended(&self, id: OperationId) -> Operation {
        let over = Instant::now() + PATIENCE;
        loop {
            let operation = self.operation(id).await;
            if operation.state.is_final() {
                return operation;
            }
            assert!(Instant::now() < over, "it does not end: {}", self.told(id).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The instance of that id, if it is there.
    pub async fn instance(&self, id: InstanceId) -> Option<Instance> {
        store::instances::get(&self.store, &Scope::Fleet, id).await.ok()
    }

    /// Every operation of the fleet, newest first.
    pub async fn operations(&self) -> Vec<Operation> {
        let all = PageRequest { page: 1, per_page: 500 };
        store::operations::list(&self.store, &Scope::Fleet, &Filter::default(), all).await.unwrap().items
    }

    /// From now on, whoever is about to write that the step is done (on the way back: undone) hangs, or at
    /// [`Point::BeforeIntent`] whoever is about to write anything about it.
    pub async fn hold(&mut self, slug: &str, operation: OperationKind, step: &str, point: Point, way: Direction) {
        let kinds = match (way, point) {
            (Direction::Forward, Point::BeforeIntent) => "'intent', 'done'",
            (Direction::Forward, _) => "'done'",
            (Direction::Back | Direction::Aside, Point::BeforeIntent) => "'undoing', 'undone'",
            (Direction::Back | Direction::Aside, _) => "'undone'",
        };
        let such = format!(
            "NEW.step = '{step}' AND NEW.kind IN ({kinds})
             AND NEW.operation_id IN (SELECT id FROM operation WHERE slug = '{slug}' AND kind = '{operation}')"
        );
        self.hold_on("operation_event", &such).await;
    }

    /// Whoever is about to write such a row hangs.
    async fn hold_on(&mut self, table: &str, such: &str) {
        // The view is there since a trigger may not hold a recursive query itself.
        self.sql(&format!(
            "DROP TRIGGER IF EXISTS hold; DROP VIEW IF EXISTS endless;
             CREATE VIEW endless AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 1000000000000) SELECT n FROM c;
             CREATE TRIGGER hold BEFORE INSERT ON {table} WHEN {such} BEGIN SELECT count(*) FROM endless; END;"
        ))
        .await;
    }

    /// Nobody hangs any more. Whoever does must have been killed.
    pub async fn let_go(&mut self) {
        self.sql("DROP TRIGGER IF EXISTS hold; DROP VIEW IF EXISTS endless;").await;
    }

    /// As if the control plane had been away for longer than the operation may take.
    pub async fn be_late(&mut self, id: OperationId) {
        self.sql(&format!("UPDATE operation SET deadline_at = 1 WHERE id = '{id}';")).await;
    }

    /// Changes the store behind the process's back, in one transaction.
    async fn sql(&mut self, statements: &str) {
        let over = Instant::now() + PATIENCE;
        while let Err(error) = self.database.batch_execute("BEGIN IMMEDIATE") {
            assert!(Instant::now() < over, "the store cannot be written: {error}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.database.batch_execute(&format!("{statements} COMMIT;")).unwrap();
    }

    /// Whether somebody holds the store's lock for longer than writing takes.
    async fn hangs(&mut self) -> bool {
        let over = Instant::now() + HANGS;
        while Instant::now() < over {
            if self.database.batch_execute("BEGIN IMMEDIATE").is_ok() {
                self.database.batch_execute("ROLLBACK").unwrap();
                return false;
            }
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        true
    }

    /// Kills the process when the operation, whose step is held, is at that point of it. Says at which it was: a step that is
    /// found done has no intent. What earlier lives wrote does not count.
    pub async fn kill_at(&mut self, id: OperationId, step: &str, point: Point) -> &'static str {
        let over = Instant::now() + PATIENCE;
        loop {
            let meant = self.meant(id, step).await;
            if meant && matches!(point, Point::AfterIntent | Point::Within) {
                if point == Point::Within {
                    tokio::time::sleep(MOMENT).await;
                }
                self.kill();
                return if point == Point::Within { "within its effect" } else { "after its intent" };
            }
            let operation = self.operation(id).await;
            // Before the first line an operation names no step.
            if (operation.step == step || operation.step.is_empty()) && self.hangs().await {
                self.kill();
                return match (self.meant(id, step).await, point) {
                    (true, _) => "after its effect",
                    (false, Point::BeforeIntent) => "before its intent",
                    (false, _) => "found done",
                };
            }
            let ended = operation.state.is_final() || Instant::now() > over;
            assert!(!ended, "it was never at {step}, {point:?}: {}", self.told(id).await);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Whether this life has written that it begins with the step.
    async fn meant(&self, id: OperationId, step: &str) -> bool {
        let events = store::operations::events_after(&self.store, id, self.since).await.unwrap();
        events.iter().any(|e| e.step == step && matches!(e.kind, EventKind::Intent | EventKind::Undoing))
    }

    /// After a kill: starts the binary again and kills it while it goes on with the operation.
    pub async fn kill_again_at(&mut self, id: OperationId, step: &str, point: Point, way: Direction) -> &'static str {
        let operation = self.operation(id).await;
        self.hold(operation.slug.as_str(), operation.kind, step, point, way).await;
        self.since = self.journal(id).await.last().map_or(0, |e| e.seq);
        self.start();
        let at = self.kill_at(id, step, point).await;
        self.since = 0;
        at
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for child in self.child.iter_mut().chain([&mut self.heard]) {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
