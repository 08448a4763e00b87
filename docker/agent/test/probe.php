<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Mounted beside the agent by tests/images only: says what PHP sees, and is slow on demand.
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
