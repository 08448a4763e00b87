// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The whole outside, simulated: one host with its engine, a database server, a gateway, and WordPress in the containers.
//!
//! The simulated drivers (`*/simulated.rs`) all hold the same [`World`] and keep the promises of their traits on it. A test
//! plans faults with [`World::inject`], walks every call point with [`World::calls`], meddles by hand
//! ([`World::kill`], [`World::remove_container`], …), and at the end asks [`World::leftovers`] and [`World::effects`].
//! Time is tokio's, so a paused clock works.
//!
//! ```text
//! simulated drivers ──► call (log, fault, effect) ──► State: engine · database server · gateway · WordPress
//! ```

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::SecretString;
use tokio::sync::watch;

use super::gateway::Route;
use crate::{
    error::{Error, OutsideKind, Result},
    fleet::container::ImageState,
};

mod engine;
mod fault;
mod hand;
mod image;
mod parse;
#[cfg(test)]
pub(in crate::drivers) mod samples;
pub(in crate::drivers) mod site;
pub(in crate::drivers) mod sql;

pub(in crate::drivers) use fault::Call;
pub use fault::{CallRecord, Fault, Occurrence, Rule};
pub use site::{FAULT, WANTS};

/// The log keeps this many calls.
const LOG_LENGTH: usize = 100_000;

/// The simulated outside. Cheap to clone; every clone is the same world.
#[derive(Clone)]
pub struct World(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    calls_made: watch::Sender<u64>,
}

/// A world as it was at one moment; see [`World::save`].
pub struct Saved(State);

/// Everything there is.
#[derive(Clone, Default)]
pub(in crate::drivers) struct State {
    pub(in crate::drivers) host: Host,
    pub(in crate::drivers) engine: engine::Engine,
    pub(in crate::drivers) database: Database,
    pub(in crate::drivers) gateway: Gateway,
    /// Whether the call at hand breaks halfway.
    pub(in crate::drivers) halfway: bool,
    rules: Vec<Rule>,
    calls: VecDeque<CallRecord>,
    calls_by_name: BTreeMap<&'static str, u64>,
    effects: BTreeMap<String, u64>,
    timing: Timing,
}

#[derive(Clone)]
pub(in crate::drivers) struct Host {
    pub(in crate::drivers) memory_mib: u64,
    pub(in crate::drivers) cpus: u32,
    /// Free bytes were there nothing of what the world holds.
    pub(in crate::drivers) disk_bytes: u64,
    pub(in crate::drivers) routes: Vec<String>,
}

impl Default for Host {
    fn default() -> Self {
        Self { memory_mib: 262_144, cpus: 8, disk_bytes: 1 << 40, routes: Vec::new() }
    }
}

#[derive(Clone, Default)]
pub(in crate::drivers) struct Database {
    pub(in crate::drivers) schemas: BTreeMap<String, sql::Schema>,
    pub(in crate::drivers) users: BTreeMap<String, SecretString>,
    /// The container that it runs in; none where it answers always.
    pub(in crate::drivers) container: Option<String>,
}

#[derive(Clone, Default)]
pub(in crate::drivers) struct Gateway {
    pub(in crate::drivers) routes: Vec<Route>,
    /// The container that it runs in; none where it answers always.
    pub(in crate::drivers) container: Option<String>,
}

#[derive(Clone, Copy, Default)]
struct Timing {
    latency: Duration,
    boot: Duration,
    time_out: Option<Duration>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A host with 256 GiB of memory, 8 cores, 1 TiB of disk and the project's images; nothing else.
    #[must_use]
    pub fn new() -> Self {
        let world = Self(Arc::new(Shared { state: Mutex::default(), calls_made: watch::Sender::new(0) }));
        for (reference, title, version) in [
            ("flotta/wordpress:6.8", "wordpress", "6.8.3"),
            ("flotta/mariadb:11.8", "mariadb", "11.8"),
            ("flotta/gateway:2.6", "gateway", "2.6"),
        ] {
            let mut labels = BTreeMap::from([
                ("org.opencontainers.image.title".to_owned(), title.to_owned()),
                ("org.opencontainers.image.version".to_owned(), version.to_owned()),
            ]);
            if title == "wordpress" {
                labels.insert("se.flotta.contract".to_owned(), "wordpress".to_owned());
                labels.insert("se.flotta.constants".to_owned(), "/etc/flotta/constants.php".to_owned());
            }
            world.add_image(
                reference,
                ImageState { id: image_id(reference), labels, environment: Vec::new(), user: "www-data".to_owned(), layers: 9 },
            );
            if title == "wordpress" {
                world.put_image_files(reference, image::wordpress());
            }
        }
        world
    }

