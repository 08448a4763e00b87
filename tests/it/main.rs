// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! All integration tests, one binary.

mod onboarding;
mod support;
