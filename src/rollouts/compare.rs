// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What differs between two looks at an instance, and how grave it is. Pure. What was broken before is nobody's fault now. A new
//! theme is meant to look otherwise: only what is broken fails, what a person may want to see warns, the rest is told.

use std::collections::HashMap;

use crate::fleet::evidence::{self, Finding, Level, Look, Sampled, SeenPage, Sketch, Verdict};

/// A page is called slow when it takes so many times as long as before, and at least [`SLOW_AT_LEAST`].
pub const SLOW_TIMES: u64 = 3;
/// Below this many milliseconds nothing is called slow.
pub const SLOW_AT_LEAST: u64 = 1500;
/// All pages together are slow when half of them take so many times as long ([`SLOW_ALL_BY`] at least), of no fewer than
/// [`SLOW_ALL_OF`].
const SLOW_ALL_TIMES: f64 = 2.5;
const SLOW_ALL_BY: f64 = 100.0;
const SLOW_ALL_OF: usize = 4;
/// Below so many milliseconds more that is worth a look and no more: a host that does something else meanwhile does as much.
const SLOW_ALL_FAILS: f64 = 1000.0;
/// Where both were asked in turn, what the host does meets both: so many milliseconds more are the release's own, of no fewer
/// pages than [`SLOW_TURN_OF`].
const SLOW_TURN_BY: f64 = 30.0;
const SLOW_TURN_OF: usize = 2;
/// From so many times as long on, asking in turn goes on until it is sure.
const DOUBTFUL_TIMES: f64 = 1.7;
/// A page of fewer words than this has no main content to lose.
const WORDS: u32 = 20;
/// Shares of its words whose loss means: its content is gone; look at it; say so.
const LOST: (f64, f64, f64) = (0.6, 0.25, 0.05);
/// Shares of its elements that are others: look at it; say so.
const CHANGED: (f64, f64) = (0.6, 0.05);

/// What already differs between two looks at the same release, and so says nothing about another.
#[derive(Clone, Debug, Default)]
pub struct Mask(HashMap<Sampled, Unsteady>);

#[derive(Clone, Debug, Default)]
struct Unsteady {
    status: bool,
    title: bool,
    location: bool,
    words: Vec<u32>,
    outline: Vec<u32>,
    landmarks: Vec<String>,
    complaints: Vec<String>,
    /// The shorter of the two times.
    milliseconds: u64,
}

impl Mask {
    /// Of two looks at the same.
    #[must_use]
    pub fn of(first: &Look, second: &Look) -> Self {
        let again: HashMap<&Sampled, &SeenPage> = second.pages.iter().map(|p| (&p.page, p)).collect();
        let pages = first.pages.iter().filter_map(|a| again.get(&a.page).map(|b| (a.page.clone(), Unsteady::of(a, b))));
        Self(pages.collect())
    }
}

impl Unsteady {
    fn of(a: &SeenPage, b: &SeenPage) -> Self {
        let marks = |p: &SeenPage| p.landmarks.keys().cloned().collect::<Vec<_>>();
        Self {
            status: a.status != b.status || a.broken != b.broken,
            title: a.title != b.title,
            location: place(a) != place(b),
            words: a.words.difference(&b.words),
            outline: a.outline.difference(&b.outline),
            landmarks: [marks(a), marks(b)].concat().into_iter().filter(|m| a.landmarks.get(m) != b.landmarks.get(m)).collect(),
            complaints: a.complaints.iter().chain(&b.complaints).cloned().collect(),
            milliseconds: a.milliseconds.min(b.milliseconds),
        }
    }
}

/// Compares an instance with what it was.
#[must_use]
pub fn compare(before: &Look, after: &Look) -> Verdict {
    compare_masked(before, after, &Mask::default())
}

