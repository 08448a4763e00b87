// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What went wrong, as `application/problem+json` (RFC 9457) for programs and as a page for people.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, ResponseError,
    dev::ServiceResponse,
    http::{StatusCode, header},
};
use serde::{Deserialize, Serialize};
use tracing::{error, warn};
use tracing_actix_web::RequestId;
use utoipa::ToSchema;

use super::{Web, view::models::ProblemPage, visit};
use crate::error::{Error, FieldError, OutsideKind};

/// The result of a handler.
pub type Answer<T = HttpResponse> = std::result::Result<T, Failure>;

/// A domain error on its way out of a handler.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}
impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        Self(error.into())
    }
}
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        status(&self.0)
    }
    fn error_response(&self) -> HttpResponse {
        respond(&self.0)
    }
}

/// An error as it is sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: `urn:flotta:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This very problem, for people.
    pub detail: String,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong field by field; empty where no field is.
    pub errors: Vec<ProblemField>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// The field's name.
    pub field: String,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

impl From<&FieldError> for ProblemField {
    fn from(e: &FieldError) -> Self {
        Self { field: e.field.clone(), code: e.code.clone(), message: e.message.clone(), fix: e.fix.clone() }
    }
}

/// The HTTP status of a domain error.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Conflict(_) | Error::Exhausted { .. } => StatusCode::CONFLICT,
        Error::Unauthenticated => StatusCode::UNAUTHORIZED,
        Error::Forbidden { .. } => StatusCode::FORBIDDEN,
        Error::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Outside { kind: OutsideKind::Unreachable | OutsideKind::Full, .. } | Error::StaleLease => StatusCode::SERVICE_UNAVAILABLE,
        Error::Outside { .. } => StatusCode::BAD_GATEWAY,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request is wrong",
        401 => "Not logged in",
        403 => "Not allowed",
        404 => "Not found",
        405 => "The address takes another method",
        409 => "In conflict with what is there",
        413 => "The request is too long",
        415 => "The body is of another media type",
        422 => "What was sent cannot be used",
        429 => "Too many attempts",
        502 => "Something behind Flotta failed",
        503 => "Not available right now",
        _ => "Something went wrong",
    }
}

/// The problem that a domain error is.
#[must_use]
pub fn of(error: &Error) -> Problem {
    let status = status(error);
    let (code, errors): (&str, Vec<ProblemField>) = match error {
        Error::Invalid(all) => {
            (all.first().filter(|_| all.len() == 1).map_or("invalid", |e| &e.code), all.iter().map(Into::into).collect())
        }
        Error::Conflict(one) => (&one.code, vec![one.into()]),
        Error::NotFound { .. } => ("not-found", Vec::new()),
        Error::Unauthenticated => ("not-logged-in", Vec::new()),
        Error::Forbidden { .. } => ("not-allowed", Vec::new()),
        Error::Throttled { .. } => ("too-many-attempts", Vec::new()),
        Error::Exhausted { .. } => ("no-room", Vec::new()),
        Error::Outside { .. } => ("outside-failed", Vec::new()),
        Error::StaleLease => ("taken-over", Vec::new()),
        Error::Internal(_) => ("internal", Vec::new()),
    };
    let detail = match error {
        Error::Internal(_) => "a defect in Flotta; the log tells more under this request's id".to_owned(),
        Error::Unauthenticated => "no valid session, token or password came with the request".to_owned(),
        other => other.to_string(),
    };
    Problem {
        kind: format!("urn:flotta:problem:{code}"),
        title: title(status).to_owned(),
        status: status.as_u16(),
        detail,
        code: code.to_owned(),
        errors,
    }
}

/// The answer that a domain error is; what is Flotta's own fault is logged here, once.
#[must_use]
pub fn respond(error: &Error) -> HttpResponse {
    match error {
        Error::Internal(why) => error!(why, "internal error"),
        Error::Outside { system, message, .. } => warn!(system, message, "an outside system failed"),
        _ => {}
    }
    let mut response = send(of(error));
    let value = match error {
        Error::Unauthenticated => Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
        Error::Throttled { retry_after_seconds } => Some((header::RETRY_AFTER, retry_after_seconds.to_string())),
        Error::Outside { kind: OutsideKind::Unreachable | OutsideKind::Full, .. } | Error::StaleLease => {
            Some((header::RETRY_AFTER, "5".to_owned()))
        }
        _ => None,
    };
    if let Some((name, value)) = value
        && let Ok(value) = header::HeaderValue::from_str(&value)
    {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The problem that a domain error is where the request itself was right and what it carried was not: a theme, an image.
#[must_use]
pub fn of_content(error: &Error) -> Problem {
    let plain = of(error);
    if !matches!(error, Error::Invalid(_)) {
        return plain;
    }
    Problem { status: 422, title: title(StatusCode::UNPROCESSABLE_ENTITY).to_owned(), ..plain }
}

/// The answer that such an error is.
#[must_use]
pub fn respond_content(error: &Error) -> HttpResponse {
    if matches!(error, Error::Invalid(_)) { send(of_content(error)) } else { respond(error) }
}

/// A problem that HTTP itself has.
#[must_use]
pub fn of_status(status: u16, code: &str, detail: impl Into<String>) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    send(Problem {
        kind: format!("urn:flotta:problem:{code}"),
        title: title(status).to_owned(),
        status: status.as_u16(),
        detail: detail.into(),
        code: code.to_owned(),
        errors: Vec::new(),
    })
}

fn send(problem: Problem) -> HttpResponse {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status)
        .content_type("application/problem+json")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(serde_json::to_string(&problem).unwrap_or_default());
    response.extensions_mut().insert(problem);
    response
}

