// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Looking at instances while they are watched, and comparing them with what they were before their update.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::see::Memory;
use crate::{
    error::Result,
    fleet::{
        Check, Instance, InstanceId, InstanceState, OperationId, Rollout,
        evidence::{Level, Look, Sampled},
        health::Health,
        rollout::{MemberState, RolloutMember},
    },
    instances::Tools,
    rollouts::{compare, evidence, pages},
    store,
};

/// How often each is looked at.
const EVERY: SignedDuration = SignedDuration::from_secs(10);
/// So many looks in a row must find something wrong before it is believed.
const IN_A_ROW: u32 = 2;
/// A look that is older says nothing of now.
const FRESH: SignedDuration = SignedDuration::from_secs(45);
/// Pages of one instance in one look; a large network is gone through look by look.
const PAGES: usize = 24;
/// Instances looked at at once, and how long one look may take.
const AT_ONCE: usize = 8;
const ONE: Duration = Duration::from_secs(20);
/// So long after a site first failed, it is found down.
const CONFIRMED: SignedDuration = SignedDuration::from_secs(20);
/// So long after its usual turn, a site that serves again is known to: ten seconds for the second look, and some for both answers.
const RECOVERED: SignedDuration = SignedDuration::from_secs(30);
/// Untouched instances that are looked at when something failed.
pub(super) const CONTROLS: usize = 4;

/// How an instance looked lately.
#[derive(Clone, Debug)]
pub(super) struct Looks {
    at: Timestamp,
    well_at: Option<Timestamp>,
    ill_in_a_row: u32,
    said: String,
    /// Where the next look begins among its pages.
    next: usize,
    /// How many pages it takes.
    pages: usize,
}

impl Looks {
    fn none(at: Timestamp) -> Self {
        Self { at, well_at: None, ill_in_a_row: 0, said: String::new(), next: 0, pages: PAGES }
    }
}

/// What came of one look.
enum Came {
    /// It does not run just now, and is put right: neither well nor ill, nor was what was found wrong just before.
    Away,
    /// It answers, but so many pages took too long together: that says nothing, and the next look takes fewer.
    Slow,
    /// It is slower than it was, and nothing else is wrong: a host that does something else meanwhile does as much. Neither well nor
    /// ill; whoever stays so until its time is over is ill.
    Slower(String),
    /// What is wrong, nothing where all is well; and where the next look begins.
    Said(String, usize),
}

/// What follows from the looks at an instance.
pub(super) struct Sight {
    pub(super) well: bool,
    /// What is wrong with it.
    pub(super) ill: Option<String>,
}

/// What to think of an instance that is watched. `told` is what its update found wrong at its end, `fallen` what the watcher of health
/// found since.
pub(super) fn sight(
    looks: Option<&Looks>,
    rollout: &Rollout,
    member: &RolloutMember,
    told: Option<String>,
    fallen: &Fallen,
    now: Timestamp,
) -> Sight {
    if let Some(said) = told.or_else(|| fallen.certain.get(&member.instance).cloned()) {
        return Sight { well: false, ill: Some(said) };
    }
    let seconds = |n: u32| SignedDuration::from_secs(i64::from(n));
    let patience = seconds(rollout.knobs.soak(member.wave)) + seconds(rollout.knobs.healthy_deadline_seconds);
    let well = looks.and_then(|l| l.well_at).is_some_and(|at| now.duration_since(at) < FRESH) && looks.is_some_and(|l| l.ill_in_a_row == 0);
    let ill = looks.filter(|l| l.ill_in_a_row >= IN_A_ROW).map(|l| l.said.clone());
    let late = !well && looks.is_some() && member.exposed_at.is_some_and(|since| now.duration_since(since) >= patience);
    let ill = ill.or_else(|| {
        late.then(|| match looks.map(|l| l.said.as_str()) {
            Some(said) if !said.is_empty() => said.to_owned(),
            _ => "it was not seen well in time".to_owned(),
        })
    });
    Sight { well: well && !fallen.unsure.contains(&member.instance), ill }
}

