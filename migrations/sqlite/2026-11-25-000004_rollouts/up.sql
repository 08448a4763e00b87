-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- version counts the changes: whoever writes on an older one writes nothing. No foreign keys: a rollout outlives its release,
-- and its instances.
CREATE TABLE rollout (
    id TEXT PRIMARY KEY NOT NULL,
    release_id TEXT NOT NULL,
    release_name TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    version BIGINT NOT NULL,
    knobs TEXT NOT NULL,
    waves TEXT NOT NULL,
    in_flight INTEGER NOT NULL,
    gates INTEGER NOT NULL,
    agreed BOOLEAN NOT NULL,
    failures INTEGER NOT NULL,
    budget INTEGER NOT NULL,
    members INTEGER NOT NULL,
    requested_by TEXT NOT NULL,
    parent_id TEXT,
    expected_seconds INTEGER NOT NULL,
    resumed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX rollout_created ON rollout (created_at);

-- bound: whether the rollout has not come to its end; an instance is in one such rollout at most.
CREATE TABLE rollout_member (
    rollout_id TEXT NOT NULL REFERENCES rollout (id),
    position INTEGER NOT NULL,
    instance_id TEXT NOT NULL,
    municipality_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    environment TEXT NOT NULL,
    wave INTEGER NOT NULL,
    placed TEXT NOT NULL,
    from_release_id TEXT NOT NULL,
    state TEXT NOT NULL,
    blame TEXT,
    reason TEXT NOT NULL,
    operation_id TEXT,
    update_id TEXT,
    migration TEXT,
    approved BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    started_at BIGINT,
    exposed_at BIGINT,
    updated_at BIGINT NOT NULL,
    bound BOOLEAN NOT NULL,
    PRIMARY KEY (rollout_id, instance_id)
);
CREATE UNIQUE INDEX rollout_member_bound ON rollout_member (instance_id) WHERE bound;
CREATE INDEX rollout_member_state ON rollout_member (state);
CREATE INDEX rollout_member_municipality ON rollout_member (municipality_id);

CREATE TABLE rollout_event (
    rollout_id TEXT NOT NULL REFERENCES rollout (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    municipality_id TEXT,
    slug TEXT NOT NULL,
    word TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    message TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (rollout_id, seq)
);

-- What an instance's own people decided: a hold, a pinned release, the hours in which it may be updated.
CREATE TABLE rollout_policy (
    instance_id TEXT PRIMARY KEY NOT NULL,
    hold_reason TEXT,
    hold_until BIGINT,
    hold_by TEXT NOT NULL,
    hold_since BIGINT,
    pin_release_id TEXT,
    hours TEXT,
    updated_at BIGINT NOT NULL
);
