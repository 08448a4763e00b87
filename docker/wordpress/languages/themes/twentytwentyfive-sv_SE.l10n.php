<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// What visitors see of the default theme, in Swedish; Debian has no translations of themes. "\4" parts context and text.
return [
    'domain' => 'twentytwentyfive',
    'language' => 'sv_SE',
    'plural-forms' => 'nplurals=2; plural=(n != 1);',
    'messages' => [
        'About' => 'Om oss',
        'Authors' => 'Författare',
        'Blog' => 'Blogg',
        'Checkmark' => 'Bock',
        'Comments' => 'Kommentarer',
        'Designed with %s' => 'Gjord med %s',
        'Events' => 'Evenemang',
        'FAQs' => 'Vanliga frågor',
        'Featured' => 'Utvalt',
        'More posts' => 'Fler inlägg',
        'Other Posts' => 'Andra inlägg',
        'Pages' => 'Sidor',
        'Patterns' => 'Mönster',
        'Post formats' => 'Inläggsformat',
        'Post navigation' => 'Inläggsnavigering',
        'Receive our articles in your inbox.' => 'Få våra artiklar i din inkorg.',
        'Shop' => 'Butik',
        'Social media' => 'Sociala medier',
        'Stories' => 'Berättelser',
        'Subscribe' => 'Prenumerera',
        'Themes' => 'Teman',
        'Written by ' => 'Skrivet av ',
        'https://wordpress.org' => 'https://sv.wordpress.org',
        'in' => 'i',
        "404 error message\4Page not found" => 'Sidan kunde inte hittas',
        "404 error message\4The page you are looking for doesn't exist, or it has been moved. Please try searching using the form below." => 'Sidan du letar efter finns inte eller har flyttats. Prova att söka med formuläret nedan.',
        "Message explaining that there are no results returned from a search.\4Sorry, but nothing was found. Please try a search with different keywords." => 'Inget hittades. Försök igen med andra sökord.',
        "Search form label.\4Search" => 'Sök',
        "Button text. Verb.\4Search" => 'Sök',
        "Search input field placeholder text.\4Type here..." => 'Skriv här …',
    ],
];
