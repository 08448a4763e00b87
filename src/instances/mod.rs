// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What every room needs of a running instance: what its containers are made from, and the tools to act on it.

pub mod archive;
mod context;
pub mod drift;
pub mod facts;
pub mod spec;
pub mod template;
mod tools;

pub use context::{Context, Moved};
pub use tools::{INSTANCE_SECRETS, Target, Tools};
