-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

-- What is in a release (JSON), read from its image; and for those that Flotta built, what they were built from.
ALTER TABLE "release" ADD COLUMN inventory TEXT;
ALTER TABLE "release" ADD COLUMN base_id TEXT;
ALTER TABLE "release" ADD COLUMN content TEXT;