/// The same, leaving out what differs by itself.
#[must_use]
pub fn compare_masked(before: &Look, after: &Look, mask: &Mask) -> Verdict {
    let now: HashMap<&Sampled, &SeenPage> = after.pages.iter().map(|p| (&p.page, p)).collect();
    let steady = Unsteady { milliseconds: u64::MAX, ..Unsteady::default() };
    let mut findings = Vec::new();
    let mut times = Vec::new();
    let in_turn: Vec<(u64, u64)> = after.pages.iter().filter_map(|p| p.in_turn).collect();
    for was in &before.pages {
        let Some(is) = now.get(&was.page) else { continue };
        let unsteady = mask.0.get(&was.page).unwrap_or(&steady);
        let before = was.milliseconds.min(unsteady.milliseconds);
        if is_well(was) && is_well(is) {
            times.push((before, is.milliseconds));
        }
        Page { was, is, unsteady, before, others_in_turn: !in_turn.is_empty(), findings: &mut findings }.judge();
    }
    findings.extend(if in_turn.len() >= SLOW_TURN_OF { slower_in_turn(&in_turn) } else { slower_together(&times) });
    for (blog, version) in &before.db_versions {
        let mut say = |what: &str, detail: String| {
            findings.push(Finding { level: Level::Fail, about: format!("site {blog}"), what: what.to_owned(), detail });
        };
        match after.db_versions.get(blog) {
            Some(now) if now < version => say("db-version", format!("its tables went from version {version} back to {now}")),
            None => say("gone", "the site is no longer there".to_owned()),
            Some(_) => {}
        }
    }
    Verdict::of(findings)
}

/// Whether a page serves as it should, judged by itself.
#[must_use]
pub fn is_well(page: &SeenPage) -> bool {
    !page.broken && page.status != 0 && page.status < 500 && !leads_to_set_up(page)
}

/// Whether a page takes so much longer than it did that it is worth asking again.
#[must_use]
pub fn is_slower(was: u64, is: u64) -> bool {
    is >= was.saturating_mul(2) && is >= was.saturating_add(50)
}

/// Whether a page takes so long, and so much longer than it did, that nobody would bear it.
#[must_use]
pub fn is_slow(was: u64, is: u64) -> bool {
    is >= SLOW_AT_LEAST && is >= was.saturating_mul(SLOW_TIMES)
}

fn leads_to_set_up(page: &SeenPage) -> bool {
    page.location.as_deref().is_some_and(evidence::leads_to_set_up)
}

/// Where a page leads to, without the values of the query, which may be for single use.
fn place(page: &SeenPage) -> Option<String> {
    let (path, query) = page.location.as_deref().map(|l| l.split_once('?').unwrap_or((l, "")))?;
    let names: Vec<&str> = query.split('&').filter_map(|part| part.split('=').next()).filter(|name| !name.is_empty()).collect();
    Some(if names.is_empty() { path.to_owned() } else { format!("{path}?{}", names.join("&")) })
}

/// A title without numbers, which count things.
fn words_of(title: &str) -> String {
    title.chars().filter(|c| !c.is_numeric()).collect()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// How many times as long, and how many milliseconds longer, half of the pages take at least.
fn slowdown(times: &[(u64, u64)]) -> (f64, f64) {
    let middle = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let ratio = middle(times.iter().map(|(was, is)| *is as f64 / (*was).max(1) as f64).collect());
    let by = middle(times.iter().map(|(was, is)| *is as f64 - *was as f64).collect());
    (ratio, by)
}

/// Whether what was asked for in turn so far leaves it open that the release is slow.
#[must_use]
pub fn is_doubtful(in_turn: &[(u64, u64)]) -> bool {
    let (ratio, by) = slowdown(in_turn);
    ratio >= DOUBTFUL_TIMES && by >= SLOW_TURN_BY / 2.0
}

fn all_slow(level: Level, ratio: f64) -> Finding {
    let detail = format!("half of them take {ratio:.1} times as long as before, or longer");
    Finding { level, about: "all pages".to_owned(), what: "slow".to_owned(), detail }
}

/// A release that makes every page slower need make none of them slow.
fn slower_together(times: &[(u64, u64)]) -> Option<Finding> {
    let (ratio, by) = slowdown(times);
    let level = if by >= SLOW_ALL_FAILS { Level::Fail } else { Level::Warn };
    (times.len() >= SLOW_ALL_OF && ratio >= SLOW_ALL_TIMES && by >= SLOW_ALL_BY).then(|| all_slow(level, ratio))
}

/// The same, of times that a busy host has made longer on both sides alike.
fn slower_in_turn(times: &[(u64, u64)]) -> Option<Finding> {
    let (ratio, by) = slowdown(times);
    (ratio >= SLOW_ALL_TIMES && by >= SLOW_TURN_BY).then(|| all_slow(Level::Fail, ratio))
}

/// One page before and now.
struct Page<'a> {
    was: &'a SeenPage,
    is: &'a SeenPage,
    unsteady: &'a Unsteady,
    before: u64,
    others_in_turn: bool,
    findings: &'a mut Vec<Finding>,
}

