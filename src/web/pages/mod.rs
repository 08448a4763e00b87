// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Handlers of pages, one file per group. How to write one is told in CONTRIBUTING.md, "Add a page".

pub mod assets;
pub mod preference;
pub mod session;
