// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Nouns to test with.

use flotta::{
    fleet::{
        Channel, Contract, Desired, Domain, Environment, Instance, InstanceId, InstanceState, Limits, Municipality, MunicipalityId,
        NetworkKind, Operation, OperationKind, Release, ReleaseId,
    },
    store::{
        self, Store,
        operations::{Admission, NewOperation, Started},
    },
};
use jiff::{SignedDuration, Timestamp};

/// A morning in November; `later` counts from here.
pub fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("a time")
}

/// Some seconds after [`now`].
pub fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// A municipality that is not in the store yet.
pub fn municipality(slug: &str, code: Option<&str>) -> Municipality {
    Municipality {
        id: MunicipalityId::generate(),
        slug: slug.parse().expect("a slug"),
        name: format!("{slug} kommun"),
        code: code.map(|c| c.parse().expect("a code")),
        contact_email: format!("webb@{slug}.se").parse().expect("an address"),
        created_at: now(),
    }
}

/// A production instance of it, at `slug.localhost`.
pub fn instance(of: &Municipality, release: ReleaseId) -> Instance {
    Instance {
        id: InstanceId::generate(),
        municipality: of.id,
        slug: of.slug.clone(),
        title: of.name.clone(),
        environment: Environment::Production,
        network_kind: NetworkKind::SubDirectory,
        domain: format!("{}.localhost", of.slug).parse().expect("a domain"),
        locale: "sv_SE".to_owned(),
        admin_login: "webb".to_owned(),
        admin_email: of.contact_email.to_string(),
        release,
        desired: Desired::Running,
        state: InstanceState::Onboarding,
        reason: String::new(),
        slot: 0,
        generation: 1,
        paused: false,
        limits: Limits::default(),
        created_at: now(),
    }
}

/// A stable release, in the store.
pub async fn release(store: &Store, name: &str) -> Release {
    let release = Release {
        id: ReleaseId::generate(),
        name: name.to_owned(),
        image: format!("flotta/wordpress:{name}"),
        image_id: format!("sha256:{}", "0".repeat(64)),
        contract: Contract::Wordpress,
        channel: Channel::Stable,
        created_at: now(),
    };
    store::releases::insert(store, &release).await.expect("a release");
    release
}

/// What admits an instance: municipality, instance, its domain and a live operation to onboard it.
pub fn onboarding(municipality: Municipality, instance: Instance) -> NewOperation {
    let operation = Operation {
        step: "database".to_owned(),
        requested_by: "operator@flotta.test".to_owned(),
        deadline_at: later(600),
        ..store::operations::blank(OperationKind::Onboard, municipality.id, municipality.slug.clone(), instance.id, now())
    };
    let domains: Vec<(Domain, bool)> = vec![(instance.domain.clone(), false)];
    NewOperation { operation, admission: Some(Admission { municipality, instance, domains }), state: None, idempotency: None }
}

/// A municipality with an instance and a live operation, in the store.
pub async fn onboarded(store: &Store, slug: &str, code: Option<&str>, release: ReleaseId) -> (Municipality, Instance, Operation) {
    let municipality = municipality(slug, code);
    let instance = instance(&municipality, release);
    let Started { operation, repeated } =
        store::operations::start(store, &onboarding(municipality.clone(), instance.clone())).await.expect("it starts");
    assert!(!repeated);
    (municipality, instance, operation)
}
