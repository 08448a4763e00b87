// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The pages as a browser without script uses them: forms sent, redirects followed by hand, on a simulated outside.

use std::net::TcpListener;

use flotta::{
    access::{self, NewUser},
    fleet::{AuditResult, OperationId, Scope},
    store::{self, PageRequest},
    web::{self, Web},
};
use reqwest::{Client, StatusCode, header::LOCATION, redirect::Policy};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::support::{simulated::Simulated, store::Kind};

const ADMINISTRATOR: &str = "anna@flotta.test";
const PASSWORD: &str = "en lång mening som ingen gissar";
/// The usual form, filled for Helsingborg.
const HELSINGBORG: [(&str, &str); 5] = [
    ("code", "1283"),
    ("name", "Helsingborgs kommun"),
    ("slug", "helsingborg"),
    ("domain", "helsingborg.localhost"),
    ("admin_email", "webb@helsingborg.example.se"),
];

/// A simulated fleet with its pages served.
struct Site {
    fleet: Simulated,
    base: String,
    stop: CancellationToken,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Someone with a browser.
struct Browser {
    client: Client,
    base: String,
}

/// What a browser got.
struct Got {
    status: StatusCode,
    location: String,
    cache: String,
    html: String,
}

impl Got {
    /// The operation that a form led to.
    fn operation(&self) -> OperationId {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.html);
        let id = self.location.strip_prefix("/operations/").unwrap_or_else(|| panic!("led to {}", self.location));
        id.split('?').next().unwrap().parse().unwrap()
    }

    #[track_caller]
    fn shows(&self, status: u16, all: &[&str]) {
        assert_eq!(self.status.as_u16(), status, "{}", self.html);
        for text in all {
            assert!(self.html.contains(text), "`{text}` is not in {}", self.html);
        }
    }
}

impl Site {
    async fn start() -> Self {
        let fleet = Simulated::start(Kind::Sqlite).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(web::serve(Web::new(fleet.app.clone(), stop.clone()).unwrap(), listener));
        let store = &fleet.app.tools.store;
        access::first_administrator(store, ADMINISTRATOR, PASSWORD.into(), fleet.app.tools.clock.now()).await.unwrap().unwrap();
        Self { fleet, base, stop }
    }

    fn browser(&self) -> Browser {
        let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Browser { client, base: self.base.clone() }
    }

    async fn logged_in(&self, email: &str) -> Browser {
        let browser = self.browser();
        let got = browser.post("/login", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!((got.status, got.location.as_str()), (StatusCode::SEE_OTHER, "/"), "{}", got.html);
        browser
    }

    async fn user(&self, email: &str, role: &str, municipalities: &[&str]) {
        let wanted = NewUser {
            email: email.to_owned(),
            name: "Bo Berg".to_owned(),
            role: role.to_owned(),
            municipalities: municipalities.iter().map(ToString::to_string).collect(),
            password: Some(SecretString::from(PASSWORD)),
            ..NewUser::default()
        };
        access::create_user(&self.fleet.app.tools.store, &wanted, self.fleet.app.tools.clock.now()).await.unwrap();
    }

    /// Actions and results of the audit log about municipalities and operations, oldest first.
    async fn audited(&self) -> Vec<(String, AuditResult)> {
        let store = &self.fleet.app.tools.store;
        let all = store::audit::list(store, &Scope::Fleet, &store::audit::Filter::default(), PageRequest::default()).await.unwrap();
        all.items.into_iter().rev().filter(|e| !e.action.starts_with("session")).map(|e| (e.action, e.result)).collect()
    }
}

impl Browser {
    async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let answer = request.header("accept", "text/html").header("accept-language", "en").send().await.unwrap();
        let text = |name| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        let (status, location, cache) = (answer.status(), text("location"), text("cache-control"));
        assert!(answer.headers().get(LOCATION).is_none() || status.is_redirection());
        Got { status, location, cache, html: answer.text().await.unwrap() }
    }

    async fn get(&self, path: &str) -> Got {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        self.send(self.client.post(format!("{}{path}", self.base)).form(fields)).await
    }

