// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The two switches of every page: language and theme. The browser remembers them; a user's language is kept with the account too.

use actix_web::{
    HttpResponse,
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    access::{self, UserChange, secrets},
    error::Error,
    web::{
        Web,
        problem::Answer,
        view::{Language, models::Theme},
        visit::{Visit, language_cookie, own_path, see_other, theme_cookie},
    },
};

/// Another language.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct LanguageSwitch {
    language: String,
    here: String,
    csrf: String,
}

/// Another theme.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ThemeSwitch {
    theme: String,
    here: String,
}

/// Changes the language and goes back to the page.
pub async fn language(web: Data<Web>, visit: Visit, form: Form<LanguageSwitch>) -> Answer {
    let chosen: Language = form.language.parse()?;
    let caller = visit.caller.as_ref();
    // Anybody may switch, so the guard has not asked for the session's own secret; what is kept with the account needs it.
    let own_form = caller.and_then(|c| c.session.as_ref()).is_some_and(|session| secrets::carries(&form.csrf, &session.csrf));
    if let Some(user) = caller.map(|c| &c.principal.user)
        && own_form
        && user.language.as_deref() != Some(chosen.tag())
    {
        let wanted = UserChange { language: Some(chosen.to_string()), ..UserChange::default() };
        access::change_user(web.store(), user.id, &wanted, web.now()).await?;
    }
    remember(&web, back(&form.here), Some(chosen))
}

/// Changes the theme and goes back to the page.
pub async fn theme(web: Data<Web>, form: Form<ThemeSwitch>) -> Answer {
    let chosen: Theme = form.theme.parse()?;
    let mut answer = back(&form.here);
    answer.add_cookie(&theme_cookie(&web, chosen)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}

/// Lets the browser remember a language, or forget the one it remembers.
///
/// # Errors
/// Never in practice: only where the cookie were no valid header.
pub fn remember(web: &Web, mut answer: HttpResponse, language: Option<Language>) -> Answer {
    let mut cookie = language_cookie(web, language.unwrap_or_default());
    if language.is_none() {
        cookie.make_removal();
    }
    answer.add_cookie(&cookie).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}

fn back(here: &str) -> HttpResponse {
    see_other(own_path(here).unwrap_or("/"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::LOCATION;

    #[test]
    fn the_way_back_stays_on_this_site() {
        for (here, to) in [("/audit?page=2", "/audit?page=2"), ("https://evil.example", "/"), ("//evil.example", "/"), ("", "/")] {
            assert_eq!(super::back(here).headers().get(LOCATION).unwrap(), to);
        }
    }
}
