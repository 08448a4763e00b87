// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Domain errors. No HTTP in them: `web::problem` maps them to status codes at the edge, `cli` to exit statuses.

use serde::{Deserialize, Serialize};

/// What is wrong with one field of an input, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {message}; {fix}")]
pub struct FieldError {
    /// The field's name as the API and the form spell it.
    pub field: String,
    /// A stable kebab-case word for programs and translations.
    pub code: String,
    /// What is wrong, in English, without a full stop.
    pub message: String,
    /// What to do about it, in English, without a full stop.
    pub fix: String,
}

impl FieldError {
    /// Builds one.
    pub fn new(field: &str, code: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code: code.to_owned(), message: message.into(), fix: fix.into() }
    }

    /// The same error for a field of another name.
    #[must_use]
    pub fn at(mut self, field: &str) -> Self {
        field.clone_into(&mut self.field);
        self
    }
}

/// Everything that can go wrong, as a caller needs to tell it apart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is wrong; nothing was changed.
    #[error("{}", join(.0))]
    Invalid(Vec<FieldError>),
    /// It does not exist, or the caller may not know that it does.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for, such as "municipality `ale`".
        what: String,
    },
    /// It contradicts what exists already; nothing was changed.
    #[error("{0}")]
    Conflict(FieldError),
    /// The caller is not logged in, or the token is wrong, expired or revoked.
    #[error("not logged in")]
    Unauthenticated,
    /// The caller may know the thing but not do this with it.
    #[error("not allowed: {needs}")]
    Forbidden {
        /// What would be needed, such as "role operator".
        needs: String,
    },
    /// Too many attempts.
    #[error("too many attempts; try again in {retry_after_seconds} s")]
    Throttled {
        /// Seconds until another attempt is looked at.
        retry_after_seconds: u64,
    },
    /// The host has not enough of something for one more.
    #[error("{what}; {fix}")]
    Exhausted {
        /// What is short, with figures.
        what: String,
        /// What to do.
        fix: String,
    },
    /// Something outside (engine, database server, gateway, store) does not answer or answers wrongly.
    #[error("{system}: {message}")]
    Outside {
        /// Which system: `engine`, `database server`, `gateway`, `wordpress`, `store`.
        system: &'static str,
        /// What happened, without secrets.
        message: String,
        /// How it should be treated.
        kind: OutsideKind,
    },
    /// A lease was lost to another control plane; nothing was written.
    #[error("the lease of this work was taken over by another control plane")]
    StaleLease,
    /// A defect in Flotta.
    #[error("internal error: {0}")]
    Internal(String),
}

/// How an outside failure should be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideKind {
    /// No answer or no connection: what was asked may have happened or not.
    Unreachable,
    /// It answered that something is in the way (Docker's 409).
    Conflict,
    /// It has no room: disk, addresses, memory.
    Full,
    /// It refused for a reason that will not pass by itself.
    Refused,
    /// It failed (Docker's 500); another try may help.
    Failed,
}

/// The result of anything in Flotta.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// One wrong field.
    #[must_use]
    pub fn field(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }

    /// Something of the given name that is not there.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::NotFound { what: what.into() }
    }

    /// A failure of an outside system.
    pub fn outside(system: &'static str, kind: OutsideKind, message: impl Into<String>) -> Self {
        Self::Outside { system, message: message.into(), kind }
    }

    /// Which outside system failed, where one did.
    #[must_use]
    pub fn system(&self) -> Option<&'static str> {
        match self {
            Self::Outside { system, .. } => Some(system),
            _ => None,
        }
    }

    /// Whether the same call may well succeed a little later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Outside { kind: OutsideKind::Unreachable | OutsideKind::Failed | OutsideKind::Conflict, .. })
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

fn join(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
