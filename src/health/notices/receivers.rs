// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Receivers and silences as people ask for them, checked.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::{
    drivers::post::{address, hook},
    error::{Error, FieldError, Result},
    fleet::{
        Check, Email, Id, Municipality, Receiver, Scope, Silence,
        notice::{ReceiverKind, Tongue},
    },
    instances::Tools,
    store::{
        self,
        receivers::{ADDRESS, key_name},
    },
};

/// So long an old signing key signs beside the new one.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(24);
/// Longer than a week nobody is told.
const MOST: u32 = 7 * 24 * 60;
/// So long a silence holds at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So far ahead a maintenance window is planned.
const AHEAD: SignedDuration = SignedDuration::from_hours(366 * 24);
/// So many characters a name has.
const NAME: usize = 100;
/// So many a reason has.
const REASON: usize = 500;

/// A receiver that is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewReceiver {
    /// How it is reached.
    pub kind: String,
    /// Its name for people; the address's host, or the mail address, where it is empty.
    pub name: String,
    /// Mail address, or address of the hook.
    pub address: String,
    /// `sv` or `en`; `sv` where it is empty.
    pub language: String,
    /// Minutes that nobody has taken an incident on.
    pub after_minutes: u32,
    /// Minutes between reminders; 0 is never.
    pub remind_minutes: u32,
}

