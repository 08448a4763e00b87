// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What anybody may see, kept in memory: public pages are answered from it, also while the store is busy or gone.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{
        Check, MunicipalityId,
        status::{DAYS, Public, Status},
    },
    instances::Tools,
    store,
};

/// Longer than this the store is not waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where it lies. Cheap to clone.
#[derive(Clone, Default)]
pub struct Shelf {
    lies: Arc<RwLock<Option<Arc<Public>>>>,
    /// Held while it is made anew: what was read before a page was closed is never put here after it.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Shelf {
    /// What lies there; none before it was read for the first time.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Public>> {
        self.lies.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn put(&self, public: Public) {
        *self.lies.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::new(public));
    }

    /// Makes all of it anew from the store.
    ///
    /// # Errors
    /// When the store fails or takes too long; what lies there stays.
    pub async fn renew(&self, tools: &Tools) -> Result<()> {
        let _turn = self.turn.lock().await;
        let public = within(read(tools)).await?;
        self.put(public);
        Ok(())
    }

    /// Notes only that somebody still watches, where nothing else has changed.
    ///
    /// # Errors
    /// When the store fails or takes too long; what lies there stays.
    pub async fn confirm(&self, tools: &Tools) -> Result<()> {
        let _turn = self.turn.lock().await;
        let as_of = within(watched(tools)).await?;
        if let Some(old) = self.get() {
            self.put(Public { as_of: as_of.or(old.as_of), all: old.all.clone() });
        }
        Ok(())
    }
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(Error::outside("store", OutsideKind::Unreachable, "no answer in time")))
}

/// Until when somebody watched: now, where somebody does.
async fn watched(tools: &Tools) -> Result<Option<Timestamp>> {
    let now = tools.clock.now();
    Ok(store::leases::until(&tools.store, "health").await?.map(|until| until.min(now)))
}

async fn read(tools: &Tools) -> Result<Public> {
    let store = &tools.store;
    // Before the rest, so that the rest is never older.
    let as_of = watched(tools).await?;
    let opened = store::status_pages::all(store).await?;
    if opened.is_empty() {
        return Ok(Public { as_of, ..Public::default() });
    }
    let ids: Vec<MunicipalityId> = opened.iter().map(|municipality| municipality.id).collect();
    let checks = store::checks::of(store, &ids).await?;
    let since = tools.clock.now().saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::UNIX_EPOCH);
    let incidents = store::incidents::lately(store, &ids, since).await?;
    let silences = store::silences::since(store, tools.clock.now()).await?;
    let mut by_municipality: HashMap<MunicipalityId, Vec<&Check>> = HashMap::new();
    for check in &checks {
        by_municipality.entry(check.municipality).or_default().push(check);
    }
    let one = |municipality: &crate::fleet::Municipality| {
        let checks = by_municipality.remove(&municipality.id).unwrap_or_default();
        (municipality.slug.clone(), Status::of(municipality, &checks, &incidents, &silences))
    };
    Ok(Public { as_of, all: opened.iter().map(one).collect() })
}
