// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a page says about itself, and whether WordPress or PHP broke while making it. Pure.

use crate::fleet::health::Failure;

/// The text of `<title>`, at most 200 characters.
pub(super) fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let inner = element(&lower, "title").and_then(|tag| {
        let start = tag + lower[tag..].find('>')? + 1;
        let end = start + lower[start..].find("</title")?;
        Some(&page[start..end])
    });
    let text = unescape(inner.unwrap_or_default());
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

/// The `lang` of `<html>`, at most 35 characters.
pub(super) fn language(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let found = element(&lower, "html").and_then(|tag| {
        let end = tag + lower[tag..].find('>')?;
        let attributes = &page[tag..end];
        let at = lower[tag..end].match_indices("lang").find_map(|(i, _)| {
            let alone = attributes[..i].ends_with(|c: char| c.is_ascii_whitespace());
            let rest = attributes[i + 4..].trim_start().strip_prefix('=')?.trim_start();
            alone.then_some(rest)
        })?;
        let value = match at.chars().next()? {
            quote @ ('"' | '\'') => at[1..].split(quote).next()?,
            _ => at.split(|c: char| c.is_ascii_whitespace() || c == '/').next()?,
        };
        Some(value)
    });
    found.unwrap_or_default().chars().take(35).collect()
}

/// Whether the page holds a PHP error that ended it, WordPress's page for a database that does not answer, or its page for a
/// critical error, in Swedish or English. An article *about* such errors is not one.
pub(super) fn broken(status: u16, page: &str) -> bool {
    fatal(page) || wordpress_failed(status, page).is_some()
}

/// `Fatal error: Uncaught … in /var/www/… on line 12`, with or without markup: the file and the line make the difference.
fn fatal(page: &str) -> bool {
    ["Fatal error", "Parse error", "Recoverable fatal error"].iter().any(|word| {
        page.match_indices(word).any(|(at, _)| {
            let rest: String = page[at + word.len()..].chars().take(4000).collect();
            let after = rest.strip_prefix("</b>").unwrap_or(&rest);
            let Some(after) = after.strip_prefix(':') else { return false };
            let plain = after.replace("<b>", "").replace("</b>", "");
            plain.contains(" on line ") && (plain.contains(" in /") || plain.contains(" in phar:"))
        })
    })
}

/// WordPress's last resort pages all have the body `error-page`; translations differ in age and wording.
fn wordpress_failed(status: u16, page: &str) -> Option<Failure> {
    let says = |words: &[&str]| words.iter().any(|w| page.contains(w));
    let database = says(&[
        "<h1>Error establishing a database connection</h1>",
        "<h1>Ett fel uppstod vid anslutning till databasen</h1>",
        "<title>Database Error</title>",
        "<title>Databasfel</title>",
    ]);
    let resort = says(&["id=\"error-page\"", "id='error-page'", "class=\"wp-die-message\""]);
    if database && (resort || status >= 500) {
        return Some(Failure::NoDatabase);
    }
    // `wp_maintenance()` in wp-includes/load.php.
    if resort && status == 503 && says(&["<title>Maintenance</title>", "<title>Underhåll</title>"]) {
        return Some(Failure::Maintenance);
    }
    let critical = says(&["There has been a critical error on this website", "kritiskt fel"]);
    (resort && (status >= 500 || critical)).then_some(Failure::Fatal)
}

/// What a page says is wrong with its site; none where it says nothing.
#[must_use]
pub fn complaint(status: u16, body: &[u8]) -> Option<Failure> {
    // Nearly every page has none of these, and is done with.
    let marks = ["atal error", "arse error", "error-page", "wp-die-message", "<h1>E", "<title>Databas"];
    marks.iter().find(|mark| memchr::memmem::find(body, mark.as_bytes()).is_some())?;
    let page = String::from_utf8_lossy(body);
    wordpress_failed(status, &page).or_else(|| fatal(&page).then_some(Failure::Fatal))
}

/// Where an element's tag begins.
fn element(lower: &str, name: &str) -> Option<usize> {
    lower.match_indices(name).find_map(|(at, _)| {
        let opens = lower[..at].ends_with('<');
        let ends = lower[at + name.len()..].starts_with(|c: char| c == '>' || c.is_ascii_whitespace());
        (opens && ends).then_some(at - 1)
    })
}

/// The entities that titles hold.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().take(12).find(|(_, c)| *c == ';').map(|(i, _)| i);
        let read = end.and_then(|end| entity(&rest[1..end]).map(|c| (c, end)));
        match read {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#').and_then(|n| match n.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => n.parse().ok(),
    });
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "ndash" => Some('–'),
        "mdash" => Some('—'),
        "aring" => Some('å'),
        "auml" => Some('ä'),
        "ouml" => Some('ö'),
        "Aring" => Some('Å'),
        "Auml" => Some('Ä'),
        "Ouml" => Some('Ö'),
        _ => number.and_then(char::from_u32).filter(|c| !c.is_control()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_and_language() {
        let page = "<!DOCTYPE html>\n<html class=\"no-lang\" lang=\"sv-SE\">\n<head><meta x>\n<TITLE>\n Habo &#8211; V&auml;lkommen &amp; hej\n</TITLE>";
        assert_eq!(title(page), "Habo – Välkommen & hej");
        assert_eq!(language(page), "sv-SE");
        assert_eq!(language("<html xml:lang='en' lang=nb>"), "nb");
        assert_eq!(language("<html>"), "");
        assert_eq!(title("<svg><titles>x</titles></svg>"), "");
        assert_eq!(title("<title>ofinished"), "");
        assert_eq!(title("<title>a &bogus; &#0; &</title>"), "a &bogus; &#0; &");
        assert_eq!(title(&format!("<title>{}</title>", "å".repeat(300))).chars().count(), 200);
        // Upper case that grows when lowered must not shift places.
        assert_eq!(title("İ<title>İ ok</title>"), "İ ok");
    }

    #[test]
    fn broken_pages_are_known() {
        for page in [
            "<br />\n<b>Fatal error</b>:  Uncaught Error: Call to undefined function x() in /var/www/html/a.php:3\nStack trace:\n#0 {main}\n  thrown in <b>/var/www/html/a.php</b> on line <b>3</b><br />",
            "PHP Parse error: syntax error, unexpected token in /var/www/html/wp-config.php on line 7",
            "<body id=\"error-page\"><div class=\"wp-die-message\"><h1>Error establishing a database connection</h1></div></body>",
            "<body id=\"error-page\"><div class=\"wp-die-message\"><p>There has been a critical error on this website.</p></div>",
            "<body id=\"error-page\"><div class=\"wp-die-message\"><p>Det har uppstått ett kritiskt fel på denna webbplats.</p></div>",
            "<body id=\"error-page\"><div class=\"wp-die-message\"><h1>Ett fel uppstod vid anslutning till databasen</h1></div></body>",
        ] {
            assert!(broken(200, page), "{page}");
        }
        assert!(broken(500, "<body id=\"error-page\">Något gick fel"));
    }

    #[test]
    fn pages_about_errors_are_not_broken() {
        for page in [
            "<h1>Fatal error: en film</h1><p>Kommunens filmklubb</p>",
            "<p>If you see <code>Fatal error:</code>, call us. There has been a critical error on this website, it says.</p>",
            "<h2>Error establishing a database connection</h2><p>What to do</p>",
        ] {
            assert!(!broken(200, page), "{page}");
        }
        // A refused log-in is a page of its own kind, not a failure.
        assert!(!broken(403, "<body id=\"error-page\">Du har inte behörighet"));
    }
}
