// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a page says and how it is built, from its HTML. Pure. Single-use values, ids and dates are left out where they can be
//! known by their form; what else differs from one time to the next is found by looking twice.

use std::collections::BTreeMap;

use scraper::{Html, Node, node::Element};

use super::complaints;
use crate::fleet::evidence::Sketch;

/// Elements within more than so many others are told by the outermost.
const DEEPEST: usize = 12;
/// So much of the text is kept for people.
const TEXT: usize = 400;
/// A longer word is an id or an address.
const LONGEST_WORD: usize = 30;

/// Of a page, no more is read.
const READ: usize = 512 * 1024;
/// Nor what stands within more open elements than this: the time it takes grows with their number.
const OPEN: usize = 2000;
const VOID: [&str; 9] = ["br", "img", "input", "hr", "wbr", "col", "source", "area", "track"];

/// What is read in a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The words of its main part.
    pub words: Sketch,
    /// Its elements.
    pub outline: Sketch,
    /// How many there are of what a page is known by.
    pub landmarks: BTreeMap<String, u32>,
    /// Where the text of its main part begins.
    pub text: String,
    /// PHP's complaints, by what they are known by.
    pub complaints: Vec<String>,
}

/// Where in a page a node stands.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// In its main part.
    Main,
    /// Round it: heads, feet, menus.
    Frame,
    /// Neither.
    Rest,
}

/// Reads a page.
#[must_use]
pub fn read(body: &str) -> Reading {
    let page = Html::parse_document(sane(body));
    let (mut main, mut rest, mut all) = (String::new(), String::new(), String::new());
    let mut outline = Vec::new();
    let mut landmarks: BTreeMap<String, u32> = BTreeMap::new();
    // A stack of our own: a page may be as deep as it likes.
    let mut stack = vec![(page.tree.root(), String::new(), 0_usize, Part::Rest)];
    while let Some((node, path, depth, part)) = stack.pop() {
        let (mut path, mut depth, mut part) = (path, depth, part);
        match node.value() {
            Node::Text(text) => {
                let of_part = match part {
                    Part::Main => Some(&mut main),
                    Part::Rest => Some(&mut rest),
                    Part::Frame => None,
                };
                for into in [Some(&mut all), of_part].into_iter().flatten() {
                    into.push_str(text);
                    into.push(' ');
                }
                continue;
            }
            Node::Element(element) => {
                if is_unseen(element) {
                    continue;
                }
                let role = role(element);
                if let Some(landmark) = landmark(element, role) {
                    *landmarks.entry(landmark.to_owned()).or_default() += 1;
                }
                part = match landmark(element, role) {
                    Some("main") => Part::Main,
                    Some("nav" | "header" | "footer") if part == Part::Rest => Part::Frame,
                    _ => part,
                };
                if depth < DEEPEST && !is_within_text(element.name()) {
                    path = format!("{path}>{}{}", element.name(), if role.is_empty() { String::new() } else { format!("[{role}]") });
                    depth += 1;
                    outline.push(path.clone());
                }
            }
            _ => {}
        }
        let children: Vec<_> = node.children().collect();
        stack.extend(children.into_iter().rev().map(|child| (child, path.clone(), depth, part)));
    }
    let told = if landmarks.contains_key("main") { &main } else { &rest };
    let mut known = complaints::in_text(&all.split_whitespace().collect::<Vec<_>>().join(" "));
    known.dedup_by_key(|c| c.key());
    Reading {
        words: Sketch::of(words(told).iter().map(String::as_str)),
        outline: Sketch::of(outline.iter().map(String::as_str)),
        landmarks,
        text: told.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TEXT).collect(),
        complaints: known.iter().map(complaints::Complaint::key).collect(),
    }
}

/// As much of a page as can be read in sensible time.
fn sane(body: &str) -> &str {
    let mut open = 0_usize;
    let mut end = body.len().min(READ);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    for (at, _) in body[..end].match_indices('<') {
        let rest = &body[at + 1..end];
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if rest.starts_with('/') {
            open = open.saturating_sub(1);
        } else if !name.is_empty() && !VOID.contains(&name) {
            open += 1;
            if open > OPEN {
                return &body[..at];
            }
        }
    }
    &body[..end]
}

