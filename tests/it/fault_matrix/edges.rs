// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Something foreign in the way; two control planes; unknown versions; two requests at once.
