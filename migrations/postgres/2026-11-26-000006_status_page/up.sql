-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- A municipality whose status anybody may see has a row.
CREATE TABLE status_page (
    municipality_id TEXT PRIMARY KEY NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    opened_by TEXT NOT NULL,
    opened_at BIGINT NOT NULL
);
