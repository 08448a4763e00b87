# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

site-answer-ok = It serves.
site-answer-unknown = Nobody has looked at it yet, or it is closed on purpose.
site-answer-slow = It serves, but slowly.
site-answer-suspect = The last check failed. It is being looked at again.
site-answer-flapping = It goes up and down.
site-answer-down = It does not serve.
site-checked-since = Checked since
site-range-48h = 48 hours
site-range-35d = 35 days
site-range-400d = 400 days
site-table-48h = In numbers, hour by hour
site-table-35d = In numbers, day by day
site-table-400d = In numbers, by 30 days
site-availability = Availability
site-down = Down
site-not-seen = nobody looked
site-latency = Time to answer
site-availability-picture = From left to right in time. Filled: served. Hatched from the top: failed. A thin line at the bottom: nobody looked. The table below says the same.
site-latency-picture = From left to right in time, higher is slower. Solid: half of the answers took no longer. Dashed: nineteen of twenty took no longer. The table below says the same.
site-legend-availability = Filled: served. Hatched: failed. Thin line: nobody looked.
site-legend-latency = Solid line: half of the answers took no longer. Dashed: nineteen of twenty.
site-top = upper edge
site-now = now
site-from = From
site-median = Half within
site-longest = Longest
site-nothing = Nothing was seen in this time.
site-no-incidents = No incident has touched this site.
objective = Objective
objective-aim = Aimed at
objective-over = { $days ->
    [one] today
   *[other] over { $days } days
 }
objective-is = It is
objective-left = Left of what may fail
objective-rates = Times as fast as it may
objective-explain = Counted are the minutes of all sites in which somebody looked. What was down on purpose counts as down.
objective-change = Change the objective
objective-percent = Availability in per cent
objective-days = Days
objective-save = Save the objective
burning-unknown = not known
burning-calm = as planned
burning-slow = used up too fast
burning-fast = used up very fast
report = Report of a month
report-heading = { $name }: { $month }
report-answer-met = The objective was met.
report-answer-missed = The objective was not met.
report-answer-unknown = Nobody looked in this month.
report-whole = All sites
report-down = Minutes down
report-slow = Minutes slow
report-unseen = Minutes nobody looked
report-honest = Availability is the share that was served of the minutes in which somebody looked. Months and days are in universal time (UTC).
report-going-on = The month is not over.
report-drawn-up = Drawn up
report-lasted = Lasted in this month
report-no-incidents = No incident in this month.
report-csv = As a table (CSV)
audit-municipality-objective = Decided what availability is aimed at
insides = What it tells of itself
insides-theme = Theme
insides-administrators = Administrators
insides-jobs = Jobs
insides-overdue = the oldest has waited
insides-late = too long
insides-on-time = on time
insides-autoload = Read at each request
insides-database = Database
insides-uploads = Uploads
insides-search = Search engines
insides-welcome = welcome
insides-away = asked to stay away
insides-statement = Accessibility statement
insides-elsewhere = on another site
insides-missing = none found
insides-plugins = { $count ->
    [one] One active plugin
   *[other] { $count } active plugins
 }
insides-errors = Fatal errors
insides-no-errors = None has been seen.
site-all = All addresses
site-not-looked = Nobody has looked from outside yet.
quiet = Nobody is told of this now
quiet-until = Silenced until
