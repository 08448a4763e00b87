// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who may come in, and what is remembered of it.
//!
//! Somebody logs in with an e-mail address and a password ([`log_in`]). The attempt is counted as failed on the name and on
//! the address before anything is compared, so that many at once are many; then argon2id decides, as slowly for a name that
//! nobody has. What comes back is a session: 256 random bits in the browser, their SHA-256 in the store.
//!
//! A program comes with an API token (`flt_…`), made by a user, who gives it at most what the user may do.
//!
//! Either way [`authenticate`] turns what was sent into a [`Caller`]: the user, the role, the municipalities, the token's
//! limits. What a caller may do is decided in `fleet::access`; this room only says who it is.
//!
//! Reading order: `login`, `sessions`, `tokens`, `people`, `passwords`, `secrets`.

use jiff::{SignedDuration, Timestamp};

use crate::{
    error::{Error, Result},
    fleet::{AuditEntry, AuditId, AuditResult},
    store::{self, Store},
};

mod login;
pub mod passwords;
mod people;
pub mod secrets;
mod sessions;
mod tokens;

pub use login::{LoggedIn, log_in, log_out};
pub use people::{NewUser, UserChange, change_own_password, change_user, create_user, first_administrator, reset_password};
pub use sessions::{Caller, Credential, SessionInHand, authenticate};
pub use tokens::{NewToken, PREFIX, create_token, revoke_token};

/// A session that is not used for so long ends.
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(8);
/// A session ends after so long however much it is used.
pub const SESSION_LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Adds a line to the audit log for something the control plane did by itself.
///
/// # Errors
/// When the store fails.
pub async fn audit_system(
    store: &Store,
    action: &str,
    target: &str,
    result: AuditResult,
    detail: serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let entry = AuditEntry {
        id: AuditId::generate(),
        at: now,
        actor: "system".to_owned(),
        action: action.to_owned(),
        target: target.to_owned(),
        municipality: None,
        address: String::new(),
        result,
        detail,
    };
    store::audit::append(store, &entry).await
}

/// Forgets what is over: ended sessions, and failures of log-in and answers to repeatable requests that are a day old. For a
/// timer.
///
/// # Errors
/// When the store fails.
pub async fn sweep(store: &Store, now: Timestamp) -> Result<()> {
    let ago = |d: SignedDuration| now.checked_sub(d).map_err(|e| Error::Internal(e.to_string()));
    store::sessions::forget(store, now, ago(SESSION_IDLE)?).await?;
    let yesterday = ago(SignedDuration::from_hours(24))?;
    store::throttle::forget(store, yesterday).await?;
    store::idempotency::forget(store, yesterday).await?;
    Ok(())
}

pub(crate) fn after(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}
