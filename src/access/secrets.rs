// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Secrets that a caller holds: made here, stored as their SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use secrecy::SecretString;
use sha2::{Digest, Sha256};

/// 256 random bits as 43 characters that need no quoting anywhere.
#[must_use]
pub fn random() -> String {
    BASE64.encode(rand::random::<[u8; 32]>())
}

/// What the store keeps of a secret: its SHA-256 in hex. The secrets have 256 random bits, so a slow hash adds nothing.
#[must_use]
pub fn sha256(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two texts are the same, in a time that tells nothing about where they differ.
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    // The digests' common prefix says nothing about the texts'.
    Sha256::digest(left.as_bytes()) == Sha256::digest(right.as_bytes())
}

/// A password for somebody who will change it: 20 characters without those that look alike.
#[must_use]
pub fn password() -> SecretString {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
    let pick = || char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]);
    let groups: Vec<String> = (0..4).map(|_| (0..5).map(|_| pick()).collect()).collect();
    groups.join("-").into()
}

/// The session's CSRF secret as a form carries it: with a fresh mask each time, so that compressed answers tell nothing.
#[must_use]
pub fn mask(secret: &str) -> String {
    let mask: Vec<u8> = rand::random_iter::<u8>().take(secret.len()).collect();
    let masked: Vec<u8> = mask.iter().zip(secret.bytes()).map(|(m, s)| m ^ s).collect();
    BASE64.encode([mask, masked].concat())
}

/// Whether a form carries this CSRF secret: masked, or plain as scripts send it.
#[must_use]
pub fn carries(text: &str, secret: &str) -> bool {
    if same(text, secret) {
        return true;
    }
    let Ok(bytes) = BASE64.decode(text) else { return false };
    let (mask, masked) = bytes.split_at(bytes.len() / 2);
    let plain: Vec<u8> = mask.iter().zip(masked).map(|(m, s)| m ^ s).collect();
    bytes.len() == 2 * secret.len() && String::from_utf8(plain).is_ok_and(|plain| same(&plain, secret))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn secrets_are_long_and_never_the_same() {
        assert_eq!(random().len(), 43);
        assert_ne!(random(), random());
        assert_ne!(password().expose_secret(), password().expose_secret());
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_masked_secret_is_recognised_and_differs_each_time() {
        let secret = random();
        assert_ne!(mask(&secret), mask(&secret));
        assert!(carries(&mask(&secret), &secret));
        assert!(carries(&secret, &secret));
        for wrong in ["", "x", &mask(&random()), &random(), &BASE64.encode([0_u8; 86])] {
            assert!(!carries(wrong, &secret));
        }
    }
}
