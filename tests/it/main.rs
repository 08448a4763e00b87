// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! All integration tests, one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)] // a test may stop at what it does not expect

mod access;
mod api;
mod api_answers;
mod cli;
mod drift;
mod drivers_database_server;
mod drivers_engine;
mod drivers_gateway;
mod drivers_gateway_acme;
mod drivers_wordpress;
mod fault_matrix;
mod golden;
mod health;
mod isolation;
mod killed;
mod layering;
mod notices;
mod onboarding;
mod overlays;
mod overlays_real;
mod pages;
mod pages_admin;
mod pages_history;
mod pages_rollouts;
mod real_releases;
mod rehearsals;
mod releases;
mod repair;
mod rollouts;
mod rollouts_real;
mod seen;
mod store_parity;
mod support;
mod updates_real;
