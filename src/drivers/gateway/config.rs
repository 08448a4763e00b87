// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Caddy's configuration (2.6). Pure. It depends on the settings only: routes are files (see [`super::table`]), looked up for
//! each request, because a new configuration makes Caddy close its listeners and so drops requests under load.
//!
//! One server listens on both ports. Its steps stand in this order: the guard that hides the agents, the look-up of the host,
//! the page for unknown hosts, the way from HTTP to HTTPS, the pages, the instance. Names below `.localhost` and `.test` get
//! certificates from the gateway's own authority, and so does everything while no ACME account is set; other names get
//! public ones. All are made at the first visit and kept, so that a restart asks nobody. Whether one may be made Caddy asks
//! itself first (see [`permission`]): never for a name without a route, and for a public certificate only if the control plane
//! agrees. A visit by HTTPS to any other name, or to none, ends before it begins, as there is no certificate for it.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use super::GatewaySettings;

/// Where the gateway's own container has the socket of its administration.
pub const ADMIN_SOCKET: &str = "/run/flotta-gateway/admin.sock";
/// The host name under which the administration answers; the same with and without a configuration from here.
pub const ADMIN_HOST: &str = "localhost";
/// Where the gateway's own container has the table of routes.
pub const TABLE: &str = "/run/flotta-gateway/routes";

/// The name below which nobody is and which still has a certificate.
const NOBODY: &str = "unknown.localhost";
const PAGES: &str = "/srv/pages";
/// Host names, with a port or without, as they stand in the table. Nothing else is looked up: `*` and `..` mean something to
/// file systems.
const HOST: &str = r"^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+(?::[0-9]+)?$";
/// The same; what stands above the first label is kept.
const ABOVE: &str = r"^[a-z0-9_-]+\.([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]+)?$";
/// What only the gateway may say of a request, and what could confuse PHP or a cache behind it.
const NOT_FROM_VISITORS: [&str; 10] = [
    "X-Flotta-*",
    "X_Flotta_*",
    "X-Forwarded-*",
    "X_Forwarded_*",
    "Forwarded",
    "X-Real-Ip",
    "X-Client-Ip",
    "Proxy",
    "X-Original-Url",
    "X-Rewrite-Url",
];

/// The whole configuration.
#[must_use]
pub fn whole(settings: &GatewaySettings) -> Value {
    let mut steps = vec![
        permission(settings),
        guard(),
        find(
            "{http.request.host}",
            json!({ "header_regexp": { "Host": { "pattern": HOST } } }),
            json!({ "header_regexp": { "Host": { "name": "above", "pattern": ABOVE } } }),
        ),
        json!({ "match": [{ "not": [has_route()] }], "handle": page("unknown", "404", None), "terminal": true }),
        to_https(settings),
        json!({ "match": led_to("suspended"), "handle": page("suspended", "503", None), "terminal": true }),
        json!({ "match": led_to("paused"), "handle": page("paused", "503", Some("10")), "terminal": true }),
        json!({ "match": led_to("unavailable"), "handle": page("unavailable", "503", Some("60")), "terminal": true }),
    ];
    if settings.acme_email.is_some() {
        steps.push(json!({
            "match": [{ "not": [{ "header_regexp": { "Host": { "pattern": r"\.(?:localhost|test)(?::[0-9]+)?$" } } }] }],
            "handle": [{ "handler": "headers", "response": { "deferred": true, "set": { "Strict-Transport-Security": ["max-age=31536000"] } } }],
        }));
    }
    steps.push(json!({
        "match": [{ "vars_regexp": { "route": { "name": "to", "pattern": "/([0-9.]+:[0-9]+)$" } } }],
        "handle": proxy("{http.regexp.to.1}"),
        "terminal": true,
    }));
    steps.push(json!({ "handle": page("unavailable", "503", Some("60")) }));
    json!({
        "admin": { "listen": format!("unix/{ADMIN_SOCKET}"), "origins": [ADMIN_HOST] },
        // Errors and certificates; no line for each visitor, none for each question of the control plane.
        "logging": { "logs": { "default": { "level": "INFO", "exclude": ["admin.api"] } } },
        "apps": {
            "http": {
                "http_port": settings.http_port,
                "https_port": settings.https_port,
                "grace_period": "60s",
                "servers": { "sites": {
                    "listen": listen(settings),
                    "protocols": ["h1", "h2"],
                    "automatic_https": { "disable_redirects": true },
                    "tls_connection_policies": [{}],
                    "read_header_timeout": "10s",
                    "read_timeout": "30m",
                    "write_timeout": "30m",
                    "idle_timeout": "2m",
                    "max_header_bytes": 65_536,
                    "routes": steps,
                    "errors": { "routes": [{
                        "match": [{ "expression": "{http.error.status_code} in [502, 503, 504]" }],
                        "handle": page("unavailable", "{http.error.status_code}", Some("10")),
                    }] },
                } },
            },
            "tls": tls(settings),
            "pki": { "certificate_authorities": { "local": { "name": "Flotta local authority", "install_trust": false } } },
        },
    })
}

