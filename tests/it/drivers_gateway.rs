// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The gateway's driver against a real Caddy.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use flotta::{
    drivers::{
        engine::Engine,
        gateway::{Gateway, GatewaySettings, Route, Target, caddy::Caddy},
    },
    error::{Error, OutsideKind},
    fleet::InstanceId,
};
use reqwest::{
    Client, Method, Response,
    dns::{Addrs, Name, Resolve, Resolving},
};

use crate::support::{
    real::{Real, free_port},
    upstream::Upstream,
};

struct Here;

impl Resolve for Here {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Ok(Box::new(std::iter::once(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))) as Addrs) })
    }
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder().dns_resolver(Arc::new(Here)).redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(20))
}

/// A visitor who trusts the gateway's own authority and nobody else.
fn visitor(real: &Real) -> Client {
    let root = std::fs::read(real.home().join("gateway/caddy/pki/authorities/local/root.crt")).expect("the authority's certificate");
    builder().tls_certs_only([reqwest::Certificate::from_pem(&root).unwrap()]).build().unwrap()
}

/// A visitor who trusts everybody.
fn careless() -> Client {
    builder().tls_danger_accept_invalid_certs(true).build().unwrap()
}

fn to(port: u16) -> Target {
    Target::Instance { address: Ipv4Addr::LOCALHOST, port }
}

fn route(domain: &str, target: Target) -> Route {
    Route { instance: InstanceId::generate(), domains: vec![domain.parse().unwrap()], wildcard: false, target }
}

