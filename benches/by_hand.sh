#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
#
# What a careful operator does by hand for each municipality, one after another: schema and user, secrets, container,
# installation, route, wait for the first page. The benchmark runs it on the fleet's own database server, network and images.
#
#   by_hand.sh HOME FLEET IMAGE PORT SLUG...      HOME: the fleet's home; PORT: of the operator's own gateway, made before
set -euo pipefail
home=$1 fleet=$2 image=$3 port=$4
shift 4
db=$fleet-db-1
socket=$home/run/hand/admin.sock
secret() { head -c 36 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 40; }

for slug in "$@"; do
    began=$(date +%s%N)
    schema=hand_$slug
    folder=$home/secrets/hand-$slug
    mkdir -p "$folder"
    for name in db_password agent_key auth_key secure_auth_key logged_in_key nonce_key auth_salt secure_auth_salt logged_in_salt nonce_salt; do
        secret >"$folder/$name"
    done
    docker exec -i "$db" mariadb <<SQL
CREATE DATABASE $schema CHARACTER SET utf8mb4;
CREATE USER '$schema'@'localhost' IDENTIFIED BY '$(cat "$folder/db_password")';
GRANT ALL ON \`${schema//_/\\_}\`.* TO '$schema'@'localhost';
SQL
    salts=()
    for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
        salts+=(-e "WORDPRESS_${name}_FILE=/run/secrets/flotta/${name,,}")
    done
    domain=$slug.localhost:$port
    docker run -d --name "$fleet-hand-$slug" --label "se.flotta.fleet=$fleet" --label se.flotta.role=task \
        --network "$fleet-net" --read-only --tmpfs /tmp --tmpfs /run --cap-drop ALL --security-opt no-new-privileges \
        --memory 512m --cpus 1 --pids-limit 128 --restart unless-stopped \
        -v "$home/run/db-1:/run/flotta/db:ro" -v "$folder:/run/secrets/flotta:ro" \
        -v "$home/agent/flotta-agent.php:/var/www/html/wp-content/mu-plugins/flotta-agent.php:ro" \
        -v "$fleet-hand-$slug:/var/www/html/wp-content/uploads" \
        -e WORDPRESS_DB_HOST=localhost:/run/flotta/db/mysqld.sock -e "WORDPRESS_DB_USER=$schema" -e "WORDPRESS_DB_NAME=$schema" \
        -e WORDPRESS_DB_PASSWORD_FILE=/run/secrets/flotta/db_password "${salts[@]}" \
        -e FLOTTA_AGENT_KEY_FILE=/run/secrets/flotta/agent_key -e WORDPRESS_TABLE_PREFIX=wp_ \
        -e "WORDPRESS_CONFIG_EXTRA=define('MULTISITE', true); define('SUBDOMAIN_INSTALL', false); define('DOMAIN_CURRENT_SITE', '$domain'); define('PATH_CURRENT_SITE', '/'); define('SITE_ID_CURRENT_SITE', 1); define('BLOG_ID_CURRENT_SITE', 1); define('DISABLE_WP_CRON', true);" \
        "$image" >/dev/null
    docker exec -i "$fleet-hand-$slug" php /var/www/html/wp-content/mu-plugins/flotta-agent.php install >/dev/null <<JSON
{"title":"$slug","domain":"$domain","path":"/","scheme":"https","network":"sub-directory","admin_login":"admin","admin_email":"webb@example.se","locale":"sv_SE"}
JSON
    address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$fleet-hand-$slug")
    curl -sf --unix-socket "$socket" -H 'Host: localhost' -H 'Content-Type: application/json' -o /dev/null \
        "http://localhost/config/apps/http/servers/hand/routes" \
        -d "{\"@id\":\"hand-$slug\",\"match\":[{\"host\":[\"$slug.localhost\"]}],\"handle\":[{\"handler\":\"reverse_proxy\",\"headers\":{\"request\":{\"set\":{\"X-Forwarded-Proto\":[\"https\"]}}},\"upstreams\":[{\"dial\":\"$address:80\"}]}]}"
    until [[ $(curl -s -o /dev/null -w '%{http_code}' --resolve "$slug.localhost:$port:127.0.0.1" "http://$domain/") == 200 ]]; do
        sleep 0.05
        [[ $(($(date +%s%N) - began)) -lt 120000000000 ]] || { echo "$slug: no page within 120 s" >&2; exit 1; }
    done
    echo "$slug $((($(date +%s%N) - began) / 1000000))"
done