/// Nobody reaches an agent from outside, on any host, whatever comes before its path.
fn guard() -> Value {
    json!({
        "match": [{ "path": ["*/.flotta*"] }],
        "handle": [{ "handler": "static_response", "status_code": "404" }],
        "terminal": true,
    })
}

/// Looks a host up: its own entry, or else one for everything below the name above it. The variable `route` then holds the
/// entry's path. An entry that is replaced between being listed and being looked at is missed, so nothing is given up after
/// a single look.
fn find(host: &str, is_host: Value, has_above: Value) -> Value {
    let look = |group: &str, pattern: &str| {
        json!({
            "group": group,
            "match": [{ "file": { "root": TABLE, "try_files": [pattern] } }],
            "handle": [{ "handler": "vars", "route": "{http.matchers.file.relative}" }],
        })
    };
    let (exact, below) = (format!("/hosts/{host}/*"), "/below/{http.regexp.above.1}/*".to_owned());
    let again: Vec<Value> = [&below, &exact, &below, &exact].iter().map(|pattern| look("again", pattern)).collect();
    json!({
        "match": [is_host],
        "handle": [{ "handler": "subroute", "routes": [
            look("first", &exact),
            { "group": "first", "match": [has_above], "handle": [{ "handler": "subroute", "routes": again }] },
        ] }],
    })
}

/// Answers Caddy's own question whether a certificate may be made for the name in `?domain=`: asked by HTTP at the gateway's
/// own address, from nowhere else.
fn permission(settings: &GatewaySettings) -> Value {
    let own = own_address(settings);
    let is = |name: &str, pattern: &str| json!({ "vars_regexp": { "domain": { "name": name, "pattern": pattern } } });
    let say = |status: &str| json!([{ "handler": "static_response", "status_code": status }]);
    let mut routes = vec![
        json!({ "handle": [{ "handler": "vars", "domain": "{http.request.uri.query.domain}" }] }),
        // For the page about unknown hosts, at one name on this machine.
        json!({ "match": [is("", &format!("^{}$", NOBODY.replace('.', r"\.")))], "handle": say("200"), "terminal": true }),
        find("{http.vars.domain}", is("", HOST), is("above", ABOVE)),
        json!({ "match": [{ "not": [has_route()] }], "handle": say("404"), "terminal": true }),
    ];
    if settings.acme_email.is_some() {
        routes.push(json!({ "match": [is("", r"\.(?:localhost|test)$")], "handle": say("200"), "terminal": true }));
        let asked = url::Url::parse(&settings.ask_url).ok();
        let control = asked.as_ref().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        routes.push(match (asked, control) {
            (Some(url), Some(control)) => json!({ "handle": [
                { "handler": "rewrite", "uri": format!("{}?domain={{http.vars.domain}}", url.path()) },
                { "handler": "reverse_proxy", "upstreams": [{ "dial": control }] },
            ] }),
            _ => json!({ "handle": say("404") }),
        });
    } else {
        routes.push(json!({ "handle": say("200") }));
    }
    json!({
        "match": [{
            "protocol": "http",
            "path": ["/certificate"],
            "header_regexp": { "Host": { "pattern": format!("^{}$", regex_of(&own)) } },
            "remote_ip": { "ranges": ["127.0.0.0/8", "::1/128", own.ip().to_string()] },
        }],
        "handle": [{ "handler": "subroute", "routes": routes }],
        "terminal": true,
    })
}

/// Where the gateway reaches itself by HTTP.
fn own_address(settings: &GatewaySettings) -> SocketAddr {
    let ip = settings.bind.first().copied().filter(|ip| !ip.is_unspecified()).unwrap_or(Ipv4Addr::LOCALHOST.into());
    SocketAddr::new(ip, settings.http_port)
}

/// A pattern that only this `Host` matches; some clients leave port 80 out, Caddy does not.
fn regex_of(own: &SocketAddr) -> String {
    let text = own.to_string().replace('.', r"\.").replace('[', r"\[").replace(']', r"\]");
    match text.strip_suffix(":80") {
        Some(address) if own.port() == 80 => format!("{address}(?::80)?"),
        _ => text,
    }
}

