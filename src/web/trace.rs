// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One span for each request: what was asked and what came of it. No query, no header, no body: nothing that could be secret.

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, error, field::Empty, info, info_span};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::auth;

/// Makes the spans.
pub struct Requests;

impl RootSpanBuilder for Requests {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        let address = auth::address(request.request()).map(|a| a.to_string()).unwrap_or_default();
        info_span!("request", http.method = %request.method(), http.path = request.path(), client.address = address, request_id = id, http.status = Empty)
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, cause) = match outcome {
            Ok(response) => (response.status().as_u16(), response.response().error()),
            Err(error) => (error.as_response_error().status_code().as_u16(), Some(error)),
        };
        span.record("http.status", status);
        span.in_scope(|| match cause {
            // What a caller did wrong is the caller's to read; what went wrong here is the operator's.
            Some(cause) if status >= 500 => error!(status, %cause, "failed"),
            _ => info!(status, "answered"),
        });
    }
}
