// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What can go wrong with one call into the simulated world, and the log of the calls.

use std::time::Duration;

use crate::error::{Error, OutsideKind};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It answers that it failed (Docker's 500): [`OutsideKind::Failed`].
    Fail500,
    /// It answers that something is in the way (Docker's 409): [`OutsideKind::Conflict`].
    Conflict409,
    /// It refuses: [`OutsideKind::Refused`].
    Refused,
    /// It has no room: [`OutsideKind::Full`].
    DiskFull,
    /// No connection: [`OutsideKind::Unreachable`].
    Unreachable,
    /// Nothing happens and no answer comes.
    NeverBefore,
    /// It happens, but no answer comes.
    NeverAfter,
    /// It happens only after this time, even where the caller has given up by then; then the answer comes.
    LateBefore(Duration),
    /// Half of it happens where it has parts (a script, a dump, an installation, a schema and its user), then the
    /// connection breaks. All of it happens where it has none.
    Halfway,
}

impl Fault {
    pub(in crate::drivers) fn error(self, system: &'static str) -> Error {
        let (kind, message) = match self {
            Self::Fail500 => (OutsideKind::Failed, "simulated: it answered 500"),
            Self::Conflict409 => (OutsideKind::Conflict, "simulated: it answered 409"),
            Self::Refused => (OutsideKind::Refused, "simulated: it refused"),
            Self::DiskFull => (OutsideKind::Full, "simulated: no space left on device"),
            Self::Unreachable => (OutsideKind::Unreachable, "simulated: no connection"),
            Self::Halfway => (OutsideKind::Unreachable, "simulated: the connection broke halfway"),
            Self::NeverBefore | Self::NeverAfter | Self::LateBefore(_) => (OutsideKind::Unreachable, "simulated: no answer in time"),
        };
        Error::outside(system, kind, message)
    }
}

/// Which of the matching calls a rule strikes, counted from the moment that it was put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// Every one.
    Always,
    /// Only this one; the first is 1.
    Nth(u64),
    /// This many, from the first on.
    Until(u64),
}

/// One planned fault: on which call, which time, what.
///
/// ```
/// use flotta::drivers::world::{Fault, Rule};
/// let rule = Rule::on("engine.create_container", Fault::Fail500).nth(2).after();
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    call: String,
    subject: Option<String>,
    detail: Option<String>,
    occurrence: Occurrence,
    pub(super) fault: Fault,
    pub(super) after: bool,
    seen: u64,
}

impl Rule {
    /// A fault on every call of that name (`engine.create_container`; `engine.*`; `*`), before it has any effect.
    #[must_use]
    pub fn on(call: &str, fault: Fault) -> Self {
        Self { call: call.to_owned(), subject: None, detail: None, occurrence: Occurrence::Always, fault, after: false, seen: 0 }
    }

    /// Only calls about this container, schema, instance, domain, ….
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Only calls whose detail (the command of an `exec`, the path of a page) contains this.
    #[must_use]
    pub fn detail(mut self, part: impl Into<String>) -> Self {
        self.detail = Some(part.into());
        self
    }

    /// Only the nth matching call; the first is 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.occurrence = Occurrence::Nth(nth);
        self
    }

    /// Only the first `count` matching calls.
    #[must_use]
    pub fn until(mut self, count: u64) -> Self {
        self.occurrence = Occurrence::Until(count);
        self
    }

    /// The call has its effect first, and only its answer is a failure.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.after = true;
        self
    }

    /// Counts the call where it matches; tells whether the fault strikes it.
    pub(super) fn strikes(&mut self, call: &Call) -> bool {
        let name = match self.call.strip_suffix('*') {
            Some(start) => call.name.starts_with(start),
            None => call.name == self.call,
        };
        let subject = self.subject.as_ref().is_none_or(|s| *s == call.subject);
        let detail = self.detail.as_ref().is_none_or(|d| call.detail.contains(d.as_str()));
        if !(name && subject && detail) {
            return false;
        }
        self.seen += 1;
        match self.occurrence {
            Occurrence::Always => true,
            Occurrence::Nth(nth) => self.seen == nth,
            Occurrence::Until(count) => self.seen <= count,
        }
    }
}

/// One call about to be made.
#[derive(Clone, Debug)]
pub(in crate::drivers) struct Call {
    pub(super) name: &'static str,
    pub(super) subject: String,
    pub(super) detail: String,
}

impl Call {
    pub(in crate::drivers) fn new(name: &'static str, subject: impl Into<String>) -> Self {
        Self { name, subject: subject.into(), detail: String::new() }
    }

    pub(in crate::drivers) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The word that errors use for the system called.
    pub(super) fn system(&self) -> &'static str {
        match self.name.split('.').next() {
            Some("engine") => "engine",
            Some("database") => "database server",
            Some("gateway") => "gateway",
            _ => "wordpress",
        }
    }
}

/// One call as the log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Counts all calls, from 1.
    pub ordinal: u64,
    /// Counts the calls of this name, from 1.
    pub nth: u64,
    /// The trait and its method: `engine.create_container`, `database.create_schema`, `gateway.put`, `wordpress.page`.
    pub name: &'static str,
    /// What it was about: the name of a container, schema, …; empty where there is nothing to name.
    pub subject: String,
    /// The command of an `exec`, the path of a page or folder; else empty.
    pub detail: String,
    /// The fault that struck it, where one did.
    pub fault: Option<Fault>,
}
