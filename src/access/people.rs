// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Users: made, changed, disabled; their passwords.

use std::net::IpAddr;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Caller,
    login::{canonical, knock, welcome},
    passwords, secrets,
};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{Email, MunicipalityId, Role, Scope, Slug, UserId, access::User},
    store::{self, Store},
};

/// A user that somebody wants, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct NewUser {
    /// Log-in name.
    pub email: String,
    /// Name shown to others.
    pub name: String,
    /// What the user may do.
    pub role: String,
    /// Slugs of the municipalities that a web manager is bound to.
    #[serde(default)]
    pub municipalities: Vec<String>,
    /// Language of pages: `sv` or `en`.
    pub language: Option<String>,
    /// The first password; made up and given back once when left out.
    pub password: Option<SecretString>,
}

/// What is to change about a user, as typed; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct UserChange {
    /// Name shown to others.
    pub name: Option<String>,
    /// What the user may do.
    pub role: Option<String>,
    /// Slugs of the municipalities that a web manager is bound to.
    pub municipalities: Option<Vec<String>>,
    /// Language of pages: `sv`, `en`, or empty for the browser's.
    pub language: Option<String>,
    /// Whether the account cannot be used.
    pub disabled: Option<bool>,
}

/// Makes a user. Where no password is given, one is made up and given back.
///
/// # Errors
/// `Invalid` with everything that is wrong; `Conflict` when the e-mail address is taken.
pub async fn create_user(store: &Store, wanted: &NewUser, now: Timestamp) -> Result<(User, Option<SecretString>)> {
    let mut errors = Vec::new();
    let email = canonical(&wanted.email).map_or_else(|| wanted.email.parse::<Email>(), Ok);
    let email = keep(email, &mut errors);
    let name = keep(person_name(&wanted.name), &mut errors);
    let role = keep(wanted.role.parse::<Role>(), &mut errors);
    let language = keep(language(wanted.language.as_deref()), &mut errors);
    if let (Some(password), Some(email)) = (&wanted.password, &email) {
        keep(passwords::check(password, email, &wanted.name), &mut errors);
    }
    let municipalities = municipalities(store, role, &wanted.municipalities, &mut errors).await?;
    let (Some(email), Some(name), Some(role), Some(language), true) = (email, name, role, language, errors.is_empty()) else {
        return Err(Error::Invalid(errors));
    };
    let user = User { id: UserId::generate(), email, name, role, municipalities, language, created_at: now, disabled_at: None };
    let made_up = wanted.password.is_none().then(secrets::password);
    let password = wanted.password.clone().or_else(|| made_up.clone()).unwrap_or_default();
    store::users::insert(store, &user, &passwords::hash(password).await?).await?;
    Ok((user, made_up))
}

