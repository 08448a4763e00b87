// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The operations of this room as lists of steps; see [`crate::onboarding::workflows`] before changing one.

use super::rehearsals;
use crate::{instances::Context, workflow::Workflow};

/// Every workflow of this room, one of each kind.
#[must_use]
pub fn all() -> Vec<Workflow<Context>> {
    vec![rehearsals::workflow::rehearse()]
}
