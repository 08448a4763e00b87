// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::rollouts::reading;

const ARTICLE: &str = "Badet öppnar igen efter sommarens renovering och alla är välkomna att bada varje dag i veckan utom måndagar då \
    personalen städar bassängerna och provar vattnet innan skolorna kommer för att öva simning tillsammans med sina lärare";

fn sampled(kind: &str) -> Sampled {
    Sampled { blog: 1, kind: kind.to_owned(), host: "ale.se".to_owned(), path: "/".to_owned() }
}

fn seen(kind: &str, body: &str) -> SeenPage {
    let read = reading::read(body);
    SeenPage {
        page: sampled(kind),
        status: 200,
        title: "Ale kommun".to_owned(),
        milliseconds: 100,
        words: read.words,
        outline: read.outline,
        landmarks: read.landmarks,
        complaints: read.complaints,
        ..SeenPage::default()
    }
}

fn article(text: &str) -> SeenPage {
    seen("newest", &format!("<header><nav>Meny</nav></header><main><article><h1>Bad</h1><p>{text}</p></article></main>"))
}

fn look(page: SeenPage) -> Look {
    Look { pages: vec![page], db_versions: BTreeMap::from([(1, 60_421)]) }
}

fn verdict(was: SeenPage, is: SeenPage) -> Verdict {
    compare(&look(was), &look(is))
}

fn whats(verdict: &Verdict) -> Vec<(Level, &str)> {
    verdict.findings.iter().map(|f| (f.level, f.what.as_str())).collect()
}

#[test]
fn what_is_broken_fails() {
    let was = || article(ARTICLE);
    let broken: [(&str, SeenPage); 9] = [
        ("gone", SeenPage { status: 0, ..was() }),
        ("broken", SeenPage { broken: true, ..was() }),
        ("broken", SeenPage { status: 503, ..was() }),
        ("redirect", SeenPage { status: 302, location: Some("/wp-admin/install.php".into()), ..was() }),
        ("redirect", SeenPage { status: 302, location: Some("/wp-admin/upgrade.php?_wp_http_referer=x".into()), ..was() }),
        ("status", SeenPage { status: 404, ..was() }),
        ("title", SeenPage { title: String::new(), ..was() }),
        ("slow", SeenPage { milliseconds: 2000, ..was() }),
        ("text", article("Ett annat ord")),
    ];
    for (what, is) in broken {
        let verdict = verdict(was(), is);
        assert_eq!(verdict.level, Level::Fail, "{what}: {verdict:?}");
        assert_eq!(verdict.findings[0].what, what);
        assert!(verdict.summary().starts_with("ale.se/: "), "{}", verdict.summary());
    }
    let form = |body: &str| seen("form", body);
    assert_eq!(whats(&verdict(form("<main><form></form></main>"), form("<main></main>")))[0], (Level::Fail, "form"));
    let back = Look { db_versions: BTreeMap::from([(1, 60_000)]), ..look(was()) };
    assert_eq!(compare(&look(was()), &back).findings[0].what, "db-version");
    let without = Look { db_versions: BTreeMap::new(), ..look(was()) };
    assert_eq!(compare(&look(was()), &without).findings[0].what, "gone");
}

#[test]
fn another_look_does_not_fail() {
    let new_theme = format!(
        "<div class='site'><header><nav>Huvudmeny</nav></header><main><section><div><article><header><h1>Bad</h1></header>\
         <div><p>{ARTICLE}</p></div><aside>Dela på</aside></article></div></section></main><footer><p>Kontakt</p></footer></div>"
    );
    let verdict = verdict(article(ARTICLE), seen("newest", &new_theme));
    assert_eq!(verdict.level, Level::Warn, "{verdict:?}");
    assert!(whats(&verdict).contains(&(Level::Warn, "structure")), "{verdict:?}");
}

#[test]
fn small_changes_are_told_and_pass() {
    let verdict = verdict(article(ARTICLE), article(&format!("{ARTICLE} enligt kommunen själv")));
    assert_eq!(whats(&verdict), [(Level::Pass, "text")]);
    assert_eq!(verdict.level, Level::Pass);
}

#[test]
fn what_was_ill_before_is_nobodys_fault() {
    let ill = || SeenPage { status: 500, broken: true, ..article(ARTICLE) };
    assert_eq!(whats(&verdict(ill(), ill())), [(Level::Pass, "ill-before")]);
    assert_eq!(verdict(ill(), article("Ett annat ord")).findings, []);
}

#[test]
fn what_differs_by_itself_is_left_out() {
    let of = |word: &str, title: &str, to: &str| SeenPage {
        title: title.to_owned(),
        location: Some(format!("/efter/{to}?nonce={word}")),
        ..article(&format!("{ARTICLE} {word} {word}s {word}ar {word}en {word}an {word}orna {word}erna"))
    };
    let (first, second, third) = (of("sol", "Sol", "a"), of("regn", "Regn", "b"), of("snö", "Snö", "c"));
    let loud = verdict(first.clone(), third.clone());
    assert!(whats(&loud).iter().any(|(_, what)| *what == "title"), "{loud:?}");
    let mask = Mask::of(&look(first.clone()), &look(second));
    let quiet = compare_masked(&look(first), &look(third), &mask);
    assert!(quiet.findings.iter().all(|f| f.level == Level::Pass && f.what == "text"), "{quiet:?}");
}

