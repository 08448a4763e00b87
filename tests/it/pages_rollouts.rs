// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts on the pages, as a browser without script uses them.

use std::net::TcpListener;

use flotta::{
    access::{self, NewUser},
    fleet::{RolloutId, rollout::RolloutState},
    web::{self, Web},
};
use reqwest::{Client, redirect::Policy};
use tokio_util::sync::CancellationToken;

use crate::{rollouts::Rig, support::store::Kind};

const PASSWORD: &str = "en lång mening som ingen gissar";

struct Browser {
    client: Client,
    base: String,
}

struct Got {
    status: u16,
    location: String,
    html: String,
}

impl Got {
    #[track_caller]
    fn shows(&self, status: u16, all: &[&str]) {
        assert_eq!(self.status, status, "{}", self.html);
        for text in all {
            assert!(self.html.contains(text), "`{text}` is not in {}", self.html);
        }
    }
}

impl Browser {
    async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let answer = request.header("accept", "text/html").header("accept-language", "en").send().await.unwrap();
        let location = answer.headers().get("location").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        Got { status: answer.status().as_u16(), location, html: answer.text().await.unwrap() }
    }

    async fn get(&self, path: &str) -> Got {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    /// Sends a form of a page, with the secret that the page holds.
    async fn fill(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Got {
        let html = self.get(page).await.html;
        let csrf = html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        self.send(self.client.post(format!("{}{path}", self.base)).form(&[&[("csrf", csrf)], fields].concat())).await
    }
}

async fn log_in(base: &str, email: &str) -> Browser {
    let client = Client::builder().cookie_store(true).redirect(Policy::none()).build().unwrap();
    let browser = Browser { client, base: base.to_owned() };
    let got = browser.send(browser.client.post(format!("{base}/login")).form(&[("email", email), ("password", PASSWORD)])).await;
    assert_eq!(got.status, 303, "{}", got.html);
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_is_planned_started_watched_and_taken_back() {
    let rig = Rig::start(Kind::Sqlite, 3).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let _end = stop.clone().drop_guard();
    tokio::spawn(web::serve(Web::new(rig.fleet.app.clone(), stop).unwrap(), listener));
    let store = &rig.fleet.app.tools.store;
    let now = rig.fleet.app.tools.clock.now();
    access::first_administrator(store, "anna@flotta.test", PASSWORD.into(), now).await.unwrap().unwrap();
    let own = NewUser {
        email: "bo@flotta.test".into(),
        name: "Bo".into(),
        role: "web-manager".into(),
        municipalities: vec!["k001".into()],
        password: Some(PASSWORD.into()),
        ..NewUser::default()
    };
    access::create_user(store, &own, now).await.unwrap();
    let anna = log_in(&base, "anna@flotta.test").await;

    // Nothing yet: the page teaches the first step, which is another release.
    anna.get("/rollouts").await.shows(200, &["Nothing has been rolled out yet", "href=\"/releases\"", "flotta rollout list"]);
    rig.release("6.9", &[]).await;
    anna.get("/rollouts").await.shows(200, &["href=\"/rollouts/new\""]);

    // What is wrong stands beside its field, and what was typed is still there.
    let wrong = [("intent", "start"), ("release", "6.9"), ("waves", "all"), ("rehearse", "skip")];
    let got = anna.fill("/rollouts/new", "/rollouts/new", &wrong).await;
    got.shows(400, &["href=\"#f-waves\"", "href=\"#f-migration\"", "value=\"all\""]);
    // The plan changes nothing; then it is started.
    let good = [("release", "6.9"), ("waves", "1 100%"), ("rehearse", "skip"), ("migration", "schema"), ("soak_minutes", "1")];
    let planned = anna.fill("/rollouts/new", "/rollouts/new", &[&[("intent", "plan")], &good[..]].concat()).await;
    planned.shows(200, &["3 municipalities in 2 waves", "first of its kind of network", "Start for 3", "--waves &#x27;1,100%&#x27;"]);
    anna.get("/rollouts").await.shows(200, &["Nothing has been rolled out yet"]);
    let started = anna.fill("/rollouts/new", "/rollouts/new", &[&[("intent", "start")], &good[..]].concat()).await;
    assert_eq!(started.status, 303, "{}", started.html);
    let place = started.location.clone();
    let id: RolloutId = place.strip_prefix("/rollouts/").unwrap().parse().unwrap();

    // The board: one sentence, waves with tiles, one button each.
    let board = anna.get(&place).await;
    board.shows(
        200,
        &["Going on: 0 of 3 have the new release.", "Wave 1", "Wave 2", "waiting", "data-events=\"/api/v1/rollouts/", ">Pause<", ">Halt<"],
    );
    assert_eq!(anna.fill(&place, &format!("{place}/pause"), &[]).await.location, place);
    anna.get(&place).await.shows(200, &["Paused: 0 of 3", ">Go on<", "paused by anna@flotta.test"]);
    anna.get(&format!("{place}/live")).await.shows(200, &["data-final=\"false\""]);
    // One is left out and brought back.
    let one = format!("{place}/members/k002");
    anna.get(&one).await.shows(200, &["It has not had its turn. It runs 6.8-1.", "Leave out"]);
    assert_eq!(anna.fill(&one, &format!("{one}/skip"), &[]).await.status, 303);
    anna.fill(&one, &format!("{one}/skip"), &[]).await;
    anna.get(&one).await.shows(200, &["It was left out", "Another turn"]);
    assert_eq!(anna.fill(&one, &format!("{one}/retry"), &[]).await.status, 303);
    assert_eq!(anna.fill(&place, &format!("{place}/resume"), &[]).await.status, 303);
    assert_eq!(rig.run(id).await, RolloutState::Completed, "{}", rig.told(id).await);
    anna.get(&place).await.shows(200, &["Completed: 3 of 3 have the new release.", "Gate passed: 1 well", "data-final=\"true\""]);
    anna.get("/rollouts").await.shows(200, &["Rollout of 6.9", "3 / 3"]);
    anna.get(&one).await.shows(200, &["It runs 6.9, and all is well.", "Every page looks as it did before."]);

    // Going back tells what it loses, and asks for the word.
    let back = format!("{place}/revert");
    anna.get(&back).await.shows(200, &["0 go back without any loss. 3 can only go back with one.", "--lose-data"]);
    anna.fill(&back, &back, &[("lose_data", "true"), ("confirm", "6.8")]).await.shows(400, &["href=\"#f-confirm\""]);
    assert_eq!(anna.fill(&back, &back, &[("confirm", "")]).await.location, place);
    assert_eq!(rig.run(id).await, RolloutState::RevertBlocked);
    anna.get(&one).await.shows(200, &["decide", "Go back with the loss", "Written since the update"]);
    anna.fill(&one, &format!("{one}/approve"), &[("confirm", "k001")]).await.shows(400, &["href=\"#f-confirm\""]);
    assert_eq!(anna.fill(&one, &format!("{one}/approve"), &[("confirm", "k002")]).await.status, 303);
    assert_eq!(rig.run(id).await, RolloutState::RevertBlocked);
    anna.get(&one).await.shows(200, &["It is back on 6.8-1."]);

    // A web manager sees their own, and gives no orders but to wait.
    let bo = log_in(&base, "bo@flotta.test").await;
    let seen = bo.get(&place).await;
    seen.shows(200, &["k001"]);
    assert!(!seen.html.contains("k002") && !seen.html.contains("/revert\""), "{}", seen.html);
    bo.get(&one).await.shows(404, &[]);
    bo.get(&back).await.shows(403, &[]);
    let home = "/municipalities/k001";
    bo.fill(home, &format!("{home}/hold"), &[("days", "30"), ("reason", "the election")])
        .await
        .shows(400, &["href=\"#f-days\"", "the election"]);
    assert_eq!(bo.fill(home, &format!("{home}/hold"), &[("days", "7"), ("reason", "the election")]).await.status, 303);
    bo.get(home).await.shows(200, &["No rollout touches it until", "the election", "End the hold"]);
    assert_eq!(bo.fill(home, &format!("{home}/unhold"), &[]).await.status, 303);
    bo.get(home).await.shows(200, &["It follows the fleet’s rollouts at any time."]);
}
