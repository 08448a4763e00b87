// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From routes to Caddy's own configuration (2.6), and back. Pure.
//!
//! One server listens on both ports, so that a route is one object and one change. Its routes stand in this order: the
//! guard that hides the agents, the instances (exact names before wildcards, oldest first), the page for unknown hosts.
//! Names below `.localhost` and `.test` get certificates from the gateway's own authority, and so does everything while no
//! ACME account is set; other names get public ones at the first visit, if the control plane says so. A visit by a name that
//! nobody has gets no certificate.

use serde_json::{Value, json};

use super::{GatewaySettings, Route, Target};
use crate::fleet::{Domain, InstanceId};

/// Where the gateway's own container has the socket of its administration.
pub const ADMIN_SOCKET: &str = "/run/flotta-gateway/admin.sock";
/// The host name under which the administration answers; the same with and without a configuration from here.
pub const ADMIN_HOST: &str = "localhost";
/// Path of the list of routes in the configuration.
pub const ROUTES: &str = "apps/http/servers/sites/routes";

const PAGES: &str = "/srv/pages";
const ID: &str = "@id";
const ID_PREFIX: &str = "route-";
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
pub fn whole(settings: &GatewaySettings, routes: &[Route]) -> Value {
    let mut sorted: Vec<&Route> = routes.iter().collect();
    sorted.sort_by_key(|r| place(r));
    let mut list = vec![guard()];
    list.extend(sorted.into_iter().map(|r| route(settings, r)));
    list.push(json!({ ID: "unknown", "handle": page("unknown", "404", &[]), "terminal": true }));
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
                    // Visits by address, without a name, see the page for unknown hosts.
                    "tls_connection_policies": [{ "default_sni": "unknown.localhost" }],
                    "read_header_timeout": "10s",
                    "read_timeout": "30m",
                    "write_timeout": "30m",
                    "idle_timeout": "2m",
                    "max_header_bytes": 65_536,
                    "routes": list,
                    "errors": { "routes": [{
                        "match": [{ "expression": "{http.error.status_code} in [502, 503, 504]" }],
                        "handle": page("unavailable", "{http.error.status_code}", &[("Retry-After", "10")]),
                    }] },
                } },
            },
            "tls": tls(settings),
            "pki": { "certificate_authorities": { "local": { "name": "Flotta local authority", "install_trust": false } } },
        },
    })
}

/// One instance's entry.
#[must_use]
pub fn route(settings: &GatewaySettings, route: &Route) -> Value {
    let mut hosts: Vec<String> = route.domains.iter().map(ToString::to_string).collect();
    if let (true, Some(main)) = (route.wildcard, route.domains.first()) {
        hosts.push(format!("*.{main}"));
    }
    let port = if settings.https_port == 443 { String::new() } else { format!(":{}", settings.https_port) };
    let to_https = json!({
        "match": [{ "protocol": "http" }],
        "handle": [{
            "handler": "static_response",
            "status_code": "308",
            "headers": { "Location": [format!("https://{{http.request.host}}{port}{{http.request.uri}}")] },
        }],
        "terminal": true,
    });
    let strict = settings.acme_email.is_some() && route.domains.iter().all(|d| !d.is_local());
    let answer = match &route.target {
        Target::Instance { address, port } => proxy(&format!("{address}:{port}"), strict),
        Target::Suspended => page("suspended", "503", &[]),
        Target::Paused => page("paused", "503", &[("Retry-After", "10")]),
        Target::Unavailable => page("unavailable", "503", &[("Retry-After", "60")]),
    };
    json!({
        ID: id(route.instance),
        "match": [{ "host": hosts }],
        "handle": [{ "handler": "subroute", "routes": [to_https, { "handle": answer }] }],
        "terminal": true,
    })
}

/// The `@id` of an instance's entry.
#[must_use]
pub fn id(instance: InstanceId) -> String {
    format!("{ID_PREFIX}{instance}")
}

/// The routes in a list of entries. One that is not exactly what would be made for it, because somebody changed it by hand,
/// is left out: it counts as missing and is made anew.
#[must_use]
pub fn parse(settings: &GatewaySettings, list: &Value) -> Vec<Route> {
    list.as_array().into_iter().flatten().filter_map(|entry| parse_one(entry).filter(|r| route(settings, r) == *entry)).collect()
}