#[test]
fn numbers_and_single_use_values_make_no_difference() {
    let of = |n: u32| SeenPage { title: format!("Nyheter ({n})"), location: Some(format!("/in?key={n}")), ..article(ARTICLE) };
    assert_eq!(verdict(of(1), of(2)).findings, []);
}

#[test]
fn a_release_that_makes_all_pages_slower_fails() {
    let pages = |times: &[u64]| Look {
        pages: times
            .iter()
            .enumerate()
            .map(|(at, t)| SeenPage { milliseconds: *t, page: Sampled { path: format!("/{at}/"), ..sampled("page") }, ..article(ARTICLE) })
            .collect(),
        db_versions: BTreeMap::new(),
    };
    let was = pages(&[80, 90, 100, 110, 120]);
    assert_eq!(whats(&compare(&was, &pages(&[300, 310, 320, 330, 340]))), [(Level::Warn, "slow")]);
    assert_eq!(whats(&compare(&was, &pages(&[1250, 1260, 1270, 1280, 1290]))), [(Level::Fail, "slow")]);
    assert_eq!(compare(&was, &pages(&[150, 160, 170, 400, 900])).findings, [], "one slow request is chance");
    let tiny = pages(&[2, 2, 2, 2, 2]);
    assert_eq!(compare(&tiny, &pages(&[9, 9, 9, 9, 9])).findings, [], "nobody feels seven milliseconds");
}

#[test]
fn asked_in_turn_three_times_as_slow_is_the_release_s_own_doing() {
    let pages = |in_turn: &[(u64, u64)]| Look {
        pages: in_turn
            .iter()
            .enumerate()
            .map(|(at, t)| SeenPage {
                in_turn: Some(*t),
                milliseconds: 900,
                page: Sampled { path: format!("/{at}/"), ..sampled("page") },
                ..article(ARTICLE)
            })
            .collect(),
        db_versions: BTreeMap::new(),
    };
    let was =
        Look { pages: pages(&[(0, 0); 5]).pages.into_iter().map(|p| SeenPage { milliseconds: 90, ..p }).collect(), ..Look::default() };
    assert_eq!(whats(&compare(&was, &pages(&[(100, 300), (90, 280), (110, 330), (80, 240)]))), [(Level::Fail, "slow")]);
    // Ten times as long as some time before, and in turn as fast: the host was busy.
    assert_eq!(compare(&was, &pages(&[(850, 900), (800, 900), (880, 870), (900, 900)])).findings, []);
    assert_eq!(compare(&was, &pages(&[(5, 20), (4, 16), (6, 20)])).findings, [], "nobody feels fifteen milliseconds");
    let odd = Look {
        pages: [pages(&[(100, 110), (100, 110)]).pages, vec![SeenPage { milliseconds: 4000, ..article(ARTICLE) }]].concat(),
        ..Look::default()
    };
    let was_odd = Look { pages: [was.pages.clone(), vec![article(ARTICLE)]].concat(), ..Look::default() };
    let verdict = compare(&was_odd, &odd);
    assert_eq!(whats(&verdict), [(Level::Warn, "slow")], "the slowest were asked in turn, and were as fast");
    assert!(is_doubtful(&[(100, 190), (100, 200)]) && !is_doubtful(&[(100, 120), (100, 200), (100, 110)]) && !is_doubtful(&[]));
}

#[test]
fn complaints_that_visitors_see_are_told_once_they_are_new() {
    let of = |complaints: &[&str]| SeenPage { complaints: complaints.iter().map(|c| (*c).to_owned()).collect(), ..article(ARTICLE) };
    assert_eq!(whats(&verdict(of(&["Warning: a in b"]), of(&["Warning: a in b"]))), []);
    assert_eq!(whats(&verdict(of(&[]), of(&["Warning: a in b"]))), [(Level::Warn, "complaint")]);
}

fn any_page() -> impl Strategy<Value = SeenPage> {
    let words = proptest::collection::vec("[a-e]{1,2}", 0..40);
    (prop_oneof![Just(200_u16), Just(0), Just(302), Just(404), Just(500)], "[A-C]?", any::<bool>(), 0_u64..4000, words).prop_map(
        |(status, title, broken, milliseconds, words)| SeenPage { status, title, broken, milliseconds, ..article(&words.join(" ")) },
    )
}

proptest! {
    /// The same release over the same data is never at fault, whatever is on its pages.
    #[test]
    fn the_same_passes(page in any_page()) {
        let verdict = verdict(page.clone(), page);
        prop_assert_eq!(verdict.level, Level::Pass, "{:?}", verdict);
    }

    /// A page that serves no more always fails, unless it was so before.
    #[test]
    fn what_serves_no_more_fails(was in any_page(), is in any_page()) {
        let verdict = verdict(was.clone(), is.clone());
        if is_well(&was) && !is_well(&is) {
            prop_assert_eq!(verdict.level, Level::Fail);
        }
        if !is_well(&was) {
            prop_assert_eq!(verdict.level, Level::Pass);
        }
    }

    /// A mask takes findings away and never adds any.
    #[test]
    fn a_mask_only_hides(first in any_page(), second in any_page(), now in any_page()) {
        let mask = Mask::of(&look(first.clone()), &look(SeenPage { milliseconds: first.milliseconds, ..second }));
        let (loud, quiet) = (verdict(first.clone(), now.clone()), compare_masked(&look(first), &look(now), &mask));
        prop_assert!(quiet.level <= loud.level);
    }
}
