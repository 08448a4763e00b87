// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

use proptest::prelude::*;

use super::*;
use crate::fleet::{Desired, Limits, MunicipalityId, knobs::Schedule, policy::Hold};

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn candidate(slug: &str, environment: Environment, network_kind: NetworkKind, sites: u32) -> Candidate {
    let instance = Instance {
        id: InstanceId::generate(),
        municipality: MunicipalityId::generate(),
        slug: slug.parse().unwrap(),
        title: slug.to_owned(),
        environment,
        network_kind,
        domain: format!("{slug}.localhost").parse().unwrap(),
        locale: "sv_SE".to_owned(),
        admin_login: "webb".to_owned(),
        admin_email: "webb@example.se".to_owned(),
        release: ReleaseId::generate(),
        desired: Desired::Running,
        state: InstanceState::Running,
        reason: String::new(),
        slot: 0,
        generation: 1,
        paused: false,
        limits: Limits::default(),
        created_at: now(),
    };
    Candidate { policy: Policy::none(instance.id), instance, sites: Some(sites), bound: None, already: false }
}

fn many(n: usize) -> Vec<Candidate> {
    (0..n).map(|i| candidate(&format!("k{i:03}"), Environment::Production, NetworkKind::SubDirectory, 5)).collect()
}

fn wanted(waves: &[&str]) -> Wanted {
    Wanted {
        release: ReleaseId::generate(),
        rings: Vec::new(),
        waves: waves.iter().map(|w| w.parse().unwrap()).collect(),
        knobs: Schedule::Careful.knobs(),
        update_seconds: USUAL_SECONDS,
    }
}

fn sizes(plan: &Plan) -> Vec<u32> {
    plan.waves.iter().map(|w| w.members).collect()
}

#[test]
fn shares_count_from_all_and_the_last_wave_takes_the_rest() {
    let usual = wanted(Schedule::Careful.waves());
    for (n, expected) in [(0, vec![]), (1, vec![1]), (2, vec![1, 1]), (12, vec![1, 2, 9]), (290, vec![1, 14, 58, 217])] {
        assert_eq!(sizes(&plan(many(n), &usual, now()).unwrap()), expected, "{n}");
    }
    assert_eq!(sizes(&plan(many(10), &wanted(&["2", "2", "5"]), now()).unwrap()), [2, 2, 6]);
    assert_eq!(sizes(&plan(many(10), &wanted(&["20%"]), now()).unwrap()), [10]);
}

#[test]
fn those_go_first_that_are_no_public_sites_and_that_say_most_of_the_others() {
    use {Environment as E, NetworkKind as N};
    let fleet = vec![
        candidate("ale", E::Production, N::SubDirectory, 3),
        candidate("bor", E::Production, N::SubDirectory, 4),
        candidate("eda", E::Production, N::SubDirectory, 120),
        candidate("mora", E::Production, N::SubDomain, 8),
        candidate("nora", E::Staging, N::SubDirectory, 3),
        candidate("orsa", E::Trial, N::SubDirectory, 3),
        candidate("sala", E::Production, N::Single, 1),
    ];
    let plan = plan(fleet, &wanted(&["1", "50%", "100%"]), now()).unwrap();
    let order: Vec<_> = plan.members.iter().map(|m| (m.instance.slug.as_str(), m.wave, m.placed)).collect();
    assert_eq!(
        order,
        [
            ("orsa", 0, Placed::Trial),
            ("nora", 1, Placed::Trial),
            ("sala", 1, Placed::Network),
            ("mora", 1, Placed::Network),
            ("eda", 2, Placed::Size),
            ("ale", 2, Placed::Order),
            ("bor", 2, Placed::Order),
        ]
    );
}

#[test]
fn rings_go_first_by_name() {
    let mut asked = wanted(&["50%", "100%"]);
    let ring = |name: &str, members: &[&str]| Ring { name: name.to_owned(), members: members.iter().map(ToString::to_string).collect() };
    asked.rings = vec![ring("early", &["k003", "k001"]), ring("none", &[])];
    let made = plan(many(6), &asked, now()).unwrap();
    assert_eq!(made.waves.iter().map(|w| (w.name.as_str(), w.members)).collect::<Vec<_>>(), [("early", 2), ("50%", 2), ("100%", 2)]);
    assert_eq!((made.members[0].instance.slug.as_str(), made.members[0].placed), ("k003", Placed::Ring));
    asked.rings = vec![ring("early", &["k001", "nowhere"]), ring("late", &["k001"])];
    let codes: Vec<_> = plan(many(6), &asked, now()).unwrap_err().into_iter().map(|e| e.code).collect();
    assert_eq!(codes, ["not-meant", "twice"]);
}

#[test]
fn who_cannot_come_along_is_told_with_the_reason() {
    let mut asked = wanted(&["100%"]);
    let mut fleet = many(8);
    fleet[0].already = true;
    fleet[1].bound = Some(RolloutId::generate());
    fleet[2].policy.pin = Some(ReleaseId::generate());
    let hold = |until| Some(Hold { reason: "election".to_owned(), until, by: "anna".to_owned(), since: now() });
    fleet[3].policy.hold = hold(None);
    fleet[4].instance.state = InstanceState::Suspended;
    fleet[5].policy.hold = hold(Some("2026-12-01T00:00:00Z".parse().unwrap()));
    fleet[6].policy.window = Some("Mon-Thu 22:00-04:00".parse().unwrap());
    asked.knobs.in_flight = 2;
    let plan = plan(fleet, &asked, now()).unwrap();
    let out: Vec<_> = plan.left_out.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(out, ["already", "elsewhere", "pinned", "held", "not-running"]);
    let held: Vec<_> = plan.members.iter().map(|m| (m.held, m.detail.as_str())).collect();
    assert_eq!(held, [(Some(Held::Window), "Mon-Thu 22:00-04:00"), (None, ""), (Some(Held::Hold), "election")]);
    // Two rounds of one minute, and the soak.
    assert!((plan.expected_seconds - 720.0).abs() < f64::EPSILON);
}

#[test]
fn waves_are_numbers_or_shares() {
    assert_eq!(" 5 % ".parse::<Slice>().unwrap(), Slice::Percent(5));
    for bad in ["", "0", "0%", "101%", "-1", "all", "5%%"] {
        assert_eq!(bad.parse::<Slice>().unwrap_err().field, "waves", "{bad}");
    }
}

proptest! {
    #[test]
    fn everybody_is_in_one_wave_and_waves_are_in_order(
        n in 0_usize..200,
        waves in prop::collection::vec(prop_oneof![(1_u32..20).prop_map(Slice::Count), (1_u32..=100).prop_map(Slice::Percent)], 1..6),
    ) {
        let asked = Wanted { waves, ..wanted(&["1"]) };
        let plan = plan(many(n), &asked, now()).unwrap();
        prop_assert_eq!(plan.members.len(), n);
        prop_assert!(plan.members.windows(2).all(|w| w[0].wave <= w[1].wave));
        prop_assert_eq!(plan.waves.iter().map(|w| w.members as usize).sum::<usize>(), n);
        prop_assert!(plan.waves.iter().all(|w| w.members > 0));
        let unique: HashSet<_> = instances(&plan).into_iter().collect();
        prop_assert_eq!(unique.len(), n);
    }
}
