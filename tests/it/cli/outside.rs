// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! `flotta address`, `flotta certificate` and what `flotta health` shows from outside: what is asked, what people see.

use super::{
    against,
    server::{Server, json},
};

const ADDRESS: &str = r#"{"number":12,"municipality":"lund","address":"https://e-tjanster.lund.se/","label":"E-tjänster","status":null,
  "keyword":"","health":"unknown","failure":null,"since":null,"created_at":"2026-11-23T05:00:00Z"}"#;
const OUTSIDE: &str = r#"{"number":12,"municipality":"lund","address":"e-tjanster.lund.se","looked_at":"2026-11-23T05:00:00Z","wanted_at":null,
  "name":"leads","aliases":[],"addresses":["192.0.2.10"],"leads_here":null,"certificate":{"fingerprint":"00","issuer":"R11 (Let's Encrypt)",
  "names":["*.lund.se"],"begins_at":"2026-09-01T00:00:00Z","ends_at":"2026-11-20T00:00:00Z","chain":2,"trust":"expired"},
  "way":[{"url":"https://e-tjanster.lund.se/","status":302},{"url":"https://e-tjanster.lund.se/start","status":200}],"end":"page",
  "plain":"redirects","noindex":["meta"],"hsts_seconds":null,"failure":FAILURE,"remarks":[{"what":"certificate-bad","trust":"expired"}]}"#;
const CERTIFICATES: &str = r#"{"items":[{"number":12,"municipality":"lund","address":"e-tjanster.lund.se","days_left":-3,
  "certificate":{"fingerprint":"00","issuer":"R11 (Let's Encrypt)","names":[],"begins_at":"2026-09-01T00:00:00Z",
  "ends_at":"2026-11-20T00:00:00Z","chain":2,"trust":"expired"}}],"page":1,"per_page":100,"total":1}"#;

#[test]
fn addresses_are_added_listed_and_removed() {
    let server = Server::start(|_, _| json(200, ADDRESS));
    let came = against(&server, &["address", "add", "lund", "https://e-tjanster.lund.se/", "--label", "E-tjänster", "--status", "200"]);
    assert_eq!(came.status, 0, "{}", came.err);
    assert!(came.out.contains("https://e-tjanster.lund.se/") && came.out.contains("12"), "{}", came.out);
    against(&server, &["address", "list", "lund"]);
    against(&server, &["address", "remove", "lund", "12"]);
    let lines = server.lines();
    assert_eq!(
        lines,
        [
            "POST /api/v1/municipalities/lund/addresses",
            "GET /api/v1/municipalities/lund/addresses?page=1&per_page=100",
            "DELETE /api/v1/municipalities/lund/addresses/12",
        ]
    );
}

#[test]
fn what_visitors_meet_is_shown_and_exits_with_three_where_they_fail() {
    for (failure, status) in [("null", 0), ("\"certificate-expired\"", 3)] {
        let server = Server::start(move |_, _| json(200, &OUTSIDE.replace("FAILURE", failure)));
        let came = against(&server, &["health", "outside", "12"]);
        assert_eq!(came.status, status, "{}", came.err);
        for part in ["192.0.2.10", "Let's Encrypt", "expired", "/start (200)", "certificate-bad", "meta"] {
            assert!(came.out.contains(part), "{part}: {}", came.out);
        }
        let came = against(&server, &["health", "look", "lund", "12"]);
        assert_eq!(came.status, status, "{}", came.err);
        assert_eq!(server.lines()[1..3], ["POST /api/v1/municipalities/lund/look", "GET /api/v1/checks/12/outside"]);
    }
}

#[test]
fn certificates_are_asked_for_by_their_end() {
    let server = Server::start(|_, _| json(200, CERTIFICATES));
    for ends_in in ["30d", "30"] {
        let came = against(&server, &["certificate", "list", "--ends-in", ends_in, "--municipality", "lund"]);
        assert_eq!(came.status, 0, "{}", came.err);
        assert!(came.out.contains("-3") && came.out.contains("expired"), "{}", came.out);
    }
    let asked = "GET /api/v1/certificates?ends_in_days=30&municipality=lund&page=1&per_page=100";
    assert_eq!(server.lines(), [asked, asked]);
    for wrong in ["0d", "soon", "30h"] {
        assert_eq!(against(&server, &["certificate", "list", "--ends-in", wrong]).status, 2, "{wrong}");
    }
}
