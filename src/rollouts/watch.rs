// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Watching rollouts: load what is stored, look at what there is, ask [`decide`], apply one answer after another, until there is
//! nothing to do. Killed anywhere, it begins again from what is stored: every answer is one transaction, and an operation begins
//! in the very one that moves its member. What is kept in memory are only looks that are taken anew.

use tracing::{info, warn};

use super::decide::{self, Action};
use crate::{
    error::{Error, Result},
    fleet::RolloutId,
    instances::Tools,
    store::rollouts,
};

mod act;
mod look;
mod rehearse;
mod see;

/// More answers in a row than any rollout has things to do at once.
const MOST: usize = 100_000;

/// Watches every rollout that has not come to its end.
pub struct Watcher {
    tools: Tools,
    memory: see::Memory,
}

/// What came of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// How many answers were applied.
    pub applied: usize,
    /// Whether operations were started, for which workers should be woken.
    pub started: bool,
    /// The rollouts that changed.
    pub changed: Vec<RolloutId>,
}

impl Watcher {
    /// A watcher that has seen nothing yet.
    #[must_use]
    pub fn new(tools: Tools) -> Self {
        Self { tools, memory: see::Memory::default() }
    }

    /// Goes over every rollout once.
    ///
    /// # Errors
    /// When the store fails. What ails one rollout keeps no other waiting.
    pub async fn round(&mut self) -> Result<Round> {
        self.at_most(MOST).await
    }

    /// The same, ending after so many applied answers, as if killed there.
    ///
    /// # Errors
    /// As [`Self::round`].
    pub async fn at_most(&mut self, answers: usize) -> Result<Round> {
        let watched = rollouts::watched(&self.tools.store).await?;
        self.memory.forget_but(&watched);
        let mut round = Round::default();
        for id in watched {
            if round.applied >= answers {
                break;
            }
            match self.one(id, answers - round.applied, &mut round).await {
                Ok(()) => {}
                // Somebody wrote meanwhile: the next round reads what.
                Err(Error::StaleLease) => {}
                Err(error) => warn!(rollout = %id, %error, "a rollout could not be worked on"),
            }
        }
        Ok(round)
    }

    async fn one(&mut self, id: RolloutId, answers: usize, round: &mut Round) -> Result<()> {
        let before = round.applied;
        loop {
            let view = see::see(&self.tools, &mut self.memory, id).await?;
            let actions = decide::decide(&view.decided, self.tools.clock.now());
            let mut version = view.rollout.version;
            let mut progress = false;
            for action in actions {
                if round.applied - before >= answers {
                    return Ok(());
                }
                match act::apply(&self.tools, &view, &action, version).await {
                    Ok(now) => {
                        info!(rollout = %id, action = ?action, "applied");
                        version = now;
                        progress = true;
                        round.applied += 1;
                        round.started |= matches!(action, Action::Update(_) | Action::Revert(_) | Action::Rehearse(_));
                        if round.changed.last() != Some(&id) {
                            round.changed.push(id);
                        }
                    }
                    // Another operation was quicker, or the instance changed: seen when it is looked at next.
                    Err(Error::Conflict(why)) => warn!(rollout = %id, action = ?action, why = %why, "not now"),
                    Err(other) => return Err(other),
                }
            }
            if !progress {
                return Ok(());
            }
        }
    }
}
