// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts over a small fleet on the real engine, with visitors all the while. With `FLOTTA_TEST_FULL=1`: ten municipalities, one of
//! them with twenty sites, and no fewer than ten thousand visits to the good release.

mod bad;
mod disturbed;

use std::time::Duration;

use flotta::{
    fleet::{
        Release, Rollout, RolloutId, Scope,
        evidence::Look,
        rollout::{MemberState, RolloutMember, RolloutState},
    },
    rollouts::{
        evidence,
        request::{self, KnobsRequest, Request},
    },
    store,
};

use crate::support::{
    fleet::Fleet,
    full,
    image::{Images, Theme},
    visitors::{Visitors, municipality, php},
};

const GOOD: Theme = Theme { version: "1.0", functions: "", single: "", run: "" };
const SLUGS: [&str; 10] = ["ale", "bor", "dal", "eda", "flen", "gagn", "habo", "kil", "lund", "mora"];

/// How many municipalities, sites of one of them, and visits at least.
fn size() -> (usize, usize, usize) {
    if full() { (10, 20, 10_000) } else { (4, 3, 0) }
}

/// Starts a rollout to this release: one first, then all the others.
async fn start(fleet: &Fleet, release: &Release, rehearse: bool) -> RolloutId {
    let knobs = KnobsRequest {
        in_flight: Some(2),
        soak_seconds: Some(vec![2]),
        rehearse: (!rehearse).then(|| "skip".to_owned()),
        migration: (!rehearse).then(|| "none".to_owned()),
        ..KnobsRequest::default()
    };
    let request = Request { release: release.name.clone(), waves: vec!["1".into(), "100%".into()], knobs, ..Request::default() };
    let rollout = request::start(&fleet.app.tools, &request, "test").await.unwrap();
    fleet.app.signals.rollouts.notify_one();
    rollout.id
}

/// Waits until a rollout stands still.
async fn ended(fleet: &Fleet, id: RolloutId) -> (Rollout, Vec<RolloutMember>) {
    fleet
        .until("the rollout has come to its end", Duration::from_secs(if size().2 > 0 { 3000 } else { 600 }), || async {
            let (rollout, members) = store::rollouts::whole(&fleet.app.tools.store, id).await.unwrap();
            let still = rollout.state.is_final() || rollout.state == RolloutState::Paused;
            if still { Ok(()) } else { Err(format!("{:?} {:?}", rollout.state, members.iter().map(|m| m.state).collect::<Vec<_>>())) }
        })
        .await;
    store::rollouts::whole(&fleet.app.tools.store, id).await.unwrap()
}

async fn told(fleet: &Fleet, id: RolloutId) -> String {
    let events = store::rollouts::events_after(&fleet.app.tools.store, &Scope::Fleet, id, 0).await.unwrap();
    events.iter().map(|e| format!("{e:?}\n")).collect()
}

/// How many pages of a member were looked at after its update.
async fn evidence_of(fleet: &Fleet, member: &RolloutMember) -> usize {
    let look: Option<Look> = evidence::load(&fleet.app.tools, member.update.unwrap(), "after").await.unwrap();
    look.map_or(0, |look| look.pages.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_theme_reaches_everybody_and_bad_ones_stop_at_the_first() {
    let fleet = Fleet::start().await;
    let mut images = Images::new(&fleet.app.tools.settings.fleet);
    let first = images.release(&fleet, "kommun-1.0", &GOOD).await;
    let (municipalities, sites, visits) = size();
    let slugs = &SLUGS[..municipalities];
    let sites: Vec<String> = (2..=sites).map(|n| format!("skola{n}")).collect();
    let mut instances = Vec::new();
    for slug in slugs {
        let sites: Vec<&str> = if *slug == "bor" { sites.iter().map(String::as_str).collect() } else { Vec::new() };
        instances.push(municipality(&fleet, slug, &first, &sites).await);
    }
    let mut pages: Vec<(String, String)> = slugs.iter().map(|s| (format!("{s}.localhost"), "/".to_owned())).collect();
    pages.extend(sites.iter().map(|site| ("bor.localhost".to_owned(), format!("/{site}/"))));
    let pages: Vec<(&str, &str)> = pages.iter().map(|(h, p)| (h.as_str(), p.as_str())).collect();

    // A new version of the theme, tried on a copy of everybody's data first.
    let second = images.release(&fleet, "kommun-1.1", &Theme { version: "1.1", ..GOOD }).await;
    let visitors = Visitors::come(&fleet, &pages);
    let id = start(&fleet, &second, true).await;
    let (rollout, members) = ended(&fleet, id).await;
    visitors.until(visits).await;
    let (asked, wrong) = visitors.leave().await;
    let story = told(&fleet, id).await;
    assert_eq!(rollout.state, RolloutState::Completed, "{story}");
    assert!(members.iter().all(|m| m.state == MemberState::Succeeded), "{members:?}\n{story}");
    assert!(wrong.is_empty(), "{} of {asked} failed: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
    for (host, path) in &pages {
        assert!(fleet.visit(host, path).await.1.contains("kommun 1.1"), "{host}{path}");
    }
    eprintln!("{asked} visitors during the rollout, none turned away");

    for member in &members {
        let seen = evidence_of(&fleet, member).await;
        assert!(seen > 0, "no evidence of {member:?}");
    }

    // A fatal error on every page, and one that is slow without being slower than anybody would bear: the first one's update is
    // undone, and nobody else's is begun.
    for (name, functions) in [("fatal", "function_that_is_not_there();"), ("slow", "add_action('init', function () { usleep(400000); });")]
    {
        let bad = images.release(&fleet, &format!("kommun-{name}"), &Theme { version: "1.2", functions, ..GOOD }).await;
        let visitors = Visitors::come(&fleet, &pages);
        let id = start(&fleet, &bad, false).await;
        let (rollout, members) = ended(&fleet, id).await;
        let (_, wrong) = visitors.leave().await;
        let story = told(&fleet, id).await;
        assert_eq!(rollout.state, RolloutState::Halted, "{name} {story}");
        assert_eq!(members.iter().filter(|m| m.state == MemberState::Unchanged).count(), 1, "{name} {members:?}\n{story}");
        assert_eq!(members.iter().filter(|m| m.state == MemberState::Pending).count(), slugs.len() - 1, "{name} {members:?}\n{story}");
        assert!(wrong.is_empty(), "{name} {wrong:?}");
    }

    // Broken only where a municipality has something of its own: that one stays as it was, the others move on.
    let own = &instances[3];
    let target = fleet.app.tools.target(own.id).await.unwrap();
    php(&target.container(), "update_option('kommun_special', '1');");
    let picky = Theme { version: "1.3", functions: "if (get_option('kommun_special')) { function_that_is_not_there(); }", ..GOOD };
    let picky = images.release(&fleet, "kommun-1.3", &picky).await;
    let id = start(&fleet, &picky, false).await;
    let (rollout, members) = ended(&fleet, id).await;
    let story = told(&fleet, id).await;
    let of = |slug: &str| members.iter().find(|m| m.slug.as_str() == slug).unwrap().state;
    assert_eq!(of("eda"), MemberState::Unchanged, "{members:?}\n{story}");
    assert!(slugs.iter().all(|s| *s == "eda" || of(s) == MemberState::Succeeded), "{members:?}\n{story}");
    assert_eq!(rollout.state, RolloutState::Completed, "{story}");
    assert!(fleet.visit("eda.localhost", "/").await.1.contains("kommun 1.1"));
    assert!(fleet.visit("ale.localhost", "/").await.1.contains("kommun 1.3"));
}
