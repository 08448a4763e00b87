// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Names, certificates and redirects, seen from outside: against real servers on the loopback address, and through the watcher.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use flotta::{
    clock::Clock,
    drivers::{
        outside::{Outside, Unasked, public::Public},
        probe::Answer,
    },
    fleet::{
        FindingKind, GatewaySettings, Scope,
        health::{Failure, Health},
        incident::CauseKind,
        outside::{Certificate, Expects, Look, NameState, Names as Named, NewAddress, Plain, Subject, Trust, WayEnd},
        settings::OutsideSettings,
    },
    store::{self, PageRequest, incidents::Filter},
};
use jiff::{SignedDuration, Timestamp};

use super::{Hand, MINUTE};
use crate::support::{
    fixtures::{later, now},
    outside::{Authority, Names, Says, Shows, page, serve, serve_plain},
    simulated::Simulated,
    store::Kind,
};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PAGE: &str = "<!DOCTYPE html><html lang=sv><title>Portal</title><h1>Hej</h1></html>";
const DAY: i64 = 86_400;

pub(super) struct Net {
    pub(super) names: Names,
    pub(super) shows: Shows,
    pub(super) authority: Authority,
    pub(super) settings: OutsideSettings,
    _home: tempfile::TempDir,
}

impl Net {
    pub(super) async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (names, authority) = (Names::start().await, Authority::new("Kommunernas CA"));
        let file = home.path().join("authorities.pem");
        authority.write(&file);
        let settings = OutsideSettings {
            resolvers: vec![names.address],
            allowed_ranges: vec!["127.0.0.0/8".parse().unwrap()],
            authorities: Some(file),
            ..OutsideSettings::default()
        };
        Self { names, shows: Shows::default(), authority, settings, _home: home }
    }

    fn public(&self, settings: &OutsideSettings, http_port: u16, https_port: u16) -> Public {
        let ports = GatewaySettings {
            bind: Vec::new(),
            http_port,
            https_port,
            acme_email: Some("drift@lund.se".to_owned()),
            acme_directory: None,
            ask_url: String::new(),
        };
        Public::new(settings, &ports, LOOPBACK).unwrap()
    }
}

fn at(host: &str, port: u16, path: &str) -> Subject {
    Subject { host: format!("{host}:{port}"), path: path.to_owned(), plain: false, ours: false }
}

