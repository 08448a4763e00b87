// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! How the fleet is, looked at once for all who follow it, and how many may.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::{
    error::{Error, Result},
    fleet::{Incident, MunicipalityId, Scope, UserId, check::Tally},
    store::{self, Store, incidents::Shares},
};

/// The store is looked at no more often.
const GAP: Duration = Duration::from_secs(1);
/// So many follow at once.
const MOST: usize = 256;
/// So many of them may be one user.
const OF_ONE: usize = 16;

/// How the fleet was at one moment.
#[derive(Debug)]
pub struct Seen {
    /// Every municipality, the worst first, and of the same state by slug.
    pub tallies: Vec<Tally>,
    /// Open incidents with each municipality's share, the newest first.
    pub incidents: Vec<(Incident, Shares)>,
}

impl Seen {
    /// Looks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(store: &Store, scope: &Scope) -> Result<Self> {
        let mut tallies = store::checks::tallies(store, scope).await?;
        tallies.sort_by_key(|tally| (Reverse(tally.worst()), tally.slug.clone()));
        Ok(Self { tallies, incidents: store::incidents::open_shares(store).await? })
    }

    /// The widest open incident that makes a municipality ill.
    pub fn cause_of(&self, of: MunicipalityId) -> Option<&Incident> {
        let touches = |(incident, shares): &&(Incident, Shares)| {
            shares.get(&of).is_some_and(|(_, failing)| *failing > 0) || incident.municipality == Some(of) || incident.is_shared()
        };
        let told = self.incidents.iter().filter(touches).map(|(incident, _)| incident);
        told.filter(|incident| !incident.cause.kind.is_sight()).max_by_key(|incident| incident.cause.kind)
    }

    /// The open incidents that a scope covers, each with its own share only; of one municipality, those that touch it.
    pub fn incidents_of(&self, scope: &Scope, only: Option<MunicipalityId>) -> Vec<Incident> {
        let covers = |id: &MunicipalityId| scope.covers(*id) && only.is_none_or(|only| only == *id);
        let everything = *scope == Scope::Fleet && only.is_none();
        let one = |(incident, shares): &(Incident, Shares)| {
            let own = shares.iter().filter(|(id, _)| covers(id)).map(|(_, share)| *share);
            let (members, failing) = own.fold((0, 0), |sum: (u32, u32), one| (sum.0 + one.0, sum.1 + one.1));
            let touches = everything || members > 0 || incident.municipality.as_ref().is_some_and(covers);
            touches.then(|| Incident { members, failing, ..incident.clone() })
        };
        self.incidents.iter().filter_map(one).collect()
    }
}

/// What followers share.
#[derive(Default)]
pub struct Pulse {
    last: tokio::sync::Mutex<Option<(Instant, Arc<Seen>)>>,
    places: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Pulse {
    /// How the fleet is: seen no earlier than this was asked. Of many who ask at once one looks.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn see(&self, store: &Store) -> Result<Arc<Seen>> {
        let asked = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((began, seen)) = &*last {
            if *began >= asked {
                return Ok(seen.clone());
            }
            sleep_until(*began + GAP).await;
        }
        let began = Instant::now();
        let seen = Arc::new(Seen::look(store, &Scope::Fleet).await?);
        *last = Some((began, seen.clone()));
        Ok(seen)
    }

    /// Takes a place among those who follow; it is free again when what this gives is dropped.
    ///
    /// # Errors
    /// `Throttled` where all are taken, or one user has many.
    pub fn enter(&self, user: UserId) -> Result<Place> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, own): (usize, usize) = (places.values().sum(), places.get(&user).copied().unwrap_or_default());
        if all >= MOST || own >= OF_ONE {
            return Err(Error::Throttled { retry_after_seconds: 10 });
        }
        places.insert(user, own + 1);
        Ok(Place { user, places: self.places.clone() })
    }

    /// How many follow.
    pub fn followers(&self) -> usize {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

/// A place among those who follow.
pub struct Place {
    user: UserId,
    places: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = places.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                places.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{
        Id,
        incident::{Cause, CauseKind},
    };

    #[test]
    fn places_are_few_and_given_back() {
        let pulse = Pulse::default();
        let anna = Id::generate();
        let hers: Vec<Place> = (0..OF_ONE).map(|_| pulse.enter(anna).unwrap()).collect();
        assert!(pulse.enter(anna).is_err());
        let others: Vec<Place> = (OF_ONE..MOST).map(|_| pulse.enter(Id::generate()).unwrap()).collect();
        assert!(pulse.enter(Id::generate()).is_err());
        assert_eq!(pulse.followers(), MOST);
        drop(hers);
        assert!(pulse.enter(anna).is_ok());
        drop(others);
        assert_eq!(pulse.followers(), 0);
    }

    #[test]
    fn the_widest_is_the_cause_and_others_shares_are_not_counted() {
        let (ale, bor): (MunicipalityId, MunicipalityId) = (Id::generate(), Id::generate());
        let incident = |kind, certain, of| {
            let cause = Cause { kind, of: String::new() };
            Incident { certain, ..Incident::opened(cause, String::new(), of, jiff::Timestamp::UNIX_EPOCH) }
        };
        let seen = Seen {
            tallies: Vec::new(),
            incidents: vec![
                (incident(CauseKind::Check, false, Some(ale)), Shares::from([(ale, (1, 1))])),
                (incident(CauseKind::Plugin, false, None), Shares::from([(ale, (3, 2)), (bor, (4, 4))])),
                (incident(CauseKind::Observer, true, None), Shares::new()),
            ],
        };
        assert_eq!(seen.cause_of(ale).map(|i| i.cause.kind), Some(CauseKind::Plugin));
        assert_eq!(seen.cause_of(Id::generate()), None);
        let own = seen.incidents_of(&Scope::Municipalities(vec![ale]), None);
        assert_eq!(own.iter().map(|i| (i.members, i.failing)).collect::<Vec<_>>(), [(1, 1), (3, 2)]);
        assert_eq!(seen.incidents_of(&Scope::Fleet, None).len(), 3);
        assert_eq!(seen.incidents_of(&Scope::Fleet, Some(bor)).len(), 1);
        assert_eq!(seen.incidents_of(&Scope::Municipalities(vec![ale]), Some(bor)).len(), 0);
    }
}
