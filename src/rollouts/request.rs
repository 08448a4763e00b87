// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What a rollout is asked: checked, planned, and stored.

use std::{collections::HashSet, time::Duration};

use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan::{self, Candidate, Plan, Ring, Slice, USUAL_SECONDS, Wanted};
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Channel, Environment, Instance, OperationKind, OperationState, Overlaid, Policy, Release, ReleaseId, Rollout, RolloutId, Scope,
        knobs::{Knobs, Rehearse, Schedule},
        rollout::{MemberState, RolloutEventKind, RolloutMember, RolloutState, Why},
        update::Migration,
    },
    instances::{Tools, facts},
    store::{self, PageRequest, rollouts::NewEvent},
};

/// How long planning waits for what instances tell of themselves: each, and all together.
const FACTS: Duration = Duration::from_secs(1);
const ALL_FACTS: Duration = Duration::from_secs(4);
const AT_ONCE: usize = 16;
/// So many past updates tell how long one usually takes.
const PAST: u32 = 20;

/// A rollout that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// To which release, by name.
    pub release: String,
    /// Only these municipalities, by slug; empty means all.
    pub municipalities: Vec<String>,
    /// Only `production`, `staging` or `trial` instances.
    pub environment: Option<String>,
    /// Only instances that run this release now, by name.
    pub from: Option<String>,
    /// Rings, which go first and in this order.
    pub rings: Vec<RingRequest>,
    /// Waves of those that are in no ring: numbers of instances, or shares of all such as `25%`. The last takes the rest.
    pub waves: Vec<String>,
    /// `careful` or `emergency`: what is not set otherwise.
    pub schedule: Option<String>,
    /// What is set otherwise.
    pub knobs: KnobsRequest,
    /// The rollout that it takes the place of, by id.
    pub parent: Option<String>,
}

/// Municipalities that have their turn together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RingRequest {
    /// What it is called.
    pub name: String,
    /// Its municipalities, by slug.
    pub municipalities: Vec<String>,
}

/// What is set otherwise than the schedule has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KnobsRequest {
    /// Instances in flight at once, those that go back included; 1–64.
    pub in_flight: Option<u32>,
    /// Rehearsals at once; 1–16.
    pub rehearsals: Option<u32>,
    /// So many seconds each instance is watched, wave by wave; the last holds for the waves after it.
    pub soak_seconds: Option<Vec<u32>>,
    /// So many failures of the release halt the rollout; in the first wave one does.
    pub budget: Option<u32>,
    /// So many failures in a hundred instances do, if that is fewer.
    pub budget_percent: Option<u32>,
    /// Whether a person opens each wave after the first.
    pub manual_gates: Option<bool>,
    /// So many seconds the requests of an old container may take to end.
    pub drain_seconds: Option<u32>,
    /// So many seconds after its soak an instance may take to be seen well.
    pub healthy_deadline_seconds: Option<u32>,
    /// An update that takes longer, with its soak, pauses the rollout.
    pub progress_deadline_seconds: Option<u32>,
    /// `required` or `skip`: whether the release is first tried on a copy of each instance.
    pub rehearse: Option<String>,
    /// `none`, `data` or `schema`: what the release does to data, where no rehearsal tells.
    pub migration: Option<String>,
}

/// A request that was checked, and what it would come to.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// To which release.
    pub release: Release,
    /// The knobs.
    pub knobs: Knobs,
    /// Who has a turn when.
    pub plan: Plan,
    parent: Option<RolloutId>,
}

impl KnobsRequest {
    fn knobs(&self, schedule: Schedule, errors: &mut Vec<FieldError>) -> Knobs {
        let usual = schedule.knobs();
        let rehearse = read::<Rehearse>("knobs.rehearse", self.rehearse.as_deref(), errors).unwrap_or(usual.rehearse);
        let migration = read::<Migration>("knobs.migration", self.migration.as_deref(), errors);
        let knobs = Knobs {
            in_flight: self.in_flight.unwrap_or(usual.in_flight),
            rehearsals: self.rehearsals.unwrap_or(usual.rehearsals),
            soak_seconds: self.soak_seconds.clone().unwrap_or(usual.soak_seconds),
            budget: self.budget.unwrap_or(usual.budget),
            budget_percent: self.budget_percent.unwrap_or(usual.budget_percent),
            manual_gates: self.manual_gates.unwrap_or(usual.manual_gates),
            drain_seconds: self.drain_seconds.unwrap_or(usual.drain_seconds),
            healthy_deadline_seconds: self.healthy_deadline_seconds.unwrap_or(usual.healthy_deadline_seconds),
            progress_deadline_seconds: self.progress_deadline_seconds.unwrap_or(usual.progress_deadline_seconds),
            rehearse,
            migration,
        };
        errors.extend(knobs.check().err().into_iter().flatten());
        knobs
    }
}

