// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The only places that name an outside system. Each is a trait with a real and a simulated form.

pub mod browser;
pub mod database_server;
pub mod engine;
pub mod gateway;
pub mod outside;
pub mod post;
pub mod probe;
pub mod wordpress;
pub mod world;
