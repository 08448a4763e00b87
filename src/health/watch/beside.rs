// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What goes on beside the wheel: the platform's services, the insides of instances, and which sites there are.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::{Notify, Semaphore, mpsc},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{Came, Checks, Fleet, Serving, Target, Underway, canaries, collect, jobs};
use crate::{
    drivers::wordpress::{Blog, Pulse},
    error::Result,
    fleet::{Check, Domain, Instance, InstanceId, InstanceState, OperationKind, Scope, incident::CauseKind},
    health::wheel::phase,
    instances::Tools,
    platform::{self, disks},
    store::{self, checks::Found},
};

/// How often the platform's services are looked at.
pub(super) const PLATFORM_EVERY: Duration = Duration::from_secs(10);
/// What failed once is looked at again so soon.
pub(super) const AGAIN: Duration = Duration::from_secs(2);
/// How often it is looked what is to be checked.
const FLEET_EVERY: Duration = Duration::from_secs(5);
/// An instance is asked inside once in so many checks of a site.
const INSIDE_EVERY: u32 = 5;
/// The same while it does not answer.
const INSIDE_ILL: Duration = Duration::from_secs(10);
/// An answer from inside comes in this time.
const INSIDE: Duration = Duration::from_secs(8);
/// What threw within this time may be why sites fail.
const JUST_NOW: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// Who runs a plugin that throws is read again after this time.
const RUNS_FOR: Duration = Duration::from_secs(300);
/// Longer than anything is put off.
const NEVER: Duration = Duration::from_secs(86_400);
/// So many checks are read at once.
pub(super) const TOGETHER: u32 = 2000;
/// So many such pieces wait to be taken.
const UNTAKEN: usize = 2;
/// So many are asked inside at once.
const INSIDE_TOGETHER: usize = 8;

/// Tasks beside the watcher; they end with it.
pub(super) struct Beside {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

/// How the last watcher left it, by the incidents that were open.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// Something could not be seen.
    pub(super) in_doubt: bool,
    /// The disk had no room.
    pub(super) is_full: bool,
}

/// What the tasks and the watcher tell each other.
#[derive(Default)]
pub(super) struct Shared {
    serving: Mutex<BTreeSet<InstanceId>>,
    suspects: Mutex<BTreeSet<InstanceId>>,
    /// Those that an operation changes now.
    busy: Mutex<BTreeSet<InstanceId>>,
    suspected: Notify,
    platform: Notify,
    soon: Notify,
    /// Whether the checks in the store may be others than before.
    changed: AtomicBool,
    /// Whether something outside could not be seen, and it is not known yet whose doing that is.
    in_doubt: AtomicBool,
    pub(super) doubted: Notify,
}

impl Shared {
    pub(super) fn is_in_doubt(&self) -> bool {
        self.in_doubt.load(Ordering::Relaxed)
    }

    pub(super) fn settle_doubt(&self) {
        self.in_doubt.store(false, Ordering::Relaxed);
    }

    pub(super) fn doubt(&self) {
        self.in_doubt.store(true, Ordering::Relaxed);
    }
}

