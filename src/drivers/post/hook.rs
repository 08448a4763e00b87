// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Requests to hooks. Names are resolved here and the request goes to what was found, so that no name can lead elsewhere in between.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use reqwest::{Client, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{Refused, TIME_OUT, address};

/// How every signing key begins.
const KEY: &str = "whsec_";

/// One request.
pub struct Request<'a> {
    /// Where to.
    pub address: &'a SecretString,
    /// Whether the operators entered that address, who may reach into their own networks.
    pub of_fleet: bool,
    /// Header fields besides the type.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// Sends requests to hooks.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Whether they may lead to this host and into private ranges.
    pub local: bool,
}

impl Hooks {
    /// Sends one request.
    ///
    /// # Errors
    /// When it is not taken in. What the other side answers is not in the error, only its status.
    pub async fn send(self, request: &Request<'_>) -> Result<(), Refused> {
        match tokio::time::timeout(TIME_OUT, self.try_send(request)).await {
            Ok(done) => done,
            Err(_) => Err(Refused::now("no answer in time")),
        }
    }

    async fn try_send(self, request: &Request<'_>) -> Result<(), Refused> {
        let url = address::hook(request.address.expose_secret(), request.of_fleet, self.local).map_err(|e| Refused::forever(e.message))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), port))
            .await
            .map_err(|_| Refused::now(format!("the name {host} leads nowhere")))?
            .filter(|found| request.of_fleet || self.local || address::is_public(found.ip()))
            .collect();
        if found.is_empty() {
            return Err(Refused::now(format!("the name {host} leads into a private network")));
        }
        let client = Client::builder()
            .user_agent(concat!("Flotta/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(TIME_OUT)
            .resolve_to_addrs(&host, &found)
            .build()
            .map_err(|_| Refused::now("no client could be made"))?;
        let mut asked = client.post(url).header(header::CONTENT_TYPE, "application/json").body(request.body.clone());
        for (name, value) in &request.headers {
            asked = asked.header(*name, value);
        }
        // The address may be a secret, so that the error's own text is not used.
        let answer = asked.send().await.map_err(|e| Refused::now(if e.is_timeout() { "no answer in time" } else { "no connection" }))?;
        let status = answer.status();
        match status.as_u16() {
            _ if status.is_success() => Ok(()),
            410 => Err(Refused::forever("it answers 410: it wants no more")),
            300..400 => Err(Refused::now(format!("it answers {}: it leads elsewhere, which is not followed", status.as_u16()))),
            other => Err(Refused::now(format!("it answers {other}"))),
        }
    }
}

/// A new signing key.
#[must_use]
pub fn new_key() -> SecretString {
    let bytes: [u8; 32] = rand::rng().random();
    format!("{KEY}{}", BASE64.encode(bytes)).into()
}

/// The signatures of a request with each of the keys, as Standard Webhooks writes them.
#[must_use]
pub fn signature(keys: &[SecretString], id: &str, seconds: i64, body: &str) -> String {
    let one = |key: &SecretString| {
        let bytes = BASE64.decode(key.expose_secret().strip_prefix(KEY)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).ok()?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        Some(format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())))
    };
    keys.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_the_standard_s_own_libraries_do() {
        // The example of the specification's reference implementations.
        let key = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(std::slice::from_ref(&key), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signature(&[key, new_key()], "a", 1, "{}");
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.split(' ').all(|part| part.starts_with("v1,")));
    }
}
