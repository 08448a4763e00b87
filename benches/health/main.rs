// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Watching 87,000 sites against Prometheus' blackbox_exporter, in one run on loopback: processor time for each thousand probes,
//! memory, lateness, how soon a fault is told, and whether chance raises anything. `cargo bench --bench health [-- --municipalities N]
//! [--sites N] [--minutes N]`; `docs/benchmarks.md` tells more.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss, dead_code)]

#[path = "../../tests/it/support/fleet.rs"]
mod fleet;
#[path = "../../tests/it/support/post.rs"]
mod post;
#[path = "../support/mod.rs"]
mod support;
mod target;
mod watched;

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant, UNIX_EPOCH},
};

use flotta::drivers::probe::{Asked, Probe, kept::Kept};
use futures::{StreamExt, stream};
use mimalloc::MiMalloc;
use post::Hook;
use support::{argument, percentile};
use target::{Target, now, processor, resident, until};
use tokio::time::sleep;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Probes at once, as many as a busy exporter has.
const AT_ONCE: usize = 32;
/// Probes that are measured one after another, beside the watcher.
const PROBES: usize = 20_000;

#[tokio::main]
async fn main() {
    let all: Vec<String> = std::env::args().collect();
    let number = |at: usize| all[at].parse::<u32>().unwrap();
    match all.get(1).map(String::as_str) {
        Some("watch") => watched::run(Path::new(&all[2]), u16::try_from(number(3)).unwrap(), number(4), number(5), &all[6]).await,
        Some("handshakes") => {
            let probe = Kept::https(([127, 0, 0, 1], u16::try_from(number(2)).unwrap()).into(), 1).unwrap();
            ask_all(&probe, PROBES, |_| Asked { host: "localhost".to_owned(), path: "/".to_owned(), apart: true }).await;
            println!("{}", processor(std::process::id()));
        }
        _ => compare().await,
    }
}

/// Asks so many times; gives the seconds that it took.
async fn ask_all(probe: &dyn Probe, count: usize, asked: impl Fn(usize) -> Asked) -> f64 {
    let began = Instant::now();
    let each = stream::iter(0..count).map(|n| {
        let asked = asked(n);
        async move {
            let answer = probe.ask(&asked).await.unwrap();
            assert_eq!(answer.status, 200);
        }
    });
    each.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    began.elapsed().as_secs_f64()
}

/// A process that ends with this one.
struct Own(Child);

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Seconds of the exporter's processor time for each thousand probes: in clear, and by TLS.
async fn blackbox(target: &Target, home: &Path) -> (f64, f64) {
    let file = home.join("blackbox.yml");
    let module = |name: &str| {
        format!(
            "  {name}:\n    prober: http\n    timeout: 10s\n    http:\n      preferred_ip_protocol: ip4\n      fail_if_body_not_matches_regexp: ['</html>']\n      tls_config: {{insecure_skip_verify: true}}\n"
        )
    };
    std::fs::write(&file, format!("modules:\n{}", module("page"))).unwrap();
    let port = fleet::free_port();
    let exporter = Command::new("prometheus-blackbox-exporter")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus-blackbox-exporter is installed (apt-get install prometheus-blackbox-exporter)");
    let exporter = Own(exporter);
    let driver = Kept::http(([127, 0, 0, 1], port).into(), AT_ONCE);
    let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(until(Duration::from_secs(20), listens).await, "the exporter listens");
    let mut each = Vec::new();
    for url in [format!("http://127.0.0.1:{}/", target.plain), format!("https://127.0.0.1:{}/", target.tls)] {
        let path = format!("/probe?module=page&target={url}");
        let host = format!("127.0.0.1:{port}");
        let works = driver.ask(&Asked { host: host.clone(), path: path.clone(), apart: false }).await.unwrap();
        assert!(String::from_utf8_lossy(&works.body).contains("probe_success 1"), "{}", String::from_utf8_lossy(&works.body));
        let before = processor(exporter.0.id());
        ask_all(&driver, PROBES, |_| Asked { host: host.clone(), path: path.clone(), apart: false }).await;
        each.push((processor(exporter.0.id()) - before) * 1000.0 / PROBES as f64);
    }
    (each[0], each[1])
}

fn itself(arguments: &[String]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    command
}

