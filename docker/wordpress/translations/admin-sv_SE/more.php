<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Texts that Debian's translation keeps in another catalogue, and some more. "\x04" parts context and text.
return [
    'Network' => 'Nätverk',
    'Add New Site' => 'Lägg till ny webbplats',
    'Add User' => 'Lägg till användare',
    'Network Title' => 'Nätverkets rubrik',
    'Network Admin Email' => 'E-postadress för nätverkets administratör',
    'Themes %s' => 'Teman %s',
    'Warning:' => 'Varning:',
    "theme\x04Delete %s" => 'Radera %s',
    'Active Theme' => 'Aktivt tema',
    'Search installed plugins' => 'Sök bland installerade tillägg',
    'No plugins are currently available.' => 'Inga tillägg finns för närvarande.',
    'Warning' => 'Varning',
    'Security' => 'Säkerhet',
    'Performance' => 'Prestanda',
    'Send Request' => 'Skicka begäran',
    'Search Requests' => 'Sök begäran',
    'Username or email address' => 'Användarnamn eller e-postadress',
    'Confirmation email' => 'Bekräftelse med e-post',
    'Send personal data export confirmation email.' => 'Skicka en bekräftelse av begäran med e-post.',
    'Add Data Export Request' => 'Lägg till begäran om utdrag',
];
