<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The menu, the bar and the frame of every page. "\x04" parts context and text.
return [
    'Collapse Main Menu' => 'Minimera huvudmenyn',
    'Collapse Menu' => 'Minimera menyn',
    'Privacy' => 'Integritet',
    'Skip to main content' => 'Hoppa till huvudinnehåll',
    'https://wordpress.org/documentation/wordpress-version/version-%s/' => 'https://wordpress.org/documentation/wordpress-version/version-%s/',
    '<a href="https://wordpress.org/support/forums/">Support forums</a>' => '<a href="https://wordpress.org/support/forums/">Supportforum</a>',
    'Thank you for creating with <a href="%s">WordPress</a>.' => 'Tack för att du skapar med <a href="%s">WordPress</a>.',
    'Welcome to your WordPress Dashboard!' => 'Välkommen till din adminpanel!',
    'The Dashboard is the first place you will come to every time you log into your site. It is where you will find all your WordPress tools. If you need help, just click the &#8220;Help&#8221; tab above the screen title.' => 'Adminpanelen är det första du ser när du loggar in. Här finns alla verktyg i WordPress. Behöver du hjälp, klicka på fliken Hjälp ovanför sidans rubrik.',
    '<strong>Site Health Status</strong> &mdash; Informs you of any potential issues that should be addressed to improve the performance or security of your website.' => '<strong>Webbplatshälsa</strong> &mdash; Berättar om sådant som bör åtgärdas för att webbplatsen ska bli snabbare eller säkrare.',
    '<strong>At a Glance</strong> &mdash; Displays a summary of the content on your site and identifies which theme and version of WordPress you are using.' => '<strong>I korthet</strong> &mdash; Visar en sammanfattning av innehållet och vilket tema och vilken version av WordPress som används.',
    '<strong>Quick Draft</strong> &mdash; Allows you to create a new post and save it as a draft. Also displays links to the 3 most recent draft posts you\'ve started.' => '<strong>Snabbutkast</strong> &mdash; Här kan du börja på ett inlägg och spara det som utkast. De tre senaste utkasten visas också.',
    '<strong>WordPress Events and News</strong> &mdash; Upcoming events near you as well as the latest news from the official WordPress project and the <a href="%s">WordPress Planet</a>.' => '<strong>Evenemang och nyheter om WordPress</strong> &mdash; Kommande evenemang nära dig och de senaste nyheterna från WordPress och <a href="%s">WordPress Planet</a>.',
    '<a href="https://wordpress.org/documentation/article/dashboard-screen/">Documentation on Dashboard</a>' => '<a href="https://wordpress.org/documentation/article/dashboard-screen/">Dokumentation om adminpanelen</a>',
    'Add Theme' => 'Lägg till tema',
    'Theme File Editor' => 'Temafilredigerare',
    'Add Plugin' => 'Lägg till tillägg',
    'Plugin File Editor' => 'Tilläggsfilredigerare',
    "site editor menu item\x04Editor" => 'Redigerare',
    "design menu item\x04Design" => 'Design',
    "patterns menu item\x04Patterns" => 'Mönster',
    'Site Health %s' => 'Webbplatshälsa %s',
    '%s &#8212; WordPress' => '%s &#8212; WordPress',
    '%1$s &#8220;%2$s&#8221;' => '%1$s &#8221;%2$s&#8221;',
    'Secondary menu' => 'Undermeny',
    'Toggle extra menu items' => 'Visa eller dölj fler menyval',
];
