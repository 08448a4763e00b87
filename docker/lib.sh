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

# --- For docker/up, docker/down and docker/engine: the machine below the engine.

# dockerd, iptables and nft live where an ordinary user's PATH does not look.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin && export PATH ;; esac

#   phase TEXT      a numbered phase begins; set `phases` to how many there are
_phase=0
phase() {
    _phase=$((_phase + 1))
    printf '%s==> [%d/%d] %s%s  %s(%d:%02d)%s\n' "$_bold" "$_phase" "${phases:-$_phase}" "$*" "$_plain" \
        "$_dim" $((SECONDS / 60)) $((SECONDS % 60)) "$_plain"
}

# Runs a command with its output in a log, and says now and then how far it is.
patiently() {
    local log=$1 pid waited=0 status=0
    shift
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    # What runs in the background does not hear Ctrl-C by itself.
    trap 'kill -TERM "$pid" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        waited=$((waited + 1))
        if ((waited == 15 || waited == 30 || waited % 60 == 0)); then say "$waited s: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)"; fi
    done
    wait "$pid" || status=$?
    trap - INT TERM
    if ((status)); then tail -n 25 "$log" >&2; fi
    return "$status"
}

has_systemd() { [[ -d /run/systemd/system ]]; }

is_root() { [[ $(id -u) == 0 ]]; }

# Debian's and Ubuntu's packages; the first argument says what for.
apt_install() {
    local why=$1 log status=0
    shift
    command -v apt-get >/dev/null 2>&1 ||
        fail "$why needs $*, and this system has no apt-get" "install the equivalents of $* with this system's own package manager, then run this again"
    is_root || fail "$why needs $*" "as root: apt-get install $*"
    say "installing $*"
    log=$(mktemp "${TMPDIR:-/tmp}/flotta-apt.XXXXXX")
    if ! { quietly "$log" timeout 300 apt-get -o DPkg::Lock::Timeout=120 update -q &&
        DEBIAN_FRONTEND=noninteractive quietly "$log" timeout 1200 apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends "$@"; }; then
        status=1
    fi
    rm -f "$log"
    ((status == 0)) || fail "$* could not be installed" \
        "see the lines above; if no archive could be reached, give this machine a network (or a proxy in /etc/apt/apt.conf.d), then run this again"
}

# Free space below a folder that may not exist yet, in MiB.
free_mib() {
    local folder=$1
    while [[ ! -d $folder ]]; do folder=$(dirname "$folder"); done
    df --output=avail -BM "$folder" | tail -n 1 | tr -dc '0-9'
}

# The status code of an answer over plain HTTP, 000 if there is none. Needs nothing installed.
http_status() {
    local rest=${1#http://} host port path code
    path=/${rest#*/}
    [[ $rest == */* ]] || path=/
    host=${rest%%/*}
    port=${host##*:}
    host=${host%:*}
    host=${host#[}
    host=${host%]}
    code=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n" "$3" "$1" >&3 && read -r _ code _ <&3 && echo "$code"' \
        _ "$host" "$port" "$path" 2>/dev/null) || code=''
    echo "${code:-000}"
}

# Who listens on a TCP port: lines `PID NAME ADDRESS`; the address is `*` or the kernel's hexadecimal form. Needs nothing installed.
port_holders() {
    local wanted address inode fd pid
    wanted=$(printf '%04X' "$1")
    awk -v port="$wanted" '$4 == "0A" { split($2, a, ":"); if (a[2] == port) print a[1], $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        while read -r address inode; do
            if [[ $address =~ ^0+$ ]]; then address='*'; fi
            fd=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\[$inode\]" 2>/dev/null | head -n 1 || true)
            pid=${fd#/proc/}
            pid=${pid%%/*}
            echo "${pid:-0} $(cat "/proc/${pid:-none}/comm" 2>/dev/null || echo unknown) $address"
        done
}

# An IPv4 address as the kernel writes it in /proc/net/tcp.
kernel_form() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    printf '%02X%02X%02X%02X' "$d" "$c" "$b" "$a"
}

# Whether a process lives; one that has ended but that nobody has buried yet does not. With a name, whether it is that program.
lives() {
    local state
    [[ -n ${1:-} ]] || return 1
    state=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)
    [[ -n $state && $state != Z && $state != X ]] || return 1
    [[ -z ${2:-} || $(cat "/proc/$1/comm" 2>/dev/null) == "$2" ]]
}

# When a process began, so that its number cannot be mistaken for another's.
began() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
