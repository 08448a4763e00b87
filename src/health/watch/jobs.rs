// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Runs WordPress' jobs, of every site: visitors wake none. Whose job waits longest comes first, of one instance one site at a time and
//! of the fleet a few, so that no instance with many sites is in the way of others.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tracing::{debug, info, warn};

use crate::{
    drivers::wordpress::{Beat, Blog, Pulse, Ran},
    error::{Error, OutsideKind, Result},
    fleet::{
        FindingKind, Instance, InstanceId,
        facts::{LATE, MISSED},
        finding::{About, Found},
    },
    instances::Tools,
    store,
};

/// So many sites' jobs run at once.
const TOGETHER: usize = 8;
/// How often it is looked whose jobs are due.
const LOOK: Duration = Duration::from_secs(1);
/// A site is not asked again sooner.
const AGAIN: Duration = Duration::from_secs(30);
/// One site's jobs take no longer.
const AT_MOST: Duration = Duration::from_secs(140);
/// Jobs that were asked for so often and still wait are stuck.
const TRIES: u32 = 2;

/// A site's jobs. Those of all sites are held at all times, so it is small.
#[derive(Clone, Debug)]
struct Site {
    /// Its host, which most sites of an instance share.
    host: Arc<str>,
    path: Box<str>,
    /// When the next one is due, in seconds since 1970.
    next: Option<i64>,
    asked: Option<Instant>,
    /// How often they were asked for since they last got on.
    tries: u32,
    /// What went wrong last.
    error: Box<str>,
    /// What stands in the store, where anything was written.
    written: Option<Waits>,
}

/// How long jobs have waited: what is told apart of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waits {
    late: bool,
    missed: bool,
}

impl From<u64> for Waits {
    fn from(seconds: u64) -> Self {
        Self { late: seconds >= LATE, missed: seconds >= MISSED }
    }
}

impl Site {
    fn new(host: Arc<str>, path: &str) -> Self {
        Self { host, path: path.into(), next: None, asked: None, tries: 0, error: Box::default(), written: None }
    }

    fn overdue(&self, now: i64) -> u64 {
        self.next.map_or(0, |next| u64::try_from(now - next).unwrap_or(0))
    }

    fn is_stuck(&self, now: i64) -> bool {
        self.overdue(now) >= MISSED && self.tries >= TRIES
    }

    fn is_decided(&self, now: i64) -> bool {
        self.overdue(now) < MISSED || self.tries >= TRIES
    }
}

struct Of {
    instance: Instance,
    sites: BTreeMap<u64, Site>,
    /// The sites that were told to be stuck; none before anything was told.
    told: Option<BTreeSet<u64>>,
}

/// Runs until nobody tells anything any more. `idle` tells whether an instance serves and nothing changes it.
pub(super) async fn run(tools: Tools, mut pulses: mpsc::UnboundedReceiver<(Instance, Pulse)>, idle: impl Fn(InstanceId) -> bool) {
    let mut all: HashMap<InstanceId, Of> = HashMap::new();
    let mut busy: BTreeSet<InstanceId> = BTreeSet::new();
    let mut under_way = FuturesUnordered::new();
    let mut tick = interval(LOOK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            came = pulses.recv() => match came {
                Some((instance, pulse)) => {
                    let id = instance.id;
                    take(&mut all, instance, pulse);
                    settle(&tools, &mut all, id).await;
                }
                None => return,
            },
            Some((id, blog, done)) = under_way.next(), if !under_way.is_empty() => {
                busy.remove(&id);
                if let Some(site) = all.get_mut(&id).and_then(|of| of.sites.get_mut(&blog)) {
                    came_back(site, done, tools.clock.now().as_second());
                }
                settle(&tools, &mut all, id).await;
            }
            _ = tick.tick() => {}
        }
        let now = tools.clock.now().as_second();
        for (id, blog) in due(&all, &busy, now, &idle).into_iter().take(TOGETHER.saturating_sub(under_way.len())) {
            let Some(site) = all.get_mut(&id).and_then(|of| of.sites.get_mut(&blog)) else { continue };
            site.asked = Some(Instant::now());
            busy.insert(id);
            let asked = Blog { id: blog, domain: site.host.to_string(), path: site.path.to_string(), ..Blog::default() };
            let tools = &tools;
            under_way.push(async move {
                let done = timeout(AT_MOST, ask(tools, id, &asked)).await;
                let late = || Err(Error::outside("wordpress", OutsideKind::Unreachable, "the jobs did not end in time"));
                (id, blog, done.unwrap_or_else(|_| late()))
            });
        }
    }
}

/// Whose jobs are due, the longest waiting first, one of each instance.
fn due(all: &HashMap<InstanceId, Of>, busy: &BTreeSet<InstanceId>, now: i64, idle: impl Fn(InstanceId) -> bool) -> Vec<(InstanceId, u64)> {
    let first = |(id, of): (&InstanceId, &Of)| {
        let sites = of.sites.iter().filter(|(_, site)| site.asked.is_none_or(|asked| asked.elapsed() >= AGAIN));
        // Those that do not get on come after the others.
        let next = sites.filter_map(|(blog, site)| Some(((site.tries > 0, site.next.filter(|next| *next <= now)?), *blog))).min()?;
        Some((next.0, *id, next.1))
    };
    let free = all.iter().filter(|(id, _)| !busy.contains(*id) && idle(**id));
    let mut due: Vec<_> = free.filter_map(first).collect();
    due.sort_unstable();
    due.into_iter().map(|(_, id, blog)| (id, blog)).collect()
}

