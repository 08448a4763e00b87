// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What forms share: a refusal is told beside the fields, and what was typed is given back.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    error::{Error, FieldError, Result},
    web::{guard::Note, problem},
};

/// Why a form was not taken.
#[derive(Debug)]
pub struct Refused {
    /// The status to answer with.
    pub status: StatusCode,
    /// What is wrong, field by field.
    pub errors: Vec<FieldError>,
}

/// Sorts out what is wrong with a form, and notes it for the audit log.
///
/// # Errors
/// Whatever concerns no field: that has a page of its own.
pub fn refused(note: &Note, error: Error) -> Result<Refused> {
    let status = problem::status(&error);
    let errors = match error {
        Error::Invalid(all) => all,
        Error::Conflict(one) => vec![one],
        other => return Err(other),
    };
    note.detail("errors", errors.iter().map(|e| json!({"field": e.field, "code": e.code})).collect::<Value>());
    Ok(Refused { status, errors })
}

/// The same error under another code, where the page's own words for it differ from the API's.
#[must_use]
pub fn coded(error: FieldError, from: &str, to: &str) -> FieldError {
    if error.code == from { FieldError { code: to.to_owned(), ..error } } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_fields_comes_back_to_the_form() {
        let field = || FieldError::new("name", "invalid-name", "bad", "write another");
        let note = Note::default();
        assert_eq!(refused(&note, Error::field(field())).unwrap().status, StatusCode::BAD_REQUEST);
        assert_eq!(refused(&note, Error::Conflict(field())).unwrap().status, StatusCode::CONFLICT);
        assert!(refused(&note, Error::not_found("user")).is_err());
        assert!(refused(&note, Error::Throttled { retry_after_seconds: 1 }).is_err());
        assert_eq!(coded(field(), "invalid-name", "x").code, "x");
        assert_eq!(coded(field(), "other", "x").code, "invalid-name");
    }
}
