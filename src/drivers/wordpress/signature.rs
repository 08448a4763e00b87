// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Signs requests to the agent: HMAC-SHA256 over method, path, time, nonce and the body's hash.

use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The three headers of a signed request.
pub(super) struct Signature {
    /// `X-Flotta-Timestamp`: seconds since 1970.
    pub timestamp: String,
    /// `X-Flotta-Nonce`: 32 hex digits, never used twice.
    pub nonce: String,
    /// `X-Flotta-Signature`: hex.
    pub signature: String,
}

/// Signs a request that is sent now.
pub(super) fn sign(key: &SecretString, method: &str, path: &str, body: &[u8]) -> Signature {
    let nonce: [u8; 16] = rand::rng().random();
    sign_at(key, method, path, body, jiff::Timestamp::now().as_second(), &hex(&nonce))
}

fn sign_at(key: &SecretString, method: &str, path: &str, body: &[u8], seconds: i64, nonce: &str) -> Signature {
    let message = format!("v1\n{method}\n{path}\n{seconds}\n{nonce}\n{}", hex(&Sha256::digest(body)));
    // The key is the text of the file, not the bytes that its hex digits stand for. HMAC takes keys of any length.
    let signature = Hmac::<Sha256>::new_from_slice(key.expose_secret().trim().as_bytes())
        .map(|mut mac| {
            mac.update(message.as_bytes());
            hex(&mac.finalize().into_bytes())
        })
        .unwrap_or_default();
    Signature { timestamp: seconds.to_string(), nonce: nonce.to_owned(), signature }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_request_has_a_known_signature() {
        // printf 'v1\nPOST\n/.flotta/agent/ready\n1700000000\n%s\n%s' 000102030405060708090a0b0c0d0e0f "$(printf '{}' | sha256sum | cut -d' ' -f1)" \
        //   | openssl dgst -sha256 -hmac 00ff
        let key = SecretString::from("00ff\n");
        let signed = sign_at(&key, "POST", "/.flotta/agent/ready", b"{}", 1_700_000_000, "000102030405060708090a0b0c0d0e0f");
        assert_eq!(signed.signature, "facbe513363c05ec3a2d7aea4f8c81b0d749b72dfff0ff94edd7f9e207bf5db7");
    }

    #[test]
    fn nonces_differ() {
        let key = SecretString::from("k");
        let (a, b) = (sign(&key, "POST", "/", b""), sign(&key, "POST", "/", b""));
        assert_eq!(a.nonce.len(), 32);
        assert_ne!(a.nonce, b.nonce);
    }
}
