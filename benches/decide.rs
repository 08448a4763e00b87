// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How long deciding takes: `cargo bench --bench decide`. A rollout of 290 instances must take at most a millisecond, one of
//! 87,000 (every site of the fleet) at most a hundred, in the state that is the dearest: the last wave, half of it done, some
//! watched, some waiting.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{hint::black_box, time::Instant};

use flotta::{
    fleet::rollout::{MemberState, RolloutState},
    rollouts::decide::{Knobs, Rehearsal, Rollout, Seen, decide},
};
use jiff::{SignedDuration, Timestamp};

fn rollout(n: usize, now: Timestamp) -> Rollout {
    let member = |i: usize| {
        let state = match i * 8 / n {
            0..=3 => MemberState::Succeeded,
            4 => MemberState::Soaking,
            _ => MemberState::Pending,
        };
        Seen {
            wave: usize::from(i > 0) + usize::from(i > n / 20) + usize::from(i > n / 4),
            state,
            outcome: None,
            exposed_at: (state == MemberState::Soaking).then_some(now),
            soak: SignedDuration::from_secs(600),
            well: true,
            ill: None,
            fault: None,
            held: None,
            rehearsal: Rehearsal::Passed,
            migrated: false,
            approved: false,
            overdue: false,
            gone: false,
        }
    };
    Rollout {
        state: RolloutState::Running,
        gates: 3,
        agreed: false,
        failures: 0,
        elsewhere: 0,
        knobs: Knobs { in_flight: 16, together: 64, rehearsals: 4, budget: 3, manual_gates: false },
        members: (0..n).map(member).collect(),
    }
}

fn main() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let mut slow = false;
    println!("| instances | median | slowest of 100 | at most |");
    println!("| --- | --- | --- | --- |");
    for (n, at_most) in [(290, 1.0), (87_000, 100.0)] {
        let rollout = rollout(n, now);
        assert_eq!(decide(&rollout, now).len(), 16);
        let mut took: Vec<f64> = (0..100)
            .map(|_| {
                let began = Instant::now();
                black_box(decide(black_box(&rollout), now));
                began.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        took.sort_by(f64::total_cmp);
        println!("| {n} | {:.4} ms | {:.4} ms | {at_most} ms |", took[50], took[99]);
        slow |= took[99] > at_most;
    }
    assert!(!slow, "deciding takes longer than it may");
}
