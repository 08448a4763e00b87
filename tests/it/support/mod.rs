// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What the tests share.
#![allow(dead_code)] // each test takes what it needs

pub mod fixtures;
pub mod fleet;
pub mod image;
pub mod outside;
pub mod post;
pub mod process;
pub mod real;
pub mod simulated;
pub mod store;
pub mod trouble;
pub mod upstream;
pub mod visitors;
pub mod web;

/// Whether the tests are asked for at their full size (`FLOTTA_TEST_FULL=1`).
pub fn full() -> bool {
    std::env::var("FLOTTA_TEST_FULL").is_ok_and(|v| v == "1")
}
