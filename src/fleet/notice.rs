// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is told of incidents, what they were told, and when nobody is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Id, IncidentId, MunicipalityId, Slug, health::Failure, incident::CauseKind, instance::text_enum};

/// Identifies a receiver.
pub type ReceiverId = Id<Receiver>;
/// Identifies a notice; also the message's own id, the same at every try.
pub type NoticeId = Id<Notice>;
/// Identifies a silence.
pub type SilenceId = Id<Silence>;

/// How a receiver is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiverKind {
    /// By mail.
    Mail,
    /// By a signed request, as Standard Webhooks has it.
    Webhook,
    /// By a message in a chat that takes what Slack and Teams take.
    Chat,
}

text_enum!(ReceiverKind, "kind", [ReceiverKind::Mail => "mail", ReceiverKind::Webhook => "webhook", ReceiverKind::Chat => "chat"]);

/// In which language a receiver is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tongue {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}

text_enum!(Tongue, "language", [Tongue::Sv => "sv", Tongue::En => "en"]);

/// Somebody, or a program, that is told of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Its id.
    pub id: ReceiverId,
    /// Whose it is: told of what touches that municipality; none is the operators', who are told of everything.
    pub municipality: Option<MunicipalityId>,
    /// That municipality's slug.
    pub slug: Option<Slug>,
    /// How it is reached.
    pub kind: ReceiverKind,
    /// Its name for people.
    pub name: String,
    /// What may be seen of its address: all of a mail address, scheme and host of a hook.
    pub shown: String,
    /// In which language it is told.
    pub language: Tongue,
    /// It is told only of what nobody has taken on for so many minutes; 0 is at once.
    pub after_minutes: u32,
    /// How often it is reminded of what nobody has taken on, in minutes; 0 is never.
    pub remind_minutes: u32,
    /// Number of the key that signs what is sent to it; 0 where nothing is signed.
    pub signing_key: u32,
    /// Until when the key before that signs too.
    pub old_key_until: Option<Timestamp>,
    /// Since when it is told.
    pub created_at: Timestamp,
}

/// What a receiver is told of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// There is one.
    Opened,
    /// It goes on, and nobody has taken it on.
    Reminder,
    /// It is over, or part of a wider one.
    Over,
}

text_enum!(Word, "word", [Word::Opened => "opened", Word::Reminder => "reminder", Word::Over => "over"]);

/// That a receiver was told something of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub receiver: ReceiverId,
    /// Of what.
    pub incident: IncidentId,
    /// What.
    pub word: Word,
    /// Counts reminders.
    pub round: u32,
    /// When it was decided.
    pub at: Timestamp,
}

/// How far a notice has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It is to be sent, or tried again.
    Waiting,
    /// It was taken in.
    Sent,
    /// It could not be sent, and is not tried any more.
    GivenUp,
}

text_enum!(NoticeState, "state", [NoticeState::Waiting => "waiting", NoticeState::Sent => "sent", NoticeState::GivenUp => "given-up"]);

/// A message to a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// To whom.
    pub receiver: ReceiverId,
    /// How far it has come.
    pub state: NoticeState,
    /// What it says.
    pub letter: Letter,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// Why the last try failed; empty where none did.
    pub error: String,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// What a notice says, before it is put into words. Without entries it is a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What happened, the worst first.
    pub entries: Vec<Entry>,
}

/// What a notice says of one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is told.
    pub word: Word,
    /// Counts reminders.
    pub round: u32,
    /// The incident.
    pub incident: IncidentId,
    /// What is to blame.
    pub cause: CauseKind,
    /// Which one, for people.
    pub label: String,
    /// How its sites fail.
    pub failure: Option<Failure>,
    /// When it was confirmed.
    pub opened_at: Timestamp,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The wider incident that it turned out to be part of.
    pub merged_into: Option<IncidentId>,
    /// Who has taken it on; empty where nobody has.
    pub acknowledged_by: String,
    /// How many of the receiver's sites it makes, or made, fail.
    pub sites: u32,
    /// How many municipalities they belong to, as far as the receiver may know.
    pub municipalities: u32,
    /// Addresses of some of them.
    pub some: Vec<String>,
    /// The address of the incident's page.
    pub link: String,
}

/// A time in which nobody is told. What is silenced is watched all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Its id.
    pub id: SilenceId,
    /// Whether it is a maintenance window, planned ahead.
    pub planned: bool,
    /// Only what is this municipality's; none is the whole fleet.
    pub municipality: Option<MunicipalityId>,
    /// That municipality's slug.
    pub slug: Option<Slug>,
    /// Only the incidents of this check.
    pub check: Option<u32>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub by: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Silence {
    /// Whether what is this municipality's, or about this check, is silenced by it.
    #[must_use]
    pub fn covers(&self, municipality: Option<MunicipalityId>, check: Option<u32>) -> bool {
        match (self.check, self.municipality) {
            (Some(own), _) => check == Some(own),
            (None, Some(own)) => municipality == Some(own),
            (None, None) => true,
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}
