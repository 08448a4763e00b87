// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What stands around every page.

use serde::{Deserialize, Serialize};

use crate::{
    fleet::{Principal, Role, access::Permission, instance::text_enum},
    web::view::Language,
};

/// Who looks, how, and with which secret their forms are sent.
#[derive(Clone, Debug, Serialize)]
pub struct Shell {
    /// Language of the page.
    pub language: Language,
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// The secret that every form sends back in its hidden field `csrf`.
    pub csrf: String,
    /// Who is logged in; none on the log-in page.
    pub user: Option<SignedIn>,
    /// Path and query of this page, where the language and theme switches return to.
    pub here: String,
    /// What just happened, told once at the top.
    pub notice: Option<Notice>,
}

impl Shell {
    /// The shell for someone who is not logged in.
    #[must_use]
    pub fn anonymous(language: Language, csrf: impl Into<String>, here: impl Into<String>) -> Self {
        Self { language, theme: Theme::System, csrf: csrf.into(), user: None, here: here.into(), notice: None }
    }

    /// The same for someone who is.
    #[must_use]
    pub fn signed_in(mut self, principal: &Principal) -> Self {
        self.user = Some(SignedIn::of(principal));
        self
    }

    /// With a notice at the top.
    #[must_use]
    pub fn with_notice(mut self, notice: Option<Notice>) -> Self {
        self.notice = notice;
        self
    }

    /// With a chosen theme.
    #[must_use]
    pub fn with_theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }
}

/// Colours of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the browser or system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

text_enum!(Theme, "theme", [Theme::System => "system", Theme::Light => "light", Theme::Dark => "dark"]);

/// The one who is logged in, and which doors to show.
#[derive(Clone, Debug, Serialize)]
pub struct SignedIn {
    /// Name shown to others.
    pub name: String,
    /// Log-in name.
    pub email: String,
    /// Role.
    pub role: Role,
    /// What the page may offer. Doors that stay closed are not shown; the routes check again.
    pub may: Vec<Permission>,
}

impl SignedIn {
    /// From the caller of a request.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        Self {
            name: principal.user.name.clone(),
            email: principal.user.email.to_string(),
            role: principal.user.role,
            may: Permission::ALL.into_iter().filter(|permission| principal.may(*permission)).collect(),
        }
    }
}

/// Something that was just done. Travels as `?notice=…` after a redirect, hence a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notice {
    /// Changes were saved.
    Saved,
    /// The password was changed and other sessions were ended.
    PasswordChanged,
    /// A token was revoked.
    TokenRevoked,
    /// A user was made.
    UserCreated,
    /// A user can no longer log in.
    UserDisabled,
    /// A user can log in again.
    UserEnabled,
    /// A release was registered.
    ReleaseRegistered,
    /// A release became stable.
    ReleasePromoted,
    /// A release was retired.
    ReleaseRetired,
    /// The operation will be tried again.
    RetryAsked,
    /// Logged out.
    LoggedOut,
    /// The session has ended; log in again.
    SessionEnded,
}

impl Notice {
    /// Every notice.
    pub const ALL: [Self; 12] = [
        Self::Saved,
        Self::PasswordChanged,
        Self::TokenRevoked,
        Self::UserCreated,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::ReleaseRegistered,
        Self::ReleasePromoted,
        Self::ReleaseRetired,
        Self::RetryAsked,
        Self::LoggedOut,
        Self::SessionEnded,
    ];
}

text_enum!(Notice, "notice", [
    Notice::Saved => "saved", Notice::PasswordChanged => "password-changed", Notice::TokenRevoked => "token-revoked",
    Notice::UserCreated => "user-created", Notice::UserDisabled => "user-disabled", Notice::UserEnabled => "user-enabled",
    Notice::ReleaseRegistered => "release-registered", Notice::ReleasePromoted => "release-promoted",
    Notice::ReleaseRetired => "release-retired", Notice::RetryAsked => "retry-asked",
    Notice::LoggedOut => "logged-out", Notice::SessionEnded => "session-ended",
]);
