-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

DROP TABLE incident_event;
DROP TABLE incident_member;
DROP TABLE incident;
DROP TABLE health_check;
