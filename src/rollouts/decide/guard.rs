// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What stands between a rollout and a broken rule, by name. Outside tests all are always on. The tests switch each off in
//! turn, and the model or the properties must notice: a guard that nothing misses is none.

/// One guard of [`super::decide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// What has happened is written before anything is begun.
    WrittenFirst,
    /// Nothing is started but while the rollout goes on.
    Running,
    /// No more are in flight than may be.
    Cap,
    /// What others do on the same database server and node counts too.
    Shared,
    /// Stopped means that nothing is under way or watched.
    Quiet,
    /// In the first wave one failure halts.
    Canary,
    /// So many failures halt.
    Budget,
    /// A disturbed platform pauses.
    Disturbed,
    /// A soak has its time.
    Soak,
    /// A soak ends well only for who is well.
    Well,
    /// Nothing written since is lost unless somebody agreed.
    Loss,
    /// What takes too long pauses.
    Progress,
    /// No wave before its gate.
    OpenWave,
    /// Nothing is started that is held.
    Held,
    /// Nothing is started that was not rehearsed.
    Rehearsed,
    /// A gate waits for everybody in its wave.
    WholeWave,
    /// Completed means that nobody is left.
    Everybody,
    /// A gate asks for somebody who proves the release.
    Proved,
    /// A manual gate asks for a person.
    Manual,
    /// Reverted means that nobody serves the new release.
    AllBack,
    /// Reverted means that nobody waits for a decision.
    Blocked,
}

#[cfg(not(test))]
pub(super) const fn on(_: Guard) -> bool {
    true
}

#[cfg(test)]
pub(super) use switch::{on, without};

#[cfg(test)]
impl Guard {
    pub(super) const ALL: [Self; 21] = [
        Self::WrittenFirst,
        Self::Running,
        Self::Cap,
        Self::Shared,
        Self::Quiet,
        Self::Canary,
        Self::Budget,
        Self::Disturbed,
        Self::Soak,
        Self::Well,
        Self::Loss,
        Self::Progress,
        Self::OpenWave,
        Self::Held,
        Self::Rehearsed,
        Self::WholeWave,
        Self::Everybody,
        Self::Proved,
        Self::Manual,
        Self::AllBack,
        Self::Blocked,
    ];
}

#[cfg(test)]
mod switch {
    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static OFF: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    pub(in super::super) fn on(guard: Guard) -> bool {
        OFF.get() != Some(guard)
    }

    /// Runs something with a guard off, on this thread.
    pub(in super::super) fn without<T>(guard: Guard, run: impl FnOnce() -> T) -> T {
        OFF.set(Some(guard));
        let done = run();
        OFF.set(None);
        done
    }
}
