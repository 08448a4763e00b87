#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
#
# What a city's own script does for each server when the theme is updated, one after another: maintenance on, dump,
# `docker compose up -d --wait` with the new image, maintenance off, wait for the page. The servers are those that
# by_hand.sh made. Prints slug and milliseconds of each.
#
#   by_script.sh adopt|update|unchecked HOME FLEET IMAGE PORT SLUG...
#       adopt      makes a Compose project of what by_hand.sh made
#       update     as above; the container's health is checked every five seconds
#       unchecked  without `--wait`: the script itself waits for the page; the fastest there is
#
# Without Docker Compose v2, the same is done with the engine's own commands, which is faster.
set -euo pipefail
verb=$1 home=$2 fleet=$3 image=$4 port=$5
shift 5
db=$fleet-db-1
socket=$home/run/hand/admin.sock

# The image's own check is made every ten minutes, too seldom to wait for.
check='' wait=()
if [[ $verb == update ]]; then wait=(--wait) check='healthcheck: {test: [CMD, /usr/local/bin/flotta-init, health], interval: 5s, timeout: 5s, retries: 60}'; fi

compose_file() {
    local slug=$1 name
    cat <<YAML
name: $fleet-hand-$slug
services:
  wordpress:
    image: \${IMAGE}
    container_name: $fleet-hand-$slug
    labels: {se.flotta.fleet: "$fleet", se.flotta.role: task}
    networks: [fleet]
    tmpfs: [/tmp, /run]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 512m
    cpus: 1
    pids_limit: 128
    restart: unless-stopped
    volumes:
      - $home/run/db-1:/run/flotta/db:ro
      - $home/secrets/hand-$slug:/run/secrets/flotta:ro
      - $home/agent/flotta-agent.php:/var/www/html/wp-content/mu-plugins/flotta-agent.php:ro
      - uploads:/var/www/html/wp-content/uploads
    $check
    environment:
      WORDPRESS_DB_HOST: localhost:/run/flotta/db/mysqld.sock
      WORDPRESS_DB_USER: hand_$slug
      WORDPRESS_DB_NAME: hand_$slug
      WORDPRESS_TABLE_PREFIX: wp_
      WORDPRESS_DB_PASSWORD_FILE: /run/secrets/flotta/db_password
      FLOTTA_AGENT_KEY_FILE: /run/secrets/flotta/agent_key
      WORDPRESS_CONFIG_EXTRA: "define('MULTISITE', true); define('SUBDOMAIN_INSTALL', false); define('DOMAIN_CURRENT_SITE', '$slug.localhost:$port'); define('PATH_CURRENT_SITE', '/'); define('SITE_ID_CURRENT_SITE', 1); define('BLOG_ID_CURRENT_SITE', 1); define('DISABLE_WP_CRON', true);"
YAML
    for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
        echo "      WORDPRESS_${name}_FILE: /run/secrets/flotta/${name,,}"
    done
    cat <<YAML
networks:
  fleet: {external: true, name: $fleet-hand}
volumes:
  uploads: {external: true, name: $fleet-hand-$slug}
YAML
}

up() {
    local slug=$1 folder=$home/hand/$1
    if docker compose version >/dev/null 2>&1; then
        IMAGE=$image docker compose --file "$folder/compose.yaml" up --detach "${wait[@]}" >"$folder/log" 2>&1 || { cat "$folder/log" >&2 && return 1; }
    else
        local settings=()
        mapfile -t settings < <(docker inspect "$fleet-hand-$slug" --format '{{range .Config.Env}}--env={{println .}}{{end}}' | grep -E '^--env=(WORDPRESS|FLOTTA)_')
        docker stop "$fleet-hand-$slug" >/dev/null
        docker rm "$fleet-hand-$slug" >/dev/null
        docker run --detach --name "$fleet-hand-$slug" --label "se.flotta.fleet=$fleet" --label se.flotta.role=task \
            --network "$fleet-hand" --tmpfs /tmp --tmpfs /run --cap-drop ALL --security-opt no-new-privileges \
            --memory 512m --cpus 1 --pids-limit 128 --restart unless-stopped \
            --volume "$home/run/db-1:/run/flotta/db:ro" --volume "$home/secrets/hand-$slug:/run/secrets/flotta:ro" \
            --volume "$home/agent/flotta-agent.php:/var/www/html/wp-content/mu-plugins/flotta-agent.php:ro" \
            --volume "$fleet-hand-$slug:/var/www/html/wp-content/uploads" "${settings[@]}" "$image" >/dev/null
    fi
    # Its address may be another one.
    local address
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$fleet-hand-$slug")
    curl -sf --unix-socket "$socket" -H 'Host: localhost' -H 'Content-Type: application/json' -o /dev/null \
        -X PATCH "http://localhost/id/hand-$slug/handle/0/upstreams" -d "[{\"dial\":\"$address:80\"}]"
}

until_page() {
    local slug=$1 began=$2
    until [[ $(curl -s -o /dev/null -w '%{http_code}' --resolve "$slug.localhost:$port:127.0.0.1" "http://$slug.localhost:$port/") == 200 ]]; do
        sleep 0.05
        [[ $(($(date +%s%N) - began)) -lt 120000000000 ]] || { echo "$slug: no page within 120 s" >&2; exit 1; }
    done
}

# A network of their own: in the fleet's, addresses are given out by Flotta.
if [[ $verb == adopt ]]; then docker network create --label "se.flotta.fleet=$fleet" "$fleet-hand" >/dev/null; fi
for slug in "$@"; do
    began=$(date +%s%N)
    folder=$home/hand/$slug
    mkdir -p "$folder"
    compose_file "$slug" >"$folder/compose.yaml"
    case $verb in
    adopt)
        if docker compose version >/dev/null 2>&1; then docker rm --force "$fleet-hand-$slug" >/dev/null; fi
        up "$slug"
        ;;
    update | unchecked)
        docker exec --user 0 "$fleet-hand-$slug" sh -c "echo '<?php \$upgrading = time();' >/var/www/html/.maintenance"
        docker exec "$db" mariadb-dump --single-transaction "hand_$slug" | gzip >"$folder/before.sql.gz"
        # The new container has no maintenance file: it is on again when it serves.
        up "$slug"
        ;;
    *) echo "unknown verb $verb" >&2 && exit 2 ;;
    esac
    until_page "$slug" "$began"
    echo "$slug $((($(date +%s%N) - began) / 1000000))"
done
