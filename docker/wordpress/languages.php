<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// While the image is built: turns every .mo file below a folder into the .l10n.php that WordPress prefers. OPcache
// holds those ready; a .mo file is parsed anew for every page.
require '/var/www/html/wp-includes/compat.php';
foreach (['', '-mo', '-php'] as $kind) {
    require "/var/www/html/wp-includes/l10n/class-wp-translation-file$kind.php";
}
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($argv[1], FilesystemIterator::SKIP_DOTS)) as $file) {
    $from = $file->getPathname();
    if (!str_ends_with($from, '.mo')) {
        continue;
    }
    $text = WP_Translation_File::transform($from, 'php');
    if ($text === false) {
        fwrite(STDERR, "cannot convert $from\n");
        exit(1);
    }
    file_put_contents(substr($from, 0, -3) . '.l10n.php', $text);
    echo "$from converted\n";
}
