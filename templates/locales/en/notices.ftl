# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

audit-receiver-add = Added receiver
audit-receiver-remove = Removed receiver
audit-receiver-test = Tested receiver
audit-receiver-key = Gave receiver a new key
audit-silence-add = Silenced notices
audit-silence-end = Ended silence

receivers = Receivers
receivers-answer =
    { $count ->
        [one] One receiver is told when something is wrong.
       *[other] { $count } receivers are told when something is wrong.
    }
receivers-none-heading = Nobody is told anything
receivers-none-explain = Add a receiver; until then incidents are seen only here.
receiver-kind = By
receiver-kind-mail = mail
receiver-kind-webhook = signed webhook
receiver-kind-chat = chat (Slack, Teams)
receiver-whose = Whose
receiver-whose-hint = A municipality's receiver is told only of what touches the municipality.
receiver-operators = The operators': told of everything
receiver-address = Address
receiver-address-hint = Mail address, or the https address of a webhook or chat. A secret in it is never shown again.
receiver-when = Told
receiver-after =
    { $minutes ->
        [0] at once
        [one] of what nobody has taken on for a minute
       *[other] of what nobody has taken on for { $minutes } minutes
    }
receiver-after-label = After so many minutes
receiver-after-hint = Only of what nobody has taken on by then. Empty is at once.
receiver-reminded = Reminded
receiver-remind =
    { $minutes ->
        [0] never
        [one] every minute
       *[other] every { $minutes } minutes
    }
receiver-remind-label = Remind after so many minutes
receiver-remind-hint = Of what nobody has taken on. 0 is never.
receiver-name-hint = What is shown here; the address otherwise.
receiver-no-mail = No mail server is set, so mail cannot be chosen.
receiver-add = Add receiver
receiver-about = About the receiver
receiver-answer =
    { $count ->
        [0] Nothing was sent here in the last 90 days.
        [one] One message was sent here in the last 90 days.
       *[other] { $count } messages were sent here in the last 90 days.
    }
receiver-key-heading = The key is shown only now
receiver-key-explain = Whoever receives uses it to check that a message really comes from here. Keep it there, not here.
receiver-key = New key
receiver-key-warn = The old key holds for another day, beside the new one.
receiver-old-key = The old key holds until
receiver-try = Send a trial
receiver-remove = Remove the receiver
receiver-remove-warn = The receiver and the list of what it was sent are removed. What was not sent yet is not sent.
receiver-sent = Sent here
receiver-at = Decided
receiver-subject = Subject
receiver-tries = Tries
receiver-again = next try
receiver-nothing-heading = Nothing sent
receiver-nothing-explain = Send a trial to see that it arrives.
notice-state-waiting = waiting
notice-state-sent = taken in
notice-state-given-up = given up
silences = Silences and maintenance
silences-answer =
    { $count ->
        [0] Nothing is silenced.
        [one] One silence holds or is planned.
       *[other] { $count } silences hold or are planned.
    }
silences-none-heading = Nothing is silenced
silences-none-explain = Every receiver is told what is theirs.
silence-what = What
silence-kind = Kind
silence-all = the whole fleet
silence-window = maintenance
silence-silence = silence
silence-holds = holds now
silence-from = From
silence-from-hint = Empty is now. A later time makes planned maintenance.
silence-until = Until
silence-reason = Reason
silence-add = Silence
silence-end = End
silence-explain = What is silenced is watched all the same. What is still wrong when the silence ends is told then.
