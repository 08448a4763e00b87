// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Who has a turn when, and why. Pure: what is known of the fleet goes in, ordered waves come out.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::{
    error::FieldError,
    fleet::{
        Environment, Instance, InstanceId, InstanceState, NetworkKind, Policy, ReleaseId, RolloutId,
        knobs::Knobs,
        rollout::{Held, Placed},
    },
};

/// Seconds that an update takes where none was done yet.
pub const USUAL_SECONDS: f64 = 60.0;

/// An instance that may be meant, with what planning needs to know of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The instance.
    pub instance: Instance,
    /// How many sites it has, where that is known.
    pub sites: Option<u32>,
    /// What its own people decided.
    pub policy: Policy,
    /// The rollout that it is in already.
    pub bound: Option<RolloutId>,
    /// Whether it runs what the release is for it: the release, with its municipality's overlay where there is one.
    pub already: bool,
}

/// One part of the fleet that is updated together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// So many more.
    Count(u32),
    /// As many more as make so many in a hundred of all.
    Percent(u32),
}

impl std::str::FromStr for Slice {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        let wrong = || {
            FieldError::new(
                "waves",
                "invalid-wave",
                format!("`{}` is no wave", text.escape_debug()),
                "write a number of instances, such as 1, or a share of all, such as 25%",
            )
        };
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|n| *n > 0).ok_or_else(wrong);
        match text.strip_suffix('%') {
            Some(share) => number(share).and_then(|n| if n <= 100 { Ok(Self::Percent(n)) } else { Err(wrong()) }),
            None => number(text).map(Self::Count),
        }
    }
}

impl std::fmt::Display for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(n) => write!(f, "{n}"),
            Self::Percent(n) => write!(f, "{n}%"),
        }
    }
}

/// Instances that an operator puts together by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// What it is called.
    pub name: String,
    /// Slugs of its municipalities.
    pub members: Vec<String>,
}

/// How to plan.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// To which release.
    pub release: ReleaseId,
    /// Rings, which go first and in this order.
    pub rings: Vec<Ring>,
    /// Waves of those that are in no ring.
    pub waves: Vec<Slice>,
    /// The knobs.
    pub knobs: Knobs,
    /// Seconds that one update usually takes.
    pub update_seconds: f64,
}

/// One member of a plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The instance.
    pub instance: Instance,
    /// Its wave, from 0.
    pub wave: u32,
    /// Why it is there.
    pub placed: Placed,
    /// How many sites it has, where that is known.
    pub sites: Option<u32>,
    /// Why it could not be started now.
    pub held: Option<Held>,
    /// The same in full, for people.
    pub detail: String,
}

/// Why an instance is not in a plan though it was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeftOut {
    /// It runs that release.
    Already,
    /// It is pinned to another.
    Pinned,
    /// It is held without an end.
    Held,
    /// It does not run.
    NotRunning,
    /// It is in another rollout that goes on.
    Elsewhere,
}

impl LeftOut {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Already => "already",
            Self::Pinned => "pinned",
            Self::Held => "held",
            Self::NotRunning => "not-running",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// One wave of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Wave {
    /// Its name: the ring's, or how it was asked for.
    pub name: String,
    /// How many are in it.
    pub members: u32,
    /// How long each is watched, in seconds.
    pub soak_seconds: u32,
    /// How many seconds it will take.
    pub expected_seconds: f64,
}

/// What would be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Everybody, in the order of their turns.
    pub members: Vec<Planned>,
    /// The waves.
    pub waves: Vec<Wave>,
    /// Those that were meant but are left out, and why.
    pub left_out: Vec<(Instance, LeftOut)>,
    /// How many seconds all of it will take.
    pub expected_seconds: f64,
}

