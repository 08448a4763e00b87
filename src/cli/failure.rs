// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What can end a command early, how it is told to people, and its exit status: 1 failed, 2 wrong usage or input, 3 done but
//! not healthy, 130 when a person stopped the waiting.

use serde::Deserialize;

use super::{language::Language, style};
use crate::error::{Error, FieldError};

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// The input is wrong, or something is missing from it; nothing was done.
    Usage(FieldError),
    /// A room of Flotta said no.
    Domain(Error),
    /// The API said no.
    Api(Box<Refusal>),
    /// The control plane does not answer.
    Unreachable {
        /// Its address.
        url: String,
        /// Why, in the words of the HTTP client.
        why: String,
        /// Whether nothing listens there at all.
        refused: bool,
    },
    /// It did not work out, for a reason that is told with what to do about it.
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        fix: String,
    },
    /// Everything was said already; only the exit status is left.
    Told(u8),
}

/// An answer of the API that is not a success.
#[derive(Debug)]
pub struct Refusal {
    /// Its HTTP status.
    pub status: u16,
    /// Its body as it came.
    pub body: String,
    /// The body as a problem, where it is one.
    pub problem: Problem,
}

/// `application/problem+json`, as much of it as people are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// What kind of problem.
    pub title: String,
    /// What happened this time.
    pub detail: Option<String>,
    /// A word for programs.
    pub code: String,
    /// What is wrong with which field.
    pub errors: Vec<FieldError>,
}

/// What a command comes to: nothing more to say, or why it ended early.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Wrong input.
    pub fn usage(field: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Usage(FieldError::new(field, "usage", message, fix))
    }

    /// Whether the same call may well succeed a little later.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Api(refusal) => refusal.status == 429 || refusal.status >= 500,
            _ => false,
        }
    }

    /// It did not work out.
    pub fn failed(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), fix: fix.into() }
    }

    /// The exit status that it gives.
    #[must_use]
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Domain(Error::Invalid(_) | Error::Conflict(_)) => 2,
            Self::Api(refusal) if matches!(refusal.status, 400 | 409 | 422) => 2,
            Self::Told(status) => *status,
            _ => 1,
        }
    }

    /// What people are told; empty where everything was said.
    #[must_use]
    pub fn render(&self, language: Language, colour: bool) -> String {
        let mark = style::bad(language.pick("error:", "fel:"), colour);
        let lines = |head: &str, errors: &[FieldError]| {
            let list: String = errors.iter().map(|e| field(e, language)).collect();
            style::clean(&format!("{head}{}{list}", if head.is_empty() { "" } else { "\n" }))
        };
        let with_fix = |message: &str, fix: &str| {
            let fix_line = if fix.is_empty() { String::new() } else { format!("\n  {}: {fix}", language.pick("fix", "åtgärd")) };
            format!("{mark} {}\n", style::clean(&format!("{message}{fix_line}")))
        };
        match self {
            Self::Told(_) => String::new(),
            Self::Usage(error) | Self::Domain(Error::Conflict(error)) => {
                format!("{mark} {}", lines("", std::slice::from_ref(error)).trim_start())
            }
            Self::Domain(Error::Invalid(errors)) => {
                let head = language.pick("the input is wrong; nothing was changed", "indata är fel; inget har ändrats");
                format!("{mark} {}", lines(head, errors))
            }
            Self::Domain(other) => with_fix(&other.to_string(), ""),
            Self::Api(refusal) => {
                if refusal.problem.errors.is_empty() {
                    let (message, fix) = refusal.told(language);
                    return with_fix(&message, &fix);
                }
                // The fields say it all; the problem's own text would only say it again.
                let head = language.pick("the request was refused; nothing was changed", "begäran nekades; inget har ändrats");
                format!("{mark} {}", lines(head, &refusal.problem.errors))
            }
            Self::Unreachable { url, why, refused } => {
                let message = match language {
                    Language::En => format!("no control plane answers at {url} ({why})"),
                    Language::Sv => format!("Flotta svarar inte på {url} ({why})"),
                };
                let fix = if *refused {
                    language.pick(
                        "start it with `docker/up`, `systemctl start flotta` or `flotta serve`; if it runs elsewhere, give --url or FLOTTA_URL",
                        "starta Flotta med `docker/up`, `systemctl start flotta` eller `flotta serve`; om den körs någon annanstans, ange --url eller FLOTTA_URL",
                    )
                } else {
                    language.pick(
                        "check the address given by --url, FLOTTA_URL or the credentials file, and the network in between",
                        "kontrollera adressen från --url, FLOTTA_URL eller inloggningsfilen, och nätet dit",
                    )
                };
                with_fix(&message, fix)
            }
            Self::Failed { message, fix } => with_fix(message, fix),
        }
    }
}

