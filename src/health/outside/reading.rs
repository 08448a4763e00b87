// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an answer means at an address that is no site's: somebody else runs it, so that less is known of how its pages look. Pure.

use crate::{
    drivers::{outside::leads, probe::Answer},
    fleet::{
        health::{Failure, Sample},
        outside::{Expects, Subject},
    },
};

/// What is to be done with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It tells.
    Tells(Sample),
    /// It leads to another page, which tells.
    Leads(Subject),
}

/// Reads the answer of what was asked, which came after so many milliseconds in all.
#[must_use]
pub fn read(asked: &Subject, answer: &Answer, milliseconds: u32, expects: &Expects) -> Reading {
    let failed = |failure| Reading::Tells(Sample::Failed(failure));
    let holds = expects.keyword.is_empty() || memchr::memmem::find(&answer.body, expects.keyword.as_bytes()).is_some();
    if expects.status == Some(answer.status) {
        return if holds { Reading::Tells(Sample::Served(milliseconds)) } else { failed(Failure::Unlike) };
    }
    match (answer.status, answer.location.as_deref()) {
        (300..=399, Some(to)) => leads(asked, to).map_or_else(|_| failed(Failure::Astray), Reading::Leads),
        (502..=504, _) => failed(Failure::NoUpstream),
        (500.., _) => failed(Failure::ServerError),
        (400..=499, _) => failed(Failure::ClientError),
        // Another status than the one that was expected.
        (200..=299, _) if expects.status.is_some() => failed(Failure::Unlike),
        (200..=299, _) if !holds => failed(Failure::Unlike),
        (200..=299, _) if answer.body.trim_ascii().is_empty() && answer.status == 200 => failed(Failure::Empty),
        (200..=299, _) => Reading::Tells(Sample::Served(milliseconds)),
        _ => failed(Failure::Astray),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, location: Option<&str>, body: &'static str, expects: &Expects) -> Result<String, Failure> {
        let asked = Subject { host: "portal.lund.se".into(), path: "/".into(), plain: false, ours: false };
        let answer = Answer { status, location: location.map(str::to_owned), body: body.into(), milliseconds: 7 };
        match read(&asked, &answer, 80, expects) {
            Reading::Tells(Sample::Failed(failure)) => Err(failure),
            Reading::Tells(sample) => Ok(format!("{sample:?}")),
            Reading::Leads(to) => Ok(to.url()),
        }
    }

    #[test]
    fn what_is_expected_counts_first() {
        let any = Expects::default();
        let served = Ok("Served(80)".to_owned());
        assert_eq!(of(200, None, "hej", &any), served);
        assert_eq!(of(204, None, "", &any), served);
        assert_eq!(of(200, None, " ", &any), Err(Failure::Empty));
        assert_eq!(of(302, Some("https://logga-in.lund.se/?a"), "", &any), Ok("https://logga-in.lund.se/?a".to_owned()));
        assert_eq!(of(302, Some("http://portal.lund.se/"), "", &any), Err(Failure::Astray));
        assert_eq!(of(302, Some("https://10.0.0.1/"), "", &any), Err(Failure::Astray));
        for (status, failure) in
            [(404, Failure::ClientError), (500, Failure::ServerError), (503, Failure::NoUpstream), (304, Failure::Astray)]
        {
            assert_eq!(of(status, None, "hej", &any), Err(failure));
        }
        let closed = Expects { status: Some(401), keyword: "Logga in".into(), plain: false };
        assert_eq!(of(401, None, "<p>Logga in</p>", &closed), served);
        assert_eq!(of(401, None, "<p>Log in</p>", &closed), Err(Failure::Unlike));
        assert_eq!(of(200, None, "<p>Logga in</p>", &closed), Err(Failure::Unlike));
        let moved = Expects { status: Some(301), ..any };
        assert_eq!(of(301, Some("https://elsewhere.se/"), "", &moved), served);
    }
}
