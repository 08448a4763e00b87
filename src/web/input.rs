// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What requests bring: JSON bodies, queries, idempotency keys. What cannot be read is refused by name of the field.

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::{QueryPayloadError, UrlencodedError},
    http::header,
    web::{Bytes, Query},
};
use futures::future::{FutureExt, LocalBoxFuture, Ready, ready};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::problem::{self, Failure};
use crate::{
    error::{Error, FieldError},
    store::{PageRequest, operations::Idempotency},
};

/// A JSON body. An empty one is read as `{}`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = Bytes::from_request(request, payload);
        let json = request.headers().get(header::CONTENT_TYPE).is_none_or(|value| {
            let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.ends_with("+json")
        });
        async move {
            let bytes = bytes.await?;
            if !json && !bytes.is_empty() {
                let refused =
                    problem::of_status(415, "wrong-media-type", "the body must be JSON; send it with Content-Type: application/json");
                return Err(actix_web::error::InternalError::from_response("not JSON", refused).into());
            }
            parse(&bytes).map(Self).map_err(|e| Failure(e.into()).into())
        }
        .boxed_local()
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldError> {
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { bytes };
    if bytes.windows(6).any(|six| six == b"\\u0000") {
        return Err(FieldError::new("body", "invalid-text", "a text holds the character NUL", "leave it out"));
    }
    // A list would be read as the fields in their order.
    if bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[') {
        return Err(FieldError::new("body", "wrong-type", "the body is a list", "send one JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() { named(&path, &inner.to_string()) } else { not_json(&inner) }
    })?;
    reader.end().map_err(|e| not_json(&e))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> FieldError {
    let place = format!("the body is not JSON: line {}, column {}", error.line(), error.column());
    FieldError::new("body", "invalid-json", place, "send one JSON object")
}

/// Finds the field in what serde says.
fn named(path: &str, message: &str) -> FieldError {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let inside = |name: &str| if path == "." || path.is_empty() || path == name { name.to_owned() } else { format!("{path}.{name}") };
    let message = message.split(" at line ").next().unwrap_or(message);
    if message.starts_with("missing field") {
        return FieldError::new(&inside(quoted), "missing", "the field is missing", "send it");
    }
    if message.starts_with("unknown field") {
        let known = message.split_once("expected ").map_or("none", |(_, known)| known).to_owned();
        // The path ends with the unknown field itself.
        let field = if path.ends_with(quoted) { path.to_owned() } else { inside(quoted) };
        return FieldError::new(&field, "unknown-field", "there is no such field", format!("use {known}"));
    }
    if message.starts_with("duplicate field") {
        return FieldError::new(&inside(quoted), "duplicate", "the field is there twice", "send it once");
    }
    let field = if path == "." { "body" } else { path };
    FieldError::new(field, "wrong-type", message.to_owned(), "send a value of the type that the API document names")
}

/// The part of an address after `?`.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.query_string();
        ready(if url::form_urlencoded::parse(query.as_bytes()).any(|(_, value)| value.contains('\0')) {
            Err(FieldError::new("query", "invalid-text", "a value holds the character NUL", "leave it out").into())
        } else {
            match Query::<T>::from_query(query) {
                Ok(Query(value)) => Ok(Self(value)),
                Err(QueryPayloadError::Deserialize(error)) => Err(named("", &error.to_string()).into()),
                Err(_) => {
                    Err(FieldError::new("query", "unreadable", "what stands after `?` cannot be read", "write it as name=value&…").into())
                }
            }
        })
    }
}

/// Which part of a list that is not narrowed down by anything else.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Page, from 1.
    #[param(value_type = Option<u32>)]
    page: Option<String>,
    /// Rows on a page, 1–500.
    #[param(value_type = Option<u32>)]
    per_page: Option<String>,
}

impl Part {
    /// The page that is asked for.
    ///
    /// # Errors
    /// As [`page`].
    pub fn page(&self) -> Result<PageRequest, FieldError> {
        page(self.page.as_deref(), self.per_page.as_deref())
    }
}

