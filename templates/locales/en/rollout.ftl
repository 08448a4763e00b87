# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

rollouts = Rollouts
rollouts-answer = { $live ->
    [0] No rollout is going on.
    [one] One rollout is going on. { $waiting ->
        [0] It waits for nobody.
       *[other] It waits for you.
     }
   *[other] { $live } rollouts are going on. { $waiting ->
        [0] None waits for you.
        [one] One waits for you.
       *[other] { $waiting } wait for you.
     }
 }
rollouts-empty-heading = Nothing has been rolled out yet
rollouts-empty-explain = A rollout moves the municipalities to a new release, a few at a time. It stops by itself when the release fails, and what went wrong is put back.
rollouts-empty-release = Register a release first
rollout-plan-link = Plan a rollout
rollout-title = Rollout of { $release }
rollout-done = Have it
rollout-failed = Failed
rollout-answer-running = Going on: { $done } of { $total } have the new release.
rollout-answer-paused = Paused: { $done } of { $total } have the new release.
rollout-answer-halting = Being halted: what is under way comes to its end. { $done } of { $total } have the new release.
rollout-answer-halted = Halted: { $done } of { $total } have the new release. The others were not touched, or are back.
rollout-answer-reverting = Going back: { $done } of { $total } still have the new release.
rollout-answer-reverted = Taken back: nobody has the new release any more.
rollout-answer-revert-blocked = Going back waits for a decision: some can only go back with a loss.
rollout-answer-completed = Completed: { $done } of { $total } have the new release.
rollout-answer-superseded = Superseded: { $done } of { $total } have the new release. Another rollout has taken over.
rollout-meaning-started = The waves go on by themselves. You can leave the page.
rollout-meaning-operator = Somebody ordered it so.
rollout-meaning-budget = The release failed as often as it may, so nothing more is started.
rollout-meaning-disturbed = The engine, the database server or the gateway is disturbed. Put that right, then let it go on.
rollout-meaning-unproved = Nobody in the wave shows that the release works. Look at them, then open the gate or halt.
rollout-meaning-manual-gate = The wave is done. The next one begins when you open the gate.
rollout-meaning-no-progress = An update takes longer than it may. Look at it, then let it go on.
rollout-meaning-rehearsal = A rehearsal could not be done. Look at its operation, then let it go on to try again.
rollout-meaning-quiet = Nothing is under way any more.
rollout-meaning-over = Everybody has had their turn.
rollout-meaning-loss = Look at what would be lost at those that wait, and decide one by one, or go back with the loss.
rollout-progress = How far the rollout has come
rollout-figures = { $done } of { $total } have it, { $failed } failed
rollout-budget = { $failures } of { $budget } failures of the release
rollout-expected = expected
rollout-resume-plain = Go on
rollout-resume-gate = Open the gate
rollout-pause = Pause
rollout-halt = Halt
rollout-revert-link = Take back
rollout-wave = Wave { $number }
rollout-soak = watched for
rollout-gate-passed = Gate passed: { $succeeded } well, { $failed } failed, { $waiting } waiting
rollout-gate-agreed = opened by a person
rollout-gate-closed = The gate after this wave is closed.
rollout-history = What has happened
rollout-line-gate = gate passed
rollout-line-fault = ill, by the fault of
rollout-lost = The page gets no news right now. The rollout goes on. The page is trying to connect again.
member-answer-pending = It has not had its turn. It runs { $from }.
member-answer-updating = It is being updated from { $from } to { $release }.
member-answer-soaking = It runs { $release } and is watched.
member-answer-succeeded = It runs { $release }, and all is well.
member-answer-failed-unchanged = The update failed before anything was changed. It runs { $from }.
member-answer-rolled-back = The update failed and was taken back. It runs { $from }.
member-answer-needs-approval = It runs { $release }. Going back to { $from } loses what was written since: decide.
member-answer-quarantined = It is set aside: neither { $release } nor { $from } came up. Look at its operation.
member-answer-reverting = It goes back from { $release } to { $from }.
member-answer-reverted = It is back on { $from }.
member-answer-skipped = It was left out of the rollout of { $release }.
member-stands = Where it stands
member-held = Waits for
member-blame = Whose fault
member-migration = Changes data
member-exposed = Serves it since
member-operation = Step by step
member-verdict = Before and after, compared
member-verdict-same = Every page looks as it did before.
member-written = Written since the update
member-retry = Another turn
member-retry-explain = It has another turn in the rollout. Failures that were counted stay counted.
member-skip = Leave out
member-skip-explain = It stays on the release that it runs, and the rollout goes on without it.
member-approve = Go back with the loss
member-approve-explain = The snapshot from before the update is put back. What stands under “Written since the update” is lost.
member-confirm = Type the slug to confirm
member-confirm-hint = The slug is { $slug }.
written-counts = { $posts } posts, { $comments } comments, { $users } users
written-nothing = Nothing was written, as far as can be seen.
revert-title = Take { $release } back
revert-answer = { $free } go back without any loss. { $losing } can only go back with one.
revert-lost = What would be lost
revert-lost-explain = The update changed the data of { $count }. Going back puts the snapshot from before it in place, and what was written since is lost:
revert-choice = Without the tick those wait for a decision each, and the others go back.
revert-lose-data = Lose what was written, and take everybody back
revert-confirm = With the tick: type the release’s name
revert-confirm-hint = The name is { $release }.
revert-nothing-lost = Nothing that was written is lost.
revert-button = Take everybody back
rollout-plan-title = Plan a rollout
rollout-plan-answer = Choose a release and see who gets it when. Nothing starts before you say so.
rollout-plan-what = What
rollout-plan-whom = To whom
rollout-plan-how = How
rollout-schedule = Pace
rollout-schedule-hint = An emergency is for a hole that is being used: one first, then everybody at once.
schedule-careful = Careful: wave by wave
schedule-emergency = Emergency: everybody at once
rollout-municipalities = Municipalities
rollout-municipalities-hint = Slugs with spaces between. Empty means everybody.
rollout-every-environment = All
rollout-rehearse = Rehearsal
rollout-rehearse-hint = The release is tried on a copy of each municipality before it is touched.
rehearse-required = On each copy first
rehearse-skip = No rehearsal
rollout-migration = What it does to data
rollout-migration-hint = Rehearsals tell. Without them you must say; where in doubt, tables.
migration-rehearsed = As the rehearsals tell
rollout-manual = Wait for me at each gate
rollout-advanced = Waves, pace and time
rollout-waves = Waves
rollout-waves-hint = Numbers or shares, such as 1, 5%, 25%, 100%. The last takes the rest.
rollout-in-flight = At once
rollout-soak-minutes = Minutes that each is watched
rollout-soak-hint = Counted from its own update.
rollout-plan-button = Show the plan
rollout-start-button = Start for { $count }
rollout-plan-sum = { $total } municipalities in { $waves } waves, in about
rollout-plan-budget = { $budget } failures of the release halt it; in the first wave one does.
rollout-plan-wave = { $total } municipalities
rollout-plan-more = and { $count } more
rollout-plan-none = The plan stands here when you have chosen: who gets the release when and why, who is held, and how long it takes.
rollout-left-out = Left out
updates = Updates
updates-hold-until = No rollout touches it until
updates-hold-open = No rollout touches it until somebody ends the hold.
updates-by = held by { $by }
updates-pin = Only { $release } may come here.
updates-window = It is updated only at { $window } (Swedish time).
updates-free = It follows the fleet’s rollouts at any time.
updates-hold = Postpone updates
updates-hold-explain = For at most 14 days no rollout touches these sites.
updates-days = Days
updates-reason = Why
updates-unhold = End the hold
