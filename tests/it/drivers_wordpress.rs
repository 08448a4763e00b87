// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The WordPress driver against a real instance, its agent, and the gateway before it.

use std::{
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::{PermissionsExt, chown},
    time::{Duration, Instant},
};

use flotta::{
    drivers::{
        database_server::DatabaseServer,
        engine::Engine,
        gateway::{Gateway, Route, Target},
        wordpress::{
            Site, Wordpress,
            agent::{Agent, WordpressSettings},
        },
    },
    error::{Error, OutsideKind},
    fleet::{
        Domain, InstanceId, Limits,
        container::{Attachment, ContainerSpec, Mount, VolumeState},
    },
};
use secrecy::SecretString;

use crate::support::{
    real::{Real, WORDPRESS, free_port, text},
    upstream::Upstream,
};

const SCHEMA: &str = "flt_ale_production";
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const SALTS: [&str; 8] =
    ["auth_key", "secure_auth_key", "logged_in_key", "nonce_key", "auth_salt", "secure_auth_salt", "logged_in_salt", "nonce_salt"];

fn failed<T: std::fmt::Debug>(answer: Result<T, Error>) -> (OutsideKind, String) {
    match answer.unwrap_err() {
        Error::Outside { system: "wordpress", kind, message } => (kind, message),
        other => panic!("{other}"),
    }
}

fn site(port: u16, https_port: u16) -> Site {
    Site { address: Ipv4Addr::LOCALHOST, port, domain: "ale.localhost".parse().unwrap(), https_port }
}

/// Starts WordPress, not installed, as the control plane would.
async fn instance(real: &Real, address: Ipv4Addr, network: &str, host: &str) -> String {
    let secrets = real.folder("secrets/i1");
    let mut environment = vec![
        "WORDPRESS_DB_HOST=localhost:/run/flotta/db/mysqld.sock".to_owned(),
        format!("WORDPRESS_DB_USER={SCHEMA}"),
        format!("WORDPRESS_DB_NAME={SCHEMA}"),
        "WORDPRESS_DB_PASSWORD_FILE=/run/secrets/flotta/db_password".to_owned(),
        "WORDPRESS_TABLE_PREFIX=wp_".to_owned(),
        format!(
            "WORDPRESS_CONFIG_EXTRA=define('MULTISITE', true); define('SUBDOMAIN_INSTALL', false); define('DOMAIN_CURRENT_SITE', '{host}'); \
             define('PATH_CURRENT_SITE', '/'); define('SITE_ID_CURRENT_SITE', 1); define('BLOG_ID_CURRENT_SITE', 1); define('DISABLE_WP_CRON', true);"
        ),
        "FLOTTA_AGENT_KEY_FILE=/run/secrets/flotta/agent_key".to_owned(),
        "FLOTTA_INSTANCE=i1".to_owned(),
    ];
    for salt in SALTS {
        real.file(&format!("secrets/i1/{salt}"), &format!("{salt}{KEY}"));
        environment.push(format!("WORDPRESS_{}_FILE=/run/secrets/flotta/{salt}", salt.to_uppercase()));
    }
    real.file("secrets/i1/db_password", "pAleAle0123456789");
    real.file("secrets/i1/agent_key", KEY);
    for file in std::fs::read_dir(&secrets).unwrap() {
        let path = file.unwrap().path();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
        chown(&path, Some(33), Some(33)).unwrap();
    }
    let agent = real.file("agent/flotta-agent.php", include_str!("../../docker/agent/flotta-agent.php"));
    let uploads = real.name("ale-production-uploads");
    real.engine.create_volume(&VolumeState { name: uploads.clone(), labels: real.labels("instance") }).await.unwrap();
    let bind = |source: &std::path::Path, target: &str| Mount::Bind { source: text(source), target: target.into(), read_only: true };
    let spec = ContainerSpec {
        name: real.name("ale-production-1"),
        image: real.image(WORDPRESS).await,
        command: vec![],
        environment,
        labels: real.labels("instance"),
        mounts: vec![
            bind(&real.home().join("run/db-1"), "/run/flotta/db"),
            bind(&secrets, "/run/secrets/flotta"),
            bind(&agent, "/var/www/html/wp-content/mu-plugins/flotta-agent.php"),
            Mount::Volume { name: uploads, target: "/var/www/html/wp-content/uploads".into() },
            Mount::Tmpfs { target: "/tmp".into(), size_mib: 128 },
            Mount::Tmpfs { target: "/run".into(), size_mib: 16 },
        ],
        attachment: Attachment::Network { name: network.to_owned(), address },
        extra_hosts: vec![],
        limits: Some(Limits::default()),
        read_only_root: true,
        capabilities: vec![],
        restart: true,
        stop_grace_seconds: 30,
        user: String::new(),
    };
    real.run(&spec).await;
    spec.name
}

