<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The pages of settings. "\x04" parts context and text.
return [
    'App icon preview: The current image has no alternative text. The file name is: %s' => 'Förhandsvisning av appikon: bilden saknar alternativ text. Filens namn är: %s',
    'Browser icon preview: The current image has no alternative text. The file name is: %s' => 'Förhandsvisning av webbläsarikon: bilden saknar alternativ text. Filens namn är: %s',
    'App icon preview: Current image: %s' => 'Förhandsvisning av appikon: nuvarande bild: %s',
    'Browser icon preview: Current image: %s' => 'Förhandsvisning av webbläsarikon: nuvarande bild: %s',
    'The Site Icon is what you see in browser tabs, bookmark bars, and within the WordPress mobile apps. It should be square and at least <code>%1$s by %2$s</code> pixels.' => 'Webbplatsikonen syns i webbläsarens flikar och bokmärken och i WordPress mobilappar. Den ska vara kvadratisk och minst <code>%1$s gånger %2$s</code> pixlar.',
    'Your homepage displays' => 'Startsidan visar',
];
