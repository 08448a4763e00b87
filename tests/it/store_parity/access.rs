// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Users, log-in, sessions and tokens, as the access room uses the store.

use std::net::IpAddr;

use flotta::{
    access::{
        self, Caller, Credential, LoggedIn, NewToken, NewUser, UserChange, authenticate, change_own_password, change_user, create_token,
        create_user, first_administrator, log_in, log_out, reset_password, revoke_token,
    },
    error::Error,
    fleet::{
        Role,
        access::{Permission, User},
    },
    store::{PageRequest, Store, tokens, users},
};
use futures::future::join_all;
use jiff::Timestamp;
use rstest::rstest;
use secrecy::ExposeSecret;

use crate::support::{
    fixtures::{later, now, onboarded, release},
    store::{Kind, TestStore},
};

const PASSWORD: &str = "sju röda flottar";
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

async fn user(store: &Store, email: &str, role: Role, slugs: &[&str]) -> User {
    let wanted = NewUser {
        email: email.into(),
        name: "Någon".into(),
        role: role.to_string(),
        municipalities: slugs.iter().map(ToString::to_string).collect(),
        language: None,
        password: Some(PASSWORD.into()),
    };
    create_user(store, &wanted, now()).await.unwrap().0
}

fn address() -> Option<IpAddr> {
    Some("192.0.2.7".parse().unwrap())
}

async fn enter(store: &Store, email: &str, password: &str, at: Timestamp) -> Result<LoggedIn, Error> {
    log_in(store, email, password.into(), address(), at).await
}

async fn by_session(store: &Store, login: &LoggedIn, at: Timestamp) -> Result<Caller, Error> {
    authenticate(store, &Credential::Session(login.secret.clone()), at).await
}

