// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! What people and programs reach over HTTP. The only room that imports actix and handlebars.

pub mod view;
