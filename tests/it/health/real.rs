// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Faults made for real on a small fleet, each told with its cause, once, and over when it is. Flotta's keeper is held back, as it
//! would mend most of them before anybody could tell.

use std::{process::Command, time::Duration};

use diesel::{Connection, RunQueryDsl, SqliteConnection};
use flotta::{
    config::Raw,
    fleet::{
        FindingKind, Incident, MunicipalityId, Scope,
        health::{Failure, Health},
        incident::CauseKind,
        outside::{Expects, NameState, NewAddress, Plain, Trust},
    },
    health::notices::receivers::{self, NewReceiver},
    store::{self, PageRequest, incidents::Filter},
};
use jiff::Timestamp;

use super::outside::{Net, pages};
use crate::support::{
    fleet::Fleet,
    image::{Images, Theme},
    outside::{Says, serve},
    post::{Hook, Seen},
    trouble::SmallDisk,
    visitors::{municipality, php},
};

/// Each site is ill as its option says.
const ILL: &str = r"
add_action('template_redirect', function () {
    switch (get_option('kommun_ill')) {
        case 'fatal': function_that_is_not_there();
        case 'white': exit;
        case 'slow': sleep(7); break;
        case 'install': wp_redirect('/wp-admin/install.php'); exit;
    }
});";

