<?php
/**
 * SPDX-FileCopyrightText: 2026 The Flotta authors
 * SPDX-License-Identifier: EUPL-1.2
 *
 * Plugin Name: Flotta agent
 * Description: Answers the control plane's signed questions about this instance, and keeps its requests to itself at home.
 * Version: 1
 * Requires PHP: 8.1
 *
 * One file, mounted read-only as a must-use plugin into any image. Two doors:
 *   POST [/SITE]/.flotta/agent/VERB ready, facts, pulse, report, cron, blogs, sample, upgrade, invite; signed, see Door::authenticate
 *   php flotta-agent.php VERB       the same and install, JSON on standard input, JSON on standard output
 */

namespace Flotta\Agent;

if (!defined('Flotta\Agent\VERSION')) {
    define('Flotta\Agent\VERSION', 1);
}

/** What went wrong, said to the control plane, with what to do about it. */
final class Refusal extends \Exception
{
    public function __construct(string $error, public readonly string $fix, public readonly int $status = 422)
    {
        parent::__construct($error);
    }
}

/** Who may come in over HTTP, and how answers leave. */
final class Door
{
    private const PREFIX = '/.flotta/agent/';
    private const SKEW = 60;
    private const NONCE_KEPT = 300;
    private const BODY_LIMIT = 1048576;

    /** If this request is for the agent, answers it (at once or when WordPress is far enough) and ends it. */
    public static function open(): void
    {
        $path = (string) parse_url($_SERVER['REQUEST_URI'] ?? '', PHP_URL_PATH);
        // WordPress takes its bearings from what stands before: a site in a folder, or the main one.
        if (!preg_match('#^(?:/[_0-9a-zA-Z-]+)?' . preg_quote(self::PREFIX, '#') . '#', $path, $door)) {
            return;
        }
        try {
            $input = self::authenticate($path);
        } catch (Refusal $refusal) {
            self::refuse($refusal);
        }
        $verb = substr($path, strlen($door[0]));
        $answer = static fn() => self::answer($verb, $input);
        if ($verb === 'ready') {
            $answer();
        }
        if ($verb === 'pulse' || $verb === 'report') {
            // Before any plugin or theme: what they break can still be told.
            add_action('muplugins_loaded', $answer, PHP_INT_MAX);
            return;
        }
        if ($verb === 'cron') {
            // What plugins hang on their jobs is there when everything is.
            defined('DOING_CRON') || define('DOING_CRON', true);
            add_action('wp_loaded', $answer, PHP_INT_MAX);
            return;
        }
        // Everything else wants users, roles and plugins; what leads to pages also wants everybody's types and their addresses.
        add_action('init', $answer, $verb === 'sample' ? PHP_INT_MAX : PHP_INT_MIN);
    }

    private static function answer(string $verb, array $input): never
    {
        try {
            $result = match ($verb) {
                'ready' => Verbs::ready(),
                'facts' => Verbs::facts(),
                'pulse' => Report::pulse(),
                'report' => Report::part($input),
                'cron' => Jobs::run(),
                'blogs' => Upgrades::blogs(),
                'sample' => Sample::choose($input),
                'upgrade' => Upgrades::upgrade(),
                'invite' => Verbs::invite($input),
                'install' => throw new Refusal('install is not offered over HTTP', 'run: php flotta-agent.php install, inside the container', 405),
                default => throw new Refusal("there is no verb \"$verb\"", 'use ready, facts, pulse, report, cron, blogs, sample, upgrade or invite', 404),
            };
            self::send($result['ok'] ? 200 : 503, $result);
        } catch (Refusal $refusal) {
            self::refuse($refusal);
        } catch (\Throwable $problem) {
            error_log('flotta-agent: ' . $verb . ': ' . $problem);
            self::send(500, ['ok' => false, 'error' => 'the agent failed: ' . $problem->getMessage(), 'fix' => "read the container's log"]);
        }
    }

    /**
     * The signature is hex HMAC-SHA256 over "v1\nMETHOD\npath\ntimestamp\nnonce\nhex sha256(body)" with the text of
     * the key file as key. Unsigned requests get the plainest 404, so that the path tells nothing to others.
     */
    private static function authenticate(string $path): array
    {
        $timestamp = $_SERVER['HTTP_X_FLOTTA_TIMESTAMP'] ?? '';
        $nonce = $_SERVER['HTTP_X_FLOTTA_NONCE'] ?? '';
        $signature = $_SERVER['HTTP_X_FLOTTA_SIGNATURE'] ?? '';
        $key = self::key();
        if ($key === '' || $timestamp === '' || $nonce === '' || $signature === '') {
            self::nothing_here();
        }
        if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || !preg_match('/^[0-9a-f]{32}$/D', $nonce) || !preg_match('/^[0-9a-f]{64}$/D', $signature)) {
            throw new Refusal('the signature headers are malformed', 'send X-Flotta-Timestamp (seconds), X-Flotta-Nonce (32 hex) and X-Flotta-Signature (64 hex)', 401);
        }
        $body = (string) file_get_contents('php://input', false, null, 0, self::BODY_LIMIT + 1);
        if (strlen($body) > self::BODY_LIMIT) {
            throw new Refusal('the body is larger than 1 MiB', 'send less', 413);
        }
        $method = $_SERVER['REQUEST_METHOD'] ?? '';
        $signed = implode("\n", ['v1', $method, $path, $timestamp, $nonce, hash('sha256', $body)]);
        if (!hash_equals(hash_hmac('sha256', $signed, $key), $signature)) {
            throw new Refusal('the signature is wrong', 'sign with the key that this instance was given', 401);
        }
        if (abs(time() - (int) $timestamp) > self::SKEW) {
            throw new Refusal('the timestamp is more than ' . self::SKEW . ' seconds away from this clock', 'synchronise the clocks', 401);
        }
        if ($method !== 'POST') {
            throw new Refusal('only POST is answered', 'use POST', 405);
        }
        self::spend($nonce);
        $input = $body === '' ? [] : json_decode($body, true, 32);
        if (!is_array($input)) {
            throw new Refusal('the body is not a JSON object', 'send JSON', 400);
        }
        return $input;
    }

    private static function key(): string
    {
        $file = getenv('FLOTTA_AGENT_KEY_FILE');
        $text = $file ? @file_get_contents($file) : false;
        return $text === false ? '' : trim($text);
    }

    /** A nonce is good once: whoever creates its file first has used it. */
    private static function spend(string $nonce): void
    {
        $folder = sys_get_temp_dir() . '/flotta-nonces';
        if (!is_dir($folder)) {
            @mkdir($folder, 0700);
        }
        $file = @fopen("$folder/$nonce", 'x');
        if ($file === false) {
            if (file_exists("$folder/$nonce")) {
                throw new Refusal('this request was sent before', 'sign each request with a new nonce', 409);
            }
            throw new Refusal('the nonce cannot be kept', 'give the container a writable temporary folder', 500);
        }
        fclose($file);
        if (random_int(0, 15) === 0) {
            foreach (glob("$folder/*") ?: [] as $old) {
                if (@filemtime($old) < time() - self::NONCE_KEPT) {
                    @unlink($old);
                }
            }
        }
    }

    private static function nothing_here(): never
    {
        http_response_code(404);
        header_remove();
        header('Content-Type: text/plain; charset=utf-8');
        header('Cache-Control: no-store');
        echo "Not Found\n";
        exit;
    }

    private static function refuse(Refusal $refusal): never
    {
        self::send($refusal->status, ['ok' => false, 'error' => $refusal->getMessage(), 'fix' => $refusal->fix]);
    }

    private static function send(int $status, array $answer): never
    {
        while (ob_get_level() > 0) {
            ob_end_clean();
        }
        http_response_code($status);
        header('Content-Type: application/json; charset=utf-8');
        header('Cache-Control: no-store');
        echo encode($answer), "\n";
        exit;
    }
}

function encode(array $answer): string
{
    return (string) json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
}

