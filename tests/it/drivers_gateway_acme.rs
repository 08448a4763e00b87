// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A public certificate from a real ACME authority: another Caddy, with its own network and names, asks the gateway's port
//! 80 or 443 whether the name is the gateway's. That network is the two containers' own, so nothing of the machine is in the way.

use std::{net::SocketAddr, process::Command, time::Duration};

use flotta::{
    drivers::gateway::{Gateway, GatewaySettings, Route, Target, caddy::Caddy},
    error::{Error, OutsideKind},
    fleet::InstanceId,
};
use serde_json::json;

use crate::support::real::{GATEWAY, Real, text};

/// The authority's own, the control plane's and the site's, all at 127.0.0.1 of that network.
const AUTHORITY: u16 = 9443;
const CONTROL: u16 = 9081;
const SITE: u16 = 9082;

fn docker(arguments: &[&str]) -> String {
    let out = Command::new("docker").args(arguments).output().unwrap();
    assert!(out.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// An authority for everybody who can show that a name is theirs; a control plane that has `ale.se`; a site.
fn authority() -> String {
    let server = |listen: u16, routes: serde_json::Value| json!({"listen": [format!(":{listen}")], "routes": routes});
    let mut acme = server(
        AUTHORITY,
        json!([{"match": [{"host": ["authority.test"]}], "handle": [{"handler": "acme_server", "host": format!("authority.test:{AUTHORITY}")}]}]),
    );
    acme["automatic_https"] = json!({"disable_redirects": true});
    let control = server(
        CONTROL,
        json!([
            {"match": [{"path": ["/internal/ask"], "query": {"domain": ["ale.se"]}}], "handle": [{"handler": "static_response", "status_code": 200}]},
            {"handle": [{"handler": "static_response", "status_code": 404}]},
        ]),
    );
    let site = server(SITE, json!([{"handle": [{"handler": "static_response", "status_code": 200, "body": "hej"}]}]));
    json!({
        "admin": {"disabled": true},
        "apps": {
            "http": {"http_port": 9080, "https_port": AUTHORITY, "servers": {"acme": acme, "control": control, "site": site}},
            "tls": {"automation": {"policies": [{"subjects": ["authority.test"], "issuers": [{"module": "internal"}]}]}},
            "pki": {"certificate_authorities": {"local": {"install_trust": false}}},
        },
    })
    .to_string()
}

fn route(domain: &str) -> Route {
    let target = Target::Instance { address: std::net::Ipv4Addr::LOCALHOST, port: SITE };
    Route { instance: InstanceId::generate(), domains: vec![domain.parse().unwrap()], wildcard: false, target }
}

#[tokio::test]
async fn a_public_name_gets_a_certificate_of_a_real_authority_at_its_first_visit() {
    let real = Real::new().await;
    let config = real.file("authority.json", &authority());
    let (ca, run, data) = (real.folder("authority"), real.folder("run/gateway"), real.folder("gateway"));
    let root = ca.join("caddy/pki/authorities/local/root.crt");
    let (first, second) = (real.name("authority"), real.name("gateway"));
    let label = format!("se.flotta.fleet={}", real.fleet);
    let (config, ca, run_text, data) =
        (format!("{}:/authority.json:ro", text(&config)), format!("{}:/data", text(&ca)), text(&run), format!("{}:/data", text(&data)));
    docker(&[
        "run",
        "--detach",
        "--name",
        &first,
        "--label",
        &label,
        "--label",
        "se.flotta.role=task",
        "--add-host",
        "ale.se:127.0.0.1",
        "--add-host",
        "authority.test:127.0.0.1",
        "--volume",
        &config,
        "--volume",
        &ca,
        "--entrypoint",
        "/usr/bin/caddy",
        GATEWAY,
        "run",
        "--config",
        "/authority.json",
    ]);
    real.until("the authority has its root", Duration::from_secs(30), &first, || async {
        root.exists().then_some(()).ok_or_else(|| Error::outside("authority", OutsideKind::Failed, "no root yet"))
    })
    .await;
    let network = format!("container:{first}");
    let run_mount = format!("{run_text}:/run/flotta-gateway");
    let trusted = format!("{}:/authority.crt:ro", text(&root));
    docker(&[
        "run",
        "--detach",
        "--name",
        &second,
        "--label",
        &label,
        "--label",
        "se.flotta.role=gateway",
        "--network",
        &network,
        "--volume",
        &run_mount,
        "--volume",
        &data,
        "--volume",
        &trusted,
        "--env",
        "SSL_CERT_FILE=/authority.crt",
        GATEWAY,
    ]);
    let settings = GatewaySettings {
        bind: vec![],
        http_port: 80,
        https_port: 443,
        acme_email: Some("drift@ale.se".into()),
        acme_directory: Some(format!("https://authority.test:{AUTHORITY}/acme/local/directory")),
        ask_url: format!("http://127.0.0.1:{CONTROL}/internal/ask"),
    };
    let gateway = Caddy::new(run.join("admin.sock"), settings);
    real.until("the gateway answers", Duration::from_secs(30), &second, || gateway.ping()).await;
    gateway.load(&[route("ale.se"), route("nekad.se")]).await.unwrap();

    let address = docker(&["inspect", "--format", "{{.NetworkSettings.IPAddress}}", &first]);
    let https = SocketAddr::new(address.parse().unwrap(), 443);
    let certificate = reqwest::Certificate::from_pem(&std::fs::read(&root).unwrap()).unwrap();
    // Trusts this authority alone, so that an answer proves whose certificate it was.
    let visitor = reqwest::Client::builder()
        .resolve("ale.se", https)
        .resolve("nekad.se", https)
        .tls_certs_only([certificate])
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap();
    let page = real
        .until("the site answers under the authority's certificate", Duration::from_secs(60), &second, || async {
            let failed = |e: reqwest::Error| Error::outside("gateway", OutsideKind::Failed, format!("{e:?}"));
            visitor.get("https://ale.se/").send().await.map_err(failed)?.error_for_status().map_err(failed)
        })
        .await;
    assert!(page.headers().contains_key("strict-transport-security"));
    assert_eq!(page.text().await.unwrap(), "hej");
    assert!(visitor.get("https://nekad.se/").send().await.is_err(), "the control plane does not know it");
    let kept: Vec<_> = std::fs::read_dir(real.home().join("gateway/caddy/certificates")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(kept.iter().any(|name| name.to_string_lossy().starts_with("authority.test")), "{kept:?}");
}
