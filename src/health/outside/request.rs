// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! An address that somebody wants checked, as it was typed. Pure.

use crate::{
    error::{Error, FieldError, Result},
    fleet::outside::{Expects, NewAddress, Subject},
};

/// A name is no longer than this, in characters.
const LABEL: usize = 100;
/// Nor is a text that the page must hold.
const KEYWORD: usize = 200;

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed<'a> {
    /// The whole address.
    pub address: &'a str,
    /// Its name for people.
    pub label: &'a str,
    /// The status that is expected; none is any that means success.
    pub status: Option<u32>,
    /// A text that the page holds.
    pub keyword: &'a str,
}

/// What it means. `local` is whether names of this machine only (`*.localhost`) may be asked.
///
/// # Errors
/// Names every wrong field.
pub fn address(typed: &Typed<'_>, local: bool) -> Result<NewAddress> {
    let mut errors = Vec::new();
    let place = place(typed.address.trim(), local).map_err(|error| errors.push(error)).ok();
    let label = text("label", typed.label, LABEL).map_err(|error| errors.push(error)).unwrap_or_default();
    let keyword = text("keyword", typed.keyword, KEYWORD).map_err(|error| errors.push(error)).unwrap_or_default();
    let status = typed.status.map(|status| u16::try_from(status).unwrap_or_default());
    if status.is_some_and(|status| !(200..=599).contains(&status)) {
        errors.push(FieldError::new("status", "out-of-range", "no page answers with such a status", "give 200 to 599, or leave it out"));
    }
    match place {
        Some(Subject { host, path, plain, .. }) if errors.is_empty() => {
            Ok(NewAddress { host, path, label, expects: Expects { plain, status, keyword } })
        }
        _ => Err(Error::Invalid(errors)),
    }
}

fn text(field: &str, text: &str, most: usize) -> Result<String, FieldError> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(FieldError::new(field, "too-long", "the text is too long", format!("write at most {most} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(field, "invalid-text", "the text holds a character that cannot be seen", "leave it out"));
    }
    Ok(text.to_owned())
}

fn place(text: &str, local: bool) -> Result<Subject, FieldError> {
    let place = Subject::parse(text)?;
    if !local && place.is_local() {
        let fix = "give the public name, or let the administrator of the platform allow 127.0.0.0/8 in outside.allowed_ranges";
        return Err(FieldError::new("address", "address-local", "the name is one of this machine only", fix));
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<(String, String, bool), String> {
        match address(&Typed { address: text, ..Typed::default() }, false) {
            Ok(new) => Ok((new.host, new.path, new.expects.plain)),
            Err(Error::Invalid(errors)) => Err(errors.iter().map(|e| format!("{}:{}", e.field, e.code)).collect::<Vec<_>>().join(" ")),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn addresses_are_read_as_browsers_do() {
        for (text, host, path, plain) in [
            ("https://E-tjanster.Lund.se", "e-tjanster.lund.se", "/", false),
            (" https://lund.se:443/a?b=c#d ", "lund.se", "/a?b=c", false),
            ("http://lund.se:8080/å", "lund.se:8080", "/%C3%A5", true),
            ("https://malmö.se/", "xn--malm-8qa.se", "/", false),
        ] {
            assert_eq!(one(text), Ok((host.to_owned(), path.to_owned(), plain)), "{text}");
        }
    }

    #[test]
    fn what_must_not_be_asked_is_refused_by_name() {
        for (text, codes) in [
            ("", "address:invalid-address"),
            ("lund.se", "address:invalid-address"),
            ("ftp://lund.se/", "address:invalid-address"),
            ("file:///etc/passwd", "address:invalid-address"),
            ("https://user:secret@lund.se/", "address:address-credentials"),
            ("https://user@lund.se/", "address:address-credentials"),
            ("https://10.0.0.1/", "address:invalid-domain"),
            ("https://0x7f.1/", "address:invalid-domain"),
            ("https://[::1]/", "address:invalid-domain"),
            ("https://localhost/", "address:invalid-domain"),
            ("https://x.localhost/", "address:address-local"),
            ("https://db.internal/", "address:unknown-suffix"),
            ("https://lund.se:22/", "address:invalid-address"),
        ] {
            assert_eq!(one(text), Err(codes.to_owned()), "{text}");
        }
        let long = "x".repeat(201);
        let all = Typed { address: "x", label: &long, status: Some(99), keyword: "a\u{7}" };
        let Err(Error::Invalid(errors)) = address(&all, true) else { panic!("accepted") };
        let fields: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["address", "label", "keyword", "status"]);
        assert!(errors.iter().all(|e| !e.fix.is_empty() && !e.message.contains("secret")));
        assert!(address(&Typed { address: "https://x.localhost/", ..Typed::default() }, true).is_ok());
    }
}
