// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Repeats of POSTs that start no operation: the first answer is given again, without the secrets in it.

use actix_web::{
    HttpResponse,
    body::{BoxBody, to_bytes_limited},
    dev::ServiceResponse,
    http::{StatusCode, header},
};
use serde_json::Value;
use tracing::error;

use super::{LONGEST_BODY, Web};
use crate::{
    error::Result,
    store::{self, idempotency::Answer, operations::Idempotency},
};

/// Fields that are told once and never kept.
const SECRET: [&str; 4] = ["token", "password", "url", "signing_key"];

/// The first answer, where there was one.
///
/// # Errors
/// `Conflict` when the key was used for something else, or the first request is still worked on.
pub async fn before(web: &Web, key: &Idempotency) -> Result<Option<HttpResponse>> {
    let Some(answer) = store::idempotency::claim(web.store(), key, web.now()).await? else { return Ok(None) };
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK));
    response.insert_header(("idempotency-replayed", "true"));
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    Ok(Some(if answer.body.is_empty() { response.finish() } else { response.content_type("application/json").body(answer.body) }))
}

/// Keeps the answer for repeats. One that tells of a mistake is not kept: the mistake can be put right and sent again.
pub async fn after(web: &Web, key: &Idempotency, response: ServiceResponse) -> ServiceResponse {
    let (request, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let bytes = to_bytes_limited(body, LONGEST_BODY).await.ok().and_then(std::result::Result::ok).unwrap_or_default();
    let answer = head.status().is_success().then(|| Answer {
        status: head.status().as_u16(),
        location: head.headers().get(header::LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned),
        body: without_secrets(&bytes),
    });
    if let Err(error) = store::idempotency::settle(web.store(), key, answer.as_ref()).await {
        error!(%error, "the answer could not be kept for repeats");
    }
    ServiceResponse::new(request, head.set_body(BoxBody::new(bytes)))
}

fn without_secrets(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut fields)) => {
            for name in SECRET {
                if let Some(value) = fields.get_mut(name) {
                    *value = Value::Null;
                }
            }
            Value::Object(fields).to_string()
        }
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn secrets_are_not_kept() {
        let kept = super::without_secrets(br#"{"id":"1","token":"flt_secret","url":"https://x","name":"a"}"#);
        assert_eq!(kept, r#"{"id":"1","name":"a","token":null,"url":null}"#);
        assert_eq!(super::without_secrets(b""), "");
    }
}
