-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
DROP TABLE rollout_policy;
DROP TABLE rollout_event;
DROP TABLE rollout_member;
DROP TABLE rollout;
