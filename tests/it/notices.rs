// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From incidents to people, with a mail server and hooks that are really there: told at least once whatever dies, once where nothing
//! does, by one control plane, and to nobody more than is theirs.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use flotta::{
    clock::Clock,
    drivers::post::{Post, hook, hook::Hooks, mail::Mailer},
    fleet::{
        Incident, Municipality, Receiver, Scope,
        health::Failure,
        incident::{Cause, CauseKind, Member},
        notice::{Notice, NoticeState},
        settings::{MailSecurity, MailSettings},
    },
    health::notices::{receivers, send},
    instances::Tools,
    store::{self, PageRequest, incidents::Change},
};
use futures::StreamExt;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::support::{
    fixtures::{onboarded, release},
    post::{Hook, mail_server},
    simulated::Simulated,
    store::Kind,
};

/// A fleet whose hooks may lead to this host.
async fn fleet(kind: Kind) -> Option<Simulated> {
    let mut fleet = Simulated::start(kind).await?;
    fleet.app.tools.post = Arc::new(Post { mail: None, hooks: Hooks { local: true } });
    Some(fleet)
}

async fn municipality(tools: &Tools, slug: &str) -> Municipality {
    let release = match store::releases::list(&tools.store, PageRequest::default()).await.unwrap().items.first() {
        Some(release) => release.clone(),
        None => release(&tools.store, "6.8-1").await,
    };
    onboarded(&tools.store, slug, None, release.id).await.0
}

async fn receiver(tools: &Tools, of: Option<&Municipality>, kind: &str, address: &str) -> (Receiver, Option<SecretString>) {
    let wanted = receivers::NewReceiver { kind: kind.into(), address: address.into(), language: "en".into(), ..Default::default() };
    receivers::add(tools, &Scope::Fleet, of, &wanted).await.unwrap()
}

/// An incident with one check of each municipality.
async fn incident(tools: &Tools, kind: CauseKind, of: Option<&Municipality>, touched: &[&Municipality], at: Timestamp) -> Incident {
    let incident = Incident::opened(Cause { kind, of: uuid::Uuid::now_v7().to_string() }, "it".into(), of.map(|of| of.id), at);
    let mut changes = vec![Change::Open(Box::new(incident.clone()))];
    for (number, of) in touched.iter().enumerate() {
        let member = Member {
            number: u32::try_from(number).unwrap(),
            municipality: of.id,
            slug: None,
            label: format!("{}.localhost", of.slug),
            failure: Failure::Refused,
            since: at,
            until: None,
        };
        changes.push(Change::Join(incident.id, Box::new(member)));
    }
    store::incidents::write(&tools.store, &changes, at).await.unwrap();
    incident
}

/// What the task does in one turn.
async fn turn(tools: &Tools) {
    send::decide_now(tools).await.unwrap();
    let due = store::notices::due(&tools.store, tools.clock.now(), 1000).await.unwrap();
    futures::stream::iter(due).for_each_concurrent(8, async |notice| send::send(tools, &notice).await.unwrap()).await;
}

