<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Requests for personal data. "\x04" parts context and text.
return [
    "request status\x04Pending" => 'Väntar',
    "request status\x04Confirmed" => 'Bekräftad',
    "request status\x04Failed" => 'Misslyckad',
    "request status\x04Completed" => 'Utförd',
    'Confirmed <span class="count">(%s)</span>' => ['Bekräftad <span class="count">(%s)</span>', 'Bekräftade <span class="count">(%s)</span>'],
    'Failed <span class="count">(%s)</span>' => ['Misslyckad <span class="count">(%s)</span>', 'Misslyckade <span class="count">(%s)</span>'],
    'Completed <span class="count">(%s)</span>' => ['Utförd <span class="count">(%s)</span>', 'Utförda <span class="count">(%s)</span>'],
];
