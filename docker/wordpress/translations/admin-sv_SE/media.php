<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// The media library. "\x04" parts context and text.
return [
    'Media file moved to the Trash.' => 'Mediafilen är flyttad till papperskorgen.',
    '%s media file moved to the Trash.' => ['%s mediafil är flyttad till papperskorgen.', '%s mediafiler är flyttade till papperskorgen.'],
    'Media file restored from the Trash.' => 'Mediafilen är återställd från papperskorgen.',
    '%s media file restored from the Trash.' => ['%s mediafil är återställd från papperskorgen.', '%s mediafiler är återställda från papperskorgen.'],
    'No media files found in Trash.' => 'Inga mediafiler i papperskorgen.',
    'Copy &#8220;%s&#8221; URL to clipboard' => 'Kopiera adressen till &#8221;%s&#8221; till urklipp',
    'Copy URL' => 'Kopiera adress',
    'Download &#8220;%s&#8221;' => 'Ladda ner &#8221;%s&#8221;',
    'Search Media:' => 'Sök media:',
    'You are using the multi-file uploader. Problems? Try the <a href="%1$s" %2$s>browser uploader</a> instead.' => 'Du kan ladda upp flera filer samtidigt. Fungerar det inte? Prova <a href="%1$s" %2$s>webbläsarens uppladdning</a>.',
    'Track %s.' => 'Spår %s.',
    'Invalid image URL.' => 'Bildens adress är ogiltig.',
    "verb\x04Upload" => 'Ladda upp',
];
