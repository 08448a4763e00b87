-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- What is not down but needs somebody. About an instance, a site of it (blog), or a check by its number; subject knows it again.
-- evidence is what was seen last (JSON). Put aside by somebody (muted_at), for a reason and perhaps for a time.
CREATE TABLE finding (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    municipality_id TEXT NOT NULL REFERENCES municipality (id) ON DELETE CASCADE,
    instance_id TEXT,
    blog BIGINT,
    check_number INTEGER,
    subject TEXT NOT NULL,
    evidence TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    resolved_at BIGINT,
    muted_at BIGINT,
    muted_until BIGINT,
    muted_by TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE UNIQUE INDEX finding_open ON finding (kind, subject, COALESCE(instance_id, ''), COALESCE(check_number, -1), municipality_id)
    WHERE resolved_at IS NULL;
CREATE INDEX finding_municipality ON finding (municipality_id, opened_at);
CREATE INDEX finding_opened ON finding (opened_at);

-- What an instance's agent told last. mark changes when the facts do; administrators says since when each is known (JSON); document is
-- all that is not of one site (JSON).
CREATE TABLE facts (
    instance_id TEXT PRIMARY KEY NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    municipality_id TEXT NOT NULL,
    mark TEXT NOT NULL,
    administrators TEXT NOT NULL,
    document TEXT NOT NULL,
    collected_at BIGINT NOT NULL
);

-- The same of each site. overdue is since how many seconds its oldest job waits.
CREATE TABLE site_facts (
    instance_id TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    blog BIGINT NOT NULL,
    document TEXT NOT NULL,
    overdue BIGINT NOT NULL,
    PRIMARY KEY (instance_id, blog)
);

-- What runs where, in which version; sites is how many sites use it.
CREATE TABLE component (
    instance_id TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    sites INTEGER NOT NULL,
    PRIMARY KEY (instance_id, kind, slug)
);
CREATE INDEX component_slug ON component (kind, slug);

-- Fatal errors of PHP, each known by its fingerprint, with what is to blame. total is how often; counted and noted_at are what the
-- container, whose count begins anew with it, told last.
CREATE TABLE php_error (
    instance_id TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    version TEXT NOT NULL,
    message TEXT NOT NULL,
    file TEXT NOT NULL,
    line BIGINT NOT NULL,
    blog BIGINT NOT NULL,
    total BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    noted_at BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (instance_id, fingerprint)
);
CREATE INDEX php_error_slug ON php_error (kind, slug);

-- How large what is where, by day since 1970. blog 0 is the whole instance.
CREATE TABLE size (
    instance_id TEXT NOT NULL REFERENCES instance (id) ON DELETE CASCADE,
    blog BIGINT NOT NULL,
    day INTEGER NOT NULL,
    database_bytes BIGINT NOT NULL,
    uploads_bytes BIGINT,
    PRIMARY KEY (instance_id, blog, day)
);

-- Known weaknesses, as imported from a file; ranges are the versions that have it (JSON).
CREATE TABLE advisory (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    ranges TEXT NOT NULL,
    severity TEXT NOT NULL,
    reference TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (source, id, kind, slug)
);
CREATE INDEX advisory_slug ON advisory (kind, slug);
