// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What is seen from outside, judged: names, certificates, redirects, search engines. Pure; `watch` looks and has it written.

pub mod judge;
pub mod kin;
pub mod plan;
pub mod reading;
pub mod request;
