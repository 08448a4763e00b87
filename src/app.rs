// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Builds the whole application from its configuration; used by `main` and, with other parts, by every test.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{
    catalogue::Workflows,
    clock::{Clock, SystemClock},
    config::Config,
    drivers::{
        browser::{Browser, chromium::Chromium, simulated::SimulatedBrowser},
        database_server::{DatabaseServer, mariadb::Mariadb, simulated::SimulatedDatabaseServer},
        engine::{
            Engine,
            docker::{Docker, DockerSettings, TimeOuts},
            simulated::SimulatedEngine,
        },
        gateway::{Gateway, caddy::Caddy, simulated::SimulatedGateway},
        outside::{Outside, public::Public, simulated::SimulatedOutside},
        post::{Post, hook::Hooks, mail::Mailer},
        probe::{Probe, kept::Kept, simulated::SimulatedProbe},
        wordpress::{
            Wordpress,
            agent::{Agent, WordpressSettings},
            simulated::SimulatedWordpress,
        },
        world::World,
    },
    error::{Error, OutsideKind, Result},
    fleet::Subnet,
    health::status::Shelf,
    instances::Tools,
    platform,
    store::{self, Address, Store, history::History, migrate},
    tasks::{self, Signals},
    vault::Vault,
    workflow::{
        interrupt::{Interrupt, Never},
        runner::Runner,
    },
};

/// The agent, as it is written into the fleet's home at every start.
const AGENT: &str = include_str!("../docker/agent/flotta-agent.php");

/// The application: what requests and tasks work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// What it is set to.
    pub config: Arc<Config>,
    /// What rooms act with.
    pub tools: Tools,
    /// What wakes tasks and listeners.
    pub signals: Signals,
    /// What anybody may see of health.
    pub status: Shelf,
    /// This control plane's name in leases; new at every start.
    pub owner: String,
}

/// The outside, real or simulated.
pub struct Drivers {
    /// What runs containers.
    pub engine: Arc<dyn Engine>,
    /// What holds the schemas.
    pub database: Arc<dyn DatabaseServer>,
    /// What stands in front of the sites.
    pub gateway: Arc<dyn Gateway>,
    /// WordPress in the instances.
    pub wordpress: Arc<dyn Wordpress>,
    /// What takes pictures of pages.
    pub browser: Arc<dyn Browser>,
    /// What asks for pages as visitors do.
    pub probe: Arc<dyn Probe>,
    /// The public way to sites and addresses.
    pub outside: Arc<dyn Outside>,
}

impl Drivers {
    /// A simulated outside, whose sites are at this port of its gateway.
    #[must_use]
    pub fn simulated(world: &World, https_port: u16) -> Self {
        let probe = SimulatedProbe::new(world.clone(), https_port);
        Self {
            engine: Arc::new(SimulatedEngine::new(world.clone())),
            database: Arc::new(SimulatedDatabaseServer::new(world.clone())),
            gateway: Arc::new(SimulatedGateway::new(world.clone())),
            wordpress: Arc::new(SimulatedWordpress::new(world.clone(), https_port)),
            browser: Arc::new(SimulatedBrowser::new(world.clone())),
            probe: Arc::new(probe.clone()),
            outside: Arc::new(SimulatedOutside::new(probe)),
        }
    }
}

