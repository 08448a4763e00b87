// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! People who can log in: listed, made, changed, let in and out.

use actix_web::web::{Data, Form, Path};

use super::{
    asked,
    form::{Refused, coded, refused},
};
use crate::{
    access::{Caller, NewUser, UserChange},
    error::{Error, FieldError, Result},
    fleet::{
        Role,
        access::{Permission, User},
    },
    store::{self, users::Filter},
    web::{
        Web, api,
        guard::Note,
        problem::Answer,
        view::models::{Notice, TokenRow, UserForm, UserPage, UserRow, UsersPage, command_line},
        visit::{Visit, see_other_with},
    },
};

/// Everybody, by name.
pub async fn list(web: Data<Web>, visit: Visit, caller: Caller) -> Answer {
    let store = web.store();
    let mut users = store::every(async |page| store::users::list(store, &Filter::default(), page).await).await?;
    users.sort_by_cached_key(|u| (u.name.to_lowercase(), u.email.to_string()));
    let emails: Vec<String> = users.iter().map(|u| u.email.to_string()).collect();
    let seen = store::audit::last_done(store, "session.create", &emails).await?;
    let tokens = store::tokens::working(store, web.now()).await?;
    let slugs = store::municipalities::slugs(store).await?;
    let rows: Vec<UserRow> = users
        .into_iter()
        .map(|u| UserRow {
            id: u.id.text(),
            last_seen_at: seen.get(u.email.as_str()).copied(),
            tokens: tokens.get(&u.id).and_then(|count| usize::try_from(*count).ok()).unwrap_or_default(),
            municipalities: u.municipalities.iter().filter_map(|id| slugs.get(id)).map(ToString::to_string).collect(),
            email: u.email.to_string(),
            name: u.name,
            role: u.role,
            created_at: u.created_at,
            disabled_at: u.disabled_at,
        })
        .collect();
    let page = UsersPage {
        active: rows.iter().filter(|row| row.disabled_at.is_none()).count(),
        rows,
        may_manage: caller.principal.may(Permission::ManageUsers),
        command: "flotta user list".to_owned(),
    };
    visit.page(&web, &page)
}

/// The form for a new user.
pub async fn new(web: Data<Web>, visit: Visit, caller: Caller) -> Answer {
    visit.page(&web, &blank(&web, &caller, UserForm::default(), Vec::new()).await?)
}

/// Makes a user and tells the password that was made up, once.
pub async fn create(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, form: Form<UserForm>) -> Answer {
    let form = form.into_inner();
    let wanted = NewUser {
        email: form.email.clone(),
        name: form.name.clone(),
        role: form.role.clone(),
        municipalities: slugs_of(&form),
        language: Some(form.language.clone()),
        password: None,
    };
    let (user, made_up) = match api::users::created(&web, &note, &wanted).await {
        Ok(made) => made,
        Err(error) => {
            let Refused { status, errors } = refused(&note, error)?;
            return visit.page_as(&web, status, &blank(&web, &caller, form, errors).await?);
        }
    };
    visit.shell.here = address(&user);
    visit.shell.notice = Some(Notice::UserCreated);
    let page = known(&web, &caller, &user).await?;
    visit.page(&web, &UserPage { new_password: api::users::told(made_up), ..page })
}

/// One user.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller, path: Path<String>) -> Answer {
    let user = find(&web, &path).await?;
    visit.page(&web, &known(&web, &caller, &user).await?)
}

/// Changes a user.
pub async fn change(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>, form: Form<UserForm>) -> Answer {
    let user = find(&web, &path).await?;
    note.target(user.email.to_string());
    let form = form.into_inner();
    let outcome = if form.email.trim().eq_ignore_ascii_case(user.email.as_str()) {
        let wanted = UserChange {
            name: Some(form.name.clone()),
            role: Some(form.role.clone()),
            municipalities: Some(slugs_of(&form)),
            language: Some(form.language.clone()),
            disabled: None,
        };
        api::users::changed(&web, &caller, &note, user.id, &wanted).await
    } else {
        Err(Error::field(FieldError::new(
            "email",
            "email-fixed",
            format!("the log-in name of a user stays `{}`", user.email),
            "make a new user with the other address, and disable this one",
        )))
    };
    match outcome {
        Ok(user) => Ok(see_other_with(&address(&user), Notice::Saved)),
        Err(error) => again(&web, visit, &caller, &note, &user, Some(form), error).await,
    }
}

