<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Logging in, passwords, accounts and the letters about them. "\x04" parts context and text.
return [
    'The admin email verification page will reappear after %s.' => 'Sidan för kontroll av e-postadressen visas igen om %s.',
    'An error occurred. Please try again.' => 'Något gick fel. Försök igen.',
];
