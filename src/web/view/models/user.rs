// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! People who can log in, and their tokens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Choice, Model};
use crate::{
    error::FieldError,
    fleet::{
        Role,
        access::{ApiToken, Permission, User},
    },
    web::view::Page,
};

/// One user in the list.
#[derive(Clone, Debug, Serialize)]
pub struct UserRow {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Log-in name.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Slugs that a web manager is bound to.
    pub municipalities: Vec<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Last log-in, where there was one.
    pub last_seen_at: Option<Timestamp>,
    /// Since when it cannot be used.
    pub disabled_at: Option<Timestamp>,
    /// How many of its tokens work.
    pub tokens: usize,
}

/// Users, at `GET /users`.
#[derive(Clone, Debug, Serialize)]
pub struct UsersPage {
    /// Them, by name.
    pub rows: Vec<UserRow>,
    /// How many can log in.
    pub active: usize,
    /// Whether the page offers to make and change users.
    pub may_manage: bool,
    /// The same by command.
    pub command: String,
}

impl Model for UsersPage {
    const PAGE: Page = Page::Users;
}

/// The form as typed; sent to `POST /users` or `POST /users/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserForm {
    /// Name.
    pub name: String,
    /// Log-in name.
    pub email: String,
    /// Role.
    pub role: String,
    /// Slugs that a web manager is bound to, with commas or spaces between.
    pub municipalities: String,
    /// Language of pages: `sv`, `en`, or empty for the browser's.
    pub language: String,
}

impl Default for UserForm {
    fn default() -> Self {
        Self {
            name: String::new(),
            email: String::new(),
            role: "web-manager".to_owned(),
            municipalities: String::new(),
            language: String::new(),
        }
    }
}

impl UserForm {
    /// The form that holds a user as stored; `slugs` are those of the user's municipalities.
    #[must_use]
    pub fn of(user: &User, slugs: &[String]) -> Self {
        Self {
            name: user.name.clone(),
            email: user.email.to_string(),
            role: user.role.to_string(),
            municipalities: slugs.join(", "),
            language: user.language.clone().unwrap_or_default(),
        }
    }

    /// The slugs typed.
    #[must_use]
    pub fn slugs(&self) -> Vec<&str> {
        self.municipalities.split([',', ' ', '\n', '\r', ';']).map(str::trim).filter(|slug| !slug.is_empty()).collect()
    }
}

/// One user: a new one at `GET /users/new`, a known one at `GET /users/{id}`.
#[derive(Clone, Debug, Serialize)]
pub struct UserPage {
    /// The user's id; none for a new one.
    pub id: Option<String>,
    /// Name as stored, for the heading.
    pub name: String,
    /// The form.
    pub form: UserForm,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// Roles to choose from.
    pub roles: Vec<Role>,
    /// Municipalities, to be suggested: value is the slug, label the name.
    pub municipality_choices: Vec<Choice>,
    /// Since when the account cannot be used.
    pub disabled_at: Option<Timestamp>,
    /// Whether this is the caller's own account, which one cannot disable.
    pub is_self: bool,
    /// Whether the page offers to change anything.
    pub may_manage: bool,
    /// The user's tokens.
    pub tokens: Vec<TokenRow>,
    /// A password that was just made for the user (`POST /users`, `POST /users/{id}/password`); answered once, with
    /// `Cache-Control: no-store`.
    pub new_password: Option<String>,
    /// The same by command.
    pub command: String,
}

impl Model for UserPage {
    const PAGE: Page = Page::User;
}

/// One token, without its secret.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// First characters of its secret.
    pub prefix: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// `active`, `expired` or `revoked`.
    pub state: &'static str,
}

impl TokenRow {
    /// From a token as stored.
    #[must_use]
    pub fn of(token: &ApiToken, now: Timestamp) -> Self {
        let state = match token.revoked_at {
            Some(_) => "revoked",
            None if token.expires_at <= now => "expired",
            None => "active",
        };
        Self {
            id: token.id.text(),
            name: token.name.clone(),
            prefix: token.prefix.clone(),
            permissions: token.permissions.clone(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            state,
        }
    }
}

/// The form for a new token as typed; sent to `POST /account/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    /// What it is for.
    pub name: String,
    /// Days that it lasts.
    pub days: String,
    /// What it may do: repeated field `permission`.
    pub permissions: Vec<Permission>,
}

impl Default for TokenForm {
    fn default() -> Self {
        Self { name: String::new(), days: "90".to_owned(), permissions: vec![Permission::ReadFleet] }
    }
}

/// A permission to tick.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PermissionChoice {
    /// Which.
    pub permission: Permission,
    /// Whether it is ticked.
    pub ticked: bool,
}

impl PermissionChoice {
    /// What a role may hand to a token, with the form's ticks.
    #[must_use]
    pub fn for_role(role: Role, form: &TokenForm) -> Vec<Self> {
        Permission::ALL
            .into_iter()
            .filter(|permission| role.may(*permission))
            .map(|permission| Self { permission, ticked: form.permissions.contains(&permission) })
            .collect()
    }
}
