// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Answers that anybody may keep for a while: the same content has the same mark, and whoever has it is told so without it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName},
};
use sha2::{Digest, Sha256};

/// Fresh for a quarter of a minute; while Flotta cannot be reached, a cache may go on with what it has for a day.
const CONTROL: &str = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400";

/// Answers with a body, or with 304 where the reader has it already. It may be used by pages of any site.
pub fn answer(request: &HttpRequest, kind: &'static str, body: String) -> HttpResponse {
    let digest = Sha256::digest(body.as_bytes());
    // Weak: it is the same content however it is packed.
    let mark = format!("W/\"{}\"", digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>());
    let has = request.headers().get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).is_some_and(|marks| is_among(&mark, marks));
    let mut response = if has { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::CACHE_CONTROL, CONTROL))
        .insert_header((header::ETAG, mark))
        .insert_header((header::VARY, "accept-language"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
    if has { response.finish() } else { response.content_type(kind).body(body) }
}

fn is_among(mark: &str, marks: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    marks.split(',').any(|one| one.trim() == "*" || plain(one) == plain(mark))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn who_has_it_is_not_sent_it_again() {
        let ask = |marks: Option<&str>| {
            let mut request = TestRequest::default();
            if let Some(marks) = marks {
                request = request.insert_header(("if-none-match", marks));
            }
            answer(&request.to_http_request(), "text/plain", "hej".to_owned())
        };
        let first = ask(None);
        let mark = first.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        assert_eq!(first.status(), 200);
        for had in [mark.as_str(), &format!("\"x\", {mark}"), mark.trim_start_matches("W/"), "*"] {
            assert_eq!(ask(Some(had)).status(), 304, "{had}");
        }
        assert_eq!(ask(Some("\"other\"")).status(), 200);
    }
}