/// Changes a user.
///
/// # Errors
/// `NotFound`; `Invalid` with everything that is wrong; `Conflict` when no administrator would be left.
pub async fn change_user(store: &Store, id: UserId, wanted: &UserChange, now: Timestamp) -> Result<User> {
    let mut user = store::users::get(store, id).await?;
    let mut errors = Vec::new();
    if let Some(text) = &wanted.name {
        user.name = keep(person_name(text), &mut errors).unwrap_or_default();
    }
    if let Some(text) = &wanted.language {
        user.language = keep(language(Some(text)), &mut errors).flatten();
    }
    let role = match &wanted.role {
        Some(text) => keep(text.parse::<Role>(), &mut errors),
        None => Some(user.role),
    };
    if let Some(slugs) = &wanted.municipalities {
        user.municipalities = municipalities(store, role, slugs, &mut errors).await?;
    } else if wanted.role.is_some() && role.is_some_and(|role| role != user.role) {
        if role == Some(Role::WebManager) {
            municipalities(store, role, &[], &mut errors).await?;
        }
        user.municipalities = Vec::new();
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    user.role = role.unwrap_or(user.role);
    match wanted.disabled {
        Some(true) => user.disabled_at = user.disabled_at.or(Some(now)),
        Some(false) => user.disabled_at = None,
        None => {}
    }
    store::users::update(store, &user, now).await?;
    Ok(user)
}

/// Changes the caller's own password and ends the caller's other sessions.
///
/// # Errors
/// `Invalid` naming `current` or `password`; `Throttled` after too many wrong ones.
pub async fn change_own_password(
    store: &Store,
    caller: &Caller,
    current: SecretString,
    new: SecretString,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<()> {
    let user = &caller.principal.user;
    knock(store, user.email.as_str(), address, now).await?;
    let (_, hash) = store::users::for_login(store, &user.email).await?.unzip();
    if !passwords::verify(current, hash).await? {
        return Err(
            FieldError::new("current", "wrong-password", "that is not your password", "type the password that you log in with").into()
        );
    }
    welcome(store, user.email.as_str(), address).await?;
    passwords::check(&new, &user.email, &user.name)?;
    let keep = caller.session.as_ref().map(|session| session.token_sha256.as_str());
    store::users::set_password(store, user.id, &passwords::hash(new).await?, keep).await
}

/// Gives a user another password and ends all of the user's sessions. Where none is given, one is made up and given back.
///
/// # Errors
/// `NotFound`; `Invalid` naming `password`.
pub async fn reset_password(store: &Store, id: UserId, new: Option<SecretString>) -> Result<(User, Option<SecretString>)> {
    let user = store::users::get(store, id).await?;
    if let Some(password) = &new {
        passwords::check(password, &user.email, &user.name)?;
    }
    let made_up = new.is_none().then(secrets::password);
    let password = new.or_else(|| made_up.clone()).unwrap_or_default();
    store::users::set_password(store, id, &passwords::hash(password).await?, None).await?;
    Ok((user, made_up))
}

/// Makes the first administrator, if there is no user at all; says whether it did. Asked again it changes nothing.
///
/// # Errors
/// `Invalid` naming `email` or `password`.
pub async fn first_administrator(store: &Store, email: &str, password: SecretString, now: Timestamp) -> Result<Option<User>> {
    if store::users::any(store).await? {
        return Ok(None);
    }
    let wanted = NewUser {
        email: email.to_owned(),
        name: "Administrator".to_owned(),
        role: Role::Administrator.to_string(),
        password: Some(password),
        ..NewUser::default()
    };
    match create_user(store, &wanted, now).await {
        Ok((user, _)) => Ok(Some(user)),
        // Another control plane was faster.
        Err(Error::Conflict(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

fn keep<T>(checked: Result<T, FieldError>, errors: &mut Vec<FieldError>) -> Option<T> {
    checked.map_err(|e| errors.push(e)).ok()
}

fn person_name(text: &str) -> Result<String, FieldError> {
    let text = text.trim();
    if (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(FieldError::new("name", "invalid-name", "the name must have 1 to 100 visible characters", "write the person's name"))
}

fn language(text: Option<&str>) -> Result<Option<String>, FieldError> {
    match text.unwrap_or_default() {
        "" => Ok(None),
        known @ ("sv" | "en") => Ok(Some(known.to_owned())),
        other => Err(FieldError::new(
            "language",
            "unknown-language",
            format!("`{}` is not offered", other.escape_debug()),
            "use sv or en, or leave it empty for the browser's",
        )),
    }
}

async fn municipalities(store: &Store, role: Option<Role>, slugs: &[String], errors: &mut Vec<FieldError>) -> Result<Vec<MunicipalityId>> {
    match role {
        Some(Role::WebManager) if slugs.is_empty() => errors.push(FieldError::new(
            "municipalities",
            "required",
            "a web manager is bound to municipalities",
            "name at least one by its slug",
        )),
        Some(role) if role != Role::WebManager && !slugs.is_empty() => errors.push(FieldError::new(
            "municipalities",
            "not-for-this-role",
            format!("the role {role} is for the whole fleet"),
            "leave the municipalities out, or choose the role web-manager",
        )),
        _ => {}
    }
    let mut ids = Vec::new();
    for text in slugs {
        let found = match text.parse::<Slug>() {
            Ok(slug) => store::municipalities::by_slug(store, &Scope::Fleet, &slug).await,
            Err(e) => Err(e.into()),
        };
        match found {
            Ok(municipality) if ids.contains(&municipality.id) => {}
            Ok(municipality) => ids.push(municipality.id),
            Err(Error::NotFound { .. } | Error::Invalid(_)) => errors.push(FieldError::new(
                "municipalities",
                "unknown-municipality",
                format!("there is no municipality `{}`", text.escape_debug()),
                "use the slugs that `flotta municipality list` shows",
            )),
            Err(other) => return Err(other),
        }
    }
    Ok(ids)
}
