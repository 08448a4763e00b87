// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! From incidents to people.
//!
//! ```text
//!   incidents, receivers, silences, what was told ─▶ decide ─▶ a row ─▶ sent ─▶ noted
//!                    (the store)                     (pure)  (store)  (outside)
//! ```
//!
//! What is to be told follows from how things stand in the store, and is written there before it is sent: whoever dies in between
//! loses nothing. What was sent and not noted is sent again, with the same id.

pub mod decide;
pub mod gather;
pub mod letter;
pub mod queue;
pub mod receivers;
pub mod send;
pub mod words;
