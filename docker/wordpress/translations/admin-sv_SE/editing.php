<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Editing. "\x04" parts context and text.
return [
    'Add title' => 'Lägg till rubrik',
    'Type / to choose a block' => 'Skriv / för att välja ett block',
    'Set status' => 'Ange status',
    'Scheduled for: %s' => 'Tidsinställt: %s',
    'Published on: %s' => 'Publicerat: %s',
    'Schedule for: %s' => 'Tidsinställ: %s',
    'Publish on: %s' => 'Publicera: %s',
    "publish box date format\x04M j, Y" => 'j M Y',
    "publish box time format\x04H:i" => 'H:i',
    "post action/button label\x04Schedule" => 'Tidsinställ',
    'Uploaded on: %s' => 'Uppladdat: %s',
    'Allow comments' => 'Tillåt kommentarer',
    'Allow <a href="%s">trackbacks and pingbacks</a>' => 'Tillåt <a href="%s">trackbacks och pingbacks</a>',
    'Default template' => 'Standardmall',
    'Add Custom Field:' => 'Lägg till anpassat fält:',
    'New custom field name' => 'Namn på nytt anpassat fält',
    'This meta box is not compatible with the block editor.' => 'Den här rutan fungerar inte i blockredigeraren.',
    'folder' => 'mapp',
    'Page' => 'Sida',
];
