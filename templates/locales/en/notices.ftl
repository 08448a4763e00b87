# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

audit-receiver-add = Added receiver
audit-receiver-remove = Removed receiver
audit-receiver-test = Tested receiver
audit-receiver-key = Gave receiver a new key
audit-silence-add = Silenced notices
audit-silence-end = Ended silence