/// Plans. Everything that is wrong with what is wanted is told at once.
///
/// # Errors
/// Names `rings` or `waves`.
pub fn plan(candidates: Vec<Candidate>, wanted: &Wanted, now: Timestamp) -> Result<Plan, Vec<FieldError>> {
    let mut left_out = Vec::new();
    let mut rest = Vec::new();
    for candidate in candidates {
        match leave_out(&candidate, wanted.release, now) {
            Some(why) => left_out.push((candidate.instance, why)),
            None => rest.push(candidate),
        }
    }
    let mut members = Vec::new();
    let mut waves: Vec<String> = Vec::new();
    rings(&mut rest, &left_out, wanted, now, &mut members, &mut waves)?;
    let order = diverse(rest, now);
    let in_rings = members.len();
    slices(order, wanted, now, &mut members, &mut waves);
    if members.len() > in_rings && wanted.waves.is_empty() {
        return Err(vec![FieldError::new("waves", "no-waves", "no wave is named", "leave it out for the usual ones, or name some")]);
    }
    let waves = timed(&members, waves, wanted);
    let expected_seconds = waves.iter().map(|w| w.expected_seconds).sum();
    Ok(Plan { members, waves, left_out, expected_seconds })
}

fn leave_out(c: &Candidate, release: ReleaseId, now: Timestamp) -> Option<LeftOut> {
    if c.already {
        return Some(LeftOut::Already);
    }
    if c.bound.is_some() {
        return Some(LeftOut::Elsewhere);
    }
    if c.policy.pin.is_some_and(|pin| pin != release) {
        return Some(LeftOut::Pinned);
    }
    if c.policy.hold_at(now).is_some_and(|hold| hold.until.is_none()) {
        return Some(LeftOut::Held);
    }
    // One that is being made, repaired or updated will run; one that was stopped or set aside will not by itself.
    matches!(c.instance.state, InstanceState::Suspended | InstanceState::Quarantined | InstanceState::Offboarding)
        .then_some(LeftOut::NotRunning)
}

/// Why an instance must not be started now, by its policy alone.
#[must_use]
pub fn held(policy: &Policy, release: ReleaseId, now: Timestamp) -> Option<(Held, String)> {
    if let Some(hold) = policy.hold_at(now) {
        return Some((Held::Hold, hold.reason.clone()));
    }
    if policy.pin.is_some_and(|pin| pin != release) {
        return Some((Held::Pin, String::new()));
    }
    policy.window.as_ref().filter(|window| !window.is_open(now)).map(|window| (Held::Window, window.to_string()))
}

fn planned(c: Candidate, wave: usize, placed: Placed, wanted: &Wanted, now: Timestamp) -> Planned {
    let (held, detail) = held(&c.policy, wanted.release, now).unzip();
    let wave = u32::try_from(wave).unwrap_or(u32::MAX);
    Planned { instance: c.instance, wave, placed, sites: c.sites, held, detail: detail.unwrap_or_default() }
}