/// Reads a word; what is wrong with it is added to the list.
fn read<T: std::str::FromStr<Err = FieldError>>(field: &str, text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<T> {
    match text.map(str::trim).filter(|t| !t.is_empty())?.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            errors.push(error.at(field));
            None
        }
    }
}

/// Checks a request and plans it; changes nothing.
///
/// # Errors
/// `Invalid` with everything that is wrong.
pub async fn prepare(tools: &Tools, request: &Request) -> Result<Prepared> {
    let mut errors = Vec::new();
    let release = release(tools, "release", &request.release, &mut errors).await?;
    if release.as_ref().is_some_and(|r| r.channel == Channel::Retired) {
        errors.push(FieldError::new(
            "release",
            "release-retired",
            format!("`{}` is retired", request.release.escape_debug()),
            "choose a stable release or a candidate",
        ));
    }
    let from = match request.from.as_deref().filter(|t| !t.trim().is_empty()) {
        Some(name) => release_id(tools, name, &mut errors).await?,
        None => None,
    };
    let environment = read::<Environment>("environment", request.environment.as_deref(), &mut errors);
    let schedule = read::<Schedule>("schedule", request.schedule.as_deref(), &mut errors).unwrap_or_default();
    let parent = read::<RolloutId>("parent", request.parent.as_deref(), &mut errors);
    let mut supersedes = None;
    if let Some(id) = parent {
        match store::rollouts::get(&tools.store, &Scope::Fleet, id).await {
            Ok(found) => supersedes = (found.state == RolloutState::Paused).then_some(id),
            Err(Error::NotFound { .. }) => {
                errors.push(FieldError::new(
                    "parent",
                    "no-such-rollout",
                    "there is no such rollout",
                    "copy the id from `flotta rollout list`",
                ));
            }
            Err(other) => return Err(other),
        }
    }
    let knobs = request.knobs.knobs(schedule, &mut errors);
    let usual: Vec<String> = schedule.waves().iter().map(ToString::to_string).collect();
    let waves = if request.waves.is_empty() { &usual } else { &request.waves };
    let mut slices = Vec::new();
    for text in waves.iter().take(50) {
        match text.parse::<Slice>() {
            Ok(slice) => slices.push(slice),
            Err(error) => errors.push(error),
        }
    }
    let overlaid = store::derived::overlaid(&tools.store).await?;
    let meant = meant(tools, request, environment, from, &overlaid, &mut errors).await?;
    let (Some(release), true) = (release, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
    let rings = request.rings.iter().map(|r| Ring { name: r.name.trim().to_owned(), members: r.municipalities.clone() }).collect();
    let wanted = Wanted { release: release.id, rings, waves: slices, knobs: knobs.clone(), update_seconds: usual_seconds(tools).await? };
    let candidates = candidates(tools, meant, &overlaid, release.id, supersedes).await?;
    let plan = plan::plan(candidates, &wanted, tools.clock.now()).map_err(Error::Invalid)?;
    Ok(Prepared { release, knobs, plan, parent })
}

async fn release(tools: &Tools, field: &str, name: &str, errors: &mut Vec<FieldError>) -> Result<Option<Release>> {
    let name = name.trim();
    if name.is_empty() {
        errors.push(FieldError::new(field, "missing", "no release is named", "name one; `flotta release list` shows them"));
        return Ok(None);
    }
    match store::releases::by_name(&tools.store, name).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => {
            let said = format!("there is no release `{}`", name.escape_debug());
            errors.push(FieldError::new(field, "no-such-release", said, "check the name; `flotta release list` shows them"));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

async fn release_id(tools: &Tools, name: &str, errors: &mut Vec<FieldError>) -> Result<Option<ReleaseId>> {
    Ok(release(tools, "from", name, errors).await?.map(|r| r.id))
}

/// The instances that a request is about.
async fn meant(
    tools: &Tools,
    request: &Request,
    environment: Option<Environment>,
    from: Option<ReleaseId>,
    overlaid: &Overlaid,
    errors: &mut Vec<FieldError>,
) -> Result<Vec<Instance>> {
    let all = store::instances::all(&tools.store, &Scope::Fleet).await?;
    let known: HashSet<&str> = all.iter().map(|i| i.slug.as_str()).collect();
    let wanted: HashSet<&str> = request.municipalities.iter().map(|s| s.trim()).filter(|s| !s.is_empty()).collect();
    for slug in wanted.iter().filter(|slug| !known.contains(*slug)) {
        errors.push(FieldError::new(
            "municipalities",
            "no-such-municipality",
            format!("there is no municipality `{}` with an instance", slug.escape_debug()),
            "check the slug; `flotta municipality list` shows them",
        ));
    }
    let fits = |i: &Instance| {
        (wanted.is_empty() || wanted.contains(i.slug.as_str()))
            && environment.is_none_or(|e| i.environment == e)
            && from.is_none_or(|r| overlaid.plain(i.release) == r)
    };
    Ok(all.iter().filter(|i| fits(i)).cloned().collect())
}

/// With what is known of each; who is in the rollout that this one supersedes is in none.
async fn candidates(
    tools: &Tools,
    meant: Vec<Instance>,
    overlaid: &Overlaid,
    release: ReleaseId,
    supersedes: Option<RolloutId>,
) -> Result<Vec<Candidate>> {
    let mut policies = store::policies::all(&tools.store).await?;
    let bound = store::rollouts::bound(&tools.store).await?;
    let mut sites = std::collections::HashMap::new();
    let asked = stream::iter(meant.clone())
        .map(|i| {
            let tools = tools.clone();
            async move { (i.id, facts::ask(&tools, &i, FACTS).await) }
        })
        .buffer_unordered(AT_ONCE)
        .for_each(|(id, facts)| {
            sites.extend(facts.map(|f| (id, f.sites)));
            std::future::ready(())
        });
    // Whoever does not tell in time is planned without it: size only spreads those who go first.
    drop(tokio::time::timeout(ALL_FACTS, asked).await);
    Ok(meant
        .into_iter()
        .map(|instance| Candidate {
            sites: sites.get(&instance.id).copied(),
            policy: policies.remove(&instance.id).unwrap_or_else(|| Policy::none(instance.id)),
            bound: bound.get(&instance.id).copied().filter(|rollout| Some(*rollout) != supersedes),
            already: overlaid.target(instance.municipality, release) == Some(instance.release),
            instance,
        })
        .collect())
}

/// How many seconds an update usually takes here.
async fn usual_seconds(tools: &Tools) -> Result<f64> {
    let filter = store::operations::Filter {
        kind: Some(OperationKind::Update.to_string()),
        state: Some(OperationState::Done.to_string()),
        ..Default::default()
    };
    let past = store::operations::list(&tools.store, &Scope::Fleet, &filter, PageRequest::new(None, Some(PAST))?).await?;
    let mut seconds: Vec<f64> =
        past.items.iter().filter_map(|o| Some(o.finished_at?.duration_since(o.created_at).as_secs_f64().max(0.0))).collect();
    seconds.sort_by(f64::total_cmp);
    Ok(seconds.get(seconds.len() / 2).copied().unwrap_or(USUAL_SECONDS))
}

/// Checks, plans and stores a rollout, which goes on from then.
///
/// # Errors
/// As [`prepare`]; `Conflict` when one of its instances is in another rollout by now.
pub async fn start(tools: &Tools, request: &Request, by: &str) -> Result<Rollout> {
    let Prepared { release, knobs, plan, parent } = prepare(tools, request).await?;
    if plan.members.is_empty() {
        let why: Vec<String> = plan.left_out.iter().take(5).map(|(i, why)| format!("{}: {}", i.slug, why.as_str())).collect();
        let said = if why.is_empty() { "nobody is meant".to_owned() } else { format!("nobody can come along ({})", why.join(", ")) };
        return Err(FieldError::new("municipalities", "nobody", said, "look at the plan, which tells why each is left out").into());
    }
    let now = tools.clock.now();
    let count = u32::try_from(plan.members.len()).unwrap_or(u32::MAX);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // bounded on the line itself
    let expected_seconds = plan.expected_seconds.clamp(0.0, f64::from(i32::MAX)) as u32;
    let rollout = Rollout {
        id: RolloutId::generate(),
        release: release.id,
        release_name: release.name.clone(),
        state: RolloutState::Running,
        why: Why::Started,
        version: 1,
        budget: knobs.budget_of(count),
        knobs,
        waves: plan.waves.iter().map(|w| w.name.clone()).collect(),
        gates: 0,
        agreed: false,
        failures: 0,
        members: count,
        requested_by: by.to_owned(),
        parent,
        expected_seconds,
        resumed_at: now,
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    let members: Vec<RolloutMember> = (0..)
        .zip(plan.members)
        .map(|(position, p)| RolloutMember {
            position,
            instance: p.instance.id,
            municipality: p.instance.municipality,
            slug: p.instance.slug,
            environment: p.instance.environment,
            wave: p.wave,
            placed: p.placed,
            from: p.instance.release,
            state: MemberState::Pending,
            blame: None,
            reason: String::new(),
            operation: None,
            update: None,
            migration: None,
            approved: false,
            attempts: 0,
            started_at: None,
            exposed_at: None,
            updated_at: now,
        })
        .collect();
    let mut first = NewEvent::of(RolloutEventKind::Order, "start");
    by.clone_into(&mut first.by);
    first.evidence = serde_json::json!({"release": release.name, "image": release.image_id, "members": count});
    store::rollouts::insert(&tools.store, &rollout, &members, &first).await?;
    Ok(rollout)
}
