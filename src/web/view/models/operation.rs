// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Operations: one with its journal, and the list.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Choice, Model, Pager, command_line};
use crate::{
    fleet::{Direction, EventKind, Operation, OperationEvent, OperationKind, OperationState},
    web::view::Page,
};

/// One operation, at `GET /operations/{id}`. The script of the page listens to `/api/v1/operations/{id}/events` and, when
/// something happens, fetches `GET /operations/{id}/live`: the same model rendered as [`Page::OperationLive`].
#[derive(Clone, Debug, Serialize)]
pub struct OperationPage {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: OperationKind,
    /// The municipality's slug.
    pub slug: String,
    /// The municipality's official name; the slug where it is gone.
    pub name: String,
    /// Whether the municipality still exists, so that its page can be linked.
    pub municipality_exists: bool,
    /// Where it stands.
    pub state: OperationState,
    /// Whether it goes forward or back.
    pub direction: Direction,
    /// The step at hand, by name.
    pub step: String,
    /// Failed tries of the step at hand.
    pub attempts: i32,
    /// What stopped it, in English as stored; empty while nothing has.
    pub error: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it is tried again, while it waits after a failed try.
    pub next_try_at: Option<Timestamp>,
    /// Seconds since it was asked for, or that it took.
    pub elapsed_seconds: f64,
    /// Seconds that it usually takes, where it is known.
    pub expected_seconds: Option<f64>,
    /// How many steps are done (or, going back, undone).
    pub steps_done: usize,
    /// How many steps it has.
    pub steps_total: usize,
    /// Its steps in order.
    pub steps: Vec<StepLine>,
    /// Its journal, oldest first.
    pub journal: Vec<OperationEvent>,
    /// Whether the page offers `POST /operations/{id}/retry`.
    pub may_retry: bool,
    /// Whether the page offers `POST /municipalities/{slug}/invite`.
    pub may_invite: bool,
    /// Whether there is a page of what it has seen.
    pub has_evidence: bool,
    /// What the municipality does next, once onboarding is done.
    pub next: Option<NextSteps>,
    /// The same by command.
    pub command: String,
}

impl Model for OperationPage {
    const PAGE: Page = Page::Operation;
}

/// What a municipality can do with its new instance.
#[derive(Clone, Debug, Serialize)]
pub struct NextSteps {
    /// Address of its main site.
    pub address: String,
    /// Address of its wp-admin.
    pub admin_address: String,
    /// The administrator to invite.
    pub admin_email: String,
}

/// One step in the time-line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepLine {
    /// The step's name.
    pub name: String,
    /// Where it stands.
    pub state: StepState,
    /// When it was first begun.
    pub started_at: Option<Timestamp>,
    /// Seconds that it took, once done.
    pub seconds: Option<f64>,
    /// How many times it was tried.
    pub tries: u32,
    /// The last thing said of it, in English as stored; empty for nothing.
    pub message: String,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not begun yet.
    Waiting,
    /// Never begun, and the operation has ended.
    Skipped,
    /// Being done.
    Working,
    /// A try failed; another comes.
    Retrying,
    /// Done.
    Done,
    /// Failed for good.
    Failed,
    /// Being undone.
    Undoing,
    /// Undone.
    Undone,
}

impl StepState {
    /// Every state.
    pub const ALL: [Self; 8] =
        [Self::Waiting, Self::Skipped, Self::Working, Self::Retrying, Self::Done, Self::Failed, Self::Undoing, Self::Undone];
}

impl OperationPage {
    /// Builds the page from the operation, the names of its steps in order, and its journal.
    #[must_use]
    pub fn new(operation: &Operation, step_names: &[&str], journal: Vec<OperationEvent>, now: Timestamp) -> Self {
        let steps = steps_of(operation.state, step_names, &journal);
        let wanted = match operation.direction {
            Direction::Forward => StepState::Done,
            Direction::Back | Direction::Aside => StepState::Undone,
        };
        let id = operation.id.text();
        let end = operation.finished_at.unwrap_or(now);
        Self {
            command: command_line(["flotta", "operation", "watch", &id]),
            id,
            kind: operation.kind,
            slug: operation.slug.to_string(),
            name: operation.slug.to_string(),
            municipality_exists: false,
            state: operation.state,
            direction: operation.direction,
            step: operation.step.clone(),
            attempts: operation.attempts,
            error: operation.error.clone(),
            requested_by: operation.requested_by.clone(),
            created_at: operation.created_at,
            finished_at: operation.finished_at,
            next_try_at: (operation.state == OperationState::Live && operation.attempts > 0 && operation.next_at > now)
                .then_some(operation.next_at),
            elapsed_seconds: seconds_between(operation.created_at, end),
            expected_seconds: None,
            steps_done: steps.iter().filter(|step| step.state == wanted).count(),
            steps_total: steps.len(),
            steps,
            journal,
            may_retry: false,
            may_invite: false,
            has_evidence: false,
            next: None,
        }
    }
}