async fn ask(tools: &Tools, id: InstanceId, blog: &Blog) -> Result<Ran> {
    let target = tools.target(id).await?;
    let key = target.secret("agent_key").await?;
    tools.wordpress.run_jobs(&target.site()?, &key, blog).await
}

fn take(all: &mut HashMap<InstanceId, Of>, instance: Instance, pulse: Pulse) {
    let of = all.entry(instance.id).or_insert_with(|| Of { instance: instance.clone(), sites: BTreeMap::new(), told: None });
    of.instance = instance;
    let mut before = std::mem::take(&mut of.sites);
    let mut host: Arc<str> = Arc::default();
    let open = pulse.blogs.into_iter().filter(|beat| !beat.blog.archived && !beat.blog.deleted);
    let site = |Beat { blog, next, .. }: Beat| {
        if *host != *blog.domain {
            host = blog.domain.as_str().into();
        }
        let known = before.remove(&blog.id).filter(|known| *known.path == *blog.path);
        let known = known.unwrap_or_else(|| Site::new(host.clone(), &blog.path));
        (blog.id, Site { host: host.clone(), next, ..known })
    };
    of.sites = open.map(site).collect();
}

fn came_back(site: &mut Site, done: Result<Ran>, now: i64) {
    match done {
        // Somebody else runs them: no wonder that they wait.
        Ok(ran) if ran.busy => site.next = ran.next,
        Ok(ran) => {
            metrics::counter!("flotta_jobs_total", "outcome" => "ran").increment(u64::from(ran.ran));
            metrics::counter!("flotta_jobs_total", "outcome" => "failed").increment(u64::from(ran.failed));
            site.next = ran.next;
            site.error = Box::default();
            let gets_on = ran.ran + ran.failed > 0 || site.overdue(now) == 0;
            site.tries = if gets_on { 0 } else { site.tries.saturating_add(1) };
        }
        Err(error) => {
            metrics::counter!("flotta_jobs_total", "outcome" => "unreached").increment(1);
            debug!(%error, site = %site.host, path = %site.path, "jobs were not run");
            site.error = error.to_string().into();
            site.tries = site.tries.saturating_add(1);
        }
    }
}

/// Writes which sites' jobs are late, and tells which are stuck.
async fn settle(tools: &Tools, all: &mut HashMap<InstanceId, Of>, id: InstanceId) {
    let Some(of) = all.get_mut(&id) else { return };
    let at = tools.clock.now();
    let now = at.as_second();
    let moved: Vec<(u64, u64)> = of
        .sites
        .iter()
        .map(|(blog, site)| (*blog, site.overdue(now), site.written))
        .filter(|(_, overdue, written)| *written != Some(Waits::from(*overdue)))
        .map(|(blog, overdue, _)| (blog, overdue))
        .collect();
    if !moved.is_empty() {
        match store::facts::set_overdue(&tools.store, id, &moved).await {
            Ok(()) => {
                for (blog, overdue) in moved {
                    if let Some(site) = of.sites.get_mut(&blog) {
                        site.written = Some(overdue.into());
                    }
                }
            }
            Err(error) => warn!(%error, instance = %id, "late jobs could not be noted"),
        }
    }
    // What waited while no control plane ran is not told of before it was asked for.
    if !of.sites.values().all(|site| site.is_decided(now)) {
        return;
    }
    let stuck: BTreeSet<u64> = of.sites.iter().filter(|(_, site)| site.is_stuck(now)).map(|(blog, _)| *blog).collect();
    if of.told.as_ref() == Some(&stuck) {
        return;
    }
    let found: Vec<Found> = stuck.iter().filter_map(|blog| Some(told(*blog, of.sites.get(blog)?))).collect();
    let about = About::Instance(id);
    match store::findings::sync(&tools.store, of.instance.municipality, &about, &[FindingKind::CronStuck], &found, at).await {
        Ok(changes) => {
            if !changes.opened.is_empty() {
                info!(instance = %id, sites = stuck.len(), "jobs are stuck");
            }
            of.told = Some(stuck);
        }
        Err(error) => warn!(%error, instance = %id, "stuck jobs could not be told of"),
    }
}

fn told(blog: u64, site: &Site) -> Found {
    let subject = format!("{}{}", site.host, site.path.trim_end_matches('/'));
    let since = site.next.and_then(|next| jiff::Timestamp::from_second(next).ok()).map(|at| at.to_string());
    Found { kind: FindingKind::CronStuck, blog: Some(blog), subject, evidence: json!({"due_since": since, "error": site.error}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(next: i64) -> Site {
        Site { next: Some(next), ..Site::new("ale.se".into(), "/") }
    }

    #[test]
    fn jobs_that_do_not_get_on_are_stuck() {
        let mut one = site(0);
        let now = 4000;
        assert!(!one.is_decided(now) && !one.is_stuck(now));
        for tries in 1..=2 {
            came_back(&mut one, Ok(Ran { ran: 0, next: Some(0), ..Ran::default() }), now);
            assert_eq!((one.tries, one.is_stuck(now)), (tries, tries == 2));
        }
        came_back(&mut one, Ok(Ran { ran: 1, next: Some(0), ..Ran::default() }), now);
        assert_eq!(one.tries, 0, "it gets on");
        came_back(&mut one, Err(Error::Internal("x".to_owned())), now);
        came_back(&mut one, Ok(Ran { busy: true, next: Some(0), ..Ran::default() }), now);
        assert_eq!(one.tries, 1);
        came_back(&mut one, Ok(Ran { ran: 0, next: Some(5000), ..Ran::default() }), now);
        assert_eq!((one.tries, one.overdue(now), one.is_decided(now)), (0, 0, true));
    }
}
