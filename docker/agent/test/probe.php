<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Mounted beside the agent by tests/images only: says what PHP sees, and is slow on demand, and
// which texts a page asks for in vain in its language.
if (isset($_GET['flotta_probe'])) {
    add_action('init', static function () {
        $answer = match ($_GET['flotta_probe']) {
            'seen' => ['address' => $_SERVER['REMOTE_ADDR'] ?? null, 'https' => is_ssl(), 'host' => $_SERVER['HTTP_HOST'] ?? null],
            'slow' => [usleep(1500000), 'answer' => 'finished'],
            'mail' => ['sent' => wp_mail('nobody@example.org', 'test', 'test')],
            'loopback' => (static function () {
                $answer = wp_remote_get(home_url('/?flotta_probe=seen'), ['timeout' => 10]);
                return is_wp_error($answer) ? ['error' => $answer->get_error_message()] : ['status' => wp_remote_retrieve_response_code($answer), 'seen' => json_decode(wp_remote_retrieve_body($answer), true)];
            })(),
            'outside' => (static function () {
                wp_version_check();
                wp_update_plugins();
                return ['core' => (array) get_site_transient('update_core'), 'cron' => (bool) wp_next_scheduled('wp_version_check')];
            })(),
            default => [],
        };
        header('Content-Type: application/json');
        echo json_encode($answer);
        exit;
    }, 0);
}
if (isset($_GET['flotta_untranslated'])) {
    $missing = [];
    $note = static function (string $text, string $context = '') use (&$missing) {
        if (WP_Translation_Controller::get_instance()->has_translation($context === '' ? $text : "$context\x04$text")) {
            return;
        }
        // Those are made for every script and every kind of failed mail, and hardly any is shown.
        $calls = array_filter(debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS), static fn ($call) => isset($call['file']) && !preg_match('#/(l10n|plugin|class-wp-hook|zz-probe)\.php$#', $call['file']));
        $by = basename(reset($calls)['file'] ?? '');
        if (!in_array($by, ['script-loader.php', 'class-wp-phpmailer.php'], true)) {
            $missing["$by: $text"] = true;
        }
    };
    // From here on: what earlier code asks for is the same on every page.
    foreach (['login_init', 'admin_init', 'template_redirect'] as $hook) {
        add_action($hook, static function () use ($note) {
            add_filter('gettext_default', static fn ($to, $text) => [$note($text), $to][1], 10, 2);
            add_filter('gettext_with_context_default', static fn ($to, $text, $context) => [$note($text, $context), $to][1], 10, 3);
            add_filter('ngettext_default', static fn ($to, $one) => [$note($one), $to][1], 10, 2);
            add_filter('ngettext_with_context_default', static fn ($to, $one, $many, $n, $context) => [$note($one, $context), $to][1], 10, 5);
        }, 0);
    }
    add_action('shutdown', static function () use (&$missing) {
        printf("\n<!-- untranslated: %s -->\n", implode(' | ', array_keys($missing)) ?: 'none');
    }, 0);
}
