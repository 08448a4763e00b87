// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What an answer means for whoever asked for the page. Pure.

use crate::fleet::{
    evidence::leads_to_set_up,
    health::{Failure, Sample},
};

/// An answer, as far as it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The host that was asked, as browsers send it.
    pub host: &'a str,
    /// HTTP status.
    pub status: u16,
    /// Where it leads, where it leads somewhere.
    pub location: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// What the page says of itself: an error of PHP, no database, an update.
    pub says: Option<Failure>,
    /// Time until the last byte, in milliseconds.
    pub milliseconds: u32,
}

/// What is to be done with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It tells.
    Tells(Sample),
    /// It leads to another page of the same host, which tells.
    Leads(String),
}

/// A page shorter than this, without the white space around it, is none.
const SHORTEST: usize = 32;

/// Reads an answer. `has` is a text that every page of this site has; empty where none is known.
#[must_use]
pub fn read(seen: &Seen<'_>, has: &str) -> Reading {
    let failed = |failure| Reading::Tells(Sample::Failed(failure));
    if let Some(failure) = seen.says {
        return failed(failure);
    }
    match (seen.status, seen.location) {
        (300..=399, Some(to)) if leads_to_set_up(to) => failed(Failure::SetUp),
        (300..=399, Some(to)) => within(seen.host, to).map_or_else(|| failed(Failure::Astray), Reading::Leads),
        (502..=504, _) => failed(Failure::NoUpstream),
        (500.., _) => failed(Failure::ServerError),
        (400..=499, _) => failed(Failure::ClientError),
        (200..=299, _) if seen.body.trim_ascii().len() < SHORTEST => failed(Failure::Empty),
        (200..=299, _) if !has.is_empty() && !contains(seen.body, has.as_bytes()) => failed(Failure::Unlike),
        (200..=299, _) => Reading::Tells(Sample::Served(seen.milliseconds)),
        _ => failed(Failure::Astray),
    }
}

/// The path and query that an address on the same host leads to.
fn within(host: &str, to: &str) -> Option<String> {
    if to.starts_with('/') && !to.starts_with("//") {
        return Some(to.to_owned());
    }
    let rest = to.strip_prefix("https://").or_else(|| to.strip_prefix("//"))?;
    let (its, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let path = path.split('#').next().unwrap_or_default();
    its.eq_ignore_ascii_case(host).then(|| if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[u8] = b"<!DOCTYPE html><html lang=sv><title>Lund</title><h1>Hej</h1></html>";
    const SERVED: Seen<'_> = Seen { host: "lund.se", status: 200, location: None, body: PAGE, says: None, milliseconds: 80 };

    fn failure(seen: Seen<'_>, has: &str) -> Option<Failure> {
        match read(&seen, has) {
            Reading::Tells(Sample::Failed(failure)) => Some(failure),
            _ => None,
        }
    }

    #[test]
    fn a_page_is_a_page() {
        assert_eq!(read(&SERVED, ""), Reading::Tells(Sample::Served(80)));
        assert_eq!(read(&SERVED, "<title>Lund"), Reading::Tells(Sample::Served(80)));
        assert_eq!(failure(SERVED, "<title>Ale"), Some(Failure::Unlike));
        assert_eq!(failure(Seen { body: b"  \n\n ", ..SERVED }, ""), Some(Failure::Empty));
        // What the page says of itself counts more than its status.
        for status in [200, 500, 503] {
            assert_eq!(failure(Seen { status, says: Some(Failure::NoDatabase), ..SERVED }, ""), Some(Failure::NoDatabase));
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        for (status, expected) in [
            (404, Failure::ClientError),
            (401, Failure::ClientError),
            (500, Failure::ServerError),
            (502, Failure::NoUpstream),
            (503, Failure::NoUpstream),
            (504, Failure::NoUpstream),
            (508, Failure::ServerError),
            (304, Failure::Astray),
            (101, Failure::Astray),
        ] {
            assert_eq!(failure(Seen { status, ..SERVED }, ""), Some(expected), "{status}");
        }
    }

    #[test]
    fn where_it_leads_matters() {
        let to = |location| read(&Seen { status: 302, location: Some(location), body: b"", ..SERVED }, "");
        for (location, path) in
            [("/start/", "/start/"), ("https://lund.se/start/?a=b#c", "/start/?a=b"), ("https://LUND.se", "/"), ("//lund.se?x", "/?x")]
        {
            assert_eq!(to(location), Reading::Leads(path.to_owned()), "{location}");
        }
        for location in ["https://lund.se.evil.example/", "https://evil.example/lund.se", "http://lund.se/", "//evil.example/", "start"] {
            assert_eq!(to(location), Reading::Tells(Sample::Failed(Failure::Astray)), "{location}");
        }
        assert_eq!(to("https://lund.se/wp-admin/install.php"), Reading::Tells(Sample::Failed(Failure::SetUp)));
        assert_eq!(to("/wp-admin/upgrade.php?x"), Reading::Tells(Sample::Failed(Failure::SetUp)));
    }
}
