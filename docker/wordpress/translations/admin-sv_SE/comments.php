<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Comments. "\x04" parts context and text.
return [
    "comment\x04Mark as spam" => 'Markera som skräp',
    "comment\x04Not spam" => 'Inte skräp',
    'Permanently delete comment' => 'Radera kommentaren permanent',
    'Approve comment' => 'Godkänn kommentar',
    'In response to' => 'Som svar på',
    'No comments found in Trash.' => 'Inga kommentarer i papperskorgen.',
    "comments\x04Mine <span class=\"count\">(%s)</span>" => ['Mina <span class="count">(%s)</span>', 'Mina <span class="count">(%s)</span>'],
    "column name\x04Submitted on" => 'Skickad',
    "column name\x04In Response To" => 'Som svar på',
    'Comment by %s moved to the Trash.' => 'Kommentaren av %s är flyttad till papperskorgen.',
    '%s comment approved.' => ['%s kommentar är godkänd.', '%s kommentarer är godkända.'],
    '%s comment restored from the spam.' => ['%s kommentar är återställd från skräp.', '%s kommentarer är återställda från skräp.'],
    '%s comment restored from the Trash.' => ['%s kommentar är återställd från papperskorgen.', '%s kommentarer är återställda från papperskorgen.'],
    '%s comment permanently deleted.' => ['%s kommentar är permanent raderad.', '%s kommentarer är permanent raderade.'],
    'You cannot edit this comment because the associated post is in the Trash. Please restore the post first, then try again.' => 'Kommentaren kan inte redigeras, eftersom inlägget ligger i papperskorgen. Återställ inlägget först och försök igen.',
    'Approved' => 'Godkänd',
    'Pending' => 'Väntande',
    'Spam' => 'Skräp',
];
