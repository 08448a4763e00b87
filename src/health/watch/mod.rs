// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The watcher: turns the wheel, asks, and has written what follows. One turn never waits for anything outside: whatever takes time
//! goes on beside it and comes back as a [`Came`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::info;

use super::{
    blame,
    desk::{Act, Desk, Open, Scene},
    history::{Block, Ledger},
    monitor::{Ask, Monitor, Pace},
    observer::{Clocks, disturbed},
    verdict::{Change, Standing},
    wheel::{SLOT, milliseconds},
};
use crate::{
    drivers::probe::Probe,
    error::Result,
    fleet::{
        Incident, IncidentId, InstanceId, MunicipalityId, OperationId, OperationKind,
        health::{Failure, Health, Sample},
        incident::{Cause, CauseKind, Member},
        outside::Look,
    },
    instances::Tools,
    platform::disks,
    store::{self, checks::Remembered},
};

mod ask;
mod beside;
mod canaries;
mod clocks;
mod collect;
mod eye;
pub mod figures;
mod jobs;
pub mod keeper;
mod target;
mod writer;

pub use clocks::now;
pub(crate) use collect::tell_all;
pub use target::Target;

/// So many checks of one instance, or of one municipality's other addresses, are under way at once.
const OF_ONE: usize = 4;
/// How often it is decided what to tell, in milliseconds.
const SETTLE_EVERY: u64 = 1000;
/// How often the history is written, in milliseconds.
const WRITE_EVERY: u64 = 300_000;

/// What comes back from beside.
#[derive(Debug)]
pub enum Came {
    /// What a check gave, with the count of disturbances when it was begun.
    Sample(Ask, Sample, u64),
    /// What was seen of a check from outside, with the count of disturbances when it was begun.
    Looked(u32, Box<Look>, u64),
    /// Whether an instance answers inside.
    Inside(InstanceId, bool),
    /// Whether the platform's services are well, by kind and name.
    Platform(Vec<(CauseKind, String, bool)>),
    /// Some of what is to be checked.
    Checks(Checks),
    /// All of it was told, where it may have changed, and what is going on.
    Fleet(Box<Fleet>),
}

/// Some checks with what was remembered of each. All of them are told by number and piece by piece, since together they take a lot.
#[derive(Debug)]
pub struct Checks {
    /// Whether the telling begins with them.
    pub first: bool,
    /// These.
    pub some: Vec<(Target, Standing)>,
    /// While it is held few others are read, so that they do not pile up here.
    _place: OwnedSemaphorePermit,
}

/// What is going on.
#[derive(Debug)]
pub struct Fleet {
    /// Whether what is to be checked may have changed; then all of it was told before.
    pub anew: bool,
    /// Instances that serve, whose checks are made.
    pub serving: BTreeMap<InstanceId, Serving>,
    /// Checks that somebody wants looked at from outside.
    pub wanted: Vec<u32>,
}

/// An instance that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Its name for people.
    pub label: String,
    /// The operation that changes it now, or the update after which it is watched.
    pub operation: Option<Underway>,
    /// Whether an operation changes it now.
    pub changing: bool,
    /// Plugins, with their version, that threw somewhere in the fleet just now, and its sites that run them.
    pub throwing: BTreeMap<String, BTreeSet<u64>>,
}

/// An operation that may be what makes sites fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Underway {
    /// Which.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// When it was begun; what failed before is not its doing.
    pub since: Timestamp,
}

struct Checked {
    check: Arc<Target>,
    limit: Arc<Semaphore>,
}

/// See the module.
pub struct Watcher {
    tools: Tools,
    probe: Arc<dyn Probe>,
    monitor: Monitor,
    desk: Desk,
    ledger: Ledger,
    checks: HashMap<u32, Checked>,
    /// All that is known, also of instances that do not serve now.
    all: BTreeMap<u32, Arc<Target>>,
    /// The same as it is being told.
    told: Vec<Arc<Target>>,
    /// What is remembered of those that are not checked now.
    resting: HashMap<u32, Standing>,
    serving: BTreeMap<InstanceId, Serving>,
    limits: HashMap<(Option<InstanceId>, MunicipalityId), Arc<Semaphore>>,
    together: Arc<Semaphore>,
    sender: mpsc::UnboundedSender<Came>,
    receiver: mpsc::UnboundedReceiver<Came>,
    writer: writer::Writer,
    keeper: Option<keeper::Keeper>,
    beside: beside::Beside,
    eye: eye::Eye,
    clocks: Clocks,
    /// Counts what may have spoilt what is under way.
    disturbances: u64,
    settled: u64,
    written: u64,
}

