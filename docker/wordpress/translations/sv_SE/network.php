<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Networks of sites. "\x04" parts context and text.
return [
    'Are you sure you want to delete this theme?' => 'Vill du verkligen radera temat?',
    'User cannot be added to this site.' => 'Användaren kan inte läggas till på webbplatsen.',
    'Site name must be at least %s character.' => ['Webbplatsens namn måste ha minst %s tecken.', 'Webbplatsens namn måste ha minst %s tecken.'],
    'An error occurred adding you to this site. Go to the <a href="%s">homepage</a>.' => 'Du kunde inte läggas till på webbplatsen. Gå till <a href="%s">startsidan</a>.',
    'You have been added to this site. Please visit the <a href="%1$s">homepage</a> or <a href="%2$s">log in</a> using your username and password.' => 'Du är tillagd på webbplatsen. Gå till <a href="%1$s">startsidan</a> eller <a href="%2$s">logga in</a> med ditt användarnamn och lösenord.',
    '<strong>Error:</strong> Site URL you&#8217;ve entered is already taken.' => '<strong>Fel:</strong> Webbplatsens adress är upptagen.',
];