    /// Keeps everything as it is now, to be had again by [`Self::restore`].
    #[must_use]
    pub fn save(&self) -> Saved {
        Saved(self.lock().clone())
    }

    /// Makes everything what it was, without planned faults, with an empty log. Listeners for events go away.
    pub fn restore(&self, saved: &Saved) {
        let mut state = self.lock();
        *state = saved.0.clone();
        state.rules.clear();
        state.calls.clear();
        state.calls_by_name.clear();
        state.effects.clear();
        state.engine.listeners.clear();
        drop(state);
        self.0.calls_made.send_replace(0);
    }

    pub(in crate::drivers) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans a fault. Of several rules that strike the same call, the one put in first wins.
    pub fn inject(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    /// Forgets every planned fault.
    pub fn clear_faults(&self) {
        self.lock().rules.clear();
    }

    /// Every call so far, in order (the last 100,000 of them).
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.lock().calls.iter().cloned().collect()
    }

    /// Empties the log and starts its counts anew.
    pub fn clear_calls(&self) {
        let mut state = self.lock();
        state.calls.clear();
        state.calls_by_name.clear();
        drop(state);
        self.0.calls_made.send_replace(0);
    }

    /// Waits until the nth call of this name was made (it may not have had its effect yet); the first is 1.
    pub async fn call_reached(&self, name: &str, nth: u64) {
        let mut made = self.0.calls_made.subscribe();
        let reached = |_: &u64| self.lock().calls_by_name.get(name).is_some_and(|count| *count >= nth);
        // The sender lives as long as the world does, so this ends only by success.
        let _closed_never = made.wait_for(reached).await;
    }

    /// How often each effect was had, such as `container created flotta-db-1`: `network|volume|container|schema|user|route
    /// created|removed`, `container started|stopped`, `image pulled`, `wordpress installed SCHEMA`, `script run SCHEMA`,
    /// `user changed SCHEMA` (another password), `route changed ID`, `gateway loaded`,
    /// `invitation made DOMAIN`.
    #[must_use]
    pub fn effects(&self) -> BTreeMap<String, u64> {
        self.lock().effects.clone()
    }

    /// How often this effect was had.
    #[must_use]
    pub fn effect(&self, effect: &str) -> u64 {
        self.lock().effects.get(effect).copied().unwrap_or(0)
    }

    /// Forgets the counts of the effects.
    pub fn clear_effects(&self) {
        self.lock().effects.clear();
    }

    /// How long every call takes from now on; zero at first.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().timing.latency = latency;
    }

    /// How long a container's web server takes from its start until it answers; zero at first.
    pub fn set_boot_time(&self, boot: Duration) {
        self.lock().timing.boot = boot;
    }

    /// After what time a call that gets no answer gives up as unreachable, as the real drivers do by themselves; none at
    /// first: then it waits for ever, and the caller's own time-out must end it.
    pub fn set_time_out(&self, time_out: Option<Duration>) {
        self.lock().timing.time_out = time_out;
    }

    /// The one way into the world: logs the call, finds its fault, has its effect.
    pub(in crate::drivers) async fn call<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let system = call.system();
        match self.outcome(call, effect).await? {
            (value, None) => Ok(value),
            (_, Some(fault)) => Err(fault.error(system)),
        }
    }

    /// The same for calls that hand on a stream: besides the value, the fault that comes after it.
    pub(in crate::drivers) async fn outcome<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<(T, Option<Fault>)> {
        let system = call.system();
        let (strike, latency) = self.record(call);
        if latency.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(latency).await;
        }
        match strike {
            None => effect(&mut self.lock()).map(|value| (value, None)),
            Some((Fault::NeverBefore, _)) => self.no_answer(system).await,
            Some((Fault::NeverAfter, _)) => {
                effect(&mut self.lock())?;
                self.no_answer(system).await
            }
            Some((Fault::LateBefore(delay), _)) => {
                let world = self.clone();
                // A task of its own: what was asked happens even where the caller has gone away by then.
                let late = tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    effect(&mut world.lock()).map(|value| (value, None))
                });
                late.await.map_err(|error| Error::Internal(error.to_string()))?
            }
            Some((Fault::Halfway, _)) => {
                let mut state = self.lock();
                state.halfway = true;
                let result = effect(&mut state);
                state.halfway = false;
                result.map(|value| (value, Some(Fault::Halfway)))
            }
            Some((fault, true)) => effect(&mut self.lock()).map(|value| (value, Some(fault))),
            Some((fault, false)) => Err(fault.error(system)),
        }
    }

    fn record(&self, call: Call) -> (Option<(Fault, bool)>, Duration) {
        let mut state = self.lock();
        let mut strike = None;
        for rule in &mut state.rules {
            if rule.strikes(&call) && strike.is_none() {
                strike = Some((rule.fault, rule.after));
            }
        }
        let ordinal = state.calls.back().map_or(1, |last| last.ordinal + 1);
        let nth = state.calls_by_name.entry(call.name).or_default();
        *nth += 1;
        let nth = *nth;
        let Call { name, subject, detail } = call;
        state.calls.push_back(CallRecord { ordinal, nth, name, subject, detail, fault: strike.map(|(fault, _)| fault) });
        if state.calls.len() > LOG_LENGTH {
            state.calls.pop_front();
        }
        let latency = state.timing.latency;
        drop(state);
        self.0.calls_made.send_replace(ordinal);
        (strike, latency)
    }

    /// What a call without an answer ends with, if ever.
    pub(in crate::drivers) async fn no_answer<T>(&self, system: &'static str) -> Result<T> {
        let time_out = self.lock().timing.time_out;
        match time_out {
            None => pending().await,
            Some(time_out) => {
                tokio::time::sleep(time_out).await;
                Err(Fault::NeverBefore.error(system))
            }
        }
    }
}

