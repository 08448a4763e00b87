# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2120,SC2119,SC2015,SC1003 # shared names come from the files that source this one
#
# What tests/images checks with. Everything made here carries the label of one throw-away fleet and
# is removed at the end, also after a failure.

fleet=imgtest$$
label=se.flotta.fleet=$fleet
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$top/Cargo.toml" | head -n 1)
wordpress_image=${WORDPRESS_IMAGE:-flotta/wordpress:$version}
mariadb_image=flotta/mariadb:11.8
gateway_image=flotta/gateway:2.6
agent=/var/www/html/wp-content/mu-plugins/flotta-agent.php
passed=0 failed=0 skipped=0

# -- Reporting ------------------------------------------------------------------------------------
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok      $name${output:+: $(tail -n 1 <<<"$output" | cut -c1-160)}"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        printf '%s\n' "$output" | tail -n 8 | cut -c1-400 | sed 's/^/        /'
    fi
}
skip() {
    skipped=$((skipped + 1))
    echo "skipped $1: $2"
}
total() {
    echo "$passed passed, $failed failed, $skipped skipped"
    ((failed == 0))
}
refuses() { ! "$@"; }
quiet() { "$@" >/dev/null 2>&1; }

# -- The place ------------------------------------------------------------------------------------
set_up() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/flotta-images-test.XXXXXX")
    chmod 755 "$work"
    mkdir -p "$work/db" "$work/gateway" "$work/gateway-data" "$work/seen"
    docker network create --label "$label" -o com.docker.network.bridge.enable_icc=false "$fleet-net" >/dev/null || fail "no network could be made" "docker network prune"
    clean_up_done=
}
clean_up() {
    local ids
    [[ -z $clean_up_done ]] || return 0
    clean_up_done=yes
    ids=$(docker ps -aq --filter "label=$label")
    # shellcheck disable=SC2086 # ids are words
    [[ -z $ids ]] || docker rm -fv $ids >/dev/null
    ids=$(docker volume ls -q --filter "label=$label")
    # shellcheck disable=SC2086
    [[ -z $ids ]] || docker volume rm $ids >/dev/null
    docker network rm "$fleet-net" >/dev/null
    rm -rf "$work"
}
random() { head -c "${1:-24}" /dev/urandom | od -An -tx1 | tr -d ' \n'; }
wait_until() { # SECONDS COMMAND...
    local end=$((SECONDS + $1))
    shift
    until quiet "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}

# -- MariaDB --------------------------------------------------------------------------------------
start_database() {
    (umask 077 && random >"$work/db_admin_password")
    docker volume create --label "$label" "$fleet-db" >/dev/null
    docker run -d --name "$fleet-db" --label "$label" --network none -v "$fleet-db:/var/lib/mysql" -v "$work/db:/run/mysqld" \
        -v "$work/db_admin_password:/run/secrets/db_admin_password:ro" -e DB_BUFFER_POOL=64M -e DB_FLUSH_LOG=2 "$mariadb_image" >/dev/null
}
sql() { timeout 30 docker exec -i "$fleet-db" mariadb --batch --skip-column-names "$@"; }
database_answers() { wait_until 60 sql -e 'SELECT 1'; }
dump_works() { docker exec "$fleet-db" sh -c 'mariadb-dump --all-databases | zstd -q | zstd -dq | tail -n 1' | grep 'Dump completed'; }
admin_logs_in() {
    docker run --rm --label "$label" --network none -v "$work/db:/run/flotta/db:ro" -v "$work/db_admin_password:/p:ro" --user 0 --entrypoint sh "$mariadb_image" -c \
        'MYSQL_PWD=$(cat /p) mariadb --no-defaults -S /run/flotta/db/mysqld.sock -u flotta -e "SHOW GRANTS"' | grep -o 'ALL PRIVILEGES ON \*\.\* .*GRANT OPTION' | sed 's/IDENTIFIED.*WITH/… WITH/'
}
short_password_refused() {
    echo short >"$work/short"
    ! docker run --rm --label "$label" --network none -v "$work/short:/run/secrets/db_admin_password:ro" "$mariadb_image" >"$work/said" 2>&1 && grep 'fix:' "$work/said"
}

# -- The gateway ----------------------------------------------------------------------------------
start_gateway() {
    gateway_port=$((20000 + RANDOM % 10000))
    docker run -d --name "$fleet-gateway" --label "$label" --network host -v "$work/gateway:/run/flotta-gateway" -v "$work/gateway-data:/data" "$gateway_image" >/dev/null
    wait_until 15 docker exec "$fleet-gateway" flotta-gateway health
}
gateway_loads() {
    cat >"$work/caddy.json" <<JSON
{"admin": {"listen": "unix//run/flotta-gateway/admin.sock", "origins": ["localhost"]},
 "apps": {"http": {"servers": {"s": {"listen": ["127.0.0.1:$gateway_port"], "routes": [{"handle": [
   {"handler": "rewrite", "uri": "/paused.html"}, {"handler": "file_server", "root": "/srv/pages", "status_code": "503"}]}]}}}}}
JSON
    curl -sSf -m 10 --unix-socket "$work/gateway/admin.sock" -H 'Content-Type: application/json' --data-binary "@$work/caddy.json" http://localhost/load && gateway_serves
}
gateway_serves() { [[ $(curl -s -m 5 -o "$work/page" -w '%{http_code}' "http://127.0.0.1:$gateway_port/x") == 503 ]] && grep -q 'Vi uppdaterar' "$work/page"; }
gateway_survives() {
    docker kill "$fleet-gateway" >/dev/null && docker start "$fleet-gateway" >/dev/null && wait_until 15 gateway_serves && docker exec "$fleet-gateway" flotta-gateway health
}
page_is_good() {
    local page
    page=$(docker exec "$fleet-gateway" cat "/srv/pages/$1.html") || return 1
    grep -q '<html lang="sv">' <<<"$page" && grep -q 'lang="en"' <<<"$page" && grep -q 'prefers-color-scheme:dark' <<<"$page" &&
        grep -q '<h1>' <<<"$page" && ! grep -qE '(src|href)=|url\(|@import|<script' <<<"$page"
}

# -- Instances ------------------------------------------------------------------------------------
domain_of() { echo "$1.$fleet.localhost:8443"; }
address_of() { docker inspect -f "{{(index .NetworkSettings.Networks \"$fleet-net\").IPAddress}}" "$fleet-$1"; }
config_extra() { # NAME KIND
    local domain
    domain=$(domain_of "$1")
    echo "define('DISABLE_WP_CRON', true);"
    if [[ $2 == single ]]; then
        echo "define('WP_HOME', 'https://$domain'); define('WP_SITEURL', 'https://$domain');"
    else
        echo "define('MULTISITE', true); define('SUBDOMAIN_INSTALL', $([[ $2 == sub-domain ]] && echo true || echo false)); define('DOMAIN_CURRENT_SITE', '$domain');"
        echo "define('PATH_CURRENT_SITE', '/'); define('SITE_ID_CURRENT_SITE', 1); define('BLOG_ID_CURRENT_SITE', 1);"
    fi
}
make_schema() { # NAME
    local schema=${1//-/_} secrets=$work/secrets-$1 key
    mkdir -p "$secrets"
    for key in db_password agent_key {auth,secure_auth,logged_in,nonce}_{key,salt}; do [[ -s $secrets/$key ]] || random 32 >"$secrets/$key"; done
    chown -R 33:33 "$secrets" && chmod 500 "$secrets" && chmod 400 "$secrets"/*
    sql <<SQL
CREATE DATABASE IF NOT EXISTS \`$schema\`; CREATE USER IF NOT EXISTS '$schema'@'localhost' IDENTIFIED BY '$(cat "$secrets/db_password")'; GRANT ALL ON \`$schema\`.* TO '$schema'@'localhost';
SQL
}
start_instance() { # NAME KIND [docker arguments]
    local name=$1 kind=$2 key keys=()
    shift 2
    make_schema "$name"
    for key in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do keys+=(-e "WORDPRESS_${key}_FILE=/run/secrets/flotta/${key,,}"); done
    docker volume create --label "$label" "$fleet-$name-uploads" >/dev/null
    docker rm -f "$fleet-$name" >/dev/null 2>&1
    docker run -d --name "$fleet-$name" --label "$label" --network "$fleet-net" --read-only --tmpfs /tmp:mode=1777 --tmpfs /run:mode=1777 --cap-drop ALL \
        --security-opt no-new-privileges --sysctl net.ipv4.ip_unprivileged_port_start=0 --memory 512m --pids-limit 100 \
        -v "$work/db:/run/flotta/db:ro" -v "$work/secrets-$name:/run/secrets/flotta:ro" -v "$fleet-$name-uploads:/var/www/html/wp-content/uploads" \
        -v "$top/docker/agent/flotta-agent.php:$agent:ro" -v "$top/docker/agent/test/probe.php:/var/www/html/wp-content/mu-plugins/zz-probe.php:ro" \
        -e WORDPRESS_DB_HOST=localhost:/run/flotta/db/mysqld.sock -e "WORDPRESS_DB_USER=${name//-/_}" -e "WORDPRESS_DB_NAME=${name//-/_}" \
        -e WORDPRESS_DB_PASSWORD_FILE=/run/secrets/flotta/db_password "${keys[@]}" -e WORDPRESS_TABLE_PREFIX=wp_ -e "WORDPRESS_CONFIG_EXTRA=$(config_extra "$name" "$kind")" \
        -e FLOTTA_AGENT_KEY_FILE=/run/secrets/flotta/agent_key -e "FLOTTA_INSTANCE=$name" "$@" "$wordpress_image" >/dev/null || return 1
}
question() { # NAME KIND [more JSON]
    printf '{"title":"Testköpings kommun","domain":"%s","path":"/","scheme":"https","network":"%s","admin_login":"admin","admin_email":"admin@example.org","locale":"sv_SE"%s}' "$(domain_of "$1")" "$2" "${3:+,$3}"
}
install() { question "$@" | timeout 60 docker exec -i "$fleet-$1" php "$agent" install; }
installs() { # KIND ALREADY
    local answer
    answer=$(install "$1" "$1") || { echo "$answer" && return 1; }
    grep -q "\"already\":$2," <<<"$answer" && grep -q "\"network\":\"$1\"" <<<"$answer" || { echo "$answer" && return 1; }
}
# A visit as the gateway makes it. Cookies are kept here, since curl would not send secure ones over plain HTTP.
visit() { # NAME PATH [curl arguments]; the page is in $work/page, the headers in $work/head
    local name=$1 path=$2 host status
    shift 2
    host=${VISIT_HOST:-$(domain_of "$name")}
    status=$(curl -sS -m 30 -o "$work/page" -D "$work/head" -w '%{http_code}' -H "Host: $host" -H 'X-Forwarded-Proto: https' -H "X-Forwarded-Host: $host" -H 'X-Forwarded-For: 192.0.2.7' \
        ${COOKIES:+-H "Cookie: $(paste -sd ';' "$COOKIES")"} "$@" "http://$(address_of "${VISIT_IN:-$name}")$path") || return 1
    if [[ -n ${COOKIES:-} ]]; then
        sed -nE 's/^[Ss]et-[Cc]ookie: ([^;\r]+).*/\1/p' "$work/head" | while IFS= read -r cookie; do
            grep -vF "${cookie%%=*}=" "$COOKIES" >"$COOKIES.new"
            [[ ${cookie#*=} =~ ^(\ |%20|\+|)$ ]] || echo "$cookie" >>"$COOKIES.new"
            mv "$COOKIES.new" "$COOKIES"
        done
    fi
    echo "$status"
}
header() { sed -nE "s/^$1: ([^\r]*)\r?$/\1/Ip" "$work/head" | tail -n 1; }
status_is() { # NAME STATUS PATH
    local status
    status=$(visit "$1" "$3")
    [[ $status == "$2" ]] || { echo "$3 answers $status instead of $2" && return 1; }
}
page_has() { grep -qF -- "$1" "$work/page" || { echo "the page lacks: $1" && head -c 300 "$work/page" && return 1; }; }
