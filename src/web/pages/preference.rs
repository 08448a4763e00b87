// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Language and theme, remembered by the browser.

use actix_web::{
    HttpResponse,
    web::{Data, Form},
};
use serde::Deserialize;

use crate::{
    error::Error,
    web::{
        Web,
        problem::Answer,
        view::{Language, models::Theme},
        visit::{language_cookie, own_path, see_other, theme_cookie},
    },
};

/// A choice, and the page on which it was made.
#[derive(Debug, Deserialize)]
pub struct Choice {
    language: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    here: String,
}

/// Chooses the language.
pub async fn language(web: Data<Web>, form: Form<Choice>) -> Answer<HttpResponse> {
    let chosen = form.language.as_deref().unwrap_or_default().parse::<Language>()?;
    let mut answer = see_other(own_path(&form.here).unwrap_or("/"));
    answer.add_cookie(&language_cookie(&web, chosen)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}

/// Chooses the theme.
pub async fn theme(web: Data<Web>, form: Form<Choice>) -> Answer<HttpResponse> {
    let chosen = form.theme.as_deref().unwrap_or_default().parse::<Theme>()?;
    let mut answer = see_other(own_path(&form.here).unwrap_or("/"));
    answer.add_cookie(&theme_cookie(&web, chosen)).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}

/// Adds to an answer what makes the browser remember a language, or forget it.
pub fn remember(web: &Web, mut answer: HttpResponse, language: Option<Language>) -> Answer {
    let mut cookie = language_cookie(web, language.unwrap_or_default());
    if language.is_none() {
        cookie.make_removal();
    }
    answer.add_cookie(&cookie).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(answer)
}
