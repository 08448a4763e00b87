-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
-- paused: whether the gateway holds the instance's visitors back while an update changes its data.
ALTER TABLE instance ADD COLUMN paused BOOLEAN NOT NULL DEFAULT FALSE;
-- A rehearsal works on a copy, so that it keeps no other operation waiting.
DROP INDEX operation_one_live;
CREATE UNIQUE INDEX operation_one_live ON operation (instance_id) WHERE state = 'live' AND kind <> 'rehearse';
CREATE UNIQUE INDEX operation_one_rehearsal ON operation (instance_id) WHERE state = 'live' AND kind = 'rehearse';