fn field(error: &FieldError, language: Language) -> String {
    format!("  {}: {}\n    {}: {}\n", error.field, error.message, language.pick("fix", "åtgärd"), error.fix)
}

impl Refusal {
    /// An answer with its status and body.
    #[must_use]
    pub fn new(status: u16, body: String) -> Self {
        let problem = serde_json::from_str(&body).unwrap_or_default();
        Self { status, body, problem }
    }

    fn told(&self, language: Language) -> (String, String) {
        let said = self.problem.detail.clone().filter(|d| !d.is_empty()).unwrap_or_else(|| self.problem.title.clone());
        match self.status {
            401 => (
                language
                    .pick(
                        "you are not logged in, or the token has expired or was revoked",
                        "du är inte inloggad, eller så gäller inte din nyckel längre",
                    )
                    .to_owned(),
                language
                    .pick("log in with `flotta login`, or set FLOTTA_TOKEN", "logga in med `flotta login`, eller sätt FLOTTA_TOKEN")
                    .to_owned(),
            ),
            403 => (
                if said.is_empty() { language.pick("you may not do this", "du får inte göra detta").to_owned() } else { said },
                language
                    .pick("ask an administrator of the fleet for a role that may", "be en administratör om en roll som får det")
                    .to_owned(),
            ),
            404 if said.is_empty() => (
                language
                    .pick(
                        "there is no such thing here, or you may not know of it",
                        "det finns inte här, eller så får du inte känna till det",
                    )
                    .to_owned(),
                language.pick("the list commands show what there is", "list-kommandona visar vad som finns").to_owned(),
            ),
            status if said.is_empty() => (
                format!("{} {status}", language.pick("the control plane answered", "Flotta svarade")),
                language.pick("look at its log", "se dess logg").to_owned(),
            ),
            500.. => (
                said,
                language
                    .pick("try again; if it stays, look at the control plane's log", "försök igen; om det kvarstår, se Flottas logg")
                    .to_owned(),
            ),
            _ => (said, String::new()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        Self::Usage(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_field_and_fix_and_gives_two() {
        let body = r#"{"type":"about:blank","title":"Conflict","status":409,"detail":"nothing was changed","code":"domain-taken",
            "errors":[{"field":"domain","code":"domain-taken","message":"the domain is taken","fix":"choose another domain"}]}"#;
        let failure = Failure::Api(Box::new(Refusal::new(409, body.to_owned())));
        assert_eq!(failure.status(), 2);
        assert_eq!(
            failure.render(Language::En, false),
            "error: the request was refused; nothing was changed\n  domain: the domain is taken\n    fix: choose another domain\n"
        );
        assert!(failure.render(Language::Sv, false).contains("åtgärd: choose another domain"));
    }

    #[test]
    fn statuses_follow_the_kind() {
        assert_eq!(Failure::Api(Box::new(Refusal::new(404, String::new()))).status(), 1);
        assert_eq!(Failure::Api(Box::new(Refusal::new(422, String::new()))).status(), 2);
        assert_eq!(Failure::Unreachable { url: "x".into(), why: "y".into(), refused: true }.status(), 1);
        assert_eq!(Failure::Domain(Error::Invalid(vec![])).status(), 2);
        assert_eq!(Failure::usage("a", "b", "c").status(), 2);
    }
}
