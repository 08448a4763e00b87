<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Texts of scripts in the browser, by the script that asks for them.
return [
    'wp-admin/js/user-profile.js' => [
        'Confirm use of weak password' => 'Bekräfta att lösenordet är svagt',
        'Show password' => 'Visa lösenord',
        'Hide password' => 'Dölj lösenord',
        'Show' => 'Visa',
        'Hide' => 'Dölj',
        'Application password has been copied to your clipboard.' => 'Applikationslösenordet är kopierat till urklipp.',
        'Your new password has not been saved.' => 'Ditt nya lösenord är inte sparat.',
        'The changes you made will be lost if you navigate away from this page.' => 'Ändringarna går förlorade om du lämnar sidan.',
    ],
    'wp-admin/js/password-toggle.js' => [
        'Show password' => 'Visa lösenord',
        'Hide password' => 'Dölj lösenord',
        'Show' => 'Visa',
        'Hide' => 'Dölj',
    ],
    'wp-admin/js/common.js' => [
        'Screen Options updated.' => 'Panelinställningarna är sparade.',
        "You are about to permanently delete these items from your site.\nThis action cannot be undone.\n'Cancel' to stop, 'OK' to delete." => "Du är på väg att radera dem permanent från webbplatsen.\nDet går inte att ångra.\nVälj Avbryt för att låta bli, OK för att radera.",
        'Dismiss this notice.' => 'Avfärda meddelandet.',
        'Please select at least one item to perform this action on.' => 'Välj minst en rad att utföra åtgärden på.',
        'Expand Main menu' => 'Visa huvudmenyn',
        'Collapse Main menu' => 'Minimera huvudmenyn',
    ],
    'wp-admin/js/postbox.js' => [
        'The box is on the first position' => 'Rutan är redan först',
        'The box is on the last position' => 'Rutan är redan sist',
        'Screen Options updated.' => 'Panelinställningarna är sparade.',
        'The boxes order has been saved.' => 'Rutornas ordning är sparad.',
        'Add boxes from the Screen Options menu' => 'Lägg till rutor under Panelinställningar',
        'Drag boxes here' => 'Dra rutor hit',
    ],
    'wp-admin/js/dashboard.js' => [
        'Screen Options updated.' => 'Panelinställningarna är sparade.',
        'Attend an upcoming event near you.' => 'Gå på ett evenemang nära dig.',
        'City updated. Listing events near %s.' => 'Orten är ändrad. Här är evenemang nära %s.',
        'We couldn’t locate %s. Please try another nearby city. For example: Kansas City; Springfield; Portland.' => '%s hittades inte. Försök med en annan ort i närheten, till exempel Göteborg, Malmö eller Umeå.',
        'An error occurred. Please try again.' => 'Något gick fel. Försök igen.',
        'Enter your closest city to find nearby events.' => 'Ange närmaste ort för att hitta evenemang i närheten.',
    ],
    'wp-admin/js/site-health.js' => [
        'Site information has been copied to your clipboard.' => 'Informationen är kopierad till urklipp.',
        '%s critical issue' => ['%s allvarligt problem', '%s allvarliga problem'],
        '%s recommended improvement' => ['%s rekommenderad förbättring', '%s rekommenderade förbättringar'],
        '%s item with no issues detected' => ['%s punkt utan problem', '%s punkter utan problem'],
        'Good' => 'Bra',
        'Should be improved' => 'Bör förbättras',
        'No details available' => 'Inga detaljer finns',
        'A test is unavailable' => 'En kontroll kunde inte göras',
        'Unavailable' => 'Otillgänglig',
        'All site health tests have finished running. Your site is looking good.' => 'Alla hälsokontroller är klara. Webbplatsen mår bra.',
        'All site health tests have finished running. There are items that should be addressed.' => 'Alla hälsokontroller är klara. Det finns sådant som bör åtgärdas.',
        'Running additional tests... please wait.' => 'Fler kontroller pågår. Vänta …',
    ],
    'wp-admin/js/inline-edit-post.js' => [
        '(no title)' => '(ingen rubrik)',
        'Remove &#8220;%s&#8221; from Bulk Edit' => 'Ta bort &#8221;%s&#8221; ur massredigeringen',
        'Some selected posts have this category' => 'Några av de valda inläggen har den här kategorin',
        'Item removed.' => 'Raden är borttagen.',
        'All selected items have been removed. Select new items to use Bulk Actions.' => 'Alla valda rader är borttagna. Välj nya för att använda massåtgärder.',
        'Changes saved.' => 'Ändringarna är sparade.',
        'Error while saving the changes.' => 'Ändringarna kunde inte sparas.',
    ],
    'wp-admin/js/inline-edit-tax.js' => [
        'Changes saved.' => 'Ändringarna är sparade.',
        'Error while saving the changes.' => 'Ändringarna kunde inte sparas.',
    ],
    'wp-admin/js/edit-comments.js' => [
        'Comments (%s)' => 'Kommentarer (%s)',
        'Comments' => 'Kommentarer',
        'Approve and Reply' => 'Godkänn och svara',
        'Reply' => 'Svara',
        "Are you sure you want to edit this comment?\nThe changes you made will be lost." => "Vill du verkligen redigera kommentaren?\nDina ändringar går förlorade.",
        "Are you sure you want to do this?\nThe comment changes you made will be lost." => "Vill du verkligen göra det?\nDina ändringar av kommentaren går förlorade.",
    ],
    'wp-admin/js/tags.js' => [
        'Sorry, you are not allowed to do that.' => 'Du har inte behörighet att göra det.',
        'An error occurred while processing your request. Please try again later.' => 'Något gick fel med din begäran. Försök igen senare.',
    ],
    'wp-admin/js/tags-suggest.js' => [
        'Term selected.' => 'Termen är vald.',
        'No results found.' => 'Inga träffar.',
    ],
    'wp-admin/js/application-passwords.js' => [
        'Are you sure you want to revoke this password? This action cannot be undone.' => 'Vill du verkligen återkalla lösenordet? Det går inte att ångra.',
        'Application password revoked.' => 'Applikationslösenordet är återkallat.',
        'Are you sure you want to revoke all passwords? This action cannot be undone.' => 'Vill du verkligen återkalla alla lösenord? Det går inte att ångra.',
        'All application passwords revoked.' => 'Alla applikationslösenord är återkallade.',
        'Dismiss this notice.' => 'Avfärda meddelandet.',
    ],
    'wp-admin/js/media.js' => [
        'An error has occurred. Please reload the page and try again.' => 'Något gick fel. Ladda om sidan och försök igen.',
        'The file URL has been copied to your clipboard' => 'Filens adress är kopierad till urklipp',
    ],
];
