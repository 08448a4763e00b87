// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who is to be told what, now. Pure. Each receiver is told of each incident that concerns it once, of its end once, and in between
//! only reminded; nothing while it is silenced. What is decided follows from how things stand, so that it can be decided again.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::fleet::{
    Incident, IncidentId, InstanceId, MunicipalityId, Receiver, ReceiverId, Silence,
    incident::CauseKind,
    notice::{Told, Word},
};

/// So long an incident is not told of, in which it may turn out to be part of a wider one. A single site's comes after its
/// confirmation, which alone takes 20 seconds from its first failure and in which tier 0 found what is shared.
pub const HOLD: SignedDuration = SignedDuration::from_secs(5);
/// So long a message about single sites waits for others that may belong into it.
pub const GATHER: SignedDuration = SignedDuration::from_secs(5);
/// So long after a message nothing is sent to the same receiver; what comes meanwhile goes into the next.
pub const PACE: SignedDuration = SignedDuration::from_secs(30);
/// So many messages an hour are sent to a receiver.
pub const HOURLY: usize = 20;
/// What is over for longer than this is not told of any more, if it never was.
pub const LATE: SignedDuration = SignedDuration::from_hours(1);
/// So long after an operation its instance's sites may take to be found well.
pub const AFTERWARDS: SignedDuration = SignedDuration::from_secs(120);
/// So long after an operation what failed during it may take to be confirmed; what opens later is nothing of the operation's.
pub const CONFIRMED: SignedDuration = SignedDuration::from_secs(30);

/// An incident with what it touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The incident.
    pub incident: Incident,
    /// Whose sites it makes, or made, fail, and whose it is.
    pub municipalities: BTreeSet<MunicipalityId>,
    /// The one instance that it is about.
    pub instance: Option<InstanceId>,
}

/// An operation that changes an instance, or did a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The instance.
    pub instance: InstanceId,
    /// Since when.
    pub from: Timestamp,
    /// When it ended, or must.
    pub until: Timestamp,
}

/// How things stand.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Now.
    pub now: Timestamp,
    /// Incidents that are open, or were a while ago.
    pub cases: &'a [Case],
    /// Who may be told.
    pub receivers: &'a [Receiver],
    /// When nobody is.
    pub silences: &'a [Silence],
    /// What is worked on.
    pub works: &'a [Work],
    /// What was told of these incidents.
    pub told: &'a [Told],
    /// When messages were made in the last hour.
    pub made: &'a [(ReceiverId, Timestamp)],
}

/// What is to be told of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// What.
    pub word: Word,
    /// Of which.
    pub incident: IncidentId,
    /// Counts reminders.
    pub round: u32,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub receiver: ReceiverId,
    /// What it tells.
    pub items: Vec<Item>,
}

#[derive(Clone, Copy, Default)]
struct Before {
    opened: bool,
    over: bool,
    rounds: u32,
    last: Option<Timestamp>,
}

struct Due {
    item: Item,
    since: Timestamp,
    urgent: bool,
}

/// Decides.
#[must_use]
pub fn decide(scene: Scene<'_>) -> Vec<Message> {
    let mut before: HashMap<(ReceiverId, IncidentId), Before> = HashMap::new();
    for told in scene.told {
        let one = before.entry((told.receiver, told.incident)).or_default();
        match told.word {
            Word::Opened => one.opened = true,
            Word::Reminder => one.rounds = one.rounds.max(told.round),
            Word::Over => one.over = true,
        }
        one.last = one.last.max(Some(told.at));
    }
    let mut messages = Vec::new();
    for receiver in scene.receivers {
        let made = || scene.made.iter().filter(|(to, at)| *to == receiver.id && *at > scene.now - SignedDuration::from_hours(1));
        if made().any(|(_, at)| scene.now < *at + PACE) || made().count() >= HOURLY {
            continue;
        }
        let concerning = scene.cases.iter().filter(|case| concerns(receiver, case));
        let due: Vec<Due> = concerning
            .flat_map(|case| of_case(scene, receiver, case, before.get(&(receiver.id, case.incident.id)).copied().unwrap_or_default()))
            .collect();
        let ready = due.iter().any(|one| one.urgent || scene.now >= one.since + GATHER);
        if ready {
            let mut items: Vec<Item> = due.into_iter().map(|one| one.item).collect();
            items.sort();
            messages.push(Message { receiver: receiver.id, items });
        }
    }
    messages
}

