# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

findings = Needs somebody
findings-which = Which
findings-open = Open
findings-muted = Put aside
findings-resolved = Over
findings-empty-heading = Nothing here
findings-empty-explain = What instances tell of their insides is gone over when it changes, and once a day. Nothing of this kind was found.
finding-what = What
finding-about = About
finding-opened = Found
finding-seen = What was seen
finding-over-at = Over
finding-muted-by = Put aside by
finding-muted-until = Put aside until
finding-mute = Put it aside
finding-reason = Reason
finding-reason-hint = For others to read, at most 500 characters.
finding-mute-button = Put aside
finding-unmute-button = Take up again
finding-open = open
finding-muted = put aside
finding-resolved = over
component-core = WordPress itself:
component-theme = theme
component-plugin = plugin
component-mu-plugin = must-use plugin
component-drop-in = drop-in
questions = Questions over the fleet
questions-core = Versions of WordPress
questions-behind = Behind the newest in the fleet
questions-throws = What throws errors, in seven days
questions-grew = What grew most
questions-component = What
questions-version = Version
questions-is-behind = not the newest
questions-sites = Sites
questions-times = Times
questions-last = Last
questions-days = Days
questions-database = Database
questions-uploads = Uploads
questions-grew-by = Grew by
questions-empty-heading = Nothing is known yet
questions-empty-explain = Instances tell of their insides within minutes of being onboarded.
findings-answer = { $open ->
    [0] Nothing is open.
    [one] One thing needs somebody.
   *[other] { $open } things need somebody.
 }
questions-answer = { $behind ->
    [0] Nothing is behind the newest version that runs in the fleet
    [one] One version is behind the newest that runs in the fleet
   *[other] { $behind } versions are behind the newest that runs in the fleet
 }; { $throwers ->
    [0] nothing threw errors.
    [one] one component threw errors.
   *[other] { $throwers } components threw errors.
 }
found-vulnerable = Known weakness
found-administrator-added = Administrator added
found-open-registration = Anybody may sign up
found-debug-on = Debug mode is on
found-fatal-error = Fatal error
found-cron-stuck = Jobs are stuck
found-mail-fails = Mail fails
found-update-failed = Update failed
found-database-behind = Database is behind
found-not-indexed = Hidden from search engines
found-statement-missing = Accessibility statement missing
found-statement-old = Accessibility statement is old
found-autoload-large = Too much is read at each request
found-address-differs = Says to be at another address
found-why-vulnerable = A component runs in a version with a known weakness. Move to a release, or an overlay, with a newer version.
found-why-administrator-added = Somebody became an administrator. Make sure that it was meant so.
found-why-open-registration = Whoever signs up may write or make sites. Close the registration, or give new users the role subscriber.
found-why-debug-on = WordPress runs as for development and may show errors to visitors. Set WP_DEBUG to false.
found-why-fatal-error = PHP ended with an error within the last day. Tell whoever maintains what is to blame.
found-why-cron-stuck = Scheduled jobs have waited for more than an hour though Flotta runs them: planned posts do not appear, and nothing is tidied up.
found-why-mail-fails = WordPress could not send mail within the last day. Set up how it sends.
found-why-update-failed = An update that was begun inside WordPress failed, or was never ended.
found-why-database-behind = The tables have an older version than the code wants. Run the update again.
found-why-not-indexed = The site asks search engines to stay away. Change it under Settings, Reading.
found-why-statement-missing = The law (2018:1937) asks every public site for an accessibility statement. No page and no link to one was found.
found-why-statement-old = The accessibility statement was last gone over more than a year ago.
found-why-autoload-large = Options that are read at each request are larger than WordPress' own limit of 800,000 bytes, which makes every page slow.
found-why-address-differs = The site's own address is not the one that leads to it, so links and log-in lead astray.
seen-title = What it is
seen-severity = How bad
seen-component = Component
seen-version = Version
seen-wanted = Wanted version
seen-sites = Sites that use it
seen-reference = More
seen-login = Log-in name
seen-since = Known since
seen-registration = Who may sign up
seen-role = Role of new users
seen-shown_to_visitors = Shown to visitors
seen-message = Message
seen-file = File
seen-line = Line
seen-count = How often
seen-due_since = Due since
seen-error = What went wrong
seen-maintenance_for_seconds = Seconds in maintenance
seen-home = Says to be at
seen-domain = Is at
seen-bytes = Bytes
seen-limit = Limit
seen-at = Gone over
seen-days = Days ago
seen-law = Law
seen-source = Source
seen-days_left = Days left
seen-not_after = Ends
seen-header = Header
seen-address = Address
audit-finding-mute = Put a finding aside
audit-finding-unmute = Took a finding up again
audit-advisory-import = Imported known weaknesses
