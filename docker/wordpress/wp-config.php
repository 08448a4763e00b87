<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Everything comes from the environment, in the official image's words: WORDPRESS_X, or
// WORDPRESS_X_FILE naming a file that holds it. Nothing is written when a container starts.

function flotta_setting(string $name, ?string $otherwise = null): ?string
{
    $file = getenv($name . '_FILE');
    if ($file !== false && $file !== '') {
        $text = @file_get_contents($file);
        if ($text === false) {
            error_log("$name: cannot read the file named by {$name}_FILE; mount it readable for uid " . getmyuid());
            return $otherwise;
        }
        return rtrim($text, "\r\n");
    }
    $text = getenv($name);
    return $text === false ? $otherwise : $text;
}

define('DB_NAME', flotta_setting('WORDPRESS_DB_NAME', 'wordpress'));
define('DB_USER', flotta_setting('WORDPRESS_DB_USER', 'wordpress'));
define('DB_PASSWORD', flotta_setting('WORDPRESS_DB_PASSWORD', ''));
define('DB_HOST', flotta_setting('WORDPRESS_DB_HOST', 'localhost:/run/flotta/db/mysqld.sock'));
define('DB_CHARSET', flotta_setting('WORDPRESS_DB_CHARSET', 'utf8mb4'));
define('DB_COLLATE', flotta_setting('WORDPRESS_DB_COLLATE', ''));

foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
          'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $flotta_name) {
    $flotta_value = flotta_setting('WORDPRESS_' . $flotta_name);
    // Undefined, WordPress would make one and keep it in the database.
    if ($flotta_value !== null && $flotta_value !== '') {
        define($flotta_name, $flotta_value);
    }
}
unset($flotta_name, $flotta_value);

$table_prefix = flotta_setting('WORDPRESS_TABLE_PREFIX', 'wp_');

eval(flotta_setting('WORDPRESS_CONFIG_EXTRA', ''));

// What a municipality's overlay sets. The image's label se.flotta.constants says that this is read.
if (is_file('/etc/flotta/constants.php')) {
    require '/etc/flotta/constants.php';
}

// What an image that is replaced, never changed, implies; WORDPRESS_CONFIG_EXTRA may have said otherwise.
foreach ([
    'WP_DEBUG' => (bool) flotta_setting('WORDPRESS_DEBUG', ''),
    'WP_DEBUG_DISPLAY' => false,
    'DISALLOW_FILE_MODS' => true,
    'AUTOMATIC_UPDATER_DISABLED' => true,
    'WP_AUTO_UPDATE_CORE' => false,
    'FS_METHOD' => 'direct',
    'WP_TEMP_DIR' => '/tmp',
    'WP_DEFAULT_THEME' => 'twentytwentyfive',
    'WPLANG' => 'sv_SE',
    'WP_MEMORY_LIMIT' => '128M',
] as $flotta_name => $flotta_value) {
    defined($flotta_name) || define($flotta_name, $flotta_value);
}
unset($flotta_name, $flotta_value);

// A cookie knows no port: helsingborg.localhost:8443 sets it for .helsingborg.localhost.
if (defined('SUBDOMAIN_INSTALL') && SUBDOMAIN_INSTALL && defined('DOMAIN_CURRENT_SITE')
    && !defined('COOKIE_DOMAIN') && str_contains(DOMAIN_CURRENT_SITE, ':')) {
    define('COOKIE_DOMAIN', '.' . strstr(DOMAIN_CURRENT_SITE, ':', true));
}

// This web server rewrites addresses, though WordPress does not know it by name.
$wp_filter['got_url_rewrite'][10]['flotta'] = ['function' => fn() => true, 'accepted_args' => 0];

// Each language by its own name; WordPress would ask wordpress.org for the names, and show sv_SE without an answer.
$wp_filter['pre_site_transient_available_translations'][10]['flotta'] = ['function' => static function (): array {
    $languages = [];
    foreach (get_available_languages() as $locale) {
        $languages[$locale] = [
            'language' => $locale,
            'english_name' => Locale::getDisplayLanguage($locale, 'en'),
            'native_name' => mb_ucfirst(Locale::getDisplayLanguage($locale, $locale)),
            'iso' => [1 => Locale::getPrimaryLanguage($locale)],
        ];
    }
    return $languages;
}, 'accepted_args' => 0];

defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
