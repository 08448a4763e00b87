// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The tables as diesel sees them; the same on both backends. `migrations/` is the truth.
#![allow(missing_docs)]

diesel::table! { municipality (id) { id -> Text, slug -> Text, name -> Text, code -> Nullable<Text>, contact_email -> Text, created_at -> BigInt, } }
diesel::table! {
    release (id) {
        id -> Text, name -> Text, image -> Text, image_id -> Text, contract -> Text, channel -> Text, created_at -> BigInt,
        inventory -> Nullable<Text>, base_id -> Nullable<Text>, content -> Nullable<Text>, overlay_id -> Nullable<Text>,
    }
}
diesel::table! {
    instance (id) {
        id -> Text, municipality_id -> Text, environment -> Text, network_kind -> Text, domain -> Text, locale -> Text,
        admin_login -> Text, admin_email -> Text, release_id -> Text, desired -> Text, state -> Text, reason -> Text,
        slot -> Integer, generation -> Integer, memory_mib -> Integer, cpu_milli -> Integer, pids -> Integer, created_at -> BigInt, paused -> Bool,
    }
}
diesel::table! {
    overlay (id) {
        id -> Text, municipality_id -> Text, version -> Integer, digest -> Text, holds -> Text, created_by -> Text, created_at -> BigInt,
    }
}
diesel::table! { domain (name) { name -> Text, instance_id -> Text, wildcard -> Bool, created_at -> BigInt, } }
diesel::table! { secret (owner, name) { owner -> Text, name -> Text, key_id -> Text, ciphertext -> Text, created_at -> BigInt, } }
diesel::table! {
    operation (id) {
        id -> Text, kind -> Text, workflow_version -> Integer, municipality_id -> Text, slug -> Text, instance_id -> Text,
        input -> Text, state -> Text, step -> Text, direction -> Text, attempts -> Integer, error -> Text, requested_by -> Text,
        deadline_at -> BigInt, next_at -> BigInt, lease_owner -> Nullable<Text>, lease_epoch -> BigInt, lease_until -> BigInt,
        created_at -> BigInt, updated_at -> BigInt, finished_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    operation_event (operation_id, seq) { operation_id -> Text, seq -> BigInt, at -> BigInt, step -> Text, kind -> Text, message -> Text, evidence -> Text, }
}
diesel::table! {
    backup (id) {
        id -> Text, municipality_id -> Text, slug -> Text, instance_id -> Text, kind -> Text, path -> Text, size_bytes -> BigInt,
        manifest_sha256 -> Text, created_at -> BigInt, verified_at -> Nullable<BigInt>,
    }
}
diesel::table! { idempotency (user_id, key) { user_id -> Text, key -> Text, request_sha256 -> Text, operation_id -> Text, created_at -> BigInt, } }
diesel::table! {
    idempotent_answer (user_id, key) {
        user_id -> Text, key -> Text, request_sha256 -> Text, status -> Nullable<Integer>, location -> Nullable<Text>, body -> Nullable<Text>,
        created_at -> BigInt,
    }
}
diesel::table! {
    user (id) {
        id -> Text, email -> Text, name -> Text, role -> Text, password_hash -> Text, language -> Nullable<Text>, created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}
diesel::table! { user_municipality (user_id, municipality_id) { user_id -> Text, municipality_id -> Text, } }
diesel::table! { session (token_sha256) { token_sha256 -> Text, user_id -> Text, csrf -> Text, created_at -> BigInt, seen_at -> BigInt, expires_at -> BigInt, } }
diesel::table! {
    api_token (id) {
        id -> Text, user_id -> Text, name -> Text, prefix -> Text, token_sha256 -> Text, permissions -> Text, created_at -> BigInt,
        expires_at -> BigInt, last_used_at -> Nullable<BigInt>, revoked_at -> Nullable<BigInt>,
    }
}
diesel::table! { login_throttle (key) { key -> Text, failures -> Integer, failed_at -> BigInt, blocked_until -> BigInt, } }
diesel::table! {
    audit (id) {
        id -> Text, at -> BigInt, actor -> Text, action -> Text, target -> Text, municipality_id -> Nullable<Text>, address -> Text,
        result -> Text, detail -> Text,
    }
}
diesel::table! {
    sample (instance_id, position) {
        instance_id -> Text, position -> Integer, blog -> BigInt, kind -> Text, host -> Text, path -> Text,
    }
}
diesel::table! { lease (name) { name -> Text, owner -> Text, epoch -> BigInt, until -> BigInt, } }

diesel::joinable!(instance -> municipality (municipality_id));
diesel::joinable!(instance -> release (release_id));
diesel::allow_tables_to_appear_in_same_query!(
    municipality,
    instance,
    release,
    overlay,
    domain,
    operation,
    operation_event,
    backup,
    user,
    user_municipality,
    session,
    api_token,
    idempotency,
    rollout,
    rollout_member,
    rollout_event,
);
diesel::table! { setting (name) { name -> Text, value -> Text, } }
diesel::table! {
    rollout (id) {
        id -> Text, release_id -> Text, release_name -> Text, state -> Text, why -> Text, version -> BigInt, knobs -> Text, waves -> Text,
        in_flight -> Integer, gates -> Integer, agreed -> Bool, failures -> Integer, budget -> Integer, members -> Integer,
        requested_by -> Text, parent_id -> Nullable<Text>, expected_seconds -> Integer, resumed_at -> BigInt, created_at -> BigInt,
        updated_at -> BigInt, finished_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    rollout_member (rollout_id, instance_id) {
        rollout_id -> Text, position -> Integer, instance_id -> Text, municipality_id -> Text, slug -> Text, environment -> Text,
        wave -> Integer, placed -> Text, from_release_id -> Text, state -> Text, blame -> Nullable<Text>, reason -> Text,
        operation_id -> Nullable<Text>, update_id -> Nullable<Text>, migration -> Nullable<Text>, approved -> Bool, attempts -> Integer,
        started_at -> Nullable<BigInt>, exposed_at -> Nullable<BigInt>, updated_at -> BigInt, bound -> Bool,
    }
}
diesel::table! {
    rollout_event (rollout_id, seq) {
        rollout_id -> Text, seq -> BigInt, at -> BigInt, kind -> Text, municipality_id -> Nullable<Text>, slug -> Text, word -> Text,
        by_whom -> Text, message -> Text, evidence -> Text,
    }
}
diesel::table! {
    rollout_policy (instance_id) {
        instance_id -> Text, hold_reason -> Nullable<Text>, hold_until -> Nullable<BigInt>, hold_by -> Text, hold_since -> Nullable<BigInt>,
        pin_release_id -> Nullable<Text>, hours -> Nullable<Text>, updated_at -> BigInt,
    }
}
diesel::table! {
    health_check (number) {
        number -> Integer, municipality_id -> Text, instance_id -> Nullable<Text>, blog -> Nullable<BigInt>, host -> Text, path -> Text,
        label -> Text, health -> Text, failure -> Nullable<Text>, since -> Nullable<BigInt>, standing -> Text, created_at -> BigInt,
        gone_at -> Nullable<BigInt>, plain -> Bool, status -> Nullable<Integer>, keyword -> Text,
    }
}
diesel::table! {
    health_outside (number) {
        number -> Integer, looked_at -> Nullable<BigInt>, wanted_at -> Nullable<BigInt>, fingerprint -> Nullable<Text>,
        issuer -> Nullable<Text>, ends_at -> Nullable<BigInt>, look -> Text,
    }
}
diesel::table! {
    incident (id) {
        id -> Text, kind -> Text, cause -> Text, label -> Text, failure -> Nullable<Text>, certain -> Bool, municipality_id -> Nullable<Text>,
        opened_at -> BigInt, resolved_at -> Nullable<BigInt>, acknowledged_at -> Nullable<BigInt>, acknowledged_by -> Text, note -> Text,
        merged_into -> Nullable<Text>,
    }
}
diesel::table! {
    incident_member (incident_id, number) {
        incident_id -> Text, number -> Integer, municipality_id -> Text, label -> Text, failure -> Text, since -> BigInt,
        until -> Nullable<BigInt>,
    }
}
diesel::table! {
    incident_event (incident_id, seq) { incident_id -> Text, seq -> BigInt, at -> BigInt, word -> Text, who -> Text, message -> Text, }
}

diesel::table! { status_page (municipality_id) { municipality_id -> Text, opened_by -> Text, opened_at -> BigInt, } }

diesel::joinable!(health_check -> municipality (municipality_id));
diesel::joinable!(health_outside -> health_check (number));
diesel::allow_tables_to_appear_in_same_query!(municipality, health_check, health_outside);
diesel::joinable!(status_page -> municipality (municipality_id));
diesel::allow_tables_to_appear_in_same_query!(municipality, status_page);
diesel::allow_tables_to_appear_in_same_query!(incident, incident_member);
diesel::table! {
    finding (id) {
        id -> Text, kind -> Text, municipality_id -> Text, instance_id -> Nullable<Text>, blog -> Nullable<BigInt>,
        check_number -> Nullable<Integer>, subject -> Text, evidence -> Text, opened_at -> BigInt, resolved_at -> Nullable<BigInt>,
        muted_at -> Nullable<BigInt>, muted_until -> Nullable<BigInt>, muted_by -> Text, reason -> Text,
    }
}

diesel::joinable!(finding -> municipality (municipality_id));
diesel::allow_tables_to_appear_in_same_query!(municipality, finding);
diesel::allow_tables_to_appear_in_same_query!(finding, health_check);
diesel::table! {
    facts (instance_id) {
        instance_id -> Text, municipality_id -> Text, mark -> Text, administrators -> Text, document -> Text, collected_at -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(facts, site_facts);
diesel::table! { site_facts (instance_id, blog) { instance_id -> Text, blog -> BigInt, document -> Text, overdue -> BigInt, } }
diesel::table! {
    component (instance_id, kind, slug) { instance_id -> Text, kind -> Text, slug -> Text, name -> Text, version -> Text, sites -> Integer, }
}
diesel::table! {
    php_error (instance_id, fingerprint) {
        instance_id -> Text, fingerprint -> Text, kind -> Text, slug -> Text, version -> Text, message -> Text, file -> Text,
        line -> BigInt, blog -> BigInt, total -> BigInt, counted -> BigInt, noted_at -> BigInt, first_at -> BigInt, last_at -> BigInt,
    }
}
diesel::table! {
    size (instance_id, blog, day) {
        instance_id -> Text, blog -> BigInt, day -> Integer, database_bytes -> BigInt, uploads_bytes -> Nullable<BigInt>,
    }
}
diesel::table! {
    advisory (source, id, kind, slug) {
        source -> Text, id -> Text, kind -> Text, slug -> Text, title -> Text, ranges -> Text, severity -> Text, reference -> Text,
        imported_at -> BigInt,
    }
}

diesel::joinable!(component -> instance (instance_id));
diesel::joinable!(php_error -> instance (instance_id));
diesel::joinable!(size -> instance (instance_id));
diesel::allow_tables_to_appear_in_same_query!(instance, component);
diesel::allow_tables_to_appear_in_same_query!(municipality, component);
diesel::allow_tables_to_appear_in_same_query!(instance, php_error);
diesel::allow_tables_to_appear_in_same_query!(municipality, php_error);
diesel::allow_tables_to_appear_in_same_query!(instance, size);
diesel::allow_tables_to_appear_in_same_query!(municipality, size);

diesel::table! {
    receiver (id) {
        id -> Text, municipality_id -> Nullable<Text>, kind -> Text, name -> Text, shown -> Text, language -> Text,
        after_minutes -> Integer, remind_minutes -> Integer, signing_key -> Integer, old_key_until -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}
diesel::table! {
    notice (id) {
        id -> Text, receiver_id -> Text, state -> Text, letter -> Text, attempts -> Integer, next_at -> BigInt, error -> Text,
        created_at -> BigInt, ended_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    notice_item (receiver_id, incident_id, word, round) {
        receiver_id -> Text, incident_id -> Text, word -> Text, round -> Integer, notice_id -> Text, at -> BigInt,
    }
}
diesel::table! {
    silence (id) {
        id -> Text, planned -> Bool, municipality_id -> Nullable<Text>, number -> Nullable<Integer>, starts_at -> BigInt,
        ends_at -> BigInt, reason -> Text, created_by -> Text, created_at -> BigInt,
    }
}

diesel::joinable!(receiver -> municipality (municipality_id));
diesel::joinable!(silence -> municipality (municipality_id));
diesel::allow_tables_to_appear_in_same_query!(municipality, receiver);
diesel::allow_tables_to_appear_in_same_query!(municipality, silence);
diesel::allow_tables_to_appear_in_same_query!(notice, notice_item, incident);
diesel::table! {
    objective (municipality_id) { municipality_id -> Text, thousandths -> Integer, days -> Integer, updated_at -> BigInt, }
}
