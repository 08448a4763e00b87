# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
#
# A PostgreSQL server for one run: its own folder, port and password, nothing kept. Source it after docker/lib.sh and run.sh.

postgres_home=''

# PostgreSQL refuses to run as root.
as_postgres() {
    if is_root; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres_programs() { find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1; }

# Sets FLOTTA_TEST_POSTGRES.
postgres_start() {
    local programs port password
    programs=$(postgres_programs)
    [[ -n $programs ]] || return 1
    postgres_home=$(mktemp -d /tmp/flotta-postgres.XXXXXX)
    port=$(free_port)
    password=$(head -c 18 /dev/urandom | base64 | tr -dc 'a-zA-Z0-9')
    printf '%s' "$password" >"$postgres_home/password"
    if is_root; then chown -R postgres "$postgres_home"; fi
    (
        cd /
        as_postgres "$programs/initdb" --pgdata "$postgres_home/data" --username postgres --auth scram-sha-256 \
            --pwfile "$postgres_home/password" --encoding UTF8 --no-locale --no-sync
        as_postgres "$programs/pg_ctl" --pgdata "$postgres_home/data" --log "$postgres_home/log" --wait --timeout 60 start \
            --options "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$postgres_home -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    ) >"$postgres_home/start" 2>&1 </dev/null || {
        cat "$postgres_home/start" "$postgres_home/log" >&2 2>/dev/null
        return 1
    }
    export FLOTTA_TEST_POSTGRES=postgres://postgres:$password@127.0.0.1:$port/postgres
}

postgres_stop() {
    [[ -n $postgres_home ]] || return 0
    (cd / && as_postgres "$(postgres_programs)/pg_ctl" --pgdata "$postgres_home/data" --mode immediate stop) >/dev/null 2>&1 || true
    rm -rf "$postgres_home"
    postgres_home=''
}