/// What each path does.
pub(super) fn pages(host: &str, path: &str) -> String {
    let to = |to: &str| page("302 Found", &format!("Location: {to}\r\n"), "");
    match path {
        "/circle" => to("/circle/2"),
        "/circle/2" => to("/circle"),
        "/down" => to("http://portal.lund.se/"),
        "/inside" => to("https://10.0.0.1/"),
        "/private" => to("https://inre.lund.se/"),
        "/ever" => to(&format!("/ever/{}", path.len())),
        path if path.starts_with("/ever/") => to(&format!("{path}x")),
        "/header" => page("200 OK", "X-Robots-Tag: noindex, nofollow\r\nStrict-Transport-Security: max-age=31536000\r\n", PAGE),
        "/meta" => page("200 OK", "", &PAGE.replace("<title>", "<meta name='robots' content='noindex'><title>")),
        "/huge" => page("200 OK", "", &"x".repeat(8 * 1024 * 1024)),
        "/slow" => String::new(),
        _ => page("200 OK", "", &PAGE.replace("Portal", host)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_certificates_are_judged_as_visitors_meet_them() {
    let net = Net::start().await;
    let other = Authority::new("Nobody");
    let (before, after) = (later(-30 * DAY), later(60 * DAY));
    let sign = |name: &str, ends| net.shows.show(name, net.authority.sign(&[name], before, ends));
    sign("bra.lund.se", after);
    sign("gammal.lund.se", later(-DAY));
    sign("snart.lund.se", later(2 * DAY));
    net.shows.show("fel.lund.se", net.authority.sign(&["bra.lund.se"], before, after));
    net.shows.show("egen.lund.se", other.sign(&["egen.lund.se"], before, after));
    net.shows.show("framtid.lund.se", net.authority.sign(&["framtid.lund.se"], later(DAY), after));
    let port = serve(&net.shows, pages).await.port();
    net.names.say("lund.se", Says::Leads(vec![LOOPBACK]));
    net.names.say("alias.lund.se", Says::Alias("bra.lund.se".to_owned()));
    net.names.say("borta.lund.se", Says::Gone);
    net.names.say("tom.lund.se", Says::Leads(Vec::new()));
    net.names.say("trasig.lund.se", Says::Fails);
    net.names.say("inre.lund.se", Says::Leads(vec!["10.1.2.3".parse().unwrap(), "169.254.169.254".parse().unwrap()]));
    net.names.say("tyst.lund.se", Says::Silent);
    let public = net.public(&net.settings, 0, 0);
    let look = async |host: &str| public.look(&at(host, port, "/"), now()).await;

    for (host, trust, failure) in [
        ("bra.lund.se", Trust::Trusted, None),
        ("snart.lund.se", Trust::Trusted, None),
        ("gammal.lund.se", Trust::Expired, Some(Failure::CertificateExpired)),
        ("framtid.lund.se", Trust::NotYet, Some(Failure::CertificateExpired)),
        ("fel.lund.se", Trust::OtherName, Some(Failure::CertificateWrong)),
        ("egen.lund.se", Trust::Untrusted, Some(Failure::CertificateWrong)),
        ("alias.lund.se", Trust::OtherName, None),
    ] {
        if host == "alias.lund.se" {
            // No certificate at all is shown for it.
            let seen = look(host).await;
            assert_eq!((seen.names.aliases, seen.failure), (vec!["bra.lund.se".to_owned()], Some(Failure::Handshake)));
            continue;
        }
        let seen = look(host).await;
        assert_eq!(seen.names.state, NameState::Leads, "{host}");
        let certificate = seen.certificate.unwrap_or_else(|| panic!("{host}"));
        assert_eq!((certificate.trust, seen.failure), (trust, failure), "{host}");
        // The same each minute.
        let asked = public.ask(&at(host, port, "/"), now()).await;
        assert_eq!(asked.map(|answer| answer.status), failure.map_or(Ok(200), |failure| Err(Unasked::Failed(failure))), "{host}");
    }
    let good = look("bra.lund.se").await;
    let certificate = good.certificate.unwrap();
    assert_eq!(
        (certificate.signer(), certificate.names.clone(), certificate.ends),
        ("Kommunernas CA", vec!["bra.lund.se".to_owned()], after)
    );
    assert_eq!((good.end, good.way.len(), good.way[0].status), (WayEnd::Page, 1, 200));

    for (host, state) in [
        ("borta.lund.se", NameState::Gone),
        ("tom.lund.se", NameState::Empty),
        ("trasig.lund.se", NameState::Broken),
        ("inre.lund.se", NameState::Refused),
        ("portal.annan.se", NameState::Gone),
    ] {
        let seen = look(host).await;
        assert_eq!((seen.names.state, seen.failure, seen.certificate), (state, Some(Failure::Name), None), "{host}");
        assert_eq!(public.ask(&at(host, port, "/"), now()).await.err(), Some(Unasked::Failed(Failure::Name)), "{host}");
    }
    // Whose resolver is silent knows nothing, and says so soon.
    let began = std::time::Instant::now();
    assert!(look("tyst.lund.se").await.is_blind());
    assert_eq!(public.ask(&at("tyst.lund.se", port, "/"), now()).await.err(), Some(Unasked::Blind));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    // Without leave nothing on this host is asked, by whatever name.
    let strict = net.public(&OutsideSettings { allowed_ranges: Vec::new(), ..net.settings.clone() }, 0, 0);
    for host in ["bra.lund.se", "ale.localhost"] {
        assert_eq!(strict.look(&at(host, port, "/"), now()).await.names.state, NameState::Refused, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_is_followed_as_far_as_it_is_safe() {
    let net = Net::start().await;
    net.shows.show("lund.se", net.authority.sign(&["*.lund.se"], later(-DAY), later(60 * DAY)));
    let port = serve(&net.shows, pages).await.port();
    net.names.say("lund.se", Says::Leads(vec![LOOPBACK]));
    net.names.say("inre.lund.se", Says::Leads(vec!["10.1.2.3".parse().unwrap()]));
    let public = net.public(&net.settings, 0, 0);
    let look = async |path: &str| public.look(&at("portal.lund.se", port, path), now()).await;
    for (path, end, hops) in [
        ("/", WayEnd::Page, 1),
        ("/circle", WayEnd::Circle, 2),
        ("/down", WayEnd::Downgrade, 1),
        ("/inside", WayEnd::Astray, 1),
        ("/private", WayEnd::Astray, 1),
        ("/ever", WayEnd::TooLong, 7),
    ] {
        let seen = look(path).await;
        assert_eq!((seen.end, seen.way.len()), (end, hops), "{path} {:?}", seen.way);
    }
    assert_eq!(look("/header").await.noindex, ["header"]);
    assert_eq!(look("/header").await.hsts_seconds, Some(31_536_000));
    assert_eq!(look("/meta").await.noindex, ["meta"]);
    let address = at("portal.lund.se", port, "/huge");
    let (huge, slow) = tokio::join!(public.ask(&address, now()), look("/slow"));
    assert_eq!(huge.unwrap().body.len(), 1024 * 1024);
    assert_eq!(slow.failure, Some(Failure::TimedOut));

    // What http does where the gateway serves a site by https.
    for (answer, plain) in [
        (page("308 Permanent Redirect", &format!("Location: https://portal.lund.se:{port}/\r\n"), ""), Plain::Redirects),
        (page("200 OK", "", PAGE), Plain::Serves),
    ] {
        let http = serve_plain(move |_, _| answer.clone()).await.port();
        let own = OutsideSettings { gateway_addresses: vec![LOOPBACK], allowed_ranges: Vec::new(), ..net.settings.clone() };
        let seen = net.public(&own, http, port).look(&Subject { ours: true, ..at("portal.lund.se", port, "/") }, now()).await;
        assert_eq!((seen.plain, seen.names.here, seen.failure), (plain, Some(true), None));
    }
}

async fn add(fleet: &Simulated, of: flotta::fleet::MunicipalityId, host: &str) -> u32 {
    let new = NewAddress { host: host.to_owned(), path: "/".to_owned(), label: String::new(), expects: Expects::default() };
    store::checks::add(&fleet.app.tools.store, of, &new, 50, fleet.clock.now()).await.unwrap()
}

async fn findings(fleet: &Simulated) -> Vec<(FindingKind, String)> {
    let filter = store::findings::Filter { open: Some(true), ..store::findings::Filter::default() };
    let all = store::findings::list(&fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items;
    let mut all: Vec<_> = all.into_iter().map(|finding| (finding.kind, finding.subject)).collect();
    all.sort();
    all
}

async fn open(hand: &Hand<'_>) -> Vec<(CauseKind, String, u32)> {
    hand.incidents().await;
    let filter = Filter { open: Some(true), municipality: None };
    let all = store::incidents::list(&hand.fleet.app.tools.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items;
    all.into_iter().map(|incident| (incident.cause.kind, incident.label, incident.failing)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_zone_and_a_shared_certificate_are_one_incident_each() {
    let Some(mut fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let net = Net::start().await;
    // It ends while it is watched.
    let ends = later(16 * 60);
    let start = fleet.clock.now();
    assert!(start < later(60), "{start}");
    net.shows.show("lund.se", net.authority.sign(&["*.lund.se"], later(-90 * DAY), ends));
    let port = serve(&net.shows, pages).await.port();
    net.names.say("lund.se", Says::Leads(vec![LOOPBACK]));
    fleet.app.tools.outside = Arc::new(net.public(&net.settings, 0, 0));
    let ale = fleet.onboard("ale").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    for host in ["bygg", "skola", "vatten", "park"] {
        add(&fleet, ale.municipality, &format!("{host}.lund.se:{port}")).await;
    }
    hand.watcher.look_soon();
    hand.knows(5).await;
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);
    assert!(hand.states().await.iter().all(|(_, health, _)| *health == Health::Ok), "{:?}", hand.states().await);
    let soon = findings(&fleet).await;
    assert_eq!(soon.iter().filter(|(kind, _)| *kind == FindingKind::CertificateEnds).count(), 4, "{soon:?}");

    net.names.say("lund.se", Says::Gone);
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, [(CauseKind::Zone, "lund.se".to_owned(), 4)]);
    assert!(hand.states().await.iter().filter(|(_, _, failure)| *failure == Some(Failure::Name)).count() == 4);
    // A resolver of our own that is silent is nobody's fault, and ends nothing.
    net.names.say("lund.se", Says::Leads(vec![LOOPBACK]));
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);

    let left = u64::try_from(ends.duration_since(fleet.clock.now()).as_secs()).unwrap_or(0);
    hand.pass(Duration::from_secs(left) + MINUTE * 3).await;
    assert_eq!(open(&hand).await, [(CauseKind::Certificate, "*.lund.se".to_owned(), 4)]);
    let bad = findings(&fleet).await;
    assert_eq!(bad.iter().filter(|(kind, _)| *kind == FindingKind::CertificateBad).count(), 4, "{bad:?}");

    let now = fleet.clock.now();
    let year = now + SignedDuration::from_hours(24 * 365);
    net.shows.show("lund.se", net.authority.sign(&["*.lund.se"], now - SignedDuration::from_hours(1), year));
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);
    // And by the next look nothing is left of it.
    store::outside::want(&fleet.app.tools.store, ale.municipality, None, fleet.clock.now()).await.unwrap();
    hand.watcher.look_soon();
    tokio::time::sleep(Duration::from_millis(200)).await;
    hand.pass(MINUTE).await;
    hand.incidents().await;
    assert_eq!(findings(&fleet).await.iter().filter(|(_, subject)| subject.contains("lund.se")).count(), 0);
}

/// Sites as the test says that they look.
#[derive(Default)]
struct Told {
    looks: Mutex<HashMap<String, Look>>,
    /// What asking for a page of a host gives.
    asked: Mutex<HashMap<String, Result<u16, Unasked>>>,
    /// Whether the resolver says nothing at all.
    silent: AtomicBool,
}

#[async_trait]
impl Outside for Told {
    async fn ask(&self, at: &Subject, _: Timestamp) -> Result<Answer, Unasked> {
        let told = self.asked.lock().unwrap().get(at.name()).copied();
        told.unwrap_or(Err(Unasked::Blind)).map(|status| Answer { status, location: None, body: PAGE.into(), milliseconds: 9 })
    }

    async fn resolves(&self) -> bool {
        !self.silent.load(Ordering::Relaxed)
    }

    async fn look(&self, at: &Subject, now: Timestamp) -> Look {
        let told = self.looks.lock().unwrap().get(at.name()).cloned();
        told.map_or_else(|| Look::blank(now), |look| Look { at: now, ..look })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_visitors_do_not_reach_is_down_though_the_gateway_serves_it() {
    let Some(mut fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let told = Arc::new(Told::default());
    fleet.app.tools.outside = told.clone();
    let seen = |state: NameState, trust: Trust| {
        let certificate = Certificate {
            fingerprint: "ab".repeat(32),
            issuer: "R11 (Let's Encrypt)".to_owned(),
            names: vec!["*.kommuner.se".to_owned()],
            begins: later(-DAY),
            ends: later(60 * DAY),
            chain: 2,
            trust,
        };
        Look { names: Named { state, ..Named::default() }, certificate: Some(certificate), end: WayEnd::Page, ..Look::blank(now()) }
    };
    let tell = |slug: &str, look: Look| drop(told.looks.lock().unwrap().insert(format!("{slug}.localhost"), look));
    let mut instances = Vec::new();
    for slug in ["ale", "bor", "eda"] {
        tell(slug, seen(NameState::Leads, Trust::Trusted));
        instances.push(fleet.onboard(slug).await);
    }
    let mut hand = Hand::start(&fleet).await;
    hand.knows(3).await;
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);

    let want = async |hand: &mut Hand<'_>| {
        for instance in &instances {
            store::outside::want(&fleet.app.tools.store, instance.municipality, None, fleet.clock.now()).await.unwrap();
        }
        hand.watcher.look_soon();
        tokio::time::sleep(Duration::from_millis(300)).await;
        hand.pass(MINUTE * 2).await;
    };
    // Its name is gone: its own affair.
    tell("eda", seen(NameState::Gone, Trust::Trusted));
    want(&mut hand).await;
    assert_eq!(open(&hand).await, [(CauseKind::Check, "eda.localhost".to_owned(), 1)]);
    assert_eq!(hand.states().await[2].2, Some(Failure::Name));
    // Whoever comes next knows, and sees by itself when it is over.
    drop(hand);
    let mut hand = Hand::start(&fleet).await;
    hand.pass(MINUTE * 2).await;
    assert_eq!(open(&hand).await, [(CauseKind::Check, "eda.localhost".to_owned(), 1)]);
    tell("eda", seen(NameState::Leads, Trust::Trusted));
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);

    // One certificate for all, and nobody trusts it any more.
    for slug in ["ale", "bor", "eda"] {
        tell(slug, seen(NameState::Leads, Trust::Expired));
    }
    want(&mut hand).await;
    assert_eq!(open(&hand).await, [(CauseKind::Certificate, "*.kommuner.se".to_owned(), 3)]);
    for slug in ["ale", "bor", "eda"] {
        tell(slug, seen(NameState::Leads, Trust::Trusted));
    }
    hand.pass(MINUTE * 3).await;
    assert_eq!(open(&hand).await, []);
    // A look that sees nothing changes nothing.
    told.looks.lock().unwrap().clear();
    want(&mut hand).await;
    assert_eq!(open(&hand).await, []);
    assert!(hand.states().await.iter().all(|(_, health, _)| *health == Health::Ok), "{:?}", hand.states().await);
}

/// The way out is looked at by a clock that nobody turns.
async fn until(hand: &mut Hand<'_>, wanted: &[CauseKind]) {
    let over = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        hand.pass(Duration::from_secs(1)).await;
        let open: Vec<CauseKind> = open(hand).await.into_iter().map(|(kind, _, _)| kind).collect();
        if open == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < over, "{open:?} instead of {wanted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_outside_can_be_seen_only_the_way_out_is_in_doubt() {
    let Some(mut fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let told = Arc::new(Told::default());
    fleet.app.tools.outside = told.clone();
    let canaries = ["https://www.example.org/", "https://www.example.net/"].map(|url| Subject::parse(url).unwrap());
    Arc::make_mut(&mut fleet.app.tools.settings).outside.canaries = canaries.into();
    let tell = |host: &str, what| {
        told.asked.lock().unwrap().insert(host.to_owned(), what);
    };
    let ale = fleet.onboard("ale").await;
    add(&fleet, ale.municipality, "portal.lund.se").await;
    for host in ["www.example.org", "www.example.net", "portal.lund.se"] {
        tell(host, Ok(200));
    }
    let mut hand = Hand::start(&fleet).await;
    hand.knows(2).await;
    hand.pass(MINUTE * 2).await;
    assert!(hand.states().await.iter().all(|(_, health, _)| *health == Health::Ok), "{:?}", hand.states().await);

    // One that is gone says nothing of the way.
    tell("www.example.org", Err(Unasked::Failed(Failure::Unreachable)));
    tokio::time::sleep(Duration::from_secs(11)).await;
    hand.pass(MINUTE).await;
    assert_eq!(open(&hand).await, []);
    for host in ["www.example.net", "portal.lund.se"] {
        tell(host, Err(Unasked::Failed(Failure::Unreachable)));
    }
    until(&mut hand, &[CauseKind::Egress]).await;
    hand.pass(MINUTE * 3).await;
    let [incident] = &hand.incidents().await[..] else { panic!("{:?}", hand.incidents().await) };
    assert_eq!((incident.failure, incident.certain, incident.members), (None, true, 0));
    assert!(hand.states().await.iter().all(|(_, health, _)| *health != Health::Down), "{:?}", hand.states().await);
    // Whoever watches next goes on with the same incident.
    drop(hand);
    let mut hand = Hand::start(&fleet).await;
    hand.pass(MINUTE).await;
    until(&mut hand, &[CauseKind::Egress]).await;
    assert_eq!(hand.incidents().await.len(), 1);

    // Then the resolver goes too, and whatever it said before.
    told.silent.store(true, Ordering::Relaxed);
    for host in ["www.example.org", "www.example.net", "portal.lund.se"] {
        tell(host, Err(Unasked::Blind));
    }
    until(&mut hand, &[CauseKind::Resolver]).await;
    told.silent.store(false, Ordering::Relaxed);
    for host in ["www.example.org", "www.example.net", "portal.lund.se"] {
        tell(host, Ok(200));
    }
    until(&mut hand, &[]).await;
    hand.pass(MINUTE * 2).await;
    assert!(hand.states().await.iter().all(|(_, health, _)| *health == Health::Ok), "{:?}", hand.states().await);
    // What is down while others answer is down.
    tell("portal.lund.se", Err(Unasked::Failed(Failure::Unreachable)));
    hand.pass(MINUTE * 2).await;
    assert_eq!(open(&hand).await, [(CauseKind::Check, "portal.lund.se".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolver_that_is_silent_is_told_though_nobody_named_a_canary() {
    let Some(mut fleet) = Simulated::start(Kind::Sqlite).await else { return };
    let net = Net::start().await;
    net.names.say("lund.se", Says::Gone);
    net.names.say("", Says::Fails);
    let public = net.public(&net.settings, 0, 0);
    assert!(public.resolves().await, "whoever refuses to tell is there");
    fleet.app.tools.outside = Arc::new(public);
    let ale = fleet.onboard("ale").await;
    let mut hand = Hand::start(&fleet).await;
    hand.knows(1).await;
    for name in ["", "lund.se"] {
        net.names.say(name, Says::Silent);
    }
    add(&fleet, ale.municipality, "portal.lund.se").await;
    hand.watcher.look_soon();
    until(&mut hand, &[CauseKind::Resolver]).await;
    net.names.say("", Says::Gone);
    until(&mut hand, &[]).await;
    assert_eq!(hand.incidents().await.len(), 1);
}
