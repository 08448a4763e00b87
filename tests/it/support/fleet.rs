// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A whole fleet on the real engine for one test: the application as `main` builds it, in this process, with its own fleet id,
//! home, subnet and ports. Everything that bears its label is removed when it is dropped, also after a panic.

use std::{net::TcpListener, path::PathBuf, process::Command, time::Duration};

use flotta::{
    app::App,
    config::{self, Raw},
    error::Result,
    fleet::{Operation, OperationId, OperationState, Scope},
    onboarding::{self, Request},
    releases::{self, Register},
    store,
    vault::MasterKey,
};
use rand::RngExt;
use secrecy::ExposeSecret;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The release that tests run.
pub const RELEASE_IMAGE: &str = "flotta/wordpress:0.1.0";

/// One running fleet.
pub struct Fleet {
    /// The application.
    pub app: App,
    /// Its home.
    pub home: PathBuf,
    cancel: CancellationToken,
    tracker: TaskTracker,
    _cleanup: Cleanup,
}

/// Removes everything of a fleet from the engine and the host.
pub struct Cleanup {
    fleet: String,
    home: tempfile::TempDir,
}

impl Cleanup {
    /// A new fleet's id and home.
    pub fn new() -> Self {
        // What `tests/run` sweeps away at its end begins like this.
        let prefix = std::env::var("FLOTTA_TEST_PREFIX").unwrap_or_else(|_| "t".to_owned());
        Self {
            fleet: format!("{prefix}{:06x}", rand::rng().random_range(0..0x100_0000)),
            home: tempfile::Builder::new().prefix("flotta-test-").tempdir().unwrap(),
        }
    }
    /// The fleet's id.
    pub fn fleet(&self) -> &str {
        &self.fleet
    }
    /// The fleet's home.
    pub fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }
}

fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().expect("the docker client is installed");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        let label = format!("label=se.flotta.fleet={}", self.fleet);
        // Twice: a container that was being made when the first listing ran is in the second.
        for _ in 0..2 {
            for id in docker(&["ps", "-aq", "--filter", &label]).split_whitespace() {
                docker(&["rm", "-f", id]);
            }
        }
        // What it has built.
        for image in docker(&["images", "-q", &format!("{}-release", self.fleet)]).split_whitespace() {
            docker(&["rmi", "-f", image]);
        }
        for id in docker(&["volume", "ls", "-q", "--filter", &label]).split_whitespace() {
            docker(&["volume", "rm", "-f", id]);
        }
        for id in docker(&["network", "ls", "-q", "--filter", &label]).split_whitespace() {
            docker(&["network", "rm", id]);
        }
        drop(Command::new("nft").args(["delete", "table", "inet", &format!("flotta_{}", self.fleet)]).output());
    }
}

/// A port that nothing listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a visitor gets through the gateway at that port of this machine: status and text.
pub async fn visit(port: u16, host: &str, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .resolve(host, ([127, 0, 0, 1], port).into())
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    match client.get(format!("https://{host}:{port}{path}")).send().await {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(error) => (0, format!("{error:?}")),
    }
}

/// The configuration of a test's fleet.
pub fn raw(cleanup: &Cleanup) -> Raw {
    let home = cleanup.home();
    let key = home.join("master.key");
    if !key.exists() {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&key, MasterKey::generate().expose_secret()).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut raw = Raw { home, fleet: cleanup.fleet().to_owned(), listen: format!("127.0.0.1:{}", free_port()), ..Raw::default() };
    raw.public_url = format!("http://{}", raw.listen);
    raw.gateway.bind = vec!["127.0.0.1".to_owned()];
    raw.gateway.http_port = free_port();
    raw.gateway.https_port = free_port();
    raw.network.buffer_pool = "64M".to_owned();
    if let Ok(address) = std::env::var("FLOTTA_TEST_ENGINE") {
        raw.engine = address;
    }
    raw
}