async fn log(tools: &Tools, of: &Receiver) -> Vec<Notice> {
    store::notices::list(&tools.store, of.id, PageRequest::default()).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_under_290_municipalities_is_one_notice_for_the_operators_and_one_for_each_owner() {
    let fleet = fleet(Kind::Sqlite).await.unwrap();
    let tools = &fleet.app.tools;
    let hook = Hook::start().await;
    receiver(tools, None, "webhook", &hook.at("/operators")).await;
    let mut all = Vec::new();
    for number in 0..290 {
        let of = municipality(tools, &format!("kommun-{number:03}")).await;
        receiver(tools, Some(&of), "webhook", &hook.at(&format!("/{}", of.slug))).await;
        all.push(of);
    }
    let now = fleet.clock.now();
    let touched: Vec<&Municipality> = all.iter().collect();
    // Some sites stood for themselves at first.
    for of in &all[..20] {
        incident(tools, CauseKind::Check, Some(of), &[of], now).await;
    }
    let small = store::incidents::open(&tools.store).await.unwrap();
    let wide = incident(tools, CauseKind::Gateway, None, &touched, now).await;
    let merged: Vec<Change> = small.iter().map(|(one, _)| Change::Merge(one.id, wide.id)).collect();
    store::incidents::write(&tools.store, &merged, now).await.unwrap();
    for _ in 0..12 {
        fleet.clock.advance(Duration::from_secs(10));
        turn(tools).await;
    }
    let seen = hook.seen();
    assert_eq!(seen.len(), 291);
    for one in &seen {
        let body: serde_json::Value = serde_json::from_str(&one.body).unwrap();
        let incidents = body["data"]["incidents"].as_array().unwrap();
        assert_eq!((incidents.len(), incidents[0]["cause"].as_str()), (1, Some("gateway")));
        let count = if one.path == "/operators" { 290 } else { 1 };
        assert_eq!(incidents[0]["sites"], count, "{}", one.body);
        let own = one.path.trim_start_matches('/');
        for other in all.iter().filter(|other| one.path != "/operators" && other.slug.as_str() != own) {
            assert!(!one.body.contains(other.slug.as_str()), "{own} is told of {}", other.slug);
        }
    }
    store::incidents::write(&tools.store, &[Change::Resolve(wide.id)], fleet.clock.now()).await.unwrap();
    for _ in 0..6 {
        fleet.clock.advance(Duration::from_secs(10));
        turn(tools).await;
    }
    assert_eq!(hook.seen().len(), 291 * 2, "and that it is over");
}

#[rstest::rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_not_noted_is_sent_again_with_the_same_id(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(fleet) = fleet(kind).await else { return };
    let tools = &fleet.app.tools;
    let hook = Hook::start().await;
    let (to, key) = receiver(tools, None, "webhook", &hook.at("/x?token=hemligt")).await;
    incident(tools, CauseKind::Node, None, &[], fleet.clock.now()).await;
    fleet.clock.advance(Duration::from_secs(21));
    send::decide_now(tools).await.unwrap();
    // It dies after the other side took it in.
    hook.status.store(0, Ordering::SeqCst);
    let notice = store::notices::due(&tools.store, fleet.clock.now(), 10).await.unwrap().remove(0);
    let (dying, own) = (tools.clone(), notice.clone());
    let task = tokio::spawn(async move { send::send(&dying, &own).await });
    while hook.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    task.abort();
    hook.status.store(204, Ordering::SeqCst);
    // Whoever comes next has it soon, not at once: the first may still be at it.
    turn(tools).await;
    assert_eq!(hook.seen().len(), 1);
    fleet.clock.advance(Duration::from_secs(60));
    turn(tools).await;
    turn(tools).await;
    let seen = hook.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].headers["webhook-id"], seen[1].headers["webhook-id"]);
    assert_eq!(seen[0].body, seen[1].body);
    let key = key.unwrap();
    for one in &seen {
        let seconds = one.headers["webhook-timestamp"].parse().unwrap();
        let signed = hook::signature(std::slice::from_ref(&key), &one.headers["webhook-id"], seconds, &one.body);
        assert_eq!(one.headers["webhook-signature"], signed);
    }
    let log = log(tools, &to).await;
    assert_eq!((log.len(), log[0].state, log[0].attempts), (1, NoticeState::Sent, 2));
    assert!(!to.shown.contains("hemligt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_away_is_told_later_and_one_that_leads_elsewhere_is_not_followed() {
    let fleet = fleet(Kind::Sqlite).await.unwrap();
    let tools = &fleet.app.tools;
    let hook = Hook::start().await;
    let (to, old) = receiver(tools, None, "webhook", &hook.at("/x")).await;
    incident(tools, CauseKind::Node, None, &[], fleet.clock.now()).await;
    fleet.clock.advance(Duration::from_secs(21));
    for status in [503, 302, 404] {
        hook.status.store(status, Ordering::SeqCst);
        turn(tools).await;
        let [notice] = &log(tools, &to).await[..] else { panic!() };
        assert_eq!(notice.state, NoticeState::Waiting);
        assert!(notice.error.contains(&status.to_string()), "{}", notice.error);
        fleet.clock.advance(Duration::from_secs(120));
    }
    // Meanwhile it gets a new key; for a day both sign.
    let (to, new) = receivers::rotate(tools, &Scope::Fleet, &to).await.unwrap();
    hook.status.store(204, Ordering::SeqCst);
    turn(tools).await;
    assert_eq!(log(tools, &to).await[0].state, NoticeState::Sent);
    let last = hook.seen().pop().unwrap();
    let seconds = last.headers["webhook-timestamp"].parse().unwrap();
    let expected = hook::signature(&[new, old.unwrap()], &last.headers["webhook-id"], seconds, &last.body);
    assert_eq!((last.headers["webhook-signature"].clone(), expected.split(' ').count()), (expected, 2));
    // It is not told twice, and gone where it says so.
    let before = hook.seen().len();
    turn(tools).await;
    assert_eq!(hook.seen().len(), before);
    hook.status.store(410, Ordering::SeqCst);
    let trial = send::trial(tools, &to).await.unwrap();
    assert_eq!(trial.state, NoticeState::GivenUp);
    assert_eq!(log(tools, &to).await.len(), 2);
    store::receivers::remove(&tools.store, &Scope::Fleet, to.id).await.unwrap();
    assert!(store::secrets::of(&tools.store, &to.id.text()).await.unwrap().is_empty());
}

#[rstest::rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_control_planes_tell_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(fleet) = fleet(kind).await else { return };
    let tools = &fleet.app.tools;
    let other = Tools { store: fleet.store.again().await, ..tools.clone() };
    let hook = Hook::start().await;
    receiver(tools, None, "webhook", &hook.at("/x")).await;
    for _ in 0..5 {
        incident(tools, CauseKind::Node, None, &[], fleet.clock.now()).await;
        fleet.clock.advance(Duration::from_secs(60));
        // Both believe that the duty is theirs.
        let (a, b) = tokio::join!(send::decide_now(tools), send::decide_now(&other));
        assert_eq!(a.unwrap() + b.unwrap(), 1);
        let due = store::notices::due(&tools.store, fleet.clock.now(), 10).await.unwrap();
        let (a, b) = tokio::join!(send::send(tools, &due[0]), send::send(&other, &due[0]));
        a.and(b).unwrap();
    }
    assert_eq!(hook.seen().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_says_it_in_words_and_a_chat_in_a_text() {
    let mut fleet = fleet(Kind::Sqlite).await.unwrap();
    let (port, mails) = mail_server().await;
    let settings = MailSettings {
        host: "127.0.0.1".into(),
        port,
        security: MailSecurity::None,
        user: None,
        password_file: None,
        from: "Flotta <flotta@example.org>".into(),
    };
    let mail = Some(Mailer::new(&settings, None).unwrap());
    fleet.app.tools.post = Arc::new(Post { mail, hooks: Hooks { local: true } });
    let tools = &fleet.app.tools;
    let ale = municipality(tools, "ale").await;
    let hook = Hook::start().await;
    let (to, _) = receiver(tools, Some(&ale), "mail", "webb@ale.se").await;
    receiver(tools, None, "chat", &hook.at("/services/x")).await;
    let one = incident(tools, CauseKind::DatabaseServer, None, &[&ale], fleet.clock.now()).await;
    fleet.clock.advance(Duration::from_secs(21));
    turn(tools).await;
    let mail = mails.lock().unwrap().pop().expect("a mail");
    let id = log(tools, &to).await[0].id.text();
    for part in ["Subject: [sim] Problem: the database server", &format!("Message-ID: <{id}@example.org>"), "To: webb@ale.se"] {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    assert!(mail.contains("Auto-Submitted: auto-generated") && mail.contains("multipart/alternative"), "{mail}");
    assert!(mail.replace("=\r\n", "").contains(&format!("/incidents/{}", one.id.text())), "{mail}");
    let chat: serde_json::Value = serde_json::from_str(&hook.seen()[0].body).unwrap();
    assert!(chat["text"].as_str().unwrap().starts_with("[sim] Problem: the database server\n"), "{chat}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_municipality_s_hook_does_not_reach_inside() {
    let mut fleet = fleet(Kind::Sqlite).await.unwrap();
    let ale = municipality(&fleet.app.tools, "ale").await;
    let hook = Hook::start().await;
    let (to, _) = receiver(&fleet.app.tools, Some(&ale), "webhook", &hook.at("/x")).await;
    fleet.app.tools.post = Arc::new(Post { mail: None, hooks: Hooks { local: false } });
    let trial = send::trial(&fleet.app.tools, &to).await.unwrap();
    assert_eq!((trial.state, hook.seen().len()), (NoticeState::GivenUp, 0));
    let wanted = receivers::NewReceiver { kind: "webhook".into(), address: "https://10.0.0.1/".into(), ..Default::default() };
    let refused = receivers::add(&fleet.app.tools, &Scope::Fleet, Some(&ale), &wanted).await.unwrap_err();
    assert!(refused.to_string().contains("private network"), "{refused}");
}
