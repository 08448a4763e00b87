// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A theme update over thirty municipalities against what a city's own script does per server, on the same engine, images and
//! database server, in one run, with visitors all the while; then what going back costs. `cargo bench --bench rollout [-- --count N]
//! [--megabytes N]`; `docs/benchmarks.md` tells more.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss, dead_code)]

#[path = "../tests/it/support/fleet.rs"]
mod fleet;
#[path = "../tests/it/support/image.rs"]
mod image;
mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use fleet::{Fleet, RELEASE_IMAGE, free_port};
use flotta::{
    fleet::{Instance, Operation, OperationState, Release, RolloutId, Scope, rollout::RolloutState, update::Migration},
    onboarding,
    rollouts::{
        rehearsals,
        request::{self, KnobsRequest, Request},
        updates::{self, Order},
    },
    store,
};
use image::{Images, MIGRATES, Theme};
use support::{argument, by_hand, docker, gateway_by_hand, percentile, script};

/// People who ask for these hosts' front pages in turn, ten times a second.
struct Crowd {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<(usize, usize)>,
}

impl Crowd {
    fn come(scheme: &'static str, port: u16, hosts: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let mut client = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20));
        for host in &hosts {
            client = client.resolve(host, ([127, 0, 0, 1], port).into());
        }
        let client = client.build().unwrap();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(100));
            let mut asked = tokio::task::JoinSet::new();
            for at in 0.. {
                tick.tick().await;
                if told.load(Ordering::Relaxed) {
                    break;
                }
                let (client, url) = (client.clone(), format!("{scheme}://{}:{port}/", hosts[at % hosts.len()]));
                asked.spawn(async move {
                    match client.get(url).send().await {
                        Ok(answer) => answer.status() == 200 && answer.text().await.is_ok_and(|page| page.contains("<footer>kommun")),
                        Err(_) => false,
                    }
                });
            }
            let seen = asked.join_all().await;
            (seen.len(), seen.iter().filter(|well| !**well).count())
        });
        Self { stop, task }
    }

    /// How many asked, and how many of them got no page.
    async fn leave(self) -> (usize, usize) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

struct Bench {
    fleet: Fleet,
    slugs: Vec<String>,
}

impl Bench {
    async fn onboard(&self, release: &Release) {
        let tools = &self.fleet.app.tools;
        let mut ids = Vec::new();
        for slug in &self.slugs {
            let request = onboarding::Request { release: Some(release.name.clone()), ..Fleet::request(slug) };
            ids.push(onboarding::start(tools, &request, "bench", None).await.unwrap().operation.id);
        }
        self.fleet.app.signals.operations.notify_one();
        for id in ids {
            self.fleet.done(id).await;
        }
    }

    fn hosts(&self) -> Vec<String> {
        self.slugs.iter().map(|slug| format!("{slug}.localhost")).collect()
    }

    async fn instance(&self, slug: &str) -> Instance {
        let found = store::instances::all(&self.fleet.app.tools.store, &Scope::Fleet).await.unwrap();
        found.into_iter().find(|i| i.slug.as_str() == slug).unwrap()
    }