/** The questions. */
final class Verbs
{
    /** Cheap: is this WordPress able to serve? */
    public static function ready(): array
    {
        global $wpdb, $wp_version, $wp_db_version;
        $reasons = [];
        $answers = $wpdb instanceof \wpdb && (string) $wpdb->get_var('SELECT 1') === '1';
        if (!$answers) {
            $reasons[] = 'the database does not answer';
        }
        $installed = $answers && is_blog_installed();
        if ($answers && !$installed) {
            $reasons[] = 'WordPress is not installed';
        }
        $stored = $installed ? (int) get_option('db_version') : 0;
        if ($installed && $stored !== (int) $wp_db_version) {
            $reasons[] = "the database is at version $stored, the code at $wp_db_version";
        }
        return [
            'ok' => $reasons === [],
            'ready' => $reasons === [],
            'reasons' => $reasons,
            'installed' => $installed,
            'wordpress' => $wp_version,
            'db_version' => $stored,
            'code_db_version' => (int) $wp_db_version,
            'network' => self::network(),
            'blogs' => $installed && is_multisite() ? (int) $wpdb->get_var("SELECT COUNT(*) FROM $wpdb->blogs WHERE deleted = 0") : (int) $installed,
            'instance' => getenv('FLOTTA_INSTANCE') ?: null,
            'agent' => VERSION,
        ] + ($reasons ? ['error' => implode('; ', $reasons), 'fix' => 'install, or bring code and database to the same version'] : []);
    }

    /** Everything an inventory wants. */
    public static function facts(): array
    {
        global $wpdb, $wp_version, $wp_db_version;
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $cron = _get_cron_array() ?: [];
        $due = array_filter(array_keys($cron), static fn($at) => is_int($at) && $at < time());
        $autoload = $wpdb->get_row("SELECT COUNT(*) AS options, COALESCE(SUM(LENGTH(option_value)), 0) AS bytes FROM $wpdb->options WHERE autoload IN ('yes', 'on', 'auto', 'auto-on')");
        $users = count_users();
        return [
            'ok' => true,
            'agent' => VERSION,
            'instance' => getenv('FLOTTA_INSTANCE') ?: null,
            'wordpress' => ['version' => $wp_version, 'db_version' => (int) get_option('db_version'), 'code_db_version' => (int) $wp_db_version],
            'php' => ['version' => PHP_VERSION, 'extensions' => get_loaded_extensions(), 'memory_limit' => ini_get('memory_limit')],
            'database' => ['version' => $wpdb->db_server_info(), 'charset' => $wpdb->charset, 'tables' => (int) $wpdb->get_var('SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()'),
                'bytes' => (int) $wpdb->get_var('SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE()')],
            'network' => self::network(),
            'sites' => self::sites(),
            'themes' => self::themes(),
            'plugins' => self::plugins(),
            'mu_plugins' => self::listed(get_mu_plugins()),
            'dropins' => self::listed(get_dropins()),
            'users' => ['total' => (int) $users['total_users'], 'administrators' => (int) ($users['avail_roles']['administrator'] ?? 0),
                'super_administrators' => is_multisite() ? count(get_super_admins()) : 0],
            'autoload' => ['options' => (int) $autoload->options, 'bytes' => (int) $autoload->bytes],
            'cron' => ['overdue' => count($due), 'oldest_seconds' => $due ? time() - min($due) : 0, 'disabled_in_pages' => defined('DISABLE_WP_CRON') && DISABLE_WP_CRON],
            'opcache' => self::opcache(),
            'settings' => [
                'locale' => get_locale(),
                'timezone' => wp_timezone_string(),
                'blog_public' => (int) get_option('blog_public'),
                'permalinks' => (string) get_option('permalink_structure'),
                'debug' => defined('WP_DEBUG') && WP_DEBUG,
                'debug_display' => defined('WP_DEBUG_DISPLAY') && WP_DEBUG_DISPLAY,
                'file_mods' => !(defined('DISALLOW_FILE_MODS') && DISALLOW_FILE_MODS),
                'home' => home_url('/'),
                'siteurl' => site_url('/'),
            ],
        ];
    }

    /** WordPress's own link for choosing a password: works once, and for as long as WordPress says. */
    public static function invite(array $input): array
    {
        $login = $input['login'] ?? '';
        if (!is_string($login) || $login === '') {
            throw new Refusal('login is missing', 'send {"login": "name"}');
        }
        $user = get_user_by('login', $login);
        if (!$user) {
            throw new Refusal("there is no user \"$login\"", 'use the login name of somebody who exists', 404);
        }
        $key = get_password_reset_key($user);
        if (is_wp_error($key)) {
            throw new Refusal('WordPress makes no link: ' . wp_strip_all_tags($key->get_error_message()), 'allow password resets for this user');
        }
        $url = network_site_url('wp-login.php?action=rp&key=' . $key . '&login=' . rawurlencode($user->user_login), 'login');
        $seconds = (int) apply_filters('password_reset_expiration', DAY_IN_SECONDS);
        return ['ok' => true, 'url' => $url, 'login' => $user->user_login, 'expires_at' => gmdate('Y-m-d\TH:i:s\Z', time() + $seconds)];
    }

    public static function network(): string
    {
        return !is_multisite() ? 'single' : (is_subdomain_install() ? 'sub-domain' : 'sub-directory');
    }

    private static function sites(): array
    {
        global $wpdb;
        if (!is_multisite()) {
            $home = wp_parse_url(home_url('/'));
            return [['id' => 1, 'domain' => $home['host'] . (isset($home['port']) ? ":{$home['port']}" : ''), 'path' => $home['path'] ?? '/', 'title' => get_option('blogname'), 'public' => (bool) get_option('blog_public'), 'archived' => false, 'deleted' => false, 'db_version' => (int) get_option('db_version')]];
        }
        $sites = [];
        foreach (get_sites(['number' => 1000, 'orderby' => 'id']) as $site) {
            $options = $wpdb->get_blog_prefix((int) $site->blog_id) . 'options';
            $own = $wpdb->get_results("SELECT option_name, option_value FROM `$options` WHERE option_name IN ('blogname', 'db_version')", OBJECT_K);
            $sites[] = ['id' => (int) $site->blog_id, 'domain' => $site->domain, 'path' => $site->path, 'title' => $own['blogname']->option_value ?? '',
                'public' => (bool) $site->public, 'archived' => (bool) $site->archived, 'deleted' => (bool) $site->deleted,
                'db_version' => (int) ($own['db_version']->option_value ?? 0)];
        }
        return $sites;
    }

    private static function themes(): array
    {
        $active = get_stylesheet();
        $list = [];
        foreach (wp_get_themes() as $slug => $theme) {
            $list[] = ['slug' => (string) $slug, 'name' => (string) $theme->get('Name'), 'version' => (string) $theme->get('Version'), 'active' => $slug === $active, 'parent' => $theme->parent() ? $theme->get_template() : null];
        }
        return $list;
    }

    private static function plugins(): array
    {
        $list = [];
        foreach (get_plugins() as $file => $plugin) {
            $list[] = ['file' => $file, 'name' => $plugin['Name'], 'version' => $plugin['Version'], 'active' => is_plugin_active($file), 'network' => is_multisite() && is_plugin_active_for_network($file)];
        }
        return $list;
    }

    private static function listed(array $files): array
    {
        $list = [];
        foreach ($files as $file => $data) {
            $list[] = ['file' => (string) $file, 'name' => (string) ($data['Name'] ?? ''), 'version' => (string) ($data['Version'] ?? '')];
        }
        return $list;
    }

    private static function opcache(): ?array
    {
        $status = function_exists('opcache_get_status') ? @opcache_get_status(false) : false;
        if (!$status) {
            return null;
        }
        return ['used_bytes' => $status['memory_usage']['used_memory'] ?? 0, 'free_bytes' => $status['memory_usage']['free_memory'] ?? 0,
            'strings_bytes' => $status['interned_strings_usage']['used_memory'] ?? 0, 'scripts' => $status['opcache_statistics']['num_cached_scripts'] ?? 0,
            'hits' => $status['opcache_statistics']['hits'] ?? 0, 'misses' => $status['opcache_statistics']['misses'] ?? 0, 'restarts' => $status['opcache_statistics']['oom_restarts'] ?? 0];
    }
}

