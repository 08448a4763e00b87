<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Networks of sites. "\x04" parts context and text.
return [
    "site\x04Mark as spam" => 'Markera som skräp',
    "site\x04Not spam" => 'Inte skräp',
    "site\x04Activate" => 'Aktivera',
    "sites\x04All <span class=\"count\">(%s)</span>" => ['Alla <span class="count">(%s)</span>', 'Alla <span class="count">(%s)</span>'],
    "sites\x04Spam <span class=\"count\">(%s)</span>" => ['Skräp <span class="count">(%s)</span>', 'Skräp <span class="count">(%s)</span>'],
    'Public <span class="count">(%s)</span>' => ['Publik <span class="count">(%s)</span>', 'Publika <span class="count">(%s)</span>'],
    'Archived <span class="count">(%s)</span>' => ['Arkiverad <span class="count">(%s)</span>', 'Arkiverade <span class="count">(%s)</span>'],
    'Mature <span class="count">(%s)</span>' => ['Vuxeninnehåll <span class="count">(%s)</span>', 'Vuxeninnehåll <span class="count">(%s)</span>'],
    'Deleted <span class="count">(%s)</span>' => ['Raderad <span class="count">(%s)</span>', 'Raderade <span class="count">(%s)</span>'],
    'Domain' => 'Domän',
    'Path' => 'Sökväg',
    'Main' => 'Huvudwebbplats',
    'Table ordered by Site Domain Name.' => 'Tabell ordnad efter domän.',
    'Table ordered by Site Path.' => 'Tabell ordnad efter sökväg.',
    'Table ordered by Last Updated.' => 'Tabell ordnad efter senaste uppdatering.',
    'Table ordered by Site Registered Date.' => 'Tabell ordnad efter registreringsdatum.',
    '<a href="https://wordpress.org/support/forum/multisite/">Support forums</a>' => '<a href="https://wordpress.org/support/forum/multisite/">Supportforum</a>',
    'Auto-updates' => 'Automatiska uppdateringar',
    'Search installed themes' => 'Sök bland installerade teman',
];
