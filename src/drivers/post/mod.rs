// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Messages to people and programs outside: by mail, and by requests to hooks.

use std::time::Duration;

pub mod address;
pub mod hook;
pub mod mail;

/// No message takes longer.
pub const TIME_OUT: Duration = Duration::from_secs(20);

/// Why a message was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What happened, without secrets.
    pub message: String,
    /// Whether another try is in vain.
    pub forever: bool,
}

impl Refused {
    fn now(message: impl Into<String>) -> Self {
        Self { message: message.into(), forever: false }
    }

    fn forever(message: impl Into<String>) -> Self {
        Self { message: message.into(), forever: true }
    }
}

/// What sends.
pub struct Post {
    /// By mail; none where no mail server is set.
    pub mail: Option<mail::Mailer>,
    /// To hooks.
    pub hooks: hook::Hooks,
}