/** What moving to another release asks. */
final class Upgrades
{
    /**
     * Every site, archived ones too, with the version of its tables, whatever else looks like a version, and locks that a
     * migration holds. Read from the tables themselves: no site's own code runs.
     */
    public static function blogs(): array
    {
        global $wpdb, $wp_db_version;
        $blogs = [];
        foreach (self::all() as $blog) {
            $options = $wpdb->get_blog_prefix($blog['id']) . 'options';
            $found = $wpdb->get_results("SELECT option_name, option_value FROM `$options` WHERE (option_name LIKE '%version%' AND CHAR_LENGTH(option_value) <= 64
                AND option_name NOT LIKE '\\_transient%' AND option_name NOT LIKE '\\_site\\_transient%') OR (option_name LIKE '\\_transient\\_%lock%' AND option_name NOT LIKE '%block%')", OBJECT_K);
            if ($wpdb->last_error !== '') {
                throw new Refusal("the options of site {$blog['id']} cannot be read: $wpdb->last_error", 'look at its tables');
            }
            $versions = $locks = [];
            foreach ($found as $name => $row) {
                if (str_starts_with($name, '_transient_')) {
                    $locks[] = substr($name, strlen('_transient_'));
                } elseif ($name !== 'db_version') {
                    $versions[$name] = $row->option_value;
                }
            }
            ksort($versions);
            $blogs[] = $blog + ['db_version' => (int) ($found['db_version']->option_value ?? 0), 'versions' => (object) $versions, 'locks' => $locks];
        }
        return ['ok' => true, 'code_db_version' => (int) $wp_db_version, 'blogs' => $blogs];
    }

    public static function all(): array
    {
        if (!is_multisite()) {
            $home = wp_parse_url(home_url('/'));
            return [['id' => 1, 'domain' => $home['host'] . (isset($home['port']) ? ":{$home['port']}" : ''), 'path' => $home['path'] ?? '/', 'archived' => false, 'deleted' => false]];
        }
        return array_map(static fn($site) => ['id' => (int) $site->blog_id, 'domain' => $site->domain, 'path' => $site->path,
            'archived' => $site->archived || $site->spam, 'deleted' => (bool) $site->deleted], get_sites(['number' => 0, 'orderby' => 'id']));
    }

    /** Brings the tables of the site that this request is for to the code's version. Run again it changes nothing. */
    public static function upgrade(): array
    {
        global $wpdb, $wp_db_version;
        ignore_user_abort(true);
        set_time_limit(600);
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $lock = 'flotta_upgrade_' . md5($wpdb->prefix . DB_NAME);
        if ($wpdb->get_var($wpdb->prepare('SELECT GET_LOCK(%s, 300)', $lock)) !== '1') {
            throw new Refusal('another upgrade of this site is still running', 'wait for it to end', 409);
        }
        wp_cache_flush();
        $before = (int) get_option('db_version');
        add_filter('pre_wp_mail', '__return_false');
        wp_upgrade();
        $after = (int) $wpdb->get_var("SELECT option_value FROM $wpdb->options WHERE option_name = 'db_version'");
        $wpdb->query($wpdb->prepare('SELECT RELEASE_LOCK(%s)', $lock));
        if ($after !== (int) $wp_db_version) {
            throw new Refusal("the tables stay at version $after, the code wants $wp_db_version", "read the container's log", 500);
        }
        return ['ok' => true, 'blog' => get_current_blog_id(), 'before' => $before, 'db_version' => $after];
    }
}

/** Pages of one site that stand for all of it, to be looked at before and after a change. */
final class Sample
{
    private const MOST = 50;
    private const FORMS = ['<form', '[contact-form', '[gravityform', '[wpforms', '[ninja_form', '[formidable', 'wp:contact-form', 'wp:jetpack/contact-form', 'modularity-form'];

    /** Chooses at most as many as asked for, the most telling first; tells which of those that were chosen before are gone. */
    public static function choose(array $input): array
    {
        $most = $input['pages'] ?? 8;
        $kept = $input['kept'] ?? [];
        if (!is_int($most) || $most < 1 || $most > self::MOST || !is_array($kept)) {
            throw new Refusal('pages or kept is not right', 'send {"pages": 1 to ' . self::MOST . ', "kept": ["/path/"]}');
        }
        $newest = self::posts("p.post_type = 'post'", 2);
        $form = self::form();
        $page = self::posts("p.post_type = 'page'", 1, [(int) get_option('page_on_front'), $form]);
        $found = [['home', home_url('/')], ['log-in', wp_login_url()], ['newest', self::link($newest[0] ?? 0)], ['form', self::link($form)], ['page', self::link($page[0] ?? 0)], ['archive', self::archive($newest[0] ?? 0)],
            ['search', self::search($newest[0] ?? 0)], ['newest', self::link($newest[1] ?? 0)]];
        $pages = [];
        foreach ($found as [$kind, $address]) {
            $path = self::path($address);
            if ($path !== '' && !in_array($path, array_column($pages, 'path'), true)) {
                $pages[] = ['kind' => $kind, 'path' => $path];
            }
        }
        return ['ok' => true, 'blog' => get_current_blog_id(), 'pages' => array_slice($pages, 0, $most), 'gone' => array_values(array_filter($kept, [self::class, 'is_gone']))];
    }

    /** Ids of what visitors can read, the newest first. */
    private static function posts(string $where, int $most, array $without = []): array
    {
        global $wpdb;
        $without = implode(', ', [0, ...$without]);
        return array_map('intval', $wpdb->get_col("SELECT p.ID FROM $wpdb->posts p WHERE p.post_status = 'publish' AND p.post_password = '' AND p.ID NOT IN ($without) AND $where ORDER BY p.post_date_gmt DESC, p.ID DESC LIMIT $most"));
    }

    private static function link(int $id): string
    {
        return $id > 0 ? (string) get_permalink($id) : '';
    }

    /** Something with a form in it, else something that can be commented on. */
    private static function form(): int
    {
        global $wpdb;
        $types = implode("', '", array_map('esc_sql', get_post_types(['publicly_queryable' => true]) + ['page' => 'page']));
        $holds = implode(' OR ', array_map(static fn($form) => $wpdb->prepare('p.post_content LIKE %s', '%' . $wpdb->esc_like($form) . '%'), self::FORMS));
        return self::posts("p.post_type IN ('$types') AND ($holds)", 1)[0] ?? self::posts("p.post_type IN ('$types') AND p.comment_status = 'open'", 1)[0] ?? 0;
    }

    private static function archive(int $post): string
    {
        $terms = $post > 0 ? get_the_category($post) : [];
        $link = $terms ? get_term_link($terms[0]) : '';
        return is_string($link) && $link !== '' ? $link : ($post > 0 ? get_year_link((int) get_the_date('Y', $post)) : '');
    }

    /** A search that finds at least this post: for the longest word of its title. */
    private static function search(int $post): string
    {
        $words = $post > 0 ? preg_split('/[^\p{L}]+/u', get_post_field('post_title', $post), -1, PREG_SPLIT_NO_EMPTY) : [];
        usort($words, static fn($a, $b) => mb_strlen($b) <=> mb_strlen($a));
        return $words ? add_query_arg('s', rawurlencode($words[0]), home_url('/')) : '';
    }

    /** Path and query of an address of this site; nothing where it leads elsewhere. */
    private static function path(string $address): string
    {
        $at = wp_parse_url($address);
        if ($address === '' || ($at['host'] ?? '') !== wp_parse_url(home_url('/'), PHP_URL_HOST)) {
            return '';
        }
        $path = ($at['path'] ?? '/') . (isset($at['query']) ? "?{$at['query']}" : '');
        // Letters beyond ASCII are sent as browsers send them.
        return preg_replace_callback('/[^\x21-\x7e]/', static fn($byte) => rawurlencode($byte[0]), $path);
    }

    private static function is_gone($path): bool
    {
        if (!is_string($path) || $path === '' || $path[0] !== '/') {
            return true;
        }
        $home = wp_parse_url(home_url('/'));
        $id = url_to_postid("{$home['scheme']}://{$home['host']}" . (isset($home['port']) ? ":{$home['port']}" : '') . $path);
        return $id === 0 || get_post_status($id) !== 'publish' || get_post_field('post_password', $id) !== '';
    }
}

/** What happened in this container and nowhere else stands: files in its temporary folder, gone with it. */
final class Notes
{
    private const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
    private const MOST = 100;
    private const TIMES = 65536;

    public static function keep(): void
    {
        if (!getenv('FLOTTA_INSTANCE')) {
            return;
        }
        register_shutdown_function(static function (): void {
            $last = error_get_last();
            if ($last !== null && ($last['type'] & self::FATAL)) {
                self::error($last['message'], $last['file'], (int) $last['line']);
            }
        });
        add_action('wp_mail_failed', static function ($error): void {
            $message = is_wp_error($error) ? $error->get_error_message() : 'no reason given';
            self::note('mail', md5(self::plain($message)), ['message' => mb_substr(self::plain($message), 0, 300), 'blog' => get_current_blog_id()]);
        });
    }