fn docker(arguments: &[&str]) {
    let out = Command::new("docker").args(arguments).output().unwrap();
    assert!(out.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Somebody who holds a schema's options locked until dropped.
struct Lock {
    server: String,
    client: std::process::Child,
}

impl Lock {
    fn on(server: &str, schema: &str) -> Self {
        let hold = format!("LOCK TABLES `{schema}`.wp_options WRITE, `{schema}`.wp_sitemeta WRITE; SELECT SLEEP(600)");
        let client = Command::new("docker").args(["exec", server, "mariadb", "-e", &hold]).spawn().unwrap();
        Self { server: server.to_owned(), client }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let end = "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(600)'";
        let kill = format!("mariadb -N -e \"{end}\" | mariadb");
        drop(Command::new("docker").args(["exec", &self.server, "sh", "-c", &kill]).status());
        drop(self.client.wait());
    }
}

async fn incidents(fleet: &Fleet, open: Option<bool>) -> Vec<Incident> {
    let filter = Filter { open, municipality: None };
    store::incidents::list(&fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items
}

async fn states(fleet: &Fleet) -> Vec<(String, Health, Option<Failure>)> {
    let filter = store::checks::Filter::default();
    let checks = store::checks::list(&fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap();
    checks.items.into_iter().map(|check| (check.address().replace(".localhost", ""), check.health, check.failure)).collect()
}

/// Until exactly these incidents are open: cause, label, failure.
async fn told(fleet: &Fleet, what: &str, wanted: &[(CauseKind, &str, &[Failure])]) -> Vec<Incident> {
    let began = std::time::Instant::now();
    fleet
        .until(what, Duration::from_secs(240), || async {
            let open = incidents(fleet, Some(true)).await;
            let fits = |(kind, label, failures): &(CauseKind, &str, &[Failure])| {
                let how = |found: Option<Failure>| found.map_or(failures.is_empty(), |f| failures.contains(&f));
                open.iter().any(|i| i.cause.kind == *kind && i.label.contains(label) && how(i.failure))
            };
            let all = open.len() == wanted.len() && wanted.iter().all(fits);
            if all { Ok(()) } else { Err(format!("{open:#?} {:?}", states(fleet).await)) }
        })
        .await;
    eprintln!("{what}: told after {:.1} s", began.elapsed().as_secs_f32());
    incidents(fleet, Some(true)).await
}

async fn well(fleet: &Fleet, checks: usize) {
    fleet
        .until("all is well", Duration::from_secs(180), || async {
            let (states, open) = (states(fleet).await, incidents(fleet, Some(true)).await);
            let all = states.len() == checks && states.iter().all(|(_, health, _)| *health == Health::Ok) && open.is_empty();
            if all { Ok(()) } else { Err(format!("{states:?} {open:#?}")) }
        })
        .await;
}

/// Another address whose certificate has expired, one whose name goes away, and a site that hides from search engines.
async fn from_outside(fleet: &Fleet, net: &Net, ale: &str, whose: MunicipalityId) {
    let (store, now) = (&fleet.app.tools.store, fleet.app.tools.clock.now());
    let days = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
    net.names.say("lund.se", Says::Leads(vec!["127.0.0.1".parse().unwrap()]));
    net.shows.show("lund.se", net.authority.sign(&["*.lund.se"], days(-30), days(60)));
    let port = serve(&net.shows, pages).await.port();
    let mut numbers = Vec::new();
    for host in ["bygg", "park"] {
        let host = format!("{host}.lund.se:{port}");
        let new = NewAddress { host, path: "/".to_owned(), label: String::new(), expects: Expects::default() };
        numbers.push(store::checks::add(store, whose, &new, 50, now).await.unwrap());
    }
    well(fleet, 14).await;
    let told_before = incidents(fleet, None).await.len();
    net.shows.show("bygg.lund.se", net.authority.sign(&["bygg.lund.se"], days(-30), days(-1)));
    net.names.say("park.lund.se", Says::Gone);
    php(ale, "update_blog_option(9, 'blog_public', '0');");
    store::outside::want(store, whose, None, fleet.app.tools.clock.now()).await.unwrap();
    let wanted: [(CauseKind, &str, &[Failure]); 2] =
        [(CauseKind::Check, "bygg.lund.se", &[Failure::CertificateExpired]), (CauseKind::Check, "park.lund.se", &[Failure::Name])];
    told(fleet, "an expired certificate and a name that is gone, elsewhere", &wanted).await;
    fleet
        .until("the site that hides is found", Duration::from_secs(60), || async {
            let open =
                store::findings::Filter { open: Some(true), kind: Some(FindingKind::NotIndexed), ..store::findings::Filter::default() };
            let found = store::findings::list(store, &Scope::Fleet, &open, PageRequest::default()).await.unwrap().items;
            let hides = found.iter().any(|finding| finding.subject.contains("/s9"));
            if hides { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    // Of a site of its own: no name server knows it, and the fleet's own authority signs for it.
    let main = store::outside::some(store, None, 1).await.unwrap().remove(0).1;
    let trust = main.certificate.map(|certificate| certificate.trust);
    assert_eq!((main.names.state, trust, main.plain, main.failure), (NameState::Local, Some(Trust::Internal), Plain::Redirects, None));
    php(ale, "update_blog_option(9, 'blog_public', '1');");
    for number in numbers {
        store::checks::remove(store, whose, number, fleet.app.tools.clock.now()).await.unwrap();
    }
    well(fleet, 12).await;
    assert_eq!(incidents(fleet, None).await.len(), told_before + 2, "{:#?}", incidents(fleet, None).await);
}

/// What a hook was told of incidents since a time: cause and word, in order.
fn entries(hook: &Hook, since: Timestamp) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = |seen: &Seen| -> Vec<(String, String)> {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        let all = body["data"]["incidents"].as_array().unwrap().iter();
        let new = all.filter(|entry| text(&entry["opened_at"]).parse::<Timestamp>().unwrap() >= since);
        new.map(|entry| (text(&entry["cause"]), text(&entry["word"]))).collect()
    };
    hook.seen().iter().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_once_with_its_cause() {
    // Pages of a busy machine take a while; only what sleeps is slow here.
    let net = Net::start().await;
    let disk = tempfile::tempdir().unwrap();
    let home = disk.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let _small = SmallDisk::at(&home, "size=1g,mode=700");
    let change = |raw: &mut Raw| {
        std::fs::copy(raw.home.join("master.key"), home.join("master.key")).unwrap();
        raw.home.clone_from(&home);
        raw.network.reserved_disk_mib = 256;
        (raw.health.interval_seconds, raw.health.slow_milliseconds) = (10, 5000);
        raw.outside.resolvers = vec![net.names.address.to_string()];
        raw.outside.allowed_ranges = vec!["127.0.0.0/8".to_owned()];
        raw.outside.authorities.clone_from(&net.settings.authorities);
        raw.notices.local_hooks = true;
    };
    let fleet = Fleet::start_with(change).await;
    let hook = Hook::start().await;
    let operators = NewReceiver { kind: "webhook".into(), address: hook.at("/jour"), ..NewReceiver::default() };
    receivers::add(&fleet.app.tools, &Scope::Fleet, None, &operators).await.unwrap();
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let release = images.release(&fleet, "kommun-1.0", &Theme { version: "1.0", functions: ILL, ..Theme::default() }).await;
    let sites = ["s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];
    let ale = municipality(&fleet, "ale", &release, &sites).await;
    let bor = municipality(&fleet, "bor", &release, &[]).await;
    let eda = municipality(&fleet, "eda", &release, &[]).await;
    let gnesta = municipality(&fleet, "gnesta", &release, &[]).await;
    let of = async |instance: &flotta::fleet::Instance| fleet.app.tools.target(instance.id).await.unwrap().container();
    let whose = ale.municipality;
    let (ale, bor, eda) = (of(&ale).await, of(&bor).await, of(&eda).await);
    // A site that says to be at another municipality's address is nobody's.
    let theirs = format!("bor.localhost:{}", fleet.app.config.gateway.https_port);
    php(&ale, &format!("wpmu_create_blog('{theirs}', '/falsk/', 'Falsk', 1, ['public' => 1], 1);"));
    // Sites that were added after the instance was looked at are found at its next turn, which is minutes away: a restart looks now.
    well(&fleet, 12).await;
    assert!(states(&fleet).await.iter().all(|(address, ..)| !address.contains("falsk")), "{:?}", states(&fleet).await);
    let mut connection = SqliteConnection::establish(fleet.home.join("flotta.db").to_str().unwrap()).unwrap();
    diesel::sql_query("PRAGMA busy_timeout = 10000").execute(&mut connection).unwrap();
    let held = "UPDATE lease SET owner = 'test', until = 9000000000000000 WHERE name = 'keeper'";
    assert_eq!(diesel::sql_query(held).execute(&mut connection).unwrap(), 1);

    let set = |container: &str, blog: u32, ill: &str| php(container, &format!("update_blog_option({blog}, 'kommun_ill', '{ill}');"));
    for (blog, ill) in [(2, "fatal"), (3, "white"), (4, "install")] {
        set(&ale, blog, ill);
    }
    php(&bor, "update_option('kommun_ill', 'slow');");
    docker(&["pause", &eda]);
    let lock = Lock::on(&fleet.app.tools.settings.database_server(), &gnesta.schema());
    let room = std::fs::File::create(home.join("what-fills-the-disk")).unwrap();
    rustix::fs::fallocate(&room, rustix::fs::FallocateFlags::empty(), 0, 850 << 20).unwrap();
    let wanted: [(CauseKind, &str, &[Failure]); 6] = [
        (CauseKind::Check, "ale.localhost", &[Failure::Fatal]),
        (CauseKind::Check, "ale.localhost", &[Failure::Empty, Failure::Unlike]),
        (CauseKind::Check, "ale.localhost", &[Failure::SetUp]),
        (CauseKind::Instance, "eda", &[Failure::TimedOut, Failure::NoUpstream]),
        (CauseKind::Instance, "gnesta", &[Failure::TimedOut, Failure::NoUpstream]),
        (CauseKind::Disk, "disk", &[]),
    ];
    let what = "a fatal error, a white page, a way to the installation, a paused container, a locked schema, a full disk";
    let first = told(&fleet, what, &wanted).await;
    fleet
        .until("bor is slow", Duration::from_secs(60), || async {
            let states = states(&fleet).await;
            if states.iter().any(|(address, health, _)| address.starts_with("bor") && *health == Health::Slow) {
                Ok(())
            } else {
                Err(format!("{states:?}"))
            }
        })
        .await;
    docker(&["unpause", &eda]);
    drop(lock);
    // Space is free again only when nobody holds the file.
    drop(room);
    std::fs::remove_file(home.join("what-fills-the-disk")).unwrap();
    for blog in [2, 3, 4] {
        set(&ale, blog, "");
    }
    php(&bor, "delete_option('kommun_ill');");
    well(&fleet, 12).await;
    assert_eq!(incidents(&fleet, None).await.len(), first.len(), "{:#?}", incidents(&fleet, None).await);

    from_outside(&fleet, &net, &ale, whose).await;

    for (service, kind) in
        [(fleet.app.tools.settings.database_server(), CauseKind::DatabaseServer), (fleet.app.tools.settings.gateway(), CauseKind::Gateway)]
    {
        let before = incidents(&fleet, None).await.len();
        let began = fleet.app.tools.clock.now();
        docker(&["stop", "-t", "5", &service]);
        let failures: &[Failure] =
            if kind == CauseKind::Gateway { &[Failure::Refused] } else { &[Failure::NoDatabase, Failure::Fatal, Failure::ServerError] };
        told(&fleet, &format!("{service} is stopped"), &[(kind, &service, failures)]).await;
        // Long enough for every site to be found ill.
        tokio::time::sleep(Duration::from_secs(45)).await;
        let all = incidents(&fleet, None).await;
        assert_eq!(all.len(), before + 1, "one for all: {all:#?}");
        docker(&["start", &service]);
        well(&fleet, 12).await;
        let all = incidents(&fleet, None).await;
        assert_eq!(all.len(), before + 1, "none for each site afterwards: {all:#?}");
        // The operators are told once that it is down and once that it is over, and of no site.
        fleet
            .until("the operators are told that it is over", Duration::from_secs(60), || async {
                let told = entries(&hook, began);
                if told == [(kind.to_string(), "opened".to_owned()), (kind.to_string(), "over".to_owned())] {
                    Ok(())
                } else {
                    Err(format!("{told:?}"))
                }
            })
            .await;
    }
}
