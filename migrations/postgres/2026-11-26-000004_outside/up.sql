-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- How an address that is no site's is asked, and what is expected of it.
ALTER TABLE health_check ADD COLUMN plain BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE health_check ADD COLUMN status INTEGER;
ALTER TABLE health_check ADD COLUMN keyword TEXT NOT NULL DEFAULT '';

-- What a check is like from outside. look is what was seen last (JSON), empty where nothing was yet; fingerprint, issuer and ends_at
-- are its certificate's. wanted_at is when somebody asked for a look that was not made yet.
CREATE TABLE health_outside (
    number INTEGER PRIMARY KEY NOT NULL REFERENCES health_check (number) ON DELETE CASCADE,
    looked_at BIGINT,
    wanted_at BIGINT,
    fingerprint TEXT,
    issuer TEXT,
    ends_at BIGINT,
    look TEXT NOT NULL
);
CREATE INDEX health_outside_ends ON health_outside (ends_at);
CREATE INDEX health_outside_wanted ON health_outside (wanted_at) WHERE wanted_at IS NOT NULL;
