// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! ROOM 2, rollouts: moving the fleet to another release.
//!
//! [`updates`] moves one instance, as an operation of the journal whose steps are in [`steps`]; [`pages`] looks at it before and
//! after, and [`compare`] says what differs. [`decide`] says what a rollout of many does next.

pub mod compare;
pub mod complaints;
pub mod decide;
pub mod evidence;
pub mod pages;
pub mod reading;
pub mod rehearsals;
pub mod steps;
pub mod sweep;
pub mod updates;
pub mod workflows;
pub mod written;