fn codes(error: Error) -> Vec<(String, String)> {
    match error {
        Error::Invalid(errors) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
        Error::Conflict(e) => vec![(e.field, e.code)],
        other => panic!("{other:?}"),
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_lives_while_it_is_used_and_not_for_ever(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let anna = user(&t.store, "Anna@Flotta.test", Role::Operator, &[]).await;
    assert_eq!(anna.email.as_str(), "anna@flotta.test");
    let login = enter(&t.store, " ANNA@flotta.test", PASSWORD, now()).await.unwrap();
    let caller = by_session(&t.store, &login, later(1)).await.unwrap();
    assert_eq!((&caller.principal.user, &caller.principal.token), (&anna, &None));
    assert_eq!(caller.session.unwrap().csrf, login.session.csrf);
    assert_ne!(login.secret.expose_secret(), &login.session.token_sha256);

    // Used every seven hours it lives on, to the seventh day.
    for hour in (7..7 * 24).step_by(7) {
        by_session(&t.store, &login, later(hour * HOUR)).await.unwrap();
    }
    assert!(matches!(by_session(&t.store, &login, later(7 * DAY)).await, Err(Error::Unauthenticated)));
    // Left alone for eight hours it ends.
    let idle = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    by_session(&t.store, &idle, later(8 * HOUR - 1)).await.unwrap();
    assert!(matches!(by_session(&t.store, &idle, later(16 * HOUR)).await, Err(Error::Unauthenticated)));
    // Logged out it is over at once.
    let out = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    log_out(&t.store, &out.secret).await.unwrap();
    assert!(matches!(by_session(&t.store, &out, now()).await, Err(Error::Unauthenticated)));
    for wrong in ["", "x", &login.session.token_sha256] {
        assert!(matches!(authenticate(&t.store, &Credential::Session(wrong.into()), now()).await, Err(Error::Unauthenticated)));
    }
    let swept = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    access::sweep(&t.store, later(DAY)).await.unwrap();
    assert!(matches!(by_session(&t.store, &swept, now()).await, Err(Error::Unauthenticated)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn log_in_is_held_back_where_it_keeps_failing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    user(&t.store, "anna@flotta.test", Role::Operator, &[]).await;
    for email in ["anna@flotta.test", "nobody@flotta.test", "not an address"] {
        for n in 0..6 {
            let outcome = enter(&t.store, email, "wrong", later(n)).await;
            assert!(matches!(outcome, Err(Error::Unauthenticated)), "{email} {n}: {outcome:?}");
        }
        let held = enter(&t.store, email, PASSWORD, later(6)).await;
        assert!(matches!(held, Err(Error::Throttled { retry_after_seconds: 1 })), "{email}: {held:?}");
        t.again().await; // what is held back is in the store, not in this process
        assert!(matches!(enter(&t.store, email, PASSWORD, later(6)).await, Err(Error::Throttled { .. })));
    }
    // Once the wait is over the right password counts, and what failed is forgotten.
    enter(&t.store, "anna@flotta.test", PASSWORD, later(7)).await.unwrap();
    for n in 0..2 {
        assert!(matches!(enter(&t.store, "anna@flotta.test", "wrong", later(8 + n)).await, Err(Error::Unauthenticated)));
    }
    // By now the address has failed twenty times: the next failure makes it wait too, whatever the name.
    assert!(matches!(enter(&t.store, "x@flotta.test", "wrong", later(20)).await, Err(Error::Unauthenticated)));
    let held = enter(&t.store, "y@flotta.test", "wrong", later(20)).await;
    assert!(matches!(held, Err(Error::Throttled { retry_after_seconds: 2 })), "{held:?}");
    let elsewhere = log_in(&t.store, "anna@flotta.test", PASSWORD.into(), Some("198.51.100.1".parse().unwrap()), later(20)).await;
    assert!(elsewhere.is_ok(), "{elsewhere:?}");
    access::sweep(&t.store, later(2 * DAY)).await.unwrap();
    enter(&t.store, "anna@flotta.test", PASSWORD, later(21)).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_are_a_hundred_guesses(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let other = t.again().await;
    user(&t.store, "anna@flotta.test", Role::Operator, &[]).await;
    let guesses = (0..100).map(|n| {
        let store = if n % 2 == 0 { t.store.clone() } else { other.clone() };
        tokio::spawn(async move { enter(&store, "anna@flotta.test", &format!("guess number {n}"), now()).await })
    });
    let outcomes: Vec<_> = join_all(guesses).await.into_iter().map(Result::unwrap).collect();
    let looked_at = outcomes.iter().filter(|o| matches!(o, Err(Error::Unauthenticated))).count();
    let held_back = outcomes.iter().filter(|o| matches!(o, Err(Error::Throttled { .. }))).count();
    assert_eq!((looked_at, held_back), (6, 94), "{:?}", outcomes.iter().find(|o| o.is_ok()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_and_a_disabled_account_end_sessions(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    user(&t.store, "chief@flotta.test", Role::Administrator, &[]).await;
    let anna = user(&t.store, "anna@flotta.test", Role::Operator, &[]).await;
    let here = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    let there = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    let caller = by_session(&t.store, &here, now()).await.unwrap();
    let change =
        async |current: &str, new: &str| change_own_password(&t.store, &caller, current.into(), new.into(), address(), now()).await;
    assert_eq!(codes(change("wrong", "åtta gröna flottar").await.unwrap_err()), pairs(&[("current", "wrong-password")]));
    assert_eq!(codes(change(PASSWORD, "kort").await.unwrap_err()), pairs(&[("password", "password-too-short")]));
    change(PASSWORD, "åtta gröna flottar").await.unwrap();
    by_session(&t.store, &here, now()).await.unwrap();
    assert!(matches!(by_session(&t.store, &there, now()).await, Err(Error::Unauthenticated)));
    assert!(matches!(enter(&t.store, "anna@flotta.test", PASSWORD, now()).await, Err(Error::Unauthenticated)));

    let (_, made_up) = reset_password(&t.store, anna.id, None).await.unwrap();
    assert!(matches!(by_session(&t.store, &here, now()).await, Err(Error::Unauthenticated)));
    let made_up = made_up.unwrap();
    let login = enter(&t.store, "anna@flotta.test", made_up.expose_secret(), now()).await.unwrap();
    let (_, secret) =
        create_token(&t.store, &caller.principal, &NewToken { name: "ci".into(), ..NewToken::default() }, now()).await.unwrap();

    let set = async |disabled| {
        change_user(&t.store, anna.id, &UserChange { disabled: Some(disabled), ..UserChange::default() }, later(5)).await.unwrap()
    };
    assert_eq!(set(true).await.disabled_at, Some(later(5)));
    assert!(matches!(by_session(&t.store, &login, now()).await, Err(Error::Unauthenticated)));
    assert!(matches!(enter(&t.store, "anna@flotta.test", made_up.expose_secret(), now()).await, Err(Error::Unauthenticated)));
    assert_eq!(set(false).await.disabled_at, None);
    enter(&t.store, "anna@flotta.test", made_up.expose_secret(), now()).await.unwrap();
    // A token of that account stays revoked.
    assert!(matches!(authenticate(&t.store, &Credential::Token(secret), now()).await, Err(Error::Unauthenticated)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let first = first_administrator(&t.store, "root@flotta.test", PASSWORD.into(), now()).await.unwrap().unwrap();
    assert!(first_administrator(&t.store, "root@flotta.test", PASSWORD.into(), now()).await.unwrap().is_none());
    assert!(first_administrator(&t.store, "other@flotta.test", PASSWORD.into(), now()).await.unwrap().is_none());
    let change = async |id, change: UserChange| change_user(&t.store, id, &change, now()).await;
    let demote = || UserChange { role: Some("auditor".into()), ..UserChange::default() };
    let disable = || UserChange { disabled: Some(true), ..UserChange::default() };
    assert_eq!(codes(change(first.id, demote()).await.unwrap_err()), pairs(&[("role", "last-administrator")]));
    assert_eq!(codes(change(first.id, disable()).await.unwrap_err()), pairs(&[("disabled", "last-administrator")]));
    let second = user(&t.store, "second@flotta.test", Role::Administrator, &[]).await;

    // Two who disable each other at once: one stays.
    let (a, b) = tokio::join!(change(first.id, disable()), change(second.id, demote()));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let left =
        users::list(&t.store, &users::Filter { role: Some(Role::Administrator), ..users::Filter::default() }, PageRequest::default())
            .await
            .unwrap();
    assert_eq!(left.items.iter().filter(|u| u.disabled_at.is_none()).count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn users_are_checked_field_by_field(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let release = release(&t.store, "6.8-1").await.id;
    let (ale, ..) = onboarded(&t.store, "ale", Some("1440"), release).await;
    let wrong = NewUser {
        email: "nobody".into(),
        name: " ".into(),
        role: "king".into(),
        municipalities: vec!["nora".into(), "NO SLUG".into()],
        language: Some("tlh".into()),
        password: None,
    };
    assert_eq!(
        codes(create_user(&t.store, &wrong, now()).await.unwrap_err()),
        pairs(&[
            ("email", "invalid-email"),
            ("name", "invalid-name"),
            ("role", "invalid-role"),
            ("language", "unknown-language"),
            ("municipalities", "unknown-municipality"),
            ("municipalities", "unknown-municipality"),
        ])
    );
    let anna = user(&t.store, "anna@ale.se", Role::WebManager, &["ale", "ale"]).await;
    assert_eq!(anna.municipalities, [ale.id]);
    let same = NewUser { email: "ANNA@ale.se".into(), name: "X".into(), role: "operator".into(), ..NewUser::default() };
    assert_eq!(codes(create_user(&t.store, &same, now()).await.unwrap_err()), pairs(&[("email", "email-taken")]));
    let unbound = NewUser { email: "bo@ale.se".into(), name: "Bo".into(), role: "web-manager".into(), ..NewUser::default() };
    assert_eq!(codes(create_user(&t.store, &unbound, now()).await.unwrap_err()), pairs(&[("municipalities", "required")]));
    let bound = NewUser { role: "auditor".into(), municipalities: vec!["ale".into()], ..unbound };
    assert_eq!(codes(create_user(&t.store, &bound, now()).await.unwrap_err()), pairs(&[("municipalities", "not-for-this-role")]));
    let (bo, made_up) = create_user(&t.store, &NewUser { municipalities: vec![], ..bound }, now()).await.unwrap();
    assert_eq!(made_up.unwrap().expose_secret().len(), 23);

    let change = async |id, change: UserChange| change_user(&t.store, id, &change, now()).await;
    user(&t.store, "chief@flotta.test", Role::Administrator, &[]).await;
    let role =
        |role: &str, slugs: Option<Vec<String>>| UserChange { role: Some(role.into()), municipalities: slugs, ..UserChange::default() };
    assert_eq!(codes(change(bo.id, role("web-manager", None)).await.unwrap_err()), pairs(&[("municipalities", "required")]));
    let bound = change(bo.id, role("web-manager", Some(vec!["ale".into()]))).await.unwrap();
    assert_eq!(users::get(&t.store, bo.id).await.unwrap(), bound);
    let free =
        change(bo.id, UserChange { language: Some("sv".into()), name: Some("Bo Ek".into()), ..role("operator", None) }).await.unwrap();
    assert_eq!((free.municipalities.len(), free.language.as_deref(), free.name.as_str()), (0, Some("sv"), "Bo Ek"));
    assert_eq!(users::get(&t.store, bo.id).await.unwrap(), free);
    let listed = users::list(&t.store, &users::Filter { email: Some("ALE.se".into()), ..users::Filter::default() }, PageRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.items, [users::get(&t.store, anna.id).await.unwrap(), free]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_no_more_than_its_maker_and_ends(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    user(&t.store, "chief@flotta.test", Role::Administrator, &[]).await;
    let anna = user(&t.store, "anna@flotta.test", Role::Operator, &[]).await;
    let login = enter(&t.store, "anna@flotta.test", PASSWORD, now()).await.unwrap();
    let caller = by_session(&t.store, &login, now()).await.unwrap().principal;
    let want = |permissions: Option<&[&str]>, days| NewToken {
        name: "nightly".into(),
        permissions: permissions.map(|p| p.iter().map(ToString::to_string).collect()),
        expires_in_days: days,
    };
    let refused = async |wanted: NewToken| codes(create_token(&t.store, &caller, &wanted, now()).await.unwrap_err());
    assert_eq!(
        refused(want(Some(&["manage-users", "fly"]), Some(0))).await,
        pairs(&[("permissions", "beyond-own"), ("permissions", "invalid-scope"), ("expires_in_days", "out-of-range")])
    );
    assert_eq!(refused(want(Some(&[]), Some(367))).await, pairs(&[("permissions", "empty"), ("expires_in_days", "out-of-range")]));
    assert_eq!(refused(NewToken::default()).await, pairs(&[("name", "invalid-name")]));

    let (token, secret) = create_token(&t.store, &caller, &want(Some(&["read-fleet", "own-account"]), None), now()).await.unwrap();
    assert_eq!(token.expires_at, later(90 * DAY));
    assert!(secret.expose_secret().starts_with(&token.prefix) && secret.expose_secret().len() == 47 && token.prefix.len() == 10);
    let credential = Credential::Token(secret);
    let by_token = async |at| authenticate(&t.store, &credential, at).await;
    let principal = by_token(later(3700)).await.unwrap().principal;
    assert!(principal.may(Permission::ReadFleet) && !principal.may(Permission::ManageMunicipalities));
    let last_used = async || tokens::get(&t.store, token.id).await.unwrap().last_used_at;
    assert_eq!(last_used().await, Some(later(3600)));
    by_token(later(7199)).await.unwrap();
    assert_eq!(last_used().await, Some(later(3600)));

    // A token made with a token: no wider, no longer.
    let wider = create_token(&t.store, &principal, &want(Some(&["manage-municipalities"]), Some(91)), now()).await.unwrap_err();
    assert_eq!(codes(wider), pairs(&[("permissions", "beyond-own"), ("expires_in_days", "beyond-own")]));
    let (child, child_secret) = create_token(&t.store, &principal, &want(None, None), later(DAY)).await.unwrap();
    assert_eq!((child.permissions, child.expires_at), (vec![Permission::ReadFleet, Permission::OwnAccount], later(90 * DAY)));

    assert!(matches!(by_token(later(90 * DAY)).await, Err(Error::Unauthenticated)));
    revoke_token(&t.store, &caller, token.id, later(9)).await.unwrap();
    assert_eq!(revoke_token(&t.store, &caller, token.id, later(99)).await.unwrap().revoked_at, Some(later(9)));
    assert!(matches!(by_token(later(10)).await, Err(Error::Unauthenticated)));
    // Demoted, the user takes the tokens along.
    change_user(&t.store, anna.id, &UserChange { role: Some("auditor".into()), ..UserChange::default() }, now()).await.unwrap();
    let child = authenticate(&t.store, &Credential::Token(child_secret), now()).await.unwrap().principal;
    assert!(child.may(Permission::ReadFleet) && !child.may(Permission::ReadAudit) && !child.may(Permission::ManageMunicipalities));
    for wrong in ["", "flt_", "flt_x", login.secret.expose_secret()] {
        assert!(matches!(authenticate(&t.store, &Credential::Token(wrong.into()), now()).await, Err(Error::Unauthenticated)));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_tokens_are_hidden_from_those_who_may_not_see_users(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let Some(t) = TestStore::open(kind).await else { return };
    let principal = async |email: &str, role| flotta::fleet::Principal { user: user(&t.store, email, role, &[]).await, token: None };
    let chief = principal("chief@flotta.test", Role::Administrator).await;
    let anna = principal("anna@flotta.test", Role::Operator).await;
    let bo = principal("bo@flotta.test", Role::ReleaseManager).await;
    let eve = principal("eve@flotta.test", Role::Auditor).await;
    let (token, _) = create_token(&t.store, &anna, &NewToken { name: "ci".into(), ..NewToken::default() }, now()).await.unwrap();
    assert!(matches!(revoke_token(&t.store, &bo, token.id, now()).await, Err(Error::NotFound { .. })));
    assert!(matches!(revoke_token(&t.store, &eve, token.id, now()).await, Err(Error::Forbidden { .. })));
    assert!(revoke_token(&t.store, &chief, token.id, now()).await.unwrap().revoked_at.is_some());
    assert_eq!(tokens::list(&t.store, Some(anna.user.id), PageRequest::default()).await.unwrap().total, 1);
    assert_eq!(tokens::list(&t.store, Some(bo.user.id), PageRequest::default()).await.unwrap().total, 0);
    assert_eq!(tokens::list(&t.store, None, PageRequest::default()).await.unwrap().total, 1);
}
