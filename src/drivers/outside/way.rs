// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Where an answer leads, and what a page says to search engines. Pure.

use url::Url;

use crate::fleet::{
    Domain,
    outside::{Subject, WayEnd},
};

/// An address is no longer than this, in bytes.
const LONGEST: usize = 2000;

/// Where a `Location` leads from what was asked.
///
/// # Errors
/// How the way ends, where it leads nowhere that may be asked.
pub(crate) fn leads(from: &Subject, location: &str) -> Result<Subject, WayEnd> {
    let to = Url::parse(&from.url()).ok().and_then(|base| base.join(location).ok()).filter(|to| to.as_str().len() <= LONGEST);
    let to = to.ok_or(WayEnd::Astray)?;
    let plain = match to.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(WayEnd::Astray),
    };
    if !to.username().is_empty() || to.password().is_some() {
        return Err(WayEnd::Astray);
    }
    if plain && !from.plain {
        return Err(WayEnd::Downgrade);
    }
    // An address of a machine is no host name.
    let domain: Domain = to.host_str().and_then(|host| host.parse().ok()).ok_or(WayEnd::Astray)?;
    let host = to.port().map_or_else(|| domain.to_string(), |port| format!("{domain}:{port}"));
    let query = to.query().map(|query| format!("?{query}")).unwrap_or_default();
    let ours = from.ours && domain.as_str() == from.name();
    let to = Subject { host, path: format!("{}{query}", to.path()), plain, ours };
    if to.has_fit_port() { Ok(to) } else { Err(WayEnd::Astray) }
}

/// Whether a `X-Robots-Tag` keeps search engines away.
pub(super) fn header_says_noindex(value: &str) -> bool {
    value.split(',').map(str::trim).any(is_noindex)
}

fn is_noindex(word: &str) -> bool {
    // `googlebot: noindex` is for one of them.
    matches!(word.to_ascii_lowercase().as_str(), "noindex" | "none")
}

/// Whether a page's `<meta name="robots">` does.
pub(super) fn page_says_noindex(page: &[u8]) -> bool {
    if memchr::memmem::find(page, b"robots").is_none() && memchr::memmem::find(page, b"ROBOTS").is_none() {
        return false;
    }
    let page = scraper::Html::parse_document(&String::from_utf8_lossy(page));
    let Ok(metas) = scraper::Selector::parse("meta[name][content]") else { return false };
    page.select(&metas).any(|meta| {
        let is_robots = meta.attr("name").is_some_and(|name| name.trim().eq_ignore_ascii_case("robots"));
        is_robots && meta.attr("content").is_some_and(header_says_noindex)
    })
}

/// For how long browsers are told to come by `https` only, in seconds.
pub(super) fn hsts(value: &str) -> Option<u64> {
    let age = |part: &str| {
        let (name, value) = part.trim().split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.trim().trim_matches('"').parse().ok())?
    };
    value.split(';').find_map(age).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, plain: bool) -> Subject {
        Subject { host: host.to_owned(), path: "/start/".to_owned(), plain, ours: true }
    }

    #[test]
    fn an_answer_leads_where_a_browser_would_go() {
        let to = |location| leads(&at("lund.se", false), location).map(|to| (to.url(), to.ours));
        for (location, url, ours) in [
            ("/a?b=c#d", "https://lund.se/a?b=c", true),
            ("sida", "https://lund.se/start/sida", true),
            ("//www.lund.se", "https://www.lund.se/", false),
            ("https://LUND.se:443/x", "https://lund.se/x", true),
            ("https://portal.lund.se:8443/", "https://portal.lund.se:8443/", false),
        ] {
            assert_eq!(to(location), Ok((url.to_owned(), ours)), "{location}");
        }
        for (location, end) in [
            ("http://lund.se/", WayEnd::Downgrade),
            ("https://127.0.0.1/", WayEnd::Astray),
            ("https://[::1]/", WayEnd::Astray),
            ("https://2130706433/", WayEnd::Astray),
            ("https://user:secret@lund.se/", WayEnd::Astray),
            ("file:///etc/passwd", WayEnd::Astray),
            ("javascript:alert(1)", WayEnd::Astray),
            ("https://internal/", WayEnd::Astray),
            ("https://", WayEnd::Astray),
            ("https://lund.se:25/", WayEnd::Astray),
        ] {
            assert_eq!(to(location), Err(end), "{location}");
        }
        assert!(leads(&at("lund.se", false), &format!("/{}", "x".repeat(3000))).is_err());
        assert_eq!(leads(&at("lund.se:8080", true), "https://lund.se/").map(|to| to.url()), Ok("https://lund.se/".to_owned()));
    }

    #[test]
    fn search_engines_are_told_in_two_places() {
        for (value, said) in [("noindex", true), ("NOINDEX, nofollow", true), ("none", true), ("all", false), ("googlebot: noindex", false)]
        {
            assert_eq!(header_says_noindex(value), said, "{value}");
        }
        for (page, said) in [
            ("<meta name='robots' content='noindex, nofollow' />", true),
            ("<META NAME=\"ROBOTS\" CONTENT=\"NOINDEX\">", true),
            ("<meta content=noindex name=robots>", true),
            ("<meta name='robots' content='max-image-preview:large'>", false),
            ("<p>robots noindex</p>", false),
            ("<!-- <meta name=robots content=noindex> -->", false),
        ] {
            assert_eq!(page_says_noindex(page.as_bytes()), said, "{page}");
        }
    }

    #[test]
    fn strict_transport_security_is_read() {
        for (value, seconds) in [
            ("max-age=31536000; includeSubDomains", Some(31_536_000)),
            ("includeSubDomains; Max-Age=\"60\"", Some(60)),
            ("max-age=0", None),
            ("x", None),
        ] {
            assert_eq!(hsts(value), seconds, "{value}");
        }
    }
}
