# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

skip-to-content = Skip to the content
nav-main = Main menu
nav-fleet = Fleet
nav-operations = Operations
nav-releases = Releases
nav-health = Health
nav-rollouts = Rollouts
nav-users = Users
nav-audit = Audit log
nav-settings = Settings
nav-account = My account
log-out = Log out
foot-times = All times are shown in the time zone { $zone }.
foot-fleet = fleet { $fleet }
theme-label = Colours
theme-system = As the system
theme-light = Light
theme-dark = Dark
command-label = The same on the command line
copy = Copy
copied = Copied
cancel = Cancel
save = Save
show = Show
search = Search
view = Show as
sort = Sort by
refresh = Update the page
filter-clear = Show all
filter-none = No municipality matches. Change the search or show all.
filter-some = Municipalities shown:
pager-label = Pages
pager-shown = Showing { $from }–{ $to } of { $total }
pager-previous = Previous
pager-next = Next
errors-heading = { $count ->
    [one] Put one thing right before you go on
   *[other] Put { $count } things right before you go on
 }
field-optional = (optional)
action = Action
actions = What you can do
state = State
name = Name
email = E-mail address
never = never
seen = Checked
all-states = All states
ago-now = just now
ago-minutes = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
 }
ago-hours = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
 }
ago-days = { $count ->
    [one] yesterday
   *[other] { $count } days ago
 }
in-now = in a moment
in-minutes = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
 }
in-hours = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
 }
in-days = { $count ->
    [one] tomorrow
   *[other] in { $count } days
 }
notice-saved = The changes are saved.
notice-password-changed = The password is changed. Other sessions have been ended.
notice-token-revoked = The token is revoked and can no longer be used.
notice-user-created = The user is created.
notice-user-disabled = The account is disabled. The person can no longer log in.
notice-user-enabled = The account is open again.
notice-release-registered = The release is registered.
notice-release-promoted = The release is stable. New municipalities get the newest stable one.
notice-release-retired = The release is retired.
notice-retry-asked = The operation is trying again.
notice-logged-out = You are logged out.
notice-session-ended = The session has ended. Log in again.
