-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- Who is told of incidents, and how. municipality_id is null where it is the operators. shown is what may be seen of the address: all
-- of a mail address, scheme and host of a hook; the whole is sealed among the secrets, owned by id. signing_key counts the keys.
CREATE TABLE receiver (
    id TEXT PRIMARY KEY NOT NULL,
    municipality_id TEXT REFERENCES municipality (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    shown TEXT NOT NULL,
    language TEXT NOT NULL,
    after_minutes INTEGER NOT NULL,
    remind_minutes INTEGER NOT NULL,
    signing_key INTEGER NOT NULL,
    old_key_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX receiver_municipality ON receiver (municipality_id);

-- A message to a receiver: written before it is sent, and kept as the log. letter is what it says (JSON). next_at is when it is tried
-- again; whoever sends it moves that on first.
CREATE TABLE notice (
    id TEXT PRIMARY KEY NOT NULL,
    receiver_id TEXT NOT NULL REFERENCES receiver (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    letter TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at BIGINT NOT NULL,
    error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX notice_waiting ON notice (next_at) WHERE state = 'waiting';
CREATE INDEX notice_receiver ON notice (receiver_id, created_at);

-- What of which incident a receiver was told. round counts reminders.
CREATE TABLE notice_item (
    receiver_id TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    word TEXT NOT NULL,
    round INTEGER NOT NULL,
    notice_id TEXT NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    PRIMARY KEY (receiver_id, incident_id, word, round)
);
CREATE INDEX notice_item_incident ON notice_item (incident_id);
CREATE INDEX notice_item_notice ON notice_item (notice_id);

-- When nobody is told: of the whole fleet, of one municipality, or of one check. planned are maintenance windows.
CREATE TABLE silence (
    id TEXT PRIMARY KEY NOT NULL,
    planned BOOLEAN NOT NULL,
    municipality_id TEXT REFERENCES municipality (id) ON DELETE CASCADE,
    number INTEGER,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX silence_ends ON silence (ends_at);
