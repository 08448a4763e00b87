<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Before every script: the visitor's address and scheme as the gateway saw them. The gateway is the
// only one that can reach this container, and the last address it lists is the one it saw itself.

if (isset($_SERVER['HTTP_X_FORWARDED_FOR'])) {
    $flotta_address = trim(substr(strrchr(',' . $_SERVER['HTTP_X_FORWARDED_FOR'], ','), 1));
    if (filter_var($flotta_address, FILTER_VALIDATE_IP)) {
        $_SERVER['REMOTE_ADDR'] = $flotta_address;
    }
    unset($flotta_address);
}
if (isset($_SERVER['HTTP_X_FORWARDED_PROTO'])) {
    if ($_SERVER['HTTP_X_FORWARDED_PROTO'] === 'https') {
        $_SERVER['HTTPS'] = 'on';
        $_SERVER['REQUEST_SCHEME'] = 'https';
        $_SERVER['SERVER_PORT'] = '443';
    } else {
        unset($_SERVER['HTTPS']);
    }
}
