-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

DROP TABLE silence;
DROP TABLE notice_item;
DROP TABLE notice;
DROP TABLE receiver;