/// Which page of a list is asked for, from the texts in the address.
///
/// # Errors
/// Names `page` or `per_page`.
pub fn page(page: Option<&str>, per_page: Option<&str>) -> Result<PageRequest, FieldError> {
    PageRequest::new(number("page", page)?, number("per_page", per_page)?)
}

/// A number from the address.
///
/// # Errors
/// Names the field.
pub fn number(field: &str, text: Option<&str>) -> Result<Option<u32>, FieldError> {
    text.filter(|t| !t.is_empty())
        .map(|t| {
            t.parse()
                .map_err(|_| FieldError::new(field, "not-a-number", format!("`{}` is not a number", t.escape_debug()), "write digits only"))
        })
        .transpose()
}

/// What makes a repeat of this request harmless, where its sender wants that; the guard has read it.
#[derive(Clone, Debug)]
pub struct Key(pub Option<Idempotency>);

impl FromRequest for Key {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.extensions().get::<Idempotency>().cloned())))
    }
}

/// Checks an `Idempotency-Key`.
///
/// # Errors
/// Names the header.
pub fn key(text: &[u8]) -> Result<String, FieldError> {
    let good = (1..=200).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic);
    let text = std::str::from_utf8(text).ok().filter(|_| good);
    text.map(str::to_owned).ok_or_else(|| {
        FieldError::new(
            "Idempotency-Key",
            "invalid-idempotency-key",
            "the key is empty, too long or not plain ASCII",
            "send 1 to 200 visible characters, such as a UUID",
        )
    })
}

/// What is wrong with a form that cannot even be read.
pub fn form_error(error: UrlencodedError, _: &HttpRequest) -> actix_web::Error {
    match error {
        UrlencodedError::Overflow { .. } => {
            actix_web::error::InternalError::from_response(error, problem::of_status(413, "too-long", "the form is too long")).into()
        }
        UrlencodedError::Parse(inner) => Failure(Error::field(named("", &inner.to_string()))).into(),
        other => Failure(Error::field(FieldError::new("body", "unreadable", other.to_string(), "send a form"))).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sample {
        slug: String,
        limits: Option<Limits>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Limits {
        memory_mib: u32,
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, field, code) in [
            ("", "slug", "missing"),
            ("{}", "slug", "missing"),
            ("{", "body", "invalid-json"),
            ("{} x", "slug", "missing"),
            ("{\"slug\":\"a\"} x", "body", "invalid-json"),
            ("[]", "body", "wrong-type"),
            ("\"x\"", "body", "wrong-type"),
            ("{\"slug\":7}", "slug", "wrong-type"),
            ("{\"slug\":\"a\",\"x\":1}", "x", "unknown-field"),
            ("{\"slug\":\"a\",\"slug\":\"b\"}", "slug", "duplicate"),
            ("{\"slug\":\"a\",\"limits\":{}}", "limits.memory_mib", "missing"),
            ("{\"slug\":\"a\",\"limits\":{\"memory_mib\":-1}}", "limits.memory_mib", "wrong-type"),
            ("{\"slug\":\"a\",\"limits\":{\"memory_mib\":1,\"y\":1}}", "limits.y", "unknown-field"),
            ("{\"slug\":\"a\\u0000\"}", "body", "invalid-text"),
            ("\u{fffd}", "body", "invalid-json"),
        ] {
            let error = parse::<Sample>(text.as_bytes()).expect_err(text);
            assert_eq!((error.field.as_str(), error.code.as_str()), (field, code), "{text}: {error}");
            assert!(!error.fix.is_empty());
        }
    }

    #[test]
    fn keys_are_short_and_plain() {
        assert_eq!(key(b"0190-a").unwrap(), "0190-a");
        for bad in [&b""[..], b"a b", "å".as_bytes(), &[b'x'; 201]] {
            assert!(key(bad).is_err());
        }
    }
}
