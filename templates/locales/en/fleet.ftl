# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

fleet = Fleet
municipality = Municipality
municipalities = Municipalities
fleet-answer = { $quarantined ->
    [0] { $running ->
        [0] None of { $total } municipalities is running right now.
       *[other] { $running } of { $total } { $total ->
            [one] municipality is
           *[other] municipalities are
        } running. Nothing needs attention.
    }
    [one] { $running } of { $total } municipalities are running. One needs attention.
   *[other] { $running } of { $total } municipalities are running. { $quarantined } need attention.
 }
fleet-needs-person = { $count ->
    [one] One operation has stopped and needs someone to look at it
   *[other] { $count } operations have stopped and need someone to look at them
 }
fleet-running-now = { $count ->
    [one] One operation is going on
   *[other] { $count } operations are going on
 }
fleet-legend = Number of municipalities in each state
fleet-filter = Search and filter municipalities
fleet-filtered = Showing { $shown } of { $total } municipalities.
fleet-empty-answer = The fleet is empty so far.
fleet-empty-heading = Onboard the first municipality
fleet-empty-explain = You give the municipality’s code, a domain and an e-mail address. Flotta makes the municipality a WordPress of its own in about a minute.
fleet-empty-ask = Ask an operator to onboard the first municipality.
onboard-button = Onboard municipality
county = County
all-counties = All counties
no-county = Without a county code
view-tiles = Tiles
view-list = List
sort-name = Name
sort-code = Municipality code
sort-state = State
sort-release = Release
sort-newest = Newest first
code = Municipality code
domain = Domain
release = Release
environment = Environment
in-fleet-since = In the fleet since
fleet-rollouts = { $waiting ->
    [0] { $count ->
        [one] One rollout goes on
       *[other] { $count } rollouts go on
    }
    [one] One rollout waits for you
   *[other] { $waiting } rollouts wait for you
}
