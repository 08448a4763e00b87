// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The watcher in a process of its own: the task as the control plane runs it, its store and history in files, real probes; the
//! platform and the insides of instances are simulated, since what is measured is the watching of sites.
//!
//! Told by lines on standard input (`gateway down`, `gateway up`, `restart`, `site`, `lateness`), tells by lines on standard output:
//! `ready`, `simulated MB`, `incident KIND OPENED LABEL`, and `late P50 P99 MAX` in milliseconds since that was asked last.

use std::{
    collections::HashSet,
    io::BufRead,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use flotta::{
    app::{App, Drivers},
    clock::SystemClock,
    config::{self, Raw},
    drivers::{
        gateway::simulated::SimulatedGateway,
        post::{Post, hook::Hooks},
        probe::{Answer, Asked, Probe, kept::Kept},
        world::{World, image_id},
    },
    fleet::{Instance, OperationState, Scope, container::ImageState, health::Failure},
    health::{
        notices::receivers::{self, NewReceiver},
        wheel,
    },
    onboarding::{self, Request},
    platform,
    releases::{self, Register},
    store::{self, Address, PageRequest, Store, checks::Found, incidents::Filter},
    tasks,
    vault::{MasterKey, Vault},
    workflow::interrupt::Never,
};
use secrecy::ExposeSecret;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use super::target::{now, resident};

const FLEET: &str = "bench";
const IMAGE: &str = "flotta/wordpress:6.8";
/// How often each site is checked, in milliseconds.
const INTERVAL: u64 = 60_000;

/// How many checks were begun so many milliseconds late.
#[derive(Clone)]
struct Late(Arc<Mutex<Vec<u32>>>);

impl Late {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(vec![0; usize::try_from(INTERVAL).unwrap()])))
    }

    fn note(&self, milliseconds: u64) {
        self.0.lock().unwrap()[usize::try_from(milliseconds).unwrap()] += 1;
    }

    /// Tells of what was noted, and forgets it.
    fn tell(&self) {
        let counts = std::mem::replace(&mut *self.0.lock().unwrap(), vec![0; usize::try_from(INTERVAL).unwrap()]);
        let all: u64 = counts.iter().copied().map(u64::from).sum();
        let until = |share: f64| {
            let mut left = (all as f64 * share).ceil() as u64;
            counts.iter().position(|count| {
                left = left.saturating_sub(u64::from(*count));
                left == 0
            })
        };
        println!("late {} {} {}", until(0.5).unwrap(), until(0.99).unwrap(), until(1.0).unwrap());
    }
}

/// Real probes, with a note of how late each was begun.
struct Noted {
    kept: Kept,
    sites: u32,
    late: Late,
}

#[async_trait]
impl Probe for Noted {
    async fn ask(&self, asked: &Asked) -> Result<Answer, Failure> {
        if !asked.apart
            && let Some(number) = number(&asked.host, &asked.path, self.sites)
        {
            let into = (now() + INTERVAL - wheel::phase(number, INTERVAL)) % INTERVAL;
            // Its turn of the wheel begins up to a tenth of a second before it.
            let into = if into > INTERVAL - wheel::SLOT { 0 } else { into };
            self.late.note(into);
        }
        self.kept.ask(asked).await
    }
}

/// The municipality's host and the site's path.
pub fn address(municipality: u32, site: u32) -> (String, String) {
    (format!("k{municipality:03}.localhost"), if site == 0 { "/".to_owned() } else { format!("/s{site}/") })
}

/// How many sites fall, each another municipality's.
pub fn falling(municipalities: u32) -> u32 {
    50.min(municipalities)
}

/// Whose site the one with this number is.
pub fn falls(number: u32, municipalities: u32) -> u32 {
    number * municipalities / falling(municipalities)
}

fn number(host: &str, path: &str, sites: u32) -> Option<u32> {
    let municipality: u32 = host.strip_prefix('k')?.split(['.', ':']).next()?.parse().ok()?;
    let site: u32 = if path == "/" { 0 } else { path.trim_matches('/').strip_prefix('s')?.parse().ok()? };
    // The site that is added later has a number of its own.
    (site < sites).then_some(municipality * sites + site)
}

