// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Handlers of pages, one file per group. How to write one is told in CONTRIBUTING.md, "Add a page".

pub mod account;
mod asked;
pub mod assets;
pub mod audit;
pub mod components;
mod domain;
pub mod evidence;
pub mod findings;
pub mod fleet;
mod form;
pub mod health;
mod in_place;
mod insides;
pub mod municipality;
pub mod notices;
pub mod onboard;
pub mod operation;
pub mod outside;
pub mod overlay;
pub mod preference;
pub mod release;
pub mod releases;
pub mod rollouts;
pub mod session;
pub mod settings;
pub mod site;
pub mod status;
pub mod users;
