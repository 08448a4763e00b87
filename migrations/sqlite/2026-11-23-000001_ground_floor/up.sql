-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
-- Ids are UUIDv7 as text, times microseconds since 1970 in UTC, enums their words, documents JSON as text.

CREATE TABLE municipality (
    id TEXT PRIMARY KEY NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    code TEXT UNIQUE,
    contact_email TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE "release" (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    image TEXT NOT NULL,
    image_id TEXT NOT NULL,
    contract TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE instance (
    id TEXT PRIMARY KEY NOT NULL,
    municipality_id TEXT NOT NULL REFERENCES municipality (id),
    environment TEXT NOT NULL,
    network_kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    locale TEXT NOT NULL,
    admin_login TEXT NOT NULL,
    admin_email TEXT NOT NULL,
    release_id TEXT NOT NULL REFERENCES "release" (id),
    desired TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    slot INTEGER NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    cpu_milli INTEGER NOT NULL,
    pids INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (municipality_id, environment)
);

CREATE TABLE domain (
    name TEXT PRIMARY KEY NOT NULL,
    instance_id TEXT NOT NULL REFERENCES instance (id),
    wildcard BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX domain_instance ON domain (instance_id);

-- owner: an instance's id, or `platform`. ciphertext: base64 of nonce and XChaCha20-Poly1305 output, bound to owner and name.
CREATE TABLE secret (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    ciphertext TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);

-- No foreign keys: an operation outlives the municipality and instance that it made or removed.
CREATE TABLE operation (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    workflow_version INTEGER NOT NULL,
    municipality_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    direction TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    deadline_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_owner TEXT,
    lease_epoch BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX operation_one_live ON operation (instance_id) WHERE state = 'live';
CREATE INDEX operation_due ON operation (next_at) WHERE state = 'live';
CREATE INDEX operation_municipality ON operation (municipality_id, created_at);

CREATE TABLE operation_event (
    operation_id TEXT NOT NULL REFERENCES operation (id),
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    evidence TEXT NOT NULL,
    PRIMARY KEY (operation_id, seq)
);

CREATE TABLE backup (
    id TEXT PRIMARY KEY NOT NULL,
    municipality_id TEXT NOT NULL,
    slug TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    size_bytes BIGINT NOT NULL,
    manifest_sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    verified_at BIGINT
);
CREATE INDEX backup_municipality ON backup (municipality_id, created_at);

-- A repeated POST with the same key by the same user gets the same operation.
CREATE TABLE idempotency (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);

-- Answers to POSTs that start no operation, for repeats with the same key; without the secrets in them. No status: not done yet.
CREATE TABLE idempotent_answer (
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    request_sha256 TEXT NOT NULL,
    status INTEGER,
    location TEXT,
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);

CREATE TABLE "user" (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    language TEXT,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE TABLE user_municipality (
    user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    municipality_id TEXT NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, municipality_id)
);

CREATE TABLE session (
    token_sha256 TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_user ON session (user_id);

CREATE TABLE api_token (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES "user" (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token_sha256 TEXT NOT NULL UNIQUE,
    permissions TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

-- key: `email:…` or `address:…`.
CREATE TABLE login_throttle (
    key TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL,
    failed_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
);

CREATE TABLE audit (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    municipality_id TEXT,
    address TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_who ON audit (action, actor, at);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- One holder of each background duty, over all control planes.
CREATE TABLE lease (
    name TEXT PRIMARY KEY NOT NULL,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- What the fleet decided once and must keep, such as its subnet.
CREATE TABLE setting (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