impl Fleet {
    /// Starts a fleet with one stable release and waits until its platform is well.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// As [`Self::start`], with a changed configuration.
    pub async fn start_with(change: impl FnOnce(&mut Raw)) -> Self {
        let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "flotta=info".into());
        drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
        let cleanup = Cleanup::new();
        let mut raw = raw(&cleanup);
        change(&mut raw);
        let home = raw.home.clone();
        let app = App::build(config::check(raw).unwrap()).await.expect("the application can be built; is the engine running?");
        let (cancel, tracker) = (CancellationToken::new(), TaskTracker::new());
        // The gateway asks the control plane before it makes a certificate.
        let listener = TcpListener::bind(app.config.listen).unwrap();
        let web = flotta::web::Web::new(app.clone(), cancel.clone()).unwrap();
        tracker.spawn(async move { flotta::web::serve(web, listener).await.unwrap() });
        app.start_tasks(&tracker, &cancel).await.unwrap();
        let fleet = Self { app, home, cancel, tracker, _cleanup: cleanup };
        fleet
            .until("the platform is well", Duration::from_secs(120), || async {
                let services = flotta::platform::status(&fleet.app.tools).await;
                let ill: Vec<_> = services.into_iter().filter(|s| !s.well).map(|s| format!("{}: {}", s.name, s.detail)).collect();
                if ill.is_empty() { Ok(()) } else { Err(ill.join("; ")) }
            })
            .await;
        releases::register(
            &fleet.app.tools,
            &Register { image: RELEASE_IMAGE.to_owned(), name: Some("test-1".to_owned()), contract: None, stable: true },
        )
        .await
        .expect("the release image is built; run docker/images");
        fleet
    }

    /// Waits until `look` gives `Ok`, and fails with its last complaint.
    pub async fn until<F: Future<Output = std::result::Result<(), String>>>(&self, what: &str, at_most: Duration, look: impl Fn() -> F) {
        let over = tokio::time::Instant::now() + at_most;
        loop {
            match look().await {
                Ok(()) => return,
                Err(why) if tokio::time::Instant::now() > over => {
                    let page = store::operations::list(
                        &self.app.tools.store,
                        &Scope::Fleet,
                        &store::operations::Filter::default(),
                        store::PageRequest::default(),
                    )
                    .await
                    .unwrap();
                    for operation in page.items {
                        eprintln!("{operation:?}\n{}", self.journal(operation.id).await);
                    }
                    panic!("not within {at_most:?}: {what}: {why}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// A request for a municipality of that slug at `slug.localhost`.
    pub fn request(slug: &str) -> Request {
        Request {
            slug: slug.to_owned(),
            name: Some(format!("{slug} kommun")),
            domain: format!("{slug}.localhost"),
            admin_email: format!("webb@{slug}.example.se"),
            ..Request::default()
        }
    }

    /// Onboards and waits for the end.
    pub async fn onboard(&self, request: &Request) -> Result<Operation> {
        let started = onboarding::start(&self.app.tools, request, "test", None).await?;
        self.app.signals.operations.notify_one();
        Ok(self.ended(started.operation.id).await)
    }

    /// Waits until an operation has ended.
    pub async fn ended(&self, id: OperationId) -> Operation {
        let over = tokio::time::Instant::now() + Duration::from_secs(240);
        loop {
            let operation = store::operations::get(&self.app.tools.store, &Scope::Fleet, id).await.unwrap();
            if operation.state.is_final() {
                return operation;
            }
            assert!(tokio::time::Instant::now() < over, "operation {id} did not end: {operation:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// As [`Self::ended`], and it must have been done; its journal is in the message otherwise.
    pub async fn done(&self, id: OperationId) -> Operation {
        let operation = self.ended(id).await;
        assert_eq!(operation.state, OperationState::Done, "{}", self.journal(id).await);
        operation
    }

    /// An operation's journal as text.
    pub async fn journal(&self, id: OperationId) -> String {
        let events = store::operations::events_after(&self.app.tools.store, id, 0).await.unwrap();
        events.iter().map(|e| format!("{} {} {} {} {}\n", e.at, e.step, e.kind, e.message, e.evidence)).collect()
    }

    /// What a visitor gets through the gateway: status and text.
    pub async fn visit(&self, host: &str, path: &str) -> (u16, String) {
        visit(self.app.config.gateway.https_port, host, path).await
    }

    /// Stops the tasks as a clean end of the control plane would.
    pub async fn stop(&self) {
        self.cancel.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
