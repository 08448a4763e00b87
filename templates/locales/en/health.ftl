# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

health = Health
health-answer = { $ill ->
    [0] { $checks ->
        [0] Nothing is checked yet.
        [one] The one site that is checked serves.
       *[other] All { $checks } sites that are checked serve, or are being looked at.
     }
    [one] One of { $checks } sites is down.
   *[other] { $ill } of { $checks } sites are down, in { $touched ->
        [one] one municipality
       *[other] { $touched } municipalities
     }.
 }
health-of-answer = { $ill ->
    [0] None of { $checks } sites is down.
    [one] One of { $checks } sites is down.
   *[other] { $ill } of { $checks } sites are down.
 }
health-open = { $count ->
    [one] One open incident
   *[other] { $count } open incidents
 }
health-over = Incidents that are over
health-sites = Sites
health-since = Since
health-empty-heading = Nothing to check yet
health-empty-explain = Every site of every municipality is checked from the minute it is there. Onboard a municipality first.
health-none-heading = No site is checked
health-none-explain = Sites are found within five minutes of being made. Those of a closed municipality are not checked.
incidents = Incidents
incident-cause = Cause
incident-failure = What is wrong
incident-sites = Sites
incident-opened = Confirmed
incident-over-at = Over
incident-until = Until
incident-part-of = Part of
incident-wider = a wider incident
incident-taken = Taken on by
incident-certain = Its own check says so too.
incident-likely = It is what the failing sites have in common.
incident-take = Take this incident on
incident-take-button = Take it on
incident-note = Note
incident-note-hint = What others should know; may be left empty.
incident-history = What happened
incident-answer-open = { $failing ->
    [0] No site fails because of it.
    [one] One site fails because of it. Nobody has taken it on.
   *[other] { $failing } sites fail because of it. Nobody has taken it on.
 }
incident-answer-acknowledged = { $failing ->
    [0] Somebody has taken it on.
    [one] One site fails because of it. Somebody has taken it on.
   *[other] { $failing } sites fail because of it. Somebody has taken it on.
 }
incident-answer-resolved = { $members ->
    [0] It is over. No site failed because of it.
    [one] It is over. One site failed because of it.
   *[other] It is over. { $members } sites failed because of it.
 }
incident-answer-merged = It turned out to be part of a wider incident.
health-filter = Filter municipalities
health-lost = The page gets no news right now; what stands here may be old. The page is trying to connect again.