/// Whether an incident is a receiver's business. Doubt in the watching itself is the operators' only.
fn concerns(receiver: &Receiver, case: &Case) -> bool {
    match receiver.municipality {
        None => true,
        Some(of) => !case.incident.cause.kind.is_sight() && case.municipalities.contains(&of),
    }
}

fn of_case(scene: Scene<'_>, receiver: &Receiver, case: &Case, before: Before) -> Vec<Due> {
    let (now, incident) = (scene.now, &case.incident);
    let quiet = quiet(scene, receiver, case);
    if quiet.iter().any(|(from, until)| *from <= now && now < *until) {
        return Vec::new();
    }
    let due = |word, round, since, urgent| Due { item: Item { word, incident: incident.id, round }, since, urgent };
    let over = |at| due(Word::Over, 0, at, false);
    if !before.opened {
        let Some(since) = told_from(receiver, incident, &quiet).filter(|since| *since <= now) else { return Vec::new() };
        let first = due(Word::Opened, 0, since, incident.cause.kind != CauseKind::Check);
        return match incident.resolved_at {
            None => vec![first],
            Some(at) if at > since && incident.merged_into.is_none() && now < at + LATE => vec![first, over(at)],
            Some(_) => Vec::new(),
        };
    }
    if let Some(at) = incident.resolved_at {
        return if before.over { Vec::new() } else { vec![over(at)] };
    }
    let every = minutes(receiver.remind_minutes);
    match before.last {
        Some(last) if receiver.remind_minutes > 0 && incident.acknowledged_at.is_none() && now >= last + every => {
            vec![due(Word::Reminder, before.rounds + 1, last + every, false)]
        }
        _ => Vec::new(),
    }
}

/// From when on a receiver is told of an incident, if it still goes on then; never where somebody takes it on before its turn.
fn told_from(receiver: &Receiver, incident: &Incident, quiet: &[(Timestamp, Timestamp)]) -> Option<Timestamp> {
    // Whatever ends a quiet time must outlast it as long as a new incident outlasts its hold.
    let mut from = incident.opened_at.max(receiver.created_at);
    while let Some(end) = quiet.iter().filter(|(begins, ends)| *begins < from + HOLD && from < *ends).map(|(_, ends)| *ends).max() {
        from = end;
    }
    let turn = from + HOLD.max(minutes(receiver.after_minutes));
    let taken_on = receiver.after_minutes > 0 && incident.acknowledged_at.is_some_and(|at| at < turn);
    (!taken_on).then_some(turn)
}

fn minutes(count: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(count))
}

/// When this receiver is told nothing of this incident.
fn quiet(scene: Scene<'_>, receiver: &Receiver, case: &Case) -> Vec<(Timestamp, Timestamp)> {
    let cause = &case.incident.cause;
    let check = (cause.kind == CauseKind::Check).then(|| cause.of.parse().ok()).flatten();
    let covers = |silence: &&Silence| silence.covers(case.incident.municipality, check) || silence.covers(receiver.municipality, None);
    let silenced = scene.silences.iter().filter(covers);
    let own = matches!(cause.kind, CauseKind::Check | CauseKind::Instance | CauseKind::Operation);
    let explained = |work: &&Work| own && case.instance == Some(work.instance) && case.incident.opened_at < work.until + CONFIRMED;
    let worked_on = scene.works.iter().filter(explained);
    silenced.map(|s| (s.from, s.until)).chain(worked_on.map(|w| (w.from, w.until + AFTERWARDS))).collect()
}

#[cfg(test)]
mod tests;
