// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Every store test, on SQLite and on PostgreSQL.

mod access;
mod aggregates;
mod audit;
mod concurrency;
mod facts;
mod findings;
mod health;
mod journal;
mod municipalities;
mod outside;
mod overlays;
mod rollouts;
mod samples;
mod status_pages;
