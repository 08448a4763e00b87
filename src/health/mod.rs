// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The third job: every site watched, causes named, nobody woken for nothing.
//!
//! ```text
//!   wheel ─▶ a probe ─▶ reading ─▶ verdict ─▶ blame
//!   (when)   (drivers)  (a sample)  (a state)  (a cause)
//!                           │
//!                        history   (a byte for each sample)
//! ```
//!
//! What stands here decides and acts on nothing yet: `observer` tells whether the watcher itself can be believed.

pub mod advisories;
pub mod blame;
pub mod desk;
pub mod findings;
pub mod history;
pub mod monitor;
pub mod notices;
pub mod objective;
pub mod observer;
pub mod outside;
pub mod past;
pub mod questions;
pub mod reading;
pub mod report;
pub mod status;
pub mod verdict;
pub mod watch;
pub mod wheel;
