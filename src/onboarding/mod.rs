// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! ROOM 1, onboarding: from a municipality's name and domain to its own WordPress, and back.
//!
//! A [`Request`] is checked against the fleet ([`check`]) and started ([`start`]) as an operation of the journal: secrets,
//! database, network, volume, container, install, private health, backup, restore check, route, public health. A failure
//! before the route undoes everything; after it, the instance is set aside for a person. [`lifecycle`] suspends, resumes,
//! offboards and repairs with the same steps.

pub mod lifecycle;
pub mod request;
mod start;
pub mod steps;
pub mod workflows;

pub use request::{Request, Wish};
pub use start::{Preview, check, planned, start};
