# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
#
# Messages shared by the scripts in this folder. Source it; it changes nothing by itself.
#
#   step TEXT       a phase begins
#   say TEXT        something worth knowing inside a phase
#   warn TEXT       something odd that does not stop us
#   fail TEXT FIX   stop, with what to do about it

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    _bold=$'\e[1m' _dim=$'\e[2m' _red=$'\e[31m' _yellow=$'\e[33m' _plain=$'\e[0m'
else
    _bold='' _dim='' _red='' _yellow='' _plain=''
fi

step() { printf '%s==> %s%s\n' "$_bold" "$*" "$_plain"; }
say() { printf '    %s\n' "$*"; }
warn() { printf '%s    warning: %s%s\n' "$_yellow" "$*" "$_plain" >&2; }

fail() {
    printf '%serror: %s%s\n' "$_red" "$1" "$_plain" >&2
    if [[ -n ${2:-} ]]; then printf '  fix: %s\n' "$2" >&2; fi
    exit 1
}

# Runs a command with its output in a log; shows the log's end only if the command fails.
quietly() {
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        printf '%s' "$_dim" >&2
        tail -n 25 "$log" >&2
        printf '%s' "$_plain" >&2
        return 1
    fi
}

# The engine must answer before anything else makes sense.
need_engine() {
    command -v docker >/dev/null 2>&1 ||
        fail "the docker command is missing" "run docker/up, which installs Docker, or: apt-get install docker.io"
    timeout 15 docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
        fail "the Docker engine does not answer" "start it (systemctl start docker), or run as a user who may use it"
}
