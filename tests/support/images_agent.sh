# SPDX-FileCopyrightText: 2026 The Flotta authors
# SPDX-License-Identifier: EUPL-1.2
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034,SC2120,SC2119,SC2015,SC1003 # shared names come from the files that source this one
#
# Checks of the agent, for tests/images.

# ask NAME VERB [BODY]: signed as the control plane signs. KEY, NONCE, TIME, METHOD, SIGNED_PATH and SENT
# (what is sent instead of what was signed) bend it. The answer is in $work/page.
ask() {
    local name=$1 verb=$2 body=${3:-} key nonce now method path signature
    key=${KEY:-$(cat "$work/secrets-$name/agent_key")}
    nonce=${NONCE:-$(random 16)}
    now=${TIME:-$(date +%s)}
    method=${METHOD:-POST}
    path=/.flotta/agent/$verb
    signature=$(printf 'v1\n%s\n%s\n%s\n%s\n%s' "$method" "${SIGNED_PATH:-$path}" "$now" "$nonce" "$(printf '%s' "$body" | sha256sum | cut -d' ' -f1)" |
        openssl dgst -sha256 -hmac "$key" -r | cut -d' ' -f1)
    printf '%s' "${SENT:-$body}" >"$work/body"
    visit "$name" "$path" -X "$method" -H "X-Flotta-Timestamp: $now" -H "X-Flotta-Nonce: $nonce" -H "X-Flotta-Signature: $signature" -H 'Content-Type: application/json' -H 'Expect:' --data-binary "@$work/body"
}
answers() { # STATUS TEXT ASK...
    local status want=$1 text=$2
    shift 2
    status=$("$@")
    [[ $status == "$want" ]] || { echo "answers $status instead of $want: $(head -c 300 "$work/page")" && return 1; }
    page_has "$text"
}
agent_ready() {
    answers 200 '"ready":true' ask "$1" ready && page_has "\"network\":\"$1\"" && page_has "\"instance\":\"$1\"" && page_has '"blogs":1'
}
agent_unsigned() {
    answers 404 'Not Found' visit single /.flotta/agent/ready -X POST -d '{}' && [[ $(wc -c <"$work/page") == 10 ]] && [[ -z $(header link) ]] &&
        answers 404 'Not Found' visit single /.flotta/agent/ready
}
agent_wrong_signature() { KEY=$(random 32) answers 401 '"error":"the signature is wrong"' ask single ready; }
agent_foreign_key() { KEY=$(cat "$work/secrets-sub-domain/agent_key") answers 401 '"ok":false' ask single ready; }
agent_changed_body() { SENT='{"login":"admin"}' answers 401 '"ok":false' ask single invite '{"login":"other"}'; }
agent_changed_path() { SIGNED_PATH=/.flotta/agent/ready answers 401 '"ok":false' ask single facts; }
agent_replayed() {
    local NONCE
    NONCE=$(random 16)
    answers 200 '"ready":true' ask single ready && answers 409 '"error":"this request was sent before"' ask single ready
}
agent_skewed() {
    TIME=$(($(date +%s) - 61)) answers 401 'timestamp' ask single ready && TIME=$(($(date +%s) + 63)) answers 401 'timestamp' ask single ready &&
        TIME=$(($(date +%s) - 50)) answers 200 '"ready":true' ask single ready
}
agent_large() { answers 413 'larger than 1 MiB' ask single ready "\"$(head -c 1048577 /dev/zero | tr '\0' x)\""; }
agent_get() { METHOD=GET answers 405 '"fix":"use POST"' ask single ready; }
agent_install_http() { answers 405 'php flotta-agent.php install' ask single install '{}'; }
agent_unknown() { answers 404 'use ready, facts, pulse, report, cron, blogs, sample, upgrade or invite' ask single dance; }
agent_facts() {
    answers 200 '"ok":true' ask single facts '{}' || return 1
    local text
    for text in '"version":"6.8' '"slug":"twentytwentyfive"' '"locale":"sv_SE"' '"timezone":"Europe/Stockholm"' '"administrators":1' '"file":"flotta-agent.php"' '"overdue":' '"autoload":{' '"scripts":' '"debug":false' '"path":"/"'; do
        page_has "$text" || return 1
    done
}
agent_network_facts() {
    answers 200 '"ok":true' ask sub-directory facts && page_has '"super_administrators":1' && page_has "\"domain\":\"$(domain_of sub-directory)\",\"path\":\"/\",\"title\":\"Testköpings kommun\""
}
agent_invite_nobody() { answers 404 '"fix":"use the login name of somebody who exists"' ask single invite '{"login":"nobody"}' && answers 422 'login is missing' ask single invite '{}'; }