    /** The same error is known again by file, line and message without what differs each time. */
    public static function error(string $message, string $file, int $line): void
    {
        $file = self::short($file);
        $plain = mb_substr(self::plain(strtok($message, "\n")), 0, 300);
        // Who called what failed is to blame where it failed in WordPress itself.
        $blamed = self::blamed($file);
        if ($blamed === null && preg_match_all('#(/[^\s(:]+\.php)[(:]\d+#', $message, $trace)) {
            foreach ($trace[1] as $at) {
                $blamed ??= self::blamed(self::short($at));
            }
        }
        self::note('error', md5("$file:$line:$plain"), ['message' => $plain, 'file' => mb_substr($file, -200), 'line' => $line,
            'kind' => $blamed[0] ?? 'core', 'slug' => $blamed[1] ?? '', 'blog' => function_exists('get_current_blog_id') ? get_current_blog_id() : 1]);
    }

    /** Path in WordPress' folder. */
    private static function short(string $file): string
    {
        return str_starts_with($file, ABSPATH) ? substr($file, strlen(ABSPATH)) : $file;
    }

    private static function plain(string $message): string
    {
        $message = str_replace(ABSPATH, '', preg_replace('/\s+/', ' ', $message));
        return preg_replace(['/ in \S+\.php(:\d+|\(\d+\))?.*$/', '/0x[0-9a-f]+/i', '/\d+/', '/[\w.+-]+@[\w.-]+/'], ['', '#', '#', '(address)'], $message);
    }

    private static function blamed(string $file): ?array
    {
        foreach (['mu-plugin' => '#wp-content/mu-plugins/([^/]+)#', 'plugin' => '#wp-content/plugins/([^/]+)#', 'theme' => '#wp-content/themes/([^/]+)#'] as $kind => $place) {
            if (preg_match($place, $file, $found) && $found[1] !== basename(__FILE__)) {
                return [$kind, mb_substr($found[1], 0, 100)];
            }
        }
        return null;
    }

    /** One file for each: what it is in its first line, then a dot for each time. Appending needs no lock. */
    private static function note(string $kind, string $name, array $what): void
    {
        $folder = sys_get_temp_dir() . '/flotta-noted';
        $path = "$folder/$kind-$name";
        if (!is_dir($folder)) {
            @mkdir($folder, 0700);
        }
        if (!file_exists($path)) {
            if (count(glob("$folder/*") ?: []) < self::MOST) {
                $new = @fopen($path, 'x');
                if ($new !== false) {
                    fwrite($new, encode($what + ['first' => time()]) . "\n.");
                    fclose($new);
                }
            }
            return;
        }
        if (@filesize($path) < self::TIMES) {
            @file_put_contents($path, '.', FILE_APPEND);
        }
    }

    public static function all(string $kind): array
    {
        $all = [];
        foreach (glob(sys_get_temp_dir() . "/flotta-noted/$kind-*") ?: [] as $path) {
            [$head, $times] = explode("\n", (string) @file_get_contents($path), 2) + ['', ''];
            $what = json_decode($head, true);
            if (is_array($what)) {
                $all[] = ['fingerprint' => substr(basename($path), strlen($kind) + 1), 'count' => strlen($times), 'last' => (int) @filemtime($path)] + $what;
            }
        }
        return $all;
    }

    /** Changes where something happened that had not happened before. */
    public static function mark(): string
    {
        return implode(' ', array_map('basename', glob(sys_get_temp_dir() . '/flotta-noted/*') ?: []));
    }
}

/** What somebody who answers for the instance must know of it: read from the tables, so that no site's own code runs. */
final class Report
{
    private const PAGE = 50;
    private const LIST = 200;
    private const OPTIONS = ['siteurl', 'home', 'blog_public', 'users_can_register', 'default_role', 'active_plugins', 'stylesheet', 'template', 'db_version', 'cron'];

    /** Each site with the time of its next job, and a mark that changes when the report does. */
    public static function pulse(): array
    {
        $told = Upgrades::blogs();
        $marks = [VERSION, $told['code_db_version'], Notes::mark(), (string) get_site_option('auto_core_update_failed') !== ''];
        $administrators = self::administrators();
        foreach ($told['blogs'] as &$blog) {
            $options = self::options($blog['id']);
            $cron = self::cron($options['cron'] ?? '');
            unset($options['cron']);
            $marks[] = [$blog['id'], $blog['domain'], $blog['path'], $options, $administrators[$blog['id']] ?? []];
            $blog += ['next' => $cron['next'], 'overdue' => $cron['overdue']];
        }
        $marks[] = is_multisite() ? [get_site_option('active_sitewide_plugins'), get_site_option('site_admins'), get_site_option('registration')] : [];
        return ['mark' => hash('sha256', serialize($marks))] + $told;
    }

    /** The instance and its first sites; or, after the site of this number, the next ones. */
    public static function part(array $input): array
    {
        $after = $input['after'] ?? 0;
        if (!is_int($after) || $after < 0) {
            throw new Refusal('after is not right', 'send {"after": the number of the last site}');
        }
        $blogs = array_values(array_filter(Upgrades::all(), static fn($blog) => $blog['id'] > $after));
        $administrators = self::administrators();
        $some = array_map(static fn($blog) => self::blog($blog, $administrators[$blog['id']] ?? []), array_slice($blogs, 0, self::PAGE));
        return ['ok' => true, 'instance' => getenv('FLOTTA_INSTANCE') ?: null] + ($after === 0 ? self::whole() : [])
            + ['blogs' => $some, 'next' => count($blogs) > self::PAGE ? end($some)['id'] : null];
    }

    private static function whole(): array
    {
        global $wpdb, $wp_version, $wp_db_version;
        require_once ABSPATH . 'wp-admin/includes/plugin.php';
        $network = is_multisite() ? array_keys((array) get_site_option('active_sitewide_plugins', [])) : [];
        $plugins = [];
        foreach (array_slice(get_plugins(), 0, self::LIST) as $file => $plugin) {
            $plugins[] = ['file' => $file, 'slug' => self::slug($file), 'name' => $plugin['Name'], 'version' => $plugin['Version'], 'network' => in_array($file, $network, true)];
        }
        register_theme_directory(get_theme_root());
        $themes = [];
        foreach (array_slice(wp_get_themes(), 0, self::LIST) as $slug => $theme) {
            $themes[] = ['slug' => (string) $slug, 'name' => (string) $theme->get('Name'), 'version' => (string) $theme->get('Version')];
        }
        $listed = static fn(array $files) => array_map(static fn($file, $data) => ['slug' => self::slug((string) $file), 'name' => (string) ($data['Name'] ?? ''), 'version' => (string) ($data['Version'] ?? '')],
            array_keys(array_slice($files, 0, self::LIST)), array_slice($files, 0, self::LIST));
        $maintenance = @filemtime(ABSPATH . '.maintenance');
        $failed = get_site_option('auto_core_update_failed');
        $health = json_decode((string) get_transient('health-check-site-status-result'), true);
        $opcache = function_exists('opcache_get_status') ? @opcache_get_status(false) : false;
        return [
            'wordpress' => ['version' => $wp_version, 'code_db_version' => (int) $wp_db_version],
            'php' => PHP_VERSION,
            'database' => $wpdb->db_server_info(),
            'network' => Verbs::network(),
            'plugins' => $plugins,
            'themes' => $themes,
            'mu_plugins' => $listed(get_mu_plugins()),
            'dropins' => $listed(get_dropins()),
            'super_administrators' => is_multisite() ? array_slice(array_values(get_super_admins()), 0, self::LIST) : [],
            'registration' => is_multisite() ? (string) get_site_option('registration', 'none') : '',
            'debug' => ['on' => defined('WP_DEBUG') && WP_DEBUG, 'display' => defined('WP_DEBUG') && WP_DEBUG && (!defined('WP_DEBUG_DISPLAY') || WP_DEBUG_DISPLAY), 'script' => defined('SCRIPT_DEBUG') && SCRIPT_DEBUG],
            'maintenance_seconds' => $maintenance === false ? null : max(0, time() - $maintenance),
            'update_failed' => is_array($failed) ? (string) ($failed['attempted'] ?? $failed['error_code'] ?? 'unknown') : '',
            'paused_plugins' => function_exists('wp_paused_plugins') ? array_map('strval', array_keys((array) wp_paused_plugins()->get_all())) : [],
            'site_health' => is_array($health) && $health !== [] ? array_map('intval', $health) : null,
            'object_cache' => wp_using_ext_object_cache() === true,
            'opcache' => $opcache ? ['used_bytes' => (int) ($opcache['memory_usage']['used_memory'] ?? 0), 'free_bytes' => (int) ($opcache['memory_usage']['free_memory'] ?? 0), 'full' => (bool) ($opcache['cache_full'] ?? false)] : null,
            'errors' => Notes::all('error'),
            'mail' => Notes::all('mail'),
        ];
    }

