// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every page in both languages, the two languages against each other, and what pages must never hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use super::{
    Assets, Language, Page, Setup, Views, assets, models,
    models::{Model, Notice, ProblemPage, Shell, Theme},
    sample,
    tone::Tone,
};
use crate::clock::ManualClock;

fn views() -> Views {
    Views::new(Setup::default(), Arc::new(ManualClock::at(sample::now()))).unwrap()
}

fn shell_for(one: &sample::Sample, language: Language) -> Shell {
    let shell = if one.signed_in { sample::shell(language) } else { Shell::anonymous(language, "0123456789abcdef", "/login") };
    shell.with_notice(one.notice)
}

fn is_fragment(page: Page) -> bool {
    matches!(
        page,
        Page::DomainCheck | Page::OperationLive | Page::RolloutLive | Page::HealthLive | Page::MunicipalityHealthLive | Page::IncidentLive
    )
}

/// Also writes each page to `target/pages/{sv,en}`, with the assets beside them, for eyes and for `tests/browser/axe.mjs`.
#[test]
fn every_page_renders_in_both_languages() {
    let views = views();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let mut seen = BTreeSet::new();
    for language in Language::ALL {
        fs::create_dir_all(folder.join(language.tag())).unwrap();
        for one in sample::all() {
            let html = views.render(one.page, &shell_for(&one, language), &one.data).unwrap_or_else(|e| panic!("{}: {e}", one.name));
            assert!(!html.contains("[object]"), "{}: an object where text belongs", one.name);
            if !is_fragment(one.page) {
                assert!(html.contains(&format!("<html lang=\"{language}\"")), "{}", one.name);
                assert_eq!(html.matches("<h1>").count(), 1, "{}: one heading of the first level", one.name);
                assert!(html.len() < 70_000, "{}: {} bytes", one.name, html.len());
            }
            seen.insert(one.page.template());
            fs::write(folder.join(language.tag()).join(format!("{}.html", one.name)), html).unwrap();
        }
    }
    assert_eq!(seen, Page::ALL.iter().map(|page| page.template()).collect(), "a page without a sample");
    fs::create_dir_all(folder.join("assets")).unwrap();
    for (name, asset) in views.assets().iter() {
        fs::write(folder.join("assets").join(name), &asset.content).unwrap();
    }
}

#[test]
fn every_form_carries_the_secret_and_nothing_is_inline() {
    let views = views();
    for one in sample::all() {
        let html = views.render(one.page, &shell_for(&one, Language::Sv), &one.data).unwrap();
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if form.contains("method=\"post\"") {
                assert!(form.contains("name=\"csrf\" value=\"0123456789abcdef\""), "{}: a form without csrf: {form}", one.name);
            }
        }
        for inline in ["<style", " style=", " onclick=", " onload=", " onsubmit=", "javascript:", "<script>"] {
            assert!(!html.contains(inline), "{}: {inline}", one.name);
        }
        assert!(!html.contains("src=\"http") && !html.contains("//cdn"), "{}: something from another host", one.name);
        if !is_fragment(one.page) {
            let mut ids = BTreeSet::new();
            for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(ids.insert(id.to_owned()), "{}: the id {id} twice", one.name);
            }
        }
    }
}

#[test]
fn what_people_type_is_escaped() {
    let page = models::LogInPage { email: "\"><script>alert(1)</script>".to_owned(), ..Default::default() };
    let html = views().page(&Shell::anonymous(Language::En, "c", "/login"), &page).unwrap();
    assert!(!html.contains("<script>alert") && html.contains("&lt;script&gt;"));
}

#[test]
fn doors_that_stay_closed_are_not_shown() {
    let views = views();
    let mut shell = sample::shell(Language::En);
    if let Some(user) = &mut shell.user {
        user.role = crate::fleet::Role::WebManager;
        user.may = vec![crate::fleet::access::Permission::ReadFleet, crate::fleet::access::Permission::OwnAccount];
    }
    let fleet = sample::all().into_iter().find(|one| one.name == "fleet").unwrap();
    let html = views.render(fleet.page, &shell, &fleet.data).unwrap();
    for door in ["href=\"/users\"", "href=\"/audit\"", "href=\"/settings\"", "href=\"/municipalities/new\""] {
        assert!(!html.contains(door), "{door}");
    }
}

