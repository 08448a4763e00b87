// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Log-in, held back where it keeps failing.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use super::{SESSION_LONGEST, after, passwords, secrets};
use crate::{
    error::{Error, Result},
    fleet::{Email, access::User},
    store::{self, Store, sessions::Session, throttle::Standing},
};

/// Failures that cost nothing, for a name and for an address (behind which a whole town hall may sit).
const FREE_BY_EMAIL: u32 = 5;
const FREE_BY_ADDRESS: u32 = 20;
/// However often it fails, nobody waits longer.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// Failures older than this are forgotten.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// What a successful log-in gives.
#[derive(Debug)]
pub struct LoggedIn {
    /// What the browser is to hold; the store has only its SHA-256.
    pub secret: SecretString,
    /// The session.
    pub session: Session,
    /// Who it is.
    pub user: User,
}

/// A log-in name as it is stored and compared: in lower case.
pub(super) fn canonical(email: &str) -> Option<Email> {
    email.trim().to_ascii_lowercase().parse().ok()
}

fn email_key(email: &str) -> String {
    // Whatever was typed: PostgreSQL holds no NUL, and nobody's address is longer.
    format!("email:{}", email.trim().to_lowercase().chars().filter(|c| !c.is_control()).take(100).collect::<String>())
}

/// One key for each IPv4 address and for each IPv6 network of 64 bits, which is what one customer gets.
fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("address:{v4}"),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// What becomes of a key's standing by one more failure: after the free ones, each doubles the wait.
fn next(key: &str, before: Option<Standing>, now: Timestamp) -> Standing {
    let free = if key.starts_with("email:") { FREE_BY_EMAIL } else { FREE_BY_ADDRESS };
    let fresh = before.filter(|b| now.duration_since(b.failed_at) < MEMORY);
    let failures = fresh.map_or(0, |b| b.failures).saturating_add(1);
    let blocked_until = match failures.checked_sub(free) {
        None | Some(0) => Timestamp::UNIX_EPOCH,
        Some(over) => after(now, SignedDuration::from_secs(1_i64 << over.min(20)).min(LONGEST_WAIT)),
    };
    Standing { failures, failed_at: now, blocked_until }
}

/// Counts an attempt on a name and an address, or turns it away.
pub(super) async fn knock(store: &Store, email: &str, address: Option<IpAddr>, now: Timestamp) -> Result<()> {
    let keys: Vec<String> = std::iter::once(email_key(email)).chain(address.map(address_key)).collect();
    match store::throttle::attempt(store, &keys, now, |key, before| next(key, before, now)).await? {
        None => Ok(()),
        Some(until) => {
            let wait = u64::try_from(until.duration_since(now).as_millis()).unwrap_or(1).max(1);
            Err(Error::Throttled { retry_after_seconds: wait.div_ceil(1000) })
        }
    }
}

/// Takes the count of an attempt back: it was right after all.
pub(super) async fn welcome(store: &Store, email: &str, address: Option<IpAddr>) -> Result<()> {
    let forgive: Vec<String> = address.map(address_key).into_iter().collect();
    store::throttle::succeeded(store, &[email_key(email)], &forgive).await
}

/// Logs a user in.
///
/// # Errors
/// `Throttled` after too many failures; `Unauthenticated` when name or password is wrong or the account is disabled, which
/// look the same from outside.
pub async fn log_in(store: &Store, email: &str, password: SecretString, address: Option<IpAddr>, now: Timestamp) -> Result<LoggedIn> {
    knock(store, email, address, now).await?;
    let found = match canonical(email) {
        Some(email) => store::users::for_login(store, &email).await?,
        None => None,
    };
    let (user, hash) = found.filter(|(user, _)| user.disabled_at.is_none()).unzip();
    let right = passwords::verify(password, hash).await?;
    let Some(user) = user.filter(|_| right) else { return Err(Error::Unauthenticated) };
    welcome(store, email, address).await?;
    let secret = secrets::random();
    let session = Session {
        token_sha256: secrets::sha256(&secret),
        user: user.id,
        csrf: secrets::random(),
        created_at: now,
        seen_at: now,
        expires_at: after(now, SESSION_LONGEST),
    };
    store::sessions::insert(store, &session).await?;
    Ok(LoggedIn { secret: secret.into(), session, user })
}

/// Ends the session that a browser holds.
///
/// # Errors
/// When the store fails.
pub async fn log_out(store: &Store, secret: &SecretString) -> Result<()> {
    store::sessions::end(store, &secrets::sha256(secret.expose_secret())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_after_the_free_failures_and_has_an_end() {
        let now = Timestamp::UNIX_EPOCH;
        let mut standing = None;
        let mut waits = Vec::new();
        for _ in 0..18 {
            let after = next("email:a", standing, now);
            waits.push(after.blocked_until.duration_since(now).as_secs());
            standing = Some(after);
        }
        assert_eq!(waits[..9], [0, 0, 0, 0, 0, 2, 4, 8, 16]);
        assert_eq!(waits[17], 900);
        let tomorrow = after(now, SignedDuration::from_hours(25));
        assert_eq!(next("email:a", standing, tomorrow).failures, 1);
    }

    #[test]
    fn neighbours_in_an_ipv6_network_share_a_key() {
        let key = |t: &str| address_key(t.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "address:192.0.2.1");
    }
}