fn role(element: &Element) -> &str {
    element.attr("role").unwrap_or_default().split_whitespace().next().unwrap_or_default()
}

/// What no visitor reads.
fn is_unseen(element: &Element) -> bool {
    matches!(element.name(), "head" | "script" | "style" | "noscript" | "template" | "svg" | "iframe" | "object" | "link" | "meta")
        || element.attr("hidden").is_some()
}

/// Elements that come and go with the text itself.
fn is_within_text(name: &str) -> bool {
    matches!(name, "a" | "b" | "br" | "em" | "i" | "span" | "strong" | "small" | "sub" | "sup" | "time" | "wbr")
}

fn landmark<'a>(element: &'a Element, role: &'a str) -> Option<&'a str> {
    match (element.name(), role) {
        ("main", _) | (_, "main") => Some("main"),
        ("nav", _) | (_, "navigation") => Some("nav"),
        (_, "banner") => Some("header"),
        (_, "contentinfo") => Some("footer"),
        (name @ ("header" | "footer" | "h1" | "form" | "article" | "img"), _) => Some(name),
        _ => None,
    }
}

/// Its words in small letters. What has a digit in it is a number, a date, or an id.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && word.chars().count() <= LONGEST_WORD && !word.chars().any(|c| c.is_numeric()))
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = "<!doctype html><html><head><title>T</title><style>a{}</style></head><body><header><nav>Meny</nav></header>
        <main><h1>Välkommen</h1><p>Den 3 maj öppnar <b>badet</b>. <span data-nonce='f00'>x7f9a</span></p><script>var nonce='ab12';</script>
        <form action='/?_wpnonce=1'><input></form></main><footer>Sidfot</footer></body></html>";

    #[test]
    fn main_parts_are_read() {
        let read = read(PAGE);
        assert_eq!(read.text, "Välkommen Den 3 maj öppnar badet . x7f9a");
        assert_eq!(read.words, Sketch::of(["välkommen", "den", "maj", "öppnar", "badet"].into_iter()));
        let count = |what: &str| read.landmarks.get(what).copied().unwrap_or(0);
        assert_eq!((count("main"), count("nav"), count("h1"), count("form"), count("img")), (1, 1, 1, 1, 0));
    }

    #[test]
    fn nonces_ids_and_dates_make_no_difference() {
        let other =
            PAGE.replace("f00", "b11").replace("ab12", "cd34").replace("x7f9a", "y8e0b").replace("Den 3", "Den 4").replace("=1'", "=2'");
        let (a, b) = (read(PAGE), read(&other));
        assert_eq!((a.words, a.outline, a.landmarks), (b.words, b.outline, b.landmarks));
    }

    #[test]
    fn a_page_without_main_is_read_without_its_frame() {
        let read = read("<body><header>Huvud</header><div><p>Text om bad</p></div><footer>Fot</footer></body>");
        assert_eq!(read.text, "Text om bad");
    }

    #[test]
    fn complaints_are_found() {
        let read = read(
            "<body><br /><b>Warning</b>:  Undefined variable $x in <b>/var/www/html/wp-content/a.php</b> on line <b>3</b><br />Hej</body>",
        );
        assert_eq!(read.complaints, ["Warning: Undefined variable $x in wp-content/a.php"]);
    }

    #[test]
    fn depth_costs_no_time() {
        let deep = |n: usize| format!("<main>Grund{}Djup{}</main>", "<div>".repeat(n), "</div>".repeat(n));
        assert_eq!(read(&deep(1000)).text, "Grund Djup");
        let begun = std::time::Instant::now();
        assert_eq!(read(&deep(200_000)).text, "Grund");
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_read(text in ".{0,400}", html in "(<(div|p|main|/div|b|table|td|script)>|[a-zå ]{0,6}){0,60}") {
            prop_assert!(read(&text).text.chars().count() <= TEXT);
            let once = read(&html);
            prop_assert_eq!(&once, &read(&html));
        }
    }
}
