-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
-- The pages of an instance that are looked at before and after every change: chosen once and kept, so that each change is
-- judged by the same.
CREATE TABLE sample (
    instance_id TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    blog BIGINT NOT NULL,
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (instance_id, position)
);
