-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2
DROP TABLE lease;
DROP TABLE audit;
DROP TABLE login_throttle;
DROP TABLE api_token;
DROP TABLE session;
DROP TABLE user_municipality;
DROP TABLE "user";
DROP TABLE idempotency;
DROP TABLE backup;
DROP TABLE operation_event;
DROP TABLE operation;
DROP TABLE secret;
DROP TABLE domain;
DROP TABLE instance;
DROP TABLE "release";
DROP TABLE municipality;
