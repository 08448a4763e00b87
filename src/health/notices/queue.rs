// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! When a notice that could not be sent is tried again. Pure.

use jiff::{SignedDuration, Timestamp};

/// So long a notice is tried.
pub const END: SignedDuration = SignedDuration::from_hours(24);
/// Whoever sends a notice has it for so long; then somebody else may.
pub const CLAIM: SignedDuration = SignedDuration::from_secs(45);
/// Seconds until the next try, by how many failed.
const WAITS: [i64; 8] = [10, 30, 60, 120, 300, 600, 1800, 3600];

/// When a notice is tried again after so many failed tries; none where it is given up.
#[must_use]
pub fn next(created: Timestamp, now: Timestamp, attempts: u32) -> Option<Timestamp> {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS.len() - 1);
    let next = now + SignedDuration::from_secs(WAITS[at]);
    (next < created + END).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_each_time_and_ends() {
        let created = Timestamp::UNIX_EPOCH;
        let (mut now, mut attempts, mut last) = (created, 0, SignedDuration::ZERO);
        loop {
            attempts += 1;
            let Some(at) = next(created, now, attempts) else { break };
            assert!(at.duration_since(now) >= last, "{attempts}");
            last = at.duration_since(now);
            now = at;
        }
        assert!((25..40).contains(&attempts), "{attempts}");
        assert!(now.duration_since(created) > SignedDuration::from_hours(22));
    }
}
