# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2120,SC2119,SC2015,SC1003 # shared names come from the files that source this one
#
# Checks of the release image, for tests/images.

front_page_is_swedish() {
    status_is "$1" 200 / && page_has '<html lang="sv-SE"' && page_has 'Testköpings kommun' && page_has 'Hej världen!' && page_has 'Gjord med'
}
login_page_answers() { status_is "$1" 200 /wp-login.php && page_has 'Lösenord' && [[ -z $(header location) ]]; }
admin_redirects_once() {
    local status to
    status=$(visit "$1" /wp-admin/)
    to=$(header location)
    [[ $status == 302 && $to == "https://$(domain_of "$1")/wp-login.php?"* ]] || { echo "$status $to" && return 1; }
    status_is "$1" 200 "/wp-login.php?${to#*\?}"
}
sees_visitor() {
    visit single '/?flotta_probe=seen' -H 'X-Forwarded-For: 203.0.113.9, 192.0.2.7' >/dev/null && page_has '"address":"192.0.2.7"'
}
sees_scheme() { status_is single 200 '/?flotta_probe=seen' && page_has '"https":true' && page_has "\"host\":\"$(domain_of single)\""; }
sends_no_mail() {
    local began=$SECONDS
    status_is single 200 '/?flotta_probe=mail' && page_has '"sent":false' && ((SECONDS - began < 3))
}
asks_nothing() {
    local began=$SECONDS
    status_is single 200 '/?flotta_probe=outside' && page_has '"updates":[]' && page_has '"cron":false' && ((SECONDS - began < 3))
}
loops_back() { status_is single 200 '/?flotta_probe=loopback' && page_has '"status":200' && page_has '"https":true' && page_has '"address":"127.0.0.1"'; }
static_is_cached() { status_is single 200 '/wp-includes/css/dist/block-library/style.min.css?ver=6.8' && [[ $(header cache-control) == *max-age=31536000* && $(header content-type) == text/css* ]]; }
log_is_clean() {
    local secret
    sleep 5 # the web server writes its log every few seconds
    docker logs "$fleet-$1" >"$work/log" 2>&1
    grep -q '/wp-login.php' "$work/log" || { echo "no access log" && return 1; }
    for secret in "$work/secrets-$1"/*; do ! grep -qF "$(cat "$secret")" "$work/log" || return 1; done
    ! grep -q 'flotta_probe' "$work/log"
}
environment_is_clean() {
    local secret
    docker inspect "$fleet-single" >"$work/inspect"
    docker exec "$fleet-single" sh -c 'cat /proc/*/cmdline /proc/1/environ' 2>/dev/null | tr '\0' '\n' >>"$work/inspect"
    for secret in "$work/secrets-single"/*; do ! grep -qF "$(cat "$secret")" "$work/inspect" || return 1; done
}
serves_without_network() {
    docker run -d --name "$fleet-alone" --label "$label" --network none --read-only --tmpfs /tmp --tmpfs /run:mode=1777 --cap-drop ALL --security-opt no-new-privileges --sysctl net.ipv4.ip_unprivileged_port_start=0 \
        -v "$work/db:/run/flotta/db:ro" -v "$work/secrets-single:/run/secrets/flotta:ro" -e WORDPRESS_DB_USER=single -e WORDPRESS_DB_NAME=single \
        -e WORDPRESS_DB_PASSWORD_FILE=/run/secrets/flotta/db_password "$wordpress_image" >/dev/null || return 1
    timeout 20 docker exec "$fleet-alone" php -r '
        $began = microtime(true);
        $page = file_get_contents("http://127.0.0.1/", false, stream_context_create(["http" => ["header" => "Host: '"$(domain_of single)"'\r\nX-Forwarded-Proto: https"]]));
        $took = microtime(true) - $began;
        echo strlen($page), " bytes in ", (int) ($took * 1000), " ms\n";
        exit(str_contains($page, "sv-SE") && $took < 5 ? 0 : 1);'
    local result=$?
    docker rm -fv "$fleet-alone" >/dev/null
    return $result
}

# -- People ---------------------------------------------------------------------------------------
log_in() { # NAME; leaves $work/jar-NAME
    COOKIES=$work/jar-$1
    echo 'wordpress_test_cookie=WP Cookie check' >"$COOKIES"
    [[ $(visit "$1" /wp-login.php --data-urlencode log=admin --data-urlencode "pwd=$(cat "$work/password")" -d testcookie=1) == 302 ]] || { echo "not let in" && return 1; }
    grep -q '^wordpress_logged_in_' "$COOKIES"
}
logs_in() {
    local COOKIES
    log_in "$1" && status_is "$1" 200 /wp-admin/ && page_has 'lang="sv-SE"' && page_has '<title>Adminpanel' && page_has 'Inlägg'
}

# -- Language -------------------------------------------------------------------------------------
# The page asked for no text that has no Swedish (the probe writes that into the page, seen from the log-in's start on).
asks_nothing_in_vain() {
    page_has '<!-- untranslated: ' || return 1
    ! grep -o '<!-- untranslated: .*' "$work/page" | grep -vF '<!-- untranslated: none -->'
}
log_in_is_swedish() { # NAME
    local COOKIES=$work/jar-swedish path
    : >"$COOKIES"
    for path in '?' '?loggedout=true&' '?interim-login=1&' '?reauth=1&' '?action=lostpassword&' '?action=lostpassword&error=invalidkey&' \
        '?action=lostpassword&error=expiredkey&' '?checkemail=confirm&' '?checkemail=registered&' '?registration=disabled&'; do
        visit "$1" "/wp-login.php${path}flotta_untranslated=1" >/dev/null && asks_nothing_in_vain || { echo "at $path" && return 1; }
    done
    status_is "$1" 200 '/wp-login.php?flotta_untranslated=1' && page_has '>Svenska</option>' && refuses page_has '>sv_SE</option>' &&
        page_has 'Användarnamn eller e-postadress' && page_has '&larr; Till Testköpings kommun' && page_has '"Hide":["Dölj"]' || return 1
    # Names that are unknown, wrong passwords, empty fields.
    for path in 'log=admin&pwd=wrong' 'log=nobody&pwd=wrong' 'log=admin@example.org&pwd=wrong' 'log=admin&pwd=' 'log=&pwd=x'; do
        visit "$1" '/wp-login.php?flotta_untranslated=1' -d "$path" >/dev/null && asks_nothing_in_vain && page_has '<strong>Fel:</strong>' || { echo "with $path" && return 1; }
    done
    visit "$1" '/wp-login.php?flotta_untranslated=1' -d 'log=a@example.org&pwd=wrong' >/dev/null && asks_nothing_in_vain && page_has 'E-postadressen är okänd' || return 1
    for path in 'user_login=' 'user_login=nobody' 'user_login=nobody@example.org' 'user_login=admin'; do
        visit "$1" '/wp-login.php?action=lostpassword&flotta_untranslated=1' -d "$path" >/dev/null && asks_nothing_in_vain && page_has '<strong>Fel:</strong>' || { echo "with $path" && return 1; }
    done
}
set_password_is_swedish() { # NAME
    local COOKIES=$work/jar-set link key
    : >"$COOKIES"
    answers 200 '"expires_at":"2' ask "$1" invite '{"login":"admin"}' || return 1
    link=$(grep -oE '"url":"[^"]+"' "$work/page" | cut -d'"' -f4)
    status_is "$1" 302 "/${link#https://*/}" && status_is "$1" 200 '/wp-login.php?action=rp&flotta_untranslated=1' && asks_nothing_in_vain || return 1
    page_has 'Spara lösenord' && page_has 'Skapa lösenord' && page_has '"Your new password has not been saved.":["Ditt nya lösenord är inte sparat."]' || return 1
    key=$(grep -oE 'name="rp_key" value="[^"]+"' "$work/page" | cut -d'"' -f4)
    visit "$1" '/wp-login.php?action=resetpass&flotta_untranslated=1' -d 'pass1=one&pass2=two' --data-urlencode "rp_key=$key" >/dev/null && asks_nothing_in_vain && page_has 'Lösenorden är inte lika'
}
# What everybody who works with a site meets; what the help says and what the scripts of the block editor say is not ours.
frame_is_swedish() { # NAME
    local COOKIES=$work/jar-$1 text
    status_is "$1" 200 /wp-admin/ || return 1
    for text in '>Adminpanel<' 'Hej admin' 'Minimera menyn' 'Webbplatshälsa' 'Besök webbplats' '<h2 class="hndle">Evenemang och nyheter om WordPress'; do page_has "$text" || return 1; done
    status_is "$1" 200 /wp-admin/options-general.php && page_has 'E-postadress för administration' && page_has '>Svenska</option>' &&
        status_is "$1" 200 /wp-admin/edit.php && page_has '>Massåtgärder<' && page_has '>Lägg till inlägg<' &&
        status_is "$1" 200 /wp-admin/profile.php && page_has '>Ange nytt lösenord<'
}
# Visitors' pages load the default catalogue only.
visitors_load_one_catalogue() {
    [[ $(docker exec "$fleet-$1" sh -c 'cd wp-content/languages && grep -lF "Minimera menyn" ./*.l10n.php') == ./admin-sv_SE.l10n.php ]]
}
uploads_image() {
    local COOKIES=$work/jar-single nonce url
    docker exec "$fleet-single" php -r '$i = imagecreatetruecolor(1600, 1200); imagefilledellipse($i, 800, 600, 900, 700, imagecolorallocate($i, 200, 80, 40)); imagejpeg($i, null, 85);' >"$work/bild.jpg"
    status_is single 200 /wp-admin/media-new.php || return 1
    nonce=$(grep -oE '"_wpnonce":"[0-9a-f]+"' "$work/page" | head -n 1 | cut -d'"' -f4)
    [[ $(visit single /wp-admin/async-upload.php -F "name=bild.jpg" -F action=upload-attachment -F "_wpnonce=$nonce" -F "async-upload=@$work/bild.jpg;type=image/jpeg") == 200 ]] || return 1
    page_has '"success":true' && page_has '"medium"' || return 1
    url=$(grep -oE 'wp-content\\/uploads\\/[^"]+-300x225\.jpg' "$work/page" | head -n 1 | tr -d '\\')
    status_is single 200 "/$url" && [[ $(header content-type) == image/jpeg ]] && echo "$url, $(stat -c %s "$work/page") bytes"
}
uploads_run_nothing() {
    local path
    docker exec -i "$fleet-single" sh -c 'cd wp-content/uploads; for f in a.php a.PHP a.phtml a.phar a.php5 a.jpg .htaccess .user.ini a.svg; do cat >$f <<E
<?php echo "RUN-".(6*7);
E
done; mkdir -p d; cp a.php d/index.php; printf "auto_prepend_file=a.php\n" >.user.ini'
    for path in a.php a.php/x a.PHP a.phtml a.phar a.php5 a.jpg/x.php .htaccess .user.ini d/ d a.php%00.jpg 'a.php?x=1' '%61.php' '/a.php' './a.php' a.jpg a.svg; do
        visit single "/wp-content/uploads/$path" --path-as-is -L --max-redirs 0 >"$work/status" 2>/dev/null
        ! grep -q 'RUN-42' "$work/page" || { echo "$path was run" && return 1; }
        case $path in
        a.jpg | a.svg) ;; *) ! grep -q 'RUN-' "$work/page" || { echo "$path is shown ($(cat "$work/status"))" && return 1; } ;;
        esac
    done
    status_is single 403 /wp-content/uploads/a.php
}
run_php() { timeout 30 docker exec -i "$fleet-$1" php; }
subsite_directory() {
    printf '%s' "<?php \$_SERVER['REMOTE_ADDR'] = '127.0.0.1'; \$_SERVER['HTTP_HOST'] = '$(domain_of sub-directory)'; require '/var/www/html/wp-load.php';
        \$id = wp_insert_site(['domain' => '$(domain_of sub-directory)', 'path' => '/skolan/', 'title' => 'Skolan', 'user_id' => 1, 'network_id' => 1]); echo is_wp_error(\$id) ? \$id->get_error_message() : 'made';" |
        run_php sub-directory | grep -q made || return 1
    status_is sub-directory 200 /skolan/ && page_has 'Skolan' && page_has 'sv-SE' &&
        status_is sub-directory 302 /skolan/wp-admin/ && [[ $(header location) == "https://$(domain_of sub-directory)/skolan/wp-login.php?"* ]] &&
        status_is sub-directory 301 /skolan/wp-admin && [[ $(header location) == */skolan/wp-admin/ ]] &&
        status_is sub-directory 200 /skolan/wp-login.php && page_has 'Lösenord' &&
        status_is sub-directory 200 /skolan/wp-includes/js/jquery/jquery.min.js && status_is sub-directory 404 /skolan/finns-inte/ &&
        status_is sub-directory 403 /skolan/wp-includes/version.php && status_is sub-directory 200 '/skolan/?rest_route=/'
}
subsite_domain() {
    local VISIT_HOST
    VISIT_HOST=skolan.$(domain_of sub-domain)
    printf '%s' "<?php \$_SERVER['REMOTE_ADDR'] = '127.0.0.1'; \$_SERVER['HTTP_HOST'] = '$(domain_of sub-domain)'; require '/var/www/html/wp-load.php';
        \$id = wp_insert_site(['domain' => '$VISIT_HOST', 'path' => '/', 'title' => 'Skolan', 'user_id' => 1, 'network_id' => 1]); echo is_wp_error(\$id) ? \$id->get_error_message() : 'made';" |
        run_php sub-domain | grep -q made || return 1
    status_is sub-domain 200 / && page_has 'Skolan' && page_has 'sv-SE' && status_is sub-domain 302 /wp-admin/ && [[ $(header location) == "https://$VISIT_HOST/wp-login.php?"* ]]
}
cookies_without_port() {
    local COOKIES=$work/jar-none domain
    : >"$COOKIES"
    visit sub-domain /wp-login.php >/dev/null
    domain=$(header set-cookie | grep -oiE 'domain=[^;]+' | head -n 1)
    [[ ${domain,,} == "domain=.sub-domain.$fleet.localhost" || ${domain,,} == "domain=sub-domain.$fleet.localhost" ]] || { echo "cookie: $(header set-cookie)" && return 1; }
}

