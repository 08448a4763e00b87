// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What programs see of receivers, notices and silences.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fleet;

/// Who is told of incidents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receiver {
    /// Its id.
    pub id: String,
    /// Slug of the municipality whose it is; null where it is the operators', who are told of everything.
    pub municipality: Option<String>,
    /// `mail`, `webhook` or `chat`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// The mail address, or scheme and host of the hook.
    pub address: String,
    /// `sv` or `en`.
    pub language: String,
    /// It is told only of what nobody has taken on for so many minutes; 0 is at once.
    pub after_minutes: u32,
    /// Minutes between reminders of what nobody has taken on; 0 is never.
    pub remind_minutes: u32,
    /// Until when the old signing key signs beside the new one.
    pub old_key_until: Option<Timestamp>,
    /// Since when it is told.
    pub created_at: Timestamp,
}

/// A receiver with its signing key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiverWithKey {
    /// About it.
    #[serde(flatten)]
    pub about: Receiver,
    /// The key that signs what is sent to a webhook (`whsec_…`); null for other kinds. Told once.
    pub signing_key: Option<String>,
}

/// A receiver to be added.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewReceiver {
    /// Slug of the municipality whose it is; the operators' when left out.
    pub municipality: Option<String>,
    /// `mail`, `webhook` or `chat`.
    pub kind: String,
    /// Mail address, or https address of the hook.
    pub address: String,
    /// Its name for people; its address's when left out.
    pub name: String,
    /// `sv` or `en`; `sv` when left out.
    pub language: String,
    /// It is told only of what nobody has taken on for so many minutes; 0 is at once.
    pub after_minutes: u32,
    /// Minutes between reminders of what nobody has taken on, 0–10,080; 60 when left out, 0 is never.
    pub remind_minutes: Option<u32>,
}

/// A message to a receiver.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notice {
    /// Its id: the message's own at every try.
    pub id: String,
    /// `waiting`, `sent` or `given-up`.
    pub state: String,
    /// Its first line.
    pub subject: String,
    /// The incidents that it tells of; none in a trial.
    pub incidents: Vec<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// A time in which nobody is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Whether it is a maintenance window.
    pub maintenance: bool,
    /// Only what is this municipality's; null is the whole fleet.
    pub municipality: Option<String>,
    /// Only the incidents of this check.
    pub check: Option<u32>,
    /// Whether it holds now.
    pub holds: bool,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub by: String,
}

/// A silence to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSilence {
    /// Whether it is a maintenance window, which may begin later.
    #[serde(default)]
    pub maintenance: bool,
    /// Slug of the municipality; the whole fleet when left out.
    pub municipality: Option<String>,
    /// Number of the only check.
    pub check: Option<u32>,
    /// From when; now when left out.
    pub from: Option<Timestamp>,
    /// Until when, at most 30 days later.
    pub until: Timestamp,
    /// Why, at most 500 characters.
    pub reason: String,
}

/// One receiver.
#[must_use]
pub fn receiver(receiver: fleet::Receiver) -> Receiver {
    Receiver {
        id: receiver.id.text(),
        municipality: receiver.slug.map(|slug| slug.to_string()),
        kind: receiver.kind.to_string(),
        name: receiver.name,
        address: receiver.shown,
        language: receiver.language.to_string(),
        after_minutes: receiver.after_minutes,
        remind_minutes: receiver.remind_minutes,
        old_key_until: receiver.old_key_until,
        created_at: receiver.created_at,
    }
}

/// One notice, with its first line as the receiver read it.
#[must_use]
pub fn notice(notice: fleet::notice::Notice, subject: String) -> Notice {
    let waiting = notice.state == fleet::notice::NoticeState::Waiting;
    let mut incidents: Vec<String> = notice.letter.entries.iter().map(|entry| entry.incident.text()).collect();
    incidents.dedup();
    Notice {
        id: notice.id.text(),
        state: notice.state.to_string(),
        subject,
        incidents,
        attempts: notice.attempts,
        error: Some(notice.error).filter(|error| !error.is_empty()),
        next_at: waiting.then_some(notice.next_at),
        created_at: notice.created_at,
        ended_at: notice.ended_at,
    }
}

/// One silence.
#[must_use]
pub fn silence(silence: fleet::Silence, now: Timestamp) -> Silence {
    Silence {
        id: silence.id.text(),
        maintenance: silence.planned,
        holds: silence.holds(now),
        municipality: silence.slug.map(|slug| slug.to_string()),
        check: silence.check,
        from: silence.from,
        until: silence.until,
        reason: silence.reason,
        by: silence.by,
    }
}
