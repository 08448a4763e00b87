// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The clocks, read.

use rustix::time::{ClockId, clock_gettime};

use crate::{
    clock::Clock,
    health::{observer::Clocks, wheel::milliseconds},
};

/// What the clocks show now.
#[must_use]
pub fn now(clock: &dyn Clock) -> Clocks {
    Clocks { wall: milliseconds(clock.now()), running: read(ClockId::Monotonic), passed: read(ClockId::Boottime) }
}

fn read(id: ClockId) -> u64 {
    let time = clock_gettime(id);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    part(time.tv_sec) * 1000 + part(time.tv_nsec) / 1_000_000
}
