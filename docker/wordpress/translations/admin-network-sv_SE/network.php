<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Networks of sites. "\x04" parts context and text.
return [
    'There is a pending change of the network admin email to %s.' => 'En ändring av nätverkets e-postadress till %s väntar på bekräftelse.',
    'Registration is disabled' => 'Registrering är avstängd',
    'User accounts may be registered' => 'Användarkonton får registreras',
    'Logged in users may register new sites' => 'Inloggade användare får registrera nya webbplatser',
    'Both sites and user accounts can be registered' => 'Både webbplatser och användarkonton får registreras',
    'Send the network admin an email notification every time someone registers a site or user account' => 'Skicka ett meddelande till nätverkets administratör när någon registrerar en webbplats eller ett användarkonto',
    'Add Users' => 'Lägg till användare',
    'Allow site administrators to add new users to their site via the "Users &rarr; Add User" page' => 'Låt webbplatsers administratörer lägga till användare på sin webbplats på sidan Användare &rarr; Lägg till användare',
    '%s KB' => '%s kB',
    "site\x04Public" => 'Publik',
    'If a version update to core has not happened, clicking this button will not affect anything.' => 'Om WordPress inte har uppdaterats gör knappen ingenting.',
    'If your browser does not start loading the next page automatically, click this link:' => 'Om nästa sida inte öppnas av sig själv, klicka på länken:',
    'WordPress has been updated! Next and final step is to individually upgrade the sites in your network.' => 'WordPress är uppdaterat! Nästa och sista steg är att uppdatera nätverkets webbplatser en och en.',
    '<a href="https://developer.wordpress.org/advanced-administration/multisite/admin/">Documentation on the Network Admin</a>' => '<a href="https://developer.wordpress.org/advanced-administration/multisite/admin/">Dokumentation om nätverksadmin</a>',
    'Delete this site permanently' => 'Radera webbplatsen permanent',
    'Deleting a site is a permanent action that cannot be undone. This will delete the entire site and its uploads directory.' => 'En raderad webbplats går inte att få tillbaka. Hela webbplatsen och dess uppladdade filer raderas.',
    'Sorry, you are not allowed to delete the site %s.' => 'Du har inte behörighet att radera webbplatsen %s.',
    'You are about to delete the following sites:' => 'Du är på väg att radera de här webbplatserna:',
    'Are you sure you want to delete these themes?' => 'Vill du verkligen radera temana?',
    'Cannot create an empty site.' => 'Det går inte att skapa en tom webbplats.',
    'The following words are reserved for use by WordPress functions and cannot be used as site names: %s' => 'De här orden använder WordPress självt och de kan inte vara namn på webbplatser: %s',
    'Missing site title.' => 'Webbplatsens rubrik saknas.',
    'The username and a link to set the password will be mailed to this email address.' => 'Användarnamnet och en länk för att ange lösenord skickas till den här e-postadressen.',
    'User could not be added to this site.' => 'Användaren kunde inte läggas till på webbplatsen.',
];