impl State {
    /// Counts an effect; tells how often it was had by now.
    pub(in crate::drivers) fn count(&mut self, effect: impl Into<String>) -> u64 {
        let count = self.effects.entry(effect.into()).or_default();
        *count += 1;
        *count
    }

    /// Bytes that everything in the world takes.
    pub(in crate::drivers) fn used_bytes(&self) -> u64 {
        let schemas: u64 = self.database.schemas.values().map(|s| 65_536 + s.bytes()).sum();
        self.engine.bytes() + schemas
    }

    pub(in crate::drivers) fn free_bytes(&self) -> u64 {
        self.host.disk_bytes.saturating_sub(self.used_bytes())
    }

    pub(in crate::drivers) fn need_disk(&self, system: &'static str, bytes: u64) -> Result<()> {
        if self.free_bytes() >= bytes {
            return Ok(());
        }
        Err(Error::outside(system, OutsideKind::Full, "no space left on device"))
    }

    /// The database server itself, where it can be reached.
    pub(in crate::drivers) fn database(&mut self) -> Result<&mut Database> {
        if self.serves(self.database.container.as_deref()) {
            return Ok(&mut self.database);
        }
        Err(Error::outside("database server", OutsideKind::Unreachable, "no connection"))
    }

    /// The gateway itself, where it can be reached.
    pub(in crate::drivers) fn gateway(&mut self) -> Result<&mut Gateway> {
        if self.serves(self.gateway.container.as_deref()) {
            return Ok(&mut self.gateway);
        }
        Err(Error::outside("gateway", OutsideKind::Unreachable, "no connection"))
    }

    fn serves(&self, container: Option<&str>) -> bool {
        let up = |name| self.engine.containers.get(name).is_some_and(|c: &engine::Container| c.state.running && !c.state.paused);
        container.is_none_or(up)
    }

    fn schema_names(&self) -> BTreeSet<&String> {
        self.database.schemas.keys().chain(self.database.users.keys()).collect()
    }
}

/// A refusal that will not pass by itself.
pub(in crate::drivers) fn refused(system: &'static str, message: impl Into<String>) -> Error {
    Error::outside(system, OutsideKind::Refused, message)
}

