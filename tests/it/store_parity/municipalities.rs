// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Municipalities, instances and domains: found, listed, hidden, unique.

use flotta::{
    error::Error,
    fleet::{Desired, Environment, InstanceState, Scope},
    store::{
        PageRequest, instances,
        municipalities::{self, Filter},
        operations,
    },
};
use rstest::rstest;

use crate::support::{
    fixtures::{instance, municipality, onboarded, onboarding, release},
    store::{Kind, TestStore},
};

fn search(text: &str) -> Filter {
    Filter { search: Some(text.to_owned()), ..Filter::default() }
}

fn code_of(error: &Error) -> (&str, &str) {
    match error {
        Error::Conflict(e) => (&e.field, &e.code),
        other => panic!("not a conflict: {other:?}"),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_searched_filtered_and_paged(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    for (slug, name, code) in [
        ("orebro", "Örebro kommun", "1880"),
        ("ale", "Ale kommun", "1440"),
        ("osteraker", "Österåkers kommun", "0117"),
        ("a-b", "100 % Trial_X", ""),
    ] {
        let mut m = municipality(slug, (!code.is_empty()).then_some(code));
        m.name = name.to_owned();
        let i = instance(&m, release);
        operations::start(&t.store, &onboarding(m, i)).await.unwrap();
    }
    let slugs = async |filter: &Filter, page: PageRequest| {
        let page = municipalities::list(&t.store, &Scope::Fleet, filter, page).await.unwrap();
        (page.items.iter().map(|m| m.slug.to_string()).collect::<Vec<_>>(), page.total)
    };
    let all = PageRequest::default();
    assert_eq!(slugs(&Filter::default(), all).await, (vec!["a-b".into(), "ale".into(), "orebro".into(), "osteraker".into()], 4));
    assert_eq!(slugs(&Filter::default(), PageRequest { page: 2, per_page: 3 }).await, (vec!["osteraker".into()], 4));
    for (text, expected) in [
        ("Örebro", vec!["orebro"]),
        ("öREB", vec!["orebro"]),
        ("orebro", vec!["orebro"]),
        ("ÖSTERÅKER", vec!["osteraker"]),
        ("KOMMUN", vec!["ale", "orebro", "osteraker"]),
        ("0117", vec!["osteraker"]),
        ("%", vec!["a-b"]),
        ("_", vec!["a-b"]),
        ("\\", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        assert_eq!(slugs(&search(text), all).await.0, expected, "{text}");
    }
    assert_eq!(slugs(&Filter { county: Some("18".into()), ..Filter::default() }, all).await.0, ["orebro"]);
    assert_eq!(slugs(&Filter { state: Some("onboarding".into()), ..Filter::default() }, all).await.1, 4);
    assert_eq!(slugs(&Filter { state: Some("running".into()), ..Filter::default() }, all).await.1, 0);
    assert_eq!(slugs(&Filter { search: Some("kommun".into()), county: Some("14".into()), ..Filter::default() }, all).await.0, ["ale"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_scope_does_not_exist(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, ale_instance, ale_operation) = onboarded(&t.store, "ale", Some("1440"), release).await;
    let (mora, mora_instance, mora_operation) = onboarded(&t.store, "mora", Some("2062"), release).await;
    let scope = Scope::Municipalities(vec![ale.id]);
    let nobody = Scope::Municipalities(vec![]);

    assert_eq!(municipalities::by_slug(&t.store, &scope, &ale.slug).await.unwrap(), ale);
    let hidden = municipalities::by_slug(&t.store, &scope, &mora.slug).await.unwrap_err().to_string();
    let missing = municipalities::by_slug(&t.store, &scope, &"nora".parse().unwrap()).await.unwrap_err().to_string();
    assert_eq!(hidden.replace("mora", "nora"), missing);
    assert_eq!(municipalities::list(&t.store, &scope, &Filter::default(), PageRequest::default()).await.unwrap().total, 1);
    assert_eq!(municipalities::list(&t.store, &scope, &search("mora"), PageRequest::default()).await.unwrap().total, 0);
    assert_eq!(municipalities::list(&t.store, &nobody, &Filter::default(), PageRequest::default()).await.unwrap().total, 0);
    assert_eq!(municipalities::ids(&t.store).await.unwrap().len(), 2);

    assert_eq!(instances::get(&t.store, &scope, ale_instance.id).await.unwrap().slug, ale.slug);
    assert!(matches!(instances::get(&t.store, &scope, mora_instance.id).await, Err(Error::NotFound { .. })));
    assert_eq!(instances::all(&t.store, &scope).await.unwrap().len(), 1);
    assert_eq!(instances::all(&t.store, &Scope::Fleet).await.unwrap().len(), 2);
    assert!(instances::of(&t.store, &scope, mora.id).await.unwrap().is_empty());
    assert!(matches!(instances::of_environment(&t.store, &scope, mora.id, Environment::Production).await, Err(Error::NotFound { .. })));
    assert!(matches!(instances::of_environment(&t.store, &scope, ale.id, Environment::Trial).await, Err(Error::NotFound { .. })));

    assert!(operations::get(&t.store, &scope, ale_operation.id).await.is_ok());
    assert!(matches!(operations::get(&t.store, &scope, mora_operation.id).await, Err(Error::NotFound { .. })));
    let listed = operations::list(&t.store, &scope, &operations::Filter::default(), PageRequest::default()).await.unwrap();
    assert_eq!((listed.total, listed.items[0].id), (1, ale_operation.id));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_is_refused_by_field_and_nothing_changes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, _, _) = onboarded(&t.store, "ale", Some("1440"), release).await;
    let attempt = async |m: flotta::fleet::Municipality, change: &dyn Fn(&mut flotta::fleet::Instance)| {
        let mut i = instance(&m, release);
        change(&mut i);
        operations::start(&t.store, &onboarding(m, i)).await.unwrap_err()
    };
    assert_eq!(code_of(&attempt(municipality("ale", Some("1440")), &|_| {}).await), ("slug", "slug-taken"));
    assert_eq!(code_of(&attempt(municipality("mora", Some("1440")), &|_| {}).await), ("code", "code-taken"));
    let domain_taken = attempt(municipality("mora", None), &|i| i.domain = "ale.localhost".parse().unwrap()).await;
    assert_eq!(code_of(&domain_taken), ("domain", "domain-taken"));
    // Another environment of a municipality of the same slug, but not the same municipality.
    let other = attempt(municipality("ale", None), &|i| i.environment = Environment::Trial).await;
    assert_eq!(code_of(&other), ("slug", "slug-taken"));

    assert_eq!(municipalities::ids(&t.store).await.unwrap(), [ale.id]);
    assert_eq!(instances::all(&t.store, &Scope::Fleet).await.unwrap().len(), 1);
    assert_eq!(instances::domains(&t.store).await.unwrap().len(), 1);
    assert_eq!(operations::list(&t.store, &Scope::Fleet, &operations::Filter::default(), PageRequest::default()).await.unwrap().total, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_environment_joins_its_municipality(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, first, _) = onboarded(&t.store, "ale", Some("1440"), release).await;
    let again = municipality("ale", Some("1440"));
    let mut trial = instance(&again, release);
    trial.environment = Environment::Trial;
    trial.domain = "trial.ale.localhost".parse().unwrap();
    let started = operations::start(&t.store, &onboarding(again, trial.clone())).await.unwrap();
    assert_eq!(started.operation.municipality, ale.id);
    let of = instances::of(&t.store, &Scope::Fleet, ale.id).await.unwrap();
    assert_eq!(
        of.iter().map(|i| (i.id, i.environment, i.slot)).collect::<Vec<_>>(),
        [(first.id, Environment::Production, 0), (trial.id, Environment::Trial, 1)]
    );
    assert_eq!(instances::count_running(&t.store, release).await.unwrap(), 2);
    assert_eq!(of[1], flotta::fleet::Instance { municipality: ale.id, slot: 1, ..trial });
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_leads_to_its_instance_and_nobody_else_gets_a_name_below_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let m = municipality("ale", None);
    let i = instance(&m, release);
    let mut new = onboarding(m, i.clone());
    new.admission.as_mut().unwrap().domains = vec![("ale.se".parse().unwrap(), true)];
    operations::start(&t.store, &new).await.unwrap();
    let m = municipality("mora", None);
    let other = instance(&m, release);
    let mut new = onboarding(m, other.clone());
    new.admission.as_mut().unwrap().domains = vec![("a.ale.se".parse().unwrap(), false)];
    let refused = operations::start(&t.store, &new).await.unwrap_err();
    assert!(matches!(&refused, Error::Conflict(e) if e.field == "domain"), "{refused}");
    new.admission.as_mut().unwrap().domains = vec![("mora.se".parse().unwrap(), false)];
    operations::start(&t.store, &new).await.unwrap();

    let leads = async |name: &str| instances::by_domain(&t.store, &name.parse().unwrap()).await.unwrap();
    assert_eq!(leads("ale.se").await, Some((i.id, Desired::Running)));
    assert_eq!(leads("skola.ale.se").await, Some((i.id, Desired::Running)));
    assert_eq!(leads("mora.se").await, Some((other.id, Desired::Running)));
    assert_eq!(leads("x.a.ale.se").await, None);
    assert_eq!(leads("bale.se").await, None);
    assert_eq!(instances::domains(&t.store).await.unwrap().len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_observation_never_overwrites_an_operation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (_, i, _) = onboarded(&t.store, "ale", None, release).await;
    let observe = async |from, to| instances::observe(&t.store, i.id, from, to, "killed").await.unwrap();
    assert!(!observe(InstanceState::Running, InstanceState::Repairing).await);
    assert!(observe(InstanceState::Onboarding, InstanceState::Running).await);
    assert!(observe(InstanceState::Running, InstanceState::Repairing).await);
    let seen = instances::get(&t.store, &Scope::Fleet, i.id).await.unwrap();
    assert_eq!((seen.state, seen.reason.as_str()), (InstanceState::Repairing, "killed"));
}
