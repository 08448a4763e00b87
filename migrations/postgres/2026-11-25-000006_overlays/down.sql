-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

DROP INDEX release_overlay;
ALTER TABLE "release" DROP COLUMN overlay_id;
DROP TABLE overlay;