/// The id of the image that a reference stands for, where the world makes one up.
#[must_use]
pub fn image_id(reference: &str) -> String {
    use sha2::Digest;
    let hex: String = sha2::Sha256::digest(reference.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::engine::{Engine, simulated::SimulatedEngine};

    async fn gives_up<T>(future: impl Future<Output = T>) -> bool {
        tokio::time::timeout(Duration::from_secs(30), future).await.is_err()
    }

    fn kind<T>(result: Result<T>) -> Option<OutsideKind> {
        match result {
            Err(Error::Outside { kind, .. }) => Some(kind),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_fault_strikes_before_or_after_the_effect() {
        for (fault, kind_of) in [
            (Fault::Fail500, OutsideKind::Failed),
            (Fault::Conflict409, OutsideKind::Conflict),
            (Fault::Refused, OutsideKind::Refused),
            (Fault::DiskFull, OutsideKind::Full),
            (Fault::Unreachable, OutsideKind::Unreachable),
        ] {
            for after in [false, true] {
                let world = World::new();
                let engine = SimulatedEngine::new(world.clone());
                let rule = Rule::on("engine.create_volume", fault).subject("t1-ale").nth(1);
                world.inject(if after { rule.after() } else { rule });
                engine.create_volume(&samples::volume("t1-other")).await.unwrap();
                assert_eq!(kind(engine.create_volume(&samples::volume("t1-ale")).await), Some(kind_of));
                assert_eq!(world.effect("volume created t1-ale"), u64::from(after));
                engine.create_volume(&samples::volume("t1-ale")).await.unwrap();
                assert_eq!(world.effect("volume created t1-ale"), 1);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_come_late_or_never() {
        let world = World::new();
        let engine = SimulatedEngine::new(world.clone());
        let volume = samples::volume("t1-ale");
        world.inject(Rule::on("engine.create_volume", Fault::NeverBefore).nth(1));
        world.inject(Rule::on("engine.create_volume", Fault::LateBefore(Duration::from_secs(5))).nth(2));
        world.inject(Rule::on("engine.create_volume", Fault::LateBefore(Duration::from_secs(60))).nth(3));
        world.inject(Rule::on("engine.create_volume", Fault::NeverAfter).nth(4));
        let made = || world.effect("volume created t1-ale");

        assert!(gives_up(engine.create_volume(&volume)).await);
        assert_eq!(made(), 0);
        engine.create_volume(&volume).await.unwrap();
        assert_eq!(made(), 1);
        world.remove_volume("t1-ale").unwrap();
        assert!(gives_up(engine.create_volume(&volume)).await);
        assert_eq!(made(), 1);
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert_eq!(made(), 2, "it happens though the caller has gone away");
        world.remove_volume("t1-ale").unwrap();
        assert!(gives_up(engine.create_volume(&volume)).await);
        assert_eq!(made(), 3);

        world.set_time_out(Some(Duration::from_secs(10)));
        world.inject(Rule::on("engine.*", Fault::NeverBefore));
        assert_eq!(kind(engine.info().await), Some(OutsideKind::Unreachable));
        world.clear_faults();
        world.set_latency(Duration::from_secs(1));
        let before = tokio::time::Instant::now();
        engine.info().await.unwrap();
        assert_eq!(before.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test]
    async fn the_log_tells_every_call_point() {
        let world = World::new();
        let engine = SimulatedEngine::new(world.clone());
        let waiting = tokio::spawn({
            let world = world.clone();
            async move { world.call_reached("engine.volume", 2).await }
        });
        world.inject(Rule::on("*", Fault::Fail500).until(2));
        for name in ["a", "b"] {
            assert!(engine.volume(name).await.is_err());
        }
        waiting.await.unwrap();
        engine.info().await.unwrap();
        let calls = world.calls();
        let seen: Vec<_> = calls.iter().map(|c| (c.ordinal, c.nth, c.name, c.subject.as_str(), c.fault)).collect();
        assert_eq!(
            seen,
            [
                (1, 1, "engine.volume", "a", Some(Fault::Fail500)),
                (2, 2, "engine.volume", "b", Some(Fault::Fail500)),
                (3, 1, "engine.info", "", None),
            ]
        );
        world.clear_calls();
        engine.info().await.unwrap();
        assert_eq!(world.calls()[0].ordinal, 1);
    }

    #[tokio::test]
    async fn three_hundred_instances_are_cheap() {
        let world = samples::world();
        for n in 0..300_u16 {
            let slug = format!("m{n}");
            let [high, low] = (n + 10).to_be_bytes();
            let mut spec = samples::instance(&slug, 0);
            spec.attachment = samples::attached(high, low);
            world.create_schema(&format!("flt_{slug}"));
            world.lock().database.users.insert(format!("flt_{slug}"), SecretString::from("p"));
            world.run_container(spec).unwrap();
            samples::install(&world, &slug).await;
        }
        assert_eq!(world.leftovers(&"t1".parse().unwrap()).len(), 300 * 4 + 1);
        assert!(world.leftovers(&"t2".parse().unwrap()).iter().all(|l| l.contains("flt_")));
    }
}
