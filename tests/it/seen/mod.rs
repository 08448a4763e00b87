// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What others see of health: the live board, public status pages and the open directory, figures for Prometheus.

mod figures;
mod follow;
mod public;

use std::time::Duration;

use flotta::{
    fleet::{
        Incident, IncidentId, MunicipalityId, Scope,
        health::{Failure, Health},
        incident::{Cause, CauseKind, Member},
    },
    store::{
        self,
        checks::{Found, Remembered},
        incidents::Change,
    },
};

use crate::support::web::Plane;

/// Gives a municipality its sites: nobody watches, so they stay as they are told to be.
async fn sites(plane: &Plane, slug: &str, paths: &[&str]) -> MunicipalityId {
    let store = &plane.app.tools.store;
    let instance = store::instances::all(store, &Scope::Fleet).await.unwrap().into_iter().find(|i| i.slug.as_str() == slug).unwrap();
    let found: Vec<Found> =
        (1..).zip(paths).map(|(blog, path)| Found { blog, host: format!("{slug}.localhost"), path: (*path).to_owned() }).collect();
    store::checks::sync(store, instance.municipality, instance.id, &found, jiff::Timestamp::now()).await.unwrap();
    for check in store::checks::of(store, &[instance.municipality]).await.unwrap() {
        set(plane, check.number, Health::Ok).await;
    }
    instance.municipality
}

/// The number of a check.
async fn number(plane: &Plane, of: MunicipalityId, path: &str) -> u32 {
    let all = store::checks::of(&plane.app.tools.store, &[of]).await.unwrap();
    all.into_iter().find(|check| check.path == path).unwrap().number
}

async fn set(plane: &Plane, number: u32, health: Health) {
    let failure = health.is_ill().then_some(Failure::ServerError);
    let one = Remembered { number, health, failure, since: Some(jiff::Timestamp::now()), standing: String::new() };
    store::checks::remember(&plane.app.tools.store, &[one]).await.unwrap();
}

/// Opens an incident with these checks.
async fn open(plane: &Plane, kind: CauseKind, label: &str, members: &[(u32, MunicipalityId, &str)]) -> IncidentId {
    let cause = Cause { kind, of: label.to_owned() };
    let incident = Incident::opened(cause, label.to_owned(), None, jiff::Timestamp::now());
    let id = incident.id;
    let mut changes = vec![Change::Open(Box::new(incident))];
    for (number, municipality, label) in members {
        let (failure, since) = (Failure::NoDatabase, jiff::Timestamp::now());
        let label = (*label).to_owned();
        let member = Member { number: *number, municipality: *municipality, slug: None, label, failure, since, until: None };
        changes.push(Change::Join(id, Box::new(member)));
    }
    store::incidents::write(&plane.app.tools.store, &changes, jiff::Timestamp::now()).await.unwrap();
    id
}

/// Tells those who follow, as the watcher does.
fn told(plane: &Plane) {
    let _ = plane.app.tools.health_changed.send(());
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("in time")
}
