// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What differs between two looks at an instance, and how grave it is. Pure. What was broken before is nobody's fault now.

use std::collections::HashMap;

use crate::fleet::evidence::{Finding, Level, Look, Sampled, SeenPage, Verdict};

/// A page is called slow when it takes so many times as long as before, and at least [`SLOW_AT_LEAST`].
pub const SLOW_TIMES: u64 = 3;
/// Below this many milliseconds nothing is called slow.
pub const SLOW_AT_LEAST: u64 = 1500;

/// Compares an instance with what it was.
#[must_use]
pub fn compare(before: &Look, after: &Look) -> Verdict {
    let now: HashMap<&Sampled, &SeenPage> = after.pages.iter().map(|p| (&p.page, p)).collect();
    let mut findings = Vec::new();
    for was in &before.pages {
        let Some(is) = now.get(&was.page) else { continue };
        page(was, is, &mut findings);
    }
    for (blog, version) in &before.db_versions {
        match after.db_versions.get(blog) {
            Some(now) if now < version => findings.push(Finding {
                level: Level::Fail,
                about: format!("site {blog}"),
                what: "db-version".to_owned(),
                detail: format!("its tables went from version {version} back to {now}"),
            }),
            None => findings.push(Finding {
                level: Level::Fail,
                about: format!("site {blog}"),
                what: "gone".to_owned(),
                detail: "the site is no longer there".to_owned(),
            }),
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

fn leads_to_set_up(page: &SeenPage) -> bool {
    page.location.as_deref().is_some_and(|l| l.contains("/wp-admin/install.php") || l.contains("/wp-admin/upgrade.php"))
}

fn page(was: &SeenPage, is: &SeenPage, findings: &mut Vec<Finding>) {
    let about = format!("{}{}", was.page.host, was.page.path);
    let mut say = |level, what: &str, detail: String| findings.push(Finding { level, about: about.clone(), what: what.to_owned(), detail });
    if !is_well(was) {
        // Ill before: only what it is now is told.
        if !is_well(is) {
            say(Level::Pass, "ill-before", "it was broken before, and still is".to_owned());
        }
        return;
    }
    if is.status == 0 {
        return say(Level::Fail, "gone", "it no longer answers".to_owned());
    }
    if is.broken {
        return say(Level::Fail, "broken", format!("it shows an error ({})", is.status));
    }
    if leads_to_set_up(is) {
        return say(Level::Fail, "redirect", format!("it leads to {}", is.location.as_deref().unwrap_or_default()));
    }
    if is.status != was.status {
        let level = if is.status >= 400 && was.status < 400 { Level::Fail } else { Level::Warn };
        return say(level, "status", format!("it answered {} and answers {}", was.status, is.status));
    }
    if is.location != was.location {
        let place = |l: &Option<String>| l.clone().unwrap_or_else(|| "nowhere".to_owned());
        say(Level::Warn, "redirect", format!("it led to {} and leads to {}", place(&was.location), place(&is.location)));
    }
    if is.title != was.title {
        let level = if is.title.is_empty() { Level::Fail } else { Level::Warn };
        say(level, "title", format!("its title was “{}” and is “{}”", was.title, is.title));
    }
    if is.milliseconds >= SLOW_AT_LEAST && is.milliseconds >= was.milliseconds.saturating_mul(SLOW_TIMES) {
        say(Level::Fail, "slow", format!("it took {} ms and takes {} ms", was.milliseconds, is.milliseconds));
    }
}
