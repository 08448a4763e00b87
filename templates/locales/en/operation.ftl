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
operation-title-rehearse = Rehearse for { $name }
operation-title-update = Update { $name }
operation-title-revert = Take { $name } back
to-evidence = What was seen
evidence-title = Rehearsal for { $name }
evidence-operation = The operation
evidence-answer-pass = { $release } works for this municipality.
evidence-answer-warn = { $release } works for this municipality; some of it is worth a look.
evidence-answer-fail = { $release } breaks something for this municipality.
evidence-verdict = Verdict
evidence-from = Runs now
evidence-to = Was tried
evidence-data = Done to the data
evidence-data-none = The new release can start beside the old one; visitors notice nothing.
evidence-data-data = Visitors are held back for a moment while the data is rewritten; going back needs the snapshot.
evidence-data-schema = Visitors are held back for a moment while the tables are changed; going back needs the snapshot.
evidence-at = When
evidence-changes = What changes in the data
evidence-more-changes = { $count ->
    [one] and one more
   *[other] and { $count } more
}
evidence-general = Found, of no single page
evidence-pictures = Pictures of the home pages
evidence-without-pictures = There are no pictures, or not of every site:
evidence-picture-changed = { $share } % of the picture is another, without what moves by itself.
evidence-picture-old = { $address } under the release that runs now
evidence-picture-new = { $address } under the release that was tried
evidence-picture-difference = Where the pictures of { $address } differ
evidence-old = Now
evidence-new = With the new release
evidence-difference = Difference
evidence-pages = { $count ->
    [one] One page
   *[other] { $count } pages
}, the gravest first
evidence-as-before = { $count ->
    [0] None of them is as it was.
    [one] One of them is as it was, or nearly so.
   *[other] { $count } of them are as they were, or nearly so.
}
evidence-status = Status
evidence-no-answer = no answer
evidence-shows-error = shows an error
evidence-leads-to = Leads to
evidence-page-title = Title
evidence-time = Time
evidence-words = Words
evidence-not-seen = The release could not be looked at.