/// Adds a receiver of a municipality, or of the operators. Gives it with its signing key, which is told this once.
///
/// # Errors
/// Names every field that is wrong; `NotFound` where the scope does not cover it.
pub async fn add(
    tools: &Tools,
    scope: &Scope,
    of: Option<&Municipality>,
    wanted: &NewReceiver,
) -> Result<(Receiver, Option<SecretString>)> {
    let now = tools.clock.now();
    let mut errors = Vec::new();
    let kind = wanted.kind.parse::<ReceiverKind>().map_err(|e| errors.push(e)).ok();
    let language = Some(wanted.language.trim()).filter(|text| !text.is_empty());
    let language = language.map_or(Ok(Tongue::default()), str::parse).map_err(|e| errors.push(e)).unwrap_or_default();
    for (field, value) in [("after_minutes", wanted.after_minutes), ("remind_minutes", wanted.remind_minutes)] {
        if value > MOST {
            errors.push(FieldError::new(field, "out-of-range", format!("{value} minutes"), format!("give 0 to {MOST}")));
        }
    }
    let text = wanted.address.trim();
    let shown = match kind {
        None => None,
        Some(ReceiverKind::Mail) => text.parse::<Email>().map(|mail| mail.to_string()).map_err(|e| errors.push(e.at("address"))).ok(),
        Some(ReceiverKind::Webhook | ReceiverKind::Chat) => address::hook(text, of.is_none(), tools.post.hooks.local)
            .map(|url| format!("{}/…", url.origin().ascii_serialization()))
            .map_err(|e| errors.push(e))
            .ok(),
    };
    let name = wanted.name.trim();
    if name.chars().count() > NAME || name.chars().any(char::is_control) {
        errors.push(FieldError::new(
            "name",
            "too-long",
            "the name is too long or not plain text",
            format!("write at most {NAME} characters"),
        ));
    }
    let (Some(kind), Some(shown), true) = (kind, shown, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
    if kind == ReceiverKind::Mail && tools.post.mail.is_none() {
        return Err(Error::Conflict(FieldError::new(
            "kind",
            "no-mail-server",
            "no mail server is set",
            "set mail.server and mail.from in the configuration and restart the control plane",
        )));
    }
    let signs = kind == ReceiverKind::Webhook;
    let new = Receiver {
        id: Id::generate(),
        municipality: of.map(|of| of.id),
        slug: of.map(|of| of.slug.clone()),
        kind,
        name: if name.is_empty() { shown.trim_end_matches("/…").to_owned() } else { name.to_owned() },
        shown,
        language,
        after_minutes: wanted.after_minutes,
        remind_minutes: wanted.remind_minutes,
        signing_key: u32::from(signs),
        old_key_until: None,
        created_at: now,
    };
    let owner = new.id.text();
    let mut sealed = vec![tools.vault.seal(&owner, ADDRESS, &text.to_owned().into())?];
    let key = signs.then(hook::new_key);
    if let Some(key) = &key {
        sealed.push(tools.vault.seal(&owner, &key_name(1), key)?);
    }
    store::receivers::insert(&tools.store, scope, &new, &sealed).await?;
    Ok((new, key))
}

/// Gives a receiver a new signing key, told this once. The old one signs too for a day.
///
/// # Errors
/// `NotFound` where the scope does not cover it; `Conflict` where nothing is signed.
pub async fn rotate(tools: &Tools, scope: &Scope, of: &Receiver) -> Result<(Receiver, SecretString)> {
    if of.signing_key == 0 {
        return Err(Error::Conflict(FieldError::new(
            "receiver",
            "nothing-signed",
            "what this receiver is sent is not signed",
            "only receivers of the kind webhook have a key",
        )));
    }
    let now = tools.clock.now();
    let key = hook::new_key();
    let sealed = tools.vault.seal(&of.id.text(), &key_name(of.signing_key + 1), &key)?;
    store::receivers::rotate(&tools.store, scope, of, &sealed, now + OVERLAP, now).await?;
    Ok((store::receivers::get(&tools.store, scope, of.id).await?, key))
}

/// What a receiver's messages are sent to and signed with: the address, and the keys that hold now.
///
/// # Errors
/// When the store fails or a secret cannot be opened.
pub async fn secrets(tools: &Tools, of: &Receiver, now: Timestamp) -> Result<(SecretString, Vec<SecretString>)> {
    let mut all = tools.vault.all(&tools.store, &of.id.text()).await?;
    let address = all.remove(ADDRESS).ok_or_else(|| Error::not_found("address of the receiver"))?;
    let mut keys: Vec<SecretString> = all.remove(&key_name(of.signing_key)).into_iter().collect();
    if of.old_key_until.is_some_and(|until| now < until) {
        keys.extend(all.remove(&key_name(of.signing_key.saturating_sub(1))));
    }
    Ok((address, keys))
}

/// A silence that is asked for.
#[derive(Clone, Debug)]
pub struct NewSilence {
    /// Whether it is a maintenance window.
    pub planned: bool,
    /// From when; now where none is given.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// Adds a silence of the fleet, of a municipality, or of one check.
///
/// # Errors
/// Names every field that is wrong; `NotFound` where the scope does not cover it.
pub async fn silence(
    tools: &Tools,
    scope: &Scope,
    of: Option<&Municipality>,
    check: Option<&Check>,
    wanted: &NewSilence,
    by: &str,
) -> Result<Silence> {
    let now = tools.clock.now();
    let from = wanted.from.unwrap_or(now);
    let mut errors = Vec::new();
    let reason = wanted.reason.trim();
    if reason.is_empty() {
        errors.push(FieldError::new("reason", "missing", "there is no reason", "write why nobody shall be told"));
    } else if reason.chars().count() > REASON {
        errors.push(FieldError::new("reason", "too-long", "the reason is too long", format!("write at most {REASON} characters")));
    }
    if wanted.until <= now || wanted.until <= from {
        errors.push(FieldError::new("until", "ends-before", "it would end before it begins, or is over", "give a later time"));
    } else if wanted.until.duration_since(from) > LONGEST {
        errors.push(FieldError::new("until", "too-long-silence", "it would hold for more than 30 days", "give an earlier end"));
    }
    if from < now - SignedDuration::from_mins(5) {
        errors.push(FieldError::new(
            "from",
            "begins-before",
            "it would have begun in the past",
            "leave it out for now, or give a later time",
        ));
    } else if from > now + AHEAD {
        errors.push(FieldError::new("from", "too-far-ahead", "it would begin in more than a year", "give an earlier time"));
    }
    if !wanted.planned && wanted.from.is_some_and(|from| from > now) {
        errors.push(FieldError::new("from", "only-planned", "a silence begins now", "plan a maintenance window instead"));
    }
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let new = Silence {
        id: Id::generate(),
        planned: wanted.planned,
        municipality: check.map(|check| check.municipality).or(of.map(|of| of.id)),
        slug: check.map(|check| check.slug.clone()).or(of.map(|of| of.slug.clone())),
        check: check.map(|check| check.number),
        from,
        until: wanted.until,
        reason: reason.to_owned(),
        by: by.to_owned(),
        created_at: now,
    };
    store::silences::insert(&tools.store, scope, &new).await?;
    Ok(new)
}