impl Watcher {
    /// Goes on where the last one stopped.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn start(tools: &Tools) -> Result<Self> {
        let clocks = now(&*tools.clock);
        let settings = tools.settings.health;
        let pace = Pace { interval: u64::from(settings.interval_seconds) * 1000, slow: settings.slow_milliseconds };
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut ledger = Ledger::default();
        if let Some(history) = &tools.history {
            for (key, bytes) in history.all_of(Ledger::hour(clocks.wall)).await.unwrap_or_default() {
                if let Some(block) = Block::read(&bytes) {
                    ledger.resume(key, &block);
                }
            }
        }
        let mut open = BTreeMap::new();
        for (incident, members) in store::incidents::open(&tools.store).await? {
            let members = members.into_iter().collect();
            let opened = milliseconds(incident.opened_at);
            open.insert(incident.cause, Open { id: incident.id, certain: incident.certain, opened, members });
        }
        let left = beside::Left {
            in_doubt: canaries::causes().iter().any(|cause| open.contains_key(cause)),
            is_full: open.contains_key(&Cause { kind: CauseKind::Disk, of: disks::NAME.to_owned() }),
        };
        let mut eye = eye::Eye::new(tools.settings.outside.look_hours, clocks.wall);
        let mut last = None;
        loop {
            let looks = store::outside::some(&tools.store, last, beside::TOGETHER).await?;
            let Some((number, _)) = looks.last() else { break };
            last = Some(*number);
            eye.remember(&looks);
        }
        let mut watcher = Self {
            eye,
            probe: tools.probe.clone(),
            monitor: Monitor::new(pace, clocks.wall),
            desk: Desk::new(open),
            ledger,
            checks: HashMap::new(),
            all: BTreeMap::new(),
            told: Vec::new(),
            resting: HashMap::new(),
            serving: BTreeMap::new(),
            limits: HashMap::new(),
            together: Arc::new(Semaphore::new(usize::try_from(settings.at_once).unwrap_or(usize::MAX))),
            writer: writer::Writer::start(tools.store.clone(), tools.clock.clone(), tools.health_changed.clone()),
            keeper: tools.history.clone().map(|history| keeper::Keeper::start(history, settings.slow_milliseconds)),
            beside: beside::Beside::start(tools, sender.clone(), left),
            sender,
            receiver,
            clocks,
            disturbances: 0,
            settled: clocks.wall,
            written: clocks.wall,
            tools: tools.clone(),
        };
        // Before anything was found to be ill, incidents that are open cannot be over.
        let fleet = beside::fleet(tools, true, &mut beside::Throwing::default(), |some| watcher.take_checks(some)).await?;
        watcher.take_fleet(fleet);
        watcher.take_platform(beside::platform(tools, left.is_full).await);
        if left.in_doubt {
            // As the last one left it, until it was looked at again.
            let still = |cause: Cause| (cause.kind, cause.of.clone(), watcher.desk.open().contains_key(&cause));
            watcher.take_platform(canaries::causes().map(still).into());
        }
        Ok(watcher)
    }

    /// How many checks are made.
    #[must_use]
    pub fn len(&self) -> usize {
        self.monitor.len()
    }

    /// Whether nothing is checked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.monitor.is_empty()
    }

    /// Something of the fleet may have changed: it is looked at now instead of in some seconds.
    pub fn look_soon(&self) {
        self.beside.look_soon();
    }

    /// One turn.
    pub fn turn(&mut self) {
        self.turn_at(now(&*self.tools.clock));
    }

    /// One turn, by clocks that are read elsewhere.
    pub fn turn_at(&mut self, clocks: Clocks) {
        if let Some(disturbance) = disturbed(self.clocks, clocks, SLOT) {
            info!(?disturbance, "the watcher was disturbed; what it asked meanwhile does not count against anybody");
            self.disturbances += 1;
            figures::disturbed();
            self.monitor.start_over(clocks.wall);
            self.eye.start_over(clocks.wall);
        }
        self.clocks = clocks;
        let now = clocks.wall;
        while let Ok(came) = self.receiver.try_recv() {
            self.take(came, now);
        }
        let turn = self.monitor.turn(now);
        for number in turn.missed {
            figures::missed();
            self.monitor.came(number, Sample::Missed, 0, self.tools.clock.now());
        }
        for (number, failure) in turn.spared {
            if let Some((of, _)) = self.monitor.of(number) {
                self.ledger.note(of, number, now, Sample::Failed(failure));
            }
        }
        for ask in turn.asks {
            if !ask.again {
                figures::begun(now.saturating_sub(ask.due));
            }
            self.ask(ask);
        }
        self.look(now);
        if now >= self.settled + SETTLE_EVERY || now < self.settled {
            self.settled = now;
            self.settle(now);
            figures::watching(true, self.monitor.len());
        }
        if now >= self.written + WRITE_EVERY || now < self.written {
            self.written = now;
            self.write_history(now);
        }
    }

    /// Writes what is not written yet.
    pub async fn stop(mut self) {
        figures::watching(false, 0);
        let now = now(&*self.tools.clock).wall;
        self.settle(now);
        self.write_history(now);
        if let Some(keeper) = self.keeper.take() {
            keeper.stop().await;
        }
        self.writer.stop().await;
    }

    fn take(&mut self, came: Came, now: u64) {
        match came {
            Came::Sample(ask, sample, disturbances) => self.take_sample(ask, sample, disturbances, now),
            Came::Looked(number, look, disturbances) => self.take_look(number, *look, disturbances, now),
            Came::Inside(instance, ill) => self.tell(&Cause { kind: CauseKind::Instance, of: instance.text() }, ill, now),
            Came::Platform(services) => self.take_platform(services),
            Came::Checks(some) => self.take_checks(some),
            Came::Fleet(fleet) => self.take_fleet(*fleet),
        }
    }

    fn tell(&mut self, cause: &Cause, ill: bool, now: u64) {
        if let Some(at) = self.monitor.place(cause)
            && self.monitor.tell(at, ill, now)
        {
            info!(kind = %cause.kind, of = cause.of, ill, "what sites hang on");
        }
    }

    fn take_sample(&mut self, ask: Ask, sample: Sample, disturbances: u64, now: u64) {
        let unsure = !sample.is_well() && self.is_asked_outside(ask.number);
        let believed = sample.is_well() || (disturbances == self.disturbances && !(unsure && self.is_blind()));
        if unsure {
            self.beside.doubt();
        }
        let sample = if believed { sample } else { Sample::Missed };
        figures::came(sample);
        if let Some((of, _)) = self.monitor.of(ask.number) {
            self.ledger.note(of, ask.number, if ask.again { now } else { ask.due }, sample);
        }
        let change = self.monitor.came(ask.number, sample, now.saturating_sub(ask.due), self.tools.clock.now());
        if change == Some(Change::Suspected)
            && let Some(instance) = self.checks.get(&ask.number).and_then(|checked| checked.check.instance)
        {
            self.beside.suspect(instance);
        }
        if change == Some(Change::Suspected)
            && let Sample::Failed(Failure::Name | Failure::Handshake | Failure::CertificateExpired | Failure::CertificateWrong) = sample
        {
            self.ask_siblings(ask.number, now);
        }
    }

    /// Whether a check is asked by the public way.
    fn is_asked_outside(&self, number: u32) -> bool {
        let Some(check) = self.checks.get(&number).map(|checked| &checked.check) else { return false };
        (check.expects.is_some() || self.eye.ill(number).is_some()) && !check.subject().is_local()
    }

    /// Whether nothing outside can be seen now, so that what fails there says nothing.
    fn is_blind(&self) -> bool {
        let is_ill = |cause: &Cause| self.monitor.place(cause).is_some_and(|at| self.monitor.parents()[at].ill == Some(true));
        canaries::causes().iter().any(is_ill)
    }

    fn take_platform(&mut self, services: Vec<(CauseKind, String, bool)>) {
        let now = self.clocks.wall;
        for (kind, of, ill) in services {
            let failure = failure_of(kind);
            let cause = Cause { kind, of };
            let label = cause.of.clone();
            self.monitor.parent(cause.clone(), &label, None, failure);
            self.tell(&cause, ill, now);
        }
    }

    fn take_checks(&mut self, Checks { first, some, .. }: Checks) {
        if first {
            self.told.clear();
        }
        for (target, standing) in some {
            let number = target.number;
            if self.monitor.standing(number).is_none() {
                self.resting.entry(number).or_insert(standing);
            }
            let known = self.all.get(&number).filter(|known| ***known == target);
            self.told.push(known.cloned().unwrap_or_else(|| Arc::new(target)));
        }
    }

    fn take_fleet(&mut self, fleet: Fleet) {
        let now = self.clocks.wall;
        let before = std::mem::replace(&mut self.serving, fleet.serving);
        let moved: BTreeSet<InstanceId> =
            before.keys().chain(self.serving.keys()).filter(|id| before.get(id) != self.serving.get(id)).copied().collect();
        for number in fleet.wanted {
            self.eye.soon(number, now);
        }
        if moved.is_empty() && !fleet.anew {
            return;
        }
        if fleet.anew {
            self.all = std::mem::take(&mut self.told).into_iter().map(|target| (target.number, target)).collect();
            self.resting.retain(|number, _| self.all.contains_key(number));
        }
        let gone: Vec<u32> = self.checks.keys().filter(|number| !self.is_made(**number)).copied().collect();
        for number in gone {
            self.monitor.remove(number);
            self.checks.remove(&number);
            let others = self.eye.remove(number);
            self.put_again(others, now);
            if self.all.contains_key(&number) {
                // Of a site that is closed on purpose nothing is known.
                self.resting.insert(number, Standing::default());
                self.writer.write(vec![remembered(number, &Standing::default())], Vec::new());
            }
        }
        // A new site somewhere must not cost a turn that puts all others in again.
        let is_as_it_was = |check: &Arc<Target>| self.checks.get(&check.number).is_some_and(|known| Arc::ptr_eq(&known.check, check));
        let is_touched = |check: &Arc<Target>| !is_as_it_was(check) || check.instance.is_some_and(|id| moved.contains(&id));
        let touched = self.all.values().filter(|check| is_touched(check)).map(|check| check.number);
        let made: Vec<u32> = touched.filter(|number| self.is_made(*number)).collect();
        // What an operation has just changed may look different from outside.
        let over = |id: &InstanceId| {
            let operation = |serving: &BTreeMap<InstanceId, Serving>| serving.get(id).and_then(|serving| serving.operation.clone());
            operation(&before).is_some() && operation(&self.serving).is_none()
        };
        let over: BTreeSet<InstanceId> = moved.iter().filter(|id| over(id)).copied().collect();
        for number in made {
            self.put(number, now);
            if self.checks.get(&number).and_then(|checked| checked.check.instance).is_some_and(|id| over.contains(&id)) {
                self.eye.soon(number, now);
            }
        }
        self.resting.shrink_to_fit();
        let busy = self.serving.iter().filter(|(_, serving)| serving.changing).map(|(id, _)| *id).collect();
        self.beside.watch(self.serving.keys().copied().collect(), busy);
    }

    fn is_made(&self, number: u32) -> bool {
        self.all.get(&number).is_some_and(|check| check.instance.is_none_or(|id| self.serving.contains_key(&id)))
    }

    fn put(&mut self, number: u32, now: u64) {
        let Some(check) = self.all.get(&number).cloned() else { return };
        let standing = self.monitor.standing(number).or_else(|| self.resting.remove(&number)).unwrap_or_default();
        let of = Some(check.municipality);
        let moved = self.checks.get(&number).is_some_and(|known| known.check.subject() != check.subject());
        let others = self.eye.put(&check, moved, now);
        let shared = self.eye.shared(number);
        let mut parents = Vec::new();
        let mut hang = |kind: CauseKind, of: &str, label: &str, whose: Option<MunicipalityId>| {
            let cause = Cause { kind, of: of.to_owned() };
            parents.push(self.monitor.parent(cause, label, whose, failure_of(kind)));
        };
        if let Some(id) = check.instance {
            hang(CauseKind::Gateway, &self.tools.settings.gateway(), "gateway", None);
            hang(CauseKind::DatabaseServer, &self.tools.settings.database_server(), "database server", None);
            hang(CauseKind::Node, "engine", "engine", None);
            hang(CauseKind::Disk, disks::NAME, disks::NAME, None);
            if let Some(serving) = self.serving.get(&id) {
                hang(CauseKind::Instance, &id.text(), &serving.label, of);
                for (plugin, sites) in &serving.throwing {
                    if check.blog.is_some_and(|blog| sites.contains(&blog)) {
                        hang(CauseKind::Plugin, plugin, plugin, None);
                    }
                }
                let before =
                    |operation: &&Underway| standing.health.is_ill() && standing.since.is_some_and(|since| since < operation.since);
                if let Some(operation) = serving.operation.as_ref().filter(|operation| !before(operation)) {
                    hang(CauseKind::Operation, &operation.id.text(), &format!("{} ({})", serving.label, operation.kind), of);
                }
            }
        }
        for (cause, label) in shared {
            hang(cause.kind, &cause.of, &label, of);
        }
        self.monitor.put(number, check.municipality, check.address().clone(), &parents, standing, now);
        let limit = self.limits.entry((check.instance, check.municipality)).or_insert_with(|| Arc::new(Semaphore::new(OF_ONE))).clone();
        self.checks.insert(number, Checked { check, limit });
        self.put_again(others, now);
    }

    fn settle(&mut self, now: u64) {
        let remember: Vec<Remembered> =
            self.monitor.take_changed().into_iter().map(|(number, standing)| remembered(number, &standing)).collect();
        let failing = self.monitor.failing();
        let suspects = self.monitor.suspects(&failing);
        let causes: Vec<(Cause, u64)> = self.monitor.parents().iter().map(|parent| (parent.cause.clone(), parent.since)).collect();
        let scene = Scene { now, suspects: &suspects, causes: &causes, failing: &failing, checked: self.monitor.len() };
        let acts = self.desk.settle(scene, IncidentId::generate);
        let changes: Vec<store::incidents::Change> = acts.into_iter().filter_map(|act| self.change(act, &failing)).collect();
        if !remember.is_empty() || !changes.is_empty() {
            self.writer.write(remember, changes);
        }
    }

    fn change(&self, act: Act, failing: &[blame::Failing]) -> Option<store::incidents::Change> {
        use store::incidents::Change as C;
        Some(match act {
            Act::Open(cause, id, certain) => {
                let incident = self.incident(cause, id, certain, failing);
                info!(kind = %incident.cause.kind, of = incident.label, certain, incident = %id, "incident opened");
                C::Open(Box::new(incident))
            }
            Act::Certain(id) => C::Certain(id),
            Act::Join(id, number, failure) => {
                let (municipality, label) = self.monitor.of(number)?;
                let since = self.monitor.standing(number).and_then(|standing| standing.since).unwrap_or_else(|| self.tools.clock.now());
                C::Join(id, Box::new(Member { number, municipality, slug: None, label: label.to_owned(), failure, since, until: None }))
            }
            Act::Leave(id, number) => C::Leave(id, number),
            Act::Merge(id, into) => C::Merge(id, into),
            Act::Resolve(id) => {
                info!(incident = %id, "incident resolved");
                C::Resolve(id)
            }
        })
    }

    fn incident(&self, cause: Cause, id: IncidentId, certain: bool, failing: &[blame::Failing]) -> Incident {
        let parent = self.monitor.place(&cause).map(|at| &self.monitor.parents()[at]);
        let number = (cause.kind == CauseKind::Check).then(|| cause.of.parse::<u32>().ok()).flatten();
        let own = number.and_then(|number| self.monitor.of(number));
        let label = parent.map(|parent| parent.label.clone()).or_else(|| own.map(|(_, label)| label.to_owned()));
        let municipality = parent.and_then(|parent| parent.municipality).or_else(|| own.map(|(of, _)| of));
        let failure = number.and_then(|number| failing.iter().find(|f| f.site == number)).map(|f| f.failure);
        // A disk without room is not what visitors meet.
        let shared = parent.filter(|_| certain && cause.kind != CauseKind::Disk && !cause.kind.is_sight());
        let failure = failure.or_else(|| shared.map(|parent| parent.failure));
        let label = label.unwrap_or_else(|| cause.of.clone());
        Incident { id, failure, certain, ..Incident::opened(cause, label, municipality, self.tools.clock.now()) }
    }

    fn write_history(&mut self, now: u64) {
        if let Some(keeper) = &self.keeper {
            keeper.keep(self.ledger.unwritten(), now);
            self.ledger.written(now);
        }
    }
}

fn remembered(number: u32, standing: &Standing) -> Remembered {
    Remembered {
        number,
        health: standing.health,
        failure: standing.failure.filter(|_| standing.health != Health::Ok),
        since: standing.since,
        standing: serde_json::to_string(standing).unwrap_or_default(),
    }
}

/// How checks fail because of what they hang on.
fn failure_of(kind: CauseKind) -> Failure {
    match kind {
        CauseKind::Gateway => Failure::Refused,
        CauseKind::DatabaseServer => Failure::NoDatabase,
        CauseKind::Node | CauseKind::Egress => Failure::Unreachable,
        CauseKind::Zone | CauseKind::Resolver => Failure::Name,
        CauseKind::Certificate => Failure::CertificateExpired,
        CauseKind::Operation => Failure::Maintenance,
        CauseKind::Disk => Failure::ServerError,
        CauseKind::Check | CauseKind::Instance | CauseKind::Plugin | CauseKind::Observer => Failure::NoUpstream,
    }
}