/// Runs until standard input ends.
pub async fn run(home: &Path, port: u16, municipalities: u32, sites: u32, hook: &str) {
    let late = Late::new();
    let kept = Kept::http(([127, 0, 0, 1], port).into(), 256);
    let probe = Arc::new(Noted { kept, sites, late: late.clone() });
    let (mut app, world) = fleet(home, probe).await;
    app.tools.post = Arc::new(Post { mail: None, hooks: Hooks { local: true } });
    let app = app;
    let (empty, _) = resident(std::process::id());
    let mut first = None;
    for n in 0..municipalities {
        let instance = onboard(&app, &format!("k{n:03}")).await;
        let found: Vec<Found> = (0..sites)
            .map(|site| {
                let (host, path) = address(n, site);
                Found { blog: u64::from(site) + 1, host, path }
            })
            .collect();
        world.run_script(&instance.schema(), &found.iter().skip(1).map(row).collect::<String>()).unwrap();
        store::checks::sync(&app.tools.store, instance.municipality, instance.id, &found, app.tools.clock.now()).await.unwrap();
        first.get_or_insert(instance);
    }
    for n in 0..falling(municipalities) {
        let slug = format!("k{:03}", falls(n, municipalities)).parse().unwrap();
        let of = store::municipalities::by_slug(&app.tools.store, &Scope::Fleet, &slug).await.unwrap();
        let wanted = NewReceiver { kind: "webhook".to_owned(), address: format!("{hook}/{slug}"), ..NewReceiver::default() };
        receivers::add(&app.tools, &Scope::Fleet, Some(&of), &wanted).await.unwrap();
    }
    world.clear_calls();
    println!("simulated {}", resident(std::process::id()).0 - empty);
    tokio::spawn(tasks::notices::run(app.tools.clone(), "first".to_owned(), CancellationToken::new()));
    let start = |owner: &str| {
        let cancel = CancellationToken::new();
        tokio::spawn(tasks::health::run(app.tools.clone(), owner.to_owned(), app.signals.clone(), cancel))
    };
    let mut watching = start("first");
    println!("ready");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            drop(tell.send(line.unwrap()));
        }
    });
    let gateway = format!("{FLEET}-gateway");
    let mut known = HashSet::new();
    loop {
        tokio::select! {
            line = told.recv() => match line.as_deref() {
                Some("gateway down") => world.stop(&gateway).unwrap(),
                Some("gateway up") => world.start(&gateway).unwrap(),
                Some("restart") => {
                    watching.abort();
                    drop((&mut watching).await);
                    watching = start("second");
                }
                Some("lateness") => late.tell(),
                Some("site") => {
                    let (host, path) = address(0, sites);
                    let new = Found { blog: u64::from(sites) + 1, host, path };
                    world.run_script(&first.as_ref().unwrap().schema(), &row(&new)).unwrap();
                }
                _ => break,
            },
            () = sleep(Duration::from_millis(250)) => {
                let page = PageRequest { page: 1, per_page: 500 };
                let all = store::incidents::list(&app.tools.store, &Scope::Fleet, &Filter::default(), page).await.unwrap();
                for incident in all.items.iter().filter(|incident| known.insert(incident.id)) {
                    println!("incident {} {} {}", incident.cause.kind, incident.opened_at.as_millisecond(), incident.label);
                }
                // The simulated world remembers every call; a real one does not.
                world.clear_calls();
            }
        }
    }
    watching.abort();
}

/// As WordPress notes a site of its network.
fn row(f: &Found) -> String {
    format!("REPLACE INTO wp_blogs (blog_id, site_id, domain, path) VALUES ({}, 1, '{}', '{}');\n", f.blog, f.host, f.path)
}

async fn fleet(home: &Path, probe: Arc<dyn Probe>) -> (App, World) {
    let raw = Raw { home: home.to_owned(), fleet: FLEET.to_owned(), ..Raw::default() };
    let mut config = config::check(raw).unwrap();
    config.store = Address::Sqlite(home.join("flotta.db"));
    store::migrate::run(&config.store).await.unwrap();
    let store = Store::connect(&config.store).await.unwrap();
    let world = World::new();
    let drivers = Drivers {
        gateway: Arc::new(SimulatedGateway::new(world.clone()).behind(&format!("{FLEET}-gateway"))),
        probe,
        ..Drivers::simulated(&world, config.fleet.https_port)
    };
    let image = ImageState {
        id: image_id(IMAGE),
        labels: [("se.flotta.contract", "wordpress"), ("org.opencontainers.image.version", "6.8.3")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into(),
        environment: Vec::new(),
        user: String::new(),
        layers: 9,
    };
    world.add_image(IMAGE, image);
    let vault = Vault::new(MasterKey::parse(MasterKey::generate().expose_secret()).unwrap(), Vec::new());
    let app = App::assemble(config, store, vault, Arc::new(SystemClock), drivers).await.unwrap();
    platform::ensure(&app.tools).await.unwrap();
    let register = Register { image: IMAGE.to_owned(), name: Some("6.8-1".to_owned()), contract: None, stable: true };
    releases::register(&app.tools, &register).await.unwrap();
    (app, world)
}

async fn onboard(app: &App, slug: &str) -> Instance {
    let request = Request {
        slug: slug.to_owned(),
        name: Some(format!("{slug} kommun")),
        domain: format!("{slug}.localhost"),
        admin_email: format!("webb@{slug}.example.se"),
        ..Request::default()
    };
    let operation = onboarding::start(&app.tools, &request, "bench", None).await.unwrap().operation;
    loop {
        app.runner(Arc::new(Never)).run(operation.id).await.unwrap();
        let now = store::operations::get(&app.tools.store, &Scope::Fleet, operation.id).await.unwrap();
        if now.state.is_final() {
            assert_eq!(now.state, OperationState::Done, "{}", now.error);
            return store::instances::get(&app.tools.store, &Scope::Fleet, operation.instance).await.unwrap();
        }
        sleep(Duration::from_millis(20)).await;
    }
}
