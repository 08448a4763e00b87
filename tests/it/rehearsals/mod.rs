// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Trying a release on a copy.

mod api;
mod real;
mod simulated;