fn handshakes(target: &Target) -> f64 {
    let out = itself(&["handshakes".to_owned(), target.tls.to_string()]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().parse::<f64>().unwrap() * 1000.0 / PROBES as f64
}

/// What the watcher's process told: a kind, when it was opened, a label.
type Told = Arc<Mutex<Vec<String>>>;

struct Watch {
    process: Own,
    told: Told,
}

impl Watch {
    async fn start(home: &Path, target: &Target, municipalities: u32, sites: u32, hook: &Hook) -> Self {
        let arguments = [
            "watch".to_owned(),
            home.display().to_string(),
            target.plain.to_string(),
            municipalities.to_string(),
            sites.to_string(),
            hook.at(""),
        ];
        let mut process = itself(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let told: Told = Told::default();
        let (lines, out) = (told.clone(), process.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in std::io::BufRead::lines(std::io::BufReader::new(out)) {
                lines.lock().unwrap().push(line.unwrap());
            }
        });
        let watch = Self { process: Own(process), told };
        assert!(until(Duration::from_secs(600), || watch.lines("ready").len() == 1).await, "the watcher starts");
        watch
    }

    fn lines(&self, word: &str) -> Vec<String> {
        self.told.lock().unwrap().iter().filter(|line| line.starts_with(word)).cloned().collect()
    }

    fn tell(&mut self, line: &str) {
        let input = self.process.0.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Incidents of a kind: when each was opened, and its label.
    fn incidents(&self, kind: &str) -> Vec<(u64, String)> {
        let lines = self.lines(&format!("incident {kind}"));
        let fields = lines.iter().map(|line| line.splitn(4, ' ').skip(2).collect::<Vec<_>>());
        fields.map(|f| (f[0].parse().unwrap(), f[1].to_owned())).collect()
    }

    /// How late checks were begun since this was asked last: half of them, 99 of a hundred, and all at most.
    async fn lateness(&mut self) -> String {
        let before = self.lines("late").len();
        self.tell("lateness");
        assert!(until(Duration::from_secs(60), || self.lines("late").len() > before).await, "it tells how late it was");
        self.lines("late")[before].split(' ').skip(1).collect::<Vec<_>>().join(", ")
    }

    fn all(&self) -> usize {
        self.lines("incident").len()
    }
}

/// Requests in each whole second of the last so many.
fn seconds(target: &Target, last: u64) -> Vec<f64> {
    let now = now() / 1000;
    let seconds = target.state.seconds.lock().unwrap();
    (now - last..now).map(|second| f64::from(seconds.get(&second).copied().unwrap_or(0))).collect()
}

async fn compare() {
    let municipalities = u32::try_from(argument("--municipalities").unwrap_or(290)).unwrap();
    let sites = u32::try_from(argument("--sites").unwrap_or(300)).unwrap();
    let minutes = argument("--minutes").unwrap_or(5) as u64;
    let home = tempfile::tempdir().unwrap();
    let target = Target::start().await;
    let hook = Hook::start().await;
    let count = f64::from(municipalities * sites);
    println!("{count} sites; the exporter and handshakes first");
    let (plain, tls) = blackbox(&target, home.path()).await;
    let own_tls = handshakes(&target);
    println!("the fleet is made");
    std::fs::create_dir(home.path().join("home")).unwrap();
    let mut watch = Watch::start(&home.path().join("home"), &target, municipalities, sites, &hook).await;
    let pid = watch.process.0.id();

    println!("two minutes until all is known, then {minutes} minutes in which one in a thousand fails by chance");
    sleep(Duration::from_secs(130)).await;
    watch.lateness().await;
    target.state.chance.store(1000, Ordering::Relaxed);
    let (asked, cpu, began) = (target.state.asked.load(Ordering::Relaxed), processor(pid), Instant::now());
    sleep(Duration::from_secs(minutes * 60)).await;
    let took = began.elapsed().as_secs_f64();
    let probes = (target.state.asked.load(Ordering::Relaxed) - asked) as f64;
    let cores = (processor(pid) - cpu) / took;
    let own_plain = cores * took * 1000.0 / probes;
    let simulated: f64 = watch.lines("simulated")[0].split(' ').nth(1).unwrap().parse().unwrap();
    let (memory, most_memory) = resident(pid);
    let each = seconds(&target, minutes * 60 - 1);
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    let busiest = each.iter().copied().fold(0.0, f64::max) / mean;
    let by_chance = target.state.failed.load(Ordering::Relaxed);
    target.state.chance.store(0, Ordering::Relaxed);
    let invented = watch.all();
    let late = watch.lateness().await;

    println!("a site is added");
    let added = Instant::now();
    watch.tell("site");
    let newest = || target.state.newest.load(Ordering::Relaxed) >= sites;
    assert!(until(Duration::from_secs(900), newest).await, "the new site is asked for");
    let added = added.elapsed().as_secs_f64();
    let late_then = watch.lateness().await;

    println!("fifty sites fall, one after another");
    sleep(Duration::from_secs(30)).await;
    for n in 0..watched::falling(municipalities) {
        let (host, path) = watched::address(watched::falls(n, municipalities), n % sites);
        target.state.down.lock().unwrap().insert(format!("{host}{path}"), now());
        sleep(Duration::from_millis(1777)).await;
    }
    let down = target.state.down.lock().unwrap().clone();
    until(Duration::from_secs(180), || hook.seen().len() >= down.len()).await;
    let mut confirmed: Vec<f64> = watch
        .incidents("check")
        .iter()
        .filter_map(|(at, label)| {
            let key = if label.contains('/') { label.clone() } else { format!("{label}/") };
            Some((at.saturating_sub(*down.get(&key)?)) as f64 / 1000.0)
        })
        .collect();
    let found = confirmed.len();
    let others = watch.all() - invented - found;
    // Each municipality that has a site which falls has a hook of its own.
    let since = |path: &str| down.iter().find(|(key, _)| key.starts_with(&format!("{}.", path.trim_start_matches('/')))).map(|(_, at)| *at);
    let told = |seen: &post::Seen| {
        let at = u64::try_from(seen.at.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        Some(at.saturating_sub(since(&seen.path)?) as f64 / 1000.0)
    };
    let mut told: Vec<f64> = hook.seen().iter().filter_map(told).collect();
    target.state.down.lock().unwrap().clear();
    sleep(Duration::from_secs(90)).await;

    println!("the watcher is killed, and another takes over");
    watch.tell("restart");
    let killed = now();
    let full = |second: f64| second >= mean * 0.95;
    sleep(Duration::from_secs(2)).await;
    until(Duration::from_secs(300), || seconds(&target, 2).iter().all(|s| full(*s))).await;
    let again = (now() - killed) as f64 / 1000.0 - 2.0;

    println!("the gateway stops");
    sleep(Duration::from_secs(60)).await;
    let before = watch.all();
    let stopped = now();
    watch.tell("gateway down");
    until(Duration::from_secs(120), || !watch.incidents("gateway").is_empty()).await;
    let gateway = watch.incidents("gateway").first().map_or(f64::NAN, |(at, _)| at.saturating_sub(stopped) as f64 / 1000.0);
    sleep(Duration::from_secs(30)).await;
    let with_gateway = watch.all() - before;

    println!("| what | goal | blackbox_exporter | Flotta |\n| --- | --- | --- | --- |");
    println!("| CPU for 1000 probes, in clear | ≤ 0.15 s | {plain:.3} s | {own_plain:.3} s ({:.2} ×) |", own_plain / plain);
    println!("| CPU for 1000 probes, whole TLS handshake | ≤ 0.8 s | {tls:.3} s | {own_tls:.3} s ({:.2} ×) |", own_tls / tls);
    println!("| {count} sites each minute, cores | ≤ 0.5 | {:.2} (calculated) | {cores:.2} |", plain * mean / 1000.0);
    let (own, most) = (memory - simulated, most_memory - simulated);
    println!("| memory, now and at most, less the simulated fleet's {simulated:.0} MB | ≤ 150 MB | | {own:.0} MB, {most:.0} MB |");
    println!("| lateness p50, p99, most | p99 ≤ 100 ms | | {late} ms |");
    println!("| the same until a site that is added is asked for, {added:.0} s | | | {late_then} ms |");
    println!("| busiest second against the mean ({mean:.0}/s) | ≤ 1.05 | | {busiest:.3} |");
    println!("| a watcher that is killed, until full cadence | ≤ 60 s | | {again:.1} s |");
    println!(
        "| one site down, confirmed p50, p99 ({found} of {}, {others} others) | | | {:.1}, {:.1} s |",
        down.len(),
        percentile(&mut confirmed, 0.5),
        percentile(&mut confirmed, 0.99)
    );
    println!(
        "| the same, until a hook of its municipality has it ({}) | p99 ≤ 95 s | | {:.1}, {:.1} s |",
        told.len(),
        percentile(&mut told, 0.5),
        percentile(&mut told, 0.99)
    );
    println!("| gateway down, told; incidents | ≤ 30 s; 1 | | {gateway:.1} s; {with_gateway} |");
    println!("| incidents in {minutes} minutes with {by_chance} random failures | 0 | | {invented} |");
}
