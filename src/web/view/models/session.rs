// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Logging in.

use serde::Serialize;

use super::Model;
use crate::{error::FieldError, web::view::Page};

/// The log-in form: sends `email`, `password` and `next` to `POST /login`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LogInPage {
    /// What was typed.
    pub email: String,
    /// Where to go afterwards: a path of this site.
    pub next: String,
    /// The pair was wrong. The page does not tell which of the two.
    pub wrong: bool,
    /// Seconds to wait after too many attempts.
    pub wait_seconds: Option<u64>,
    /// Errors of single fields, such as an empty one.
    pub errors: Vec<FieldError>,
}

impl Model for LogInPage {
    const PAGE: Page = Page::LogIn;
}