fn rings(
    rest: &mut Vec<Candidate>,
    left_out: &[(Instance, LeftOut)],
    wanted: &Wanted,
    now: Timestamp,
    members: &mut Vec<Planned>,
    waves: &mut Vec<String>,
) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut named = HashSet::new();
    for ring in &wanted.rings {
        let before = members.len();
        for slug in &ring.members {
            if !named.insert(slug) {
                let said = format!("`{}` is in two rings", slug.escape_debug());
                errors.push(FieldError::new("rings", "twice", said, "name each municipality once"));
                continue;
            }
            let (mine, others) = std::mem::take(rest).into_iter().partition(|c: &Candidate| c.instance.slug.as_str() == slug);
            *rest = others;
            if mine.is_empty() && !left_out.iter().any(|(i, _)| i.slug.as_str() == slug) {
                let said =
                    format!("`{}` of the ring `{}` is not among those that are meant", slug.escape_debug(), ring.name.escape_debug());
                errors.push(FieldError::new("rings", "not-meant", said, "check the slug, or choose more municipalities"));
            }
            members.extend(mine.into_iter().map(|c| planned(c, waves.len(), Placed::Ring, wanted, now)));
        }
        if members.len() > before {
            waves.push(ring.name.clone());
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// What an instance is like, as far as trying it says something of others: its kind of network and its size.
fn likeness(c: &Candidate) -> (NetworkKind, u8) {
    let size = match c.sites {
        None | Some(0..=1) => 0,
        Some(2..=10) => 1,
        Some(11..=50) => 2,
        Some(_) => 3,
    };
    (c.instance.network_kind, size)
}

/// Those first that are no public sites; among equals always the one that is least like those before it; small before large.
/// Who is held for a while has a turn at the end, when the hold may be over, and proves nothing to others.
fn diverse(rest: Vec<Candidate>, now: Timestamp) -> Vec<(Candidate, Placed)> {
    let turn = |environment| match environment {
        Environment::Trial => 0,
        Environment::Staging => 1,
        Environment::Production => 2,
    };
    let mut rest = rest;
    rest.sort_by(|a, b| {
        let key = |c: &Candidate| (turn(c.instance.environment), c.sites.unwrap_or(1), c.instance.slug.clone());
        key(a).cmp(&key(b))
    });
    let (mut networks, mut sizes) = (HashSet::new(), HashSet::new());
    let mut first: Vec<(Candidate, Placed)> = Vec::new();
    let mut later = Vec::new();
    let (rest, held): (Vec<_>, Vec<_>) = rest.into_iter().partition(|c| c.policy.hold_at(now).is_none());
    for c in rest {
        let (network, size) = likeness(&c);
        let (new_network, new_size) = (networks.insert(network), sizes.insert(size));
        let placed = match c.instance.environment {
            Environment::Trial | Environment::Staging => Placed::Trial,
            Environment::Production if new_network => Placed::Network,
            Environment::Production if new_size => Placed::Size,
            Environment::Production => Placed::Order,
        };
        if placed == Placed::Order { later.push((c, placed)) } else { first.push((c, placed)) }
    }
    first.extend(later);
    first.extend(held.into_iter().map(|c| (c, Placed::Order)));
    first
}

fn slices(order: Vec<(Candidate, Placed)>, wanted: &Wanted, now: Timestamp, members: &mut Vec<Planned>, waves: &mut Vec<String>) {
    let all = order.len();
    let mut order = order.into_iter().peekable();
    let mut taken = 0;
    for (at, slice) in wanted.waves.iter().enumerate() {
        let upto = match slice {
            _ if at + 1 == wanted.waves.len() => all,
            Slice::Count(n) => taken + usize::try_from(*n).unwrap_or(usize::MAX),
            Slice::Percent(n) => (all * usize::try_from(*n).unwrap_or(100)).div_ceil(100),
        };
        let upto = upto.min(all);
        if upto <= taken {
            continue;
        }
        for (c, placed) in order.by_ref().take(upto - taken) {
            members.push(planned(c, waves.len(), placed, wanted, now));
        }
        taken = upto;
        waves.push(slice.to_string());
    }
}

fn timed(members: &[Planned], names: Vec<String>, wanted: &Wanted) -> Vec<Wave> {
    let mut sizes: HashMap<u32, u32> = HashMap::new();
    for member in members {
        *sizes.entry(member.wave).or_default() += 1;
    }
    (0..)
        .zip(names)
        .map(|(at, name)| {
            let members = sizes.get(&at).copied().unwrap_or_default();
            let soak_seconds = wanted.knobs.soak(at);
            let rounds = members.div_ceil(wanted.knobs.in_flight.max(1));
            let expected_seconds = f64::from(rounds) * wanted.update_seconds + f64::from(soak_seconds);
            Wave { name, members, soak_seconds, expected_seconds }
        })
        .collect()
}

/// The instances that a plan is for.
#[must_use]
pub fn instances(plan: &Plan) -> Vec<InstanceId> {
    plan.members.iter().map(|m| m.instance.id).collect()
}

#[cfg(test)]
mod tests;