/// Makes up another password for a user and tells it, once. All of the user's sessions end.
pub async fn password(web: Data<Web>, mut visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let (user, made_up) = api::users::renewed(&web, &note, api::users::id(&path)?, None).await?;
    visit.shell.here = address(&user);
    let page = known(&web, &caller, &user).await?;
    visit.page(&web, &UserPage { new_password: api::users::told(made_up), ..page })
}

/// Lets a user in no more.
pub async fn disable(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    switch(&web, visit, &caller, &note, &path, true).await
}

/// Lets a user in again.
pub async fn enable(web: Data<Web>, visit: Visit, caller: Caller, note: Note, path: Path<String>) -> Answer {
    switch(&web, visit, &caller, &note, &path, false).await
}

/// Revokes one of a user's tokens.
pub async fn revoke(web: Data<Web>, caller: Caller, note: Note, path: Path<(String, String)>) -> Answer {
    let user = find(&web, &path.0).await?;
    let token = store::tokens::get(web.store(), api::tokens::id(&path.1)?).await?;
    if token.user != user.id {
        return Err(Error::not_found("token").into());
    }
    api::tokens::revoked(&web, &caller, &note, token.id).await?;
    Ok(see_other_with(&address(&user), Notice::TokenRevoked))
}

async fn switch(web: &Web, visit: Visit, caller: &Caller, note: &Note, path: &str, disabled: bool) -> Answer {
    let user = find(web, path).await?;
    note.target(user.email.to_string());
    let wanted = UserChange { disabled: Some(disabled), ..UserChange::default() };
    let outcome = api::users::changed(web, caller, note, user.id, &wanted).await;
    let notice = if disabled { Notice::UserDisabled } else { Notice::UserEnabled };
    match outcome {
        Ok(user) => Ok(see_other_with(&address(&user), notice)),
        Err(error) => again(web, visit, caller, note, &user, None, error).await,
    }
}

/// The user's page with what is wrong, and what was typed.
async fn again(web: &Web, mut visit: Visit, caller: &Caller, note: &Note, user: &User, form: Option<UserForm>, error: Error) -> Answer {
    let Refused { status, errors } = refused(note, error)?;
    let page = known(web, caller, user).await?;
    let form = form.unwrap_or_else(|| page.form.clone());
    visit.shell.here = address(user);
    visit.page_as(web, status, &UserPage { form, errors: worded(errors), ..page })
}

async fn find(web: &Web, id: &str) -> Result<User> {
    store::users::get(web.store(), api::users::id(id)?).await
}

fn address(user: &User) -> String {
    format!("/users/{}", user.id)
}

fn slugs_of(form: &UserForm) -> Vec<String> {
    form.slugs().into_iter().map(str::to_owned).collect()
}

/// A municipality's name is wrong in other ways than a person's.
fn worded(errors: Vec<FieldError>) -> Vec<FieldError> {
    errors.into_iter().map(|e| coded(e, "invalid-name", "invalid-person-name")).collect()
}

/// The page of a new user.
async fn blank(web: &Web, caller: &Caller, form: UserForm, errors: Vec<FieldError>) -> Result<UserPage> {
    Ok(UserPage {
        id: None,
        name: String::new(),
        form,
        errors: worded(errors),
        roles: Role::ALL.to_vec(),
        municipality_choices: asked::municipalities(web, caller).await?,
        disabled_at: None,
        is_self: false,
        may_manage: caller.principal.may(Permission::ManageUsers),
        tokens: Vec::new(),
        new_password: None,
        command: "flotta user create --help".to_owned(),
    })
}

/// The page of a user as stored.
async fn known(web: &Web, caller: &Caller, user: &User) -> Result<UserPage> {
    let slugs = store::municipalities::slugs(web.store()).await?;
    let own: Vec<String> = user.municipalities.iter().filter_map(|id| slugs.get(id)).map(ToString::to_string).collect();
    let tokens = store::every(async |page| store::tokens::list(web.store(), Some(user.id), page).await).await?;
    let now = web.now();
    Ok(UserPage {
        id: Some(user.id.text()),
        name: user.name.clone(),
        disabled_at: user.disabled_at,
        is_self: user.id == caller.principal.user.id,
        tokens: tokens.iter().map(|token| TokenRow::of(token, now)).collect(),
        command: command_line(["flotta", "user", "show", user.email.as_str()]),
        ..blank(web, caller, UserForm::of(user, &own), Vec::new()).await?
    })
}
