// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is told of incidents, and when nobody is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Choice, Model, Pager};
use crate::{error::FieldError, web::view::Page};

/// One receiver.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReceiverRow {
    /// Its id.
    pub id: String,
    /// Slug of its municipality; none is the operators'.
    pub whose: Option<String>,
    /// `mail`, `webhook` or `chat`.
    pub kind: String,
    /// Its name for people.
    pub name: String,
    /// What may be seen of its address.
    pub shown: String,
    /// `sv` or `en`.
    pub language: String,
    /// It is told only of what nobody has taken on for so many minutes.
    pub after_minutes: u32,
    /// Minutes between reminders; 0 is never.
    pub remind_minutes: u32,
}

/// What was typed to add a receiver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiverForm {
    /// Slug of its municipality; empty is the operators'.
    pub municipality: String,
    /// `mail`, `webhook` or `chat`.
    pub kind: String,
    /// Mail address, or address of the hook.
    pub address: String,
    /// Its name for people.
    pub name: String,
    /// `sv` or `en`.
    pub language: String,
    /// Minutes.
    pub after_minutes: String,
    /// Minutes.
    pub remind_minutes: String,
}

/// Who is told, at `GET /receivers`.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiversPage {
    /// The operators' first.
    pub rows: Vec<ReceiverRow>,
    /// Where the list stands.
    pub pager: Pager,
    /// Whether receivers can be added and removed.
    pub may_manage: bool,
    /// Whether the operators' own can be.
    pub whole: bool,
    /// Whether there is a mail server.
    pub mail: bool,
    /// Whose it may be.
    pub choices: Vec<Choice>,
    /// What was typed.
    pub form: ReceiverForm,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for ReceiversPage {
    const PAGE: Page = Page::Receivers;
}

/// What a receiver was sent.
#[derive(Clone, Debug, Serialize)]
pub struct SentRow {
    /// Its first line.
    pub subject: String,
    /// `waiting`, `sent` or `given-up`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed; empty where none did.
    pub error: String,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it is tried next, while it waits.
    pub next_at: Option<Timestamp>,
}

/// One receiver and what it was sent, at `GET /receivers/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiverPage {
    /// It.
    pub row: ReceiverRow,
    /// What it was sent, the newest first.
    pub sent: Vec<SentRow>,
    /// Where the list stands.
    pub pager: Pager,
    /// Whether it can be tried, changed and removed.
    pub may_manage: bool,
    /// Whether what it is sent is signed.
    pub signs: bool,
    /// Until when the old key signs too.
    pub old_key_until: Option<Timestamp>,
    /// Its new key, shown once.
    pub new_key: Option<String>,
    /// The same by command.
    pub command: String,
}

impl Model for ReceiverPage {
    const PAGE: Page = Page::Receiver;
}

/// One silence or maintenance window.
#[derive(Clone, Debug, Serialize)]
pub struct SilenceRow {
    /// Its id.
    pub id: String,
    /// Whether it is a maintenance window.
    pub planned: bool,
    /// Slug of its municipality; none is the whole fleet.
    pub whose: Option<String>,
    /// The one address that it is about.
    pub check: Option<String>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub by: String,
    /// Whether it holds now.
    pub holds: bool,
    /// Whether it can be ended.
    pub may_end: bool,
}

/// What was typed to silence something.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SilenceForm {
    /// Slug of the municipality; empty is the whole fleet.
    pub municipality: String,
    /// From when, in the page's time zone; empty is now.
    pub from: String,
    /// Until when, in the page's time zone.
    pub until: String,
    /// Why.
    pub reason: String,
}

/// When nobody is told, at `GET /silences`.
#[derive(Clone, Debug, Serialize)]
pub struct SilencesPage {
    /// Those that hold or will, those that end last first.
    pub rows: Vec<SilenceRow>,
    /// Where the list stands.
    pub pager: Pager,
    /// Whether silences can be added.
    pub may_manage: bool,
    /// Whether the whole fleet can be silenced.
    pub whole: bool,
    /// What may be silenced.
    pub choices: Vec<Choice>,
    /// What was typed.
    pub form: SilenceForm,
    /// What was wrong with it.
    pub errors: Vec<FieldError>,
    /// The same by command.
    pub command: String,
}

impl Model for SilencesPage {
    const PAGE: Page = Page::Silences;
}
