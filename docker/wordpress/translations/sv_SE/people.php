<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Users and profiles. "\x04" parts context and text.
return [
    'Sorry, you are not allowed to list users.' => 'Du har inte behörighet att lista användare.',
    'Sorry, you are not allowed to give users that role.' => 'Du har inte behörighet att ge användare den rollen.',
    'Sorry, you are not allowed to edit users.' => 'Du har inte behörighet att redigera användare.',
    "admin color scheme\x04Modern" => 'Modern',
    'User' => 'Användare',
];
