// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One's own account: password, language, tokens.

use actix_web::{
    http::StatusCode,
    web::{Bytes, Data, Form, Path},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    form::{Refused, coded, refused},
    preference,
};
use crate::{
    access::{Caller, NewToken, passwords, secrets},
    error::{Error, FieldError, Result},
    store,
    web::{
        Web,
        api::{
            self,
            account::{Change, NewPassword},
        },
        auth::Peer,
        guard::Note,
        problem::Answer,
        view::models::{AccountPage, Notice, PermissionChoice, TokenForm, TokenRow},
        visit::{Visit, see_other_with},
    },
};

const HERE: &str = "/account";

/// A new password, typed twice.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    current: SecretString,
    password: SecretString,
    again: SecretString,
}

/// A language; empty for the browser's.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LanguageForm {
    language: String,
}

/// The account.
pub async fn show(web: Data<Web>, visit: Visit, caller: Caller) -> Answer {
    visit.page(&web, &page(&web, &caller).await?)
}

/// Changes the password; other sessions end.
pub async fn password(web: Data<Web>, visit: Visit, caller: Caller, note: Note, peer: Peer, form: Form<PasswordForm>) -> Answer {
    let PasswordForm { current, password, again } = form.into_inner();
    let outcome = if secrets::same(password.expose_secret(), again.expose_secret()) {
        let change = Change { password: Some(NewPassword { current, new: password }), ..Change::default() };
        api::account::changed(&web, &caller, &note, peer, change).await
    } else {
        note.target(caller.principal.user.email.to_string());
        Err(Error::field(FieldError::new("again", "passwords-differ", "the two new passwords differ", "type the same one twice")))
    };
    match outcome {
        Ok(_) => Ok(see_other_with(HERE, Notice::PasswordChanged)),
        Err(error) => {
            let Refused { status, errors } = refused(&note, error)?;
            let page = page(&web, &caller).await?;
            told(&web, visit, status, &AccountPage { errors, ..page })
        }
    }
}

/// Chooses the language of pages, in this browser too.
pub async fn language(web: Data<Web>, visit: Visit, caller: Caller, note: Note, peer: Peer, form: Form<LanguageForm>) -> Answer {
    let LanguageForm { language } = form.into_inner();
    let change = Change { language: Some(language.clone()), ..Change::default() };
    match api::account::changed(&web, &caller, &note, peer, change).await {
        Ok(_) => preference::remember(&web, see_other_with(HERE, Notice::Saved), language.parse().ok()),
        Err(error) => {
            let Refused { status, errors } = refused(&note, error)?;
            let page = page(&web, &caller).await?;
            told(&web, visit, status, &AccountPage { errors, ..page })
        }
    }
}

/// Makes a token and shows its secret, once.
pub async fn create_token(web: Data<Web>, visit: Visit, caller: Caller, note: Note, body: Bytes) -> Answer {
    let (form, permissions) = typed(&body);
    let days = form.days.trim().parse::<i64>().ok();
    // What is no number is refused as out of range, together with whatever else is wrong, and told as what it is.
    let wanted = NewToken { name: form.name.clone(), permissions: Some(permissions), expires_in_days: Some(days.unwrap_or_default()) };
    let outcome = api::tokens::created(&web, &caller, &note, &wanted).await;
    match outcome {
        Ok((_, secret)) => {
            let page = page(&web, &caller).await?;
            told(&web, visit, StatusCode::OK, &AccountPage { new_token: Some(secret.expose_secret().to_owned()), ..page })
        }
        Err(error) => {
            let Refused { status, errors } = refused(&note, error)?;
            let page = page(&web, &caller).await?;
            let permissions = PermissionChoice::for_role(caller.principal.user.role, &form);
            let errors = errors.into_iter().map(|e| as_typed(e, days.is_some(), &form.days)).collect();
            told(&web, visit, status, &AccountPage { form, permissions, errors, ..page })
        }
    }
}

