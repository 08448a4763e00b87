# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2

outside = From outside
outside-of = { $name } from outside
outside-answer = { $remarked ->
    [0] None of those shown needs somebody.
    [one] One of those shown needs somebody.
   *[other] { $remarked } of those shown need somebody.
 }
outside-name = The name
outside-ends = Certificate ends
outside-issuer = Issuer
outside-trust = Trust
outside-remarks = Needs somebody
outside-looked = Looked at
outside-remove = Remove
outside-add = Check one more address
outside-add-button = Add
outside-address = Address
outside-address-hint = The whole address of a portal or an e-service, such as https://e-tjanster.lund.se/.
outside-label = Name
outside-status = Status expected
outside-status-hint = A number such as 401. Without it, any answer that means success will do.
outside-keyword = Text expected
outside-keyword-hint = Something that always stands on the page.
certificates = Certificates
certificates-answer = { $within ->
    [0] { $count ->
        [one] One certificate was seen.
       *[other] { $count } certificates were seen.
     }
   *[other] { $count ->
        [0] No certificate ends within { $within } days.
        [one] One certificate ends within { $within } days.
       *[other] { $count } certificates end within { $within } days.
     }
 }
certificates-which = Which certificates
certificates-within = Within { $days } days
certificates-all = All
certificates-days = Days left
certificates-none = No such certificate
certificates-none-explain = Certificates are shown once the sites were looked at from outside, within a minute of being there.
name-state-leads = leads to addresses
name-state-local = on this machine only
name-state-gone = is not there
name-state-empty = leads to no address
name-state-broken = its name servers fail
name-state-unanswered = not known
name-state-refused = leads to private addresses only
trust-trusted = trusted
trust-internal = the fleet's own authority
trust-expired = expired
trust-not-yet = not valid yet
trust-other-name = for other names
trust-untrusted = not trusted
found-certificate-bad = Certificate is not good
found-certificate-ends = Certificate ends soon
found-issuer-changed = New issuer
found-name-gone = Name leads nowhere
found-name-elsewhere = Name leads elsewhere
found-redirects-wrong = Wrong redirect
found-plain-served = Pages without TLS
found-why-certificate-bad = The certificate is past its end, for other names or not trusted, so visitors meet a warning.
found-why-certificate-ends = The certificate should have been renewed. See why it was not.
found-why-issuer-changed = Another authority than before signed the certificate. See whether that was meant.
found-why-name-gone = The domain name leads to no address. Have it mended by whoever runs the domain.
found-why-name-elsewhere = The domain name leads to other addresses than the fleet's gateway, so visitors meet something else.
found-why-redirects-wrong = The address leads in a circle, back to http or where it should not, and does not end with a page.
found-why-plain-served = Pages are handed out without TLS instead of leading to https.
