// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who calls, and whether the request is their own: tokens, session cookies, CSRF.

use std::net::IpAddr;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    cookie::{Cookie, SameSite, time},
    dev::Payload,
    http::header::{self, HeaderMap},
};
use futures::future::{Ready, ready};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Web, problem::Failure};
use crate::{
    access::{Caller, Credential, LoggedIn, SessionInHand, secrets},
    error::{Error, FieldError, Result},
};

/// The field and the header in which a session's own requests carry its CSRF secret.
pub const CSRF_FIELD: &str = "csrf";
const CSRF_HEADER: &str = "x-csrf-token";

/// The client's address. A proxy on this host is believed about whom it speaks for; nobody else is.
pub fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let forwarded = request.headers().get_all("x-forwarded-for").last().and_then(|v| v.to_str().ok());
    let client = forwarded.filter(|_| peer.is_loopback()).and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    Some(client.map_or(peer, |client| client.to_canonical()))
}

/// Whether the request comes from this host itself and not through a proxy on it.
pub fn is_local(request: &HttpRequest) -> bool {
    let through = ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host"];
    request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !through.iter().any(|name| request.headers().contains_key(*name))
}

/// What the request carries to say who calls.
pub fn credential(request: &HttpRequest, https: bool) -> Option<Credential> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        return Some(Credential::Token(token.unwrap_or_default().into()));
    }
    let cookie = request.cookie(cookie_name(https))?;
    Some(Credential::Session(cookie.value().to_owned().into()))
}

/// Browsers accept a name with this prefix only from a secure page, for the whole host and no other.
fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-flotta_session" } else { "flotta_session" }
}

/// Whether users reach the control plane over HTTPS.
pub fn is_https(web: &Web) -> bool {
    web.app.config.public_url.scheme() == "https"
}

/// The cookie of a new session.
pub fn session_cookie(web: &Web, login: &LoggedIn, now: Timestamp) -> Cookie<'static> {
    let seconds = login.session.expires_at.duration_since(now).as_secs();
    cookie(web, login.secret.expose_secret().to_owned(), time::Duration::seconds(seconds))
}

/// A cookie that ends the session's in the browser.
pub fn no_cookie(web: &Web) -> Cookie<'static> {
    cookie(web, String::new(), time::Duration::ZERO)
}

fn cookie(web: &Web, value: String, age: time::Duration) -> Cookie<'static> {
    let https = is_https(web);
    Cookie::build(cookie_name(https), value).path("/").http_only(true).secure(https).same_site(SameSite::Lax).max_age(age).finish()
}

/// The secret of the session in use.
pub fn session_secret(request: &HttpRequest, web: &Web) -> Option<SecretString> {
    match credential(request, is_https(web)) {
        Some(Credential::Session(secret)) => Some(secret),
        _ => None,
    }
}

/// Refuses a request that another site made the browser send.
///
/// # Errors
/// `Forbidden`.
pub fn same_site(headers: &HeaderMap, public_url: &Url) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let refused = || Err(Error::Forbidden { needs: "a request from Flotta's own pages".to_owned() });
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refused();
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let Some(origin) = origin.to_str().ok().and_then(|o| Url::parse(o).ok()) else { return refused() };
    let authority = |url: &Url| url.host_str().map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")));
    let ours = [authority(public_url), text("host").map(str::to_owned)];
    let theirs = authority(&origin);
    if theirs.is_some() && ours.contains(&theirs) { Ok(()) } else { refused() }
}

/// Refuses a request by session that does not carry the session's CSRF secret, in the header or in the form.
///
/// # Errors
/// `Invalid` naming `csrf`.
pub fn own_form(headers: &HeaderMap, body: &[u8], session: &SessionInHand) -> Result<()> {
    let carried = headers.get(CSRF_HEADER).and_then(|v| v.to_str().ok()).map(str::to_owned).or_else(|| {
        let form = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.starts_with("application/x-www-form-urlencoded");
        let mut fields = url::form_urlencoded::parse(body).filter(|_| form);
        fields.find(|(name, _)| name == CSRF_FIELD).map(|(_, value)| value.into_owned())
    });
    if carried.is_some_and(|text| secrets::carries(&text, &session.csrf)) {
        return Ok(());
    }
    Err(FieldError::new(
        CSRF_FIELD,
        "wrong-csrf",
        "the form does not belong to this session",
        "load the page again and send the form again; programs use an API token",
    )
    .into())
}

/// Handlers that take a `Caller` get who calls; the guard has found out.
impl FromRequest for Caller {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Caller>().cloned().ok_or(Failure(Error::Unauthenticated)))
    }
}

/// The client's address, for handlers.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub Option<IpAddr>);

impl FromRequest for Peer {
    type Error = Failure;
    type Future = Ready<std::result::Result<Self, Failure>>;
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(address(request))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};

    use super::*;

    fn site(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        same_site(&headers, &"https://flotta.example.se".parse().unwrap()).is_ok()
    }

    #[test]
    fn only_own_pages_may_send_forms() {
        assert!(site(&[]));
        assert!(site(&[("sec-fetch-site", "same-origin"), ("origin", "https://flotta.example.se")]));
        assert!(site(&[("origin", "http://127.0.0.1:7700"), ("host", "127.0.0.1:7700")]));
        assert!(site(&[("origin", "https://flotta.example.se"), ("host", "127.0.0.1:7700")]));
        for pairs in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "null")],
            &[("origin", "https://evil.example"), ("host", "flotta.example.se")],
            &[("origin", "https://flotta.example.se:8443"), ("host", "flotta.example.se")],
            &[("origin", "https://flotta.example.se.evil.example")],
            &[("origin", "")],
        ] {
            assert!(!site(pairs), "{pairs:?}");
        }
    }

    #[test]
    fn only_a_proxy_on_this_host_is_believed() {
        let seen = |peer: &str, forwarded: Option<&'static str>| {
            let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
            if let Some(list) = forwarded {
                request = request.insert_header(("x-forwarded-for", list));
            }
            let request = request.to_http_request();
            (address(&request).unwrap().to_string(), is_local(&request))
        };
        assert_eq!(seen("127.0.0.1:1", None), ("127.0.0.1".into(), true));
        assert_eq!(seen("127.0.0.1:1", Some("198.51.100.9, 192.0.2.1")), ("192.0.2.1".into(), false));
        assert_eq!(seen("192.0.2.7:1", Some("127.0.0.1")), ("192.0.2.7".into(), false));
        assert_eq!(seen("[::ffff:127.0.0.1]:1", None), ("127.0.0.1".into(), true));
        assert_eq!(seen("127.0.0.1:1", Some("nonsense")), ("127.0.0.1".into(), false));
    }
}
