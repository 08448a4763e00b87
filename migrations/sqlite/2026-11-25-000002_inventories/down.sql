-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

ALTER TABLE "release" DROP COLUMN content;
ALTER TABLE "release" DROP COLUMN base_id;
ALTER TABLE "release" DROP COLUMN inventory;
