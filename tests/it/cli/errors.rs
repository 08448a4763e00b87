// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How refusals and failures are told, and the exit status that they give.

use super::{
    against, flotta, run,
    server::{Server, json},
};

const TAKEN: &str = r#"{"type":"https://flotta.dev/problems/domain-taken","title":"Conflict","status":409,"detail":"nothing was changed","code":"domain-taken",
"errors":[{"field":"domain","code":"domain-taken","message":"the domain is taken","fix":"choose another domain"},{"field":"slug","code":"slug-taken","message":"`ale` is taken","fix":"choose another slug"}]}"#;

fn answering(status: u16, body: &'static str) -> Server {
    Server::start(move |_, _| json(status, body))
}

const ONBOARD: [&str; 7] = ["municipality", "onboard", "ale", "--domain", "ale.se", "--admin-email", "a@ale.se"];

#[test]
fn wrong_input_names_each_field_and_its_fix_and_gives_2() {
    for status in [400, 409, 422] {
        let came = against(&answering(status, TAKEN), &ONBOARD);
        assert_eq!(came.status, 2);
        assert_eq!(
            came.err,
            "error: the request was refused; nothing was changed\n  domain: the domain is taken\n    fix: choose another domain\n  slug: `ale` is taken\n    fix: choose another slug\n"
        );
        assert_eq!(came.out, "");
    }
}

#[test]
fn programs_get_the_problem_as_it_came() {
    let came = against(&answering(409, TAKEN), &[&ONBOARD[..], &["--output", "json"]].concat());
    assert_eq!((came.status, came.err.trim_end(), came.out.as_str()), (2, TAKEN, ""));
}

#[test]
fn other_refusals_give_1_and_say_what_to_do() {
    for (status, hint) in [(401, "flotta login"), (403, "administrator"), (404, "may not know"), (500, "500"), (429, "429")] {
        let came = against(&answering(status, ""), &["municipality", "show", "ale"]);
        assert_eq!(came.status, 1, "{status}");
        assert!(came.err.starts_with("error: ") && came.err.contains(hint), "{status}: {}", came.err);
    }
    let came = against(&answering(401, ""), &["municipality", "show", "ale", "--language", "sv"]);
    assert!(came.err.starts_with("fel: du är inte inloggad"), "{}", came.err);
}

#[test]
fn nobody_listening_says_how_to_start() {
    let home = tempfile::tempdir().unwrap();
    // Bound and dropped: nothing listens there now.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let came = run(flotta(home.path()).args(["municipality", "list", "--url", &format!("http://{free}")]));
    assert_eq!(came.status, 1);
    assert!(came.err.contains("no control plane answers") && came.err.contains("docker/up"), "{}", came.err);
}

#[test]
fn an_answer_of_another_kind_is_an_error_and_no_panic() {
    for body in ["", "<html>", "[]", "{\"items\":7}"] {
        let server = Server::start(move |_, _| json(200, body));
        let came = against(&server, &["municipality", "onboard", "ale", "--domain", "ale.se", "--admin-email", "a@ale.se", "--no-wait"]);
        assert!(!came.err.contains("panicked"), "{body}: {}", came.err);
    }
}

#[test]
fn texts_from_elsewhere_do_not_steer_the_terminal() {
    let body = r#"{"title":"x","detail":"a\u001b]0;owned\u0007b","errors":[]}"#;
    let came = against(&answering(404, body), &["municipality", "show", "ale"]);
    assert!(!came.err.contains('\u{1b}') && !came.err.contains('\u{7}'), "{:?}", came.err);
}

#[test]
fn the_health_check_gives_0_or_1() {
    let home = tempfile::tempdir().unwrap();
    let check = |server: &Server| run(flotta(home.path()).args(["healthcheck", "--url", &server.url]));
    assert_eq!(check(&answering(200, "{}")).status, 0);
    let came = check(&answering(503, "{\"store\":\"away\"}"));
    assert!(came.status == 1 && came.err.contains("not ready (503)"), "{}", came.err);
    assert_eq!(check(&answering(400, "")).status, 1);
}

#[test]
fn an_ill_platform_gives_3() {
    let body = r#"{"services":[{"name":"gateway","well":false,"detail":"stopped"}],"version":"0.1.0","fleet":"flotta","store":"sqlite"}"#;
    let came = against(&answering(200, body), &["platform", "show"]);
    assert_eq!(came.status, 3);
    assert!(came.out.contains("gateway") && came.out.contains("stopped"), "{}", came.out);
}