#[tokio::test]
async fn wordpress_and_its_agent_answer() {
    let real = Real::new().await;
    let network = real.network().await;
    let server = real.database_server().await;
    server.create_schema(SCHEMA, &"pAleAle0123456789".into()).await.unwrap();
    let (gateway, settings) = real.gateway(|_| {}).await;
    let domain: Domain = "ale.localhost".parse().unwrap();
    let address: Ipv4Addr = network.subnet.replace("0/24", "20").parse().unwrap();
    let site = Site { address, port: 80, domain: domain.clone(), https_port: settings.https_port };
    let container = instance(&real, address, &network.name, &site.host()).await;
    let wordpress = Agent::new(WordpressSettings::local(settings.https_port));
    let key = SecretString::from(KEY);

    // A network without its tables ends before the agent is loaded; after the installation, everything is there.
    real.until("the web server answers", Duration::from_secs(30), &container, || wordpress.page(&site, "/.flotta/healthz")).await;
    let (kind, message) = failed(wordpress.ready(&site, &key).await);
    assert!(kind == OutsideKind::Failed && message.contains("before the agent"), "{message}");
    assert!(wordpress.page(&site, "/").await.unwrap().broken);
    let wish = serde_json::json!({
        "title": "Ale kommun", "domain": site.host(), "path": "/", "scheme": "https", "network": "sub-directory",
        "admin_login": "webb", "admin_email": "webb@ale.example.se", "locale": "sv_SE"
    });
    let install = ["php", "/var/www/html/wp-content/mu-plugins/flotta-agent.php", "install"];
    let out = real.engine.exec(&container, &install, None, wish.to_string().as_bytes(), 60).await.unwrap();
    assert_eq!(out.status, 0, "{} {}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let ready = wordpress.ready(&site, &key).await.unwrap();
    assert!(ready.installed && ready.db_version.is_some_and(|v| v > 50_000), "{ready:?}");
    assert_eq!((ready.db_version, ready.sites), (ready.wanted_db_version, Some(1)));

    let page = wordpress.page(&site, "/").await.unwrap();
    assert_eq!((page.status, page.language.as_str(), page.broken), (200, "sv-SE", false), "{page:?}");
    assert!(page.title.contains("Ale kommun"), "{page:?}");
    let page = wordpress.page(&site, "/wp-admin/").await.unwrap();
    assert_eq!(page.status, 302);
    assert!(page.location.unwrap().starts_with(&format!("https://{}/wp-login.php", site.host())));

    let facts = wordpress.facts(&site, &key).await.unwrap();
    assert!(facts["wordpress"]["version"].as_str().unwrap().starts_with("6."), "{facts}");
    assert_eq!((&facts["settings"]["locale"], &facts["ok"]), (&"sv_SE".into(), &serde_json::Value::Null));
    let invitation = wordpress.invite(&site, &key, "webb").await.unwrap();
    assert!(invitation.url.starts_with(&format!("https://{}/wp-login.php?action=rp&key=", site.host())));
    assert!(invitation.expires_at.parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now());
    let (kind, message) = failed(wordpress.invite(&site, &key, "nobody").await.map(|_| ()));
    assert!(kind == OutsideKind::Refused && message.contains("nobody"), "{message}");
    let (kind, message) = failed(wordpress.facts(&site, &"0000".into()).await);
    assert!(kind == OutsideKind::Refused && !message.contains("0000"), "{message}");

    // As a visitor, through the gateway.
    let mut route = Route {
        instance: InstanceId::generate(),
        domains: vec![domain.clone()],
        wildcard: false,
        target: Target::Instance { address, port: 80 },
    };
    gateway.put(&route).await.unwrap();
    let page = wordpress.public_page(&domain, "/").await.unwrap();
    assert_eq!((page.status, page.broken), (200, false));
    assert!(page.title.contains("Ale kommun"), "{page:?}");
    route.target = Target::Suspended;
    gateway.put(&route).await.unwrap();
    let page = wordpress.public_page(&domain, "/").await.unwrap();
    assert_eq!((page.status, page.language.as_str(), page.broken), (503, "sv", false), "{page:?}");

    // Without its database WordPress is broken, and both ways of asking say so.
    real.engine.stop_container(&real.name("db-1"), 30).await.unwrap();
    let page = wordpress.page(&site, "/").await.unwrap();
    assert!(page.status == 500 && page.broken, "{page:?}");
    let (kind, message) = failed(wordpress.ready(&site, &key).await);
    assert_eq!(kind, OutsideKind::Failed, "{message}");
}

#[tokio::test]
async fn what_does_not_answer_is_unreachable() {
    let wordpress = Agent::new(WordpressSettings { gateway: IpAddr::V4(Ipv4Addr::LOCALHOST), https_port: free_port() });
    let nobody = site(free_port(), 443);
    let key = SecretString::from(KEY);
    for (kind, message) in [
        failed(wordpress.page(&nobody, "/").await),
        failed(wordpress.ready(&nobody, &key).await),
        failed(wordpress.public_page(&nobody.domain, "/").await),
    ] {
        assert!(kind == OutsideKind::Unreachable && message.contains("ale.localhost") && !message.contains(KEY), "{message}");
    }
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mute = site(silent.local_addr().unwrap().port(), 443);
    let asked = tokio::time::timeout(Duration::from_secs(1), wordpress.page(&mute, "/")).await;
    assert!(asked.is_err(), "still waiting, as it should");
    assert_eq!(failed(wordpress.page(&mute, "no path").await).0, OutsideKind::Refused);
}

#[tokio::test]
async fn pages_are_read_as_they_come() {
    let large = format!("<html lang='sv'><title>Stor</title>{}", "x".repeat(8 << 20));
    let upstream = Upstream::start(move |request| {
        let path = request.line.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.as_str() {
            "/stor" => ("200 OK".into(), large.clone()),
            "/flytt" => ("301 Moved\r\nLocation: https://ale.localhost:8443/ny/".into(), String::new()),
            "/.flotta/agent/ready" => ("200 OK".into(), "<h1>Hej</h1>".into()),
            "/.flotta/agent/facts" => ("404 Not Found".into(), "Not Found".into()),
            _ => (
                "500 X".into(),
                "<b>Fatal error</b>:  Uncaught Error: x() in /var/www/a.php:3 thrown in <b>/var/www/a.php</b> on line <b>3</b>".into(),
            ),
        }
    })
    .await;
    let wordpress = Agent::new(WordpressSettings::local(free_port()));
    let (site, key) = (site(upstream.port, 8443), SecretString::from(KEY));
    let begun = Instant::now();
    let page = wordpress.page(&site, "/stor").await.unwrap();
    assert_eq!((page.title.as_str(), page.language.as_str()), ("Stor", "sv"));
    assert!(begun.elapsed() < Duration::from_secs(20));
    let page = wordpress.page(&site, "/flytt").await.unwrap();
    assert_eq!((page.status, page.location.as_deref()), (301, Some("https://ale.localhost:8443/ny/")));
    assert!(wordpress.page(&site, "/trasig").await.unwrap().broken);
    assert_eq!(failed(wordpress.ready(&site, &key).await).0, OutsideKind::Failed);
    assert_eq!(failed(wordpress.facts(&site, &key).await).0, OutsideKind::Refused);

    let requests = upstream.requests();
    for request in &requests {
        assert_eq!(request.header("host"), ["ale.localhost:8443"]);
        assert_eq!(request.header("x-forwarded-host"), ["ale.localhost:8443"]);
        assert_eq!(request.header("x-forwarded-proto"), ["https"]);
    }
    let signed: Vec<_> = requests.iter().filter(|r| r.line.starts_with("POST /.flotta/agent/")).collect();
    assert_eq!(signed.len(), 2);
    assert_eq!(signed[0].header("x-flotta-signature")[0].len(), 64);
    assert_ne!(signed[0].header("x-flotta-nonce"), signed[1].header("x-flotta-nonce"));
}