    /// Sends the form of a page, with the secret that the page holds.
    async fn fill(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Got {
        let html = self.get(page).await.html;
        let csrf = html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        self.post(path, &[&[("csrf", csrf)], fields].concat()).await
    }

    async fn onboard(&self, intent: &str, fields: &[(&str, &str)]) -> Got {
        self.fill("/municipalities/new", "/municipalities/new", &[&[("intent", intent)], fields].concat()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_municipality_goes_through_its_whole_life_on_the_pages() {
    let site = Site::start().await;
    let anonymous = site.browser().get("/").await;
    assert_eq!((anonymous.status, anonymous.location.as_str()), (StatusCode::SEE_OTHER, "/login"));
    let anna = site.logged_in(ADMINISTRATOR).await;
    anna.get("/").await.shows(200, &["Onboard the first municipality"]);
    anna.get("/operations").await.shows(200, &["flotta operation list"]);

    // The plan fills the rest from the code, changes nothing and is not in the audit log.
    let plan = anna.onboard("preview", &[("code", "1283"), ("admin_email", "webb@helsingborg.example.se")]).await;
    plan.shows(
        200,
        &["value=\"Helsingborgs kommun\"", "https://helsingborg.localhost", "sim-helsingborg-production-1", "flt_helsingborg_…"],
    );
    plan.shows(200, &["Check from inside", "helsingborg.localhost is free"]);
    assert!(site.audited().await.is_empty());

    let wrong = [("slug", "X"), ("domain", "http://x"), ("admin_email", "nobody"), ("code", "9999"), ("memory_mib", "lots"), ("pids", "1")];
    let refused = anna.onboard("onboard", &wrong).await;
    refused.shows(400, &["value=\"http://x\"", "value=\"lots\"", "value=\"nobody\""]);
    for field in ["slug", "name", "domain", "admin_email", "code", "memory_mib", "pids"] {
        refused.shows(400, &[&format!("id=\"e-{field}\"")]);
    }

    let begun = anna.onboard("onboard", &HELSINGBORG).await;
    let id = begun.operation();
    // A double click leads to the same work, another request for the same is refused beside its field.
    assert_eq!(anna.onboard("onboard", &HELSINGBORG).await.operation(), id);
    let other = [&HELSINGBORG[..4], &[("admin_email", "other@helsingborg.example.se")]].concat();
    anna.onboard("onboard", &other).await.shows(409, &["id=\"e-domain\"", "value=\"other@helsingborg.example.se\""]);
    anna.get("/").await.shows(200, &["One operation is going on", "Helsingborg"]);
    anna.get(&format!("/operations/{id}")).await.shows(200, &["Onboard Helsingborgs kommun", "data-refresh"]);
    let part = anna.get(&format!("/operations/{id}/live")).await;
    part.shows(200, &["data-live", "data-final=\"false\""]);
    assert!(!part.html.contains("<html"));
    anna.get("/municipalities/helsingborg").await.shows(200, &["being onboarded"]);
    site.fleet.done(id).await;
    let over = anna.get(&format!("/operations/{id}")).await;
    over.shows(200, &["data-final=\"true\"", "/wp-admin/", "webb@helsingborg.example.se", "/municipalities/helsingborg/invite"]);
    anna.get("/operations?state=live&kind=nonsense").await.shows(200, &["No operation matches"]);
    anna.get("/operations?municipality=helsingborg&page=0").await.shows(200, &["Onboard Helsingborgs kommun"]);
    anna.get("/operations?municipality=%00%27").await.shows(200, &["No operation matches"]);

    let page = anna.get("/municipalities/helsingborg").await;
    page.shows(200, &["6.8.3", "Skåne län", "/municipalities/helsingborg/suspend", "/municipalities/helsingborg/invite"]);
    assert!(!page.html.contains("/resume\""));
    let invited = anna.fill("/municipalities/helsingborg", "/municipalities/helsingborg/invite", &[]).await;
    invited.shows(200, &["action&#x3D;rp", "name=\"here\" value=\"/municipalities/helsingborg\""]);
    assert_eq!(invited.cache, "no-store");
    assert!(!anna.get("/municipalities/helsingborg").await.html.contains("action&#x3D;rp"));

    let home = "/municipalities/helsingborg";
    let suspended = anna.fill(home, "/municipalities/helsingborg/suspend", &[]).await.operation();
    assert_eq!(anna.fill(home, "/municipalities/helsingborg/suspend", &[]).await.operation(), suspended);
    anna.fill(home, "/municipalities/helsingborg/resume", &[]).await.shows(409, &["role=\"alert\""]);
    site.fleet.done(suspended).await;
    anna.fill(home, "/municipalities/helsingborg/suspend", &[]).await.shows(409, &["suspended already"]);
    anna.fill(home, "/municipalities/helsingborg/invite", &[]).await.shows(409, &["role=\"alert\""]);
    let resumed = anna.fill(home, "/municipalities/helsingborg/resume", &[]).await.operation();
    site.fleet.done(resumed).await;

    let leave = "/municipalities/helsingborg/offboard";
    anna.get(leave).await.shows(200, &["helsingborg.localhost", "/archives/helsingborg-production"]);
    let unsure = anna.fill(leave, leave, &[("confirm", "helsing"), ("keep_backup", "true")]).await;
    unsure.shows(400, &["value=\"helsing\"", "checked", "id=\"e-confirm\"", "--keep-backup"]);
    let gone = anna.fill(leave, leave, &[("confirm", "helsingborg")]).await.operation();
    assert_eq!(anna.fill(leave, leave, &[("confirm", "helsingborg")]).await.operation(), gone);
    site.fleet.done(gone).await;
    anna.get(home).await.shows(404, &[]);
    anna.get(&format!("/operations/{gone}")).await.shows(200, &["Offboard helsingborg"]);

    use AuditResult::{Done, Refused};
    let expected = [
        ("municipality.onboard", Refused),
        ("municipality.onboard", Done),
        ("municipality.onboard", Done),
        ("municipality.onboard", Refused),
        ("municipality.invite", Done),
        ("municipality.suspend", Done),
        ("municipality.suspend", Done),
        ("municipality.resume", Refused),
        ("municipality.suspend", Refused),
        ("municipality.invite", Refused),
        ("municipality.resume", Done),
        ("municipality.offboard", Refused),
        ("municipality.offboard", Done),
        ("municipality.offboard", Done),
    ];
    assert_eq!(site.audited().await, expected.map(|(action, result)| (action.to_owned(), result)));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_scopes_hold_on_the_pages() {
    let site = Site::start().await;
    for slug in ["ale", "habo"] {
        site.fleet.onboard(slug).await;
    }
    site.user("bo@ale.example.se", "web-manager", &["ale"]).await;
    site.user("eva@flotta.test", "auditor", &[]).await;
    let bo = site.logged_in("bo@ale.example.se").await;
    let fleet = bo.get("/").await;
    fleet.shows(200, &["ale kommun"]);
    assert!(!fleet.html.contains("habo") && !fleet.html.contains("/municipalities/new"));
    let own = bo.get("/municipalities/ale").await;
    own.shows(200, &["/municipalities/ale/invite"]);
    assert!(!own.html.contains("/suspend\"") && !own.html.contains("/offboard\""));
    bo.fill("/municipalities/ale", "/municipalities/ale/invite", &[]).await.shows(200, &["action&#x3D;rp"]);
    bo.fill("/municipalities/ale", "/municipalities/habo/invite", &[]).await.shows(404, &[]);
    bo.fill("/municipalities/ale", "/municipalities/ale/suspend", &[]).await.shows(403, &[]);
    for path in ["/municipalities/habo", "/municipalities/nobody", "/operations/not-an-id"] {
        bo.get(path).await.shows(404, &[]);
    }
    for path in ["/municipalities/new", "/municipalities/new/domain?domain=x.localhost", "/municipalities/ale/offboard"] {
        bo.get(path).await.shows(403, &[]);
    }
    let store = &site.fleet.app.tools.store;
    let all = store::operations::list(store, &Scope::Fleet, &store::operations::Filter::default(), PageRequest::default()).await.unwrap();
    let of = |slug: &str| all.items.iter().find(|o| o.slug.as_str() == slug).unwrap().id;
    for part in ["", "/live"] {
        bo.get(&format!("/operations/{}{part}", of("ale"))).await.shows(200, &[]);
        bo.get(&format!("/operations/{}{part}", of("habo"))).await.shows(404, &[]);
    }
    assert!(!bo.get("/operations").await.html.contains("habo"));

    let eva = site.logged_in("eva@flotta.test").await;
    let seen = eva.get("/municipalities/habo").await;
    seen.shows(200, &[]);
    assert!(!seen.html.contains("/invite\""));
    eva.fill("/operations", &format!("/operations/{}/retry", of("ale")), &[]).await.shows(403, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stopped_waits_for_a_person_until_it_is_tried_again() {
    let site = Site::start().await;
    let anna = site.logged_in(ADMINISTRATOR).await;
    let instance = site.fleet.onboard("ale").await;
    let id = anna.fill("/municipalities/ale", "/municipalities/ale/suspend", &[]).await.operation();
    let page = format!("/operations/{id}");
    let retry = format!("/operations/{id}/retry");
    site.fleet.raw(&format!("UPDATE operation SET state = 'failed', error = 'the gateway is gone' WHERE id = '{id}';")).await;
    anna.get("/").await.shows(200, &["id=\"needs\"", &page]);
    anna.get(&page).await.shows(200, &["the gateway is gone", &retry]);
    let again = anna.fill(&page, &retry, &[]).await;
    assert_eq!((again.operation(), again.location.contains("notice=retry-asked")), (id, true));
    // A second click finds it going on.
    assert_eq!(anna.fill(&page, &retry, &[]).await.operation(), id);
    let fleet = anna.get("/").await;
    assert!(!fleet.html.contains("id=\"needs\""));
    site.fleet.done(id).await;
    anna.fill(&page, &retry, &[]).await.shows(409, &[]);

    let free = anna.get("/municipalities/new/domain?domain=habo.localhost").await;
    free.shows(200, &["habo.localhost is free"]);
    assert!(!free.html.contains("<html"));
    anna.get(&format!("/municipalities/new/domain?domain={}", instance.domain)).await.shows(200, &["tone-bad"]);
    anna.get("/municipalities/new/domain?domain=http://x").await.shows(200, &["tone-bad", "host name"]);
    anna.get("/municipalities/new/domain").await.shows(200, &["tone-bad"]);
}
