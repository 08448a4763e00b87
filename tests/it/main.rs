// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! All integration tests, one binary.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod drivers_database_server;
mod drivers_engine;
mod drivers_gateway;
mod drivers_wordpress;
mod support;
