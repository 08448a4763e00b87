<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Requests for personal data. "\x04" parts context and text.
return [
    'Requester' => 'Begärd av',
    'Requested' => 'Begärd',
    'Next steps' => 'Nästa steg',
    "requests\x04All <span class=\"count\">(%s)</span>" => ['Alla <span class="count">(%s)</span>', 'Alla <span class="count">(%s)</span>'],
    'Resend confirmation requests' => 'Skicka om bekräftelser',
    'Mark requests as completed' => 'Markera som utförda',
    'Delete requests' => 'Radera begäran',
];
