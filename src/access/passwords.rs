// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Passwords: argon2id with the parameters that OWASP recommends, hashed off the web server's threads.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::{
    error::{Error, FieldError, Result},
    fleet::Email,
};

/// Characters that a password must have.
pub const SHORTEST: usize = 12;
const LONGEST: usize = 256;

/// Each hash takes 19 MiB for a moment: two at once keep the control plane small, whoever knocks.
static HASHING: Semaphore = Semaphore::const_new(2);

/// A hash of nothing that anybody knows, with the same parameters as every other: verified for users who do not exist, so
/// that the time tells nothing.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$8k8yQ0cW0Yw0rZb0l3Wm9A$Fq0yXkq4vT0m5m2b0b3fJ3wYvX0x8Cq1jv6k0q0h1mA";

/// What people choose when a form asks for twelve characters.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123123123123",
    "qwertyuiop12",
    "qwertyuiopas",
    "qwertyuiopå",
    "qwerty123456",
    "qwertyuiopåä",
    "asdfghjkl123",
    "asdfghjklöä1",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "zaq12wsxcde3",
    "password1234",
    "password12345",
    "passwordpassword",
    "password123456",
    "p@ssw0rd1234",
    "passw0rd1234",
    "lösenord1234",
    "losenord1234",
    "lösenord123",
    "hemligt12345",
    "hemlighet123",
    "sommaren2024",
    "sommaren2025",
    "sommaren2026",
    "vintern2024!",
    "vintern2025!",
    "vintern2026!",
    "welcome12345",
    "valkommen123",
    "välkommen123",
    "välkommen1234",
    "letmein12345",
    "iloveyou1234",
    "administrator",
    "administrator1",
    "administrator123",
    "administratör",
    "admin1234567",
    "adminadminadmin",
    "changeme1234",
    "changemechangeme",
    "default12345",
    "helsingborg1",
    "helsingborg123",
    "stockholm123",
    "stockholm1234",
    "göteborg1234",
    "goteborg1234",
    "kommunen1234",
    "kommun123456",
    "flottaflotta",
    "flotta123456",
    "wordpress123",
    "wordpress1234",
    "correcthorsebatterystaple",
    "trustno1trustno1",
    "abcdefghijkl",
    "abcd1234abcd",
    "abc123abc123",
];

/// Checks a password that somebody wants to have.
///
/// # Errors
/// Names the field `password`.
pub fn check(password: &SecretString, email: &Email, name: &str) -> Result<(), FieldError> {
    let bad = |code: &str, message: String, fix: &str| Err(FieldError::new("password", code, message, fix));
    let text = password.expose_secret();
    let length = text.chars().count();
    if length < SHORTEST {
        return bad(
            "password-too-short",
            format!("the password has {length} characters"),
            "use at least 12 characters; a few words in a row are good",
        );
    }
    if length > LONGEST {
        return bad("password-too-long", format!("the password has {length} characters"), "use at most 256 characters");
    }
    let lower = text.to_lowercase();
    let different = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    if different < 5 || COMMON.contains(&lower.as_str()) {
        return bad(
            "password-common",
            "the password is among the first that anybody tries".to_owned(),
            "use a few words that nobody would put together",
        );
    }
    let local = email.as_str().split('@').next().unwrap_or_default().to_lowercase();
    let own = [email.as_str().to_lowercase(), local, name.trim().to_lowercase(), name.to_lowercase().replace(' ', "")];
    let rest = own.iter().filter(|o| o.chars().count() >= 4).fold(lower, |rest, own| rest.replace(own.as_str(), ""));
    if rest.chars().count() < SHORTEST / 2 {
        return bad(
            "password-own-name",
            "the password is made of the user's own name or address".to_owned(),
            "choose one that cannot be guessed from who you are",
        );
    }
    Ok(())
}

/// Hashes a password for the store.
///
/// # Errors
/// Only when the system is out of memory or threads.
pub async fn hash(password: SecretString) -> Result<String> {
    off_thread(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|e| Error::Internal(format!("hashing: {e}")))
    })
    .await?
}

/// Whether the password is the one that was hashed. Takes as long where there is no hash.
///
/// # Errors
/// Only when the system is out of threads.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool> {
    off_thread(move || {
        let known = hash.is_some();
        let hash = hash.as_deref().unwrap_or(NOBODY);
        let Ok(parsed) = PasswordHash::new(hash) else { return false };
        // Nothing longer than a password may be is hashed: it would only cost time.
        let text = password.expose_secret();
        let text = if text.len() > 4 * LONGEST { "" } else { text };
        Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok() && known
    })
    .await
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _turn = HASHING.acquire().await.map_err(|e| Error::Internal(e.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<(), String> {
        check(&text.into(), &"anna.berg@helsingborg.se".parse().unwrap(), "Anna Berg").map_err(|e| e.code)
    }

    #[test]
    fn weak_passwords_are_refused_with_a_fix() {
        for (text, code) in [
            ("kort", "password-too-short"),
            ("elva tecken", "password-too-short"),
            ("ååååååååååååå", "password-common"),
            ("Password1234", "password-common"),
            ("abababababababab", "password-common"),
            ("anna.berg@helsingborg.se", "password-own-name"),
            ("Anna Berg Anna Berg", "password-own-name"),
            ("annaberg2026", "password-own-name"),
        ] {
            assert_eq!(check_text(text), Err(code.to_owned()), "{text}");
        }
        assert_eq!(check_text(&"lång ".repeat(60)), Err("password-too-long".to_owned()));
        assert_eq!(check_text("sju röda flottar"), Ok(()));
        assert_eq!(check_text("åäöåäö åäö üé"), Ok(()));
    }

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let hash = hash("sju röda flottar".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("sju röda flottar".into(), Some(hash.clone())).await.unwrap());
        assert!(!verify("sju röda flotta".into(), Some(hash.clone())).await.unwrap());
        assert!(!verify("sju röda flottar".into(), None).await.unwrap());
        assert!(!verify("sju röda flottar".into(), Some("broken".to_owned())).await.unwrap());
    }

    #[test]
    fn the_hash_for_nobody_costs_as_much_as_any_other() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = Argon2::default().hash_password(b"x").unwrap();
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.hash.unwrap().len(), real.hash.unwrap().len());
    }
}