/// Whether the look-up found something. A variable that is not set reads `<nil>`.
fn has_route() -> Value {
    json!({ "vars_regexp": { "route": { "pattern": "^/" } } })
}

fn led_to(name: &str) -> Value {
    json!([{ "vars_regexp": { "route": { "pattern": format!("/{name}$") } } }])
}

fn to_https(settings: &GatewaySettings) -> Value {
    let port = if settings.https_port == 443 { String::new() } else { format!(":{}", settings.https_port) };
    json!({
        "match": [{ "protocol": "http" }],
        "handle": [{
            "handler": "static_response",
            "status_code": "308",
            "headers": { "Location": [format!("https://{{http.request.host}}{port}{{http.request.uri}}")] },
        }],
        "terminal": true,
    })
}

fn listen(settings: &GatewaySettings) -> Vec<String> {
    let ports = [settings.http_port, settings.https_port];
    if settings.bind.is_empty() {
        return ports.iter().map(|p| format!(":{p}")).collect();
    }
    settings.bind.iter().flat_map(|ip| ports.map(|p| SocketAddr::new(*ip, p).to_string())).collect()
}

fn tls(settings: &GatewaySettings) -> Value {
    let own = json!([{ "module": "internal" }]);
    let policies = match &settings.acme_email {
        None => vec![json!({ "issuers": own, "on_demand": true })],
        Some(email) => {
            // A star stands for one label.
            let local: Vec<String> =
                ["localhost", "test"].iter().flat_map(|top| (1..=6).map(move |n| format!("{}{top}", "*.".repeat(n)))).collect();
            let mut acme = json!({ "module": "acme", "email": email });
            if let Some(directory) = &settings.acme_directory {
                acme["ca"] = json!(directory);
            }
            vec![json!({ "subjects": local, "issuers": own, "on_demand": true }), json!({ "issuers": [acme], "on_demand": true })]
        }
    };
    json!({ "automation": { "on_demand": { "ask": format!("http://{}/certificate", own_address(settings)) }, "policies": policies } })
}

/// Handlers that pass a request to an instance.
fn proxy(upstream: &str) -> Value {
    json!([
        {
            "handler": "headers",
            "request": { "delete": NOT_FROM_VISITORS },
            "response": { "deferred": true, "delete": ["Server", "X-Powered-By"] },
        },
        { "handler": "encode", "encodings": { "zstd": {}, "gzip": {} }, "prefer": ["zstd", "gzip"], "minimum_length": 512 },
        {
            "handler": "reverse_proxy",
            "upstreams": [{ "dial": upstream }],
            // While an instance is started anew its visitors wait a little instead of seeing an error: attempts to connect are
            // repeated (but Caddy 2.6 cannot repeat them for a request with a body), never a request that was sent.
            "load_balancing": { "try_duration": "4s", "try_interval": "100ms" },
            "transport": {
                "protocol": "http",
                "compression": false,
                "dial_timeout": "3s",
                "response_header_timeout": "300s",
                // Shorter than any server behind keeps a connection, so that none is used while it is being closed.
                "keep_alive": { "enabled": true, "idle_timeout": "20s", "max_idle_conns_per_host": 8 },
            },
        },
    ])
}

/// Handlers that give one of the gateway's own pages, for any method.
fn page(name: &str, status: &str, retry_after: Option<&str>) -> Value {
    let mut set = json!({ "Cache-Control": ["no-store"], "X-Robots-Tag": ["noindex"] });
    if let Some(seconds) = retry_after {
        set["Retry-After"] = json!([seconds]);
    }
    json!([
        {
            "handler": "headers",
            "request": { "delete": ["Range", "If-*"] },
            "response": { "set": set, "deferred": true, "delete": ["Server", "Etag", "Last-Modified"] },
        },
        { "handler": "rewrite", "method": "GET", "uri": format!("/{name}.html") },
        { "handler": "file_server", "root": PAGES, "status_code": status },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(acme: bool) -> GatewaySettings {
        GatewaySettings {
            bind: vec![],
            http_port: if acme { 80 } else { 8080 },
            https_port: if acme { 443 } else { 8443 },
            acme_email: acme.then(|| "drift@example.se".to_owned()),
            acme_directory: None,
            ask_url: "http://127.0.0.1:7700/internal/certificate".to_owned(),
        }
    }

    #[test]
    fn local() {
        insta::assert_json_snapshot!(whole(&settings(false)));
    }

    #[test]
    fn public() {
        let mut with = settings(true);
        with.bind = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        with.acme_directory = Some("https://ca.example/directory".to_owned());
        insta::assert_json_snapshot!(whole(&with));
    }
}
