# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

operation = Operation
operations = Operations
operation-kind = Kind
all-kinds = All kinds
asked-at = Asked for
asked-by = By
took = Time
operations-answer = { $stopped ->
    [0] { $live ->
        [0] Nothing is going on right now.
        [one] One operation is going on. None has stopped.
       *[other] { $live } operations are going on. None has stopped.
    }
    [one] One operation has stopped and needs attention. { $live } going on.
   *[other] { $stopped } operations have stopped and need attention. { $live } going on.
 }
operations-filter = Filter operations
operations-filter-none = No operation matches the filter.
operations-empty-heading = Nothing has been done yet
operations-empty-explain = Every operation stands here with its journal, step by step. The first one comes when you onboard a municipality.
operation-title-onboard = Onboard { $name }
operation-title-suspend = Suspend { $name }
operation-title-resume = Resume { $name }
operation-title-offboard = Offboard { $name }
operation-title-repair = Put { $name } right
operation-about = About the operation
ended-at = Ended
operation-answer-live = Going on: { $step }
operation-answer-done = Done. Every step is done.
operation-answer-undone = It did not work. Everything is put back.
operation-answer-failed = Stopped at: { $step }
operation-answer-parked = Waits for a decision at: { $step }
operation-meaning-live = You can leave the page. The work goes on, and a step that fails is done again or undone.
operation-meaning-done = Nothing more needs to be done here.
operation-meaning-undone = What had been made is removed. No container, database or address is left. Put the cause below right and try again.
operation-meaning-failed = Something is left that Flotta could not put right by itself. Read the cause below, fix it and try again.
operation-meaning-parked = The operation has steps that this version of Flotta does not know. Upgrade Flotta and try again.
operation-next-try = Next try at
operation-progress = How far the operation has come
operation-steps = { $done } of { $total } steps
operation-steps-undone = { $done } steps undone
operation-usually = usually
operation-retry = Try again
operation-timeline = Step by step
operation-lost = The page gets no news right now. The work goes on. The page is trying to connect again.
step-tries = { $count } tries
journal = Journal of { $count } { $count ->
    [one] line
   *[other] lines
 }
to-municipality = To the municipality
next-heading = What { $name } does next
next-look = Look at the site
next-invite = Invite the administrator, { $email }, with a single-use link
next-admin = The administrator chooses a password and logs in