impl Beside {
    pub(super) fn start(tools: &Tools, sender: mpsc::UnboundedSender<Came>, left: Left) -> Self {
        let shared = Arc::new(Shared { in_doubt: AtomicBool::new(left.in_doubt), ..Shared::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_platform(tools.clone(), shared.clone(), sender.clone(), left.is_full));
        tasks.spawn(canaries::watch(tools.clone(), shared.clone(), sender.clone()));
        tasks.spawn(watch_fleet(tools.clone(), shared.clone(), sender.clone()));
        let (pulses, of_jobs, of_facts) = Pulses::new();
        tasks.spawn(jobs::run(tools.clone(), of_jobs, {
            let shared = shared.clone();
            move |id| lock(&shared.serving).contains(&id) && !lock(&shared.busy).contains(&id)
        }));
        tasks.spawn(collect::run(tools.clone(), of_facts));
        tasks.spawn(watch_insides(tools.clone(), shared.clone(), sender, pulses));
        Self { shared, _tasks: tasks }
    }

    /// These instances serve; these of them an operation changes now.
    pub(super) fn watch(&self, serving: BTreeSet<InstanceId>, busy: BTreeSet<InstanceId>) {
        *lock(&self.shared.serving) = serving;
        *lock(&self.shared.busy) = busy;
        self.shared.suspected.notify_one();
    }

    /// A site of this instance failed: what it hangs on is looked at now.
    pub(super) fn suspect(&self, instance: InstanceId) {
        lock(&self.shared.suspects).insert(instance);
        self.shared.suspected.notify_one();
        self.shared.platform.notify_one();
    }

    /// Something outside could not be seen.
    pub(super) fn doubt(&self) {
        self.shared.doubt();
        self.shared.doubted.notify_one();
    }

    pub(super) fn look_soon(&self) {
        self.shared.soon.notify_one();
    }
}

/// An instance with what it told of itself.
type Heard = (Instance, Pulse);

/// What instances told of themselves, for those who run their jobs and collect their facts.
struct Pulses(mpsc::UnboundedSender<Heard>, mpsc::UnboundedSender<Heard>);

impl Pulses {
    fn new() -> (Self, mpsc::UnboundedReceiver<Heard>, mpsc::UnboundedReceiver<Heard>) {
        let ((jobs, of_jobs), (facts, of_facts)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        (Self(jobs, facts), of_jobs, of_facts)
    }

    fn tell(&self, instance: Instance, pulse: Pulse) {
        let told = self.0.send((instance.clone(), pulse.clone())).and(self.1.send((instance, pulse)));
        if told.is_err() {
            debug!("nobody takes note of an instance's pulse; the watcher ends");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch_platform(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>, mut full: bool) {
    loop {
        tokio::select! {
            () = sleep(PLATFORM_EVERY) => {}
            () = shared.platform.notified() => {}
        }
        let mut seen = platform(&tools, full).await;
        if seen.iter().any(|(_, _, ill)| *ill) {
            // Ill is what fails twice; what failed once may have been a request that was lost.
            sleep(AGAIN).await;
            let again = platform(&tools, full).await;
            for (kind, of, ill) in &mut seen {
                *ill &= again.iter().any(|(other, name, ill)| (other, name, ill) == (&*kind, &*of, &true));
            }
        }
        full = seen.iter().any(|(kind, _, ill)| *kind == CauseKind::Disk && *ill);
        if sender.send(Came::Platform(seen)).is_err() {
            return;
        }
        sleep(AGAIN).await;
    }
}

/// How the platform's services and its disk are, which was full before or not.
pub(super) async fn platform(tools: &Tools, full: bool) -> Vec<(CauseKind, String, bool)> {
    let settings = &tools.settings;
    let known = |service: platform::Service| {
        let (kind, of) = match service.name {
            "gateway" => (CauseKind::Gateway, settings.gateway()),
            "database server" => (CauseKind::DatabaseServer, settings.database_server()),
            "engine" => (CauseKind::Node, "engine".to_owned()),
            _ => return None,
        };
        Some((kind, of, !service.well))
    };
    let (services, full) = tokio::join!(platform::status(tools), disks::is_full(tools, full));
    let disk = (CauseKind::Disk, disks::NAME.to_owned(), full);
    services.into_iter().filter_map(known).chain([disk]).collect()
}

async fn watch_fleet(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>) {
    let (mut mark, mut throwing) = (None, Throwing::default());
    loop {
        tokio::select! {
            () = sleep(FLEET_EVERY) => {}
            () = shared.soon.notified() => {}
        }
        match store::checks::addresses_mark(&tools.store).await {
            Ok(now) if mark.replace(now) != Some(now) => shared.changed.store(true, Ordering::Relaxed),
            Ok(_) => {}
            Err(error) => warn!(%error, "which addresses are to be checked could not be read"),
        }
        let changed = shared.changed.swap(false, Ordering::Relaxed);
        // The watcher has ended where nobody listens any more.
        match fleet(&tools, changed, &mut throwing, |some| drop(sender.send(Came::Checks(some)))).await {
            Ok(fleet) => {
                if sender.send(Came::Fleet(Box::new(fleet))).is_err() {
                    return;
                }
            }
            Err(error) => {
                shared.changed.fetch_or(changed, Ordering::Relaxed);
                warn!(%error, "what is to be checked could not be read");
            }
        }
    }
}

/// What is to be checked, read from the store; the checks themselves only where they may have changed, and told piece by piece.
pub(super) async fn fleet(tools: &Tools, changed: bool, throwing: &mut Throwing, tell: impl FnMut(Checks)) -> Result<Fleet> {
    let instances = store::instances::all(&tools.store, &Scope::Fleet).await?;
    // What an update did to a site may show only while it is watched afterwards.
    let updated = store::rollouts::soaking(&tools.store).await?;
    let mut operations: HashMap<InstanceId, _> =
        updated.into_iter().map(|(id, (update, since))| (id, Underway { id: update, kind: OperationKind::Update, since })).collect();
    let mut changing: HashSet<InstanceId> = HashSet::new();
    for operation in store::operations::live(&tools.store).await?.into_iter().filter(|o| o.kind != OperationKind::Rehearse) {
        changing.insert(operation.instance);
        operations.insert(operation.instance, Underway { id: operation.id, kind: operation.kind, since: operation.created_at });
    }
    let ids: Vec<InstanceId> = instances.iter().map(|instance| instance.id).collect();
    let ended = store::checks::keep_only(&tools.store, &ids, tools.clock.now()).await?;
    let anew = changed || ended;
    if anew {
        store::findings::keep_checked(&tools.store, tools.clock.now()).await?;
        checks(tools, tell).await?;
    }
    let mut throwing = throwing.now(tools).await?;
    let serving: BTreeMap<InstanceId, Serving> = instances
        .into_iter()
        .filter(serves)
        .map(|instance| {
            let (operation, throwing) = (operations.remove(&instance.id), throwing.remove(&instance.id).unwrap_or_default());
            let changing = changing.contains(&instance.id);
            (instance.id, Serving { label: instance.key(), operation, changing, throwing })
        })
        .collect();
    let wanted = store::outside::wanted(&tools.store).await?;
    Ok(Fleet { anew, serving, wanted })
}

/// Tells every check, with what was remembered of it.
async fn checks(tools: &Tools, mut tell: impl FnMut(Checks)) -> Result<()> {
    let mut last = None;
    let places = Arc::new(Semaphore::new(UNTAKEN));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return Ok(()) };
        let some = store::checks::some(&tools.store, last, TOGETHER).await?;
        let first = last.is_none();
        let Some((check, _)) = some.last() else { return Ok(()) };
        last = Some(check.number);
        let read = |(check, standing): (Check, String)| (Target::from(check), serde_json::from_str(&standing).unwrap_or_default());
        tell(Checks { first, some: some.into_iter().map(read).collect(), _place: place });
    }
}

/// The sites that run a plugin, by instance.
type Runs = Vec<(InstanceId, BTreeSet<u64>)>;

/// Who runs the plugins that threw just now. Finding that out means reading the facts of all who do.
#[derive(Default)]
pub(super) struct Throwing(HashMap<(String, String), (Instant, Runs)>);

impl Throwing {
    /// By instance, its sites that run a plugin in a version that threw somewhere just now.
    async fn now(&mut self, tools: &Tools) -> Result<HashMap<InstanceId, BTreeMap<String, BTreeSet<u64>>>> {
        let plugins: HashSet<(String, String)> =
            store::facts::throwing(&tools.store, tools.clock.now() - JUST_NOW).await?.into_iter().collect();
        self.0.retain(|plugin, (read, _)| plugins.contains(plugin) && read.elapsed() < RUNS_FOR);
        let mut all: HashMap<InstanceId, BTreeMap<String, BTreeSet<u64>>> = HashMap::new();
        for plugin in plugins {
            if !self.0.contains_key(&plugin) {
                let runs = store::facts::sites_with(&tools.store, &plugin.0, &plugin.1).await?;
                self.0.insert(plugin.clone(), (Instant::now(), runs));
            }
            let Some((_, runs)) = self.0.get(&plugin) else { continue };
            for (instance, sites) in runs {
                all.entry(*instance).or_default().insert(format!("{} {}", plugin.0, plugin.1), sites.clone());
            }
        }
        Ok(all)
    }
}

/// Whether visitors should be served.
fn serves(instance: &Instance) -> bool {
    use InstanceState as S;
    matches!(instance.state, S::Running | S::Repairing | S::Updating | S::Quarantined)
}

async fn watch_insides(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>, pulses: Pulses) {
    let every = Duration::from_secs(u64::from(tools.settings.health.interval_seconds)) * INSIDE_EVERY;
    let mut due: HashMap<InstanceId, Instant> = HashMap::new();
    let together = Semaphore::new(INSIDE_TOGETHER);
    // All begin at once when the watcher does, and are spread over the time until their next turn.
    let mut begun: HashSet<InstanceId> = HashSet::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        let next = due.values().min().copied().unwrap_or_else(|| Instant::now() + FLEET_EVERY);
        tokio::select! {
            () = sleep_until(next) => {}
            () = shared.suspected.notified() => {}
            Some((id, ill)) = under_way.next(), if !under_way.is_empty() => {
                let rank = u32::try_from(begun.len()).unwrap_or_default();
                let wait = match (ill, begun.insert(id)) {
                    (true, _) => INSIDE_ILL,
                    (false, true) => Duration::from_millis(phase(rank, u64::try_from(every.as_millis()).unwrap_or(u64::MAX))),
                    (false, false) => every,
                };
                due.insert(id, Instant::now() + wait);
                if sender.send(Came::Inside(id, ill)).is_err() {
                    return;
                }
            }
        }
        let serving = lock(&shared.serving).clone();
        let suspects = std::mem::take(&mut *lock(&shared.suspects));
        let now = Instant::now();
        due.retain(|id, _| serving.contains(id));
        begun.retain(|id| serving.contains(id));
        for id in serving {
            let at = due.entry(id).or_insert(now);
            // Whoever is being asked just now has no next time yet.
            let asks = *at <= now || (suspects.contains(&id) && *at < now + NEVER);
            if asks {
                *at = now + NEVER * 2;
                let (tools, shared, together, pulses) = (&tools, &shared, &together, &pulses);
                under_way.push(async move {
                    let _one = together.acquire().await;
                    (id, inside(tools, shared, pulses, id).await)
                });
            }
        }
    }
}

/// Asks an instance for its sites, which only one whose PHP and database work can tell; takes note of them. Gives whether it is ill.
async fn inside(tools: &Tools, shared: &Shared, pulses: &Pulses, id: InstanceId) -> bool {
    for again in [true, false] {
        match timeout(INSIDE, pulse(tools, id)).await {
            Ok(Ok((instance, mut pulse))) => {
                keep_own(tools, &instance, &mut pulse).await;
                match note(tools, &instance, &pulse).await {
                    Ok(true) => {
                        shared.changed.store(true, Ordering::Relaxed);
                        shared.soon.notify_one();
                    }
                    Ok(false) => {}
                    Err(error) => warn!(%error, instance = %id, "the sites could not be noted"),
                }
                pulses.tell(instance, pulse);
                return false;
            }
            Ok(Err(error)) => {
                debug!(%error, instance = %id, "does not answer inside");
                if again {
                    sleep(AGAIN).await;
                }
            }
            Err(_) => debug!(instance = %id, "does not answer inside in time"),
        }
    }
    true
}

/// A site whose host does not lead to the instance is not its own, whatever its tables say.
async fn keep_own(tools: &Tools, instance: &Instance, pulse: &mut Pulse) {
    let mut own: HashMap<String, bool> = HashMap::new();
    for beat in &pulse.blogs {
        let host = host(&beat.blog).to_owned();
        if own.contains_key(&host) {
            continue;
        }
        let leads = match host.parse::<Domain>() {
            Ok(domain) => {
                store::instances::by_domain(&tools.store, &domain).await.is_ok_and(|to| to.is_some_and(|(id, _)| id == instance.id))
            }
            Err(_) => false,
        };
        own.insert(host, leads);
    }
    pulse.blogs.retain(|beat| own.get(host(&beat.blog)) == Some(&true));
}

fn host(blog: &Blog) -> &str {
    blog.domain.split(':').next().unwrap_or_default()
}

/// Makes the instance's checks those of its open sites. Gives whether anything had to be changed.
async fn note(tools: &Tools, instance: &Instance, pulse: &Pulse) -> Result<bool> {
    let open = pulse.blogs.iter().map(|beat| &beat.blog).filter(|blog| !blog.archived && !blog.deleted);
    let sites: Vec<Found> = open.map(found).collect();
    store::checks::sync(&tools.store, instance.municipality, instance.id, &sites, tools.clock.now()).await
}

async fn pulse(tools: &Tools, id: InstanceId) -> Result<(Instance, Pulse)> {
    let target = tools.target(id).await?;
    let key = target.secret("agent_key").await?;
    let pulse = tools.wordpress.pulse(&target.site()?, &key).await?;
    Ok((target.instance, pulse))
}

fn found(blog: &Blog) -> Found {
    Found { blog: blog.id, host: blog.domain.clone(), path: if blog.path.is_empty() { "/".to_owned() } else { blog.path.clone() } }
}
