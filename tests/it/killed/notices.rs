// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The control plane is killed when a notice has gone out, and before that is noted.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use flotta::{
    fleet::{Scope, incident::CauseKind, notice::NoticeState},
    store::{self, PageRequest, incidents::Filter},
};
use serde_json::json;

use super::tell;
use crate::support::{
    post::{Hook, Seen},
    process::Process,
};

/// Longer than whoever takes a notice over waits for whoever had it.
const PATIENCE: Duration = Duration::from_secs(150);

async fn until(process: &Process, hook: &Hook, count: usize) {
    let over = Instant::now() + PATIENCE;
    while hook.seen().len() < count {
        assert!(Instant::now() < over, "{} of {count}\n{}", hook.seen().len(), process.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Killed while the hook has the notice and has not answered: the next one sends it again, the same, and once.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_being_sent() {
    let began = Instant::now();
    let hook = Hook::start().await;
    hook.status.store(0, Ordering::SeqCst);
    let mut process = Process::init().await;
    process.set =
        vec![("FLOTTA__NOTICES__LOCAL_HOOKS", "true".to_owned()), ("FLOTTA__NETWORK__RESERVED_DISK_MIB", "1000000000".to_owned())];
    process.start();
    process.ready().await;
    let receiver = process.post("receivers", &json!({"kind": "webhook", "address": hook.at("/jour"), "language": "en"})).await;
    until(&process, &hook, 1).await;
    process.kill();
    tell("a notice that was sent and not noted", began);
    hook.status.store(204, Ordering::SeqCst);
    process.restart().await;
    until(&process, &hook, 2).await;
    // Whatever would be told twice would be told soon.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let [first, second] = &hook.seen()[..] else { panic!("{:#?}", hook.seen()) };
    let id = |seen: &Seen| seen.headers.get("webhook-id").cloned();
    assert!(id(first).is_some_and(|first| Some(first) == id(second)));
    assert_eq!(first.body, second.body);
    let receiver = receiver["receiver"]["id"].as_str().or_else(|| receiver["id"].as_str()).unwrap().parse().unwrap();
    let log = store::notices::list(&process.store, receiver, PageRequest::default()).await.unwrap().items;
    assert_eq!(log.iter().map(|notice| (notice.state, notice.attempts)).collect::<Vec<_>>(), [(NoticeState::Sent, 2)]);
    let all = store::incidents::list(&process.store, &Scope::Fleet, &Filter::default(), PageRequest::default()).await.unwrap().items;
    assert_eq!(all.iter().map(|incident| incident.cause.kind).collect::<Vec<_>>(), [CauseKind::Disk]);
}
