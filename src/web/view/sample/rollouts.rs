// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rollouts as they could be.

use super::{Sample, before, entries, sample};
use crate::{
    error::FieldError,
    fleet::{
        Environment,
        evidence::{Finding, Level, Verdict},
        rollout::{Blame, Held, MemberState, Placed, RolloutEventKind, RolloutState, Why},
        update::{Migration, Written},
    },
    web::view::{Page, models::*},
};

const ID: &str = "019aaf1e-0000-7000-8000-0000000000f1";

/// Every page of them.
pub(super) fn all() -> Vec<Sample> {
    let running = board(RolloutState::Running, Why::Started);
    let form = RolloutForm {
        release: "6.9-1".to_owned(),
        schedule: "careful".to_owned(),
        rehearse: "required".to_owned(),
        ..RolloutForm::default()
    };
    let mut samples = vec![
        sample("rollouts", &list()),
        sample("rollouts-empty", &RolloutsPage { rows: vec![], live: 0, waiting: 0, pager: Pager::default(), ..list() }),
        sample(
            "rollouts-nothing",
            &RolloutsPage { rows: vec![], has_choice: false, live: 0, waiting: 0, pager: Pager::default(), ..list() },
        ),
        sample("rollout-running", &running),
        sample("rollout-gate", &board(RolloutState::Paused, Why::ManualGate)),
        sample("rollout-halted", &board(RolloutState::Halted, Why::Quiet)),
        sample("rollout-completed", &board(RolloutState::Completed, Why::Over)),
        sample(
            "rollout-plan",
            &RolloutPlanPage { form: form.clone(), releases: releases(), plan: None, errors: vec![], command: plan_command() },
        ),
        sample(
            "rollout-planned",
            &RolloutPlanPage { form: form.clone(), releases: releases(), plan: Some(planned()), errors: vec![], command: plan_command() },
        ),
        sample(
            "rollout-plan-wrong",
            &RolloutPlanPage {
                form: RolloutForm { waves: "all".to_owned(), rehearse: "skip".to_owned(), ..form },
                releases: releases(),
                plan: None,
                errors: vec![
                    FieldError::new("waves", "invalid-wave", "`all` is no wave", "write a number or a share"),
                    FieldError::new("migration", "migration-unknown", "nobody knows what it does", "say none, data or schema"),
                ],
                command: plan_command(),
            },
        ),
        sample("rollout-revert", &revert(3)),
        sample("rollout-revert-free", &revert(0)),
    ];
    for state in [MemberState::Pending, MemberState::Succeeded, MemberState::RolledBack, MemberState::NeedsApproval] {
        let name = Box::leak(format!("rollout-member-{state}").into_boxed_str());
        samples.push(sample(name, &member(state)));
    }
    samples.push(Sample { page: Page::RolloutLive, ..sample("rollout-fragment", &running) });
    samples
}

/// As the fleet's page has them.
pub(super) fn unfinished() -> Vec<RolloutRow> {
    let paused = RolloutRow { state: RolloutState::Paused, why: Why::ManualGate, ..list().rows.remove(0) };
    vec![paused, list().rows.remove(0)]
}

fn list() -> RolloutsPage {
    let row = |id: &str, release: &str, state, why, done, failed, ago| RolloutRow {
        id: id.to_owned(),
        release: release.to_owned(),
        state,
        why,
        done,
        failed,
        total: 290,
        requested_by: "anna.akesson@helsingborg.se".to_owned(),
        created_at: before(ago),
    };
    RolloutsPage {
        rows: vec![
            row(ID, "6.9-1", RolloutState::Running, Why::Started, 112, 2, 7200),
            row("019aaf1e-0000-7000-8000-0000000000f0", "6.9-0", RolloutState::Halted, Why::Quiet, 0, 1, 90_000),
            row("019aaf1e-0000-7000-8000-0000000000ef", "6.8-2", RolloutState::Completed, Why::Over, 289, 1, 864_000),
        ],
        live: 1,
        waiting: 0,
        may_manage: true,
        has_choice: true,
        pager: Pager::of(1, 50, 3, "/rollouts", &[]),
        command: "flotta rollout list".to_owned(),
    }
}