/// Revokes one of one's own tokens.
pub async fn revoke_token(web: Data<Web>, caller: Caller, note: Note, path: Path<String>) -> Answer {
    let token = store::tokens::get(web.store(), api::tokens::id(&path)?).await?;
    if token.user != caller.principal.user.id {
        return Err(Error::not_found("token").into());
    }
    api::tokens::revoked(&web, &caller, &note, token.id).await?;
    Ok(see_other_with(HERE, Notice::TokenRevoked))
}

/// An answer to a form: its switches for language and theme lead back to the account, not to where the form was sent.
fn told(web: &Web, mut visit: Visit, status: StatusCode, page: &AccountPage) -> Answer {
    HERE.clone_into(&mut visit.shell.here);
    visit.page_as(web, status, page)
}

/// The form for a token and the permissions ticked, whose field is there many times.
fn typed(body: &[u8]) -> (TokenForm, Vec<String>) {
    let mut form = TokenForm { name: String::new(), days: String::new(), permissions: Vec::new() };
    let mut ticked = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        match &*name {
            "name" => form.name = value.into_owned(),
            "days" => form.days = value.into_owned(),
            "permission" => ticked.push(value.into_owned()),
            _ => {}
        }
    }
    form.permissions = ticked.iter().filter_map(|text| text.parse().ok()).collect();
    (form, ticked)
}

/// An error of the API under the name of the form's field.
fn as_typed(error: FieldError, is_number: bool, days: &str) -> FieldError {
    match error.field.as_str() {
        "expires_in_days" if is_number => error.at("days"),
        "expires_in_days" => FieldError::new(
            "days",
            "not-a-number",
            format!("`{}` is not a number of days", days.escape_debug()),
            "write digits, such as 90",
        ),
        "permissions" => coded(error.at("permission"), "empty", "no-permissions"),
        _ => coded(error, "invalid-name", "invalid-token-name"),
    }
}

async fn page(web: &Web, caller: &Caller) -> Result<AccountPage> {
    let user = &caller.principal.user;
    let slugs = store::municipalities::slugs(web.store()).await?;
    let tokens = store::every(async |page| store::tokens::list(web.store(), Some(user.id), page).await).await?;
    let (now, form) = (web.now(), TokenForm::default());
    Ok(AccountPage {
        name: user.name.clone(),
        email: user.email.to_string(),
        role: user.role,
        municipalities: user.municipalities.iter().filter_map(|id| slugs.get(id)).map(ToString::to_string).collect(),
        language: user.language.clone().unwrap_or_default(),
        tokens: tokens.iter().map(|token| TokenRow::of(token, now)).collect(),
        permissions: PermissionChoice::for_role(user.role, &form),
        form,
        password_minimum: u32::try_from(passwords::SHORTEST).unwrap_or(u32::MAX),
        errors: Vec::new(),
        new_token: None,
        command: "flotta token create --name NAME".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::access::Permission;

    #[test]
    fn every_tick_is_read() {
        let (form, ticked) = typed(b"csrf=x&name=nattens+rapport&days=30&permission=read-fleet&permission=read-audit&permission=fly");
        assert_eq!((form.name.as_str(), form.days.as_str()), ("nattens rapport", "30"));
        assert_eq!(form.permissions, [Permission::ReadFleet, Permission::ReadAudit]);
        assert_eq!(ticked, ["read-fleet", "read-audit", "fly"]);
        assert_eq!(typed(b"").1, [""; 0]);
    }

    #[test]
    fn errors_stand_at_the_forms_own_fields() {
        let error = |field: &str, code: &str| FieldError::new(field, code, "m", "f");
        let at = |e: FieldError| (e.field, e.code);
        let is = |field: &str, code: &str| (field.to_owned(), code.to_owned());
        assert_eq!(at(as_typed(error("expires_in_days", "out-of-range"), true, "0")), is("days", "out-of-range"));
        assert_eq!(at(as_typed(error("expires_in_days", "out-of-range"), false, "x")), is("days", "not-a-number"));
        assert_eq!(at(as_typed(error("permissions", "empty"), true, "1")), is("permission", "no-permissions"));
        assert_eq!(at(as_typed(error("name", "invalid-name"), true, "1")), is("name", "invalid-token-name"));
    }
}
