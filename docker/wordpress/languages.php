<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// While the image is built: php languages.php LANGUAGES TRANSLATIONS
// Turns every .mo file below LANGUAGES into the .l10n.php that WordPress prefers, with our own translations over
// Debian's. OPcache holds those ready; a .mo file is parsed anew for every page.
require '/var/www/html/wp-includes/compat.php';
foreach (['', '-mo', '-php'] as $kind) {
    require "/var/www/html/wp-includes/l10n/class-wp-translation-file$kind.php";
}

function stop(string $what): never
{
    fwrite(STDERR, "languages: $what\n");
    exit(1);
}

/** All that the files of one folder translate; plural forms are joined by NUL, as in a .mo file. */
function own(string $folder): array
{
    $all = [];
    foreach (glob("$folder/*.php") as $file) {
        foreach (require $file as $text => $translation) {
            isset($all[$text]) && stop("$file translates a text that another file has: $text");
            $all[$text] = is_array($translation) ? implode("\0", $translation) : $translation;
            foreach ((array) $translation as $form) {
                placeholders($form) === placeholders($text) || stop("$file: the placeholders differ: $text");
            }
        }
    }
    return $all;
}

/** What must be filled in, in any order. */
function placeholders(string $text): array
{
    preg_match_all('/%(?:\d\$)?[sd]|###\w+###/', $text, $found);
    sort($found[0]);
    return $found[0];
}

/** For the browser: one JSON file for each script, named by the sum of the script's path. */
function write_scripts(string $folder, string $languages, string $locale): void
{
    foreach (glob("$folder/*.php") as $file) {
        foreach (require $file as $script => $texts) {
            is_file("/var/www/html/$script") || stop("$file: there is no $script");
            $head = ['domain' => 'messages', 'lang' => $locale, 'plural-forms' => 'nplurals=2; plural=(n != 1);'];
            $data = ['locale_data' => ['messages' => ['' => $head] + array_map(fn ($t) => (array) $t, $texts)]];
            file_put_contents("$languages/$locale-" . md5($script) . '.json', json_encode($data, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR));
        }
    }
}

$argc === 3 || stop('say where the languages and our translations are');
[, $languages, $translations] = $argv;
$catalogues = [];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($languages, FilesystemIterator::SKIP_DOTS)) as $file) {
    if (str_ends_with($file->getPathname(), '.mo')) {
        $from = WP_Translation_File::create($file->getPathname()) ?: stop("cannot read $file");
        $from->error() === null || stop("cannot convert $file: " . $from->error());
        $catalogues[substr($file->getPathname(), 0, -3)] = [$from->headers(), $from->entries()];
    }
}
foreach (glob("$translations/*", GLOB_ONLYDIR) as $folder) {
    $name = basename($folder);
    if (str_starts_with($name, 'scripts-')) {
        $locale = substr($name, strlen('scripts-'));
        // Only for a language that the image has.
        isset($catalogues["$languages/$locale"]) && write_scripts($folder, $languages, $locale);
    } elseif (isset($catalogues["$languages/$name"])) {
        $own = own($folder);
        $locale = strrchr("-$name", '-');
        // WordPress takes the first catalogue that has a text: Debian's words must be gone from all of them.
        foreach ($catalogues as $path => [$headers, $entries]) {
            if (strrchr('-' . basename($path), '-') === $locale) {
                $catalogues[$path][1] = array_filter($entries, fn ($text) => !isset($own[explode("\0", (string) $text)[0]]), ARRAY_FILTER_USE_KEY);
            }
        }
        $catalogues["$languages/$name"][1] += $own;
        echo "$name: ", count($own), " translations of our own\n";
    }
}
foreach ($catalogues as $path => [$headers, $entries]) {
    ksort($entries, SORT_STRING);
    file_put_contents("$path.l10n.php", "<?php\nreturn " . var_export([...$headers, 'messages' => $entries], true) . ";\n") || stop("cannot write $path.l10n.php");
    echo "$path: ", count($entries), " texts\n";
}