fn state_of(at: usize, rollout: RolloutState) -> MemberState {
    use MemberState as M;
    match (rollout, at) {
        (RolloutState::Halted, 0) => M::RolledBack,
        (RolloutState::Halted, _) => M::Pending,
        (_, 9) => M::RolledBack,
        (_, 31) => M::Quarantined,
        (RolloutState::Completed, _) | (_, 0..=72) => M::Succeeded,
        (RolloutState::Running, 73..=76) => M::Updating,
        (RolloutState::Running, 77..=84) => M::Soaking,
        _ => M::Pending,
    }
}

fn board(state: RolloutState, why: Why) -> RolloutPage {
    let places: Vec<MemberTile> = entries()
        .into_iter()
        .enumerate()
        .map(|(at, e)| MemberTile {
            slug: e.slug,
            name: e.short,
            environment: e.environment,
            state: state_of(at, state),
            held: (at == 120).then_some(Held::Hold),
        })
        .collect();
    let sizes = [("1", 1), ("5%", 14), ("25%", 58), ("100%", 217)];
    let mut from = 0;
    let halted = state == RolloutState::Halted;
    let waves: Vec<WaveColumn> = (1..)
        .zip(sizes)
        .map(|(number, (name, size))| {
            let tiles = places[from..from + size].to_vec();
            from += size;
            let passed = !halted && (number < 4 && state != RolloutState::Paused || number < 3);
            WaveColumn {
                nth: number,
                name: name.to_owned(),
                open: number == 1 || !halted && (number < 4 || state != RolloutState::Paused),
                turns: tiles.iter().filter(|t| t.state.is_over()).count(),
                soak_seconds: 600,
                gate: passed.then(|| GateRecord { at: before(3600), succeeded: size as u64, failed: 0, waiting: 0, agreed: number == 2 }),
                tiles,
            }
        })
        .collect();
    let count = |is: fn(MemberState) -> bool| u32::try_from(places.iter().filter(|t| is(t.state)).count()).unwrap();
    RolloutPage {
        id: ID.to_owned(),
        release: "6.9-1".to_owned(),
        state,
        why,
        over: state.is_final(),
        done: count(|s| s == MemberState::Succeeded),
        failed: count(|s| matches!(s, MemberState::RolledBack | MemberState::Quarantined)),
        total: 290,
        turns: count(MemberState::is_over),
        failures: 1,
        budget: 3,
        in_flight: 4,
        requested_by: "anna.akesson@helsingborg.se".to_owned(),
        created_at: before(7200),
        finished_at: state.is_final().then(|| before(60)),
        elapsed_seconds: 7200.0,
        expected_seconds: 6900,
        waves,
        history: history(),
        may: RolloutActions {
            pause: state == RolloutState::Running,
            resume: state == RolloutState::Paused,
            halt: !state.is_final(),
            revert: true,
        },
        errors: vec![],
        command: format!("flotta rollout watch {ID}"),
    }
}

fn history() -> Vec<HistoryLine> {
    let line = |ago, kind, slug: &str, word: &str, why: &str, message: &str| HistoryLine {
        at: before(ago),
        kind,
        slug: slug.to_owned(),
        word: word.to_owned(),
        why: why.to_owned(),
        by: if kind == RolloutEventKind::Order { "anna.akesson@helsingborg.se".to_owned() } else { String::new() },
        message: message.to_owned(),
    };
    vec![
        line(30, RolloutEventKind::Member, "mora", "updating", "", ""),
        line(600, RolloutEventKind::Gate, "", "1", "", ""),
        line(900, RolloutEventKind::Member, "nykvarn", "rolled-back", "", "nykvarn.se/: it shows an error (500)"),
        line(960, RolloutEventKind::Fault, "nykvarn", "instance", "", "nykvarn.se/: it shows an error (500)"),
        line(1200, RolloutEventKind::State, "", "paused", "manual-gate", ""),
        line(7200, RolloutEventKind::Order, "", "start", "", ""),
    ]
}

fn written() -> Vec<Written> {
    vec![
        Written {
            blog: 1,
            address: "ale.se/".to_owned(),
            posts: vec!["Sophämtning i jul".to_owned(), "Nya öppettider".to_owned()],
            post_count: 2,
            comments: 4,
            users: 1,
            rows: vec![("wp_gf_entry".to_owned(), 17)],
        },
        Written { blog: 2, address: "ale.se/skola/".to_owned(), comments: 1, ..Written::default() },
    ]
}