/// Whether the one who asks is a person with a browser.
pub(super) fn for_people(request: &HttpRequest) -> bool {
    let machine = ["/api/", "/open/", "/internal/", "/healthz", "/readyz", "/metrics"].iter().any(|p| request.path().starts_with(p));
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    !machine && (accept.contains("text/html") || accept.contains("*/*") || accept.is_empty())
}

/// Turns whatever error has come so far into a problem, and into a page for people.
pub(super) fn dress(response: ServiceResponse) -> ServiceResponse {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let (request, mut response) = response.into_parts();
    let known = response.extensions().get::<Problem>().cloned();
    if known.is_none() {
        // An error of actix itself: nothing of Flotta answers without saying what is wrong, but for pages that say it themselves.
        let own_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.to_str().is_ok_and(|t| t.starts_with("text/html")));
        if own_page {
            return ServiceResponse::new(request, response);
        }
        let status = response.status();
        let code = match status.as_u16() {
            413 => "too-long",
            415 => "wrong-media-type",
            500.. => "internal",
            _ => "bad-request",
        };
        let detail = response.error().filter(|_| status.is_client_error()).map_or_else(|| title(status).to_owned(), ToString::to_string);
        response = of_status(status.as_u16(), code, detail);
    }
    let problem = known.or_else(|| response.extensions().get::<Problem>().cloned());
    if let (Some(problem), true) = (problem, for_people(&request))
        && let Some(page) = page(&request, &problem)
    {
        let headers = response.headers().clone();
        let mut html = HttpResponse::build(response.status()).content_type("text/html; charset=utf-8").body(page);
        for (name, value) in headers.iter().filter(|(name, _)| *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH) {
            html.headers_mut().append(name.clone(), value.clone());
        }
        html.extensions_mut().insert(problem);
        response = html;
    }
    ServiceResponse::new(request, response)
}

fn page(request: &HttpRequest, problem: &Problem) -> Option<String> {
    let web = request.app_data::<actix_web::web::Data<Web>>()?;
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let fix = problem.errors.first().map(|e| e.fix.clone()).unwrap_or_default();
    let detail = if problem.status == 404 { String::new() } else { problem.detail.clone() };
    let model = ProblemPage::of(problem.status, id).with(detail, fix);
    match web.views.page(&visit::shell(request), &model) {
        Ok(page) => Some(page),
        Err(error) => {
            error!(%error, "the page for a problem cannot be made");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_status_and_tells_no_internals() {
        let field = || FieldError::new("slug", "slug-taken", "taken", "choose another");
        for (error, status, code) in [
            (Error::Invalid(vec![field(), field()]), 400, "invalid"),
            (Error::Invalid(vec![field()]), 400, "slug-taken"),
            (Error::not_found("x"), 404, "not-found"),
            (Error::Conflict(field()), 409, "slug-taken"),
            (Error::Unauthenticated, 401, "not-logged-in"),
            (Error::Forbidden { needs: "x".into() }, 403, "not-allowed"),
            (Error::Throttled { retry_after_seconds: 3 }, 429, "too-many-attempts"),
            (Error::Exhausted { what: "disk".into(), fix: "free".into() }, 409, "no-room"),
            (Error::outside("engine", OutsideKind::Unreachable, "x"), 503, "outside-failed"),
            (Error::outside("engine", OutsideKind::Failed, "x"), 502, "outside-failed"),
            (Error::StaleLease, 503, "taken-over"),
            (Error::Internal("table user is broken".into()), 500, "internal"),
        ] {
            let problem = of(&error);
            assert_eq!((problem.status, problem.code.as_str()), (status, code), "{error}");
            assert!(!problem.detail.contains("table user"), "{problem:?}");
            assert_eq!(respond(&error).status().as_u16(), status);
        }
        let throttled = respond(&Error::Throttled { retry_after_seconds: 3 });
        assert_eq!(throttled.headers().get("retry-after").unwrap(), "3");
    }
}
