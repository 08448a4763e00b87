// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Moving the fleet to another release. [`decide`] says what follows from what was seen; acting on it is the next thing to be built.

pub mod decide;
