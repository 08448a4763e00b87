-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
DROP INDEX operation_one_rehearsal;
DROP INDEX operation_one_live;
CREATE UNIQUE INDEX operation_one_live ON operation (instance_id) WHERE state = 'live';
ALTER TABLE instance DROP COLUMN paused;
