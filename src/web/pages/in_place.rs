// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is wrong with a form, told on the form itself, with what was typed still there.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    error::{Error, FieldError, Result},
    web::{guard::Note, problem},
};

/// Sorts out an error: what a form can tell, with the status of its page; anything else is given back for a page of its own.
/// The audit log gets what the API's answer would put there.
///
/// # Errors
/// The error itself, where it is not about what was asked.
pub(super) fn told(note: &Note, error: Error) -> Result<(StatusCode, Vec<FieldError>)> {
    let status = problem::status(&error);
    let code = problem::of(&error).code;
    let errors = match error {
        Error::Invalid(errors) => errors,
        Error::Conflict(error) => vec![error],
        Error::Exhausted { what, fix } => {
            // Memory has a field that can be changed; for the rest there is only the summary, which shows no fix beside it.
            let memory = what.contains("memory");
            vec![if memory {
                FieldError::new("memory_mib", "no-room", what, fix)
            } else {
                FieldError::new("form", "no-room", format!("{what}; {fix}"), "")
            }]
        }
        other => return Err(other),
    };
    note.detail("code", code);
    note.detail("errors", Value::Array(errors.iter().map(|e| json!({"field": e.field, "code": e.code})).collect()));
    Ok((status, errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::OutsideKind;

    #[test]
    fn only_what_the_form_can_tell_is_told_there() {
        let note = Note::default();
        let field = || FieldError::new("slug", "slug-taken", "taken", "choose another");
        assert_eq!(told(&note, Error::Conflict(field())).unwrap(), (StatusCode::CONFLICT, vec![field()]));
        assert_eq!(told(&note, Error::Invalid(vec![field(), field()])).unwrap().1.len(), 2);
        let room = told(&note, Error::Exhausted { what: "not enough memory: 1".into(), fix: "x".into() }).unwrap();
        assert_eq!((room.0, room.1[0].field.as_str()), (StatusCode::CONFLICT, "memory_mib"));
        let disk = told(&note, Error::Exhausted { what: "not enough disk".into(), fix: "free some".into() }).unwrap();
        assert_eq!(disk.1[0].message, "not enough disk; free some");
        assert!(told(&note, Error::not_found("municipality")).is_err());
        assert!(told(&note, Error::outside("engine", OutsideKind::Unreachable, "x")).is_err());
    }
}
