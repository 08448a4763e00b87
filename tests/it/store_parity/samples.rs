// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The pages that an instance is judged by.

use flotta::{
    fleet::evidence::Sampled,
    store::{operations, samples},
};
use rstest::rstest;

use crate::support::{
    fixtures::{onboarded, release},
    store::{Kind, TestStore},
};

fn page(blog: u64, path: &str) -> Sampled {
    Sampled { blog, kind: "newest".to_owned(), host: "ale.localhost".to_owned(), path: path.to_owned() }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn chosen_pages_are_kept_in_order_and_go_with_the_instance(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await;
    let (_, instance, _) = onboarded(&t.store, "ale", None, release.id).await;
    assert_eq!(samples::of(&t.store, instance.id).await.unwrap(), []);
    let pages: Vec<Sampled> = (1..=700).rev().map(|n| page(n, &format!("/{n}/?s=å"))).collect();
    samples::keep(&t.store, instance.id, &pages).await.unwrap();
    assert_eq!(samples::of(&t.store, instance.id).await.unwrap(), pages);
    samples::keep(&t.store, instance.id, &pages[..1]).await.unwrap();
    assert_eq!(samples::of(&t.store, instance.id).await.unwrap(), pages[..1]);
    let other = flotta::fleet::InstanceId::generate();
    assert!(samples::keep(&t.store, other, &pages).await.is_err(), "there is no such instance");
    assert_eq!(operations::live_of(&t.store, flotta::fleet::OperationKind::Rehearse).await.unwrap(), []);
}
