-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- What a municipality adds on top of every release: each version stays. digest names the file with its content; empty where
-- that version holds nothing. holds tells what is in it (JSON).
CREATE TABLE overlay (
    id TEXT PRIMARY KEY NOT NULL,
    municipality_id TEXT NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    holds TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (municipality_id, version)
);

-- A release with an overlay is derived: base_id is the release that it was put on. Its image_id is empty until it is built. No
-- foreign key: an instance that is being taken away still runs it.
ALTER TABLE "release" ADD COLUMN overlay_id TEXT;
CREATE UNIQUE INDEX release_overlay ON "release" (base_id, overlay_id);
