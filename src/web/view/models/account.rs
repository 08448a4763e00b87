// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! One's own account.

use serde::Serialize;

use super::{Model, PermissionChoice, TokenForm, TokenRow};
use crate::{error::FieldError, fleet::Role, web::view::Page};

/// One's own account, at `GET /account`. Forms: `POST /account/password` (`current`, `password`, `again`),
/// `POST /account/language` (`language`), `POST /account/tokens`,
/// `POST /account/tokens/{id}/revoke`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountPage {
    /// Name.
    pub name: String,
    /// Log-in name.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Slugs that a web manager is bound to.
    pub municipalities: Vec<String>,
    /// Chosen language: `sv`, `en`, or empty for the browser's.
    pub language: String,
    /// One's tokens, newest first.
    pub tokens: Vec<TokenRow>,
    /// The form for a new token.
    pub form: TokenForm,
    /// What a new token may be given.
    pub permissions: Vec<PermissionChoice>,
    /// Fewest characters of a password.
    pub password_minimum: u32,
    /// What is wrong: fields `current`, `password`, `again`, `name`, `days`, `permission`.
    pub errors: Vec<FieldError>,
    /// The secret of a token that was just made; answered once, with `Cache-Control: no-store`.
    pub new_token: Option<String>,
    /// The same by command.
    pub command: String,
}

impl Model for AccountPage {
    const PAGE: Page = Page::Account;
}
