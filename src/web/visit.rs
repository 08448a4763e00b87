// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a page needs to know of the one who looks: language, theme, CSRF secret, what just happened.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite, time},
    dev::Payload,
    http::{StatusCode, header},
};
use futures::future::{Ready, ready};

use super::{
    Web, auth,
    problem::{Answer, Failure},
    view::{
        Language, Model, Shell,
        models::{Notice, Theme},
    },
};
use crate::access::{Caller, secrets};

const LANGUAGE: &str = "flotta_language";
const THEME: &str = "flotta_theme";

/// Handlers of pages take one.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What stands around the page.
    pub shell: Shell,
    /// Who looks; none on pages that anybody may see.
    pub caller: Option<Caller>,
}

impl FromRequest for Visit {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self { shell: shell(request), caller: request.extensions().get::<Caller>().cloned() }))
    }
}

impl Visit {
    /// The page of a model.
    ///
    /// # Errors
    /// A defect in a template.
    pub fn page<M: Model>(&self, web: &Web, model: &M) -> Answer {
        self.page_as(web, StatusCode::OK, model)
    }

    /// The page of a model with another status: 400 for a form that was filled in wrongly, so that the audit log says `refused`.
    ///
    /// # Errors
    /// A defect in a template.
    pub fn page_as<M: Model>(&self, web: &Web, status: StatusCode, model: &M) -> Answer {
        let html = web.views.page(&self.shell, model)?;
        Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
    }
}

/// After a form: on to another page, so that a reload does not send the form again.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path.to_owned())).finish()
}

/// The same with something told once at the top of that page.
#[must_use]
pub fn see_other_with(path: &str, notice: Notice) -> HttpResponse {
    let mark = if path.contains('?') { '&' } else { '?' };
    see_other(&format!("{path}{mark}notice={notice}"))
}

/// A path of this site, or none: whatever else was sent as a place to go on to would lead elsewhere.
#[must_use]
pub fn own_path(text: &str) -> Option<&str> {
    let good =
        text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\") && !text.chars().any(|c| c.is_control() || c == '\\');
    good.then_some(text)
}

/// A cookie with which the browser remembers the language, for a year.
#[must_use]
pub fn language_cookie(web: &Web, language: Language) -> Cookie<'static> {
    remember(web, LANGUAGE, language.to_string())
}

/// A cookie with which the browser remembers the theme, for a year.
#[must_use]
pub fn theme_cookie(web: &Web, theme: Theme) -> Cookie<'static> {
    remember(web, THEME, theme.to_string())
}

fn remember(web: &Web, name: &'static str, value: String) -> Cookie<'static> {
    let age = time::Duration::days(365);
    Cookie::build(name, value).path("/").http_only(true).secure(auth::is_https(web)).same_site(SameSite::Lax).max_age(age).finish()
}

/// What stands around a page for this request. The language is the browser's choice, then the user's, then what the browser asks for.
pub(super) fn shell(request: &HttpRequest) -> Shell {
    let caller = request.extensions().get::<Caller>().cloned();
    let cookie = |name| request.cookie(name).map(|c| c.value().to_owned());
    let users = caller.as_ref().and_then(|c| c.principal.user.language.clone());
    let asked = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    let chosen = [cookie(LANGUAGE), users].into_iter().flatten().find_map(|text| text.parse::<Language>().ok());
    let language = chosen.unwrap_or_else(|| Language::from_accept_language(asked));
    let csrf = caller.as_ref().and_then(|c| c.session.as_ref()).map(|s| secrets::mask(&s.csrf)).unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let mut notice = None;
    let mut others = false;
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if name == "notice" {
            notice = value.parse::<Notice>().ok();
        } else {
            query.append_pair(&name, &value);
            others = true;
        }
    }
    let here = if others { format!("{}?{}", request.path(), query.finish()) } else { request.path().to_owned() };
    let shell = Shell::anonymous(language, csrf, here)
        .with_notice(notice)
        .with_theme(cookie(THEME).and_then(|text| text.parse::<Theme>().ok()).unwrap_or_default());
    match &caller {
        Some(caller) => shell.signed_in(&caller.principal),
        None => shell,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_paths_of_this_site_are_gone_on_to() {
        for good in ["/", "/municipalities/ale?state=running", "/a%2F"] {
            assert_eq!(own_path(good), Some(good));
        }
        for bad in ["", "//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", "/a\\b"] {
            assert_eq!(own_path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_shell_follows_cookies_before_the_browser() {
        let request = TestRequest::with_uri("/?notice=saved&state=running")
            .insert_header(("accept-language", "en"))
            .cookie(Cookie::new(LANGUAGE, "sv"))
            .cookie(Cookie::new(THEME, "dark"))
            .to_http_request();
        let shell = shell(&request);
        assert_eq!(
            (shell.language, shell.theme, shell.notice, shell.here.as_str()),
            (Language::Sv, Theme::Dark, Some(Notice::Saved), "/?state=running")
        );
        let plain = super::shell(&TestRequest::with_uri("/x?notice=nonsense").insert_header(("accept-language", "en")).to_http_request());
        assert_eq!((plain.language, plain.notice, plain.here.as_str()), (Language::En, None, "/x"));
    }
}