impl App {
    /// Connects to the store, migrates it, and puts everything together with the real drivers. Nothing of the fleet is touched yet.
    ///
    /// # Errors
    /// When the store, the master key or the engine cannot be had.
    pub async fn build(config: Config) -> Result<Self> {
        prepare_home(&config.fleet.home)?;
        let store = Store::connect(&config.store).await?;
        let done = migrate::run(&config.store).await?;
        if !done.is_empty() {
            info!(migrations = done.join(", "), "the store was brought up to date");
        }
        let vault = config.vault()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let password = platform::database::admin_password(&store, &vault, clock.now()).await?;
        let settings =
            DockerSettings { address: config.engine.clone(), data_dir: config.fleet.home.clone(), time_outs: TimeOuts::default() };
        let reach = config.gateway.bind.first().copied().filter(|ip| !ip.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let most_idle = usize::try_from(config.fleet.health.at_once).unwrap_or(usize::MAX);
        let probe = Kept::https((reach, config.gateway.https_port).into(), most_idle).map_err(|e| Error::Internal(e.to_string()))?;
        let outside = Public::new(&config.fleet.outside, &config.gateway, reach)?;
        let drivers = Drivers {
            engine: Arc::new(Docker::new(settings)),
            database: Arc::new(Mariadb::new(&config.fleet.database_run().join("mysqld.sock"), &password)),
            gateway: Arc::new(Caddy::new(config.fleet.gateway_run().join("admin.sock"), config.gateway.clone())),
            wordpress: Arc::new(Agent::new(WordpressSettings { gateway: reach, https_port: config.gateway.https_port })),
            browser: Arc::new(Chromium::new(config.fleet.rehearsals.chromium.clone())),
            probe: Arc::new(probe),
            outside: Arc::new(outside),
        };
        Self::assemble(config, store, vault, clock, drivers).await
    }

    /// Puts the application together from the given parts.
    ///
    /// # Errors
    /// When the engine cannot be asked for a free subnet, or the mail server's settings cannot be used.
    pub async fn assemble(config: Config, store: Store, vault: Vault, clock: Arc<dyn Clock>, drivers: Drivers) -> Result<Self> {
        let subnet: Subnet = platform::network::choose_subnet(&store, &*drivers.engine, &config.fleet.fleet, config.subnet).await?;
        let history = match History::open(&config.fleet.home.join("history.db")).await {
            Ok(history) => Some(history),
            Err(error) => {
                warn!(%error, "no history of checks is kept");
                None
            }
        };
        let notices = &config.fleet.notices;
        let password = config.mail_password()?;
        let mail = notices.mail.as_ref().map(|mail| Mailer::new(mail, password.as_ref())).transpose()?;
        let post = Arc::new(Post { mail, hooks: Hooks { local: notices.local_hooks } });
        let tools = Tools {
            post,
            history,
            store,
            engine: drivers.engine,
            database: drivers.database,
            gateway: drivers.gateway,
            wordpress: drivers.wordpress,
            browser: drivers.browser,
            probe: drivers.probe,
            outside: drivers.outside,
            vault,
            clock,
            settings: Arc::new(config.fleet.clone()),
            subnet,
            template: Arc::default(),
            reading: Arc::default(),
            building: Arc::default(),
            routing: Arc::default(),
            health_changed: tokio::sync::broadcast::channel(64).0,
        };
        let owner = uuid::Uuid::now_v7().to_string();
        Ok(Self { config: Arc::new(config), tools, signals: Signals::default(), status: Shelf::default(), owner })
    }

    /// A runner of this application's operations.
    #[must_use]
    pub fn runner(&self, interrupt: Arc<dyn Interrupt>) -> Runner<Workflows> {
        Runner {
            store: self.tools.store.clone(),
            clock: self.tools.clock.clone(),
            owner: self.owner.clone(),
            catalogue: Arc::new(Workflows::new(self.tools.clone())),
            changed: self.signals.changed.clone(),
            interrupt,
        }
    }

    /// Starts the background tasks; they end when `cancel` is cancelled.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn start_tasks(&self, tracker: &TaskTracker, cancel: &CancellationToken) -> Result<()> {
        if matches!(self.config.store, Address::Sqlite(_)) {
            // Nobody else can have this store open: see `lock`.
            store::operations::release_all(&self.tools.store).await?;
            store::leases::release_all(&self.tools.store).await?;
        }
        let runner = Arc::new(self.runner(Arc::new(Never)));
        let (tools, signals) = (self.tools.clone(), self.signals.clone());
        let cancel = cancel.clone();
        let (owner, workers) = (self.owner.clone(), self.config.workers);
        tracker.spawn(tasks::events::run(tools.clone(), signals.clone(), cancel.clone()));
        tracker.spawn(tasks::housekeeping::run(tools.clone(), cancel.clone()));
        tracker.spawn(tasks::status::run(tools.clone(), self.status.clone(), cancel.clone()));
        tracker.spawn(async move {
            // Operations need the platform, so it comes first; meanwhile the API answers.
            while let Err(error) = platform::ensure(&tools).await {
                warn!(%error, "the platform is not ready yet, trying again");
                tokio::select! {
                    () = cancel.cancelled() => return,
                    () = tokio::time::sleep(Duration::from_secs(3)) => {}
                }
            }
            info!("the platform is ready");
            signals.drift.notify_one();
            tokio::join!(
                tasks::operations::run(runner, signals.clone(), workers, cancel.clone()),
                tasks::rollouts::run(tools.clone(), owner.clone(), signals.clone(), cancel.clone()),
                tasks::health::run(tools.clone(), owner.clone(), signals.clone(), cancel.clone()),
                tasks::notices::run(tools.clone(), owner.clone(), cancel.clone()),
                tasks::keeper::run(tools, owner, signals, cancel)
            );
        });
        Ok(())
    }
}

/// Makes the fleet's folders and writes the agent.
fn prepare_home(home: &Path) -> Result<()> {
    let failed = |e: std::io::Error| {
        Error::outside(
            "files",
            OutsideKind::Refused,
            format!("{}: {e}; run as a user who may write there, or set another home", home.display()),
        )
    };
    crate::vault::private_folder(home).map_err(failed)?;
    let folder = home.join("agent");
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let path = folder.join("flotta-agent.php");
    if !std::fs::read_to_string(&path).is_ok_and(|there| there == AGENT) {
        // Written in place: instances have this very file mounted.
        std::fs::write(&path, AGENT).map_err(failed)?;
    }
    // Set, not left to the process's umask, which may keep the containers' users out.
    for (path, mode) in [(&folder, 0o755), (&path, 0o444)] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).map_err(failed)?;
    }
    Ok(())
}

/// Holds the fleet's home for this process alone, so that two control planes never share an SQLite store. Keep what it gives.
///
/// # Errors
/// `Conflict` when another control plane runs here.
pub fn lock(config: &Config) -> Result<std::fs::File> {
    let path = config.fleet.home.join("flotta.lock");
    crate::vault::private_folder(&config.fleet.home).map_err(|e| Error::outside("files", OutsideKind::Refused, e.to_string()))?;
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::outside("files", OutsideKind::Refused, format!("{}: {e}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Conflict(crate::error::FieldError::new(
            "home",
            "home-in-use",
            format!("another control plane runs on {}", config.fleet.home.display()),
            "stop it first; for more than one control plane use PostgreSQL and a home for each",
        ))),
        Err(std::fs::TryLockError::Error(e)) => Err(Error::outside("files", OutsideKind::Refused, format!("{}: {e}", path.display()))),
    }
}