impl Page<'_> {
    fn say(&mut self, level: Level, what: &str, detail: String) {
        let about = format!("{}{}", self.was.page.host, self.was.page.path);
        self.findings.push(Finding { level, about, what: what.to_owned(), detail });
    }

    fn judge(mut self) {
        let (was, is) = (self.was, self.is);
        if !is_well(was) || self.unsteady.status {
            // Ill before, or now so and now otherwise: only what it is now is told.
            if !is_well(is) {
                self.say(Level::Pass, "ill-before", "it was broken before, and still is".to_owned());
            }
            return;
        }
        if is.status == 0 {
            return self.say(Level::Fail, "gone", "it no longer answers".to_owned());
        }
        if is.broken || is.status >= 500 {
            return self.say(Level::Fail, "broken", format!("it shows an error ({})", is.status));
        }
        if leads_to_set_up(is) {
            return self.say(Level::Fail, "redirect", format!("it leads to {}", is.location.as_deref().unwrap_or_default()));
        }
        if is.status != was.status {
            let level = if is.status >= 400 && was.status < 400 { Level::Fail } else { Level::Warn };
            return self.say(level, "status", format!("it answered {} and answers {}", was.status, is.status));
        }
        if place(is) != place(was) && !self.unsteady.location {
            let told = |l: &Option<String>| l.clone().unwrap_or_else(|| "nowhere".to_owned());
            self.say(Level::Warn, "redirect", format!("it led to {} and leads to {}", told(&was.location), told(&is.location)));
        }
        if words_of(&is.title) != words_of(&was.title) && !self.unsteady.title {
            let level = if is.title.is_empty() { Level::Fail } else { Level::Warn };
            self.say(level, "title", format!("its title was “{}” and is “{}”", was.title, is.title));
        }
        let (took, takes) = is.in_turn.unwrap_or((self.before, is.milliseconds));
        if is_slow(took, takes) {
            // What was asked in turn was chosen from the slowest, so the rest is no proof against it.
            let level = if is.in_turn.is_none() && self.others_in_turn { Level::Warn } else { Level::Fail };
            self.say(level, "slow", format!("it took {took} ms and takes {takes} ms"));
        }
        for complaint in is.complaints.iter().filter(|c| !was.complaints.contains(c) && !self.unsteady.complaints.contains(c)) {
            self.say(Level::Warn, "complaint", format!("it shows: {complaint}"));
        }
        self.landmarks();
        self.text();
        self.structure();
    }

    fn landmarks(&mut self) {
        for (mark, count) in &self.was.landmarks {
            if *count == 0 || self.is.landmarks.get(mark).copied().unwrap_or(0) > 0 || self.unsteady.landmarks.contains(mark) {
                continue;
            }
            match (mark.as_str(), self.was.page.kind.as_str()) {
                // Without it, nobody logs in or sends anything any more.
                ("form", "form" | "log-in") => self.say(Level::Fail, "form", "its form is gone".to_owned()),
                ("main" | "h1" | "nav", _) => self.say(Level::Warn, "landmark", format!("it has no {mark} any more")),
                _ => {}
            }
        }
    }

    fn text(&mut self) {
        let (lost, new) = self.was.words.lost_and_new(&self.is.words, &self.unsteady.words);
        let told = format!("{} of its words are gone, {} are new", percent(lost), percent(new));
        if self.was.words.count >= WORDS && lost >= LOST.0 {
            self.say(Level::Fail, "text", format!("its content is gone: {told}"));
        } else if lost >= LOST.1 && self.was.words.count >= WORDS {
            self.say(Level::Warn, "text", told);
        } else if lost >= LOST.2 || new >= LOST.2 {
            self.say(Level::Pass, "text", told);
        }
    }

    fn structure(&mut self) {
        let changed = changed(&self.was.outline, &self.is.outline, &self.unsteady.outline);
        let level = if changed >= CHANGED.0 { Level::Warn } else { Level::Pass };
        if changed >= CHANGED.1 {
            self.say(level, "structure", format!("{} of its structure is another", percent(changed)));
        }
    }
}

/// Which share of the elements of either is not in the other.
fn changed(was: &Sketch, is: &Sketch, without: &[u32]) -> f64 {
    let (lost, new) = was.lost_and_new(is, without);
    lost.max(new)
}

#[cfg(test)]
#[path = "compare/tests.rs"]
mod tests;
