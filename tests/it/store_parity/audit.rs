// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The audit log: added to, read, never changed.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use flotta::{
    fleet::{AuditEntry, AuditId, AuditResult, MunicipalityId, Scope},
    store::{
        Address, PageRequest,
        audit::{self, Filter},
    },
};
use rstest::rstest;
use serde_json::json;

use crate::support::{
    fixtures::{later, now},
    store::{Kind, TestStore},
};

fn entry(seconds: i64, actor: &str, action: &str, target: &str, result: AuditResult) -> AuditEntry {
    AuditEntry {
        id: AuditId::generate(),
        at: later(seconds),
        actor: actor.into(),
        action: action.into(),
        target: target.into(),
        municipality: None,
        address: "192.0.2.1".into(),
        result,
        detail: json!({"role": "auditör"}),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lines_are_listed_newest_first_and_filtered(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let ale = MunicipalityId::generate();
    let first = entry(0, "anna@x.se", "session.create", "anna@x.se", AuditResult::Refused);
    let second = entry(1, "anna@x.se", "session.create", "anna@x.se", AuditResult::Done);
    let third = AuditEntry { municipality: Some(ale), ..entry(2, "bo@x.se", "municipality.onboard", "ale", AuditResult::Done) };
    let fourth = entry(3, "bo@x.se", "municipality_x", "ale", AuditResult::Failed);
    for e in [&first, &second, &third, &fourth] {
        audit::append(&t.store, e).await.unwrap();
    }
    let list = async |filter: Filter| {
        audit::list(&t.store, &Scope::Fleet, &filter, PageRequest::default()).await.unwrap().items.iter().map(|e| e.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Filter::default()).await, [fourth.id, third.id, second.id, first.id]);
    assert_eq!(list(Filter { actor: Some("anna@x.se".into()), ..Filter::default() }).await, [second.id, first.id]);
    assert_eq!(list(Filter { action: Some("municipality.".into()), ..Filter::default() }).await, [third.id]);
    assert_eq!(list(Filter { action: Some("municipality_".into()), ..Filter::default() }).await, [fourth.id]);
    assert_eq!(list(Filter { target: Some("ale".into()), result: Some(AuditResult::Done), ..Filter::default() }).await, [third.id]);
    assert_eq!(list(Filter { municipality: Some(ale), ..Filter::default() }).await, [third.id]);
    assert_eq!(list(Filter { since: Some(later(1)), until: Some(later(3)), ..Filter::default() }).await, [third.id, second.id]);
    let page = audit::list(&t.store, &Scope::Fleet, &Filter::default(), PageRequest { page: 2, per_page: 3 }).await.unwrap();
    assert_eq!((page.items.as_slice(), page.total), ([first].as_slice(), 4));
    let scoped = audit::list(&t.store, &Scope::Municipalities(vec![ale]), &Filter::default(), PageRequest::default()).await.unwrap();
    assert_eq!(scoped.items, [third]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_changes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    audit::append(&t.store, &entry(0, "a", "b", "c", AuditResult::Done)).await.unwrap();
    for statement in ["UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"] {
        let refused = match &t.address {
            Address::Sqlite(path) => {
                use diesel::{Connection, connection::SimpleConnection};
                diesel::SqliteConnection::establish(&path.to_string_lossy()).unwrap().batch_execute(statement).unwrap_err()
            }
            Address::Postgres(url) => AsyncPgConnection::establish(url).await.unwrap().batch_execute(statement).await.unwrap_err(),
        };
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
    let page = audit::list(&t.store, &Scope::Fleet, &Filter::default(), PageRequest::default()).await.unwrap();
    assert_eq!((page.total, page.items[0].actor.as_str(), page.items[0].at), (1, "a", now()));
}
