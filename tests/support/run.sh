# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
#
# Counting and telling, for tests/run and the scripts it calls. Source it after setting `top`.
#
#   begin NAME TEXT            a header
#   check WHAT COMMAND...      one check: passed if the command succeeds
#   counted WHAT LOG           adds the line `N passed, N failed, N skipped` at the end of a log
#   skip WHAT WHY              one check that could not be made
#   result                     the one line of the section so far

# shellcheck source=docker/lib.sh
. "${top:?}/docker/lib.sh"

logs=${FLOTTA_TEST_LOGS:-${CARGO_TARGET_DIR:-$top/target}/tests}
mkdir -p "$logs"
passed=0 failed=0 skipped=0
skips=() failures=()
_section='' _from_passed=0 _from_failed=0 _from_skipped=0 _began=0
job=''

# What works for us must not outlive us. Scripts that have more to clean up set their own.
trap 'if [[ -n $job ]]; then kill -TERM "$job" 2>/dev/null; fi; exit 130' INT TERM

# Runs a command so that a signal reaches us while it works; job is its process.
attended() {
    local status=0
    "$@" &
    job=$!
    wait "$job" || status=$?
    job=''
    return "$status"
}

begin() {
    _section=$1
    _from_passed=$passed _from_failed=$failed _from_skipped=$skipped _began=$SECONDS
    printf '\n%s== %s%s\n' "$_bold" "$2" "$_plain"
}

result() {
    printf '   %s: %d passed, %d failed, %d skipped in %d s\n' "$_section" \
        $((passed - _from_passed)) $((failed - _from_failed)) $((skipped - _from_skipped)) $((SECONDS - _began))
}

# Shows the end of a log, only what matters of a long one.
show() { tail -n "${2:-40}" "$1" | cut -c1-400 | sed 's/^/   | /'; }

good() { passed=$((passed + 1)); }

bad() {
    failed=$((failed + 1))
    failures+=("$_section: $1")
    printf '   %sFAILED  %s%s\n' "$_red" "$1" "$_plain"
}

skip() {
    skipped=$((skipped + 1))
    skips+=("$_section: $1: $2")
    printf '   skipped %s: %s\n' "$1" "$2"
}

check() {
    local what=$1 log
    shift
    log=$logs/${_section}-$(tr -c 'a-zA-Z0-9\n' '-' <<<"$what" | cut -c1-60).log
    if attended "$@" >"$log" 2>&1 </dev/null; then
        good
    else
        bad "$what ($log)"
        show "$log"
    fi
}

# A script that counts for itself and ends with the line; its own lines were shown as it went.
counted() {
    local what=$1 log=$2 status=$3 line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1 || true)
    if [[ ! $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        bad "$what ended without a result, status $status ($log)"
        show "$log"
        return
    fi
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + BASH_REMATCH[3]))
    local text
    while read -r text; do failures+=("$_section: ${text#*FAILED }"); done < <(grep -E '^ *FAILED ' "$log" || true)
    while read -r text; do skips+=("$_section: ${text#skipped}"); done < <(grep -E '^ *skipped[: ]' "$log" || true)
    if ((status != 0 && BASH_REMATCH[2] == 0)); then bad "$what ended with status $status ($log)"; fi
}

# A port that nobody listens on.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        if [[ -z $(port_holders "$port") ]]; then
            echo "$port"
            return
        fi
    done
}
