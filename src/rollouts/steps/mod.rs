// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The steps of moving one instance, one file each. Each serves updates and reverts: what is asked says what is needed, and a
//! step that is not needed is present from the start.

mod beside;
mod drain;
mod migrate;
mod preflight;
mod public;
mod quiesce;
mod restore;
mod snapshot;
mod switch;
mod verify;

pub use beside::Beside;
pub use drain::Drain;
pub use migrate::Migrate;
pub use preflight::Preflight;
pub use public::PublicCheck;
pub use quiesce::Quiesce;
pub use restore::Restore;
pub use snapshot::Snapshot;
pub use switch::Switch;
pub use verify::Verify;

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    error::{Error, OutsideKind, Result},
    fleet::{Instance, Scope, update::Version},
    instances::{Context, Moved, Target},
    store::{self, instances::Held},
    workflow::Observation,
};

/// Names of the pieces of evidence that steps leave for later ones.
mod kept {
    /// The pages that are looked at.
    pub const PAGES: &str = "pages";
    /// What they were before.
    pub const BEFORE: &str = "before";
    /// What they are in the new container.
    pub const AFTER: &str = "after";
    /// Sites' own data may have been touched: going back needs the snapshot.
    pub const TOUCHED: &str = "touched";
    /// Every site was migrated, and that was proved.
    pub const MIGRATED: &str = "migrated";
    /// The snapshot is being put back, or was.
    pub const RESTORING: &str = "restoring";
    /// It was put back.
    pub const RESTORED: &str = "restored";
}

/// Both sides of the move.
fn moved(cx: &Context) -> Result<&Moved> {
    cx.moved.as_ref().ok_or_else(|| Error::Internal("an operation that moves nothing".to_owned()))
}

fn held(cx: &Context) -> Held {
    Held { operation: cx.operation, epoch: cx.epoch }
}

/// The instance as the store has it now; the context's is as old as the turn.
async fn now(cx: &Context) -> Result<Instance> {
    store::instances::get(&cx.target.tools.store, &Scope::Fleet, cx.target.instance.id).await
}

fn is_at(instance: &Instance, version: Version) -> bool {
    instance.release == version.release && instance.generation == version.generation
}

/// What a step says that has nothing to do.
fn not_needed() -> Observation {
    Observation::Present(json!({"needed": false}))
}

/// That the database server has been there since then, without which nothing that a container showed says anything.
async fn server_stood(target: &Target, since: Instant) -> Result<()> {
    if target.tools.database.up_for().await? < since.elapsed() {
        let said = "it was started anew while the instance was looked at, so that what was seen says nothing";
        return Err(Error::outside("database server", OutsideKind::Failed, said));
    }
    Ok(())
}

/// What a release seems to have done wrong is not its doing where the database server was away meanwhile, or the container was
/// stopped from outside.
async fn or_the_ground(cx: &Context, target: &Target, since: Instant, error: Error) -> Error {
    if !matches!(error, Error::Outside { system: "release" | "wordpress", .. }) {
        return error;
    }
    if let Err(away) = server_stood(target, since).await {
        return away;
    }
    match beside::stopped(cx, target).await {
        Ok(true) => {
            let said = "the container was stopped from outside while it was looked at, so that what was seen says nothing";
            Error::outside("engine", OutsideKind::Failed, said)
        }
        _ => error,
    }
}

/// Waits until none of the instance's requests is being worked on.
async fn until_idle(target: &Target, at_most: Duration) -> Result<()> {
    let over = tokio::time::Instant::now() + at_most;
    let user = target.instance.schema();
    loop {
        let open = target.tools.database.connections(&user).await?;
        if open == 0 {
            return Ok(());
        }
        if tokio::time::Instant::now() >= over {
            let seconds = at_most.as_secs();
            return Err(Error::outside("wordpress", OutsideKind::Failed, format!("{open} requests are not over after {seconds} s")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
