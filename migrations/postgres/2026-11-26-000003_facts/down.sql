-- SPDX-FileCopyrightText: 2026 The Flotta authors
-- SPDX-License-Identifier: EUPL-1.2

DROP TABLE advisory;
DROP TABLE size;
DROP TABLE php_error;
DROP TABLE component;
DROP TABLE site_facts;
DROP TABLE facts;
DROP TABLE finding;
