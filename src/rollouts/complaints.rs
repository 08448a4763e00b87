// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What PHP and WordPress complain of in a page's text or a container's output, told so that the same complaint is known again.
//! Pure.

use std::collections::BTreeMap;

use crate::fleet::evidence::{Finding, Level};

/// The words with which PHP begins, the grave ones first.
const KINDS: [(&str, bool); 7] = [
    ("Recoverable fatal error", true),
    ("Fatal error", true),
    ("Parse error", true),
    ("Warning", false),
    ("Notice", false),
    ("Deprecated", false),
    ("Strict Standards", false),
];
const DATABASE: &str = "WordPress database error ";
/// A complaint is no longer than this.
const LONGEST: usize = 4000;
/// So much of its message is told.
const TOLD: usize = 200;

/// One complaint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// PHP's word for it, or `Database error`.
    pub kind: String,
    /// What it says, without numbers, long ids and folders.
    pub message: String,
    /// In which file of the site; empty where it does not say.
    pub file: String,
    /// On which line.
    pub line: u32,
    /// Whether it ended the request.
    pub fatal: bool,
}

impl Complaint {
    /// What it is known by: a line that moved is no other complaint.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}: {} in {}", self.kind, self.message, self.file)
    }
}

/// Every complaint in a text, in its order.
#[must_use]
pub fn in_text(text: &str) -> Vec<Complaint> {
    let mut found: Vec<(usize, Complaint)> = Vec::new();
    for (kind, fatal) in KINDS {
        for (at, _) in text.match_indices(kind) {
            if let Some((message, file, line)) = text[at + kind.len()..].trim_start().strip_prefix(':').and_then(told) {
                found.push((at, Complaint { kind: kind.to_owned(), message, file, line, fatal }));
            }
        }
    }
    for (at, _) in text.match_indices(DATABASE) {
        let rest = head(&text[at + DATABASE.len()..]);
        let message = plain(rest.split(" for query ").next().unwrap_or(rest).lines().next().unwrap_or_default());
        found.push((at, Complaint { kind: "Database error".to_owned(), message, file: String::new(), line: 0, fatal: false }));
    }
    found.sort();
    found.into_iter().map(|(_, complaint)| complaint).collect()
}

/// The beginning of a text, at most [`LONGEST`] bytes.
fn head(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// `message in /var/www/… on line 12`: message, file and line.
fn told(rest: &str) -> Option<(String, String, u32)> {
    let rest = head(rest);
    let end = rest.find(" on line ")?;
    let line: String = rest[end + " on line ".len()..].chars().take_while(char::is_ascii_digit).collect();
    let before = &rest[..end];
    let file = before.rfind(" in /").map(|at| &before[at + 4..])?;
    let message = before.split(" in /").next().unwrap_or(before);
    Some((plain(message), within_site(file.trim()), line.parse().unwrap_or(0)))
}

/// The file's place in the site.
fn within_site(file: &str) -> String {
    let at = ["/wp-content/", "/wp-includes/", "/wp-admin/"].iter().filter_map(|folder| file.find(folder)).min();
    match at {
        Some(at) => file[at + 1..].to_owned(),
        None => file.rsplit('/').next().unwrap_or(file).to_owned(),
    }
}

/// A message without what differs from one time to the next.
fn plain(message: &str) -> String {
    let mut words = Vec::new();
    for word in message.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        let id = bare.len() >= 8 && bare.bytes().all(|b| b.is_ascii_hexdigit());
        let word = if bare.starts_with('/') { word.replace(bare, &within_site(bare)) } else { word.to_owned() };
        let mut out = String::new();
        for c in word.chars() {
            match c {
                _ if id => {}
                '0'..='9' if out.ends_with('#') => {}
                '0'..='9' => out.push('#'),
                c => out.push(c),
            }
        }
        words.push(if id { "#".to_owned() } else { out });
    }
    words.join(" ").chars().take(TOLD).collect()
}

/// What a container's output complains of that the other's did not. A fatal error is grave; all else is worth a look.
#[must_use]
pub fn compare(before: &str, after: &str) -> Vec<Finding> {
    let known: Vec<String> = in_text(before).iter().map(Complaint::key).collect();
    let mut new: BTreeMap<String, (Complaint, u32)> = BTreeMap::new();
    for complaint in in_text(after).into_iter().filter(|c| !known.contains(&c.key())) {
        new.entry(complaint.key()).or_insert((complaint, 0)).1 += 1;
    }
    let finding = |(c, times): (Complaint, u32)| {
        let place = if c.file.is_empty() { String::new() } else { format!(" in {} on line {}", c.file, c.line) };
        Finding {
            level: if c.fatal { Level::Fail } else { Level::Warn },
            about: if c.file.is_empty() { "output".to_owned() } else { c.file.clone() },
            what: "log".to_owned(),
            detail: format!("{}: {}{place}, {times} times", c.kind, c.message),
        }
    };
    new.into_values().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FATAL: &str = "2026-11-25 10:00:00: (mod_fastcgi.c) FastCGI-stderr: PHP message: PHP Fatal error:  Uncaught Error: Call to undefined function a() in /var/www/html/wp-content/themes/t/single.php:12\nStack trace:\n#0 /var/www/html/wp-includes/template.php(812): require()\n#1 {main}\n  thrown in /var/www/html/wp-content/themes/t/single.php on line 12";

    #[test]
    fn php_is_understood() {
        let found = in_text(FATAL);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].key(), "Fatal error: Uncaught Error: Call to undefined function a() in wp-content/themes/t/single.php");
        assert_eq!((found[0].line, found[0].fatal), (12, true));
        let text = "PHP message: PHP Warning:  Undefined array key \"x7\" in /var/www/html/wp-content/plugins/p/a.php on line 9; PHP message: PHP Notice:  Id 5f3a9c01d2 took 12.5 s in /var/www/html/wp-admin/b.php on line 10";
        let keys: Vec<_> = in_text(text).iter().map(Complaint::key).collect();
        assert_eq!(
            keys,
            ["Warning: Undefined array key \"x#\" in wp-content/plugins/p/a.php", "Notice: Id # took #.# s in wp-admin/b.php"]
        );
    }

    #[test]
    fn the_database_is_understood() {
        let text = "WordPress database error Table 'flt_a.wp_12_x' doesn't exist for query SELECT * FROM wp_12_x made by require('a')\n";
        assert_eq!(in_text(text)[0].key(), "Database error: Table 'flt_a.wp_#_x' doesn't exist in ");
    }

    #[test]
    fn articles_about_errors_are_none() {
        assert_eq!(in_text("Warning: the water is cold. Fatal error: a film, on line 12 of the programme"), []);
        assert_eq!(in_text(&"Warning: å".repeat(5000)), []);
    }

    #[test]
    fn only_what_is_new_is_told() {
        let warning = |line: u32| format!("PHP Warning:  Odd in /var/www/html/wp-content/a.php on line {line}\n");
        assert_eq!(compare(&warning(3), &warning(7)), [], "a line that moved");
        let both = compare(&warning(3), &format!("{}{FATAL}\n{FATAL}", warning(3)));
        assert_eq!((both.len(), both[0].level), (1, Level::Fail));
        assert!(both[0].detail.ends_with("on line 12, 2 times"), "{}", both[0].detail);
        assert_eq!(compare("", &warning(3))[0].level, Level::Warn);
    }
}
