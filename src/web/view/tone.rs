// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How a state looks: its shape and colour. The word always stands beside it.

/// What a state means to someone who only glances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tone {
    /// As it should be: a circle with a tick.
    Ok,
    /// Something is being done: an open ring with an arrow.
    Work,
    /// Look when there is time: a triangle.
    Warn,
    /// A person is needed: a diamond with a cross.
    Bad,
    /// Off on purpose: a square with two bars.
    Off,
    /// Not yet, or not known: a dashed ring.
    Wait,
}

impl Tone {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Work => "work",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Off => "off",
            Self::Wait => "wait",
        }
    }

    /// The tone of a state of a kind of thing; none for words that are no states.
    pub(super) fn of(kind: &str, value: &str) -> Option<Self> {
        Some(match (kind, value) {
            ("instance", "running")
            | ("operation", "done")
            | ("step", "done")
            | ("event", "done")
            | ("channel", "stable")
            | ("user", "active")
            | ("token", "active")
            | ("platform", "well")
            | ("result", "done")
            | ("domain", "free")
            | ("rollout", "completed")
            | ("member", "succeeded")
            | ("level", "pass")
            | ("health", "ok")
            | ("verdict", "well")
            | ("incident", "resolved")
            | ("finding", "resolved")
            | ("burning", "calm")
            | ("tone", "ok") => Self::Ok,
            ("instance", "onboarding" | "repairing" | "updating" | "offboarding")
            | ("operation", "live")
            | ("step", "working" | "undoing")
            | ("event", "intent" | "undoing")
            | ("rollout", "running" | "reverting")
            | ("member", "updating" | "soaking" | "reverting")
            | ("tone", "work") => Self::Work,
            ("operation", "undone" | "parked")
            | ("step", "undone" | "retrying")
            | ("event", "undone")
            | ("channel", "candidate")
            | ("result", "refused")
            | ("domain", "elsewhere")
            | ("rollout", "paused" | "halting" | "revert-blocked")
            | ("member", "rolled-back" | "failed-unchanged" | "needs-approval")
            | ("level", "warn")
            | ("health", "slow" | "suspect" | "flapping")
            | ("verdict", "slow" | "disturbed" | "partly")
            | ("incident", "acknowledged")
            | ("finding", "open")
            | ("burning", "slow")
            | ("tone", "warn") => Self::Warn,
            ("instance", "quarantined")
            | ("operation", "failed")
            | ("step", "failed")
            | ("event", "failed")
            | ("platform", "unwell")
            | ("result", "failed")
            | ("domain", "taken" | "invalid")
            | ("rollout", "halted")
            | ("member", "quarantined")
            | ("level", "fail")
            | ("health", "down")
            | ("verdict", "down")
            | ("incident", "open")
            | ("burning", "fast")
            | ("tone", "bad") => Self::Bad,
            ("instance", "suspended")
            | ("channel", "retired")
            | ("user", "disabled")
            | ("token", "expired" | "revoked")
            | ("rollout", "reverted" | "superseded")
            | ("member", "reverted" | "skipped")
            | ("incident", "merged")
            | ("finding", "muted")
            | ("tone", "off") => Self::Off,
            ("step", "waiting" | "skipped")
            | ("event", "note")
            | ("platform", "unknown")
            | ("member", "pending")
            | ("health", "unknown")
            | ("verdict", "unknown")
            | ("burning", "unknown")
            | ("tone", "wait") => Self::Wait,
            _ => return None,
        })
    }
}
