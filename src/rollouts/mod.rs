// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! ROOM 2, rollouts: moving the fleet to another release.
//!
//! [`updates`] moves one instance, as an operation of the journal whose steps are in [`steps`]; [`pages`] looks at it before and
//! after, and [`compare`] says what differs. [`rehearsals`] tries a release on a copy of its data first. Where a municipality has an
//! overlay, what it is moved to is the release with that on top; [`overlay`] is for the overlay alone.
//!
//! A rollout of many is asked by a [`request`], which [`plan`] puts into waves; [`decide`] says what it does next, [`watch`]
//! does that, [`blame`] says whose fault a failure is, and [`orders`] are what operators want meanwhile.

pub mod blame;
pub mod compare;
pub mod complaints;
pub mod decide;
pub mod evidence;
pub mod orders;
pub mod overlay;
pub mod pages;
pub mod plan;
pub mod reading;
pub mod rehearsals;
pub mod request;
pub mod steps;
pub mod sweep;
pub mod updates;
pub mod waiting;
pub mod watch;
pub mod workflows;
pub mod written;
