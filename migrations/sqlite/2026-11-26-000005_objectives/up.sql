-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- What availability a municipality aims at, in thousandths of a per cent, over how many days. One without a row has the default.
CREATE TABLE objective (
    municipality_id TEXT PRIMARY KEY NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    thousandths INTEGER NOT NULL,
    days INTEGER NOT NULL,
    updated_at BIGINT NOT NULL
);
