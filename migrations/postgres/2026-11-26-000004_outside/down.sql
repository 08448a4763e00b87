-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

DROP TABLE health_outside;
DELETE FROM health_check WHERE blog IS NULL;
ALTER TABLE health_check DROP COLUMN keyword;
ALTER TABLE health_check DROP COLUMN status;
ALTER TABLE health_check DROP COLUMN plain;
