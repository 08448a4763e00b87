# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

log-in-title = Log in
log-in-answer = This is where you run the fleet of municipal sites.
log-in = Log in
log-in-wrong = The e-mail address or the password is wrong
log-in-wrong-fix = Check both and try again. If you have forgotten the password, an administrator can give you a new one.
log-in-wait = { $count ->
    [one] Too many attempts. Wait { $count } second.
   *[other] Too many attempts. Wait { $count } seconds.
 }
log-in-wait-fix = After that you can try again. If you have forgotten the password, an administrator can give you a new one.
log-in-help = No account? Ask an administrator of the fleet to make one.
password = Password
role = Role
users-answer = { $count ->
    [one] One person can log in.
   *[other] { $count } people can log in.
 }
user-new = New user
user-last-seen = Last seen
user-answer-new = The person gets a password that is shown once. Hand it over in a safe way.
user-answer-active = Can log in.
user-answer-disabled = The account is disabled.
user-email-hint = Used to log in.
user-role-hint = A web manager sees only the municipalities given below.
user-municipalities = Municipalities
user-municipalities-hint = Slugs with commas between, such as helsingborg, ale. For web managers only.
user-create = Create user
user-create-explain = The password is shown on the next page, once.
user-access = Logging in
user-new-password = Make a new password
user-new-password-explain = The old password ends and the person is logged out everywhere.
user-password-heading = New password
user-password-explain = The password is shown only now. Hand it over in a safe way and ask the person to change it under “My account”.
user-disable = Disable the account
user-disable-explain = The person is logged out and all tokens end. The log is kept. You can open the account again.
user-enable = Open the account
user-disabled-since = Disabled since
language = Language
language-browser = As the browser
account = My account
account-answer = You are logged in as { $name }, { $role }.
account-who = Details
account-language = Language of the pages
account-language-hint = Applies when you are logged in, on all your devices.
password-change = Change password
password-current = Current password
password-new = New password
password-again = New password once more
password-hint = At least { $count } characters. A long sentence is good.
password-others-end = Other devices where you are logged in are logged out.
tokens = Tokens
tokens-explain = With a token, a program or the command flotta can do what you may do.
tokens-none = There are no tokens.
token-new = Create a token
token-name = What the token is for
token-name-hint = Such as “the build” or “my laptop”.
token-days = Days that it lasts
token-days-hint = 1–365
token-permissions = What the token may do
token-expires = Valid until
token-last-used = Last used
token-create = Create token
token-revoke = Revoke
token-made-heading = Your new token
token-made-explain = Copy the token now. It is shown only once and cannot be brought back.
audit = Audit log
audit-answer = { $filtered ->
    [true] { $count ->
        [one] One event matches the filter.
       *[other] { $count } events match the filter.
    }
   *[false] { $count ->
        [one] One event is recorded. Nothing can be changed or removed.
       *[other] { $count } events are recorded. Nothing can be changed or removed.
    }
 }
audit-filter = Filter the log
audit-at = When
audit-actor = Who
audit-action = What
audit-target = On what
audit-result = Result
audit-from = From where
audit-since = From
audit-until = Until
all-results = All results
audit-filter-none = No event matches the filter.
audit-empty = Nothing is recorded yet.
