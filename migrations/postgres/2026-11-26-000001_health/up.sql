-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- What is checked: every site of every instance, and other addresses of municipalities (instance_id and blog are null). number is
-- its row in the history of its municipality, and its place in the minute. standing is what the watcher remembers (JSON).
CREATE TABLE health_check (
    number INTEGER PRIMARY KEY NOT NULL,
    municipality_id TEXT NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    instance_id TEXT,
    blog BIGINT,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    label TEXT NOT NULL,
    health TEXT NOT NULL,
    failure TEXT,
    since BIGINT,
    standing TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    gone_at BIGINT
);
CREATE UNIQUE INDEX health_check_blog ON health_check (instance_id, blog) WHERE gone_at IS NULL;
CREATE UNIQUE INDEX health_check_address ON health_check (municipality_id, host, path) WHERE gone_at IS NULL AND blog IS NULL;
CREATE INDEX health_check_municipality ON health_check (municipality_id) WHERE gone_at IS NULL;

-- One confirmed problem. cause names what its kind counts: a check's number, an instance's id, a domain, a server. municipality_id is
-- null where it is nobody's in particular. An incident outlives what it was about.
CREATE TABLE incident (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    label TEXT NOT NULL,
    failure TEXT,
    certain BOOLEAN NOT NULL,
    municipality_id TEXT,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT,
    acknowledged_at BIGINT,
    acknowledged_by TEXT NOT NULL,
    note TEXT NOT NULL,
    merged_into TEXT
);
CREATE UNIQUE INDEX incident_open ON incident (kind, cause) WHERE resolved_at IS NULL;
CREATE INDEX incident_opened ON incident (opened_at);

CREATE TABLE incident_member (
    incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    municipality_id TEXT NOT NULL,
    label TEXT NOT NULL,
    failure TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (incident_id, number)
);
CREATE INDEX incident_member_municipality ON incident_member (municipality_id);

CREATE TABLE incident_event (
    incident_id TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    word TEXT NOT NULL,
    who TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (incident_id, seq)
);
