<?php
// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2
//
// Comments. "\x04" parts context and text.
return [
    'Comment Author' => 'Kommentarens författare',
    'Website: %1$s (IP address: %2$s, %3$s)' => 'Webbplats: %1$s (IP-adress: %2$s, %3$s)',
    'Author: %1$s (IP address: %2$s, %3$s)' => 'Författare: %1$s (IP-adress: %2$s, %3$s)',
];
