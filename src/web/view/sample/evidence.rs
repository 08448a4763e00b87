// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rehearsal has seen, as it could be.

use crate::{
    fleet::{
        evidence::{Level, SeenPage},
        update::Migration,
    },
    rollouts::rehearsals::evidence::{Evidence, Pair, Picture},
    web::view::models::EvidencePage,
};

fn seen(kind: &str, path: &str) -> SeenPage {
    let mut page = SeenPage { status: 200, title: "Nyheter – Ale kommun".to_owned(), milliseconds: 104, ..SeenPage::default() };
    page.page.kind = kind.to_owned();
    page.page.host = "ale.se".to_owned();
    page.page.path = path.to_owned();
    page.words.count = 312;
    page.text = "Badet öppnar igen efter sommarens renovering, och alla är välkomna.".to_owned();
    page
}

/// A release that fails on posts.
pub(super) fn evidence() -> EvidencePage {
    let finding = |level, about: &str, what: &str, detail: &str| crate::fleet::evidence::Finding {
        level,
        about: about.to_owned(),
        what: what.to_owned(),
        detail: detail.to_owned(),
    };
    let post = seen("newest", "/2026/11/badet/");
    let broken = SeenPage { status: 500, broken: true, title: String::new(), text: String::new(), ..post.clone() };
    let file = |what: &str| format!("{what}-1.png");
    let found = Evidence {
        version: 1,
        from: "6.8-1".to_owned(),
        to: "6.8-2".to_owned(),
        at: super::now(),
        level: Level::Fail,
        summary: "ale.se/2026/11/badet/: it shows an error (500)".to_owned(),
        migration: Migration::Data,
        changes: vec!["wp_options: municipio_db_version went from `41` to `43`".to_owned()],
        change_count: 3,
        findings: vec![
            finding(Level::Fail, "ale.se/2026/11/badet/", "broken", "it shows an error (500)"),
            finding(
                Level::Fail,
                "wp-content/themes/municipio/single.php",
                "log",
                "Fatal error: Uncaught Error: Call to undefined function a()",
            ),
            finding(Level::Warn, "ale.se/", "structure", "64 % of its structure is another"),
        ],
        pages: vec![
            Pair { old: seen("home", "/"), new: Some(seen("home", "/")) },
            Pair { old: post, new: Some(broken) },
            Pair { old: seen("log-in", "/wp-login.php"), new: None },
        ],
        pictures: vec![Picture {
            page: seen("home", "/").page,
            old: file("old"),
            new: file("new"),
            difference: file("difference"),
            changed: 0.123,
            unsteady: 0.01,
        }],
        without_pictures: "no picture of /skola/ came".to_owned(),
    };
    let mut page = EvidencePage::new(&super::operation(crate::fleet::OperationState::Done), &found);
    page.name = "Ale kommun".to_owned();
    page
}