/// Certificates of a new name come a moment after the route.
async fn get(client: &Client, url: &str) -> Response {
    let begun = Instant::now();
    loop {
        match client.get(url).send().await {
            Ok(response) => return response,
            Err(error) if begun.elapsed() > Duration::from_secs(10) => panic!("{url}: {error:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

#[tokio::test]
async fn visitors_get_what_the_route_says() {
    let real = Real::new().await;
    let (gateway, settings) = real.gateway(|_| {}).await;
    let (http, https) = (settings.http_port, settings.https_port);
    let text = "<title>Ale</title>".repeat(100);
    let upstream = Upstream::start(move |request| {
        let status = if request.line.contains("/trasig") { "500 Broken" } else { "200 OK" };
        (format!("{status}\r\nContent-Type: text/html\r\nServer: x\r\nX-Powered-By: PHP/8.4\r\nX-Own: ja"), text.clone())
    })
    .await;
    let ale = route("ale.localhost", to(upstream.port));
    gateway.load(std::slice::from_ref(&ale)).await.unwrap();
    assert_eq!(gateway.routes().await.unwrap(), std::slice::from_ref(&ale));
    gateway.load(std::slice::from_ref(&ale)).await.unwrap();
    let careless = careless();
    get(&careless, &format!("https://ale.localhost:{https}/")).await;
    let visitor = visitor(&real);

    // The instance, by HTTPS with a certificate of exactly this name, compressed, with clean headers both ways.
    let response = visitor
        .get(format!("https://ale.localhost:{https}/skola/?q=1"))
        .header("Accept-Encoding", "gzip")
        .header("X-Forwarded-For", "6.6.6.6")
        .header("X-Forwarded-Proto", "gopher")
        .header("X-Forwarded-Port", "1")
        .header("X-Flotta-Signature", "falsk")
        .header("X_Flotta_Nonce", "falsk")
        .header("Forwarded", "for=6.6.6.6")
        .header("Proxy", "http://evil")
        .header("X-Custom", "kvar")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!((header(&response, "content-encoding"), header(&response, "x-own")), ("gzip", "ja"));
    for gone in ["server", "x-powered-by", "strict-transport-security"] {
        assert_eq!(header(&response, gone), "", "{gone}");
    }
    let seen = upstream.requests().pop().unwrap();
    assert_eq!(seen.line, "GET /skola/?q=1 HTTP/1.1");
    assert_eq!(seen.header("host"), [format!("ale.localhost:{https}")]);
    assert_eq!(seen.header("x-forwarded-host"), [format!("ale.localhost:{https}")]);
    assert_eq!(seen.header("x-forwarded-proto"), ["https"]);
    assert_eq!(seen.header("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(seen.header("x-custom"), ["kvar"]);
    for gone in ["x-forwarded-port", "x-flotta-signature", "x_flotta_nonce", "forwarded", "proxy"] {
        assert!(seen.header(gone).is_empty(), "{gone}: {seen:?}");
    }
    // Its own errors are its own.
    let response = get(&visitor, &format!("https://ale.localhost:{https}/trasig")).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-own")), (500, "ja"));

    // HTTP leads to HTTPS at the right port.
    let response = get(&visitor, &format!("http://ale.localhost:{http}/skola/?q=1&r=%C3%A5")).await;
    assert_eq!(response.status(), 308);
    assert_eq!(header(&response, "location"), format!("https://ale.localhost:{https}/skola/?q=1&r=%C3%A5"));

    // Agents are hidden, however the path is written.
    let before = upstream.requests().len();
    for path in [
        "/.flotta/agent/ready",
        "/.flotta",
        "/.FLOTTA/agent/facts",
        "/skola/.flotta/agent/ready",
        "/%2eflotta/agent/ready",
        "/%2Eflotta%2Fagent",
        "//.flotta/agent/ready",
        "/a/..%2f.flotta/agent",
        "/index.php/.flotta/agent/ready",
    ] {
        for url in [format!("https://ale.localhost:{https}{path}"), format!("http://ale.localhost:{http}{path}")] {
            let response = visitor.post(&url).body("{}").send().await.unwrap();
            assert_eq!(response.status(), 404, "{url}");
        }
    }
    assert_eq!(upstream.requests().len(), before);

    // Nobody's names, by both schemes, and no name.
    for url in [format!("http://okand.se:{http}/x"), format!("https://unknown.localhost:{https}/x"), format!("http://127.0.0.1:{http}/")] {
        let response = get(&careless, &url).await;
        assert_eq!(response.status(), 404, "{url}");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let page = response.text().await.unwrap();
        assert!(page.contains("<html lang=\"sv\">") && page.contains("lang=\"en\""), "{url}: {page}");
    }
    // No certificate is made for names that nobody has.
    for host in ["okand.se", "okand.localhost", "*.localhost", "x.unknown.localhost"] {
        assert!(careless.get(format!("https://{host}:{https}/")).send().await.is_err(), "{host}");
    }
    let response = get(&careless, &format!("http://127.0.0.1:{http}/certificate?domain=../hosts/ale.localhost")).await;
    assert_eq!(response.status(), 404);

    // The pages, for every method.
    for (target, after, word) in [(Target::Suspended, "", "stäng"), (Target::Paused, "10", "uppdater"), (Target::Unavailable, "60", "fel")]
    {
        gateway.put(&Route { target: target.clone(), ..ale.clone() }).await.unwrap();
        for method in [Method::GET, Method::POST, Method::HEAD, Method::PUT] {
            let request = visitor
                .request(method.clone(), format!("https://ale.localhost:{https}/nyheter/"))
                .header("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT");
            let response = request.send().await.unwrap();
            assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, after), "{target:?} {method}");
            let page = response.text().await.unwrap().to_lowercase();
            assert_eq!(page.contains(word), method != Method::HEAD, "{target:?} {method}: {page}");
        }
    }

    // An instance that is not there.
    gateway.put(&Route { target: to(free_port()), ..ale.clone() }).await.unwrap();
    let begun = Instant::now();
    let response = get(&visitor, &format!("https://ale.localhost:{https}/")).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (502, "10"));
    assert!(response.text().await.unwrap().contains("<html lang=\"sv\">"));
    assert!(begun.elapsed() > Duration::from_secs(3) && begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn visitors_wait_while_an_instance_starts() {
    let real = Real::new().await;
    let (gateway, settings) = real.gateway(|_| {}).await;
    let port = free_port();
    gateway.load(&[route("ale.localhost", to(port))]).await.unwrap();
    let url = format!("https://ale.localhost:{}/", settings.https_port);
    let client = careless();
    get(&client, &url).await;
    let visits: Vec<_> = [Method::GET, Method::HEAD, Method::POST]
        .into_iter()
        .map(|method| {
            let request = client.request(method.clone(), &url);
            let request = if method == Method::POST { request.body("form") } else { request };
            tokio::spawn(async move { (method, request.send().await.unwrap().status().as_u16()) })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let upstream = Upstream::start_at(port, |_| ("200 OK".into(), "hej".into())).await;
    for visit in visits {
        let (method, status) = visit.await.unwrap();
        // A request with a body cannot wait, but it did not get lost half-way either.
        assert_eq!(status, if method == Method::POST { 502 } else { 200 }, "{method}");
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test]
async fn wildcards_lead_to_sub_domains_but_exact_names_come_first() {
    let real = Real::new().await;
    let (gateway, settings) = real.gateway(|_| {}).await;
    let (ale, skola) = (Upstream::saying("ale").await, Upstream::saying("skola").await);
    let mut first = route("ale.localhost", to(ale.port));
    first.wildcard = true;
    first.domains.push("ale-kommun.test".parse().unwrap());
    let second = route("skola.ale.localhost", to(skola.port));
    gateway.put(&first).await.unwrap();
    gateway.put(&second).await.unwrap();
    assert_eq!(gateway.routes().await.unwrap(), [first.clone(), second.clone()]);
    let client = careless();
    let said = async |host: &str| get(&client, &format!("https://{host}:{}/", settings.https_port)).await.text().await.unwrap();
    for (host, expected) in
        [("ale.localhost", "ale"), ("vard.ale.localhost", "ale"), ("skola.ale.localhost", "skola"), ("ale-kommun.test", "ale")]
    {
        assert_eq!(said(host).await, expected, "{host}");
    }
    // The wildcard's certificate is good for a visitor who trusts the authority.
    let visitor = visitor(&real);
    assert_eq!(get(&visitor, &format!("https://bibliotek.ale.localhost:{}/", settings.https_port)).await.text().await.unwrap(), "ale");

    // From wildcard to exact and back, in one step each.
    gateway.put(&Route { wildcard: false, ..first.clone() }).await.unwrap();
    assert_eq!(get(&client, &format!("http://vard.ale.localhost:{}/", settings.http_port)).await.status(), 404);
    gateway.put(&first).await.unwrap();
    assert_eq!(said("vard.ale.localhost").await, "ale");

    gateway.remove(first.instance).await.unwrap();
    gateway.remove(first.instance).await.unwrap();
    assert_eq!(gateway.routes().await.unwrap(), std::slice::from_ref(&second));
    gateway.put(&second).await.unwrap();
    // What was put one by one is what all at once would be.
    gateway.put(&first).await.unwrap();
    let config = |home: &std::path::Path| std::fs::metadata(home.join("gateway/config/caddy/autosave.json")).unwrap().modified().unwrap();
    let saved = config(real.home());
    gateway.load(&[first, second]).await.unwrap();
    assert_eq!(config(real.home()), saved);
}

#[tokio::test]
async fn changes_drop_no_request_and_outlive_a_restart() {
    let real = Real::new().await;
    let (gateway, settings) = real.gateway(|_| {}).await;
    let (blue, green) = (Upstream::saying("blue").await, Upstream::saying("green").await);
    let ale = route("ale.localhost", to(blue.port));
    let mut routes: Vec<Route> = (0..40).map(|n| route(&format!("kommun{n}.localhost"), Target::Suspended)).collect();
    routes.push(ale.clone());
    gateway.load(&routes).await.unwrap();
    let url = format!("https://ale.localhost:{}/", settings.https_port);
    get(&careless(), &url).await;

    let at = Instant::now();
    for n in 0..20 {
        gateway.put(&Route { target: to(if n % 2 == 0 { green.port } else { blue.port }), ..ale.clone() }).await.unwrap();
    }
    println!("one route, without visitors: {:?}", at.elapsed() / 20);

    let stop = Arc::new(AtomicBool::new(false));
    let (served, failed) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let visitors: Vec<_> = (0..6)
        .map(|n| {
            let (stop, served, failed, url) = (stop.clone(), served.clone(), failed.clone(), url.clone());
            tokio::spawn(async move {
                // Half of them keep their connections, half make new ones.
                let client =
                    builder().tls_danger_accept_invalid_certs(true).pool_max_idle_per_host(if n % 2 == 0 { 0 } else { 4 }).build().unwrap();
                while !stop.load(Ordering::Relaxed) {
                    let answer = async { client.get(&url).send().await?.error_for_status()?.text().await }.await;
                    match answer {
                        Ok(text) if text == "blue" || text == "green" => served.fetch_add(1, Ordering::Relaxed),
                        other => {
                            eprintln!("{other:?}");
                            failed.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                }
            })
        })
        .collect();
    let (mut times, begun) = (Vec::new(), Instant::now());
    for n in (0..).take_while(|n| *n < 20 || begun.elapsed() < Duration::from_secs(6)) {
        let target = to(if n % 2 == 0 { green.port } else { blue.port });
        let at = Instant::now();
        gateway.put(&Route { target, ..ale.clone() }).await.unwrap();
        times.push(at.elapsed());
        let other = route(&format!("ny{n}.localhost"), Target::Paused);
        gateway.put(&other).await.unwrap();
        gateway.remove(other.instance).await.unwrap();
    }
    let took = begun.elapsed();
    stop.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.unwrap();
    }
    times.sort();
    println!(
        "{} changes in {took:?}, one route p50 {:?} max {:?}; {} requests served",
        times.len() * 3,
        times[times.len() / 2],
        times[times.len() - 1],
        served.load(Ordering::Relaxed)
    );
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert!(served.load(Ordering::Relaxed) > 100);

    // Without the control plane, after a restart: the same routes and certificates.
    let name = real.name("gateway");
    real.engine.stop_container(&name, 10).await.unwrap();
    assert!(matches!(gateway.ping().await, Err(Error::Outside { kind: OutsideKind::Unreachable, .. })));
    real.engine.start_container(&name).await.unwrap();
    let last = if times.len() % 2 == 1 { "green" } else { "blue" };
    assert_eq!(get(&visitor(&real), &url).await.text().await.unwrap(), last);
    real.until("it answers again", Duration::from_secs(20), &name, || gateway.ping()).await;
    assert_eq!(gateway.routes().await.unwrap().len(), 41);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_leaves_the_old_one() {
    let real = Real::new().await;
    let (gateway, settings) = real.gateway(|_| {}).await;
    let upstream = Upstream::saying("kvar").await;
    let ale = route("ale.localhost", to(upstream.port));
    gateway.load(std::slice::from_ref(&ale)).await.unwrap();
    let url = format!("https://ale.localhost:{}/", settings.https_port);
    assert_eq!(get(&careless(), &url).await.text().await.unwrap(), "kvar");

    let busy = Upstream::saying("upptagen").await;
    let socket = real.home().join("run/gateway/admin.sock");
    let wrong = Caddy::new(&socket, GatewaySettings { http_port: busy.port, ..settings });
    match wrong.load(std::slice::from_ref(&ale)).await.unwrap_err() {
        Error::Outside { system: "gateway", kind: OutsideKind::Conflict, message } => {
            assert!(message.contains(&busy.port.to_string()), "{message}")
        }
        other => panic!("{other}"),
    }
    assert_eq!(get(&careless(), &url).await.text().await.unwrap(), "kvar");
    assert_eq!(gateway.routes().await.unwrap(), [ale]);
}

#[tokio::test]
async fn public_certificates_are_asked_for_only_where_the_control_plane_agrees() {
    let real = Real::new().await;
    let control =
        Upstream::start(|request| (if request.line.contains("domain=ale.se ") { "200 OK" } else { "404 Not Found" }.into(), String::new()))
            .await;
    // An authority that only notes who asks.
    let authority = Upstream::start(|_| ("503 Later".into(), String::new())).await;
    let (ask, directory) =
        (format!("http://127.0.0.1:{}/internal/ask", control.port), format!("http://127.0.0.1:{}/directory", authority.port));
    let (gateway, settings) = real
        .gateway(|s| {
            s.acme_email = Some("drift@ale.se".into());
            s.acme_directory = Some(directory);
            s.ask_url = ask;
        })
        .await;
    let upstream = Upstream::saying("hej").await;
    let routes = ["ale.se", "nekad.se", "ale.localhost", "ale.test"].map(|name| route(name, to(upstream.port)));
    gateway.load(&routes).await.unwrap();
    let visit = async |host: &str| {
        let client = builder().tls_danger_accept_invalid_certs(true).timeout(Duration::from_secs(3)).build().unwrap();
        client.get(format!("https://{host}:{}/", settings.https_port)).send().await
    };
    // Local names get certificates of the gateway's own, without a question to anybody, and no HSTS.
    for host in ["ale.localhost", "ale.test"] {
        let response = visit(host).await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "strict-transport-security")), (200, ""), "{host}");
    }
    // Nobody's name is nobody's question either.
    assert!(visit("frammande.se").await.is_err());
    assert!(control.requests().is_empty() && authority.requests().is_empty());

    assert!(visit("nekad.se").await.is_err());
    let asked: Vec<String> = control.requests().into_iter().map(|r| r.line).collect();
    assert!(!asked.is_empty() && asked.iter().all(|l| l == "GET /internal/ask?domain=nekad.se HTTP/1.1"), "{asked:?}");
    assert!(authority.requests().is_empty());

    assert!(visit("ale.se").await.is_err());
    assert_eq!(control.requests().last().unwrap().line, "GET /internal/ask?domain=ale.se HTTP/1.1");
    let begun = Instant::now();
    while authority.requests().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "no question to the authority");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(authority.requests()[0].line.starts_with("GET /directory"));
}