#[test]
fn every_notice_theme_and_problem_has_its_words() {
    let views = views();
    for language in Language::ALL {
        for notice in Notice::ALL {
            let shell = sample::shell(language).with_notice(Some(notice)).with_theme(Theme::Dark);
            let html = views.page(&shell, &ProblemPage::of(404, "")).unwrap();
            assert!(html.contains("data-theme=\"dark\"") && html.contains("class=\"notice"));
        }
        for status in 400..=511 {
            let page = ProblemPage::of(status, "x");
            assert!(ProblemPage::KINDS.iter().any(|(_, kind)| *kind == page.kind));
            views.page(&Shell::anonymous(language, "c", "/"), &page).unwrap();
        }
    }
    assert_eq!(ProblemPage::PAGE, Page::Problem);
}

#[test]
fn every_state_has_a_shape_and_a_word_in_both_languages() {
    for (kind, values) in models::components_states() {
        for value in *values {
            assert!(Tone::of(kind, value).is_some(), "{kind} {value}");
            for language in Language::ALL {
                assert_ne!(language.plain(&format!("{kind}-{value}")), format!("{kind}-{value}"), "{language}");
            }
        }
    }
    let words: &[(&str, Vec<String>)] = &[
        ("role", crate::fleet::Role::ALL.iter().map(ToString::to_string).collect()),
        ("role-can", crate::fleet::Role::ALL.iter().map(ToString::to_string).collect()),
        ("permission", crate::fleet::access::Permission::ALL.iter().map(ToString::to_string).collect()),
        ("environment", crate::fleet::Environment::ALL.iter().map(ToString::to_string).collect()),
        ("found", crate::fleet::FindingKind::ALL.iter().map(ToString::to_string).collect()),
        ("found-why", crate::fleet::FindingKind::ALL.iter().map(ToString::to_string).collect()),
        ("network", crate::fleet::NetworkKind::ALL.iter().map(ToString::to_string).collect()),
    ];
    for (kind, values) in words {
        for value in values {
            for language in Language::ALL {
                assert_ne!(language.plain(&format!("{kind}-{value}")), format!("{kind}-{value}"), "{language}");
            }
        }
    }
}

/// Keys with their attributes, as the files of a language name them.
fn keys(language: Language) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for (file, text) in assets::texts(language) {
        let mut message = String::new();
        for line in text.lines() {
            let Some((left, _)) = line.split_once('=') else { continue };
            let name = left.trim();
            if let Some(attribute) = name.strip_prefix('.') {
                keys.insert(format!("{message}.{attribute}"), file.clone());
            } else if !line.starts_with([' ', '#', '[', '*']) {
                name.clone_into(&mut message);
                assert!(keys.insert(message.clone(), file.clone()).is_none(), "{language}: {name} twice");
            }
        }
    }
    keys
}

#[test]
fn both_languages_say_the_same_things() {
    // English errors come with their own words and figures; only Swedish looks them up.
    let of = |language| keys(language).into_keys().filter(|key| !key.starts_with("error-")).collect::<BTreeSet<_>>();
    assert_eq!(of(Language::Sv), of(Language::En));
    let swedish = keys(Language::Sv);
    for key in swedish.keys().filter(|key| key.starts_with("error-") && !key.contains('.')) {
        assert!(swedish.contains_key(&format!("{key}.fix")), "{key} has no fix");
    }
}

#[test]
fn every_text_of_the_templates_exists_and_every_text_is_used() {
    let keys = keys(Language::Sv);
    let mut used = BTreeSet::new();
    let mut prefixes = vec!["error-".to_owned(), "audit-".to_owned(), "ago-".to_owned(), "in-".to_owned()];
    for (name, text) in assets::templates() {
        for (call, rest) in text.match_indices("t \"").map(|(at, _)| (at, &text[at + 3..])) {
            if !text[..call].ends_with(['{', '(']) {
                continue;
            }
            let key = rest.split('"').next().unwrap().to_owned();
            assert!(keys.contains_key(&key), "{name}: no text `{key}`");
            used.insert(key);
        }
        for marker in ["t (concat \"", "word \"", "state kind=\""] {
            for (at, found) in text.match_indices(marker) {
                let stem = text[at + found.len()..].split('"').next().unwrap();
                prefixes.push(if marker.starts_with('t') { stem.to_owned() } else { format!("{stem}-") });
            }
        }
    }
    let idle: Vec<_> =
        keys.keys().filter(|key| !used.contains(*key) && !prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))).collect();
    assert!(idle.is_empty(), "texts that no template uses: {idle:?}");
}

#[test]
fn assets_in_use_exist_and_weigh_little() {
    let assets = Assets::load();
    let weight: usize = ["tokens.css", "app.css", "app.js", "mark.svg"]
        .iter()
        .map(|name| assets.get(assets.address(name).unwrap().strip_prefix(assets::PREFIX).unwrap()).unwrap().content.len())
        .sum();
    assert!(weight < 40_000, "{weight} bytes of style and script");
}