    /// Rolls a release out to all: one first, then the others. Gives the seconds, and each one's update.
    async fn roll_out(&self, release: &Release, migration: &str, rehearse: bool) -> (f64, Vec<Operation>) {
        let tools = &self.fleet.app.tools;
        let knobs = KnobsRequest {
            in_flight: Some(4),
            soak_seconds: Some(vec![0]),
            rehearse: (!rehearse).then(|| "skip".to_owned()),
            migration: (!rehearse).then(|| migration.to_owned()),
            ..KnobsRequest::default()
        };
        let request = Request { release: release.name.clone(), waves: vec!["1".into(), "100%".into()], knobs, ..Request::default() };
        let began = Instant::now();
        let id = request::start(tools, &request, "bench").await.unwrap().id;
        self.fleet.app.signals.rollouts.notify_one();
        loop {
            let (rollout, members) = store::rollouts::whole(&tools.store, id).await.unwrap();
            if rollout.state == RolloutState::Completed {
                let took = began.elapsed().as_secs_f64();
                let mut done = Vec::new();
                for member in members {
                    done.push(store::operations::get(&tools.store, &Scope::Fleet, member.update.unwrap()).await.unwrap());
                }
                return (took, done);
            }
            let still = rollout.state.is_final() || rollout.state == RolloutState::Paused;
            assert!(!still && began.elapsed() < Duration::from_secs(1800), "{rollout:?}\n{}", self.told(id).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn told(&self, id: RolloutId) -> String {
        let events = store::rollouts::events_after(&self.fleet.app.tools.store, &Scope::Fleet, id, 0).await.unwrap();
        events.iter().map(|e| format!("{e:?}\n")).collect()
    }

    /// Takes an update back; gives the seconds.
    async fn revert(&self, update: &Operation, with_data: bool) -> f64 {
        let tools = &self.fleet.app.tools;
        let now = store::instances::get(&tools.store, &Scope::Fleet, update.instance).await.unwrap();
        let began = Instant::now();
        let operation = updates::revert(tools, &now, update, with_data, "bench", None).await.unwrap().operation;
        self.fleet.app.signals.operations.notify_one();
        self.fleet.done(operation.id).await;
        began.elapsed().as_secs_f64()
    }

    /// Fills an instance's schema with so many megabytes that hardly compress.
    fn fill(&self, schema: &str, megabytes: usize) {
        let piece = ["TO_BASE64(RANDOM_BYTES(1024))"; 8].join(", ");
        // 8 × 1,390 bytes a row.
        let rows = megabytes * 1_000_000 / 11_120;
        let sql = format!(
            "USE {schema}; CREATE TABLE wp_fill (id INT PRIMARY KEY, body MEDIUMTEXT) CHARACTER SET ascii; \
             INSERT INTO wp_fill SELECT seq, CONCAT({piece}) FROM seq_1_to_{rows};"
        );
        docker(&["exec", &format!("{}-db-1", self.fleet.app.config.fleet.fleet), "mariadb", "-e", &sql]);
    }
}

fn figures(what: &str, goal: &str, values: &mut [f64], unit: &str) {
    let (middle, most) = (percentile(values, 0.5), percentile(values, 0.95));
    println!("{what:<38} p50 {middle:.2} {unit}, p95 {most:.2} {unit} of {}{goal}", values.len());
}

#[tokio::main]
async fn main() {
    let count = argument("--count").unwrap_or(30);
    let megabytes = argument("--megabytes").unwrap_or(1024);
    let names = |prefix: &str| (0..count).map(|i| format!("{prefix}{i:03}")).collect::<Vec<_>>();
    let fleet = Fleet::start_with(|raw| {
        raw.network.memory_overcommit = 100.0;
        "256M".clone_into(&mut raw.network.buffer_pool);
        // What pictures cost is Chromium's business, and the city's script takes none.
        raw.rehearsals.pictures = 0;
    })
    .await;
    let mut images = Images::new(&fleet.app.config.fleet.fleet);
    let theme = |version| Theme { version, functions: "", single: "", run: "" };
    let first = images.release(&fleet, "kommun-1.0", &theme("1.0")).await;
    let second = images.release(&fleet, "kommun-1.1", &theme("1.1")).await;
    let third = images.release(&fleet, "kommun-1.2", &theme("1.2")).await;
    let moving = images.release(&fleet, "kommun-2.0", &Theme { functions: MIGRATES, ..theme("2.0") }).await;
    let large = images.release(&fleet, "kommun-2.1", &Theme { functions: MIGRATES, ..theme("2.1") }).await;
    let prefix = format!("flotta-test/{}", fleet.app.config.fleet.fleet);
    let tag = |name: &str| format!("{prefix}:{name}");
    let port = free_port();
    let bench = Bench { fleet, slugs: names("f") };
    let servers = names("h");
    gateway_by_hand(&bench.fleet, port);
    bench.onboard(&first).await;
    by_hand(&bench.fleet, RELEASE_IMAGE, port, &servers);
    script("by_script.sh", &["adopt"], &bench.fleet, &tag("kommun-1.0"), port, &servers);

    // The last way leaves no health checks behind that would weigh on what is measured next.
    let mut by_script = Vec::new();
    for (verb, image, what) in [("update", "kommun-1.1", "checked every 5 s"), ("unchecked", "kommun-1.2", "no health check")] {
        let crowd = Crowd::come("http", port, servers.iter().map(|slug| format!("{slug}.localhost")).collect());
        let (took, mut each) = script("by_script.sh", &[verb], &bench.fleet, &tag(image), port, &servers);
        let (asked, failed) = crowd.leave().await;
        println!("the city's script, {what:<20} {took:.1} s, {failed} of {asked} visits failed");
        figures("one server of it", "", &mut each, "s");
        by_script.push((took, failed));
    }

    let https = bench.fleet.app.config.gateway.https_port;
    let crowd = Crowd::come("https", https, bench.hosts());
    let (by_flotta, done) = bench.roll_out(&second, "none", false).await;
    let (asked, lost) = crowd.leave().await;
    println!("a rollout by Flotta                     {by_flotta:.1} s, {lost} of {asked} visits failed (goal 0)");

    let mut back = Vec::new();
    for update in done.iter().take(20) {
        back.push(bench.revert(update, false).await);
    }
    figures("back to the code before", "", &mut back, "s");

    let (rehearsed, _) = bench.roll_out(&third, "none", true).await;
    println!("a rollout with rehearsals               {rehearsed:.1} s, {:.2} s more for each", (rehearsed - by_flotta) / count as f64);
    let operation = rehearsals::start(&bench.fleet.app.tools, &bench.instance("f000").await, moving.id, None, "bench").await.unwrap();
    bench.fleet.app.signals.operations.notify_one();
    let began = Instant::now();
    bench.fleet.done(operation.id).await;
    println!("one rehearsal, alone                    {:.2} s", began.elapsed().as_secs_f64());

    let (migrated, done) = bench.roll_out(&moving, "data", false).await;
    let mut paused = Vec::new();
    for update in &done {
        assert_eq!(update.state, OperationState::Done);
        let ended = updates::ended(&bench.fleet.app.tools, update).await.unwrap().unwrap();
        paused.push(ended.paused_milliseconds.unwrap() as f64 / 1000.0);
    }
    println!("a rollout that migrates data            {migrated:.1} s");
    figures("write pause of one", "", &mut paused, "s");
    let mut back = Vec::new();
    for update in done.iter().skip(1).take(5) {
        back.push(bench.revert(update, true).await);
    }
    figures("back to the code and data before", "", &mut back, "s");

    let instance = bench.instance("f000").await;
    bench.fill(&instance.schema(), megabytes);
    let order = Order { release: large.id, migration: Migration::Data, rollout: None, drain: Duration::from_secs(10) };
    let began = Instant::now();
    let started = updates::update(&bench.fleet.app.tools, &instance, &order, "bench", None).await.unwrap();
    bench.fleet.app.signals.operations.notify_one();
    let update = bench.fleet.done(started.operation.id).await;
    println!("update with a schema of {megabytes} MB         {:.1} s", began.elapsed().as_secs_f64());
    println!("back to its code and data before        {:.1} s", bench.revert(&update, true).await);

    for server in &servers {
        let container = format!("{}-hand-{server}", bench.fleet.app.config.fleet.fleet);
        docker(&["rm", "-f", &container]);
        docker(&["volume", "rm", "-f", &container]);
    }
    let [(checked, failed), (unchecked, more)] = by_script[..] else { unreachable!() };
    println!(
        "rollout: Flotta against the script {:.2} (goal 0.35), without health checks {:.2}; failed visits {lost} against {failed} and {more}",
        by_flotta / checked,
        by_flotta / unchecked
    );
}
