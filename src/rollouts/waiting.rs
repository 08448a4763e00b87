// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Why members that have not had their turn are not started now; and what an instance's own people decide about that.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plan;
use crate::{
    error::{Error, FieldError, Result},
    fleet::{
        Instance, InstanceId, InstanceState, Policy, ReleaseId, Rollout, Scope,
        policy::Hold,
        rollout::{Held, MemberState, RolloutMember},
    },
    instances::Tools,
    store::{self, policies},
};

/// A municipality's own people hold it no longer than so.
pub const LONGEST_OWN_HOLD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Why an instance is not started now, and the same in full.
#[must_use]
pub fn held(
    release: ReleaseId,
    instance: Option<&Instance>,
    policy: Option<&Policy>,
    live: bool,
    now: Timestamp,
) -> Option<(Held, String)> {
    if live {
        return Some((Held::Busy, String::new()));
    }
    if let Some(instance) = instance.filter(|i| i.state != InstanceState::Running) {
        return Some((Held::NotRunning, instance.reason.clone()));
    }
    policy.and_then(|p| plan::held(p, release, now))
}

/// Why each of those that wait is not started now.
///
/// # Errors
/// When the store fails.
pub async fn all(tools: &Tools, rollout: &Rollout, members: &[RolloutMember]) -> Result<HashMap<InstanceId, (Held, String)>> {
    let now = tools.clock.now();
    let standing = store::instances::all_with_work(&tools.store).await?;
    let standing: HashMap<InstanceId, (Instance, bool)> = standing.into_iter().map(|one| (one.0.id, one)).collect();
    let policies = policies::all(&tools.store).await?;
    let waiting = members.iter().filter(|m| m.state == MemberState::Pending).map(|m| m.instance);
    let why = |id: InstanceId| {
        let (instance, busy) = standing.get(&id).map_or((None, false), |(instance, busy)| (Some(instance), *busy));
        held(rollout.release, instance, policies.get(&id), busy, now)
    };
    Ok(waiting.filter_map(|id| Some((id, why(id)?))).collect())
}

/// What is decided about an instance: all of it, anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyRequest {
    /// `production`, `staging` or `trial`; the only one, or the production one, when left out.
    pub environment: Option<String>,
    /// That it stays as it is for a while; none ends a hold.
    pub hold: Option<HoldRequest>,
    /// The only release that it may be moved to, by name; none means any.
    pub pin: Option<String>,
    /// When it may be updated, in Swedish time, such as `Mon-Thu 22:00-04:00`; none means at any time.
    pub window: Option<String>,
}

/// That an instance stays as it is for a while.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldRequest {
    /// Why, for people.
    pub reason: String,
    /// Until when; none means until somebody ends it, which only those may who run rollouts.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

/// Decides about an instance. `whole` says whether the caller runs rollouts; others can only hold their own for a while.
///
/// # Errors
/// `Invalid` naming what is wrong; `Forbidden` where only those may who run rollouts.
pub async fn decide(tools: &Tools, scope: &Scope, instance: &Instance, wanted: &PolicyRequest, by: &str, whole: bool) -> Result<Policy> {
    let now = tools.clock.now();
    let before = policies::get(&tools.store, scope, instance).await?;
    let given = |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let mut errors = Vec::new();
    let mut policy = Policy { hold: hold(&before, wanted.hold.as_ref(), by, whole, now, &mut errors), ..before.clone() };
    policy.window = match given(&wanted.window).map(|text| text.parse()).transpose() {
        Ok(window) => window,
        Err(error) => {
            errors.push(error);
            None
        }
    };
    policy.pin = match given(&wanted.pin) {
        None => None,
        Some(name) => match store::releases::by_name(&tools.store, &name).await {
            Ok(release) => Some(release.id),
            Err(Error::NotFound { .. }) => {
                let said = format!("there is no release `{}`", name.escape_debug());
                errors.push(FieldError::new("pin", "no-such-release", said, "check the name; `flotta release list` shows them"));
                None
            }
            Err(other) => return Err(other),
        },
    };
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    if !whole {
        // What they do not name stays as those have it who run rollouts.
        let changes = (policy.pin.is_some() && policy.pin != before.pin) || (policy.window.is_some() && policy.window != before.window);
        if changes {
            return Err(Error::Forbidden { needs: "a role that may `manage-rollouts`, for pins and windows".to_owned() });
        }
        (policy.pin, policy.window) = (before.pin, before.window);
    }
    policies::put(&tools.store, scope, instance, &policy, now).await?;
    Ok(policy)
}

fn hold(
    before: &Policy,
    wanted: Option<&HoldRequest>,
    by: &str,
    whole: bool,
    now: Timestamp,
    errors: &mut Vec<FieldError>,
) -> Option<Hold> {
    let wanted = wanted?;
    let reason = wanted.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > 200 {
        errors.push(FieldError::new(
            "hold.reason",
            "invalid-reason",
            "a hold needs a reason of 1 to 200 characters",
            "say why in a few words",
        ));
    }
    let same = before.hold.as_ref().filter(|h| h.until == wanted.until);
    if same.is_none() && wanted.until.is_some_and(|until| until <= now) {
        errors.push(FieldError::new("hold.until", "past", "the hold would be over already", "give a time to come"));
    }
    // Counted from its beginning, so that one hold after another is no longer one.
    let since = before.hold_at(now).map_or(now, |h| h.since);
    let longest = since.saturating_add(LONGEST_OWN_HOLD).unwrap_or(Timestamp::MAX);
    if !whole && same.is_none() && wanted.until.is_none_or(|until| until > longest) {
        errors.push(FieldError::new(
            "hold.until",
            "hold-too-long",
            "a municipality's own hold lasts 14 days at most",
            "give an earlier end, or ask those who run rollouts",
        ));
    }
    Some(match same {
        Some(same) => Hold { reason, ..same.clone() },
        None => Hold { reason, until: wanted.until, by: by.to_owned(), since },
    })
}
