// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What goes on beside the wheel: the platform's services, the insides of instances, and which sites there are.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::{Instant, sleep},
};
use tracing::{debug, warn};

use super::{Came, Fleet, Serving};
use crate::{
    drivers::wordpress::Blog,
    error::Result,
    fleet::{Instance, InstanceId, InstanceState, Scope, incident::CauseKind},
    instances::Tools,
    platform,
    store::{self, checks::Found},
};

/// How often the platform's services are looked at.
const PLATFORM_EVERY: Duration = Duration::from_secs(10);
/// What failed once is looked at again so soon.
const AGAIN: Duration = Duration::from_secs(2);
/// How often it is looked what is to be checked.
const FLEET_EVERY: Duration = Duration::from_secs(5);
/// How often an instance is asked inside.
const INSIDE_EVERY: Duration = Duration::from_secs(300);
/// The same while it does not answer.
const INSIDE_ILL: Duration = Duration::from_secs(10);
/// So many are asked inside at once.
const INSIDE_TOGETHER: usize = 8;

/// Tasks beside the watcher; they end with it.
pub(super) struct Beside {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    serving: Mutex<BTreeSet<InstanceId>>,
    suspects: Mutex<BTreeSet<InstanceId>>,
    suspected: Notify,
    platform: Notify,
    soon: Notify,
    /// Whether the checks in the store may be others than before.
    changed: AtomicBool,
}

impl Beside {
    pub(super) fn start(tools: &Tools, sender: mpsc::UnboundedSender<Came>) -> Self {
        let shared = Arc::new(Shared::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_platform(tools.clone(), shared.clone(), sender.clone()));
        tasks.spawn(watch_fleet(tools.clone(), shared.clone(), sender.clone()));
        tasks.spawn(watch_insides(tools.clone(), shared.clone(), sender));
        Self { shared, _tasks: tasks }
    }

    /// These instances serve.
    pub(super) fn watch(&self, serving: BTreeSet<InstanceId>) {
        *lock(&self.shared.serving) = serving;
        self.shared.suspected.notify_one();
    }

    /// A site of this instance failed: what it hangs on is looked at now.
    pub(super) fn suspect(&self, instance: InstanceId) {
        lock(&self.shared.suspects).insert(instance);
        self.shared.suspected.notify_one();
        self.shared.platform.notify_one();
    }