    private static function slug(string $file): string
    {
        return str_contains($file, '/') ? strtok($file, '/') : basename($file, '.php');
    }

    private static function options(int $blog): array
    {
        global $wpdb;
        $options = $wpdb->get_blog_prefix($blog) . 'options';
        $names = "'" . implode("', '", self::OPTIONS) . "'";
        $found = $wpdb->get_results("SELECT option_name, option_value FROM `$options` WHERE option_name IN ($names)", OBJECT_K) ?: [];
        return array_map(static fn($row) => $row->option_value, $found);
    }

    /** What is in the option, without waking any object that somebody put there. */
    private static function plain(string $serialized): array
    {
        $value = @unserialize($serialized, ['allowed_classes' => false]);
        return is_array($value) ? $value : [];
    }

    /** When the next job is due, how many are due, since how many seconds the oldest one, and which. */
    public static function cron(string $option): array
    {
        $now = time();
        $all = array_filter(self::plain($option), static fn($jobs, $at) => is_int($at) && is_array($jobs) && $jobs !== [], ARRAY_FILTER_USE_BOTH);
        $due = array_filter(array_keys($all), static fn($at) => $at <= $now);
        $oldest = $due ? min($due) : null;
        return ['jobs' => count($all), 'due' => count($due), 'next' => $all ? min(array_keys($all)) : null, 'overdue' => $oldest === null ? 0 : $now - $oldest,
            'hook' => $oldest === null ? '' : (string) array_key_first($all[$oldest])];
    }

