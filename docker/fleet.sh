# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# shellcheck disable=SC2034 # used by those who source it
#
# One fleet on this machine, for docker/up and docker/down: where it lives, what it is set to, and its control plane
# as a process. Source it after lib.sh.

# Reads one value of a TOML file: toml_get FILE SECTION KEY; an empty section means the top.
toml_get() {
    [[ -r $1 ]] || return 0
    awk -v section="$2" -v key="$3" '
        /^[ \t]*\[/ { line = $0; gsub(/[][ \t]/, "", line); now = line; next }
        now == section && match($0, "^[ \t]*" key "[ \t]*=") {
            value = substr($0, RLENGTH + 1)
            sub(/^[ \t]*/, "", value)
            if (value ~ /^"/) { sub(/^"/, "", value); sub(/".*$/, "", value) } else { sub(/[ \t]*(#.*)?$/, "", value) }
            print value
            exit
        }' "$1"
}

# Changes one text value that is there already: toml_set FILE SECTION KEY VALUE.
toml_set() {
    local new
    new=$(mktemp "$1.XXXXXX")
    awk -v section="$2" -v key="$3" -v value="$4" '
        /^[ \t]*\[/ { line = $0; gsub(/[][ \t]/, "", line); now = line }
        now == section && match($0, "^[ \t]*" key "[ \t]*=") { print key " = \"" value "\""; next }
        { print }' "$1" >"$new"
    chmod --reference="$1" "$new"
    chown --reference="$1" "$new"
    mv -f "$new" "$1"
}

home=${FLOTTA_HOME:-/var/lib/flotta}
[[ $home == /* ]] || fail "FLOTTA_HOME is $home, which is no absolute path" "write it from the root, such as /var/lib/flotta"
home=$(realpath -m "$home")
case $home in
/ | /bin | /boot | /dev | /etc | /home | /lib | /opt | /proc | /root | /run | /sbin | /srv | /sys | /tmp | /usr | /usr/* | /var | /var/lib | /var/lib/docker*)
    fail "FLOTTA_HOME is $home, a folder of the system" "give the fleet a folder of its own, such as /var/lib/flotta"
    ;;
esac

config=$home/flotta.toml
credentials=$home/credentials.toml
binary=$home/bin/flotta
control_log=$home/log/control.log

# What is configured stands; the environment sets it only the first time.
setting() {
    local variable=$1 section=$2 key=$3 default=$4 configured
    configured=$(toml_get "$config" "$section" "$key")
    # What a configuration leaves out has its default.
    if [[ -z $configured && -r $config ]]; then configured=$default; fi
    if [[ -n $configured && -n ${!variable:-} && ${!variable} != "$configured" ]]; then
        fail "$variable is ${!variable}, but this fleet is set to $configured" \
            "unset $variable; or change $key in $config and run docker/up; or choose another FLOTTA_HOME for another fleet"
    fi
    printf -v "$5" '%s' "${configured:-${!variable:-$default}}"
}
fleet='' listen='' http_port='' https_port=''
setting FLOTTA_FLEET '' fleet flotta fleet
setting FLOTTA_LISTEN '' listen 127.0.0.1:7700 listen
setting FLOTTA_HTTP_PORT gateway http_port 80 http_port
setting FLOTTA_HTTPS_PORT gateway https_port 443 https_port
bind=${FLOTTA_BIND:-}
if [[ -r $config ]]; then bind=$(toml_get "$config" gateway bind | tr -d '[]" '); fi

[[ $fleet =~ ^[a-z][a-z0-9]{0,19}$ ]] || fail "$fleet cannot name a fleet" "use 1 to 20 of a-z and 0-9, starting with a letter"
for port in "$http_port" "$https_port" "${listen##*:}"; do
    if [[ ! $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
        fail "$port is no port" "give FLOTTA_HTTP_PORT, FLOTTA_HTTPS_PORT and FLOTTA_LISTEN (address:port) numbers from 1 to 65535"
    fi
done
[[ $listen == *:* ]] || fail "FLOTTA_LISTEN is $listen" "write address and port, such as 127.0.0.1:7700"

# Where the control plane is reached from this machine.
listen_host=${listen%:*} listen_port=${listen##*:}
case $listen_host in 0.0.0.0 | '[::]') listen_host=127.0.0.1 ;; esac
control_url=http://$listen_host:$listen_port

unit=flotta
[[ $fleet == flotta ]] || unit=flotta-$fleet
unit_file=/etc/systemd/system/$unit.service

# systemd where it runs the machine; FLOTTA_SUPERVISOR=process asks for the background process all the same.
by_systemd() { has_systemd && [[ ${FLOTTA_SUPERVISOR:-} != process ]]; }

# The flotta command as this fleet's administrator. What the caller has set for another fleet does not count.
flotta() {
    env -u FLOTTA_URL -u FLOTTA_TOKEN FLOTTA_CONFIG="$config" FLOTTA_CREDENTIALS="$credentials" "$binary" "$@" 9>&-
}

# One docker/up or docker/down at a time for each fleet. Nothing that is started here may keep descriptor 9.
take_turn() {
    exec 9>"$home/run/up.lock"
    if flock --nonblock 9; then return; fi
    say "another docker/up or docker/down is at work on $home; waiting for it"
    flock --wait 30 9 || fail "another docker/up or docker/down is at work on $home" "wait until it is done"
}

# The control plane's process, if it runs.
control_pid() {
    local pid
    for pid in "$(cat "$home/run/flotta.pid" 2>/dev/null || true)" "$(systemctl show --property=MainPID --value "$unit" 2>/dev/null || true)"; do
        if [[ ${pid:-0} != 0 && $(readlink "/proc/$pid/exe" 2>/dev/null) == "$binary"* ]] && lives "$pid"; then
            echo "$pid"
            return 0
        fi
    done
    return 1
}

supervisor_pid() {
    local pid
    pid=$(cat "$home/run/supervise.pid" 2>/dev/null || true)
    [[ -n $pid ]] && lives "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$home/bin/supervise" && echo "$pid"
}

control_start() {
    if by_systemd; then
        systemctl enable --quiet "$unit"
        systemctl reset-failed "$unit" 2>/dev/null || true
        systemctl restart "$unit"
    else
        mkdir -p "$home/run" "$home/log"
        control_stop
        setsid "$home/bin/supervise" "$home" </dev/null >/dev/null 2>&1 9>&- &
        disown
    fi
}

# Stops the control plane: it finishes what it is at, or leaves it to be resumed.
control_stop() {
    local pid i
    if has_systemd && [[ -e $unit_file ]]; then
        systemctl stop "$unit" 2>/dev/null || true
    fi
    if pid=$(supervisor_pid); then
        kill -TERM "$pid" 2>/dev/null || true
        for ((i = 0; i < 350; i++)); do
            lives "$pid" || break
            sleep 0.2
        done
        if lives "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    fi
    # Its supervisor may have been killed and it lives on.
    if pid=$(control_pid); then
        kill -TERM "$pid" 2>/dev/null || true
        for ((i = 0; i < 100; i++)); do
            lives "$pid" || break
            sleep 0.2
        done
        if lives "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    fi
    rm -f "$home/run/supervise.pid" "$home/run/flotta.pid"
}

control_end_of_log() {
    if by_systemd; then
        journalctl -u "$unit" --no-pager -n 20 -o cat 2>/dev/null || true
    else
        tail -n 20 "$control_log" 2>/dev/null || true
    fi
}

# Containers, volumes and networks of this fleet, by its label.
fleet_containers() { docker ps --all --no-trunc --filter "label=se.flotta.fleet=$fleet" "$@"; }
fleet_volumes() { docker volume ls --filter "label=se.flotta.fleet=$fleet" "$@"; }
fleet_networks() { docker network ls --filter "label=se.flotta.fleet=$fleet" "$@"; }