# -- Life -----------------------------------------------------------------------------------------
runs_php() { [[ $(docker top "$fleet-$1" -o pid,comm) == *php-fpm* ]]; }
resident() { # NAME: what stays if files are not counted, in KiB
    local id file
    id=$(docker inspect -f '{{.Id}}' "$fleet-$1")
    if [[ -d /sys/fs/cgroup/memory ]]; then
        file=$(find /sys/fs/cgroup/memory -type d -name "*$id*" | head -n 1)/memory.stat
        awk '$1 == "total_rss" || $1 == "total_shmem" {n += $2} END {print int(n / 1024)}' "$file"
    else
        file=$(find /sys/fs/cgroup -type d -name "*$id*" | head -n 1)/memory.stat
        awk '$1 == "anon" || $1 == "shmem" {n += $2} END {print int(n / 1024)}' "$file"
    fi
}
sleeps_and_wakes() {
    start_instance single single -e FLOTTA_PHP_SLEEP_AFTER=2 || return 1
    wait_until 10 status_is single 200 / || return 1
    runs_php single || return 1
    wait_until 40 refuses runs_php single || { echo "PHP still runs" && return 1; }
    local kib
    kib=$(resident single)
    ((kib < 12 * 1024)) || { echo "$kib KiB stay" && return 1; }
    front_page_is_swedish single && runs_php single && echo "$kib KiB resident while asleep"
}
stop_keeps_slow_requests() {
    local i pids=()
    start_instance single single && wait_until 10 status_is single 200 / || return 1
    for i in {1..12}; do
        curl -sS -m 30 -o "$work/slow$i" -H "Host: $(domain_of single)" -H 'X-Forwarded-Proto: https' "http://$(address_of single)/?flotta_probe=slow&n=$i" 2>"$work/slow$i.error" &
        pids+=($!)
    done
    sleep 0.7
    docker stop -t 30 "$fleet-single" >/dev/null
    for i in {1..12}; do
        wait "${pids[i - 1]}"
        grep -q finished "$work/slow$i" || { echo "request $i: $(cat "$work/slow$i.error" "$work/slow$i")" && return 1; }
    done
    [[ $(docker inspect -f '{{.State.ExitCode}}' "$fleet-single") == 0 ]]
}
# Eight visitors without a pause. A refused connection was never in flight; one that was accepted must get its page.
stop_under_load() {
    local i lost=0 served=0 at
    docker start "$fleet-single" >/dev/null && wait_until 10 status_is single 200 / || return 1
    at=$(address_of single)
    rm -f "$work/stop"
    for i in {1..8}; do
        (while [[ ! -e $work/stop ]]; do
            curl -s -m 30 -o /dev/null -w '%{http_code}' -H "Host: $(domain_of single)" -H 'X-Forwarded-Proto: https' "http://$at/?n=$i"
            echo " $?"
        done >"$work/load$i") &
    done
    sleep 3
    docker stop -t 30 "$fleet-single" >/dev/null
    touch "$work/stop"
    wait
    served=$(cat "$work"/load* | grep -c '^200 0$')
    # 7: connection refused; 28 with 000: no answer to a connection attempt, as the address is gone.
    lost=$(cat "$work"/load* | grep -cvE '^(200 0|000 7|000 28)$')
    echo "$served served, $lost lost"
    ((served > 10 && lost == 0)) || { cat "$work"/load* | sort | uniq -c && return 1; }
}