    pub(super) fn look_soon(&self) {
        self.shared.soon.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch_platform(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>) {
    loop {
        tokio::select! {
            () = sleep(PLATFORM_EVERY) => {}
            () = shared.platform.notified() => {}
        }
        let mut seen = platform(&tools).await;
        if seen.iter().any(|(_, _, ill)| *ill) {
            // Ill is what fails twice; what failed once may have been a request that was lost.
            sleep(AGAIN).await;
            let again = platform(&tools).await;
            for (kind, of, ill) in &mut seen {
                *ill &= again.iter().any(|(other, name, ill)| (other, name, ill) == (&*kind, &*of, &true));
            }
        }
        if sender.send(Came::Platform(seen)).is_err() {
            return;
        }
        sleep(AGAIN).await;
    }
}

/// How the platform's services are.
pub(super) async fn platform(tools: &Tools) -> Vec<(CauseKind, String, bool)> {
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
    platform::status(tools).await.into_iter().filter_map(known).collect()
}

async fn watch_fleet(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>) {
    loop {
        tokio::select! {
            () = sleep(FLEET_EVERY) => {}
            () = shared.soon.notified() => {}
        }
        let changed = shared.changed.swap(false, Ordering::Relaxed);
        match fleet(&tools, changed).await {
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

/// What is to be checked, read from the store; the checks themselves only where they may have changed.
pub(super) async fn fleet(tools: &Tools, changed: bool) -> Result<Fleet> {
    let instances = store::instances::all(&tools.store, &Scope::Fleet).await?;
    let mut operations: HashMap<InstanceId, _> = HashMap::new();
    for operation in store::operations::live(&tools.store).await? {
        operations.insert(operation.instance, (operation.id.text(), operation.kind));
    }
    let ids: Vec<InstanceId> = instances.iter().map(|instance| instance.id).collect();
    let ended = store::checks::keep_only(&tools.store, &ids, tools.clock.now()).await?;
    let checks = if changed || ended { Some(store::checks::all(&tools.store).await?) } else { None };
    let serving: BTreeMap<InstanceId, Serving> = instances
        .into_iter()
        .filter(serves)
        .map(|instance| (instance.id, Serving { label: instance.key(), operation: operations.remove(&instance.id) }))
        .collect();
    Ok(Fleet { checks, serving })
}

/// Whether visitors should be served.
fn serves(instance: &Instance) -> bool {
    use InstanceState as S;
    matches!(instance.state, S::Running | S::Repairing | S::Updating | S::Quarantined)
}

async fn watch_insides(tools: Tools, shared: Arc<Shared>, sender: mpsc::UnboundedSender<Came>) {
    let mut due: HashMap<InstanceId, (Instant, bool)> = HashMap::new();
    loop {
        let next = due.values().map(|(at, _)| *at).min().unwrap_or_else(|| Instant::now() + FLEET_EVERY);
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = shared.suspected.notified() => {}
        }
        let serving = lock(&shared.serving).clone();
        let now = Instant::now();
        due.retain(|id, _| serving.contains(id));
        for id in &serving {
            due.entry(*id).or_insert((now, false));
        }
        for id in std::mem::take(&mut *lock(&shared.suspects)) {
            if let Some((at, _)) = due.get_mut(&id) {
                *at = now;
            }
        }
        let now_due: Vec<InstanceId> = due.iter().filter(|(_, (at, _))| *at <= now).map(|(id, _)| *id).collect();
        let asked: Vec<(InstanceId, bool)> = stream::iter(now_due)
            .map(|id| {
                let (tools, shared) = (&tools, &shared);
                async move { (id, inside(tools, shared, id).await) }
            })
            .buffer_unordered(INSIDE_TOGETHER)
            .collect()
            .await;
        for (id, ill) in asked {
            due.insert(id, (Instant::now() + if ill { INSIDE_ILL } else { INSIDE_EVERY }, ill));
            if sender.send(Came::Inside(id, ill)).is_err() {
                return;
            }
        }
    }
}

/// Asks an instance for its sites, which only one whose PHP and database work can tell; takes note of them. Gives whether it is ill.
async fn inside(tools: &Tools, shared: &Shared, id: InstanceId) -> bool {
    for again in [true, false] {
        match blogs(tools, id).await {
            Ok((instance, blogs)) => {
                let found: Vec<Found> = blogs.iter().filter(|blog| !blog.archived && !blog.deleted).map(found).collect();
                match store::checks::sync(&tools.store, instance.municipality, id, &found, tools.clock.now()).await {
                    Ok(true) => {
                        shared.changed.store(true, Ordering::Relaxed);
                        shared.soon.notify_one();
                    }
                    Ok(false) => {}
                    Err(error) => warn!(%error, instance = %id, "the sites could not be noted"),
                }
                return false;
            }
            Err(error) => debug!(%error, instance = %id, "does not answer inside"),
        }
        if again {
            sleep(AGAIN).await;
        }
    }
    true
}

async fn blogs(tools: &Tools, id: InstanceId) -> Result<(Instance, Vec<Blog>)> {
    let target = tools.target(id).await?;
    let key = target.secret("agent_key").await?;
    let blogs = tools.wordpress.blogs(&target.site()?, &key).await?;
    Ok((target.instance, blogs))
}

fn found(blog: &Blog) -> Found {
    Found { blog: blog.id, host: blog.domain.clone(), path: if blog.path.is_empty() { "/".to_owned() } else { blog.path.clone() } }
}
