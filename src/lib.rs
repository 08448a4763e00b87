// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Flotta: a multi-tenant WordPress fleet manager.
//!
//! ```text
//!            main ── app
//!                     │
//!        web ── cli ── tasks
//!                     │
//!   onboarding  rollouts  health  instances  platform      (rooms: the three jobs and what they share)
//!                     │
//!                  workflow              (the operation journal)
//!                     │
//!            store        drivers        (the only rooms that know diesel; engines, servers, gateways)
//!                     │
//!                   fleet                (the shared nouns)
//! ```
//!
//! Arrows go down only; `tests/it/layering.rs` holds this. Read in this order: `fleet`, `workflow`, `onboarding`, `app`.

pub mod access;
pub mod app;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod drivers;
pub mod error;
pub mod fleet;
pub mod health;
pub mod instances;
pub mod onboarding;
pub mod platform;
pub mod releases;
pub mod rollouts;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod workflow;