/// Looks at everybody whose turn it is.
pub(super) async fn pass(
    tools: &Tools,
    memory: &mut Memory,
    rollout: &Rollout,
    members: &[RolloutMember],
    instances: &HashMap<InstanceId, Instance>,
) {
    let now = tools.clock.now();
    let mut due = Vec::new();
    for member in members.iter().filter(|m| m.state == MemberState::Soaking && m.blame.is_none()) {
        let Some(update) = member.update else { continue };
        if memory.looks.get(&update).is_some_and(|l| now.duration_since(l.at) < EVERY) {
            continue;
        }
        memory.note(rollout.id, update);
        let runs = instances.get(&member.instance).is_some_and(|i| i.state == InstanceState::Running);
        let place = memory.looks.get(&update).map_or((0, PAGES), |l| (l.next, l.pages));
        due.push((update, member.instance, runs, memory.baselines.get(&update).cloned(), place));
    }
    let seen: Vec<_> = stream::iter(due)
        .map(|(update, instance, runs, baseline, place)| {
            let tools = tools.clone();
            async move {
                if !runs {
                    return (update, None, Ok(Came::Away));
                }
                let looked = tokio::time::timeout(ONE, compared(&tools, instance, update, baseline.clone(), place)).await;
                match looked {
                    Ok(Ok((baseline, came))) => (update, Some(baseline), Ok(came)),
                    Ok(Err(_)) if was_stopped(&tools, instance).await => (update, baseline, Ok(Came::Away)),
                    Ok(Err(error)) => (update, baseline, Err(error.to_string())),
                    Err(_) => match tokio::time::timeout(ONE, front_is_well(&tools, instance)).await {
                        Ok(Ok(true)) => (update, baseline, Ok(Came::Slow)),
                        _ => (update, baseline, Err("it does not answer".to_owned())),
                    },
                }
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for (update, baseline, outcome) in seen {
        if let Some(baseline) = baseline {
            memory.baselines.insert(update, baseline);
        }
        let looks = memory.looks.entry(update).or_insert_with(|| Looks::none(now));
        looks.at = now;
        match outcome {
            Ok(Came::Away) => looks.ill_in_a_row = 0,
            Ok(Came::Slow) if looks.pages > 1 => looks.pages /= 2,
            Ok(Came::Slow) => {
                looks.ill_in_a_row += 1;
                "a page does not answer".clone_into(&mut looks.said);
            }
            Ok(Came::Slower(said)) => looks.said = said,
            Ok(Came::Said(said, next)) if said.is_empty() => {
                (looks.well_at, looks.ill_in_a_row, looks.next) = (Some(now), 0, next);
                looks.said.clear();
            }
            // The same pages again, so that what is found once is found twice.
            Ok(Came::Said(said, _)) | Err(said) => {
                looks.ill_in_a_row += 1;
                looks.said = said;
            }
        }
    }
}

/// What the watcher of health found of sites that went down since the update of their instance began.
#[derive(Debug, Default)]
pub(super) struct Fallen {
    /// Down by its doing, in words.
    pub(super) certain: HashMap<InstanceId, String>,
    /// Down, and may yet turn out to serve: neither well nor ill until that is known.
    pub(super) unsure: HashSet<InstanceId>,
}

/// Sites that the watcher of health found down since the update of their instance began; it sees every site each minute, where a look
/// here sees a sample of pages.
pub(super) async fn fallen(tools: &Tools, members: &[RolloutMember]) -> Result<Fallen> {
    let soaking = members.iter().filter(|m| m.state == MemberState::Soaking && m.blame.is_none());
    let updates: HashMap<InstanceId, Update> =
        soaking.filter_map(|m| Some((m.instance, Update { began: m.started_at?, exposed: m.exposed_at? }))).collect();
    if updates.is_empty() {
        return Ok(Fallen::default());
    }
    let ids: Vec<InstanceId> = updates.keys().copied().collect();
    Ok(sorted(&updates, &store::checks::ill_of(&tools.store, &ids).await?, tools.clock.now(), all_seen_anew(tools)))
}

/// How long it takes until every site has been looked at again, and one that serves again is known to.
pub(super) fn all_seen_anew(tools: &Tools) -> SignedDuration {
    SignedDuration::from_secs(i64::from(tools.settings.health.interval_seconds)) + RECOVERED
}

/// When an update began, and since when visitors are served by what it made.
#[derive(Clone, Copy)]
struct Update {
    began: Timestamp,
    exposed: Timestamp,
}

/// Whether a site is down by an update's doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Doing {
    No,
    Unsure,
    Certain,
}

impl Update {
    /// Whether a site that is down since then is down by its doing. `recovered` is how long it takes to know that one serves again.
    fn felled(self, health: Health, since: Timestamp, now: Timestamp, recovered: SignedDuration) -> Doing {
        match since {
            before if before < self.began => Doing::No,
            // What first failed while the update held visitors back is, where it does not recover. Going up and down for that is not.
            held if held < self.exposed + CONFIRMED => match health {
                Health::Flapping => Doing::No,
                _ if now < self.exposed + recovered => Doing::Unsure,
                _ => Doing::Certain,
            },
            _ => Doing::Certain,
        }
    }
}

fn sorted(updates: &HashMap<InstanceId, Update>, ill: &[Check], now: Timestamp, recovered: SignedDuration) -> Fallen {
    let mut fallen = Fallen::default();
    for check in ill {
        // A name that is gone is not its doing.
        let Some(failure) = check.failure.filter(|failure| failure.may_be_inside()) else { continue };
        let Some((instance, since)) = check.instance.zip(check.since) else { continue };
        match updates.get(&instance).map_or(Doing::No, |update| update.felled(check.health, since, now, recovered)) {
            Doing::No => {}
            Doing::Unsure => drop(fallen.unsure.insert(instance)),
            Doing::Certain => {
                fallen.certain.entry(instance).or_insert_with(|| format!("{} is {}: {failure}", check.address(), check.health));
            }
        }
    }
    fallen
}

/// Whether its container was stopped from outside, as all are when the engine ends; the keeper starts it again.
async fn was_stopped(tools: &Tools, instance: InstanceId) -> bool {
    let Ok(target) = tools.target(instance).await else { return false };
    let found = tokio::time::timeout(ONE, tools.engine.container(&target.container())).await;
    matches!(found, Ok(Ok(Some(found))) if found.was_stopped())
}

/// Looks at an instance and says what is wrong compared with before; nothing where all is well.
async fn compared(
    tools: &Tools,
    instance: InstanceId,
    update: OperationId,
    baseline: Option<Arc<Look>>,
    (next, most): (usize, usize),
) -> Result<(Arc<Look>, Came)> {
    let target = tools.target(instance).await?;
    let baseline = match baseline {
        Some(known) => known,
        None => match evidence::load::<Look>(tools, update, "before").await? {
            Some(before) => Arc::new(before),
            // Its evidence is on another control plane's disk: then only what is broken in itself counts.
            None => Arc::new(Look { pages: Vec::new(), ..pages::look(&target, &[]).await? }),
        },
    };
    let known: Vec<Sampled> = baseline.pages.iter().map(|p| p.page.clone()).collect();
    let sampled = if known.is_empty() { pages::sample(&target).await? } else { known };
    let wanted: Vec<Sampled> = sampled.iter().cycle().skip(next).take(most.min(sampled.len())).cloned().collect();
    let mut after = pages::look(&target, &wanted).await?;
    pages::again(&target, &baseline, &mut after).await?;
    let verdict = compare::compare(&baseline, &after);
    if verdict.level == Level::Fail && verdict.may_be_well() {
        return Ok((baseline, Came::Slower(verdict.summary())));
    }
    let said = if verdict.level == Level::Fail {
        verdict.summary()
    } else if baseline.pages.is_empty() {
        broken(&after)
    } else {
        String::new()
    };
    let next = if sampled.is_empty() { 0 } else { (next + wanted.len()) % sampled.len() };
    Ok((baseline, Came::Said(said, next)))
}

fn broken(look: &Look) -> String {
    let ill = look.pages.iter().find(|p| !compare::is_well(p));
    ill.map(|p| format!("{}{} answers {}", p.page.host, p.page.path, p.status)).unwrap_or_default()
}

/// How many of these were looked at, and how many of them are ill.
pub(super) async fn controls(tools: &Tools, instances: &[Instance]) -> (usize, usize) {
    let ids: Vec<InstanceId> = instances.iter().map(|i| i.id).collect();
    let looks: Vec<bool> = stream::iter(ids)
        .map(|id| {
            let tools = tools.clone();
            async move { !matches!(tokio::time::timeout(ONE, front_is_well(&tools, id)).await, Ok(Ok(true))) }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    (looks.len(), looks.into_iter().filter(|ill| *ill).count())
}

async fn front_is_well(tools: &Tools, id: InstanceId) -> Result<bool> {
    let target = tools.target(id).await?;
    let front: Vec<Sampled> = pages::sample(&target).await?.into_iter().take(1).collect();
    Ok(pages::look(&target, &front).await?.pages.iter().all(compare::is_well))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{
        Environment, MunicipalityId, ReleaseId, RolloutId,
        health::Failure,
        knobs::Schedule,
        rollout::{Placed, RolloutState, Why},
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn soaking() -> (Rollout, RolloutMember) {
        let rollout = Rollout {
            id: RolloutId::generate(),
            release: ReleaseId::generate(),
            release_name: "6.9".into(),
            state: RolloutState::Running,
            why: Why::Started,
            version: 1,
            knobs: Schedule::Careful.knobs(),
            waves: vec!["1".into()],
            gates: 0,
            agreed: false,
            failures: 0,
            budget: 1,
            members: 1,
            requested_by: String::new(),
            parent: None,
            expected_seconds: 0,
            resumed_at: at(0),
            created_at: at(0),
            updated_at: at(0),
            finished_at: None,
        };
        let member = RolloutMember {
            position: 0,
            instance: InstanceId::generate(),
            municipality: MunicipalityId::generate(),
            slug: "ale".parse().unwrap(),
            environment: Environment::Production,
            wave: 0,
            placed: Placed::Order,
            from: ReleaseId::generate(),
            state: MemberState::Soaking,
            blame: None,
            reason: String::new(),
            operation: None,
            update: None,
            migration: None,
            approved: false,
            attempts: 1,
            started_at: Some(at(0)),
            exposed_at: Some(at(0)),
            updated_at: at(0),
        };
        (rollout, member)
    }

    #[test]
    fn one_bad_look_is_not_believed_and_an_old_good_one_says_nothing() {
        let (rollout, member) = soaking();
        let looks = |well_at, ill_in_a_row| Looks { well_at, ill_in_a_row, said: "it shows an error".into(), ..Looks::none(at(100)) };
        let see = |l: &Looks, now| sight(Some(l), &rollout, &member, None, &Fallen::default(), at(now));
        assert!(see(&looks(Some(at(100)), 0), 110).well);
        assert!(!see(&looks(Some(at(100)), 0), 146).well);
        let once = see(&looks(Some(at(90)), 1), 101);
        assert!(!once.well && once.ill.is_none());
        assert_eq!(see(&looks(Some(at(80)), 2), 101).ill.as_deref(), Some("it shows an error"));
    }

    #[test]
    fn what_health_found_outweighs_a_good_look() {
        let (rollout, member) = soaking();
        let looks = Looks { well_at: Some(at(100)), ..Looks::none(at(100)) };
        let see = |fallen: &Fallen| sight(Some(&looks), &rollout, &member, None, fallen, at(101));
        assert!(see(&Fallen::default()).well);
        let unsure = see(&Fallen { unsure: HashSet::from([member.instance]), ..Fallen::default() });
        assert!(!unsure.well && unsure.ill.is_none());
        let certain = see(&Fallen { certain: HashMap::from([(member.instance, "it is down".to_owned())]), ..Fallen::default() });
        assert!(!certain.well && certain.ill.as_deref() == Some("it is down"));
    }

    #[test]
    fn a_site_that_fell_after_the_update_began_counts_and_one_that_was_down_before_does_not() {
        let (_, member) = soaking();
        let check = |since: i64, health| Check {
            number: 0,
            municipality: member.municipality,
            slug: member.slug.clone(),
            instance: Some(member.instance),
            blog: Some(2),
            host: "ale.se".into(),
            path: "/skola/".into(),
            label: String::new(),
            expects: None,
            health,
            failure: Some(Failure::Fatal),
            since: Some(at(since)),
            created_at: at(-9999),
        };
        let updates = HashMap::from([(member.instance, Update { began: at(0), exposed: at(15) })]);
        let fallen = |ill: &[Check], now| sorted(&updates, ill, at(now), SignedDuration::from_secs(90));
        let none = |ill: &[Check]| fallen(ill, 500).certain.is_empty() && fallen(ill, 16).unsure.is_empty();
        assert!(none(&[check(-1, Health::Down)]));
        let Fallen { certain: fell, unsure } = fallen(&[check(-1, Health::Down), check(35, Health::Flapping), check(40, Health::Down)], 41);
        assert_eq!(fell[&member.instance], "ale.se/skola/ is flapping: fatal");
        assert!(unsure.is_empty());
        let elsewhere = Check { instance: Some(InstanceId::generate()), ..check(40, Health::Down) };
        assert!(none(&[elsewhere]));
        let nameless = Check { failure: Some(Failure::Name), ..check(40, Health::Down) };
        assert!(none(&[nameless]));
        // It first failed while visitors were held back: it counts where it stays so, and nobody is called well before that is known.
        let held = [check(20, Health::Down)];
        let early = fallen(&held, 104);
        assert!(early.certain.is_empty() && early.unsure.contains(&member.instance));
        assert!(none(&[check(20, Health::Flapping)]));
        let late = fallen(&held, 105);
        assert!(late.certain.contains_key(&member.instance) && late.unsure.is_empty());
    }

    #[test]
    fn what_is_never_seen_well_counts_as_ill_in_the_end() {
        let (rollout, member) = soaking();
        let looks = Looks::none(at(700));
        let ill =
            |looks, told: Option<&str>, now| sight(looks, &rollout, &member, told.map(str::to_owned), &Fallen::default(), at(now)).ill;
        assert!(ill(Some(&looks), None, 719).is_none());
        assert!(ill(Some(&looks), None, 720).is_some());
        assert!(ill(None, None, 9999).is_none(), "whoever begins to watch looks first");
        assert_eq!(ill(None, Some("slow"), 1).as_deref(), Some("slow"));
    }
}
