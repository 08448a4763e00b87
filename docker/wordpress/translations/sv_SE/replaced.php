<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Texts that Debian's translation has, in words that are no longer used. "\x04" parts context and text.
return [
    'Email' => 'E-post',
    'To set your password, visit the following address:' => 'Ange ditt lösenord på den här adressen:',
    'To reset your password, visit the following address:' => 'Återställ ditt lösenord på den här adressen:',
    'User Dashboard: %s' => 'Användarens adminpanel: %s',
    'Registration confirmation will be emailed to you.' => 'Du får en bekräftelse på registreringen med e-post.',
    '<strong>You have successfully updated WordPress!</strong> Please log back in to see what&#8217;s new.' => '<strong>WordPress är nu uppdaterat!</strong> Logga in igen för att se vad som är nytt.',
    'Uncategorized' => 'Okategoriserat',
    'View Tag' => 'Visa etikett',
];
