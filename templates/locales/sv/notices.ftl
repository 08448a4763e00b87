# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

audit-receiver-add = Lade till mottagare
audit-receiver-remove = Tog bort mottagare
audit-receiver-test = Provade mottagare
audit-receiver-key = Gav mottagare ny nyckel
audit-silence-add = Tystade meddelanden
audit-silence-end = Avslutade tystnad
