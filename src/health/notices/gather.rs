// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How things stand, read from the store for whoever decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{
    decide::{Case, Scene, Work},
    letter::Touched,
};
use crate::{
    error::Result,
    fleet::{Incident, IncidentId, InstanceId, OperationId, Receiver, ReceiverId, Silence, incident::CauseKind, notice::Told},
    store::{self, Store},
};

/// So long after it was over an incident is looked at: a silence may keep its end from being told.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// All of it.
#[derive(Debug)]
pub struct Gathered {
    cases: Vec<Case>,
    receivers: Vec<Receiver>,
    silences: Vec<Silence>,
    works: Vec<Work>,
    told: Vec<Told>,
    made: Vec<(ReceiverId, Timestamp)>,
    touched: HashMap<IncidentId, Vec<Touched>>,
}

impl Gathered {
    /// Reads it; none where there is nobody to tell, or nothing to tell of.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(store: &Store, now: Timestamp) -> Result<Option<Self>> {
        let receivers = store::receivers::all(store).await?;
        if receivers.is_empty() {
            return Ok(None);
        }
        let found = store::incidents::since(store, now - RECENT).await?;
        let Some(oldest) = found.iter().map(|(incident, _)| incident.opened_at).min() else { return Ok(None) };
        let operations = store::operations::lately(store, now - RECENT).await?;
        let mut at_work: HashMap<OperationId, InstanceId> = HashMap::new();
        let mut works = Vec::new();
        for operation in operations {
            at_work.insert(operation.id, operation.instance);
            // One that takes longer than it may no longer explains anything.
            let until = operation.finished_at.unwrap_or(operation.deadline_at);
            works.push(Work { instance: operation.instance, from: operation.created_at, until });
        }
        let number = |incident: &Incident| incident.cause.of.parse().ok().filter(|_| incident.cause.kind == CauseKind::Check);
        let numbers: Vec<u32> = found.iter().filter_map(|(incident, _)| number(incident)).collect();
        let serving = store::checks::instances_of(store, &numbers).await?;
        let mut cases = Vec::new();
        let mut touched: HashMap<IncidentId, Vec<Touched>> = HashMap::new();
        for (incident, theirs) in found {
            let instance = instance_of(&incident, &serving, &at_work);
            let municipalities: BTreeSet<_> = theirs.iter().map(|one| one.municipality).chain(incident.municipality).collect();
            touched.insert(incident.id, theirs.iter().map(|one| (one.municipality, one.members, one.failing)).collect());
            cases.push(Case { incident, municipalities, instance });
        }
        let ids: Vec<IncidentId> = cases.iter().map(|case| case.incident.id).collect();
        Ok(Some(Self {
            silences: store::silences::since(store, oldest).await?,
            told: store::notices::told(store, &ids).await?,
            made: store::notices::made(store, now - SignedDuration::from_hours(1)).await?,
            cases,
            receivers,
            works,
            touched,
        }))
    }

    /// How things stand.
    #[must_use]
    pub fn scene(&self, now: Timestamp) -> Scene<'_> {
        Scene {
            now,
            cases: &self.cases,
            receivers: &self.receivers,
            silences: &self.silences,
            works: &self.works,
            told: &self.told,
            made: &self.made,
        }
    }

    /// One receiver.
    #[must_use]
    pub fn receiver(&self, id: ReceiverId) -> Option<&Receiver> {
        self.receivers.iter().find(|receiver| receiver.id == id)
    }

    /// One incident, and whom it touches.
    #[must_use]
    pub fn case(&self, id: IncidentId) -> Option<(&Case, &[Touched])> {
        let case = self.cases.iter().find(|case| case.incident.id == id)?;
        Some((case, self.touched.get(&id).map(Vec::as_slice).unwrap_or_default()))
    }
}

/// The one instance that an incident is about.
fn instance_of(incident: &Incident, serving: &BTreeMap<u32, InstanceId>, at_work: &HashMap<OperationId, InstanceId>) -> Option<InstanceId> {
    let of = &incident.cause.of;
    match incident.cause.kind {
        CauseKind::Instance => of.parse().ok(),
        CauseKind::Check => of.parse().ok().and_then(|number: u32| serving.get(&number).copied()),
        CauseKind::Operation => of.parse().ok().and_then(|id: OperationId| at_work.get(&id).copied()),
        _ => None,
    }
}
