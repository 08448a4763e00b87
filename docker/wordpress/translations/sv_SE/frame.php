<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The menu, the bar and the frame of every page. "\x04" parts context and text.
return [
    'Dashboard' => 'Adminpanel',
    'Get Involved' => 'Bidra',
    'Add Media File' => 'Lägg till mediafil',
    'Export Personal Data' => 'Exportera personuppgifter',
    'Erase Personal Data' => 'Radera personuppgifter',
    "custom image header\x04Header" => 'Sidhuvud',
    "custom background\x04Background" => 'Bakgrund',
    '%s Comment in moderation' => ['%s kommentar väntar på granskning', '%s kommentarer väntar på granskning'],
    'Recovery Mode &#8212; %s' => 'Återställningsläge &#8212; %s',
    'Visit Site' => 'Besök webbplats',
    'Learn WordPress' => 'Lär dig WordPress',
    'https://learn.wordpress.org/' => 'https://learn.wordpress.org/',
    'https://wordpress.org/documentation/' => 'https://wordpress.org/documentation/',
    'Support' => 'Support',
    'Howdy, %s' => 'Hej %s',
    'Edit Profile' => 'Redigera profil',
    'Manage Site' => 'Hantera webbplats',
    'View User' => 'Visa användare',
    "add new from admin bar\x04Site" => 'Webbplats',
    "add new from admin bar\x04Post" => 'Inlägg',
    "add new from admin bar\x04Page" => 'Sida',
    '%s update available' => ['%s uppdatering tillgänglig', '%s uppdateringar tillgängliga'],
    'Exit Recovery Mode' => 'Lämna återställningsläget',
];
