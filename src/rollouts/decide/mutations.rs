// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every guard is switched off in turn, and the properties or the model must notice.

use std::panic;

use proptest::test_runner::{Config, TestRunner};

use super::{
    guard::{Guard, without},
    model, properties,
};

/// Whether a rollout without this guard breaks a rule that the tests hold.
fn noticed(guard: Guard) -> Option<&'static str> {
    let config = Config { cases: 2_000, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let lived = without(guard, || {
        let all = (properties::world(), properties::orders());
        TestRunner::new(config).run(&all, |(world, orders)| properties::live(world, orders)).is_ok()
    });
    if !lived {
        return Some("properties");
    }
    let explored = without(guard, || panic::catch_unwind(model::explore));
    explored.is_err().then_some("model")
}

#[test]
fn a_rollout_without_any_one_of_its_guards_is_caught() {
    let usual = panic::take_hook();
    // Each of them is caught by a panic: their texts would hide what matters.
    panic::set_hook(Box::new(|_| {}));
    let found: Vec<_> = Guard::ALL.into_iter().map(|guard| (guard, noticed(guard))).collect();
    panic::set_hook(usual);
    eprintln!("{found:?}");
    let missed: Vec<_> = found.iter().filter(|(_, by)| by.is_none()).collect();
    assert!(missed.is_empty(), "nothing misses these guards: {missed:?}");
}
