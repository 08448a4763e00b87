// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Rehearsals: whatever happens to one, nothing of it stays, and the instance has nothing to do with it.

use flotta::{
    drivers::world::WANTS,
    fleet::{Instance, Operation, OperationKind::Rehearse},
    rollouts::rehearsals,
};

use super::{
    faults::{FAULTS, LASTING, always, once},
    killed::{at_every_point, in_every_call, while_going_back},
};
use crate::support::{
    simulated::Simulated,
    store::Kind::{Postgres, Sqlite},
};

/// Begins a rehearsal of a release that changes the tables.
pub async fn begin(fleet: &Simulated, instance: &Instance) -> Operation {
    let release = fleet.release("6.9-1", &[(WANTS, "60500")]).await;
    rehearsals::start(&fleet.app.tools, instance, release.id, None, "test").await.unwrap()
}

macro_rules! cells {
    ($($name:ident: $run:expr;)+) => { $(#[tokio::test] async fn $name() { $run.await; })+ };
}

cells! {
    rehearse_at_every_point: at_every_point(Sqlite, Rehearse, true);
    rehearse_at_every_point_postgres: at_every_point(Postgres, Rehearse, false);
    rehearse_in_every_call: in_every_call(Sqlite, Rehearse);
    rehearse_while_going_back: while_going_back(Sqlite, Rehearse);
    rehearse_once: once(Sqlite, Rehearse, &FAULTS);
    rehearse_always: always(Sqlite, Rehearse, &LASTING);
}
