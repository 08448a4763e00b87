// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The board's event stream over real HTTP.

use flotta::{
    cli::stream::{Event, Parser},
    fleet::{Role, health::Health, incident::CauseKind},
    store::{self, incidents::Change},
};
use reqwest::{Method, Response};
use serde_json::Value;

use super::{number, open, set, sites, told, within};
use crate::support::web::{Plane, problem};

struct Stream {
    answer: Response,
    parser: Parser,
    waiting: std::collections::VecDeque<Event>,
}

impl Stream {
    async fn open(plane: &Plane, path: &str, token: &str, last: Option<&str>) -> Self {
        let mut request = plane.request(Method::GET, path).bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { answer, parser: Parser::default(), waiting: std::collections::VecDeque::new() }
    }

    /// The next event; none at the end.
    async fn next(&mut self) -> Option<(String, Value, Option<String>)> {
        within(async {
            loop {
                if let Some(event) = self.waiting.pop_front() {
                    return Some((event.kind, serde_json::from_str(&event.data).unwrap(), event.id));
                }
                let piece = self.answer.chunk().await.unwrap()?;
                self.waiting.extend(self.parser.push(&piece).unwrap());
            }
        })
        .await
    }
}

const EVENTS: &str = "/api/v1/health/events";

#[tokio::test(flavor = "multi_thread")]
async fn the_board_is_followed_within_ones_scope_and_gone_on_with() {
    let plane = Plane::furnished().await;
    let (ale, mora) = (sites(&plane, "ale", &["/", "/skola/"]).await, sites(&plane, "mora", &["/"]).await);
    let (auditor, web_manager) = (plane.token(Role::Auditor, None).await, plane.token(Role::WebManager, None).await);
    let mut all = Stream::open(&plane, EVENTS, &auditor, None).await;
    let mut own = Stream::open(&plane, EVENTS, &web_manager, None).await;
    let (kind, board, first) = all.next().await.unwrap();
    assert_eq!((kind.as_str(), board["tiles"].as_array().unwrap().len(), &board["tiles"][0]["worst"]), ("board", 2, &"ok".into()));
    let (_, board, _) = own.next().await.unwrap();
    assert_eq!(board["tiles"].as_array().unwrap().iter().map(|t| t["municipality"].as_str().unwrap()).collect::<Vec<_>>(), ["ale"]);

    // Others' troubles are not told.
    let theirs = number(&plane, mora, "/").await;
    set(&plane, theirs, Health::Down).await;
    let incident = open(&plane, CauseKind::DatabaseServer, "db", &[(theirs, mora, "mora.localhost")]).await;
    told(&plane);
    let mut events = [all.next().await.unwrap(), all.next().await.unwrap()];
    events.sort_by(|a, b| a.0.cmp(&b.0));
    let [(one, told_incident, _), (other, tile, _)] = &events;
    assert_eq!((one.as_str(), other.as_str()), ("incident", "tile"));
    assert_eq!((&told_incident["failing"], &tile["worst"], &tile["cause"]), (&1.into(), &"down".into(), &"database-server".into()));
    assert_eq!(tile["incident"], incident.text());
    let ours = number(&plane, ale, "/skola/").await;
    set(&plane, ours, Health::Slow).await;
    told(&plane);
    let (kind, tile, _) = own.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &tile["municipality"], &tile["worst"], &tile["cause"]),
        ("tile", &"ale".into(), &"slow".into(), &Value::Null)
    );
    let (_, _, last) = all.next().await.unwrap();
    let last = last.expect("the last event of a change carries a mark");
    assert_ne!(Some(&last), first.as_ref());

    // Whoever has all of it is told only what comes; whoever has something else is told all.
    let mut again = Stream::open(&plane, EVENTS, &auditor, Some(&last)).await;
    let mut anew = Stream::open(&plane, EVENTS, &auditor, first.as_deref()).await;
    assert_eq!(anew.next().await.unwrap().0, "board");
    // `again` has looked by now, at most a second after it asked.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    store::incidents::write(&plane.app.tools.store, &[Change::Leave(incident, theirs), Change::Resolve(incident)], jiff::Timestamp::now())
        .await
        .unwrap();
    set(&plane, theirs, Health::Ok).await;
    told(&plane);
    let mut kinds = [again.next().await.unwrap(), again.next().await.unwrap()].map(|(kind, ..)| kind);
    kinds.sort();
    assert_eq!(kinds, ["over", "tile"]);

    // One municipality's, for its page.
    let mut one = Stream::open(&plane, &format!("{EVENTS}?municipality=mora"), &auditor, None).await;
    assert_eq!(one.next().await.unwrap().1["tiles"].as_array().unwrap().len(), 1);
    let hidden = plane.request(Method::GET, &format!("{EVENTS}?municipality=mora")).bearer_auth(&web_manager).send().await.unwrap();
    assert_eq!(hidden.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_right_to_see_and_few_are_open() {
    let plane = Plane::furnished().await;
    let token = plane.token(Role::Auditor, None).await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(Stream::open(&plane, EVENTS, &token, None).await);
    }
    let refused = plane.request(Method::GET, EVENTS).bearer_auth(&token).send().await.unwrap();
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(problem(refused).await.0, 429);
    streams.truncate(1);
    let mut stream = streams.pop().unwrap();
    assert_eq!(stream.next().await.unwrap().0, "board");
    let user = &plane.users["auditor"];
    let chief = plane.token(Role::Administrator, None).await;
    let change = plane.request(Method::PATCH, &format!("/api/v1/users/{}", user.id.text())).bearer_auth(&chief);
    let changed = change.json(&serde_json::json!({"disabled": true})).send().await.unwrap();
    assert_eq!(changed.status(), 200, "{}", changed.text().await.unwrap());
    // At the next heartbeat at the latest.
    assert_eq!(stream.next().await, None);
}