/// Reads the journal into one line for each step. Steps that this version does not know come last.
fn steps_of(state: OperationState, names: &[&str], journal: &[OperationEvent]) -> Vec<StepLine> {
    let line = |name: &str| StepLine {
        name: name.to_owned(),
        state: StepState::Waiting,
        started_at: None,
        seconds: None,
        tries: 0,
        message: String::new(),
    };
    let mut lines: Vec<StepLine> = names.iter().map(|name| line(name)).collect();
    for event in journal {
        let at = lines.iter().position(|l| l.name == event.step).unwrap_or_else(|| {
            lines.push(line(&event.step));
            lines.len() - 1
        });
        let Some(step) = lines.get_mut(at) else { continue };
        if !event.message.is_empty() {
            event.message.clone_into(&mut step.message);
        }
        match event.kind {
            EventKind::Intent => {
                step.tries += 1;
                step.started_at = step.started_at.or(Some(event.at));
                step.state = StepState::Working;
            }
            EventKind::Done => {
                step.state = StepState::Done;
                step.seconds = step.started_at.map(|start| seconds_between(start, event.at));
            }
            EventKind::Failed => step.state = if state == OperationState::Live { StepState::Retrying } else { StepState::Failed },
            EventKind::Undoing => step.state = StepState::Undoing,
            EventKind::Undone => step.state = StepState::Undone,
            EventKind::Note => {}
        }
    }
    if state.is_final() && state != OperationState::Done {
        for step in lines.iter_mut().filter(|l| matches!(l.state, StepState::Working | StepState::Undoing | StepState::Retrying)) {
            step.state = StepState::Failed;
        }
        for step in lines.iter_mut().filter(|l| l.state == StepState::Waiting) {
            step.state = StepState::Skipped;
        }
    }
    // A journal may name no step at all for a remark on the whole operation; that is no line of its own.
    lines.retain(|l| !l.name.is_empty());
    lines
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// One operation in a list.
#[derive(Clone, Debug, Serialize)]
pub struct OperationRow {
    /// Its id.
    pub id: String,
    /// What it does.
    pub kind: OperationKind,
    /// The municipality's slug.
    pub slug: String,
    /// The municipality's name; the slug where no better one is known.
    pub name: String,
    /// Where it stands.
    pub state: OperationState,
    /// The step at hand.
    pub step: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Seconds that it took, or has taken so far.
    pub seconds: f64,
}

impl OperationRow {
    /// From an operation as stored. Set `name` afterwards where the municipality is at hand.
    #[must_use]
    pub fn of(operation: &Operation, now: Timestamp) -> Self {
        Self {
            id: operation.id.text(),
            kind: operation.kind,
            slug: operation.slug.to_string(),
            name: operation.slug.to_string(),
            state: operation.state,
            step: operation.step.clone(),
            requested_by: operation.requested_by.clone(),
            created_at: operation.created_at,
            seconds: seconds_between(operation.created_at, operation.finished_at.unwrap_or(now)),
        }
    }
}

/// The query of `GET /operations`: `municipality`, `kind`, `state`, and `page`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationFilter {
    /// A municipality's slug; empty for all.
    pub municipality: String,
    /// A kind; empty for all.
    pub kind: String,
    /// A state; empty for all.
    pub state: String,
}

/// Operations, newest first, at `GET /operations`.
#[derive(Clone, Debug, Serialize)]
pub struct OperationsPage {
    /// The filter in use.
    pub filter: OperationFilter,
    /// Whether a filter is in use.
    pub filtered: bool,
    /// Those of this page.
    pub rows: Vec<OperationRow>,
    /// How many go on in the whole fleet.
    pub live: usize,
    /// How many wait for a person in the whole fleet.
    pub stopped: usize,
    /// Municipalities to choose from: value is the slug.
    pub municipality_choices: Vec<Choice>,
    /// Where the list stands.
    pub pager: Pager,
    /// The same by command.
    pub command: String,
}

impl Model for OperationsPage {
    const PAGE: Page = Page::Operations;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: i64, step: &str, kind: EventKind) -> OperationEvent {
        let at = Timestamp::from_second(1_000 + seq).unwrap();
        OperationEvent { seq, at, step: step.to_owned(), kind, message: String::new(), evidence: serde_json::Value::Null }
    }

    fn states(state: OperationState, journal: &[OperationEvent]) -> Vec<(String, StepState)> {
        steps_of(state, &["database", "secrets", "route"], journal).into_iter().map(|l| (l.name, l.state)).collect()
    }

    #[test]
    fn the_journal_becomes_a_line_for_each_step() {
        let journal = [
            event(1, "database", EventKind::Intent),
            event(3, "database", EventKind::Done),
            event(4, "secrets", EventKind::Intent),
            event(5, "secrets", EventKind::Failed),
        ];
        let lines = steps_of(OperationState::Live, &["database", "secrets", "route"], &journal);
        assert_eq!(lines[0].seconds, Some(2.0));
        let found: Vec<_> = lines.iter().map(|l| l.state).collect();
        assert_eq!(found, [StepState::Done, StepState::Retrying, StepState::Waiting]);
        assert_eq!(states(OperationState::Failed, &journal)[1].1, StepState::Failed);
        assert_eq!(states(OperationState::Failed, &journal)[2].1, StepState::Skipped);
    }

    #[test]
    fn undoing_is_seen_and_unknown_steps_come_last() {
        let journal = [
            event(1, "database", EventKind::Intent),
            event(2, "database", EventKind::Done),
            event(3, "brand-new", EventKind::Intent),
            event(4, "brand-new", EventKind::Failed),
            event(5, "brand-new", EventKind::Undone),
            event(6, "database", EventKind::Undoing),
        ];
        let found = states(OperationState::Live, &journal);
        assert_eq!(found.last().unwrap(), &("brand-new".to_owned(), StepState::Undone));
        assert_eq!(found[0].1, StepState::Undoing);
    }
}