invitation_works() {
    local COOKIES=$work/jar-invite link key
    : >"$COOKIES"
    answers 200 '"expires_at":"2' ask "$1" invite '{"login":"admin"}' || return 1
    link=$(grep -oE '"url":"[^"]+"' "$work/page" | cut -d'"' -f4)
    [[ $link == "https://$(domain_of "$1")/wp-login.php?action=rp&key="* ]] || { echo "$link" && return 1; }
    echo "${link#https://*/}" >"$work/invitation"
    status_is "$1" 302 "/$(cat "$work/invitation")" && status_is "$1" 200 '/wp-login.php?action=rp' || return 1
    key=$(grep -oE 'name="rp_key" value="[^"]+"' "$work/page" | cut -d'"' -f4)
    random 12 >"$work/password"
    [[ $(visit "$1" '/wp-login.php?action=resetpass' --data-urlencode "pass1@$work/password" --data-urlencode "pass2@$work/password" --data-urlencode "rp_key=$key" -d wp-submit=x) == 200 ]] &&
        page_has 'Ditt lösenord har återställts'
}
invitation_is_spent() {
    local COOKIES=$work/jar-spent to
    : >"$COOKIES"
    visit single "/$(cat "$work/invitation")" >/dev/null && visit single '/wp-login.php?action=rp' >/dev/null
    to=$(header location)
    [[ $to == *error=invalidkey* ]] || { echo "leads to $to" && return 1; }
}

# -- Installation ---------------------------------------------------------------------------------
install_refuses() { # FIELD JSON
    local answer
    answer=$(printf '{"title":"x",%s}' "$2" | docker exec -i "$fleet-single" php "$agent" install) && return 1
    grep -q "\"error\":\"$1 is not right\"" <<<"$answer" && grep -q '"fix":"give ' <<<"$answer" || { echo "$answer" && return 1; }
}
install_other_kind() {
    local answer
    answer=$(question single sub-domain | docker exec -i "$fleet-single" php "$agent" install) && return 1
    grep -q 'holds an installation of kind single, not sub-domain' <<<"$answer" || { echo "$answer" && return 1; }
}
tables() { sql -N -e "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$1'"; }
install_repairs() {
    local answer
    start_instance half sub-directory || return 1
    install half sub-directory >/dev/null || return 1
    # As if it had been killed in the middle.
    sql -e 'CREATE TABLE half.wp_flotta_install (started DATETIME NOT NULL); DROP TABLE half.wp_usermeta; DROP TABLE half.wp_blogs;'
    answer=$(install half sub-directory) && grep -q '"how":"repaired"' <<<"$answer" || { echo "$answer" && return 1; }
    wait_until 10 status_is half 200 / && page_has 'Hej världen!' && [[ $(sql -e "SHOW TABLES FROM half LIKE '%flotta_install'") == '' ]]
}
install_refuses_foreign() {
    local answer before
    sql -e 'DROP TABLE half.wp_users'
    before=$(tables half)
    answer=$(install half sub-directory) && return 1
    grep -q 'part of a WordPress that this agent did not make (without wp_users)' <<<"$answer" && [[ $(tables half) == "$before" ]] || { echo "$answer" && return 1; }
}
template_is_adopted() {
    local answer began
    sql -e 'DROP DATABASE half; CREATE DATABASE half'
    install half sub-directory '"template":true' | grep -q '"how":"fresh"' || return 1
    start_instance copy sub-directory || return 1
    docker exec "$fleet-db" sh -c 'mariadb-dump half | mariadb copy' || return 1
    began=$(date +%s%N)
    answer=$(printf '{"title":"Kopieby","domain":"%s","network":"sub-directory","admin_login":"anna","admin_email":"anna@example.org"}' "$(domain_of copy)" | docker exec -i "$fleet-copy" php "$agent" install)
    grep -q '"how":"template"' <<<"$answer" || { echo "$answer" && return 1; }
    began=$((($(date +%s%N) - began) / 1000000))
    wait_until 10 status_is copy 200 / && page_has 'Kopieby' && page_has "https://$(domain_of copy)/" && ! grep -q "half.$fleet" "$work/page" || return 1
    docker exec "$fleet-db" sh -c "mariadb-dump copy" | grep -c "half.$fleet" && return 1
    answers 200 'wp-login.php?action=rp' ask copy invite '{"login":"anna"}' && answers 404 '"ok":false' ask copy invite '{"login":"admin"}' && echo "in $began ms"
}