/// Where an entry belongs among the others, in the order of [`whole`].
#[must_use]
pub fn place(route: &Route) -> (bool, InstanceId) {
    (route.wildcard, route.instance)
}

/// The index at which an entry belongs in the gateway's list, counting the guard. Entries that cannot be read stay where they are.
#[must_use]
pub fn index_for(list: &Value, route: &Route) -> usize {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let after = entries.iter().rposition(|entry| parse_one(entry).is_some_and(|other| place(&other) < place(route)));
    after.map_or(1, |at| at + 1)
}

/// Where in the list the entry of this instance stands.
#[must_use]
pub fn position(list: &Value, instance: InstanceId) -> Option<usize> {
    let wanted = id(instance);
    list.as_array()?.iter().position(|entry| entry[ID] == wanted.as_str())
}

/// Whether an entry is of a wildcard, which decides where it stands.
#[must_use]
pub fn is_wildcard(entry: &Value) -> bool {
    parse_one(entry).is_some_and(|r| r.wildcard)
}

fn parse_one(entry: &Value) -> Option<Route> {
    let instance: InstanceId = entry[ID].as_str()?.strip_prefix(ID_PREFIX)?.parse().ok()?;
    let hosts: Vec<&str> = entry["match"][0]["host"].as_array()?.iter().filter_map(Value::as_str).collect();
    let domains = hosts.iter().filter(|h| !h.starts_with("*.")).map(|h| h.parse::<Domain>()).collect::<Result<Vec<_>, _>>().ok()?;
    let wildcard = hosts.iter().any(|h| h.starts_with("*."));
    let handlers = entry["handle"][0]["routes"][1]["handle"].as_array()?;
    let target = handlers.iter().find_map(|handler| match handler["handler"].as_str()? {
        "reverse_proxy" => {
            let (address, port) = handler["upstreams"][0]["dial"].as_str()?.rsplit_once(':')?;
            Some(Target::Instance { address: address.parse().ok()?, port: port.parse().ok()? })
        }
        "rewrite" => match handler["uri"].as_str()? {
            "/suspended.html" => Some(Target::Suspended),
            "/paused.html" => Some(Target::Paused),
            "/unavailable.html" => Some(Target::Unavailable),
            _ => None,
        },
        _ => None,
    })?;
    Some(Route { instance, domains, wildcard, target })
}

/// Nobody reaches an agent from outside, on any host, whatever comes before its path.
fn guard() -> Value {
    json!({
        ID: "guard",
        "match": [{ "path": ["*/.flotta*"] }],
        "handle": [{ "handler": "static_response", "status_code": "404" }],
        "terminal": true,
    })
}

fn listen(settings: &GatewaySettings) -> Vec<String> {
    let ports = [settings.http_port, settings.https_port];
    if settings.bind.is_empty() {
        return ports.iter().map(|p| format!(":{p}")).collect();
    }
    settings.bind.iter().flat_map(|ip| ports.map(|p| std::net::SocketAddr::new(*ip, p).to_string())).collect()
}

fn tls(settings: &GatewaySettings) -> Value {
    let own = json!([{ "module": "internal" }]);
    let Some(email) = &settings.acme_email else {
        return json!({ "certificates": { "automate": ["*.localhost"] }, "automation": { "policies": [{ "issuers": own }] } });
    };
    let mut acme = json!({ "module": "acme", "email": email });
    if let Some(directory) = &settings.acme_directory {
        acme["ca"] = json!(directory);
    }
    // A star stands for one label.
    let local: Vec<String> =
        ["localhost", "test"].iter().flat_map(|top| (1..=5).map(move |n| format!("{}{top}", "*.".repeat(n)))).collect();
    json!({
        "certificates": { "automate": ["*.localhost"] },
        "automation": {
            "on_demand": { "ask": settings.ask_url },
            "policies": [{ "subjects": local, "issuers": own }, { "issuers": [acme], "on_demand": true }],
        },
    })
}