# -- Figures --------------------------------------------------------------------------------------
stats() { docker stats --no-stream --format '{{.MemUsage}}' "$fleet-$1" | cut -d/ -f1; }
measure_memory() {
    local i fresh used
    start_instance single single && wait_until 10 status_is single 200 / || return 1
    docker restart -t 20 "$fleet-single" >/dev/null
    sleep 45
    fresh=$(resident single)
    check "figures: fresh and idle ≤ 12 MB resident" test "$fresh" -le 12288
    say "fresh and idle: $fresh KiB resident, docker stats says $(stats single)"
    for i in {1..100}; do visit single "$([[ $((i % 3)) == 0 ]] && echo /wp-login.php || echo /)" >/dev/null; done
    say "after 100 pages: $(resident single) KiB resident, docker stats says $(stats single)"
    sleep 120
    used=$(resident single)
    check "figures: two minutes after 100 pages ≤ 25 MB resident" test "$used" -le 25600
    say "two minutes later: $used KiB resident, docker stats says $(stats single)"
    say "the next visitor waits $(page_time) s, the one after $(page_time) s"
}
page_time() { curl -sS -m 30 -o /dev/null -w '%{time_total}' -H "Host: $(domain_of single)" -H 'X-Forwarded-Proto: https' "http://$(address_of single)/"; }
measure_cold_start() {
    local i at times=() began took
    start_instance single single && wait_until 10 status_is single 200 / || return 1
    at=$(address_of single)
    for i in {1..7}; do
        docker kill "$fleet-single" >/dev/null
        docker start "$fleet-single" >/dev/null
        began=$(date +%s%N)
        until [[ $(curl -s -m 10 -o /dev/null -w '%{http_code}' -H "Host: $(domain_of single)" -H 'X-Forwarded-Proto: https' "http://$at/") == 200 ]]; do :; done
        took=$((($(date +%s%N) - began) / 1000000))
        times+=("$took")
    done
    mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
    check "figures: started → first page ≤ 200 ms (median of 7)" test "${times[3]}" -le 200
    say "cold first page, ms: ${times[*]}; warm: $(page_time) $(page_time) $(page_time) s"
}