    /** Log-in names by site. */
    private static function administrators(): array
    {
        global $wpdb;
        $found = $wpdb->get_results("SELECT m.meta_key, u.user_login FROM $wpdb->usermeta m JOIN $wpdb->users u ON u.ID = m.user_id
            WHERE m.meta_key LIKE '%capabilities' AND m.meta_value LIKE '%\"administrator\";b:1%' ORDER BY u.ID LIMIT 5000");
        $blogs = [];
        foreach ($found ?: [] as $row) {
            if (preg_match('/^' . preg_quote($wpdb->base_prefix, '/') . '(?:([0-9]+)_)?capabilities$/D', $row->meta_key, $at)) {
                $blogs[(int) ($at[1] ?? 1)][] = $row->user_login;
            }
        }
        return $blogs;
    }

    private static function blog(array $blog, array $administrators): array
    {
        global $wpdb;
        $prefix = $wpdb->get_blog_prefix($blog['id']);
        $options = self::options($blog['id']);
        $autoload = $wpdb->get_row("SELECT COUNT(*) AS options, COALESCE(SUM(LENGTH(option_value)), 0) AS bytes FROM `{$prefix}options` WHERE autoload IN ('yes', 'on', 'auto', 'auto-on')");
        return $blog + [
            'home' => (string) ($options['home'] ?? ''),
            'siteurl' => (string) ($options['siteurl'] ?? ''),
            'public' => (int) ($options['blog_public'] ?? 1) === 1,
            'users_can_register' => (int) ($options['users_can_register'] ?? 0) === 1,
            'default_role' => (string) ($options['default_role'] ?? ''),
            'db_version' => (int) ($options['db_version'] ?? 0),
            'plugins' => array_slice(array_values(array_filter(self::plain($options['active_plugins'] ?? ''), 'is_string')), 0, self::LIST),
            'theme' => (string) ($options['stylesheet'] ?? ''),
            'parent_theme' => (string) ($options['template'] ?? ''),
            'administrators' => array_slice($administrators, 0, self::LIST),
            'autoload' => ['options' => (int) $autoload->options, 'bytes' => (int) $autoload->bytes],
            'cron' => self::cron($options['cron'] ?? ''),
            'statement' => self::statement($prefix),
        ];
    }

    /**
     * The accessibility statement that Swedish law (2018:1937) asks for: a page of its own, else a link to one that is
     * elsewhere. When it was gone over last, as it says itself, else when the page was changed.
     */
    private static function statement(string $prefix): ?array
    {
        global $wpdb;
        $own = $wpdb->get_row("SELECT post_title, post_name, post_content, post_modified_gmt FROM `{$prefix}posts` WHERE post_status = 'publish' AND post_type NOT IN ('revision', 'nav_menu_item', 'attachment', 'wp_navigation')
            AND (post_name LIKE '%tillganglighetsredog%' OR post_name LIKE '%accessibility-statement%' OR post_title LIKE '%tillgänglighetsredog%' OR post_title LIKE '%accessibility statement%'
                OR post_name LIKE 'tillganglighet' OR post_name LIKE 'tillganglighet-%' OR post_name = 'accessibility')
            ORDER BY (post_name LIKE '%redog%' OR post_name LIKE '%statement%' OR post_title LIKE '%redog%') DESC, post_type = 'page' DESC, ID LIMIT 1");
        if ($own) {
            $said = self::said($own->post_content);
            return ['title' => mb_substr($own->post_title, 0, 150), 'slug' => mb_substr($own->post_name, 0, 150), 'linked' => false, 'at' => $said ?? substr($own->post_modified_gmt, 0, 10), 'said' => $said !== null];
        }
        $words = "(%s LIKE '%%tillganglighetsredog%%' OR %s LIKE '%%tillgänglighetsredog%%' OR %s LIKE '%%accessibility-statement%%' OR %s LIKE '%%accessibility statement%%')";
        $in = static fn(string $column) => vsprintf($words, array_fill(0, 4, $column));
        $linked = $wpdb->get_var("SELECT 1 FROM `{$prefix}posts` WHERE post_status = 'publish' AND post_type IN ('wp_template_part', 'wp_template', 'wp_navigation', 'nav_menu_item', 'page') AND ({$in('post_content')} OR {$in('post_title')}) LIMIT 1")
            ?? $wpdb->get_var("SELECT 1 FROM `{$prefix}options` WHERE (option_name LIKE 'widget\\_%' OR option_name LIKE 'theme\\_mods\\_%') AND {$in('option_value')} LIMIT 1")
            ?? $wpdb->get_var("SELECT 1 FROM `{$prefix}postmeta` WHERE meta_key = '_menu_item_url' AND {$in('meta_value')} LIMIT 1");
        return $linked === null ? null : ['title' => '', 'slug' => '', 'linked' => true, 'at' => null, 'said' => false];
    }

    /** The newest date that stands behind a word such as "uppdaterad" or "last reviewed". */
    private static function said(string $content): ?string
    {
        $months = ['januari' => 1, 'februari' => 2, 'mars' => 3, 'april' => 4, 'maj' => 5, 'juni' => 6, 'juli' => 7, 'augusti' => 8, 'september' => 9, 'oktober' => 10, 'november' => 11, 'december' => 12,
            'january' => 1, 'february' => 2, 'march' => 3, 'may' => 5, 'june' => 6, 'july' => 7, 'august' => 8, 'october' => 10];
        $text = mb_strtolower(wp_strip_all_tags(mb_substr($content, 0, 200000)));
        $date = '(?:(\d{4})-(\d{2})-(\d{2})|(?:den )?(\d{1,2}) (' . implode('|', array_keys($months)) . '),? (\d{4}))';
        preg_match_all("/(?:uppdatera|revidera|granska|publicera|bedömning|updated|reviewed|prepared|published)[^.\\n]{0,80}?$date/u", $text, $found, PREG_SET_ORDER);
        $dates = array_map(static fn($at) => $at[1] !== '' ? [(int) $at[1], (int) $at[2], (int) $at[3]] : [(int) $at[6], $months[$at[5]], (int) $at[4]], $found);
        $dates = array_filter($dates, static fn($at) => checkdate($at[1], $at[2], $at[0]) && $at[0] >= 2018 && mktime(0, 0, 0, $at[1], $at[2], $at[0]) <= time() + DAY_IN_SECONDS);
        return $dates ? max(array_map(static fn($at) => sprintf('%04d-%02d-%02d', ...$at), $dates)) : null;
    }
}

/** WordPress' own jobs, of the site that the request is for, as wp-cron.php runs them. */
final class Jobs
{
    private const SECONDS = 40;

    public static function run(): array
    {
        ignore_user_abort(true);
        set_time_limit(120);
        $held = (float) get_transient('doing_cron');
        if ($held > 0 && $held + WP_CRON_LOCK_TIMEOUT > microtime(true)) {
            return self::told(0, 0, true);
        }
        $own = sprintf('%.22F', microtime(true));
        set_transient('doing_cron', $own);
        [$over, $ran, $failed] = [microtime(true) + self::SECONDS, 0, 0];
        foreach (wp_get_ready_cron_jobs() as $at => $hooks) {
            foreach ($hooks as $hook => $jobs) {
                foreach ($jobs as $job) {
                    // Before it runs, so that a job that ends the request does not run for ever.
                    if ($job['schedule']) {
                        wp_reschedule_event($at, $job['schedule'], $hook, $job['args']);
                    }
                    wp_unschedule_event($at, $hook, $job['args']);
                    try {
                        do_action_ref_array($hook, $job['args']);
                        $ran++;
                    } catch (\Throwable $problem) {
                        $failed++;
                        error_log("flotta-agent: job $hook: $problem");
                        Notes::error('Uncaught ' . get_class($problem) . ': ' . $problem->getMessage() . "\n" . $problem->getTraceAsString(), $problem->getFile(), $problem->getLine());
                    }
                    if (microtime(true) > $over || get_transient('doing_cron') !== $own) {
                        break 3;
                    }
                }
            }
        }
        if (get_transient('doing_cron') === $own) {
            delete_transient('doing_cron');
        }
        return self::told($ran, $failed, false);
    }

    private static function told(int $ran, int $failed, bool $busy): array
    {
        $cron = Report::cron((string) serialize(_get_cron_array() ?: []));
        return ['ok' => true, 'blog' => get_current_blog_id(), 'ran' => $ran, 'failed' => $failed, 'busy' => $busy, 'next' => $cron['next'], 'overdue' => $cron['overdue']];
    }
}

/** What this WordPress does differently in a fleet. */
final class Manners
{
    public static function teach(): void
    {
        if (getenv('FLOTTA_REHEARSAL') === '1') {
            self::keep_in();
        }
        // A cookie knows no port; WordPress would write one into a sub-domain network's cookies.
        if (is_multisite() && is_subdomain_install() && !defined('COOKIE_DOMAIN') && defined('DOMAIN_CURRENT_SITE') && str_contains(DOMAIN_CURRENT_SITE, ':')) {
            define('COOKIE_DOMAIN', '.' . strstr(DOMAIN_CURRENT_SITE, ':', true));
        }
        add_filter('pre_http_request', [self::class, 'at_home'], 1, 3);
        // The fleet runs every site's jobs in turn; visitors need not.
        if (getenv('FLOTTA_INSTANCE') && !defined('DISABLE_WP_CRON')) {
            define('DISABLE_WP_CRON', true);
        }
        Notes::keep();
        if (!defined('DISALLOW_FILE_MODS') || !DISALLOW_FILE_MODS) {
            return;
        }
        // Releases come from the fleet: nobody asks outside for updates.
        remove_action('init', 'wp_schedule_update_checks');
        foreach (['core', 'plugins', 'themes'] as $kind) {
            remove_action('admin_init', "_maybe_update_$kind");
            remove_all_actions($kind === 'core' ? 'wp_version_check' : "wp_update_$kind");
            add_filter("pre_site_transient_update_$kind", static fn() => (object) [
                'last_checked' => time(), 'version_checked' => $GLOBALS['wp_version'], 'updates' => [], 'response' => [], 'no_update' => [], 'translations' => [], 'checked' => []]);
        }
    }

    /**
     * A copy on which a release is tried must have no effect anywhere: no mail, no request to others, and no jobs, which would
     * also change what is compared. The network that it is on leads nowhere; here, what is refused is refused at once.
     */
    private static function keep_in(): void
    {
        defined('DISABLE_WP_CRON') || define('DISABLE_WP_CRON', true);
        remove_action('init', 'wp_cron');
        add_filter('pre_wp_mail', '__return_false', PHP_INT_MAX);
        add_filter('pre_http_request', static fn($answer, $arguments, $url) => $answer !== false || wp_parse_url($url, PHP_URL_HOST) === '127.0.0.1'
            ? $answer : new \WP_Error('flotta_rehearsal', 'A rehearsal asks nobody outside.'), PHP_INT_MAX, 3);
    }

    /**
     * WordPress asks its own public address for cron, site health and more. Those requests stay in the container: the
     * way out and back may not exist, and a local certificate authority is not known here.
     */
    public static function at_home($answer, $arguments, $url)
    {
        $at = wp_parse_url($url);
        $host = strtolower($at['host'] ?? '');
        if ($answer !== false || $host === '') {
            return $answer;
        }
        if ($host === 'api.wordpress.org' && defined('DISALLOW_FILE_MODS') && DISALLOW_FILE_MODS) {
            return new \WP_Error('flotta_no_updates', 'Updates come from the fleet.');
        }
        $port = isset($at['port']) ? ":{$at['port']}" : '';
        if (!self::is_own($host . $port)) {
            return $answer;
        }
        $arguments['headers'] = is_array($arguments['headers'] ?? null) ? $arguments['headers'] : [];
        $arguments['headers']['Host'] = $host . $port;
        $arguments['headers']['X-Forwarded-Proto'] = $at['scheme'] ?? 'https';
        $arguments['headers']['X-Forwarded-For'] = '127.0.0.1';
        $arguments['reject_unsafe_urls'] = false;
        $hops = (int) ($arguments['redirection'] ?? 5);
        $arguments['redirection'] = 0;
        $inside = 'http://127.0.0.1:' . (getenv('FLOTTA_LOOPBACK_PORT') ?: '80') . ($at['path'] ?? '/') . (isset($at['query']) ? "?{$at['query']}" : '');
        $answer = wp_remote_request($inside, $arguments);
        $next = is_wp_error($answer) ? '' : (string) wp_remote_retrieve_header($answer, 'location');
        if ($next === '' || $hops < 1 || wp_remote_retrieve_response_code($answer) >= 400) {
            return $answer;
        }
        unset($arguments['headers']['Host']);
        $next = \WP_Http::make_absolute_url($next, $url);
        return wp_remote_request($next, ['redirection' => $hops - 1, 'method' => ($arguments['method'] ?? 'GET') === 'HEAD' ? 'HEAD' : 'GET', 'body' => null] + $arguments);
    }

    private static function is_own(string $host): bool
    {
        static $known = [];
        if (!isset($known[$host])) {
            $own = [$_SERVER['HTTP_HOST'] ?? ''];
            foreach ([get_option('home'), get_option('siteurl')] as $address) {
                $at = wp_parse_url((string) $address);
                $own[] = ($at['host'] ?? '') . (isset($at['port']) ? ":{$at['port']}" : '');
            }
            $known[$host] = in_array($host, array_map('strtolower', $own), true)
                || (is_multisite() && get_sites(['domain' => $host, 'number' => 1, 'fields' => 'ids', 'network_id' => 0]) !== []);
        }
        return $known[$host];
    }
}

/** The command line: `php flotta-agent.php VERB` inside the container. */
final class Terminal
{
    private const VERBS = ['ready', 'facts', 'invite', 'install'];
    private bool $answered = false;
    private string $verb;
    private array $input = [];
    private ?Installation $installation = null;

    public function __construct(array $arguments)
    {
        $this->verb = $arguments[1] ?? '';
        ob_start();
        // WordPress dies in its own ways; whatever happens, what comes out is one JSON object.
        register_shutdown_function(function () {
            if (!$this->answered) {
                $said = trim(preg_replace('/\s+/', ' ', strip_tags($this->drain() . ' ' . (error_get_last()['message'] ?? ''))));
                $this->answer(['ok' => false, 'error' => "$this->verb ended early: " . substr($said, 0, 500), 'fix' => 'see that the database answers and the configuration is right, then try again']);
            }
        });
    }

    /** Reads the question and makes ready; answers the file that loads WordPress. */
    public function begin(): string
    {
        if (!in_array($this->verb, self::VERBS, true)) {
            throw new Refusal("there is no verb \"$this->verb\"", 'use ' . implode(', ', self::VERBS));
        }
        $text = stream_isatty(STDIN) ? '' : trim((string) stream_get_contents(STDIN, 1048576));
        $input = $text === '' ? [] : json_decode($text, true, 32);
        if (!is_array($input)) {
            throw new Refusal('standard input is not a JSON object', 'send JSON');
        }
        $this->input = $input;
        $domain = $input['domain'] ?? self::configured_domain();
        $https = ($input['scheme'] ?? 'https') === 'https';
        if ($this->verb === 'install') {
            $this->installation = new Installation($input);
            $this->installation->before_wordpress();
        }
        // WordPress takes its bearings from a request; here is one for the main site.
        $_SERVER = ['HTTP_HOST' => $domain, 'SERVER_NAME' => strtok($domain, ':'), 'REQUEST_URI' => '/', 'REQUEST_METHOD' => 'GET', 'SERVER_PROTOCOL' => 'HTTP/1.1',
            'REMOTE_ADDR' => '127.0.0.1', 'SCRIPT_NAME' => '/index.php', 'PHP_SELF' => '/index.php'] + ($https ? ['HTTPS' => 'on'] : []) + $_SERVER;
        foreach ([dirname(__DIR__, 2), getcwd(), '/var/www/html', '/var/www/html/wp'] as $folder) {
            if (is_file("$folder/wp-load.php")) {
                return "$folder/wp-load.php";
            }
        }
        throw new Refusal('no WordPress was found', 'run this in the folder that holds wp-load.php');
    }

    /** With WordPress loaded: does what was asked. */
    public function end(): never
    {
        $result = match ($this->verb) {
            'ready' => Verbs::ready(),
            'facts' => Verbs::facts(),
            'invite' => Verbs::invite($this->input),
            'install' => $this->installation->run(),
        };
        $this->answer($result);
        exit($result['ok'] ? 0 : 1);
    }

    public function fail(\Throwable $problem): never
    {
        if (!$problem instanceof Refusal) {
            error_log('flotta-agent: ' . $problem);
        }
        $this->answer(['ok' => false, 'error' => ($problem instanceof Refusal ? '' : "$this->verb failed: ") . $problem->getMessage(),
            'fix' => $problem instanceof Refusal ? $problem->fix : "read the container's log"]);
        exit(1);
    }

    private static function configured_domain(): string
    {
        $extra = (string) getenv('WORDPRESS_CONFIG_EXTRA');
        if (preg_match('/DOMAIN_CURRENT_SITE[\'"]\s*,\s*[\'"]([^\'"]+)/', $extra, $found)) {
            return $found[1];
        }
        return preg_match('#WP_HOME[\'"]\s*,\s*[\'"]https?://([^\'"/]+)#', $extra, $found) ? $found[1] : 'localhost';
    }

    private function drain(): string
    {
        $said = '';
        while (ob_get_level() > 0) {
            $said = ob_get_clean() . $said;
        }
        return $said;
    }

    private function answer(array $answer): void
    {
        $this->drain();
        $this->answered = true;
        fwrite(STDOUT, encode($answer) . "\n");
        // Nothing after it: WordPress, too, has something to say about a fatal error.
        ob_start(static fn() => '');
    }
}

/** Installs WordPress: from nothing, or by giving a template's copy its own name. Run again it changes nothing. */
final class Installation
{
    private string $title;
    private string $domain;
    private string $path;
    private string $scheme;
    private string $network;
    private string $login;
    private string $email;
    private string $locale;
    private bool $template;

    public function __construct(private array $input)
    {
        $this->title = $this->text('title', '/^.{1,200}$/us', 'a title of 1 to 200 characters');
        $this->domain = $this->text('domain', '/^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?$/D', 'a lower-case host name, with a port if it is not 443');
        $this->path = $this->text('path', '#^/([A-Za-z0-9_-]+/)*$#D', 'a path that begins and ends with a slash', '/');
        $this->scheme = $this->text('scheme', '/^https?$/D', 'http or https', 'https');
        $this->network = $this->text('network', '/^(single|sub-directory|sub-domain)$/D', 'single, sub-directory or sub-domain');
        $this->login = $this->text('admin_login', '/^[a-z0-9_.@-]{1,60}$/D', 'a login name of 1 to 60 of a-z 0-9 _ . @ -');
        $this->email = $this->text('admin_email', '/^[^@\s]+@[^@\s]+$/D', 'an e-mail address');
        $this->locale = $this->text('locale', '/^[a-z]{2,3}(_[A-Z]{2})?(_[a-z0-9]+)?$/D', 'a locale such as sv_SE', 'sv_SE');
        $this->template = ($input['template'] ?? false) === true;
    }

    private function text(string $field, string $pattern, string $wanted, ?string $otherwise = null): string
    {
        $value = $this->input[$field] ?? $otherwise;
        if (!is_string($value) || !preg_match($pattern, $value)) {
            throw new Refusal("$field is " . (isset($this->input[$field]) ? 'not right' : 'missing'), "give $wanted");
        }
        return $value;
    }

    /** A network's code refuses to load before its tables exist: what is not there yet is looked at as a single site. */
    public function before_wordpress(): void
    {
        define('WP_INSTALLING', true);
        define('MULTISITE', false);
        set_error_handler(static fn(int $kind, string $text) => str_contains($text, 'already defined'), E_WARNING | E_NOTICE);
    }

    public function run(): array
    {
        global $wpdb;
        restore_error_handler();
        $wpdb->suppress_errors();
        if ((string) $wpdb->get_var('SELECT 1') !== '1') {
            throw new Refusal('the database does not answer', 'see that the database server runs and the account is right');
        }
        if ($wpdb->get_var("SELECT GET_LOCK(CONCAT('flotta_install_', DATABASE()), 0)") !== '1') {
            throw new Refusal('another installation of this instance is running', 'wait for it to end');
        }
        foreach ($wpdb->tables('ms_global') as $name => $table) {
            $wpdb->$name = $table;
        }
        $tables = $wpdb->get_col($wpdb->prepare('SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name LIKE %s', $wpdb->esc_like($wpdb->base_prefix) . '%'));
        $marker = $wpdb->base_prefix . 'flotta_install';
        $how = 'fresh';
        if (in_array($marker, $tables, true)) {
            // Ours, and never finished: nobody has worked in it.
            $wpdb->query('SET foreign_key_checks = 0');
            foreach ($tables as $table) {
                $wpdb->query("DROP TABLE IF EXISTS `$table`");
            }
            $tables = [];
            $how = 'repaired';
        }
        if ($tables !== []) {
            $this->check_kind($tables);
            if (get_option('flotta_template') !== false) {
                $this->adopt();
                return $this->verified(['already' => false, 'how' => 'template']);
            }
            $this->check_complete($tables);
            return $this->verified(['already' => true, 'how' => 'found']);
        }
        $wpdb->query("CREATE TABLE `$marker` (started DATETIME NOT NULL)");
        $this->fresh();
        $wpdb->query("DROP TABLE `$marker`");
        return $this->verified(['already' => false, 'how' => $how]);
    }

    private function address(): string
    {
        return $this->scheme . '://' . $this->domain . rtrim($this->path, '/');
    }

    private function fresh(): void
    {
        global $wpdb, $wp_rewrite, $wp_locale;
        // Nobody is mailed, and no request is made to find out whether addresses can be pretty.
        eval('function wp_new_blog_notification($title, $url, $user, $password) {}');
        add_filter('pre_wp_mail', '__return_false');
        add_filter('pre_http_request', static fn() => new \WP_Error('flotta_installing', 'No requests while installing.'), 0);
        add_filter('locale', fn() => $this->locale);
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        load_default_textdomain($this->locale);
        $wp_locale = new \WP_Locale();
        defined('WP_SITEURL') || define('WP_SITEURL', $this->address());
        $structure = ($this->network === 'sub-directory' ? '/blog' : '') . '/%year%/%monthnum%/%day%/%postname%/';
        $pretty = static fn() => $structure;
        add_filter('pre_option_permalink_structure', $pretty);
        $done = wp_install($this->title, $this->login, $this->email, true, '', wp_slash(wp_generate_password(40, false)), $this->locale);
        if (is_wp_error($done) || empty($done['user_id'])) {
            throw new \RuntimeException('wp_install: ' . (is_wp_error($done) ? $done->get_error_message() : 'no user was made: ' . $wpdb->last_error));
        }
        remove_filter('pre_option_permalink_structure', $pretty);
        $settings = ['home' => $this->address(), 'siteurl' => defined('WP_SITEURL') ? WP_SITEURL : $this->address(), 'WPLANG' => $this->locale, 'ping_sites' => '',
            'default_pingback_flag' => '0', 'default_ping_status' => 'closed', 'show_avatars' => '0', 'permalink_structure' => $structure];
        if ($this->locale === 'sv_SE') {
            $settings['timezone_string'] = 'Europe/Stockholm';
        }
        foreach ($settings as $name => $value) {
            update_option($name, $value);
        }
        wp_delete_comment(1, true);
        array_map('wp_clear_scheduled_hook', ['wp_version_check', 'wp_update_plugins', 'wp_update_themes']);
        delete_user_option($done['user_id'], 'default_password_nag', true);
        if ($this->network !== 'single') {
            install_network();
            wp_set_current_user($done['user_id']);
            $made = populate_network(1, $this->domain, $this->email, $this->title, $this->path, $this->network === 'sub-domain');
            if (is_wp_error($made) && $made->get_error_code() !== 'no_wildcard_dns') {
                throw new \RuntimeException('populate_network: ' . $made->get_error_message());
            }
            // Else WordPress allows 1.5 MB for a file.
            $wpdb->update($wpdb->sitemeta, ['meta_value' => '65536'], ['meta_key' => 'fileupload_maxk', 'site_id' => 1]);
            $wpdb->update($wpdb->blogs, ['public' => 1], ['blog_id' => 1]);
        }
        $wp_rewrite->init();
        $wp_rewrite->set_permalink_structure($structure);
        // Types were registered before there was a structure: only the first visitor's request can make rules that lead anywhere.
        delete_option('rewrite_rules');
        $this->sign();
    }

    private function sign(): void
    {
        if ($this->template) {
            update_option('flotta_template', VERSION, false);
        }
        update_option('flotta_installed', gmdate('Y-m-d\TH:i:s\Z'), false);
    }

    private function check_kind(array $tables): void
    {
        global $wpdb;
        $found = 'single';
        if (in_array($wpdb->site, $tables, true)) {
            $found = $wpdb->get_var("SELECT meta_value FROM $wpdb->sitemeta WHERE meta_key = 'subdomain_install' ORDER BY site_id LIMIT 1") ? 'sub-domain' : 'sub-directory';
        }
        if ($found !== $this->network) {
            throw new Refusal("the database holds an installation of kind $found, not $this->network", 'ask for that kind, or give the instance an empty schema');
        }
    }

    private function check_complete(array $tables): void
    {
        global $wpdb;
        $single = $this->network === 'single';
        $missing = array_diff($wpdb->tables('blog') + $wpdb->tables('global') + ($single ? [] : $wpdb->tables('ms_global')), $tables);
        $faults = $missing ? ['without ' . implode(', ', array_slice($missing, 0, 3))] : [];
        if (!$missing) {
            $admins = (int) $wpdb->get_var($wpdb->prepare("SELECT COUNT(*) FROM $wpdb->users JOIN $wpdb->usermeta ON user_id = ID WHERE meta_key = %s AND meta_value LIKE %s", $wpdb->get_blog_prefix() . 'capabilities', '%administrator%'));
            $faults = array_keys(array_filter(['without a site address' => !is_blog_installed(), 'without an administrator' => $admins === 0,
                'without a network' => !$single && !$wpdb->get_var("SELECT COUNT(*) FROM $wpdb->site JOIN $wpdb->blogs ON site_id = id")]));
        }
        if ($faults) {
            throw new Refusal('the database holds part of a WordPress that this agent did not make (' . implode(', ', $faults) . ')', 'give the instance an empty schema, or restore a complete one');
        }
    }

    /** The schema is a copy of a template: everything that names the template gets this instance's names. */
    private function adopt(): void
    {
        global $wpdb;
        $old = rtrim((string) $wpdb->get_var("SELECT option_value FROM $wpdb->options WHERE option_name = 'home'"), '/');
        $old_domain = substr($old, strpos($old, '://') + 3);
        $admin = (int) $wpdb->get_var("SELECT MIN(ID) FROM $wpdb->users");
        $now = current_time('mysql', true);
        $wpdb->query('START TRANSACTION');
        foreach (['home' => $this->address(), 'siteurl' => $this->address(), 'blogname' => $this->title, 'admin_email' => $this->email, 'new_admin_email' => $this->email] as $name => $value) {
            $wpdb->update($wpdb->options, ['option_value' => $value], ['option_name' => $name]);
        }
        $wpdb->update($wpdb->users, ['user_login' => $this->login, 'user_nicename' => sanitize_title($this->login), 'display_name' => $this->login, 'user_email' => $this->email, 'user_url' => $this->address(),
            'user_pass' => wp_hash_password(wp_generate_password(40, false)), 'user_registered' => $now, 'user_activation_key' => ''], ['ID' => $admin]);
        $wpdb->update($wpdb->usermeta, ['meta_value' => $this->login], ['user_id' => $admin, 'meta_key' => 'nickname']);
        $wpdb->query("DELETE FROM $wpdb->usermeta WHERE meta_key = 'session_tokens'");
        $wpdb->query($wpdb->prepare("UPDATE $wpdb->posts SET guid = REPLACE(guid, %s, %s), post_content = REPLACE(post_content, %s, %s), post_date = %s, post_date_gmt = %s, post_modified = %s, post_modified_gmt = %s",
            $old, $this->address(), $old, $this->address(), get_date_from_gmt($now), $now, get_date_from_gmt($now), $now));
        if ($this->network !== 'single') {
            $wpdb->update($wpdb->site, ['domain' => $this->domain, 'path' => $this->path], ['id' => 1]);
            $wpdb->update($wpdb->blogs, ['domain' => $this->domain, 'path' => $this->path, 'registered' => $now, 'last_updated' => $now], ['blog_id' => 1]);
            foreach (['site_name' => $this->title, 'admin_email' => $this->email, 'siteurl' => $this->address() . '/', 'site_admins' => serialize([$this->login])] as $name => $value) {
                $wpdb->update($wpdb->sitemeta, ['meta_value' => $value], ['site_id' => 1, 'meta_key' => $name]);
            }
            $wpdb->update($wpdb->usermeta, ['meta_value' => $this->domain], ['user_id' => $admin, 'meta_key' => 'source_domain', 'meta_value' => $old_domain]);
        }
        $wpdb->query("DELETE FROM $wpdb->options WHERE option_name LIKE '\\_transient\\_%' OR option_name LIKE '\\_site\\_transient\\_%'");
        $wpdb->query("DELETE FROM $wpdb->options WHERE option_name = 'flotta_template'");
        $this->sign();
        $wpdb->query('COMMIT');
    }

    /** What counts is how the instance's own configuration sees it: asked in a process of its own. */
    private function verified(array $answer): array
    {
        global $wpdb;
        $wpdb->query("SELECT RELEASE_LOCK(CONCAT('flotta_install_', DATABASE()))");
        $told = ['ok' => true] + $answer + ['admin_login' => $this->login, 'url' => $this->address() . '/', 'network' => $this->network];
        if (($this->input['verify'] ?? true) === false) {
            return $told;
        }
        $child = proc_open([PHP_BINARY, __FILE__, 'ready'], [['pipe', 'r'], ['pipe', 'w'], STDERR], $pipes, getcwd() ?: null);
        if (!is_resource($child)) {
            throw new \RuntimeException('no process could be started to verify the installation');
        }
        fwrite($pipes[0], encode(['domain' => $this->domain, 'scheme' => $this->scheme]));
        fclose($pipes[0]);
        $seen = json_decode((string) stream_get_contents($pipes[1]), true);
        proc_close($child);
        if (!is_array($seen) || !($seen['ready'] ?? false)) {
            throw new Refusal('installed, but it does not load: ' . ($seen['error'] ?? 'no answer'), 'see that WORDPRESS_CONFIG_EXTRA says the same domain and network kind');
        }
        if ($seen['network'] !== $this->network) {
            throw new Refusal("installed as $this->network, but configured as {$seen['network']}", 'set MULTISITE and SUBDOMAIN_INSTALL in WORDPRESS_CONFIG_EXTRA to match');
        }
        return $told + $seen;
    }
}

if (defined('ABSPATH')) {
    Manners::teach();
    Door::open();
} elseif (PHP_SAPI === 'cli' && realpath($argv[0] ?? '') === __FILE__) {
    // At the top level, since WordPress's globals must be global.
    $flotta_terminal = new Terminal($argv);
    // WordPress will not load this file again as a plugin, so it is told beforehand what the plugin would do.
    $wp_filter['muplugins_loaded'][0]['flotta'] = ['function' => [Manners::class, 'teach'], 'accepted_args' => 0];
    try {
        require_once $flotta_terminal->begin();
        $flotta_terminal->end();
    } catch (\Throwable $flotta_problem) {
        $flotta_terminal->fail($flotta_problem);
    }
} else {
    // Fetched by itself, over the web: nothing.
    http_response_code(404);
}
