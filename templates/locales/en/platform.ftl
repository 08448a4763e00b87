# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

releases = Releases
releases-answer = { $count ->
    [0] No release is registered.
    [one] One release is registered.
   *[other] { $count } releases are registered.
 }
releases-empty-heading = Register the first release
releases-empty-explain = A release is a container image of WordPress with theme and plugins. Municipalities can be onboarded when there is a stable release.
release-default = new municipalities get this one
release-instances = Instances
release-name = Name of the release
channel = Channel
image = Image
contract = Contract
registered-at = Registered
register-heading = Register a release
register-image-hint = The name of the image, such as flotta/wordpress:6.8
register-name-hint = Such as 6.8-1. Leave it empty to take the name from the image.
register-contract-hint = How the image takes its settings.
register-channel-hint = Candidates are for trying out. New municipalities get the newest stable one.
register-button = Register
contract-find = Find out from the image
release-answer = { $count ->
    [0] No instance that you may see runs it.
    [one] One instance runs it.
   *[other] { $count } instances run it.
 }
promote-button = Make stable
retire-button = Retire
release-changes = Since { $before }
release-changes-none = Changes
release-changes-first = No release came before this one.
inventory = What is in it
inventory-unknown = The image could not be read just now. Load the page again in a while.
db-version = Database version
themes = Themes
plugins = Plugins
must-use-plugins = Must-use plugins
parts-none = None.
part-name = Name
part-version = Version
part-folder = Folder
part-parent = builds on { $parent }
packages = { $count ->
    [one] One Debian package
   *[other] { $count } Debian packages
 }
runs-on = Where it runs
runs-on-none = Nowhere that you may see.
about-release = About the release
release-made = Origin
release-built = built by Flotta
release-by-image = registered from an image
release-commands = By command
settings = Settings
settings-answer = { $unwell ->
    [0] Everything that the fleet stands on answers.
    [one] One part of the platform does not answer as it should.
   *[other] { $unwell } parts of the platform do not answer as they should.
 }
platform = Platform
configuration = Configuration
configuration-explain = The settings are read when Flotta starts. Secrets are not shown.
configuration-top = At the top of the file
setting = Setting
value = Value
source = Source
problem-bad-request = What was sent could not be understood
problem-fix-bad-request = Go back, load the page again and try once more.
problem-forbidden = You may not do this
problem-fix-forbidden = Ask an administrator for a role that may. Did you just log in or out in another tab? Then load the page again.
problem-not-found = There is nothing here
problem-fix-not-found = The address may be misspelt, or what it led to has been removed.
problem-conflict = This cannot be done right now
problem-fix-conflict = Something else is going on with the same thing. Wait until it is done and try again.
problem-too-many = Too many attempts
problem-fix-too-many = Wait a while and try again.
problem-internal = Something went wrong in Flotta
problem-fix-internal = The sites are not affected. Try again. If it happens once more, give the number below to whoever runs Flotta.
problem-unavailable = A part of the platform does not answer
problem-fix-unavailable = The sites are not affected by this error. Try again in a while, or see what does not answer under Settings.
problem-request = Number of the request:
to-fleet = To the fleet
components = Components
components-answer = Everything that pages are built from, with made-up content.
components-icons = Pictures
components-form = Form
