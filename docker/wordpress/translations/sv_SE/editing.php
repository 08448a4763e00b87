<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Editing. "\x04" parts context and text.
return [
    "post format\x04Formats" => 'Format',
    '%s [Autosave]' => '%s [Autosparat]',
    '%s [Current Revision]' => '%s [Nuvarande version]',
    'Please provide a valid link.' => 'Ange en giltig länk.',
    'Draft Saved' => 'Utkastet är sparat',
    'Updating' => 'Uppdaterar',
    'Invalid date.' => 'Ogiltigt datum.',
    'Copy URL to clipboard' => 'Kopiera adress till urklipp',
    'Copied!' => 'Kopierat!',
    'M j, Y g:i a' => 'j M Y H:i',
];