/// Handlers that pass a request to an instance.
fn proxy(upstream: &str, strict: bool) -> Value {
    let mut response = json!({ "deferred": true, "delete": ["Server", "X-Powered-By"] });
    if strict {
        response["set"] = json!({ "Strict-Transport-Security": ["max-age=31536000"] });
    }
    json!([
        { "handler": "headers", "request": { "delete": NOT_FROM_VISITORS }, "response": response },
        { "handler": "encode", "encodings": { "zstd": {}, "gzip": {} }, "prefer": ["zstd", "gzip"], "minimum_length": 512 },
        {
            "handler": "reverse_proxy",
            "upstreams": [{ "dial": upstream }],
            // While an instance is started anew its visitors wait a little instead of seeing an error; only attempts to
            // connect are repeated, never a request that was sent.
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
fn page(name: &str, status: &str, headers: &[(&str, &str)]) -> Value {
    let mut set = json!({ "Cache-Control": ["no-store"], "X-Robots-Tag": ["noindex"] });
    for (header, value) in headers {
        set[*header] = json!([value]);
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

    fn some(last: u8, domains: &[&str], wildcard: bool, target: Target) -> Route {
        Route {
            instance: format!("0195b000-0000-7000-8000-0000000000{last:02x}").parse().unwrap(),
            domains: domains.iter().map(|d| d.parse().unwrap()).collect(),
            wildcard,
            target,
        }
    }

    fn fleet() -> Vec<Route> {
        vec![
            some(3, &["skolor.ale.se"], false, Target::Suspended),
            some(1, &["ale.se", "www.ale.se"], true, Target::Instance { address: [10, 201, 0, 10].into(), port: 80 }),
            some(2, &["helsingborg.localhost"], false, Target::Instance { address: [10, 201, 0, 12].into(), port: 80 }),
            some(4, &["xn--malm-8qa.se"], false, Target::Paused),
            some(5, &["habo.localhost"], true, Target::Unavailable),
        ]
    }

    #[test]
    fn local() {
        insta::assert_json_snapshot!(whole(&settings(false), &fleet()));
    }

    #[test]
    fn public() {
        let mut with = settings(true);
        with.bind = vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        with.acme_directory = Some("https://ca.example/directory".to_owned());
        insta::assert_json_snapshot!(whole(&with, &fleet()[..2]));
    }

    #[test]
    fn what_was_made_is_read_back() {
        for with in [settings(false), settings(true)] {
            let config = whole(&with, &fleet());
            let list = config.pointer(&format!("/{ROUTES}")).unwrap();
            let mut expected = fleet();
            expected.sort_by_key(place);
            assert_eq!(parse(&with, list), expected);
        }
        assert_eq!(parse(&settings(false), &Value::Null), []);
    }

    #[test]
    fn what_was_changed_by_hand_counts_as_missing() {
        let with = settings(false);
        let mut config = whole(&with, &fleet());
        let list = config.pointer_mut(&format!("/{ROUTES}")).unwrap();
        list[1]["handle"][0]["routes"][1]["handle"][0]["request"] = json!({});
        assert_eq!(parse(&with, list).len(), 4);
        assert_eq!(position(list, fleet()[2].instance), Some(1));
    }

    #[test]
    fn exact_names_come_before_wildcards_and_all_before_the_unknown() {
        let with = settings(false);
        let config = whole(&with, &fleet());
        let list = config.pointer(&format!("/{ROUTES}")).unwrap();
        let exact = some(9, &["ny.localhost"], false, Target::Suspended);
        let wild = some(9, &["ny.localhost"], true, Target::Suspended);
        assert_eq!((index_for(list, &exact), index_for(list, &wild)), (4, 6));
        assert_eq!(index_for(&whole(&with, &[]).pointer(&format!("/{ROUTES}")).unwrap().clone(), &wild), 1);
        // Inserting one by one ends in the same order as all at once.
        let mut one_by_one = json!([guard(), json!({ ID: "unknown" })]);
        for r in [4, 0, 2, 1, 3].map(|i| fleet()[i].clone()) {
            let at = index_for(&one_by_one, &r);
            one_by_one.as_array_mut().unwrap().insert(at, route(&with, &r));
        }
        assert_eq!(parse(&with, &one_by_one), parse(&with, list));
        assert_eq!(one_by_one[6][ID], "unknown");
    }
}