fn member(state: MemberState) -> RolloutMemberPage {
    let failed = state == MemberState::RolledBack;
    let finding = |level, about: &str, what: &str, detail: &str| Finding {
        level,
        about: about.to_owned(),
        what: what.to_owned(),
        detail: detail.to_owned(),
    };
    RolloutMemberPage {
        id: ID.to_owned(),
        release: "6.9-1".to_owned(),
        slug: "ale".to_owned(),
        name: "Ale kommun".to_owned(),
        environment: Environment::Production,
        wave: 2,
        wave_name: "5%".to_owned(),
        placed: Placed::Network,
        state,
        blame: failed.then_some(Blame::Instance),
        reason: if failed { "ale.se/: it shows an error (500)".to_owned() } else { String::new() },
        held: (state == MemberState::Pending).then_some(Held::Window),
        from: "6.8-1".to_owned(),
        migration: (state != MemberState::Pending).then_some(Migration::Data),
        update: None,
        operation: (state != MemberState::Pending).then(|| "019aaf1e-0000-7000-8000-000000000001".to_owned()),
        exposed_at: (state == MemberState::Succeeded).then(|| before(3600)),
        verdict: match state {
            MemberState::Pending => None,
            MemberState::Succeeded => Some(Verdict::of(vec![])),
            _ => Some(Verdict::of(vec![
                finding(Level::Fail, "ale.se/", "broken", "it shows an error (500)"),
                finding(Level::Warn, "ale.se/skola/", "title", "its title was “Skola” and is “Skolan”"),
            ])),
        },
        rehearsal: Some(("019aaf1e-0000-7000-8000-000000000002".to_owned(), Level::Pass)),
        written: (state == MemberState::NeedsApproval).then(written),
        may_approve: state == MemberState::NeedsApproval,
        may_skip: state == MemberState::Pending,
        may_retry: failed,
        confirm: String::new(),
        errors: vec![],
        command: format!("flotta rollout show {ID} ale"),
    }
}

fn releases() -> Vec<Choice> {
    [("6.9-1", "stable"), ("6.8-1", "stable"), ("7.0-0", "candidate")]
        .map(|(value, label)| Choice { value: value.to_owned(), label: label.to_owned() })
        .to_vec()
}

fn plan_command() -> String {
    "flotta rollout start 6.9-1".to_owned()
}

fn planned() -> PlannedRollout {
    let member = |slug: &str, placed, held| PlannedMember {
        slug: slug.to_owned(),
        environment: if placed == Placed::Trial { Environment::Trial } else { Environment::Production },
        placed,
        held,
        detail: if held.is_some() { "Mon-Thu 22:00-04:00".to_owned() } else { String::new() },
    };
    let wave = |number, name: &str, total, members: Vec<PlannedMember>| PlannedWave {
        nth: number,
        name: name.to_owned(),
        expected_seconds: 660.0,
        soak_seconds: 600,
        total,
        more: total - members.len(),
        members,
    };
    PlannedRollout {
        total: 290,
        expected_seconds: 6900.0,
        budget: 3,
        waves: vec![
            wave(1, "1", 1, vec![member("orsa", Placed::Trial, None)]),
            wave(2, "5%", 14, vec![member("sala", Placed::Network, None), member("mora", Placed::Size, Some(Held::Window))]),
            wave(3, "100%", 275, vec![member("ale", Placed::Order, None)]),
        ],
        left_out: vec![
            Choice { value: "bor".to_owned(), label: "pinned".to_owned() },
            Choice { value: "eda".to_owned(), label: "already".to_owned() },
        ],
    }
}

fn revert(losing: usize) -> RolloutRevertPage {
    let losses = ["ale", "mora"].into_iter().take(losing);
    RolloutRevertPage {
        id: ID.to_owned(),
        release: "6.9-1".to_owned(),
        free: 109,
        losing,
        losses: losses.map(|slug| Loss { slug: slug.to_owned(), written: if slug == "ale" { written() } else { vec![] } }).collect(),
        lose_data: false,
        confirm: String::new(),
        errors: vec![],
        command: format!("flotta rollout revert {ID} --lose-data --confirm 6.9-1"),
    }
}
